"""Training by each route to the derivatives: one and the same loss curve.

Rounding grows from step to step, so that no useful bound on the difference of two long
curves exists. Here nothing is rounded: pixels are whole numbers, and after each step
the parameters are put on a grid of binary fractions, so that every sum on the way is
representable. Then the curves must be equal, number for number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jconv import nn, rules
from jconv.conv import conv
from jconv.nn import data
from jconv.nn.layer import Layer, map_layers
from jconv.verify import routes
from jconv.verify.audit import case_of
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import equality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jax import Array

    from jconv.verify.context import Context

FRACTION_BITS = 7
"""Parameters are multiples of 2⁻⁷, pixels whole numbers 0 ... 4."""

TARGET = 8

LAYERS = 2
RATE = 2.0**-12
DOUBLE_BITS = 53
EXAMPLES, STEPS, QUICK_STEPS = 8, 24, 8

NET = nn.Sequential(
    (
        nn.Conv(4, 3, bias=False),
        nn.Activation("relu"),
        nn.MaxPool(2),
        nn.Conv(10, 3, bias=False),
        nn.Flatten(),
    )
)


def derived(x: Array, w: Array, **options: Any) -> Array:
    """Plain lax operations, which JAX differentiates."""
    return routes.plain(case_of(x.shape, w.shape, options, x.dtype))(x, w)


def peer(x: Array, w: Array, **options: Any) -> Array:
    """Lax's convolution, and its derivatives."""
    return routes.peer(case_of(x.shape, w.shape, options, x.dtype))(x, w)


def coded(x: Array, w: Array, **options: Any) -> Array:
    """The convolution, with the textbook's derivatives in the place of its own."""

    @jax.custom_vjp
    def run(x: Array, w: Array) -> Array:
        return conv(x, w, **options)

    def forward(x: Array, w: Array) -> tuple[Array, tuple[Array, Array]]:
        return run(x, w), (x, w)

    def backward(kept: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
        x, w = kept
        return (
            rules.conv_input_vjp(dy, w, input_shape=x.shape, **options),
            rules.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **options),
        )

    run.defvjp(forward, backward)
    return run(x, w)


ROUTES: Mapping[str, Callable[..., Array]] = {
    "primitive": conv,
    "derived": derived,
    "coded": coded,
    "peer": peer,
}


@claim(
    "net.same-curve",
    says="A network trained with the derivatives that JAX derives, with the "
    "primitive's, with the textbook's or with lax's learns the same: where nothing is "
    "rounded, its loss is the same number at every step.",
    formula="θ ← grid(θ − η ∂L/∂θ)",
    source="project",
    kind="exact",
    falsified_by="a step whose loss is another number, though every sum is "
    "representable",
)
def net_same_curve(context: Context) -> Iterator[Evidence]:
    """Real digits; squared error; parameters on a grid."""
    digits = data.digits(context.seed).train.take(slice(0, EXAMPLES))
    x = jnp.asarray(np.round(digits.images * 4), jnp.float64)
    target = TARGET * jax.nn.one_hot(digits.labels, 10, dtype=jnp.float64)
    params, _ = NET.init(jax.random.key(context.seed), x.shape[1:], jnp.float64)
    begin = jax.tree.map(on_grid, params)
    steps = QUICK_STEPS if context.quick else STEPS
    curves, ends = {}, {}
    for name, operation in ROUTES.items():
        take = jax.jit(_step_by(operation))
        now, losses = begin, []
        for _ in range(steps):
            now, loss = take(now, x, target)
            losses.append(float(loss))
        curves[name], ends[name] = losses, now
    # The largest sum of absolute terms, in units of the finest fraction on the way:
    # residuals have L factors with fractions, and on their way back meet L - 1 more.
    finest = FRACTION_BITS * (2 * LAYERS - 1)
    largest = np.max(  # of a NaN, too, which ``max`` may pass over
        [float(_largest_sum(now, x, target)) for now in (begin, *ends.values())]
    )
    bits = finest + float(np.log2(largest))
    yield Evidence(
        bits < DOUBLE_BITS,
        "every sum is representable in double precision",
        error=bits,
        bound=float(DOUBLE_BITS),
        numbers={"bits needed": round(bits, 1)},
    )
    first = curves["primitive"]
    for name in ("derived", "coded", "peer"):
        what = f"loss at {steps} steps, {name} and primitive"
        yield equality(
            what, curves[name], first, show="" if name != "coded" else "loss"
        )
        for a, b in zip(
            *map(jax.tree.leaves, (ends[name], ends["primitive"])), strict=True
        ):
            yield equality(
                f"parameters {a.shape} in the end, {name} and primitive", a, b
            )
    yield Evidence(
        first[-1] < first[0] / 2,
        "and it learns",
        numbers={"from": first[0], "to": first[-1]},
    )


def on_grid(parameter: Array) -> Array:
    """The nearest multiples of the finest fraction."""
    return jnp.round(parameter * 2**FRACTION_BITS) / 2**FRACTION_BITS


def _step_by(operation: Callable[..., Array]) -> Callable[..., Any]:
    """A step of gradient descent on the grid, with another convolution."""
    net = nn.with_conv(operation, NET)

    def loss(params: Any, x: Array, target: Array) -> Array:
        y, _ = net.apply(params, x)
        return jnp.sum(jnp.square(y - target))

    def step(params: Any, x: Array, target: Array) -> tuple[Any, Array]:
        value, slopes = jax.value_and_grad(loss)(params, x, target)
        moved = jax.tree.map(lambda p, g: on_grid(p - RATE * g), params, slopes)
        return moved, value

    return step


@jax.jit
def _largest_sum(params: Any, x: Array, target: Array) -> Array:
    """A bound on every sum of absolute terms, forwards and backwards.

    In the network of absolute values nothing cancels: a maximum is at most the sum of
    its window, a ReLU at most its input.
    """

    def linear(layer: Layer) -> Layer:
        if isinstance(layer, nn.MaxPool):
            return nn.Conv(4, 2, stride=2, groups=4, bias=False, operation=_window_sum)
        return nn.Activation(jnp.abs) if isinstance(layer, nn.Activation) else layer

    net = map_layers(linear, NET)
    ones = {"kernel": jnp.ones((2, 2, 1, 4))}
    absolute = [jax.tree.map(jnp.abs, each) for each in params]
    absolute[2] = ones
    y, pullback = jax.vjp(lambda p: net.apply(tuple(p), jnp.abs(x))[0], absolute)
    residual = y + jnp.abs(target)
    (slopes,) = pullback(2 * residual)
    sums = [jnp.sum(jnp.square(residual)) * 2.0**FRACTION_BITS]
    sums += [jnp.max(leaf) for leaf in jax.tree.leaves(slopes)]
    return jnp.max(jnp.stack(sums))


def _window_sum(x: Array, w: Array, **options: Any) -> Array:
    """The sum of every window, as a convolution with ones."""
    return conv(x, w, **options)
