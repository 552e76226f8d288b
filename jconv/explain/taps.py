"""Which taps make each output along one axis, as rows of text."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jconv.explain.shown import all_positions

if TYPE_CHECKING:
    from jconv.geometry import Axis

ROWS_SHOWN = 9
"""More outputs than these are cut in the middle."""

COLUMNS_SHOWN = 26
"""A picture of more positions than these would not fit a terminal."""


@dataclasses.dataclass(frozen=True)
class Window:
    """One output along one axis.

    Attributes:
        output: its index.
        inputs: the inputs it sees, in order of the taps, as a slice or a list.
        taps: the taps that meet them, likewise.
        absent: how many taps meet padding or a hole.
    """

    output: int
    inputs: str
    taps: str
    absent: int


def window(axis: Axis, o: int) -> Window:
    """One output's inputs and taps.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> window(Geometry.from_call((7,), (3,), stride=2, padding=1).axes[0], 0)
        Window(output=0, inputs='x[0], x[1]', taps='w[1], w[2]', absent=1)
    """
    found = axis.progression("output", o)
    return Window(
        output=o,
        inputs=_listed("x", *found.input, found.length),
        taps=_listed("w", *found.kernel, found.length),
        absent=axis.n_kernel - found.length,
    )


def outputs_shown(axis: Axis) -> list[int | None]:
    """The outputs to list; None stands for those left out.

    Examples:
        >>> from jconv.geometry import Axis
        >>> outputs_shown(Axis(5, 3, 3)), outputs_shown(Axis(99, 3, 97))[3:6]
        ([0, 1, 2], [3, None, 94])
    """
    n, ends = axis.n_output, ROWS_SHOWN // 2 - 1
    if n <= ROWS_SHOWN:
        return list(range(n))
    return [*range(ends + 1), None, *range(n - ends, n)]


def picture(axis: Axis) -> list[tuple[str, list[str]]] | None:
    """Rows of cells: the inputs at their positions, and each output's taps below.

    A dot is a position without an input: padding, or a hole of a dilated input. A tap
    that stands on one is written in brackets: it contributes nothing.

    Returns:
        (name, cells) per row, or None if the picture would be too wide or too high.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> axis = Geometry.from_call((3,), (2,), stride=2, padding=(1,)).axes[0]
        >>> for name, cells in picture(axis):
        ...     print(f"{name:4}", *(f"{cell:4}" for cell in cells))
        x    ·    0    1    2
        y[0] (w0) w1
        y[1]           w0   w1
    """
    places = all_positions(axis)
    begin, end = places.start, places.stop
    if end - begin > COLUMNS_SHOWN or axis.n_output > ROWS_SHOWN:
        return None
    header = []
    for p in places:
        i, hole = divmod(p, axis.input_dilation)
        header.append("·" if hole or not 0 <= i < axis.n_input else str(i))
    rows = [("x", header)]
    for o in range(axis.n_output):
        cells = [""] * (end - begin)
        for k in range(axis.n_kernel):
            p = axis.stride * o + axis.kernel_dilation * k - axis.low - begin
            cells[p] = f"w{k}" if header[p] != "·" else f"(w{k})"
        rows.append((f"y[{o}]", cells))
    return rows


def _listed(name: str, start: int, step: int, length: int) -> str:
    """An arithmetic progression of indices, as a list if short.

    Examples:
        >>> _listed("x", 2, 3, 3), _listed("x", 0, 2, 9), _listed("x", 0, 1, 0)
        ('x[2], x[5], x[8]', 'x[0], x[2], … x[16]', 'none')
    """
    if length == 0:
        return "none"
    cut = length > 4
    shown = [0, 1, length - 1] if cut else range(length)
    *others, last = (f"{name}[{start + step * j}]" for j in shown)
    return ", ".join([*others, f"… {last}" if cut else last])
