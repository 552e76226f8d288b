"""What loops work on, and functions that are compiled once for all their calls."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jconv.algorithms.parts.buffers import function, pad
from jconv.algorithms.parts.platforms import traced_for
from jconv.algorithms.parts.turns import origins, stacked


@pytest.mark.parametrize("many", [1, 3])
@pytest.mark.parametrize("few", [1, 4])
def test_blocks_of_an_example_follow_each_other(many, few):
    begin = jax.jit(origins((many, 2), (few, 5)))
    found = [tuple(map(int, begin(turn))) for turn in range(many * few)]
    assert found == [(2 * a, 5 * b) for a in range(many) for b in range(few)]


def test_what_turns_give_is_stacked():
    twice, thrice = jax.jit(lambda: stacked(4, lambda n: (2 * n, [3 * n])))()
    assert np.array_equal(twice, [0, 2, 4, 6])
    assert np.array_equal(thrice[0], [0, 3, 6, 9])


def functions_and_calls(program, *arrays):
    """How many functions a lowered program has beside the main one, and calls."""
    with traced_for("cpu"):
        text = jax.jit(program).lower(*arrays).as_text()
    return text.count("func.func private"), text.count("call @")


def test_a_function_is_lowered_once_for_all_its_calls():
    add = function(lambda x, y: x + y)
    x = jnp.ones((2, 1, 3))
    assert functions_and_calls(lambda x: add(add(x, x), x), x) == (1, 2)

    def add_one_of_its_own(x):
        return function(lambda x: x + 1)(x)

    twice = functions_and_calls(lambda x: add_one_of_its_own(add_one_of_its_own(x)), x)
    assert twice == (2, 2)


def test_a_pad_is_that_of_lax():
    x, config = jnp.arange(6.0).reshape(2, 3), [(1, -1, 2), (0, 4, 1)]
    assert np.array_equal(pad(x, 7.0, config), jax.lax.pad(x, 7.0, config))
