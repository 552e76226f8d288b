"""The textbook rules: the ordinary convolution that computes an output, dx or dw.

*Ordinary* means what every library offers: cross-correlation with a positive kernel
dilation d. Write s for the stride, e for the input dilation, K for the kernel's size,
and start from the relation of one axis,

    s o + d k = e i + low.                                                          (*)

**dx.** The cotangent dy is the new input (i' = o) and dx the new output (o' = i), so
(*) reads ``e o' - d k = s i' - low``. For d > 0 the kernel runs backwards; flipping it,
k = K - 1 - k', gives

    e o' + d k' = s i' + (d (K - 1) - low):                                        (dx)

stride e, input dilation s ("the stride becomes zeros between the cotangents"), padding
d (K - 1) - low ("full minus the forward padding"). For d < 0 the kernel is already
backwards, and (*) itself is ordinary: ``e o' + |d| k = s i' - low``.

**dw.** The cotangent is the new kernel (k' = o) and dw the new output (o' = k). For
d > 0, (*) reads

    d o' + s k' = e i + low:                                                       (dw)

stride d, kernel dilation s, the same padding. For d < 0 the result comes out reversed:
with k = K - 1 - o', ``|d| o' + s k' = e i + low - d (K - 1)``.

**The convolution itself** with d < 0 is ordinary after flipping the kernel:
``s o + |d| k' = e i + low - d (K - 1)``.

References:
    V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
    https://arxiv.org/abs/1603.07285, 2016 (relations 8 to 14).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jconv.geometry.axis import Axis, Role


@dataclasses.dataclass(frozen=True)
class OrdinaryAxis:
    """One axis of an ordinary convolution that computes a role of another one.

    Attributes:
        axis: the ordinary convolution's relation, its kernel dilation positive.
        flip_kernel: whether its kernel is the given array reversed.
        flip_result: whether its result is the wanted array reversed.
    """

    axis: Axis
    flip_kernel: bool = False
    flip_result: bool = False


def as_ordinary(axis: Axis, out: Role) -> OrdinaryAxis:
    """The ordinary convolution along one axis that computes role ``out``."""
    return _RULES[out](axis)


def _output_rule(axis: Axis) -> OrdinaryAxis:
    """The convolution itself, its kernel flipped if it ran backwards."""
    if axis.kernel_dilation > 0:
        return OrdinaryAxis(axis)
    flipped = dataclasses.replace(
        axis, kernel_dilation=-axis.kernel_dilation, low=axis.low - axis.reach
    )
    return OrdinaryAxis(flipped, flip_kernel=True)


def _input_rule(axis: Axis) -> OrdinaryAxis:
    """Equation (dx)."""
    flip = axis.kernel_dilation > 0
    transposed = dataclasses.replace(
        axis,
        n_input=axis.n_output,
        n_output=axis.n_input,
        stride=axis.input_dilation,
        kernel_dilation=abs(axis.kernel_dilation),
        input_dilation=axis.stride,
        low=(axis.reach if flip else 0) - axis.low,
    )
    return OrdinaryAxis(transposed, flip_kernel=flip)


def _kernel_rule(axis: Axis) -> OrdinaryAxis:
    """Equation (dw)."""
    flip = axis.kernel_dilation < 0
    swapped = dataclasses.replace(
        axis,
        n_kernel=axis.n_output,
        n_output=axis.n_kernel,
        stride=abs(axis.kernel_dilation),
        kernel_dilation=axis.stride,
        low=axis.low - (axis.reach if flip else 0),
    )
    return OrdinaryAxis(swapped, flip_result=flip)


_RULES = {"output": _output_rule, "input": _input_rule, "kernel": _kernel_rule}
