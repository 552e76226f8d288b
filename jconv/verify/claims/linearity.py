"""A convolution is a dense layer whose weights are tied and mostly zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from jconv import reference
from jconv.geometry import Axis, Geometry
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import Case, by_every_method, equality
from jconv.verify.written_out import sliding_sum, tied_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jax import Array as JaxArray

    from jconv.verify.comparison import Array
    from jconv.verify.context import Context

GEOMETRIES = (
    # Written as relations, so that the product's own shape arithmetic is on trial too.
    Geometry((Axis(5, 3, 3),)),
    Geometry((Axis(4, 2, 3), Axis(5, 3, 3))),
    Geometry((Axis(7, 3, 3, stride=2, kernel_dilation=2, low=1),)),
    Geometry((Axis(5, 2, 3, stride=2, low=1), Axis(4, 3, 4, low=1))),
    Geometry((Axis(6, 3, 4, kernel_dilation=-1, low=-2),)),
    Geometry((Axis(3, 2, 2), Axis(3, 2, 2), Axis(2, 2, 3, low=1))),
)
"""The first two are plain; the others stride, dilate, pad, or run backwards."""

QUICK = 3
"""How many of them a quick run takes."""


@claim(
    "definition.linear",
    says="A convolution multiplies its input by one sparse matrix with constant "
    "diagonals (Toeplitz; in two dimensions, a Toeplitz matrix of Toeplitz blocks), "
    "and its backward pass multiplies by that matrix transposed.",
    formula="y = A x,  A[o, i] = Σₖ T[o, k, i] w[k],  dx = Aᵀ dy",
    source="S0, S3",
    kind="exact",
    falsified_by="an entry in which the matrix from the relation, the Jacobian, the "
    "output or the input derivative disagree, or a diagonal that is not constant",
)
def definition_linear(context: Context) -> Iterator[Evidence]:
    """Build the matrix from T and as a Jacobian, forward and reverse."""
    for geometry in GEOMETRIES[: QUICK if context.quick else None]:
        case = Case.of(geometry)
        x, w = case.operands(context)
        dy = context.integers((*geometry.output_shape, 1), "float64", 2)
        A = tied_matrix(w, geometry)
        flat = A.reshape(dy.size, x.size)

        def everything(
            x: Array, w: Array, dy: Array, *, method: str, case: Case = case
        ) -> dict[str, JaxArray]:
            def forward(x: Array | JaxArray) -> JaxArray:
                return jconv.conv(x, w, method=method, **case.options)

            return {
                "A x": forward(x),
                "the Jacobian": jax.jacfwd(forward)(x),
                "the Jacobian in reverse": jax.jacrev(forward)(x),
                "Aᵀ dy": jconv.conv_input_vjp(
                    dy, w, input_shape=case.input, method=method, **case.options
                ),
            }

        expected = {
            "A x": (flat @ x.ravel()).reshape(dy.shape),
            "the Jacobian": A,
            "the Jacobian in reverse": A,
            "Aᵀ dy": (flat.T @ dy.ravel()).reshape(x.shape),
        }
        for method, results in by_every_method(context, everything, x, w, dy):
            text = case.text(context, method)
            for name, value in expected.items():
                what = f"{name} = its matrix form, {geometry!r}, by {method}"
                yield equality(what, results[name], value, case=text)
            what = f"constant diagonals, {geometry!r}, by {method}"
            holds = is_toeplitz(results["the Jacobian"], geometry)
            yield Evidence(holds, what, case=text, size=A.size)


def is_toeplitz(jacobian: Array, geometry: Geometry) -> bool:
    """Whether a Jacobian (*output, 1, *input, 1) repeats along each axis' diagonals.

    One output further the same weights stand ``stride`` inputs further.
    """
    for a, axis in enumerate(geometry.axes):
        outputs = np.moveaxis(jacobian, (a, geometry.rank + 1 + a), (0, 1))
        after, before = outputs[1:, axis.stride :], outputs[:-1, : -axis.stride]
        if not np.array_equal(after, before):
            return False
    return True


@claim(
    "definition.weight-sharing",
    says="A convolution is a dense layer in which most weights are zero and the others "
    "are copies of a few; the gradient of a shared weight is the sum of the gradients "
    "of its copies.",
    formula="U[o, i] = w[o↔i];  ∂L/∂w[k] = Σₒᵢ T[o, k, i] ∂L/∂U[o, i]",
    source="S0, S1, S3",
    kind="exact",
    falsified_by="an output that differs from the dense layer's, or a kernel gradient "
    "that differs from the sum over its copies",
)
def definition_weight_sharing(context: Context) -> Iterator[Evidence]:
    """A dense layer with free weights, differentiated by JAX, then tied."""
    for geometry in GEOMETRIES[: QUICK if context.quick else None]:
        case = Case.of(geometry, c_in=2, c_out=3)
        x, w = case.operands(context)
        dy = context.integers((*geometry.output_shape, 3), "float64", 2)
        U = tied_matrix(w, geometry)

        def both(
            x: Array,
            w: Array,
            dy: Array,
            matrix: Array,
            *,
            method: str,
            case: Case = case,
        ) -> tuple[JaxArray, ...]:
            y, pull = jax.vjp(
                lambda matrix: jnp.tensordot(matrix, x, axes=x.ndim), matrix
            )
            (gradient,) = pull(dy)
            dw = jconv.conv_kernel_vjp(
                x, dy, kernel_shape=w.shape, method=method, **case.options
            )
            return jconv.conv(x, w, method=method, **case.options), y, dw, gradient

        for method, (y, dense, dw, gradient) in by_every_method(
            context, both, x, w, dy, U
        ):
            text = case.text(context, method)
            what = f"{geometry!r}, by {method}"
            yield equality(f"output = tied dense layer's, {what}", y, dense, case=text)
            summed = sum_over_copies(gradient, geometry)
            what = f"kernel gradient = sum over the copies, {what}"
            yield equality(what, dw, summed, case=text)
    matrix = tied_matrix(np.array([[[1]], [[2]], [[3]]]), plain())
    counts = (
        matrix.size,
        int(np.count_nonzero(matrix)),
        np.unique(matrix[matrix > 0]).size,
    )
    yield Evidence(
        counts == (15, 9, 3),
        "5 inputs to 3 outputs: 15 dense weights, 9 of them not zero, 3 different",
        numbers=dict(zip(("dense", "not zero", "different"), counts, strict=True)),
    )


def plain() -> Geometry:
    """The documents' example: five inputs, three weights, three outputs."""
    return GEOMETRIES[0]


def sum_over_copies(gradient: Array, geometry: Geometry) -> Array:
    """Sum a dense gradient (*output, m, *input, c) over tied positions: (*k, c, m)."""
    rank = geometry.rank
    o, k, i = (range(n * rank, (n + 1) * rank) for n in range(3))
    c, m = 3 * rank, 3 * rank + 1
    terms: list[object] = [gradient, [*o, m, *i, c]]
    for a, axis in enumerate(geometry.axes):
        terms += [reference.relation(axis).astype(gradient.dtype), [o[a], k[a], i[a]]]
    return np.asarray(np.einsum(*terms, [*k, c, m]))  # type: ignore[call-overload]


@claim(
    "definition.translation",
    says="The kernel is the same everywhere, so if the input moves, the output moves "
    "along with it.",
    formula="conv(shift x) = shift conv(x)",
    source="S0, S3",
    kind="exact",
    falsified_by="an output of a shifted input that is not the shifted output",
)
def definition_translation(context: Context) -> Iterator[Evidence]:
    """Look through a moving frame at a larger input; then move around a circle."""
    frames = [((11, 2), (7,), (3, 2, 2)), ((7, 6, 1), (5, 4), (3, 2, 1, 2))]
    for shape, frame, kernel in frames:
        case = Case(shape, kernel)
        x, w = case.operands(context)
        room = [n - m + 1 for n, m in zip(shape, frame, strict=False)]
        shifts = list(np.ndindex(*room))
        seen = np.stack([_crop(x, shift, frame) for shift in shifts])
        y = sliding_sum(x, w)
        window = tuple(n - k + 1 for n, k in zip(frame, kernel, strict=False))
        expected = np.stack([_crop(y, shift, window) for shift in shifts])
        for method, results in by_every_method(context, jconv.conv, seen, w):
            yield equality(
                f"a frame {frame} at all {len(shifts)} places of {shape}, by {method}",
                results,
                expected,
                case=case.text(context, method),
            )
    circles = [((6, 1), (3, 1, 2)), ((4, 5, 1), (3, 3, 1, 1))]
    for shape, kernel in circles:
        options = {"padding": "same", "padding_mode": "circular"}
        case = Case(shape, kernel, options)
        x, w = case.operands(context)
        axes = tuple(range(len(shape) - 1))
        shifts = list(np.ndindex(*shape[:-1]))
        rolled = np.stack([np.roll(x, shift, axes) for shift in shifts])

        def circular(x: Array, w: Array, *, method: str) -> JaxArray:
            return jconv.conv(
                x, w, padding="same", padding_mode="circular", method=method
            )

        wrapped = np.pad(x, [*[(1, 1) for _ in axes], (0, 0)], mode="wrap")
        y = sliding_sum(wrapped, w)
        for method, results in by_every_method(context, circular, rolled, w):
            yield equality(
                f"circular padding, all {len(shifts)} shifts of {shape}, by {method}",
                results,
                np.stack([np.roll(y, shift, axes) for shift in shifts]),
                case=case.text(context, method),
            )


def _crop(array: Array, start: tuple[int, ...], sizes: tuple[int, ...]) -> Array:
    """The part of an array that begins at ``start``."""
    return array[tuple(slice(a, a + n) for a, n in zip(start, sizes, strict=True))]


@claim(
    "definition.locality",
    says="An output depends on the inputs in its window and on no others.",
    formula="∂y[o]/∂x[i] ≠ 0 only where some k has T[o, k, i]",
    source="S3",
    kind="exact",
    falsified_by="a derivative that is not zero outside the window, or zero inside",
)
def definition_locality(context: Context) -> Iterator[Evidence]:
    """Positive weights, so that no entry of the Jacobian is zero by chance."""
    geometries = GEOMETRIES[: QUICK if context.quick else None]
    for geometry, channels in [*((each, 1) for each in geometries), (_GROUPED, 4)]:
        case = Case.of(geometry, channels, channels)
        x, w = (np.abs(each) + 1 for each in case.operands(context))
        together = np.arange(channels) // (channels // geometry.groups)
        visible = tied_matrix(np.ones((*geometry.kernel_shape, 1, 1)), geometry) != 0
        same_group = np.equal.outer(together, together)
        axes = (geometry.rank, 2 * geometry.rank + 1)
        expected = visible & np.expand_dims(same_group, _others(visible.ndim, axes))

        def jacobian(x: Array, w: Array, *, method: str, case: Case = case) -> JaxArray:
            return jax.jacfwd(
                lambda x: jconv.conv(x, w, method=method, **case.options)
            )(x)

        for method, J in by_every_method(context, jacobian, x, w):
            yield equality(
                f"nonzero derivatives = the windows, {geometry!r}, by {method}",
                J != 0,
                expected,
                case=f"{case.text(context, method)}, x and w as np.abs(.) + 1",
            )
            if geometry == plain():
                windows = [np.flatnonzero(row).tolist() for row in J[:, 0, :, 0]]
                yield Evidence(
                    windows == [[0, 1, 2], [1, 2, 3], [2, 3, 4]],
                    f"5 inputs, 3 weights: the windows are 012, 123, 234, by {method}",
                    numbers={"windows": windows},
                )


_GROUPED = Geometry((Axis(5, 2, 4),), groups=2)


def _others(ndim: int, axes: tuple[int, ...]) -> tuple[int, ...]:
    """All dimensions but these."""
    return tuple(a for a in range(ndim) if a not in axes)
