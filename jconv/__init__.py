"""Convolution from scratch in JAX, whose derivatives are convolutions: shown, proved."""

from jconv import geometry
from jconv.conv import conv, conv_input_vjp, conv_kernel_vjp, conv_transpose
from jconv.errors import GeometryError, UnsupportedError
from jconv.primitive import checkpoint_convs

__all__ = [
    "GeometryError",
    "UnsupportedError",
    "checkpoint_convs",
    "conv",
    "conv_input_vjp",
    "conv_kernel_vjp",
    "conv_transpose",
    "geometry",
]
