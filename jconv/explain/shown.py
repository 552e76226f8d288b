"""Which indices a picture shows of sizes too large for it: those where something is.

A picture of a few indices has to choose them. It begins at the first output that sees
an input: behind wide padding, or where cropping leaves the first inputs out, the first
indices of all would show nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jconv.geometry.extents import dilated_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jconv.geometry import Axis, Geometry

LOOKED_AT = 1000
"""Outputs that are looked at, at most; holes between inputs repeat sooner."""


def around(index: int, size: int, count: int) -> range:
    """``count`` indices that begin at one, or end at the last.

    Examples:
        >>> around(5, 30, 8), around(29, 30, 8), around(5, 6, 8)
        (range(5, 13), range(22, 30), range(0, 6))
    """
    begin = max(0, min(index, size - count))
    return range(begin, min(size, begin + count))


def first_met(axis: Axis) -> tuple[int, int, int]:
    """(o, k, i) of the first output that sees an input; zeros if there is none.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> first_met(Geometry.from_call((3,), (3,), padding=20).axes[0])
        (18, 2, 0)
    """
    dilated = dilated_size(axis.n_input, axis.input_dilation)
    # The first window that reaches beyond position 0.
    begin = max(0, (axis.pad_low - axis.span) // axis.stride + 1)
    end = min(axis.n_output, (dilated + axis.pad_low - 1) // axis.stride + 1)
    for o in range(begin, min(end, begin + LOOKED_AT)):
        found = axis.progression("output", o)
        if found.length:
            ends = (0, found.length - 1)
            place, slope = found.input
            j = min(ends, key=lambda j: place + slope * j)
            return o, found.kernel[0] + found.kernel[1] * j, place + slope * j
    return 0, 0, 0


def positions(axis: Axis, outputs: range, count: int) -> range:
    """The positions of the padded input that are shown for these outputs.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> axis = Geometry.from_call((200,), (3,), padding=((-60, 5),)).axes[0]
        >>> positions(axis, range(8), 22)
        range(60, 82)
    """
    whole = all_positions(axis)
    start = axis.stride * outputs.start - axis.pad_low if outputs else 0
    begin = around(start - whole.start, whole.stop - whole.start, count)
    return range(begin.start + whole.start, begin.stop + whole.start)


def all_positions(axis: Axis) -> range:
    """Those of the inputs, of the holes between them, and of the padding."""
    dilated = dilated_size(axis.n_input, axis.input_dilation)
    high = axis.pad_high if axis.n_output else 0  # that of a last window
    return range(min(0, -axis.pad_low), max(dilated, dilated + high))


def corner(geometry: Geometry, count: int) -> tuple[range, range]:
    """Rows and columns of the matrix of x -> y that are shown.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> corner(Geometry.from_call((200,), (3,), padding=((-60, 5),)), 48)
        (range(0, 48), range(60, 108))
    """
    met = [first_met(axis) for axis in geometry.axes]
    found = []
    for place, sizes in ((0, geometry.output_shape), (2, geometry.input_shape)):
        index = flat([each[place] for each in met], sizes)
        found.append(around(index, math.prod(sizes), count))
    return found[0], found[1]


def flat(index: Sequence[int], sizes: Sequence[int]) -> int:
    """Where an entry stands in row-major order; NumPy's allows no sizes so large.

    Examples:
        >>> flat((1, 2), (3, 4)), spread(6, (3, 4))
        (6, (1, 2))
    """
    place = 0
    for each, size in zip(index, sizes, strict=True):
        place = place * size + each
    return place


def spread(place: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """The index of an entry from where it stands in row-major order."""
    index: list[int] = []
    for size in reversed(sizes):
        place, here = divmod(place, size)
        index.insert(0, here)
    return tuple(index)


def told(name: str, shown: range, size: int) -> list[str]:
    """What is said of indices of which not all are shown.

    Examples:
        >>> told("outputs", range(2, 10), 30), told("outputs", range(3), 3)
        (['outputs 2 to 9 of 30'], [])
    """
    if len(shown) == size:
        return []
    return [f"{name} {shown[0]} to {shown[-1]} of {size}"]
