"""Five routes to a convolution's derivatives.

    derived     jax.vjp through an algorithm's plain lax operations: what JAX derives
    primitive   jax.vjp of ``jconv.conv``: the primitive's relabelling rule
    coded       ``conv_input_vjp`` and ``conv_kernel_vjp``, computed by an algorithm
    textbook    ``jconv.rules``: an ordinary forward convolution of other operands
    peer        jax.vjp of ``lax.conv_general_dilated``

``primitive`` and ``coded`` bind the same primitive; what chooses their algorithms may
differ. The others share no rule with them.

The oracle that they are compared with, ``reference``, is NumPy and a sixth of its own.
The derived route differentiates what the algorithm computes in its accumulation dtype;
the other routes are called as a user calls them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import jconv
from jconv import algorithms, layout, numerics, reference, rules
from jconv.geometry import OPERANDS, ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array

    from jconv.geometry import Role
    from jconv.verify.families import Case

Arrays = dict[str, Any]
Found = dict[tuple["Role", str], Any]
"""(role, route) -> array."""

NAMES = ("derived", "primitive", "coded", "textbook", "peer")


def operand_arrays(case: Case, integers: Callable[..., Any]) -> tuple[Any, Any, Any]:
    """x, w and dy of a case: small integers, exact in its dtype with all their sums."""
    x, w, dy = (
        integers(shape, case.dtype, salt)
        for salt, shape in enumerate((case.x, case.w, case.y))
    )
    if np.dtype(jnp.dtype(case.dtype)).itemsize < numerics.NARROW_BYTES:
        # Eight significant bits: keep every sum below 256.
        x, w, dy = (signs(array) for array in (x, w, dy))
    return x, w, dy


def signs(array: Any) -> Any:
    """The numbers -1, 0 and 1, in both parts of a complex array."""
    if np.iscomplexobj(array):
        return np.sign(array.real) + 1j * np.sign(array.imag)
    return np.sign(array)


def oracle(case: Case, x: Any, w: Any, dy: Any) -> dict[Role, Any]:
    """The three contractions by NumPy, in the user's order."""
    values = {"input": x, "kernel": w, "output": dy}
    shapes = {"input": case.x, "kernel": case.w, "output": case.y}
    results = {}
    for out in ROLES:
        first, second = (
            np.asarray(values[role]).reshape(case.canonical(role))
            for role in OPERANDS[out]
        )
        found = reference.contract(first, second, case.geometry, out)
        results[out] = found.reshape(shapes[out])
    return results


def every_route(case: Case, *, with_peer: bool = True) -> Callable[..., Found]:
    """One function of (x, w, dy) that takes every route; jit it.

    Integers have no derivatives in JAX, so only the routes that compute them as
    convolutions remain for integer dtypes.
    """
    options = dict(case.options)
    differentiable = jnp.issubdtype(case.dtype, jnp.inexact)

    def conv(x: Array, w: Array) -> Array:
        return jconv.conv(x, w, **options, method=case.method_for("output"))

    def routes(x: Array, w: Array, dy: Array) -> Found:
        found: Found = {
            (role, "coded"): array for role, array in coded(case)(x, w, dy).items()
        }
        found["input", "textbook"] = rules.conv_input_vjp(
            dy, w, input_shape=case.x, **options
        )
        found["kernel", "textbook"] = rules.conv_kernel_vjp(
            x, dy, kernel_shape=case.w, **options
        )
        differentiated: dict[str, Callable[..., Any]] = {"primitive": conv}
        if case.method_for("output") != algorithms.AUTO:
            differentiated["derived"] = plain(case)
        if with_peer:
            differentiated["peer"] = peer(case)
            found["output", "peer"] = differentiated["peer"](x, w)
        for name, function in differentiated.items() if differentiable else ():
            _, pullback = jax.vjp(function, x, w)
            found["input", name], found["kernel", name] = pullback(dy)
        return found

    return routes


def coded(case: Case, **more: Any) -> Callable[..., dict[Role, Array]]:
    """The explicit functions: y, dx and dw, computed by the case's algorithm."""
    options = dict(case.options) | more
    by = {out: options | {"method": case.method_for(out)} for out in ROLES}

    def compute(x: Array, w: Array, dy: Array) -> dict[Role, Array]:
        return {
            "output": jconv.conv(x, w, **by["output"]),
            "input": jconv.conv_input_vjp(dy, w, input_shape=case.x, **by["input"]),
            "kernel": jconv.conv_kernel_vjp(x, dy, kernel_shape=case.w, **by["kernel"]),
        }

    return compute


def plain(case: Case) -> Callable[[Array, Array], Array]:
    """The case's algorithm as plain lax operations, without the primitive."""
    algorithm = algorithms.REGISTRY[case.method]

    def run(x: Array, w: Array) -> Array:
        accumulate = numerics.accumulation_dtype(x.dtype)
        x, w = (
            layout.to_canonical(array.astype(accumulate), case.geometry.groups)
            for array in (x, w)
        )
        y = algorithm.run(
            x,
            w,
            geometry=case.geometry,
            out="output",
            precision=None,
            accumulate=accumulate,
        )
        return layout.from_canonical(y).astype(case.dtype)

    return run


def peer(case: Case) -> Callable[[Array, Array], Array]:
    """``lax.conv_general_dilated``; true convolution by flipping the kernel for it."""
    axes, rank = case.geometry.axes, case.geometry.rank
    spatial = tuple(range(1, rank + 1))
    numbers = lax.ConvDimensionNumbers(
        (0, rank + 1, *spatial),
        (rank + 1, rank, *range(rank)),
        (0, rank + 1, *spatial),
    )
    backwards = [a for a, axis in enumerate(axes) if axis.kernel_dilation < 0]

    def run(x: Array, w: Array) -> Array:
        y = lax.conv_general_dilated(
            x.reshape(-1, *x.shape[x.ndim - rank - 1 :]),
            lax.rev(w, backwards) if backwards else w,
            window_strides=[axis.stride for axis in axes],
            padding=_peer_padding(case),
            lhs_dilation=[axis.input_dilation for axis in axes],
            rhs_dilation=[abs(axis.kernel_dilation) for axis in axes],
            dimension_numbers=numbers,
            feature_group_count=case.geometry.groups,
        )
        return y.reshape(case.y)

    return run


def _peer_padding(case: Case) -> list[tuple[int, int]]:
    """The padding as lax understands what the user wrote, not as our geometry does."""
    axes, padding = case.geometry.axes, dict(case.options).get("padding", "valid")
    spans = [abs(axis.kernel_dilation) * (axis.n_kernel - 1) + 1 for axis in axes]
    if not isinstance(padding, str):
        return list(padding)
    if padding in ("full", "causal"):
        after = [span - 1 if padding == "full" else 0 for span in spans]
        return [(span - 1, high) for span, high in zip(spans, after, strict=True)]
    dilated = [axis.input_dilation * (axis.n_input - 1) + 1 for axis in axes]
    strides = [axis.stride for axis in axes]
    return list(lax.padtype_to_pads(dilated, spans, strides, padding.upper()))
