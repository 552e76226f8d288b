"""Where the name comes from: the derivative of a convolution of smooth functions."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from jconv import numerics
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import by_every_method, equality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.context import Context

WIDTH_F, WIDTH_G = 0.5, 0.7
"""Standard deviations of two Gaussians; that of their convolution is the root of the
sum of squares, which gives the exact result to compare with.
"""

WIDTH = math.hypot(WIDTH_F, WIDTH_G)
REACH = 6.5
"""Where both are cut off: more than nine standard deviations out."""

SPECTRAL_STEP = 1 / 8
STEPS = (1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""Steps of the grid: for the spectral version, and for the fitted order."""

VALUE_ROUNDINGS = 8
"""Roundings of one sampled value: its argument, the exponential, two products, and the
step that multiplies the sum; an exponential is good to about two units.
"""

U = numerics.unit_roundoff("float64")


def grid(step: float, reach: float = REACH) -> Any:
    """The points of a symmetric grid: exact, as the steps are powers of two."""
    n = round(reach / step)
    return step * np.arange(-n, n + 1)


def gaussian(x: Any, width: float) -> Any:
    """The normal density."""
    return jnp.exp(-0.5 * (x / width) ** 2) / (width * math.sqrt(2 * math.pi))


def slope(x: Any, width: float) -> Any:
    """Its derivative."""
    return -x / width**2 * gaussian(x, width)


def exact_slope(step: float) -> Any:
    """(f∗g)′ on the grid of the full discrete convolution, exactly up to rounding."""
    return np.asarray(slope(grid(step, 2 * REACH), WIDTH))


@claim(
    "backward.continuous",
    says="For smooth functions, differentiating a convolution is convolving with the "
    "derivative of either function.",
    formula="(f ∗ g)′ = f′ ∗ g = f ∗ g′,  (f ∗ g)(x) = ∫ f(y) g(x − y) dy",
    source="S3; L. N. Trefethen and J. A. C. Weideman, The exponentially convergent "
    "trapezoidal rule, https://doi.org/10.1137/130932132, 2014",
    kind="bounded",
    falsified_by="a point at which the sampled convolution is further from the exact "
    "derivative than quadrature and rounding allow, or an order other than 2 for "
    "central differences",
)
def backward_continuous(context: Context) -> Iterator[Evidence]:
    """Spectrally on one grid; and by differences on ever finer ones."""
    yield from _spectral(context)
    errors = [difference_error(step) for step in STEPS]
    orders = [
        math.log(coarse / fine) / math.log(2)
        for coarse, fine in itertools.pairwise(errors)
    ]
    # The central difference multiplies the frequency k by sin(kh) / kh, that is by
    # 1 - (kh)²/6 + (kh)⁴/120: the order is 2 up to (kh)²/20 · 3/4 / ln 2, and the
    # Gaussian holds frequencies up to some 4 / WIDTH.
    allowed = (4 * STEPS[-2] / WIDTH) ** 2 * 0.75 / 20 / math.log(2)
    yield Evidence(
        abs(orders[-1] - 2) <= allowed,
        "central differences: the error falls with the square of the step",
        cases=len(STEPS),
        error=abs(orders[-1] - 2),
        bound=allowed,
        numbers={"orders": orders, "errors": errors},
    )


def _spectral(context: Context) -> Iterator[Evidence]:
    """f′∗g, f∗g′ and what JAX derives for a shift of f, by every algorithm."""
    h = SPECTRAL_STEP
    x = grid(h)
    expected = exact_slope(h)

    def three(x: Any, *, method: str) -> dict[str, Any]:
        def convolved(f: Any, g: Any) -> Any:
            return h * jconv.convolve(f, g, method=method)

        f, g = gaussian(x, WIDTH_F), gaussian(x, WIDTH_G)
        moved = (
            lambda t: convolved(gaussian(x + t, WIDTH_F), g),
            (jnp.zeros(()),),
            (jnp.ones(()),),
        )
        return {
            "f′ ∗ g": convolved(slope(x, WIDTH_F), g),
            "f ∗ g′": convolved(f, slope(x, WIDTH_G)),
            "the derivative that JAX takes": jax.jvp(*moved)[1],
        }

    bound = {
        "f′ ∗ g": spectral_bound(x, WIDTH_F, WIDTH_G),
        "f ∗ g′": spectral_bound(x, WIDTH_G, WIDTH_F)[::-1],
        "the derivative that JAX takes": 2 * spectral_bound(x, WIDTH_F, WIDTH_G),
    }
    for method, found in by_every_method(context, three, x):
        for name, values in found.items():
            ratio = np.abs(values - expected) / bound[name]
            yield Evidence(
                bool((ratio <= 1).all()),
                f"{name} = (f ∗ g)′ up to rounding, by {method}",
                cases=len(expected),
                case=f"Gaussians of widths {WIDTH_F} and {WIDTH_G}, step {h}, "
                f"method={method!r}",
                error=float(ratio.max()),
                bound=1.0,
                numbers={"largest error": float(np.abs(values - expected).max())},
            )


def spectral_bound(x: Any, differentiated: float, other: float) -> Any:
    """A bound on every entry: rounding of values and sums, tails, and aliasing.

    The trapezoidal rule on Gaussians errs by their tails beyond the grid, and by their
    spectrum beyond half the sampling rate: exp(−2π²s²/h²), where s is the width of the
    product under the integral; here that is below 1e-80 and does not count.
    """
    h = x[1] - x[0]
    slopes = np.abs(np.asarray(slope(x, differentiated)))
    values = np.asarray(gaussian(x, other))
    terms = h * np.convolve(slopes, values)
    rounding = (numerics.gamma(len(x), "float64") + VALUE_ROUNDINGS * U) * terms
    end = np.asarray(REACH)
    tails = 2 * slopes.max() * math.erfc(REACH / other / math.sqrt(2)) / 2
    tails += 2 * values.max() * float(gaussian(end, differentiated))
    exact = VALUE_ROUNDINGS * U * np.abs(exact_slope(h))
    return rounding + exact + 2 * tails


def difference_error(step: float) -> float:
    """The largest error of (D f) ∗ g, where D is the central difference on the grid."""

    @jax.jit
    def run(x: Any) -> Any:
        f, g = gaussian(x, WIDTH_F), gaussian(x, WIDTH_G)
        difference = jconv.convolve(f, jnp.array([1.0, 0.0, -1.0])) / (2 * step)
        return step * jconv.convolve(difference, g)

    found = np.asarray(run(grid(step)))[1:-1]
    return float(np.abs(found - exact_slope(step)).max())


def spectral_error(step: float) -> float:
    """The largest error of f′ ∗ g."""

    @jax.jit
    def run(x: Any) -> Any:
        return step * jconv.convolve(slope(x, WIDTH_F), gaussian(x, WIDTH_G))

    found = np.asarray(run(grid(step)))
    return float(np.abs(found - exact_slope(step)).max())


@claim(
    "backward.difference",
    says="The same for sums, exactly: the difference of a convolution is the "
    "convolution with the difference of either sequence.",
    formula="Δ(f ∗ g) = Δf ∗ g = f ∗ Δg,  Δf_n = f_n − f_{n−1}",
    source="S3",
    kind="exact",
    falsified_by="integers for which one of the three differs",
)
def backward_difference(context: Context) -> Iterator[Evidence]:
    """Integers in one and two dimensions, with zeros beyond their ends."""
    for f_shape, g_shape in (((7,), (4,)), ((4, 5), (3, 2))):
        f = context.integers(f_shape)
        g = context.integers(g_shape, "float64", 1)

        def three(f: Any, g: Any, *, method: str) -> dict[str, Any]:
            def delta(array: Any) -> Any:
                ends = [(1, 1)] + [(0, 0)] * (array.ndim - 1)
                padded = jnp.pad(array, ends)
                return padded[1:] - padded[:-1]

            return {
                "Δ(f ∗ g)": delta(jconv.convolve(f, g, method=method)),
                "Δf ∗ g": jconv.convolve(delta(f), g, method=method),
                "f ∗ Δg": jconv.convolve(f, delta(g), method=method),
            }

        expected = _by_hand(f, g)
        for method, found in by_every_method(context, three, f, g):
            for name, values in found.items():
                what = f"{name} of {f_shape} and {g_shape}, by {method}"
                yield equality(what, values, expected)


def _by_hand(f: Any, g: Any) -> Any:
    """Δ(f ∗ g) along the first axis, term by term."""
    shape = [n + m - 1 for n, m in zip(f.shape, g.shape, strict=True)]
    full = np.zeros([shape[0] + 2, *shape[1:]])
    for i in np.ndindex(f.shape):
        for k in np.ndindex(g.shape):
            spot = tuple(a + b for a, b in zip(i, k, strict=True))
            full[spot[0] + 1, *spot[1:]] += f[i] * g[k]
    return full[1:] - full[:-1]
