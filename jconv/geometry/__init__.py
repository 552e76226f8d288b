"""All shape arithmetic of convolution: plain integers, no arrays, no JAX.

Read in this order: ``checks`` and ``extents`` (an argument, a window), ``axis`` (the
relation), ``textbook`` (the backward rules), ``nd`` (several axes), ``padding``,
``transposed`` and ``sizes`` (what users write and ask), ``windows`` (of pools),
``phases`` (a stride taken apart), ``slabs`` (an axis divided among devices).
"""

from jconv.geometry.axis import OPERANDS, ROLES, Axis, Progression, Role
from jconv.geometry.nd import Geometry, OrdinaryConvolution
from jconv.geometry.padding import Integers, Padding, resolve_padding, same_padding
from jconv.geometry.sizes import (
    flop_count,
    kernel_size_from_output,
    output_size,
    parameter_count,
    receptive_field,
)
from jconv.geometry.slabs import Slab
from jconv.geometry.textbook import OrdinaryAxis
from jconv.geometry.windows import Windows

__all__ = [
    "OPERANDS",
    "ROLES",
    "Axis",
    "Geometry",
    "Integers",
    "OrdinaryAxis",
    "OrdinaryConvolution",
    "Padding",
    "Progression",
    "Role",
    "Slab",
    "Windows",
    "flop_count",
    "kernel_size_from_output",
    "output_size",
    "parameter_count",
    "receptive_field",
    "resolve_padding",
    "same_padding",
]
