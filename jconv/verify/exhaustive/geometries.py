"""Every small geometry, once: those with the same table of taps are the same.

Two geometries whose relation has the same triples (o, k, i) and the same sizes have the
same three contractions, however their strides, dilations and paddings are written. The
plainest way to write each table stands for it.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import TYPE_CHECKING

from jconv.errors import GeometryError
from jconv.geometry import Axis, Geometry
from jconv.reference import relation

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Ranges:
    """What is run through; the defaults are those of the exhaustive proof.

    Attributes:
        n_input: sizes of the input.
        n_kernel: sizes of the kernel.
        stride: strides.
        kernel_dilation: dilations of the kernel, the plainest first.
        input_dilation: dilations of the input.
        pads: low and high padding.
        planes: how many two-dimensional geometries are added, two in three of them
            in two groups.
    """

    n_input: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    n_kernel: tuple[int, ...] = (1, 2, 3, 4)
    stride: tuple[int, ...] = (1, 2, 3, 4)
    kernel_dilation: tuple[int, ...] = (1, 2, 3, -1, -2, -3)
    input_dilation: tuple[int, ...] = (1, 2, 3)
    pads: tuple[int, ...] = (0, 1, 2, 3, -1)
    planes: int = 96

    @property
    def written(self) -> int:
        """How many ways of writing a geometry these are, empty ones included."""
        sizes = len(self.n_input) * len(self.n_kernel) * len(self.pads) ** 2
        steps = len(self.stride) * len(self.kernel_dilation) * len(self.input_dilation)
        return sizes * steps


@functools.lru_cache(maxsize=4)
def every_geometry(ranges: Ranges) -> tuple[Geometry, ...]:
    """One geometry per table of taps in one dimension, then planes.

    Examples:
        >>> tiny = Ranges((1, 2), (1, 2), (1,), (1,), (1,), (0,), planes=0)
        >>> every_geometry(tiny)
        (Geometry(1 input, 1 kernel, 1 output),
        Geometry(2 input, 1 kernel, 2 output),
        Geometry(2 input, 2 kernel, 1 output))
    """
    axes = tuple(_distinct(ranges))
    lines = [Geometry((axis,)) for axis in axes]
    return (*lines, *_planes(axes, ranges.planes))


def _distinct(ranges: Ranges) -> Iterator[Axis]:
    """The axes with a table of taps of their own, the plainest first."""
    seen = set()
    for n_input, n_kernel, hole, step, stride, low, high in itertools.product(
        ranges.n_input,
        ranges.n_kernel,
        ranges.input_dilation,
        ranges.kernel_dilation,
        ranges.stride,
        ranges.pads,
        ranges.pads,
    ):
        try:
            geometry = Geometry.from_call(
                (n_input,),
                (n_kernel,),
                stride=stride,
                padding=((low, high),),
                kernel_dilation=step,
                input_dilation=hole,
            )
        except GeometryError:  # no window fits
            continue
        (axis,) = geometry.axes
        table = relation(axis)
        key = (table.shape, table.tobytes())
        if key not in seen:
            seen.add(key)
            yield axis


def _planes(axes: tuple[Axis, ...], count: int) -> Iterator[Geometry]:
    """Two-dimensional geometries, of axes from all over the list.

    The relation of a plane is the conjunction of its axes' relations, so these check
    the code for several axes and groups, not further arithmetic.
    """
    small = [axis for axis in axes if axis.n_input <= 4 and 0 < axis.n_output <= 4]
    for n in range(count if small else 0):
        rows, columns = (small[n * step % len(small)] for step in (37, 101))
        yield Geometry((rows, columns), groups=1 if n % 3 == 2 else 2)
