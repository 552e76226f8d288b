"""Adaptive pools against a loop over windows: values, indices, ties, derivatives."""

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
from jconv.numerics import gamma
from jconv.verify.pool_loops import winners

TIES = ("first", "all", "split")
DIVISIBLE = math.lcm(*range(1, 13))
"""Cotangents are multiples of it, so that parts of up to 12 are exact."""

ROUNDED = gamma(2 + 4**2, "float64")
"""For means: a reciprocal may be rounded first; then at most 4^2 windows are added."""

SIZES = [
    ((5,), (3,)),
    ((7,), (7,)),
    ((3,), (8,)),
    ((6,), (4,)),
    ((41,), (2,)),
    ((4, 5), (2, 3)),
    ((3, 6), (5, 4)),
]


def windows(spatial, output):
    """(o, the positions that window o holds, row by row) for every o."""
    for o in np.ndindex(*output):
        axes = [
            range(math.floor(k * n / m), math.ceil((k + 1) * n / m))
            for k, n, m in zip(o, spatial, output, strict=True)
        ]
        yield o, list(itertools.product(*axes))


def loop(x, dy, spatial, output):
    """What adaptive pools give: name -> (y, dx), and the indices."""
    found = {name: (np.zeros(dy.shape), np.zeros(x.shape)) for name in (*TIES, "mean")}
    indices = np.zeros(dy.shape, int)
    for o, spots in windows(spatial, output):
        for n, c in np.ndindex(x.shape[0], x.shape[-1]):
            values, at = [x[n, *i, c] for i in spots], (n, *o, c)
            shares = {ties: winners(values, ties) for ties in TIES}
            shares["mean"] = [1 / len(values)] * len(values)
            first = spots[shares["first"].index(1)]
            indices[at] = np.ravel_multi_index(first, spatial)
            for name, share in shares.items():
                y, dx = found[name]
                y[at] = sum(values) / len(values) if name == "mean" else max(values)
                for i, part in zip(spots, share, strict=True):
                    dx[n, *i, c] += part * dy[at]
    return found, indices


@pytest.mark.parametrize(("spatial", "output"), SIZES, ids=str)
def test_adaptive_pools_and_their_derivatives_equal_a_loop(spatial, output):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (2, *spatial, 2)).astype(float)
    dy = DIVISIBLE * rng.integers(-4, 5, (2, *output, 2)).astype(float)

    @jax.jit
    def run(x, dy):
        results = {}
        for ties in TIES:
            pool = functools.partial(
                jconv.adaptive_max_pool, output_shape=output, ties=ties
            )
            explicit = jconv.adaptive_max_pool_vjp(dy, x, output, ties=ties)
            y, back = jax.vjp(pool, x)
            results[ties] = y, back(dy)[0], explicit
        y, back = jax.vjp(lambda x: jconv.adaptive_avg_pool(x, output), x)
        explicit = jconv.adaptive_avg_pool_vjp(dy, output, input_shape=x.shape)
        results["mean"] = y, back(dy)[0], explicit
        _, indices = jconv.adaptive_max_pool(x, output, return_indices=True)
        return results, indices

    results, indices = run(x, dy)
    want, places = loop(x, dy, spatial, output)
    size, _ = loop(x, abs(dy), spatial, output)
    np.testing.assert_array_equal(indices, places)
    for name, (y, *derived) in results.items():
        rounding = ROUNDED if name == "mean" else 0
        assert np.all(abs(y - want[name][0]) <= rounding * want[name][0]), name
        for dx in derived:
            assert np.all(abs(dx - want[name][1]) <= rounding * size[name][1]), name


@pytest.mark.parametrize(("n", "m"), [(5, 3), (3, 8), (6, 4), (12, 1)])
def test_the_transpose_of_an_adaptive_sum_is_the_adaptive_sum_with_sizes_swapped(n, m):
    """Window o holds entry i just where window i, with sizes swapped, holds o."""
    eye = jnp.eye(m) * DIVISIBLE

    def adaptive_sum(x, count):
        ones = [len(spots) for _, spots in windows((x.shape[0],), (count,))]
        return jconv.adaptive_avg_pool(x, (count,)) * jnp.array(ones)[:, None]

    @jax.jit
    def run(eye):
        (transposed,) = jax.vjp(lambda x: adaptive_sum(x, m), jnp.zeros((n, m)))[1](eye)
        return transposed, adaptive_sum(eye, n)

    transposed, swapped = run(eye)
    np.testing.assert_allclose(transposed, swapped, rtol=gamma(6, "float64"))


def test_indices_of_an_adaptive_pool_lead_back_through_free_unpooling():
    x = jnp.arange(2.0, 12.0).reshape(1, 10, 1)
    y, indices = jconv.adaptive_max_pool(x, 4, return_indices=True)
    back = jconv.max_unpool(y, indices, output_shape=x.shape)
    assert indices.ravel().tolist() == [2, 4, 7, 9]
    assert back.ravel().tolist() == [0, 0, 4, 0, 6, 0, 0, 9, 0, 11]


WRONG = {
    "ties": (
        lambda x: jconv.adaptive_max_pool(x, 2, ties="any"),
        "ties='any'.*'first'",
    ),
    "size": (lambda x: jconv.adaptive_max_pool(x, 0), "output_shape=0.*at least 1"),
    "empty": (lambda x: jconv.adaptive_avg_pool(x[:, :0], 2), "x.shape=.*one entry"),
    "complex": (lambda x: jconv.adaptive_max_pool(x + 0j, 2), "complex128.*order"),
    "cotangent": (
        lambda x: jconv.adaptive_max_pool_vjp(x, x, 2),
        r"dy=\(1, 4, 4, 1\).*\(1, 2, 2, 1\)",
    ),
    "input shape": (
        lambda x: jconv.adaptive_avg_pool_vjp(x, 4, input_shape=(4, 1)),
        r"input_shape=\(4, 1\).*4 sizes",
    ),
}


@pytest.mark.parametrize(("call", "says"), WRONG.values(), ids=WRONG)
def test_errors_name_argument_value_and_expectation(call, says):
    with pytest.raises(GeometryError, match=says):
        call(jnp.zeros((1, 4, 4, 1)))
