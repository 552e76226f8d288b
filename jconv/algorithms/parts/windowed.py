"""A convolution seen as windows of one operand: what gathering algorithms start from.

The ordinary form of a convolution, and the textbook form of its input derivative, are
one and the same thing: a *source* (the input; or the cotangent) of which every result
reads a window, a kernel that weighs it, and strides that do not divide. The kernel's
derivative contracts the same windows with the other array instead:

    result[r] = sum over k of  source[s r + d k - low]  kernel[k]
    kernel[k] = sum over r of  source[s r + d k - low]  other[r]

Here arrays have one batch axis and no groups:

    source (e, n, *S, c)      kernel (e, *K, c, m)      result, other (e, n, *R, m)
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from jax import lax

from jconv.algorithms import costs
from jconv.algorithms.protocol import concrete, result_shape
from jconv.geometry import OPERANDS, Axis, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shape, Shapes


@dataclasses.dataclass(frozen=True)
class Windowed:
    """One way to see a contraction as windows of a source.

    Attributes:
        source: the role whose windows are gathered.
        axes: per spatial axis the relation of source ("input"), kernel and result
            ("output"), with a positive kernel dilation.
        flip: per spatial axis, whether the kernel stands in it reversed.
    """

    source: Role
    axes: tuple[Axis, ...]
    flip: tuple[bool, ...]

    @property
    def other(self) -> Role:
        """The role that has one entry per window."""
        return "output" if self.source == "input" else "input"

    @property
    def window(self) -> tuple[int, ...]:
        """Kernel sizes."""
        return tuple(axis.n_kernel for axis in self.axes)

    @property
    def places(self) -> tuple[int, ...]:
        """How many windows there are along each axis."""
        return tuple(axis.n_output for axis in self.axes)

    def channels(self, shapes: Shapes) -> tuple[int, int]:
        """(channels of the source, channels of the other) per group."""
        if "kernel" in shapes:
            pair = (shapes["kernel"][-3], shapes["kernel"][-1])
        else:
            pair = (shapes["input"][-1], shapes["output"][-1])
        return pair if self.source == "input" else pair[::-1]


def views(
    geometry: Geometry, out: Role, *, dilated: bool = False
) -> tuple[Windowed, ...]:
    """The ways to see a contraction as windows.

    A result can be read from its source only. For a kernel's derivative either operand
    may be the source. Those with a dilated source are left out unless asked for.
    """
    sources: dict[Role, tuple[Role, ...]] = {
        "output": ("input",),
        "input": ("output",),
        "kernel": ("input", "output"),
    }
    found = []
    for source in sources[out]:
        ordinary = geometry.as_convolution("output" if source == "input" else "input")
        axes = ordinary.geometry.axes
        if dilated or all(axis.input_dilation == 1 for axis in axes):
            found.append(Windowed(source, axes, ordinary.flip_kernel))
    return tuple(found)


def at_every_place(geometry: Geometry, out: Role) -> Windowed | None:
    """The first way in which windows begin at every place, if there is one."""
    for view in views(geometry, out):
        if all(axis.stride == 1 for axis in view.axes):
            return view
    return None


def unsuitable(
    geometry: Geometry, shapes: Shapes, out: Role, *, dilated: bool = False
) -> str | None:
    """Why a contraction cannot be seen as windows of arrays without groups."""
    if geometry.groups > 1:
        return "it takes no groups; 'grouped' and 'depthwise' do"
    if not geometry.rank:
        return "without spatial axes there is no window to gather"
    if any(not isinstance(n, int) for shape in shapes.values() for n in shape):
        return "it must know every size, also the batch's"
    if not dilated and not views(geometry, out):
        return "windows lie between the entries of a dilated array; 'phases' parts them"
    arrays = (*shapes.values(), result_shape(geometry, shapes, out))
    if not all(math.prod(shape) for shape in arrays):
        return "an array is empty"
    return None


def merged_source(array: Array, rank: int) -> Array:
    """(e, *batch, *S, 1, c) -> (e, n, *S, c)."""
    spatial = array.shape[array.ndim - 2 - rank : -2]
    return lax.reshape(
        array, (array.shape[0], _batch(array.shape, rank), *spatial, array.shape[-1])
    )


def ordinary_kernel(kernel: Array, view: Windowed) -> Array:
    """(e, *K, c, 1, m) -> (e, *K, source channels, other channels), unflipped."""
    kernel = lax.squeeze(kernel, [kernel.ndim - 2])
    return _oriented(kernel, view)


def original_kernel(kernel: Array, view: Windowed) -> Array:
    """The inverse of ``ordinary_kernel``."""
    kernel = _oriented(kernel, view)
    return lax.expand_dims(kernel, [kernel.ndim - 1])


def kernel_seconds(
    view: Windowed, shapes: Shapes, dtype: DTypeLike, platform: str | None
) -> float:
    """What it takes to turn a kernel that the source's channels do not lead."""
    kernel = shapes.get("kernel")
    if view.source == "input" or kernel is None:
        return 0.0
    return costs.transpose_seconds(costs.bytes_of(kernel, dtype), platform)


def _oriented(kernel: Array, view: Windowed) -> Array:
    """Exchange the channels, if the source is the output, and undo flips."""
    if view.source == "output":
        last = kernel.ndim - 1
        kernel = lax.transpose(kernel, [*range(last - 1), last, last - 1])
    return unflipped(kernel, view)


def unflipped(kernel: Array, view: Windowed) -> Array:
    """(e, *K, ...) as it stands in the view's relation."""
    flipped = [a for a, flip in enumerate(view.flip, 1) if flip]
    return lax.rev(kernel, flipped) if flipped else kernel


def source_precision(precision: Precision, view: Windowed, out: Role) -> Precision:
    """The pair of precisions as (the source's, the other operand's)."""
    first_is_source = OPERANDS[out][0] == view.source
    return precision if first_is_source or precision is None else precision[::-1]


def _batch(shape: Shape, rank: int) -> int:
    """Product of the batch sizes of (e, *batch, *S, g, c)."""
    return math.prod(concrete(shape)[1 : len(shape) - 2 - rank])
