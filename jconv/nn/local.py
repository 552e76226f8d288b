"""The locally connected layer: a convolution that shares no weights."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
from jax.tree_util import register_static

from jconv.geometry import Integers, Padding
from jconv.geometry.checks import at_least
from jconv.local import conv_local
from jconv.nn.convolution import Conv
from jconv.nn.initialisers import Initialiser, he_normal
from jconv.nn.layer import Layer, Params, Shape, State, Window
from jconv.nn.weights import kernel_and_bias

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike


@register_static
@dataclasses.dataclass(frozen=True)
class LocallyConnected(Layer):
    """A kernel of its own at every place: (*output, *kernel, c_in // groups, features).

    Attributes:
        features: channels of the output.
        kernel_size: the kernels' spatial size, one int for all axes.
        stride: as in ``jconv.conv_local``, like all up to ``groups``.
        padding: see there.
        kernel_dilation: see there.
        groups: see there.
        bias: whether a number per place and output channel is added.
        initialiser: of the kernels; the bias starts at 0.

    Examples:
        Without sharing, the size of the image enters the number of weights:

        >>> from jconv.nn import parameter_count
        >>> parameter_count(LocallyConnected(1, 5, bias=False), (32, 32, 3))
        58800
    """

    features: int
    kernel_size: Integers
    stride: Integers = 1
    padding: Padding = "valid"
    kernel_dilation: Integers = 1
    groups: int = 1
    bias: bool = True
    initialiser: Initialiser = he_normal

    def __post_init__(self) -> None:
        """Refuse what is no number of features."""
        super().__post_init__()
        at_least(1, features=self.features)

    def _as_conv(self) -> Conv:
        """The layer that shares its kernels; the relation is the same."""
        fields = dataclasses.fields(self)
        return Conv(**{each.name: getattr(self, each.name) for each in fields})

    def init(
        self, key: Array, input_shape: Shape, dtype: DTypeLike = jnp.float32
    ) -> tuple[Params, State]:
        """Make {"kernel", "bias"}."""
        geometry = self._as_conv().geometry(input_shape)
        taps, depth = geometry.kernel_shape, input_shape[-1] // self.groups
        fans = {
            "fan_in": math.prod(taps) * depth,
            "fan_out": math.prod(taps) * (self.features // self.groups),
        }
        places = (*geometry.output_shape, self.features)
        shape = (*geometry.output_shape, *taps, depth, self.features)
        return kernel_and_bias(self, key, shape, places, fans, dtype), ()

    def forward(self, params: Params, x: Array) -> Array:
        """Apply each place's kernel, and add its bias."""
        options = self._as_conv().options()
        del options["padding_mode"], options["method"]
        y = conv_local(x, params["kernel"], **options)
        return y + params["bias"][None] if "bias" in params else y

    def windows(self, input_shape: Shape) -> tuple[Window, ...]:
        """The kernel's."""
        return self._as_conv().windows(input_shape)

    def flop(self, input_shape: Shape) -> int:
        """That of the convolution."""
        return self._as_conv().flop(input_shape)
