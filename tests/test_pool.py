"""Pools, forward and backward, against a loop over windows, on many geometries."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv.numerics import gamma
from jconv.verify.pool_loops import PoolLoop, winners

TIES = ("first", "all", "split")
DIVISIBLE = math.lcm(*range(1, 13))
"""Cotangents are multiples of it, so that parts of up to 12 are exact."""

ROUNDED = gamma(2 + 4**3, "float64")
"""For means: XLA may multiply by a rounded reciprocal (2 roundings); then at most 4^3
windows are added. All else is exact."""


def geometries(rank: int, number: int) -> list[PoolLoop]:
    """Random small pools: overlaps, holes, pads beyond the window, cropping, ceil."""
    rng = np.random.default_rng(rank)
    found: list[PoolLoop] = []
    while len(found) < number:
        ceil_mode = bool(rng.integers(2))

        def draw(low: int, high: int) -> tuple[int, ...]:
            return tuple(int(n) for n in rng.integers(low, high, rank))

        pads = tuple(zip(draw(-1, 4), draw(0 if ceil_mode else -1, 4), strict=True))
        loop = PoolLoop(
            spatial=draw(1, 8 if rank == 1 else 6),
            window=draw(1, 5 if rank == 1 else 4),
            stride=draw(1, 4),
            padding=pads if rng.integers(2) else ((0, 0),) * rank,
            dilation=draw(1, 3),
            ceil_mode=ceil_mode,
        )
        if all(loop.output_shape):
            found.append(loop)
    return found


OVERLAPPING = PoolLoop((6,), (3,), (2,), ((1, 1),))
"""A program of its own and the first: with a planted fault the only one."""

GEOMETRIES = [*geometries(1, 180), *geometries(2, 24), *geometries(3, 1)]
TENS = [GEOMETRIES[n : n + 10] for n in range(0, len(GEOMETRIES), 10)]
GROUPS = [[OVERLAPPING], *TENS]


def arrays(loop: PoolLoop, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An input with many ties, a tangent and a cotangent."""
    rng = np.random.default_rng(seed)
    shape = (1, *loop.spatial, 2)
    x = rng.integers(0, 3, shape).astype(float)
    x_dot = DIVISIBLE * rng.integers(-4, 5, shape).astype(float)
    dy = DIVISIBLE * rng.integers(-4, 5, (1, *loop.output_shape, 2)).astype(float)
    return x, x_dot, dy


def pools(loop: PoolLoop):
    """Every pool of a geometry with its explicit backward function."""
    where = loop.options
    found = {}
    for ties in TIES:
        found[ties] = (
            functools.partial(jconv.max_pool, window=loop.window, ties=ties, **where),
            lambda dy, x, ties=ties: jconv.max_pool_vjp(
                dy, x, loop.window, ties=ties, **where
            ),
        )
    shape = (1, *loop.spatial, 2)
    linear = {"window": loop.window, **where}
    for padded in (False, True):
        found[f"mean {padded}"] = (
            functools.partial(jconv.avg_pool, count_padding=padded, **linear),
            lambda dy, x, padded=padded: jconv.avg_pool_vjp(
                dy, input_shape=shape, count_padding=padded, **linear
            ),
        )
    found["sum"] = (
        functools.partial(jconv.sum_pool, **linear),
        lambda dy, x: jconv.sum_pool_vjp(dy, input_shape=shape, **linear),
    )
    return found


def expected(loop: PoolLoop, x: np.ndarray, dy: np.ndarray):
    """(y, dx) of each pool, written out."""
    largest = loop.forward(x, lambda values: values.max(0), -np.inf)
    total = loop.forward(x, lambda values: values.sum(0), 0)
    found = {
        ties: (largest, loop.backward(x, dy, lambda v, _, t=ties: winners(v, t)))
        for ties in TIES
    }
    ones = loop.backward(x, dy, lambda values, _: [1] * len(values))
    found["sum"] = total, ones
    for padded in (False, True):
        counts = np.ones((1, *loop.output_shape, 1))
        for o in np.ndindex(*loop.output_shape):
            counts[:, *o] = max(1, loop.count(o, count_padding=padded))
        parts = loop.backward(x, dy / counts, lambda values, _: [1] * len(values))
        found[f"mean {padded}"] = total / counts, parts
    return found


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: f"{group[0].spatial}...")
def test_pools_and_their_derivatives_equal_a_loop_over_windows(group):
    operands = [arrays(loop, n) for n, loop in enumerate(group)]

    @jax.jit
    def run(operands):
        found = []
        for loop, (x, x_dot, dy) in zip(group, operands, strict=True):
            results = {}
            for name, (pool, explicit) in pools(loop).items():
                if len(found) % 3 and name != TIES[len(found) % 3]:
                    continue  # every third geometry is enough for all of them
                y, y_dot = jax.jvp(pool, (x,), (x_dot,))
                (dx,) = jax.vjp(pool, x)[1](dy)
                results[name] = y, dx, explicit(dy, x), y_dot
            found.append(results)
        return found

    for loop, (x, x_dot, dy), got in zip(group, operands, run(operands), strict=True):
        want, size = expected(loop, x, dy), expected(loop, x, abs(dy))
        for name, (y, dx, explicit, y_dot) in got.items():
            said = f"{name}: {loop}"
            rounding = ROUNDED if name.startswith("mean") else 0
            for result, right, large in zip(
                (y, dx, explicit),
                (*want[name], want[name][1]),
                (*size[name], size[name][1]),
                strict=True,
            ):
                if rounding:
                    assert np.all(abs(result - right) <= rounding * abs(large)), said
                else:
                    np.testing.assert_array_equal(result, right, said)
            if not rounding:
                assert np.sum(dy * y_dot) == np.sum(dx * x_dot), said


def test_there_are_hundreds_of_geometries_of_every_sort():
    assert len(GEOMETRIES) >= 200
    assert any(max(loop.padding)[0] > max(loop.window) / 2 for loop in GEOMETRIES)
    assert any(min(loop.padding)[0] < 0 for loop in GEOMETRIES)
    assert any(loop.ceil_mode for loop in GEOMETRIES)


LONG = [
    PoolLoop((60,), (19,), (1,)),
    PoolLoop((60,), (20,), (3,), ((7, 30),), (2,)),
    PoolLoop((60,), (17,), (18,), ((5, 0),)),
    PoolLoop((50,), (50,), (50,)),
    PoolLoop((70,), (31,), (4,), ((30, 2),), ceil_mode=True),
]


@pytest.mark.parametrize("loop", LONG, ids=str)
def test_long_windows_equal_the_loop_as_well(loop):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (1, *loop.spatial, 2)).astype(float)
    dy = rng.integers(-4, 5, (1, *loop.output_shape, 2)).astype(float)

    @jax.jit
    def run(x, dy):
        return {
            name: (*_pull(pool, x, dy), explicit(dy, x))
            for name, (pool, explicit) in pools(loop).items()
            if name in ("first", "all", "sum")
        }

    want = expected(loop, x, dy)
    for name, results in run(x, dy).items():
        for got, wanted in zip(results, (*want[name], want[name][1]), strict=True):
            np.testing.assert_array_equal(got, wanted, name)


def _pull(pool, x, dy):
    y, back = jax.vjp(pool, x)
    return y, *back(dy)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64"])
def test_integers_stay_integers_and_the_least_one_is_no_padding(dtype):
    least = np.iinfo(dtype).min
    x = jnp.full((1, 3, 1), least, dtype)
    y, indices = jconv.max_pool(x, 3, stride=1, padding=2, return_indices=True)
    assert y.dtype == dtype
    assert y.ravel().tolist() == [least] * 5
    assert indices.ravel().tolist() == [0, 0, 0, 1, 2]
    low = jconv.min_pool(jnp.array([[[3], [least]]], dtype), 2)
    assert low.ravel().tolist() == [least]
    total = jconv.sum_pool(jnp.array([[[3], [4]]], dtype), 2)
    assert (total.dtype, total.ravel().tolist()) == (dtype, [7])


def test_minus_infinity_wins_against_padding_and_gets_the_derivative():
    x = jnp.full((1, 2, 1), -jnp.inf)
    pool = functools.partial(jconv.max_pool, window=2, stride=1, padding=1)
    y, back = jax.vjp(pool, x)
    assert y.ravel().tolist() == [-np.inf] * 3
    assert back(jnp.array([[[1.0], [2.0], [4.0]]]))[0].ravel().tolist() == [3, 4]


def test_nan_propagates_and_receives_the_derivative():
    x = jnp.array([1.0, jnp.nan, 7.0, jnp.nan, 0.0, 5.0])[None, :, None]
    for pool, last in ((jconv.max_pool, 5.0), (jconv.min_pool, 0.0)):
        y, back = jax.vjp(lambda x, pool=pool: pool(x, 4, stride=2), x)
        np.testing.assert_array_equal(y.ravel(), [np.nan, np.nan])
        dx = back(jnp.array([[[10.0], [1.0]]]))[0]
        assert dx.ravel().tolist() == [0, 10, 0, 1, 0, 0]
        assert pool(x[:, 4:], 2).item() == last


def test_a_window_of_padding_alone_gives_the_identity_and_no_derivative():
    x = jnp.ones((1, 1, 1))
    far = {"padding": ((3, 0),), "stride": (1,)}
    y, indices = jconv.max_pool(x, (1,), **far, return_indices=True)
    assert y.ravel().tolist() == [-np.inf] * 3 + [1]
    assert indices.ravel().tolist() == [-1, -1, -1, 0]
    assert jconv.avg_pool(x, (1,), **far).ravel().tolist() == [0, 0, 0, 1]
    for ties in TIES:
        dx = jax.grad(lambda x, t=ties: jconv.max_pool(x, (1,), ties=t, **far).sum())(x)
        assert dx.ravel().tolist() == [1]
