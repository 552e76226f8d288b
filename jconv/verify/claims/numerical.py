"""Derivatives against numbers alone: finite differences and the complex step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from jconv import numerics
from jconv.geometry import Geometry
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import by_every_method

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.context import Context

STRIDE, PADDING = 2, ((2, 1),)
SHAPES = ((9, 2), (3, 2, 3))
"""Of x and w; the loss is the sum of cubes of the strided, padded convolution."""

POWERS = tuple(range(-2, 41, 3))
"""The steps are 2 to minus these."""

COMPLEX_STEP = 2.0**-60
U = numerics.unit_roundoff("float64")


@claim(
    "backward.numerical",
    says="Derivatives agree with finite differences for every step size, within "
    "truncation plus rounding, and with the complex step within rounding alone.",
    formula="(L(t) − L(−t)) / 2t = L′ + t² L‴/6 ± R/t,  "
    "Im L(it) / t = L′ − t² L‴/6 ± R",
    source="W. Squire and G. Trapp, Using complex variables to estimate derivatives of "
    "real functions, https://doi.org/10.1137/S003614459631241X, 1998",
    kind="bounded",
    falsified_by="a step at which the difference is further from the derivative than "
    "truncation and rounding allow",
)
def backward_numerical(context: Context) -> Iterator[Evidence]:
    """A cubic loss along a random direction in x and w, by every algorithm.

    The loss of a bilinear map along (p, 0) or (0, q) is exactly cubic in the step, so
    truncation is known exactly and only rounding is estimated.
    """
    for name, found in along_directions(context):
        method, what = name
        errors, bounds = found["errors"], found["bounds"]
        best = int(np.argmin(bounds))
        yield Evidence(
            bool((errors <= bounds).all()),
            f"central differences along a direction in {what}, by {method}",
            cases=len(errors),
            case=f"sum of cubes of conv(x {SHAPES[0]}, w {SHAPES[1]}, stride={STRIDE}, "
            f"padding={PADDING}), method={method!r}, seed {context.seed}",
            error=float((errors / bounds).max()),
            bound=1.0,
            numbers={
                "best step foretold": f"2^-{POWERS[best]}",
                "its relative error": errors[best] / abs(found["derivative"]),
            },
        )
        yield Evidence(
            found["complex error"] <= found["complex bound"],
            f"the complex step along a direction in {what}, by {method}",
            error=found["complex error"],
            bound=found["complex bound"],
            numbers={
                "relative error": found["complex error"] / abs(found["derivative"])
            },
        )


def along_directions(context: Context) -> Iterator[tuple[Any, dict[str, Any]]]:
    """((method, operand), errors and bounds by step) for every exact algorithm."""
    x, w, p, q = (
        context.rng(n).normal(size=shape) for n, shape in enumerate(SHAPES + SHAPES)
    )
    steps = 2.0 ** -np.array(POWERS, dtype=float)

    def everything(x: Any, w: Any, p: Any, q: Any, *, method: str) -> Any:
        def conv(x: Any, w: Any) -> Any:
            return jconv.conv(x, w, stride=STRIDE, padding=PADDING, method=method)

        def loss(x: Any, w: Any) -> Any:
            return (conv(x, w) ** 3).sum() / 3

        def along(at: Any) -> dict[str, Any]:
            return {
                "x": jax.vmap(lambda t: loss(x + t * p, w))(at),
                "w": jax.vmap(lambda t: loss(x, w + t * q))(at),
            }

        dx, dw = jax.grad(loss, (0, 1))(x, w)
        return {
            "forward": along(steps),
            "backward": along(-steps),
            "complex": along(jnp.array([1j * COMPLEX_STEP])),
            "derivative": {"x": jnp.vdot(dx, p), "w": jnp.vdot(dw, q)},
            "y": conv(x, w),
            "v": {"x": conv(p, w), "w": conv(x, q)},
        }

    magnitudes = [np.abs(each) for each in (x, w, p, q)]
    for method, found in by_every_method(context, everything, x, w, p, q):
        for what in ("x", "w"):
            yield (method, what), _judged(found, what, steps, *magnitudes)


def _judged(found: Any, what: str, steps: Any, *magnitudes: Any) -> dict[str, Any]:
    """Errors of one direction beside their bounds."""
    derivative = float(found["derivative"][what])
    differences = found["forward"][what] - found["backward"][what]
    errors = np.abs(differences / (2 * steps) - derivative)
    v = found["v"][what]
    truncation = steps**2 * abs(float((v**3).sum())) / 3
    wide, still, moved = sums_of_magnitudes(what, steps, *magnitudes)
    factor = rounding_factor()
    # The loss at both ends; and the derivative by reverse mode, with its own sums.
    rounding = factor * (wide**3).sum((1, 2)) / 3 / steps
    reverse = factor * (still**2 * moved).sum()
    step = COMPLEX_STEP
    numeric = float(found["complex"][what][0].imag) / step
    return {
        "derivative": derivative,
        "errors": errors,
        "bounds": truncation + rounding + 2 * reverse,
        "complex error": abs(numeric - derivative),
        "complex bound": float(2 * reverse + step**2 * abs((v**3).sum()) / 3),
    }


def rounding_factor() -> float:
    """Relative rounding of a sum of cubes of sums of products, to first order.

    A convolution of 3 taps and 2 channels sums at most 6 products (backward: 9), each
    factor carrying the rounding of x + t p: gamma of 9 + 2 and a complex product's
    growth cover it. It enters a cube three times, with four roundings of the products,
    and the sum of all entries rounds once per entry.
    """
    geometry = Geometry.from_call((SHAPES[0][0],), (3,), stride=STRIDE, padding=PADDING)
    entries = geometry.output_shape[0] * SHAPES[1][-1]
    inner = numerics.COMPLEX_GROWTH * numerics.gamma(9 + 2, "float64")
    return (1 + inner) ** 3 * (1 + 4 * U) * (
        1 + numerics.gamma(2 * entries, "float64")
    ) - 1


def sums_of_magnitudes(
    what: str,
    steps: Any,
    x: Any,
    w: Any,
    p: Any,
    q: Any,
) -> tuple[Any, Any, Any]:
    """|x|∗|w| at every step of a direction, at the middle, and for the direction."""

    def conv(x: Any, w: Any) -> Any:
        return np.asarray(jconv.conv(x, w, stride=STRIDE, padding=PADDING))

    still = conv(x, w)
    moved = conv(p, w) if what == "x" else conv(x, q)
    return still + steps[:, None, None] * moved, still, moved
