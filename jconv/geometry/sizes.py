"""Size formulas: how large an output, a kernel, a receptive field or a cost is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jconv.errors import GeometryError
from jconv.geometry.checks import at_least, is_integer, not_zero, sizes
from jconv.geometry.extents import dilated_size, window_span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jconv.geometry.nd import Geometry


def output_size(
    n_input: int,
    n_kernel: int,
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
    kernel_dilation: int = 1,
    input_dilation: int = 1,
) -> int:
    """How many windows fit: ``floor((padded - window) / stride) + 1``, at least 0.

    Examples:
        >>> output_size(28, 3), output_size(32, 5, stride=3), output_size(5, 3, 2, 1)
        (26, 10, 3)
    """
    at_least(0, n_input=n_input, n_kernel=n_kernel)
    at_least(1, stride=stride, input_dilation=input_dilation)
    not_zero(kernel_dilation=kernel_dilation)
    pads: Any = (padding, padding) if is_integer(padding) else padding
    pair = isinstance(pads, tuple | list) and len(pads) == 2
    if not pair or not all(map(is_integer, pads)):
        raise GeometryError.of("padding", padding, "an int or a (low, high) pair")
    low, high = pads
    dilated = dilated_size(n_input, input_dilation)
    window = window_span(n_kernel, kernel_dilation)
    return max(0, (dilated + low + high - window) // stride + 1)


def kernel_size_from_output(n_input: int, n_output: int, stride: int = 1) -> int:
    """The largest kernel that gives ``n_output`` outputs without padding.

    Raises:
        GeometryError: if no kernel gives that many.

    Examples:
        >>> kernel_size_from_output(28, 26), kernel_size_from_output(32, 10, stride=3)
        (3, 5)
    """
    at_least(0, n_input=n_input)
    at_least(1, n_output=n_output, stride=stride)
    n_kernel = n_input - stride * (n_output - 1)
    if n_kernel < 1:
        raise GeometryError.of(
            "n_output",
            n_output,
            f"between 1 and {(n_input - 1) // stride + 1} for n_input={n_input} and "
            f"stride={stride}",
        )
    return n_kernel


def receptive_field(layers: Iterable[tuple[int, int] | tuple[int, int, int]]) -> int:
    """How many inputs one output of a stack of layers depends on, along one axis.

    Args:
        layers: (n_kernel, stride) or (n_kernel, stride, kernel_dilation) per layer, the
            first layer first.

    Raises:
        GeometryError: if a layer is no such tuple.

    Examples:
        Two 3-wide layers see as far as one 5-wide layer:

        >>> receptive_field([(3, 1), (3, 1)]), receptive_field([(7, 2), (3, 2)])
        (5, 11)
    """
    field, jump = 1, 1
    for layer in layers:
        if not isinstance(layer, tuple | list) or len(layer) not in (2, 3):
            expected = "(n_kernel, stride) or (n_kernel, stride, kernel_dilation)"
            raise GeometryError.of("layers", layer, expected)
        n_kernel, stride, dilation = (*layer, 1)[:3]
        at_least(1, n_kernel=n_kernel, stride=stride)
        not_zero(kernel_dilation=dilation)
        field += abs(dilation) * (n_kernel - 1) * jump
        jump *= stride
    return field


def parameter_count(
    kernel_shape: Sequence[int],
    c_in: int,
    c_out: int,
    groups: int = 1,
    *,
    bias: bool = False,
) -> int:
    """The number of weights of a convolution layer; the image's size does not enter.

    Raises:
        GeometryError: if ``groups`` does not divide both channel counts.

    Examples:
        >>> parameter_count((5, 5), 3, 1), parameter_count((3, 3), 128, 64)
        (75, 73728)
    """
    kernel_shape = sizes("kernel_shape", kernel_shape)
    at_least(1, groups=groups)
    at_least(0, c_in=c_in, c_out=c_out)
    for name, channels in (("c_in", c_in), ("c_out", c_out)):
        if channels % groups:
            raise GeometryError.of("groups", groups, f"a divisor of {name}={channels}")
    return math.prod(kernel_shape) * (c_in // groups) * c_out + bias * c_out


def flop_count(geometry: Geometry, batch: int, c_in: int, c_out: int) -> int:
    """Floating point operations that are needed: two per product that exists.

    Products with padding or between the zeros of a dilated input are not counted. The
    count is the same for the convolution and for both of its derivatives.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> flop_count(Geometry.from_call((5,), (3,)), batch=1, c_in=1, c_out=1)
        18
    """
    at_least(0, batch=batch, c_in=c_in, c_out=c_out)
    for name, channels in (("c_in", c_in), ("c_out", c_out)):
        if channels % geometry.groups:
            divisor = f"a multiple of groups={geometry.groups}"
            raise GeometryError.of(name, channels, divisor)
    return 2 * geometry.pair_count * batch * c_in * (c_out // geometry.groups)
