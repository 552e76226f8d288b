"""Planted faults that only numbers show; ``tests.faults`` registers them."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from jconv import numerics, signal
from jconv.algorithms import taps
from jconv.algorithms.parts import toom_tiles, undilated
from jconv.primitive import derivatives
from tests.planting import fault

CONTINUOUS = "tests/test_continuous.py::test_a_polynomials_derivative"
NUMERICAL = "tests/test_continuous.py::test_a_gradient_is_as_exact_as_its_dtype"

BOUND = "tests/test_rounding.py::test_the_bound_of_a_sum_is_highams"
DILATED = (
    "tests/test_winograd.py::test_dilated_windows_are_dense_ones_of_every_remainder"
)
WINOGRAD = "tests/test_winograd.py::test_every_role_is_within_the_bound"
BITS = "tests/test_rounding.py::test_products_keep_every_bit"


@fault(signal, "_geometry", claim="backward.continuous", test=CONTINUOUS)
def full_convolution_shifted(right: Any) -> Any:
    """The full convolution begins one place late."""

    def wrong(*arguments: Any) -> Any:
        found = right(*arguments)
        axes = tuple(dataclasses.replace(axis, low=axis.low - 1) for axis in found.axes)
        return dataclasses.replace(found, axes=axes)

    return wrong


@fault(signal, "_geometry", claim="backward.difference", test=CONTINUOUS)
def correlates_where_it_should_convolve(right: Any) -> Any:
    """The second sequence runs forwards."""

    def wrong(*arguments: Any) -> Any:
        found = right(*arguments)
        axes = tuple(
            dataclasses.replace(
                axis,
                kernel_dilation=-axis.kernel_dilation,
                low=axis.low - (axis.n_kernel - 1) * -axis.kernel_dilation,
            )
            for axis in found.axes
        )
        return dataclasses.replace(found, axes=axes)

    return wrong


@fault(derivatives, "contract", claim="backward.numerical", test=NUMERICAL)
def gradient_off_by_a_millionth(right: Any) -> Any:
    """A derivative is too large by one part in a million."""
    return lambda *operands, **params: right(*operands, **params) * (1 + 1e-6)


@fault(numerics, "gamma", claim="dtype.rounding", test=BOUND)
def bound_forgets_the_number_of_terms(right: Any) -> Any:
    """The bound is that of a single rounding, however long the sum."""
    return lambda n, dtype: right(min(n, 1), dtype)


@fault(numerics, "direct_sum_bound", claim="dtype.rounding", test=BOUND)
def bound_a_thousand_times_too_large(right: Any) -> Any:
    """The bound is so loose that it says nothing."""
    return lambda *arguments: 1000 * right(*arguments)


@fault(taps, "contract", claim="dtype.precision", test=BITS)
def products_of_eight_bits(right: Any) -> Any:
    """Products are taken in bfloat16, whatever precision was asked for."""

    def wrong(first: Any, labels: Any, second: Any, *rest: Any, **options: Any) -> Any:
        narrow = first.astype(jnp.bfloat16).astype(first.dtype)
        return right(narrow, labels, second, *rest, **options)

    return wrong


@fault(toom_tiles, "_sums", claim="backward.rounding", test=WINOGRAD)
def transform_takes_an_entry_twice(right: Any) -> Any:
    """Winograd's transforms take the last entry of every sum twice."""

    def wrong(arrays: Any, *rest: Any) -> Any:
        return right([*arrays[:-1], 2 * arrays[-1]], *rest)

    return wrong


@fault(undilated.Undilated, "other", claim="backward.rounding", test=DILATED)
def remainders_take_turns(right: Any) -> Any:
    """Of a dilated axis, each remainder's cotangents stand at the next one."""

    def wrong(self: Any, other: Any) -> Any:
        parted = right(self, other)
        for n, axis in enumerate(self.apart):
            if axis.n_kernel == 1:
                parted = jnp.roll(parted, 1, 2 + n)
        return parted

    return wrong
