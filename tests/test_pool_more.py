"""Pools under JAX's transformations, and everything that is not a window's maximum."""

from __future__ import annotations

import functools
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv import GeometryError
from jconv.numerics import gamma, unit_roundoff

TIES = ("first", "all", "split")


def ramp(*shape: int) -> jax.Array:
    """Distinct numbers in no order."""
    count = math.prod(shape)
    mixed = np.random.default_rng(count).permutation(count)
    return jnp.asarray(mixed.reshape(shape), float)


WHERE = {"window": (3, 2), "stride": (2, 1), "padding": ((1, 1), (0, 1))}
POOLS = {
    **{t: functools.partial(jconv.max_pool, ties=t, **WHERE) for t in TIES},
    "min": functools.partial(jconv.min_pool, **WHERE),
    "sum": functools.partial(jconv.sum_pool, **WHERE),
    "mean": functools.partial(jconv.avg_pool, **WHERE),
    "norm": functools.partial(jconv.lp_pool, p=3, **WHERE),
    "soft": functools.partial(jconv.logsumexp_pool, **WHERE),
    "global": functools.partial(jconv.global_max_pool, rank=2),
    "adaptive": functools.partial(jconv.adaptive_max_pool, output_shape=(2, 3)),
    "long": functools.partial(jconv.max_pool, window=(17, 1), stride=1, padding=(9, 0)),
}
FORBIDDEN = ("scatter", "reduce_window", "gather")
GATHERED = "adaptive"
"""Its windows are described by no stride; the gather's transpose is no scatter."""


@pytest.mark.parametrize(("name", "pool"), POOLS.items(), ids=POOLS)
def test_no_pool_lowers_to_a_scatter_forward_or_backward(name, pool):
    x = ramp(2, 5, 4, 3)

    def second(x):
        return jax.grad(lambda x: (jax.grad(lambda x: (pool(x) ** 2).sum())(x)).sum())(
            x
        )

    text = jax.jit(lambda x: (pool(x), second(x))).lower(x).as_text()
    found = {word for word in FORBIDDEN if re.search(rf"\b\w*{word}", text)}
    assert found == ({"gather"} if name == GATHERED else set())


def test_no_explicit_backward_function_lowers_to_a_scatter():
    x = ramp(1, 5, 4, 2)
    y, indices = jconv.max_pool(x, return_indices=True, **WHERE)

    def run(x, y):
        return (
            [jconv.max_pool_vjp(y, x, ties=t, **WHERE) for t in TIES],
            jconv.avg_pool_vjp(y, input_shape=x.shape, **WHERE),
            jconv.lp_pool_vjp(y, x, **WHERE),
            jconv.max_unpool(y, indices, output_shape=x.shape, **WHERE),
        )

    text = jax.jit(run).lower(x, y).as_text()
    assert "while" not in text
    assert not [name for name in FORBIDDEN if name in text]


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_mapping_gives_the_single_results(pool):
    x = ramp(3, 2, 5, 4, 2)

    @jax.jit
    def run(x):
        both = jax.vmap(lambda x: (pool(x), jax.grad(lambda x: pool(x).sum())(x)))
        last = jax.vmap(pool, in_axes=-1, out_axes=-1)(jnp.moveaxis(x, 0, -1))
        singles = [pool(each) for each in x]
        grads = [jax.grad(lambda x: pool(x).sum())(each) for each in x]
        return both(x), last, jnp.stack(singles), jnp.stack(grads)

    (y, dx), last, singles, grads = run(x)
    np.testing.assert_allclose(y, singles, rtol=gamma(30, x.dtype))
    np.testing.assert_allclose(jnp.moveaxis(last, -1, 0), y, rtol=gamma(30, x.dtype))
    np.testing.assert_allclose(dx, grads, rtol=gamma(60, x.dtype), atol=1e-300)


@pytest.mark.parametrize("ties", TIES)
def test_second_derivative_of_a_pools_square_is_what_hits_twice(ties):
    x = jnp.array([1.0, 3.0, 2.0])[:, None]
    pool = functools.partial(jconv.max_pool, window=(2,), stride=1, ties=ties)
    hessian = jax.hessian(lambda x: (pool(x) ** 2).sum() / 2)(x)
    np.testing.assert_array_equal(hessian[:, 0, :, 0], np.diag([0.0, 2.0, 0.0]))
    curve = jax.hessian(lambda x: pool(x).sum())(x)
    assert not curve.any()


@pytest.mark.parametrize("windows", [1, 2], ids=["alone", "several"])
def test_the_first_of_equal_entries_is_the_first_in_row_major_order(windows):
    x = jnp.array([[0.0, 0.0, 5.0], [0.0, 5.0, 5.0]])
    x = jnp.tile(x, (windows, windows))[..., None]
    dy = jnp.ones((windows, windows, 1))
    pool = functools.partial(jconv.max_pool, window=(2, 3))
    (derived,) = jax.vjp(pool, x)[1](dy)
    explicit = jconv.max_pool_vjp(dy, x, (2, 3))
    wins = np.tile([[0, 0, 1], [0, 0, 0]], (windows, windows))
    for dx in (derived, explicit):
        np.testing.assert_array_equal(dx[..., 0], wins)


def test_empty_batches_pass():
    x = jnp.zeros((0, 5, 4, 3))
    assert jconv.max_pool(x, 2).shape == (0, 2, 2, 3)
    assert jax.grad(lambda x: jconv.max_pool(x, 2).sum())(x).shape == x.shape
    assert jconv.avg_pool(x, 2).shape == (0, 2, 2, 3)


@pytest.mark.parametrize("channel_axis", [0, 1, 2, -1, None])
def test_channels_may_stand_anywhere(channel_axis):
    x = ramp(2, 3, 6, 4)
    last = x if channel_axis is None else jnp.moveaxis(x, channel_axis, -1)
    want = jconv.max_pool(last[..., None] if channel_axis is None else last, (3, 2))
    got = jconv.max_pool(x, (3, 2), channel_axis=channel_axis)
    place = (
        want[..., 0] if channel_axis is None else jnp.moveaxis(want, -1, channel_axis)
    )
    np.testing.assert_array_equal(got, place)


UNPOOLED = {
    "tiles": {"window": (2, 2)},
    "overlap": WHERE,
    "holes": {"window": (2, 2), "stride": 1, "dilation": 2},
    "long": {"window": (8, 8), "stride": 1, "padding": 5},
}


@pytest.mark.parametrize("where", UNPOOLED.values(), ids=UNPOOLED)
def test_indices_lead_back_to_where_the_values_were(where):
    x = ramp(2, 5, 6, 2) + 1
    y, indices = jconv.max_pool(x, return_indices=True, **where)
    back = jconv.max_unpool(y, indices, output_shape=x.shape, **where)
    flat = np.asarray(x).reshape(2, 30, 2)
    want = np.zeros_like(flat)
    for n, c in np.ndindex(2, 2):
        spots = np.asarray(indices)[n, ..., c].ravel()
        np.testing.assert_array_equal(
            flat[n, spots, c], np.asarray(y)[n, ..., c].ravel()
        )
        want[n, spots, c] = flat[n, spots, c]
    np.testing.assert_array_equal(back, want.reshape(x.shape))


def test_unpooling_is_differentiable_and_keeps_the_last_of_several():
    indices = jnp.array([1, 1, 3])[:, None]
    put = functools.partial(
        jconv.max_unpool, indices=indices, window=(2,), stride=1, output_shape=(4, 1)
    )
    y = jnp.array([5.0, 6.0, 7.0])[:, None]
    assert put(y).ravel().tolist() == [0, 6, 0, 7]
    assert jax.grad(lambda y: put(y).sum())(y).ravel().tolist() == [0, 1, 1]


def test_positions_without_an_axis_to_pool_are_zero_and_lead_back():
    x = jnp.arange(12.0).reshape(2, 3, 2)
    y, indices = jconv.max_pool(x, (), return_indices=True)
    assert indices.shape == y.shape == x.shape
    assert not indices.any()
    back = jconv.max_unpool(y, indices, (), output_shape=x.shape)
    np.testing.assert_array_equal(back, x)


def test_the_norms_gradient_at_zero_is_zero_and_the_explicit_one_agrees():
    x = jnp.array([0.0, 0.0, 3.0, -4.0])[:, None]
    for p, want in (
        (2, [0, 0, 0.6, -0.8]),
        (1, [0, 0, 1, -1]),
        (math.inf, [0, 0, 0, -1]),
    ):
        pool = functools.partial(jconv.lp_pool, window=(2,), p=p)
        y, back = jax.vjp(pool, x)
        dy = jnp.ones_like(y)
        explicit = jconv.lp_pool_vjp(dy, x, (2,), p)
        for dx in (back(dy)[0], explicit):
            np.testing.assert_allclose(dx.ravel(), want, rtol=gamma(8, x.dtype))


def test_log_sum_exp_neither_overflows_nor_loses_minus_infinity():
    x = jnp.array([1000.0, 1000.0, -jnp.inf, -jnp.inf, -jnp.inf, 2.0])[:, None]
    y, back = jax.vjp(lambda x: jconv.logsumexp_pool(x, (2,)), x)
    rtol = 4 * unit_roundoff(x.dtype)
    np.testing.assert_allclose(y.ravel(), [1000 + math.log(2), -np.inf, 2], rtol=rtol)
    dy = jnp.ones_like(y)
    for dx in (back(dy)[0], jconv.logsumexp_pool_vjp(dy, x, (2,))):
        # exp(x - y) turns the roundoff of y = 1000.7 into a relative error.
        error = 1001 * rtol
        np.testing.assert_allclose(dx.ravel(), [0.5, 0.5, 0, 0, 0, 1], rtol=error)


def test_adaptive_pools_take_windows_of_the_sizes_that_fit():
    x = jnp.array([0.0, 1, 2, 3, 4])[:, None]
    assert jconv.adaptive_max_pool(x, (3,)).ravel().tolist() == [1, 3, 4]
    assert jconv.adaptive_avg_pool(x, (3,)).ravel().tolist() == [0.5, 2, 3.5]
    assert jconv.adaptive_avg_pool(x, (10,)).ravel().tolist() == [
        0, 0, 1, 1, 2, 2, 3, 3, 4, 4,
    ]  # fmt: skip


def test_global_pools_keep_dimensions_if_asked():
    x = ramp(2, 3, 4, 5)
    np.testing.assert_array_equal(jconv.global_max_pool(x), x.max((1, 2)))
    np.testing.assert_array_equal(jconv.global_min_pool(x), x.min((1, 2)))
    np.testing.assert_array_equal(jconv.global_sum_pool(x), x.sum((1, 2)))
    kept = jconv.global_avg_pool(x, keepdims=True)
    np.testing.assert_allclose(kept, x.mean((1, 2), keepdims=True), rtol=1e-15)
    norm = jconv.global_lp_pool(x, 1, rank=1)
    np.testing.assert_array_equal(norm, abs(x).sum(2))


def test_narrow_floats_are_summed_in_float32_and_ties_counted_beyond_256():
    x = jnp.ones((1, 300, 1), "bfloat16")
    assert jconv.global_sum_pool(x).item() == 300
    assert jconv.global_avg_pool(x).item() == 1
    dx = jax.grad(lambda x: jconv.global_max_pool(x, ties="split").sum())(x)
    assert dx.dtype == "bfloat16"
    assert set(dx.ravel().tolist()) == {jnp.bfloat16(1 / 300).item()}


def test_skipping_and_its_transpose():
    x = jnp.arange(14.0).reshape(7, 2)
    y, back = jax.vjp(lambda x: jconv.subsample(x, (3,)), x)
    assert y[:, 0].tolist() == [0, 6, 12]
    dx = jconv.subsample_vjp(y, (3,), input_shape=x.shape)
    np.testing.assert_array_equal(dx, back(y)[0])
    assert dx[:, 0].tolist() == [0, 0, 0, 6, 0, 0, 12]


X = jnp.zeros((1, 4, 4, 1))
WRONG = {
    "window": (lambda: jconv.max_pool(X, 5), "window=5.*at most the padded input"),
    "no window": (lambda: jconv.max_pool(X, 0), "window=0.*at least 1"),
    "axes": (lambda: jconv.max_pool(X, (2,) * 4), "window=.*one entry per spatial"),
    "no batch": (lambda: jconv.max_pool(X[0, 0], 2), "window=2.*batch axis"),
    "stride": (lambda: jconv.avg_pool(X, 2, stride=0), "stride=0.*at least 1"),
    "dilation": (lambda: jconv.sum_pool(X, 2, dilation=-1), "dilation=-1.*at least 1"),
    "ties": (lambda: jconv.max_pool(X, 2, ties="any"), "ties='any'.*'first'"),
    "complex": (lambda: jconv.min_pool(X + 0j, 2), "x.dtype='complex128'.*order"),
    "complex norm": (lambda: jconv.lp_pool(X + 0j, 2), "x.dtype='complex128'.*abs"),
    "p": (lambda: jconv.lp_pool(X, 2, p=0.5), "p=0.5.*at least 1"),
    "crop": (
        lambda: jconv.max_pool(X, 2, padding=-1, ceil_mode=True),
        "padding=-1.*ceil_mode",
    ),
    "channel": (lambda: jconv.max_pool(X, 2, channel_axis=4), "channel_axis=4.*4"),
    "cotangent": (lambda: jconv.max_pool_vjp(X, X, 2), r"dy=\(1, 4, 4, 1\).*output"),
    "index": (
        lambda: jconv.max_unpool(
            X[:, :2, :2], jnp.full((1, 2, 2, 1), 16), 2, output_shape=X.shape
        ),
        "indices=16.*0 to 15",
    ),
}


@pytest.mark.parametrize(("call", "says"), WRONG.values(), ids=WRONG)
def test_errors_name_argument_value_and_expectation(call, says):
    with pytest.raises(GeometryError, match=says):
        call()


# (n_input, window, stride, padding, dilation) -> outputs, by ceil((I - span) / s) + 1
ROUNDED_UP = {
    (6, 3, 2, 0, 1): 3,
    (7, 3, 2, 0, 1): 3,
    (5, 2, 2, 1, 1): 3,  # a fourth window would start at 6, beyond the input
    (4, 2, 3, 1, 1): 2,
    (4, 1, 3, 1, 1): 2,  # a third window would start at 6, beyond the input
    (8, 2, 3, 0, 3): 3,
    (2, 3, 2, 0, 1): 1,  # larger than the input by less than a stride
}


@pytest.mark.parametrize(("arguments", "outputs"), ROUNDED_UP.items(), ids=str)
def test_ceil_mode_rounds_up_within_the_input(arguments, outputs):
    n_input, window, stride, padding, dilation = arguments
    y = jconv.max_pool(
        jnp.zeros((n_input, 1)),
        (window,),
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=True,
    )
    assert y.shape == (outputs, 1)
