"""Planted faults of the pools; ``faults`` imports them."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np

from jconv.geometry import Windows
from jconv.pool import backward, extremes, gathered, held, shares, sums, vjp
from jconv.pool.arguments import Pooling
from tests.planting import fault

LOOP = "tests/test_pool.py::test_pools_and_their_derivatives_equal_a_loop_over_windows"
ROWS = (
    "tests/test_pool_more.py::"
    "test_the_first_of_equal_entries_is_the_first_in_row_major_order"
)
NAN = "tests/test_pool.py::test_nan_propagates_and_receives_the_derivative"
LEAST = (
    "tests/test_pool.py::test_integers_stay_integers_and_the_least_one_is_no_padding"
)

CONSTANT = "tests/test_pool_explicit.py::test_counts_of_a_mean_are_no_arithmetic"
GATHER = (
    "tests/test_pool_adaptive.py::"
    "test_a_gathers_transpose_is_what_jax_derives_without_its_scatter"
)
EXPLICIT = (
    "tests/test_pool_explicit.py::"
    "test_global_pools_explicit_derivatives_equal_the_derived_ones"
)


@fault(extremes.Extreme, "entries", claim="pool.max.ties", test=ROWS)
def last_of_equal_entries_wins(right: Any) -> Any:
    """The last of several largest entries takes the cotangent, not the first."""
    return lambda self, arrays, present: right(self, arrays[::-1], present[::-1])


@fault(Pooling, "steps", claim="pool.max.ties", test=ROWS)
def column_major_first(right: Any) -> Any:
    """The first column wins where the first row should: rows are merged too early."""
    return property(lambda self: right.fget(self)[::-1])


@fault(vjp, "tie_count", claim="pool.max.ties", test=LOOP)
def split_forgets_to_divide(right: Any) -> Any:
    """Every tied entry receives the full cotangent where it should be split."""
    return lambda *arguments: jnp.ones_like(right(*arguments))


@fault(extremes, "attains", claim="pool.max.backward", test=NAN)
def nan_receives_nothing(right: Any) -> Any:
    """A NaN equals nothing, itself included, so its cotangent is lost."""

    def wrong(entry: Any, extreme: Any, present: Any) -> Any:
        hit = entry == extreme
        return hit if present is None else hit & present

    return wrong


@fault(Windows, "counts", claim="pool.avg.border", test=LOOP)
def border_divides_by_the_whole_window(right: Any) -> Any:
    """At a border the mean divides by the window's size."""

    def wrong(self: Any, *, padding: bool = False) -> Any:
        each = zip(self.axes, right(self, padding=padding), strict=True)
        return tuple((axis.n_kernel,) * len(counts) for axis, counts in each)

    return wrong


@fault(held, "holders", claim="pool.avg.backward", test=LOOP)
def overlap_not_added(right: Any) -> Any:
    """An input receives from one of the windows that hold it, not from all."""
    return lambda axis: 1


@fault(backward, "divided", claim="pool.avg.backward", test=LOOP)
def mean_back_forgets_to_divide(right: Any) -> Any:
    """The mean's cotangent is given to every entry in full."""
    return lambda dy, *_: dy


@fault(sums, "divided", claim="pool.avg.border", test=CONSTANT)
def counts_are_added_up_at_run_time(right: Any) -> Any:
    """The mean divides by a sum of ones, which the program has to work out."""

    def wrong(total: Any, pooling: Any, count_padding: Any) -> Any:
        ones = jnp.ones(pooling.input_shape(total.shape), total.dtype)
        count = sums.sum_windows(ones, pooling)
        return total / jnp.maximum(count, jnp.ones_like(count))

    return wrong


@fault(shares.BySoftmax, "given", claim="pool.backward.explicit", test=EXPLICIT)
def soft_share_of_all_in_full(right: Any) -> Any:
    """Every entry of a soft maximum receives the whole cotangent."""
    return lambda self, x, dim, dy, *facts: dy


@fault(gathered, "_entries_back", claim="pool.backward.explicit", test=GATHER)
def windows_answer_in_reverse(right: Any) -> Any:
    """The transposed gather asks the last window where it should ask the first."""
    return lambda y, *, dim, axis: right(jnp.flip(y, dim + 1), dim=dim, axis=axis)


@fault(Windows, "from_call", claim="pool.max.forward", test=LOOP)
def window_starts_one_late(right: Any) -> Any:
    """The low padding of a pool is one too small."""

    def wrong(*arguments: Any, **options: Any) -> Any:
        found = right(*arguments, **options)
        axes = [dataclasses.replace(axis, low=axis.low - 1) for axis in found.axes]
        return dataclasses.replace(found, axes=tuple(axes))

    return wrong


@fault(extremes, "worst", claim="pool.max.forward", test=LEAST)
def padding_holds_zeros(right: Any) -> Any:
    """Padding is 0 for a maximum, and beats negative numbers."""
    return lambda dtype, *, smallest: np.zeros((), dtype)
