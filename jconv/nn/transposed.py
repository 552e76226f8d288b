"""The transposed convolutional layer."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
from jax.tree_util import register_static

from jconv.algorithms import AUTO, check_method
from jconv.conv import conv_transpose
from jconv.geometry import Geometry, Integers, Padding, flop_count
from jconv.geometry import parameter_count as kernel_count
from jconv.geometry.checks import at_least
from jconv.geometry.padding import per_axis
from jconv.nn.convolution import Conv
from jconv.nn.initialisers import Initialiser, he_normal
from jconv.nn.layer import (
    Layer,
    Params,
    Shape,
    State,
    Window,
    checked_shape,
    map_layers,
)
from jconv.nn.weights import EXPECTED, kernel_and_bias, with_bias

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms import Method


@register_static
@dataclasses.dataclass(frozen=True)
class ConvTranspose(Layer):
    """Apply the adjoint of a convolution: kernel (*kernel, features // groups, c_in).

    All arguments are those of the *forward* convolution, from ``features`` to c_in
    channels; with stride s the output is about s times as large.

    Attributes:
        features: channels of the output.
        kernel_size: the kernel's spatial size, one int for all axes.
        stride: as in ``jconv.conv_transpose``, like all up to ``method``.
        padding: see there.
        output_padding: see there.
        kernel_dilation: see there.
        groups: see there.
        method: see there.
        bias: whether a number per output channel is added.
        initialiser: of the kernel; the bias starts at 0.

    Examples:
        >>> ConvTranspose(8, 4, stride=2, padding=1).output_shape((7, 7, 16))
        (14, 14, 8)
    """

    features: int
    kernel_size: Integers
    stride: Integers = 1
    padding: Padding = "valid"
    output_padding: Integers = 0
    kernel_dilation: Integers = 1
    groups: int = 1
    method: Method = AUTO
    bias: bool = True
    initialiser: Initialiser = he_normal

    def __post_init__(self) -> None:
        """Refuse what is no number of features."""
        super().__post_init__()
        at_least(1, features=self.features)
        check_method(self.method)

    def init(
        self, key: Array, input_shape: Shape, dtype: DTypeLike = jnp.float32
    ) -> tuple[Params, State]:
        """Make {"kernel", "bias"}."""
        *spatial, c_in = checked_shape(self, input_shape, EXPECTED)
        taps = per_axis("kernel_size", self.kernel_size, len(spatial))
        strides = per_axis("stride", self.stride, len(spatial))
        kernel_count(taps, c_in, self.features, self.groups)
        # One input in ``stride`` meets a given tap of a given output.
        share = math.prod(taps) / math.prod(strides)
        fans = {
            "fan_in": share * (c_in // self.groups),
            "fan_out": math.prod(taps) * (self.features // self.groups),
        }
        shape = (*taps, self.features // self.groups, c_in)
        return kernel_and_bias(self, key, shape, (self.features,), fans, dtype), ()

    def forward(self, params: Params, x: Array) -> Array:
        """Apply the adjoint, and add the bias."""
        y = conv_transpose(
            x,
            params["kernel"],
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            kernel_dilation=self.kernel_dilation,
            groups=self.groups,
            method=self.method,
        )
        return with_bias(y, params)

    def windows(self, input_shape: Shape) -> tuple[Window, ...]:
        """Not told: an output sees now more, now fewer inputs."""
        return ()

    def flop(self, input_shape: Shape) -> int:
        """That of the forward convolution."""
        *spatial, c_in = input_shape
        *larger, _ = self.output_shape(input_shape)
        forward = Geometry.from_call(
            larger,
            per_axis("kernel_size", self.kernel_size, len(spatial)),
            stride=self.stride,
            padding=self.padding,
            kernel_dilation=self.kernel_dilation,
            groups=self.groups,
        )
        return flop_count(forward, 1, self.features, c_in)


def with_method(method: Method, layer: Layer) -> Layer:
    """The network with every convolution, also transposed, by a method.

    Args:
        method: as in ``jconv.conv``.
        layer: the network.

    Examples:
        >>> from jconv.nn import Conv, Flatten, Sequential
        >>> net = Sequential((Conv(8, 3), Flatten()))
        >>> with_method("fast", net).layers[0].method
        'fast'
    """

    def changed(each: Layer) -> Layer:
        if isinstance(each, Conv | ConvTranspose):
            return dataclasses.replace(each, method=method)
        return each

    return map_layers(changed, layer)
