"""Shapes as users pass them: what is taken, and what is told of the rest."""

from __future__ import annotations

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv import GeometryError
from jconv.shapes import as_shape

(B,) = jax.export.symbolic_shape("b")


@pytest.mark.parametrize(
    "shape", [[2, 3], (2, 3), np.array([2, 3]), jnp.array([2, 3]), range(2, 4)]
)
def test_any_sequence_of_sizes_is_one(shape):
    assert as_shape("shape", shape) == (2, 3)
    assert all(type(size) is int for size in as_shape("shape", shape))


def test_symbolic_sizes_stay_what_they_are():
    assert as_shape("shape", (B, 2 * B, 3)) == (B, 2 * B, 3)


WRONG = [
    None,
    6,
    "23",
    b"23",
    {2, 3},
    {2: 0},
    (2, -1),
    (2, 1.0),
    (True, 2),
    (object(),),
]


@pytest.mark.parametrize("shape", WRONG)
def test_everything_else_is_told_to_be_none(shape):
    with pytest.raises(GeometryError, match=r"shape=.*one size of at least 0"):
        as_shape("shape", shape)
    with pytest.raises(GeometryError, match="input_shape="):
        jconv.conv_input_vjp(jnp.ones((4, 4)), jnp.ones((3, 2, 4)), input_shape=shape)


def test_the_number_of_sizes_is_told_where_it_is_known():
    with pytest.raises(GeometryError, match=r"shape=\(2, 3\).*3 sizes"):
        as_shape("shape", (2, 3), 3)


@pytest.mark.parametrize("window", [{5, 3}, 3, None])
def test_a_window_is_ordered_too(window):
    with pytest.raises(GeometryError, match=r"window=.*one size of at least 0"):
        jconv.extract_patches(np.ones((1, 9, 9, 1)), window)
