"""The convolutional layer."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from jax.tree_util import register_static

from jconv.algorithms import AUTO, check_method
from jconv.borders import check_mode
from jconv.conv import conv
from jconv.geometry import Geometry, Integers, Padding, flop_count
from jconv.geometry import parameter_count as kernel_count
from jconv.geometry.checks import at_least
from jconv.geometry.padding import per_axis
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
    from collections.abc import Callable

    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms import Method


@register_static
@dataclasses.dataclass(frozen=True)
class Conv(Layer):
    """Convolve with learned kernels (*kernel, c_in // groups, features), add a bias.

    The rank is the input's: ``Conv(8, 3)`` on (28, 28, 1) has a 3 x 3 kernel.

    Attributes:
        features: channels of the output.
        kernel_size: the kernel's spatial size, one int for all axes.
        stride: as in ``jconv.conv``, like all up to ``method``.
        padding: see there.
        kernel_dilation: see there.
        groups: see there.
        padding_mode: see there.
        method: see there.
        bias: whether a number per output channel is added.
        initialiser: of the kernel; the bias starts at 0.
        operation: the convolution itself; whoever compares routes puts in another one.

    Examples:
        >>> import jax
        >>> layer = Conv(16, 3, stride=2, padding="same")
        >>> layer.output_shape((28, 28, 3))
        (14, 14, 16)
        >>> params, state = layer.init(jax.random.key(0), (28, 28, 3))
        >>> params["kernel"].shape, params["bias"].shape
        ((3, 3, 3, 16), (16,))
    """

    features: int
    kernel_size: Integers
    stride: Integers = 1
    padding: Padding = "valid"
    kernel_dilation: Integers = 1
    groups: int = 1
    padding_mode: str = "zeros"
    method: Method = AUTO
    bias: bool = True
    initialiser: Initialiser = he_normal
    operation: Callable[..., Array] = conv

    def __post_init__(self) -> None:
        """Refuse what is wrong for inputs of any shape."""
        super().__post_init__()
        at_least(1, features=self.features)
        check_mode(self.padding_mode)
        check_method(self.method)

    def geometry(self, input_shape: Shape) -> Geometry:
        """The relation for inputs of a shape.

        Raises:
            GeometryError: if there is none.
        """
        *spatial, c_in = checked_shape(self, input_shape, EXPECTED)
        kernel = per_axis("kernel_size", self.kernel_size, len(spatial))
        # Refuses groups that do not divide the channels:
        kernel_count(kernel, c_in, self.features, self.groups)
        return Geometry.from_call(
            spatial,
            kernel,
            stride=self.stride,
            padding=self.padding,
            kernel_dilation=self.kernel_dilation,
            groups=self.groups,
        )

    def init(
        self, key: Array, input_shape: Shape, dtype: DTypeLike = jnp.float32
    ) -> tuple[Params, State]:
        """Make {"kernel", "bias"}."""
        taps = self.geometry(input_shape).kernel_shape
        fans = {
            "fan_in": math.prod(taps) * (input_shape[-1] // self.groups),
            "fan_out": math.prod(taps) * (self.features // self.groups),
        }
        shape = (*taps, input_shape[-1] // self.groups, self.features)
        return kernel_and_bias(self, key, shape, (self.features,), fans, dtype), ()

    def forward(self, params: Params, x: Array) -> Array:
        """Convolve, and add the bias."""
        y = self.operation(x, params["kernel"], **self.options())
        return with_bias(y, params)

    def options(self) -> dict[str, Any]:
        """The arguments of ``jconv.conv``."""
        return {
            "stride": self.stride,
            "padding": self.padding,
            "kernel_dilation": self.kernel_dilation,
            "groups": self.groups,
            "padding_mode": self.padding_mode,
            "method": self.method,
        }

    def windows(self, input_shape: Shape) -> tuple[Window, ...]:
        """The kernel's."""
        axes = self.geometry(input_shape).axes
        return tuple((a.n_kernel, a.stride, a.kernel_dilation) for a in axes)

    def flop(self, input_shape: Shape) -> int:
        """Two for every product that exists."""
        geometry = self.geometry(input_shape)
        if self.padding_mode == "zeros":
            return flop_count(geometry, 1, input_shape[-1], self.features)
        products = math.prod(geometry.output_shape) * math.prod(geometry.kernel_shape)
        return 2 * products * input_shape[-1] * self.features // self.groups


def with_conv(operation: Callable[..., Array], layer: Layer) -> Layer:
    """The network with another convolution in every ``Conv``; nothing else changes.

    Args:
        operation: takes what ``jconv.conv`` takes.
        layer: the network.

    Examples:
        A convolution that tells what it is given:

        >>> from jconv import conv
        >>> from jconv.nn import Conv, Flatten, Sequential
        >>> def telling(x, w, **options):
        ...     print(x.shape, w.shape, options["stride"])
        ...     return conv(x, w, **options)
        >>> net = with_conv(telling, Sequential((Conv(8, 3, stride=2), Flatten())))
        >>> net.output_shape((9, 9, 1))
        (1, 9, 9, 1) (3, 3, 1, 8) 2
        (128,)
    """
    return map_operations(lambda own: operation, layer)


def map_operations(
    function: Callable[[Callable[..., Array]], Callable[..., Array]], layer: Layer
) -> Layer:
    """The network with a function of its own convolution in every ``Conv``.

    Args:
        function: from a layer's operation to another one.
        layer: the network.
    """

    def changed(each: Layer) -> Layer:
        if isinstance(each, Conv):
            return dataclasses.replace(each, operation=function(each.operation))
        return each

    return map_layers(changed, layer)
