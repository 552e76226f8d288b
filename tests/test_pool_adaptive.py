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
from jconv.pool.arguments import understand_fitted
from jconv.pool.fitted import FittedAxis
from jconv.pool.gathered import gathered
from jconv.pool.norms import norm_windows
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
    ((2,), (37,)),
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


POOLS = {
    **{t: functools.partial(jconv.adaptive_max_pool, ties=t) for t in TIES},
    "mean": jconv.adaptive_avg_pool,
    "norm": lambda x, output: norm_windows(x, understand_fitted(x.shape, output), 3.0),
}
MANY = [(31, 12), (12, 31), (1000, 389), (997, 10), (389, 1000)]


def operations(pool, n, m):
    """How many operations the program of the pool and its derivative has."""

    def run(x):
        y, back = jax.vjp(lambda x: pool(x, (m,)), x)
        return y, back(y)

    text = jax.jit(run).lower(jax.ShapeDtypeStruct((1, n, 1), "float32")).as_text()
    return text.count(" = ")


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_a_program_grows_with_a_windows_entries_and_not_with_the_windows(pool):
    """One piece per remainder of m / gcd took 389 of them, and 40 s to compile."""
    few, more, many = (operations(pool, 13 * m - 1, 5 * m - 1) for m in (2, 6, 70))
    assert few == more == many


@pytest.mark.parametrize(("n", "m"), [(5, 3), (3, 8), (12, 31), (31, 12), (7, 7)])
def test_the_tables_of_an_axis_say_what_its_windows_hold(n, m):
    axis = FittedAxis(n, m)
    holds = np.zeros((m, n), bool)
    for (o,), spots in windows((n,), (m,)):
        holds[o, [i for (i,) in spots]] = True
        assert axis.starts[o] == spots[0][0]
    np.testing.assert_array_equal(axis.sizes, holds.sum(1))
    np.testing.assert_array_equal(axis.swapped.sizes, holds.sum(0))
    np.testing.assert_array_equal(axis.present.sum(0), axis.sizes)


@pytest.mark.parametrize(("n", "m"), MANY)
@pytest.mark.parametrize("dtype", ["float32", "complex64", "int32"])
def test_a_gathers_transpose_is_what_jax_derives_without_its_scatter(n, m, dtype):
    axis = FittedAxis(n, m)
    rng = np.random.default_rng(n)

    def whole(*shape):
        return jnp.asarray(rng.integers(-9, 10, shape)).astype(dtype)

    def gather(x):
        return gathered(x, 1, axis, fill=0)

    def plainly(x):
        spots = axis.starts + np.arange(axis.n_kernel)[:, None]
        spots = np.where(axis.present, spots, n)
        return jnp.take(x, spots, axis=1, mode="fill", fill_value=0)

    def back(dy, forward=gather):
        return jax.linear_transpose(forward, x)(dy)[0]

    @jax.jit
    def run(x, dy):
        again = jax.linear_transpose(back, dy)(x)[0]
        mapped = jax.vmap(gather, -1, -1)(x[..., None])[..., 0]
        tangent = jax.jvp(gather, (x,), (x,))[1]
        return back(dy), back(dy, plainly), [gather(x), tangent, again, mapped]

    x, dy = whole(2, n, 1), whole(2, axis.n_kernel, m, 1)
    if dtype == "int32":
        np.testing.assert_array_equal(gather(x), plainly(x))
        return
    found, right, laid = run(x, dy)
    np.testing.assert_array_equal(found, right)
    for each in laid:
        np.testing.assert_array_equal(each, plainly(x))
    assert "scatter" not in jax.jit(back).lower(dy).as_text()


@pytest.mark.parametrize("ties", TIES)
def test_what_a_shorter_window_lacks_neither_wins_nor_counts(ties):
    """Not even where all that it holds is minus infinity, or one is NaN."""
    x = jnp.array([-jnp.inf, -jnp.inf, jnp.nan, 5, -jnp.inf])[None, :, None]
    y, back = jax.vjp(lambda x: jconv.adaptive_max_pool(x, 3, ties=ties), x)
    dy = jnp.array([4.0, 8.0, 16.0])[None, :, None]
    np.testing.assert_array_equal(y.ravel(), [-np.inf, np.nan, 5])
    dx = {"first": [4, 0, 8, 16, 0], "all": [4, 4, 8, 16, 0]}
    dx["split"] = [2, 2, 8, 16, 0]
    for found in (back(dy)[0], jconv.adaptive_max_pool_vjp(dy, x, 3, ties=ties)):
        assert found.ravel().tolist() == dx[ties]


@pytest.mark.parametrize("name", POOLS)
def test_mapping_and_second_derivatives_of_many_windows(name):
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 1, 31, 1)))

    def pool(x):
        return POOLS[name](x, (12,))

    def second(x):
        def first(x):
            return jax.grad(lambda x: (pool(x) ** 2).sum())(x)

        return pool(x), jax.jvp(first, (x,), (x,))[1], jax.vjp(first, x)[1](x)[0]

    mapped = jax.jit(jax.vmap(second))(x)
    for n, each in enumerate(x):
        for many, one in zip(mapped, jax.jit(second)(each), strict=True):
            np.testing.assert_allclose(many[n], one, rtol=1e-12, atol=1e-14)
    y, forward, reverse = mapped
    np.testing.assert_allclose(forward, reverse, rtol=1e-11, atol=1e-12)
    assert y.shape == (2, 1, 12, 1)


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
