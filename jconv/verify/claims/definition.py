"""What a convolution is: a kernel that slides, in any number of dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import jconv
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import Case, by_every_method, equality
from jconv.verify.written_out import sliding_sum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jax import Array as JaxArray

    from jconv.verify.comparison import Array
    from jconv.verify.context import Context


@claim(
    "definition.1d",
    says="One small kernel slides along the input; at every position the window's "
    "entries are multiplied by the kernel's weights, added up, and passed through the "
    "activation.",
    formula="hᵢ = σ(Σⱼ Vⱼ xᵢ₊ⱼ₋₁)",
    source="S0, S3",
    kind="exact",
    falsified_by="any hᵢ that differs from the sum written out",
)
def definition_1d(context: Context) -> Iterator[Evidence]:
    """Sizes from one window to many; the activation is a ReLU, which is exact."""
    sizes = [(5, 3), (6, 1)] if context.quick else [(5, 3), (6, 1), (4, 4), (11, 5)]
    for n, k in sizes:
        case = Case((n, 1), (k, 1, 1))
        x, v = case.operands(context)
        expected = [
            max(0.0, sum(v[j - 1, 0, 0] * x[i + j - 2, 0] for j in range(1, k + 1)))
            for i in range(1, n - k + 2)
        ]
        for method, h in by_every_method(context, jconv.conv, x, v):
            yield equality(
                f"{n} inputs, {k} weights, ReLU, by {method}",
                np.maximum(0, h)[:, 0],
                expected,
                case=case.text(context, method),
            )


@claim(
    "definition.2d",
    says="In two dimensions the kernel slides along rows and columns, and each output "
    "is the sum of the products of the kernel with the patch below it.",
    formula="[f∗g](i, j) = Σₚ,ᵩ f(p, q) g(i + p, j + q)",
    source="S0, S3",
    kind="exact",
    falsified_by="an output other than 19, 25, 37, 43 in the worked example, or than "
    "the sum written out elsewhere",
)
def definition_2d(context: Context) -> Iterator[Evidence]:
    """The worked example in every dtype, then random integers."""
    g, f = np.arange(9.0).reshape(3, 3, 1), np.arange(4.0).reshape(2, 2, 1, 1)

    def worked_example(g: Array, f: Array, *, method: str) -> dict[str, object]:
        return {
            dtype: jconv.conv(g.astype(dtype), f.astype(dtype), method=method)
            for dtype in context.dtypes
        }

    for method, results in by_every_method(context, worked_example, g, f):
        for dtype, y in results.items():
            yield equality(
                f"[[0,1],[2,3]] on [[0,1,2],[3,4,5],[6,7,8]] in {dtype} by {method}",
                y[..., 0].astype("complex128").real,
                [[19, 25], [37, 43]],
                show="output",
                case=f"x = jnp.arange(9).reshape(3, 3, 1).astype({dtype!r}); "
                f"w = jnp.arange(4).reshape(2, 2, 1, 1).astype({dtype!r}); "
                f"jconv.conv(x, w, method={method!r})",
            )
    cases = [Case((5, 4, 1), (3, 2, 1, 1))]
    if not context.quick:
        cases += [Case((6, 6, 1), (1, 4, 1, 1)), Case((4, 5, 1), (4, 5, 1, 1))]
    for case in cases:
        yield from _agrees_with_sliding_sum(context, case)


@claim(
    "definition.nd",
    says="The same rule convolves sound and text (one axis), images (two), volumes "
    "(three) and arrays with any number of axes.",
    formula="y[o] = Σₖ x[o + k] w[k], with o and k vectors of indices",
    source="S3",
    kind="exact",
    falsified_by="an output that differs from the sum written out, in any dimension",
)
def definition_nd(context: Context) -> Iterator[Evidence]:
    """Rank 1 to 4 (0 to 5 without ``--quick``), several channels, unequal sizes."""
    spatial, kernel = (4, 5, 3, 6, 2), (2, 2, 1, 2, 2)
    ranks = (1, 2, 3, 4) if context.quick else (0, 1, 2, 3, 4, 5)
    for rank in ranks:
        case = Case((*spatial[:rank], 2), (*kernel[:rank], 2, 3))
        yield from _agrees_with_sliding_sum(context, case)


@claim(
    "definition.cross-correlation",
    says="What neural networks call convolution is cross-correlation; true convolution "
    "runs the kernel backwards, and only then may signal and kernel change roles.",
    formula="correlation Σₐ f(a) g(i + a);  convolution Σₐ f(a) g(i − a),  f∗g = g∗f",
    source="S0, S3",
    kind="exact",
    falsified_by="a reversed kernel that does not give true convolution, a convolution "
    "that does not commute, or a correlation that does",
)
def definition_cross_correlation(context: Context) -> Iterator[Evidence]:
    """``kernel_dilation=-1`` is true convolution: by a flip, and as polynomials."""
    shapes = [((6, 1), (3, 1, 1)), ((4, 3, 1), (2, 3, 1, 1))]
    if not context.quick:
        shapes += [((9, 1), (9, 1, 1)), ((3, 4, 3, 1), (2, 2, 3, 1, 1))]
    for shape, kernel in shapes:
        case = Case(shape, kernel, {"padding": "full", "kernel_dilation": -1})
        x, w = case.operands(context)
        f, g = x[..., 0], w[..., 0, 0]
        full = [(n - 1, n - 1) for n in g.shape]
        flipped = sliding_sum(x, np.flip(w, tuple(range(g.ndim))), padding=full)[..., 0]
        for method, (fg, gf) in by_every_method(context, _both_ways(_convolve), f, g):
            what, text = (
                f"{f.shape} and {g.shape}, by {method}",
                case.text(context, method),
            )
            yield equality(
                f"true convolution = correlation with the flipped kernel, {what}",
                fg,
                flipped,
                case=text,
            )
            yield equality(f"f ∗ g = g ∗ f, {what}", fg, gf, case=text)
            if f.ndim == 1:
                yield equality(
                    f"full convolution multiplies polynomials, {what}",
                    fg,
                    np.convolve(f, g),
                    case=text,
                )
    yield from _changed_roles(context)


def _changed_roles(context: Context) -> Iterator[Evidence]:
    """Two worked examples in which correlation does not commute."""
    examples: tuple[tuple[Any, Any, Any], ...] = (
        ([1.0, 2.0, 3.0], [1.0, 0.0], [0, 1, 2, 3]),
        ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0]], [[0, 1, 2], [0, 3, 4]]),
    )

    def all_examples(pairs: list[tuple[Array, Array]], *, method: str) -> list[Any]:
        return [_both_ways(_correlate)(f, g, method=method) for f, g in pairs]

    pairs = [(np.array(f), np.array(g)) for f, g, _ in examples]
    for method, results in by_every_method(context, all_examples, pairs):
        for (f, g, expected), (plain, swapped) in zip(examples, results, strict=True):
            case = f"f = {f}, g = {g}, padding='full', method={method!r}"
            what = f"correlation of f = {f} and g = {g}, by {method}"
            yield equality(what, plain, expected, case=case)
            backwards = f"with changed roles it comes out backwards, by {method}"
            yield equality(backwards, swapped, np.flip(expected), case=case)
            yield Evidence(
                not np.array_equal(plain, swapped),
                f"so correlation does not commute, by {method}",
                case=case,
                size=plain.size,
                numbers={"f with g": plain.tolist(), "g with f": swapped.tolist()},
            )


def _both_ways(operation: Callable[..., JaxArray]) -> Callable[..., Any]:
    """The operation on two plain arrays, first as (signal, kernel), then swapped."""

    def run(f: Array, g: Array, *, method: str) -> tuple[JaxArray, ...]:
        return tuple(
            operation(signal[..., None], kernel[..., None, None], method=method)[..., 0]
            for signal, kernel in ((f, g), (g, f))
        )

    return run


def _convolve(x: Array, w: Array, *, method: str) -> JaxArray:
    """True convolution, every overlap kept."""
    return jconv.conv(x, w, padding="full", kernel_dilation=-1, method=method)


def _correlate(x: Array, w: Array, *, method: str) -> JaxArray:
    """Cross-correlation, every overlap kept."""
    return jconv.conv(x, w, padding="full", method=method)


def _agrees_with_sliding_sum(context: Context, case: Case) -> Iterator[Evidence]:
    """A plain convolution equals the definition's loops."""
    x, w = case.operands(context)
    expected = sliding_sum(x, w)
    for method, y in by_every_method(context, jconv.conv, x, w):
        yield equality(
            f"input {case.input}, kernel {case.kernel}, by {method}",
            y,
            expected,
            case=case.text(context, method),
        )
