"""Convolution from scratch in JAX, its derivatives convolutions: shown, proved."""

from jconv import geometry, lax, rules
from jconv.conv import conv, conv_transpose
from jconv.errors import GeometryError, UnsupportedError
from jconv.local import conv_local, conv_local_input_vjp, conv_local_kernel_vjp
from jconv.patches import extract_patches, fold_patches
from jconv.per_example import per_example_kernel_norms, per_example_kernel_vjp
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
    "conv_local",
    "conv_local_input_vjp",
    "conv_local_kernel_vjp",
    "conv_transpose",
    "convolve",
    "correlate",
    "extract_patches",
    "fold_patches",
    "geometry",
    "lax",
    "per_example_kernel_norms",
    "per_example_kernel_vjp",
    "rules",
]
