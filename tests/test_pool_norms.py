"""L^p pools: no power leaves the range of floats, and small whole numbers are exact."""

from __future__ import annotations

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv import GeometryError
from jconv.numerics import gamma, unit_roundoff

EXPONENTS = (1, 1.5, 2, 3, 16, 17, 50, 1000, 1e300, math.inf)
ROUNDINGS = 40
"""Of a ratio, its power, a sum, a root and a product, with room for pow and exp."""


def exact(window, p):
    """The norm and its gradient, in the widest float, scaled by the largest entry."""
    entries = np.asarray(window, np.longdouble)
    size = abs(entries).max()
    if size == 0:
        return 0, 0 * entries
    ratio = abs(entries) / size
    if p > 1e18:
        return size, np.sign(entries) * (ratio == 1)
    root = (ratio**p).sum() ** (1 / np.longdouble(p))
    return size * root, np.sign(entries) * (ratio / root) ** np.longdouble(p - 1)


WINDOWS = {
    "plain": [3.0, -4.0, 1.0],
    "zeros": [0.0, 0.0, 0.0],
    "large": [1e30, -2e30, 5e29],
    "small": [1e-30, -2e-30, 5e-31],
    "both": [1e30, -1e-30, 0.0],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("numbers", WINDOWS.values(), ids=WINDOWS)
def test_norms_and_gradients_stay_in_range_for_every_exponent(numbers, dtype):
    if dtype == "float64":
        numbers = [math.copysign(abs(x) ** 9, x) for x in numbers]
    x = jnp.array(numbers, dtype)[:, None]

    @jax.jit
    def run(x):
        found = []
        for p in EXPONENTS:
            y, back = jax.vjp(lambda x, p=p: jconv.lp_pool(x, (3,), p), x)
            dy = jnp.ones_like(y)
            found.append((y, back(dy)[0], jconv.lp_pool_vjp(dy, x, (3,), p)))
        return found

    for p, (y, *derived) in zip(EXPONENTS, run(x), strict=True):
        norm, gradient = exact(np.asarray(x)[:, 0], p)
        roundoff = ROUNDINGS * unit_roundoff(dtype)
        assert abs(y.item() - norm) <= roundoff * norm, p
        for dx in derived:
            # A power p - 1 multiplies the relative error of its base; what is that much
            # smaller than the largest part, 1, may vanish.
            error = roundoff * (1 + min(p, 1e3) * np.abs(gradient))
            assert np.all(abs(np.asarray(dx)[:, 0] - gradient) <= error), p
            assert np.all(np.isfinite(dx)), p


@pytest.mark.parametrize("numbers", [[10, 1, 2, 3, 5], [1e20, 1, 1e-20, 3e20, 0]])
def test_an_entry_has_no_part_in_the_norm_of_a_window_beside_it(numbers):
    x = jnp.array(numbers, "float32")[:, None]
    for p in EXPONENTS:
        own = [exact(np.asarray(x)[n : n + 3, 0], p)[1] for n in range(3)]
        want = sum(np.pad(part, (n, 2 - n)) for n, part in enumerate(own))
        dx = jconv.lp_pool_vjp(jnp.ones((3, 1)), x, (3,), p, stride=1)
        error = 3 * ROUNDINGS * unit_roundoff("float32") * (1 + min(p, 1e3) * abs(want))
        assert np.all(abs(np.asarray(dx)[:, 0] - want) <= error), p


# Whole numbers whose norm is whole: their squares add up to a square.
SQUARES = [
    (3, 4, 0, 0),
    (1, 1, 1, 1),
    (1, 2, 2, 0),
    (2, 3, 6, 0),
    (1, 4, 8, 0),
    (2, 4, 5, 6),
    (1, 1, 3, 5),
]


@pytest.mark.parametrize("shape", [(4,), (2, 2)], ids=str)
def test_squares_and_absolute_values_of_whole_numbers_are_added_exactly(shape):
    cases = [order for four in SQUARES for order in itertools.permutations(four)]
    x = np.array(cases, float).reshape(len(cases), *shape, 1) * -1

    @jax.jit
    def run(x):
        return jconv.lp_pool(x, shape), jconv.lp_pool(x, shape, 1)

    norm, total = (np.ravel(y).tolist() for y in run(x))
    assert norm == [math.isqrt(sum(n * n for n in four)) for four in cases]
    assert total == [sum(four) for four in cases]


def test_long_windows_add_squares_exactly_too():
    x = jnp.ones((1, 40, 1))
    y = jax.jit(functools.partial(jconv.lp_pool, window=25, stride=1))(x)
    assert y.ravel().tolist() == [5.0] * 16
    assert jconv.global_lp_pool(jnp.ones((1, 36, 1))).item() == 6


def test_an_infinite_entry_makes_the_norm_infinite_and_a_nan_makes_it_nan():
    x = jnp.array([math.inf, 1.0, math.nan, 2.0])[:, None]
    for p in (1, 2, 3, 50, math.inf):
        y = jconv.lp_pool(x, (2,), p)
        assert y[0, 0] == math.inf, p
        assert np.isnan(y[1, 0]), p


def test_second_derivative_of_half_the_squared_norm_is_the_identity():
    x = jnp.array([3.0, -4.0, 0.0])[:, None]
    hessian = jax.jit(jax.hessian(lambda x: (jconv.lp_pool(x, (3,)) ** 2).sum() / 2))(x)
    np.testing.assert_allclose(
        hessian[:, 0, :, 0], np.eye(3), atol=gamma(20, "float64")
    )


def test_narrow_floats_are_raised_to_powers_in_float32():
    x = jnp.full((4, 1), 300.0, "float16")
    assert jconv.lp_pool(x, (4,)).item() == 600
    assert jconv.lp_pool(x, (4,), 50).item() == np.float16(300 * 4 ** (1 / 50))


SCALARS = {
    "jax": jnp.float32(3),
    "jax-narrow": jnp.bfloat16(3),
    "jax-integer": jnp.int32(3),
    "numpy": np.float32(3),
    "numpy-array": np.array(3),
}


@pytest.mark.parametrize("p", SCALARS.values(), ids=SCALARS)
def test_any_scalar_that_is_known_may_be_the_exponent(p):
    x = jnp.arange(1.0, 9.0).reshape(1, 4, 2)
    dy = jnp.ones((1, 2, 2))
    for run in (
        lambda p: jconv.lp_pool(x, 2, p=p),
        lambda p: jconv.lp_pool_vjp(dy, x, 2, p),
        lambda p: jconv.global_lp_pool(x, p),
        lambda p: jconv.global_lp_pool_vjp(dy[:, 0], x, p),
    ):
        np.testing.assert_array_equal(run(p), run(3))
        with pytest.raises(jconv.UnsupportedError, match=r"p=.*while tracing.*static"):
            jax.jit(run)(3.0)


@pytest.mark.parametrize(
    "p", [0, 0.5, -1, math.nan, "2", True, jnp.ones(2), jnp.ones((), bool), 3j]
)
def test_what_gives_no_norm_is_refused(p):
    with pytest.raises(GeometryError, match=r"p=.*at least 1"):
        jconv.lp_pool(jnp.ones((2, 1)), (2,), p)
