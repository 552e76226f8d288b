"""Convolution from scratch in JAX, its derivatives convolutions: shown, proved."""

from jconv import geometry, lax, rules
from jconv.conv import conv, conv_transpose
from jconv.errors import GeometryError, UnsupportedError
from jconv.primitive import checkpoint_convs
from jconv.signal import convolve, correlate
from jconv.vjp import conv_input_vjp, conv_kernel_vjp

__all__ = [
    "GeometryError",
    "UnsupportedError",
    "checkpoint_convs",
    "conv",
    "conv_input_vjp",
    "conv_kernel_vjp",
    "conv_transpose",
    "convolve",
    "correlate",
    "geometry",
    "lax",
    "rules",
]
