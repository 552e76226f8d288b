"""Planted faults that only numbers show; ``tests.faults`` registers them."""

from __future__ import annotations

import dataclasses
from typing import Any

from jconv import signal
from jconv.primitive import derivatives
from tests.planting import fault

CONTINUOUS = "tests/test_continuous.py::test_a_polynomials_derivative"
NUMERICAL = "tests/test_continuous.py::test_a_gradient_is_as_exact_as_its_dtype"


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
