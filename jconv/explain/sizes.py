"""The output's size, with the formula filled in."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jconv.geometry import ROLES, flop_count

if TYPE_CHECKING:
    from jconv.explain.subject import Subject
    from jconv.geometry import Axis

INDICES_COUNTED = 100_000
"""Counting products takes a step for every index of an axis's smallest role."""

FORMULA = (
    "outputs = max(0, ⌊(input_dilation·(inputs − 1) + 1 + low + high "
    "− (|kernel_dilation|·(taps − 1) + 1)) / stride⌋ + 1)"
)


@dataclasses.dataclass(frozen=True)
class Size:
    """How one axis of the output comes to its size.

    Attributes:
        filled: the formula with this axis's numbers, and their result; no number of
            outputs is below 0.
        dilated: positions of the input with its holes.
        span: positions that one window covers.
        unused: positions at the high end that no window reaches.
    """

    filled: str
    dilated: int
    span: int
    unused: int


def explained(axis: Axis, padding: tuple[int, int]) -> Size:
    """The formula filled in for one axis.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> explained(Geometry.from_call((32,), (5,), stride=3).axes[0], (0, 0)).filled
        '⌊(32 − 5) / 3⌋ + 1 = 10'
        >>> g = Geometry.from_call((4,), (3,), padding=1, kernel_dilation=2,
        ...                        input_dilation=3)
        >>> explained(g.axes[0], (1, 1)).filled
        '⌊((3·3 + 1) + 1 + 1 − (2·2 + 1)) / 1⌋ + 1 = 8'
        >>> explained(Geometry.from_call((0,), (3,)).axes[0], (0, 0)).filled
        'max(0, ⌊(0 − 3) / 1⌋ + 1) = 0'
    """
    low, high = padding
    dilated = axis.input_dilation * max(0, axis.n_input - 1) + bool(axis.n_input)
    room = dilated + low + high
    size = _extent(axis.n_input, axis.input_dilation)
    window = _extent(axis.n_kernel, abs(axis.kernel_dilation))
    pads = "".join(f" {'+' if n > 0 else '−'} {abs(n)}" for n in (low, high) if n)
    places = f"⌊({size}{pads} − {window}) / {axis.stride}⌋ + 1"
    if (room - axis.span) // axis.stride + 1 < axis.n_output:
        places = f"max(0, {places})"
    filled = f"{places} = {axis.n_output}"
    covered = axis.stride * (axis.n_output - 1) + axis.span if axis.n_output else 0
    return Size(filled, dilated, axis.span, max(0, room - covered))


def relation(axis: Axis) -> str:
    """The relation of one axis, with its numbers.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> relation(Geometry.from_call((7,), (3,), stride=2, padding=1).axes[0])
        '2·o + k = i + 1'
        >>> relation(Geometry.from_call((7,), (3,), kernel_dilation=-1).axes[0])
        'o − k = i − 2'
    """
    kernel = abs(axis.kernel_dilation)
    left = _times(axis.stride, "o")
    left += f" {'+' if axis.kernel_dilation > 0 else '−'} {_times(kernel, 'k')}"
    right = _times(axis.input_dilation, "i")
    if axis.low:
        right += f" {'+' if axis.low > 0 else '−'} {abs(axis.low)}"
    return f"{left} = {right}"


def sizes(subject: Subject) -> list[Size]:
    """One per axis."""
    pairs = zip(subject.geometry.axes, subject.padding, strict=True)
    return [explained(axis, padding) for axis, padding in pairs]


def flop(subject: Subject) -> int | None:
    """Operations that are needed, or None if there are too many to count singly.

    Examples:
        >>> from jconv.explain.subject import Subject
        >>> flop(Subject.from_call((5,), (3,)))
        18
        >>> flop(Subject.from_call((10**20,), (10**15,)))
    """
    axes = subject.geometry.axes
    if any(min(map(axis.size, ROLES)) > INDICES_COUNTED for axis in axes):
        return None
    return flop_count(subject.geometry, subject.batch, subject.c_in, subject.c_out)


def _extent(count: int, dilation: int) -> str:
    """Positions that entries take which stand so far apart; none take none."""
    return str(count) if dilation == 1 or not count else f"({dilation}·{count - 1} + 1)"


def _times(factor: int, name: str) -> str:
    """A product without a factor of 1."""
    return name if factor == 1 else f"{factor}·{name}"
