"""What pools refuse, in words that are true of them."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv.errors import GeometryError

X = jnp.ones((1, 4, 1))


@pytest.mark.parametrize("wrong", ["yes", 1, None])
def test_a_flag_is_true_or_false(wrong):
    with pytest.raises(GeometryError, match=r"count_padding=.*True or False"):
        jconv.avg_pool(X, 2, count_padding=wrong)
    calls = {
        "count_padding": lambda **flag: jconv.avg_pool_vjp(
            X, (1,), input_shape=X.shape, **flag
        ),
        "ceil_mode": lambda **flag: jconv.sum_pool(X, 2, **flag),
        "return_indices": lambda **flag: jconv.max_pool(X, 2, **flag),
        "smallest": lambda **flag: jconv.max_pool_vjp(X, X, (1,), **flag),
        "keepdims": lambda **flag: jconv.global_max_pool(X, **flag),
    }
    for name, call in calls.items():
        with pytest.raises(GeometryError, match=f"{name}=.*True or False"):
            call(**{name: wrong})


UNKNOWN = {
    "vjp": lambda: jconv.max_pool_vjp(X, X, (1,), paddding=1),
    "unpool": lambda: jconv.max_unpool(
        X, X.astype(int), (1,), output_shape=X.shape, paddding=1
    ),
}


@pytest.mark.parametrize("call", UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_keyword_is_told_the_known_ones(call):
    with pytest.raises(GeometryError, match=r"paddding=1.*stride, padding, dilation"):
        call()


@pytest.mark.parametrize("shape", [None, 6, {1, 4}, "141", (1, 4), (1, 4.0, 1)])
def test_a_shape_is_a_sequence_of_sizes(shape):
    with pytest.raises(GeometryError, match=r"output_shape=.*3 sizes"):
        jconv.max_unpool(X, X.astype(int), (1,), output_shape=shape)
    with pytest.raises(GeometryError, match=r"input_shape=.*3 sizes"):
        jconv.sum_pool_vjp(X, (1,), input_shape=shape)


def test_arrays_are_as_good_as_numbers():
    """As arguments, also those without a dimension."""
    y = jconv.max_pool(
        X, np.array([2]), stride=jnp.array(1), padding=np.array([[1, 0]])
    )
    assert y.shape == (1, 4, 1)
    assert jconv.adaptive_avg_pool(X, np.array(2)).shape == (1, 2, 1)
    assert jconv.subsample(X, np.array(2)).shape == (1, 2, 1)
    dy = jnp.ones((1, 2, 1))
    assert jconv.sum_pool_vjp(dy, 2, input_shape=jnp.array(X.shape)).shape == X.shape


DIMENSIONS = {
    "no-spatial-axis": (
        lambda: jconv.global_max_pool(jnp.ones((4, 1))),
        ["x.shape=(4, 1)", "batch axis", "spatial axis", "rank=1"],
    ),
    "no-spatial-axis-backward": (
        lambda: jconv.global_avg_pool_vjp(jnp.ones(1), input_shape=(4, 1)),
        ["x.shape=(4, 1)", "rank=1"],
    ),
    "no-channels": (
        lambda: jconv.global_sum_pool(jnp.ones(4), channel_axis=None),
        ["x.shape=(4,)", "batch axis", "rank=1"],
    ),
    "unpool-rank": (
        lambda: jconv.max_unpool(
            jnp.ones((2, 1)), jnp.ones((2, 1), int), output_shape=(4, 1)
        ),
        ["x.shape=(4, 1)", "rank=1"],
    ),
    "rank-large": (
        lambda: jconv.global_max_pool(X, rank=3),
        ["rank=3", "0 to 2", "(1, 4, 1)"],
    ),
    "rank-float": (lambda: jconv.global_max_pool(X, rank=1.0), ["rank=1.0", "0 to 2"]),
    "rank-negative": (lambda: jconv.global_max_pool(X, rank=-1), ["rank=-1", "0 to 2"]),
}


@pytest.mark.parametrize(("call", "words"), DIMENSIONS.values(), ids=DIMENSIONS)
def test_too_few_dimensions_are_told_by_the_argument_that_is_wrong(call, words):
    with pytest.raises(GeometryError) as found:
        call()
    told = str(found.value)
    assert [word for word in words if word not in told] == [], told
    assert "window" not in told


@pytest.mark.parametrize("pool", [jconv.max_pool, jconv.adaptive_max_pool])
def test_truth_values_are_refused_without_talk_of_sums(pool):
    with pytest.raises(GeometryError, match=r"x.dtype='bool'.*astype") as found:
        pool(X > 0, 2)
    assert "sum" not in str(found.value)
