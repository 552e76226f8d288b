"""What pools refuse, in words that are true of them."""

from __future__ import annotations

import jax.numpy as jnp
import pytest

import jconv
from jconv.errors import GeometryError

X = jnp.ones((1, 4, 1))


@pytest.mark.parametrize("wrong", ["yes", 1, None])
def test_a_flag_is_true_or_false(wrong):
    with pytest.raises(GeometryError, match=r"count_padding=.*True or False"):
        jconv.avg_pool(X, 2, count_padding=wrong)
    with pytest.raises(GeometryError, match=r"count_padding=.*True or False"):
        jconv.avg_pool_vjp(X, (1,), input_shape=X.shape, count_padding=wrong)


@pytest.mark.parametrize("pool", [jconv.max_pool, jconv.adaptive_max_pool])
def test_truth_values_are_refused_without_talk_of_sums(pool):
    with pytest.raises(GeometryError, match=r"x.dtype='bool'.*astype") as found:
        pool(X > 0, 2)
    assert "sum" not in str(found.value)
