"""Convolutions after each other, and convolutions that see a single point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from jconv.geometry import parameter_count
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import Case, by_every_method, equality
from jconv.verify.written_out import composed_kernel, sliding_sum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jax import Array as JaxArray

    from jconv.verify.comparison import Array
    from jconv.verify.context import Context


@claim(
    "linear.collapse",
    says="Without an activation between them, two convolutions are one: its kernel is "
    "the full convolution of theirs, and a stride in the first spreads the second's "
    "weights.",
    formula="conv(conv(x, w₁; s₁), w₂; s₂) = conv(x, w₁ ∗ (w₂ dilated by s₁); s₁ s₂)",
    source="S1, S4",
    kind="exact",
    falsified_by="a stack that differs from the convolution with the composed kernel, "
    "when nothing is padded or everything is padded once, first",
)
def linear_collapse(context: Context) -> Iterator[Evidence]:
    """Valid and strided stacks; then padding in between, and an activation."""
    stacks = [
        (Case((4, 6, 2), (2, 2, 2, 3)), (1, 3, 3, 1), (1, 1)),
        (Case((11, 1), (3, 1, 2)), (2, 2, 1), (2, 1)),
    ]
    if not context.quick:
        stacks += [
            (Case((9, 1), (3, 1, 2)), (2, 2, 1), (1, 1)),
            (Case((9, 8, 1), (2, 3, 1, 2)), (2, 2, 2, 2), (2, 2)),
            (Case((4, 4, 5, 1), (2, 1, 2, 1, 2)), (1, 2, 2, 2, 1), (1, 1)),
        ]
    for case, second, strides in stacks:
        yield from _collapses(context, case, second, strides)
    yield from _padded(context)
    yield from _activated(context)


def _collapses(
    context: Context, case: Case, second: tuple[int, ...], strides: tuple[int, int]
) -> Iterator[Evidence]:
    """A stack without padding is one convolution; jconv composes its kernel too."""
    x, w1 = case.operands(context)
    w2 = context.integers(second, "float64", 2)
    s1, s2 = strides
    expected = composed_kernel(w1, w2, s1)
    stacked = sliding_sum(sliding_sum(x, w1, stride=s1), w2, stride=s2)

    def both(x: Array, w1: Array, w2: Array, *, method: str) -> tuple[JaxArray, ...]:
        inner = jconv.conv(x, w1, stride=s1, method=method)
        # The first kernel is the signal; its input channels are a batch. With
        # x = w1, "full" overlap and spread taps, this is w1 * (w2 dilated by s1).
        composed = jconv.conv(
            jnp.moveaxis(w1, -2, 0),
            w2,
            padding=[(s1 * (n - 1), s1 * (n - 1)) for n in w2.shape[:-2]],
            kernel_dilation=-s1,
            method=method,
        )
        kernel = jnp.moveaxis(composed, 0, -2)
        return (
            jconv.conv(inner, w2, stride=s2, method=method),
            kernel,
            jconv.conv(x, kernel, stride=s1 * s2, method=method),
        )

    for method, (two, kernel, one) in by_every_method(context, both, x, w1, w2):
        text = (
            f"{case.text(context, method)}, stride={s1}; then "
            f"context.integers({second}, 'float64', 2), stride={s2}"
        )
        what = f"{case.input}, {case.kernel}, {second}, strides {strides}, by {method}"
        yield equality(f"composed kernel, {what}", kernel, expected, case=text)
        yield equality(f"two convolutions, {what}", two, stacked, case=text)
        yield equality(f"one convolution, {what}", one, stacked, case=text)


def _padded(context: Context) -> Iterator[Evidence]:
    """Five ones, twice three ones: padding once collapses, padding twice does not."""
    x, ones = np.ones((5, 1)), np.ones((3, 1, 1))
    five = np.array([1.0, 2, 3, 2, 1])[:, None, None]

    def all_three(
        x: Array, ones: Array, five: Array, *, method: str
    ) -> tuple[JaxArray, ...]:
        first = jconv.conv(x, ones, padding=2, method=method)
        twice = jconv.conv(x, ones, padding="same", method=method)
        return (
            jconv.conv(first, ones, method=method),
            jconv.conv(twice, ones, padding="same", method=method),
            jconv.conv(x, five, padding=2, method=method),
        )

    for method, results in by_every_method(context, all_three, x, ones, five):
        first, twice, one = (each[:, 0] for each in results)
        case = f"x = (1,1,1,1,1), w₁ = w₂ = (1,1,1), method={method!r}"
        what = f"all padding first: the stack is one convolution, by {method}"
        yield equality(what, first, one, case=case)
        what = f"the convolution with (1,2,3,2,1) gives 6, 8, 9, 8, 6, by {method}"
        yield equality(what, one, [6, 8, 9, 8, 6], case=case)
        what = f'"same" twice gives 5, 8, 9, 8, 5, by {method}'
        yield equality(what, twice, [5, 8, 9, 8, 5], case=case)
        yield Evidence(
            np.flatnonzero(twice != one).tolist() == [0, 4],
            f'so "same" twice is one convolution inside and not at the border, by '
            f"{method}",
            case=case,
            numbers={"same twice": twice.tolist(), "once": one.tolist()},
        )


def _activated(context: Context) -> Iterator[Evidence]:
    """With a ReLU between, f(x) + f(−x) is not 0: no single convolution does that."""
    x, w = np.array([[1.0], [-2.0], [4.0]]), np.ones((2, 1, 1))

    def activated(x: Array, w: Array, *, method: str) -> tuple[JaxArray, JaxArray]:
        def f(x: Array) -> JaxArray:
            inner = jax.nn.relu(jconv.conv(x, w, method=method))
            return jconv.conv(inner, w, method=method)

        return f(x), f(-x)

    for method, (plus, minus) in by_every_method(context, activated, x, w):
        yield Evidence(
            (plus.item(), minus.item()) == (2, 1),
            f"ReLU between: f(x) = 2 and f(−x) = 1, so f is not linear, by {method}",
            case=f"x = (1, -2, 4), w₁ = w₂ = (1, 1), method={method!r}",
            numbers={"f(x)": plus.item(), "f(-x)": minus.item()},
        )


@claim(
    "conv1x1",
    says="A 1×1 convolution sees no neighbours: it multiplies each pixel's channels by "
    "one matrix, which can make channels, and so parameters, fewer.",
    formula="y[i, j] = x[i, j] W;  3·3·256·256 = 589,824 > 16,384 + 36,864 + 16,384",
    source="S4",
    kind="exact",
    falsified_by="an output that is not the matrix product, that depends on where "
    "a pixel stands, or other parameter counts",
)
def conv_1x1(context: Context) -> Iterator[Evidence]:
    """One matrix product, any order of pixels, and the bottleneck of ResNet."""
    cases = [Case((4, 5, 3), (1, 1, 3, 2))]
    if not context.quick:
        cases += [Case((6, 4), (1, 4, 3)), Case((3, 2, 4, 2), (1, 1, 1, 2, 5))]
    for case in cases:
        x, w = case.operands(context)
        W = w.reshape(w.shape[-2:])
        order = context.rng(3).permutation(x[..., 0].size)
        pixels = x.reshape(-1, x.shape[-1])
        shuffled = pixels[order].reshape(x.shape)

        def both(
            x: Array, shuffled: Array, w: Array, *, method: str
        ) -> tuple[JaxArray, JaxArray]:
            y = jconv.conv(x, w, method=method)
            return y, jconv.conv(shuffled, w, method=method)

        for method, (y, mixed) in by_every_method(context, both, x, shuffled, w):
            text = case.text(context, method)
            what = f"one matrix over channels, {case.input}, by {method}"
            yield equality(what, y, (pixels @ W).reshape(y.shape), case=text)
            what = f"shuffled pixels, shuffled result, {case.input}, by {method}"
            expected = y.reshape(-1, y.shape[-1])[order].reshape(y.shape)
            yield equality(what, mixed, expected, case=text)
    yield from _bottleneck()


def _bottleneck() -> Iterator[Evidence]:
    """256 channels to 256: directly, or through 64."""
    direct = [((3, 3), 256, 256)]
    narrow = [((1, 1), 256, 64), ((3, 3), 64, 64), ((1, 1), 64, 256)]
    for name, layers, expected in (
        ("directly", direct, [589_824]),
        ("through 64 channels", narrow, [16_384, 36_864, 16_384]),
    ):
        counts = [parameter_count(*layer) for layer in layers]
        kernels = [
            jax.ShapeDtypeStruct((*kernel, c_in, c_out), "float32")
            for kernel, c_in, c_out in layers
        ]
        y = jax.eval_shape(
            _stack, jax.ShapeDtypeStruct((8, 8, 256), "float32"), kernels
        )
        yield Evidence(
            counts == [kernel.size for kernel in kernels] == expected
            and y.shape == (8, 8, 256),
            f"256 channels to 256 {name}: {sum(expected):,} parameters",
            case=f"{layers}",
            numbers={"parameters": counts, "total": sum(counts)},
        )


def _stack(x: JaxArray, kernels: list[JaxArray]) -> JaxArray:
    """Convolutions one after the other that keep the image's size."""
    for w in kernels:
        x = jconv.conv(x, w, padding="same")
    return x
