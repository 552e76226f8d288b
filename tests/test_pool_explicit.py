"""Explicit backward functions of global pools and of unpooling; free indices."""

from __future__ import annotations

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv import GeometryError
from jconv.numerics import gamma
from jconv.verify import jaxprs

TIES = ("first", "all", "split")
KINDS = ("avg", "sum", "max", "min", "lp", "logsumexp")
FORBIDDEN = ("scatter", "reduce_window")


def operands(shape, *, seed=0):
    """Few distinct numbers, so that entries tie."""
    return jnp.asarray(np.random.default_rng(seed).integers(-2, 3, shape), float)


def global_pool(kind, **options):
    """A global pool and its explicit backward function, both of (…, x)."""
    pool = functools.partial(getattr(jconv, f"global_{kind}_pool"), **options)
    vjp = functools.partial(getattr(jconv, f"global_{kind}_pool_vjp"), **options)
    if kind in ("avg", "sum"):
        return pool, lambda dy, x: vjp(dy, input_shape=x.shape)
    return pool, vjp


LAYOUTS = {
    "plain": {},
    "kept": {"keepdims": True},
    "rows": {"rank": 1, "channel_axis": 1},
    "no channels": {"rank": 2, "channel_axis": None, "keepdims": True},
}


@pytest.mark.parametrize("options", LAYOUTS.values(), ids=LAYOUTS)
def test_global_pools_explicit_derivatives_equal_the_derived_ones(options):
    x = operands((2, 3, 5, 2))

    @jax.jit
    def run(x):
        found = {}
        for kind in KINDS:
            for ties in TIES if kind in ("max", "min") else (None,):
                rule = {"ties": ties} if ties else {}
                pool, explicit = global_pool(kind, **options, **rule)
                y, back = jax.vjp(pool, x)
                dy = jnp.cos(jnp.arange(y.size, dtype=y.dtype)).reshape(y.shape)
                found[kind, ties] = back(dy)[0], explicit(dy, x)
        return found

    for name, (derived, explicit) in run(x).items():
        # Powers, roots and exponentials, each of a few roundings, in another order.
        tolerance = gamma(60, "float64")
        np.testing.assert_allclose(
            explicit, derived, rtol=tolerance, atol=tolerance, err_msg=str(name)
        )


def test_explicit_derivatives_of_whole_numbers_are_fractions():
    x = jnp.array([1, 1, 0], "int8")[:, None]
    dy = jnp.array([3], "int8")
    got = jconv.global_avg_pool_vjp(dy, input_shape=(3, 1), rank=1)
    assert got.ravel().tolist() == [1, 1, 1]
    got = jconv.global_max_pool_vjp(dy, x, rank=1, ties="split")
    assert got.ravel().tolist() == [1.5, 1.5, 0]


def test_a_row_of_nan_soft_shares_nan():
    x, dy = jnp.array([jnp.nan, 1.0])[:, None], jnp.ones(1)
    assert np.isnan(jconv.global_logsumexp_pool_vjp(dy, x, rank=1)).all()


def test_no_explicit_backward_function_lowers_to_a_scatter():
    x = operands((1, 5, 4, 2))

    def run(x):
        found = []
        for kind in KINDS:
            pool, explicit = global_pool(kind)
            found.append(explicit(pool(x), x))
        for ties in TIES:
            y = jconv.adaptive_max_pool(x, (2, 3), ties=ties)
            found.append(jconv.adaptive_max_pool_vjp(y, x, (2, 3), ties=ties))
        found.append(jconv.adaptive_avg_pool_vjp(y, (2, 3), input_shape=x.shape))
        y, indices = jconv.max_pool(x, 2, stride=1, return_indices=True)
        found.append(jconv.max_unpool_vjp(x, indices, 2, stride=1))
        soft = functools.partial(jconv.logsumexp_pool_vjp, window=2, stride=1)
        return [*found, soft(y, x), jconv.lp_pool_vjp(y, x, 2, 3, stride=1)]

    text = jax.jit(run).lower(x).as_text()
    assert not [name for name in FORBIDDEN if name in text]


@pytest.mark.parametrize("count_padding", [False, True])
def test_counts_of_a_mean_are_no_arithmetic(count_padding):
    """A mean is traced to what a sum is, and one division by a constant."""
    x, where = operands((1, 5, 4, 2)), {"window": 3, "stride": 2, "padding": 1}
    mean = functools.partial(jconv.avg_pool, count_padding=count_padding, **where)

    def counted(pool):
        names = [equation.primitive.name for equation in jaxprs.equations(pool)]
        return {name: names.count(name) for name in ("add", "mul", "div", "reduce_sum")}

    total = counted(jax.make_jaxpr(lambda x: jconv.sum_pool(x, **where))(x))
    assert counted(jax.make_jaxpr(mean)(x)) == total | {"div": 1}
    compiled = jax.jit(mean).lower(x).compile().as_text()
    assert compiled.count(" divide(") + compiled.count(" multiply(") == 1


def test_long_windows_are_visited_axis_by_axis():
    """A window of 40 x 40 takes two loops of 40 steps, not one of 1600."""
    x = jnp.zeros((1, 41, 41, 1))
    jaxpr = jax.make_jaxpr(lambda x: jconv.max_pool_vjp(x, x, 40, stride=1, padding=20))
    with pytest.raises(GeometryError):
        jaxpr(x)
    y = jnp.zeros((1, 2, 2, 1))
    traced = jax.make_jaxpr(lambda y, x: jconv.max_pool_vjp(y, x, 40, stride=1))(y, x)
    lengths = re.findall(r"length=(\d+)", str(traced))
    assert lengths == ["40", "40"]


# Unpooling ---------------------------------------------------------------------------


def placed(y, indices, count):
    """Row by row: what a loop that overwrites leaves, and who is left."""
    out, owner = np.zeros((len(y), count)), np.full((len(y), count), -1)
    for n, row in enumerate(indices):
        for o, i in enumerate(row):
            if 0 <= i < count:
                out[n, i], owner[n, i] = y[n, o], o
    return out, owner


@pytest.mark.parametrize("axis", [1, -1])
def test_free_indices_go_anywhere_and_the_last_of_several_is_kept(axis):
    rng = np.random.default_rng(0)
    y, indices = rng.standard_normal((6, 8)), rng.integers(-1, 12, (6, 8))
    du = rng.standard_normal((6, 12))
    out, owner = placed(y, indices, 12)
    want = np.zeros(y.shape)
    for n, i in zip(*np.nonzero(owner >= 0), strict=True):
        want[n, owner[n, i]] = du[n, i]

    def planes(rows, shape):
        """Rows of (3 examples, 2 channels) as planes of a shape."""
        return np.moveaxis(rows.reshape(3, 2, *shape), 1, axis)

    y, indices = planes(y, (4, 2)), planes(indices, (4, 2))
    out, du, want = planes(out, (3, 4)), planes(du, (3, 4)), planes(want, (4, 2))
    put = functools.partial(
        jconv.max_unpool, indices=indices, output_shape=out.shape, channel_axis=axis
    )

    @jax.jit
    def run(y, du):
        got, back = jax.vjp(put, y)
        explicit = jconv.max_unpool_vjp(du, indices, channel_axis=axis)
        return got, back(du)[0], explicit

    got, *derived = run(y, du)
    np.testing.assert_array_equal(got, out)
    for dy in derived:
        np.testing.assert_array_equal(dy, want)


def test_both_ways_of_unpooling_agree_on_a_pools_own_indices():
    x, where = operands((2, 5, 6, 2)), {"stride": 1, "padding": 1, "dilation": 2}
    du = operands(x.shape, seed=1)

    @jax.jit
    def run(x, du):
        y, indices = jconv.max_pool(x, 2, return_indices=True, **where)
        near = functools.partial(
            jconv.max_unpool, indices=indices, window=2, output_shape=x.shape, **where
        )
        far = functools.partial(jconv.max_unpool, indices=indices, output_shape=x.shape)
        return [
            (put(y), jax.vjp(put, y)[1](du)[0], explicit)
            for put, explicit in (
                (near, jconv.max_unpool_vjp(du, indices, 2, **where)),
                (far, jconv.max_unpool_vjp(du, indices)),
            )
        ]

    near, far = run(x, du)
    for one, other in zip(near, far, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(near[1], near[2])


def test_traced_indices_out_of_range_are_nowhere():
    y = jnp.array([1.0, 2.0, 3.0])[:, None]
    put = jax.jit(lambda i: jconv.max_unpool(y, i, output_shape=(4, 1), rank=1))
    back = jax.jit(lambda i: jconv.max_unpool_vjp(jnp.ones((4, 1)), i, rank=1))
    indices = jnp.array([-3, 4, 3])[:, None]
    assert put(indices).ravel().tolist() == [0, 0, 0, 3]
    assert back(indices).ravel().tolist() == [0, 0, 1]


Y = jnp.zeros((1, 2, 1))
WRONG = {
    "range": ({"indices": [4, 0]}, "indices=4.*0 to 3, or -1"),
    "negative": ({"indices": [0, -2]}, "indices=-2.*0 to 3"),
    "window": ({"indices": [2, 0], "window": 2}, "indices=2.*own window.*free"),
    "floats": ({"indices": [0.0, 1.0]}, "indices.dtype='float64'.*integers"),
    "several": ({"indices": [0, 1, 2]}, r"indices=\(1, 3, 1\).*\(1, 2, 1\)"),
    "stride": ({"stride": 2}, "stride=2.*without a window"),
    "rank": ({"window": 2, "rank": 1}, "rank=1.*None with a window"),
    "sizes": ({"output_shape": (4,)}, r"output_shape=\(4,\).*3 sizes"),
    "batch": ({"output_shape": (2, 4, 1)}, "output_shape=.*batch axes and channels"),
}


@pytest.mark.parametrize(("options", "says"), WRONG.values(), ids=WRONG)
def test_wrong_unpooling_names_argument_value_and_expectation(options, says):
    options = {"indices": [0, 3], "output_shape": (1, 4, 1), **options}
    indices = jnp.array(options.pop("indices"))[None, :, None]
    with pytest.raises(GeometryError, match=says):
        jconv.max_unpool(Y, indices, **options)


def test_empty_spatial_axes_have_no_global_pool():
    with pytest.raises(GeometryError, match=r"x.shape=.*at least one entry"):
        jconv.global_max_pool(jnp.zeros((2, 0, 3)))
