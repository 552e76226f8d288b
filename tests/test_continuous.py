"""Derivatives of smooth functions and sequences, and how exact gradients are."""

from __future__ import annotations

import jax
import numpy as np

import jconv
from jconv.verify.claims import continuous, numerical
from jconv.verify.context import Context


def test_a_polynomials_derivative() -> None:
    """Products of polynomials are convolutions: (pq)' = p'q + pq' by coefficients."""
    p, q = np.array([1.0, -2.0, 0.0, 3.0]), np.array([2.0, 5.0, 1.0])

    def slope(coefficients: np.ndarray) -> np.ndarray:
        return coefficients[1:] * np.arange(1, len(coefficients))

    product = np.asarray(jconv.convolve(p, q))
    by_parts = np.asarray(jconv.convolve(slope(p), q))
    by_parts = by_parts + np.asarray(jconv.convolve(p, slope(q)))
    np.testing.assert_array_equal(slope(product), by_parts)
    np.testing.assert_array_equal(product, np.polymul(p[::-1], q[::-1])[::-1])


def test_a_gradient_is_as_exact_as_its_dtype() -> None:
    """The gradient of a sum of squares of integers, of which all sums are exact."""
    x, w = np.arange(1.0, 8.0)[:, None], np.array([1.0, -2.0, 4.0])[:, None, None]
    gradient = jax.grad(lambda x: (jconv.conv(x, w) ** 2).sum())(x)
    y = np.correlate(x[:, 0], w[:, 0, 0], "valid")
    np.testing.assert_array_equal(gradient[:, 0], np.convolve(2 * y, w[:, 0, 0]))


def test_the_bounds_are_not_idle() -> None:
    """Rounding decides at one end, truncation at the other: a valley has two sides."""
    with jax.enable_x64(True):  # noqa: FBT003
        (_, found), *_ = numerical.along_directions(Context(claim_id="any"))
    bounds = found["bounds"]
    best = int(np.argmin(bounds))
    assert 0 < best < len(bounds) - 1
    assert bounds[0] > 1e6 * bounds[best]
    assert bounds[-1] > 1e3 * bounds[best]


def test_the_bound_of_the_quadrature_would_notice_a_wrong_width() -> None:
    x = continuous.grid(continuous.SPECTRAL_STEP)
    bound = continuous.spectral_bound(x, continuous.WIDTH_F, continuous.WIDTH_G)
    exact = continuous.exact_slope(continuous.SPECTRAL_STEP)
    off = np.asarray(
        continuous.slope(
            continuous.grid(continuous.SPECTRAL_STEP, 2 * continuous.REACH),
            continuous.WIDTH * (1 + 1e-12),
        )
    )
    assert (np.abs(off - exact) > bound).any()
