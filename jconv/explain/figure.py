"""The picture of a convolution: its windows, its matrix both ways, and T itself."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jconv.explain.sizes import relation
from jconv.explain.sums import terms
from jconv.verify.figures.style import (
    FAINT,
    INK,
    INPUT,
    KERNEL,
    OUTPUT,
    SETTINGS,
    SOFT,
    TINT,
)

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from jconv.explain.subject import Subject
    from jconv.geometry import Axis, Geometry

MATRIX_SHOWN = 48
"""Rows and columns of the matrix that are drawn; the rest is said in words."""

NAMED = 16
"""Up to this many rows and columns every entry has its name."""

WINDOWS_SHOWN, POSITIONS_SHOWN = 8, 22
POINTS_SHOWN = 12

AXIS_NAMES = {
    1: ("",),
    2: (", rows", ", columns"),
    3: (", depth", ", rows", ", columns"),
}


def write(subject: Subject, path: Path) -> None:
    """Draw, and write to a file whose ending says the format.

    Raises:
        OSError: if it cannot be written.
    """
    import matplotlib as mpl  # noqa: PLC0415 (slow to load)

    metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
    with mpl.rc_context(SETTINGS):
        draw(subject).savefig(path, dpi=130, facecolor="white", metadata=metadata)


def draw(subject: Subject) -> Figure:
    """Windows of each axis above; the matrix, its transpose and T below."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    geometry = subject.geometry
    rows = max(min(axis.n_output, WINDOWS_SHOWN) for axis in geometry.axes)
    heights = (1.1 + 0.34 * rows, 4.1)
    figure = Figure(figsize=(12.6, sum(heights)), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=heights)
    above, below = parts
    panels = np.atleast_1d(above.subplots(1, geometry.rank))
    for axes, axis, name in zip(
        panels, geometry.axes, AXIS_NAMES[geometry.rank], strict=True
    ):
        _windows(axes, axis, f"windows{name}:  {relation(axis)}")
    places = below.add_gridspec(1, 3, width_ratios=(1.1, 1, 1))
    forward = matrix(geometry)
    _matrix(below.add_subplot(places[0]), forward, "y = A x", ("input", "output"))
    transposed = forward.T
    title = "dx = Aᵀ dy: the same matrix, transposed"
    _matrix(below.add_subplot(places[1]), transposed, title, ("output", "input"))
    axes = below.add_subplot(places[2], projection="3d")
    _pattern(axes, geometry.axes[0], AXIS_NAMES[geometry.rank][0])
    return figure


def matrix(geometry: Geometry) -> NDArray[np.int64]:
    """Which weight stands where in the matrix of x -> y, counted from 1; 0 is none.

    Only the upper left corner of a large matrix.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> matrix(Geometry.from_call((4,), (3,)))
        array([[1, 2, 3, 0],
               [0, 1, 2, 3]])
    """
    n_output, n_input = map(math.prod, (geometry.output_shape, geometry.input_shape))
    found = np.zeros((min(n_output, MATRIX_SHOWN), min(n_input, MATRIX_SHOWN)), int)
    outputs = itertools.product(*map(range, geometry.output_shape))
    for row, index in enumerate(itertools.islice(outputs, len(found))):
        for i, k in terms(geometry, "output", index):
            column = int(np.ravel_multi_index(i, geometry.input_shape))
            if column < found.shape[1]:
                weight = int(np.ravel_multi_index(k, geometry.kernel_shape))
                found[row, column] = weight + 1
    return found


def _windows(axes: Axes, axis: Axis, title: str) -> None:
    """The inputs at their positions, and under them the taps of each output."""
    begin = min(0, -axis.pad_low)
    dilated = axis.input_dilation * max(0, axis.n_input - 1) + 1
    end = min(max(dilated, dilated + axis.pad_high), begin + POSITIONS_SHOWN)
    shown = min(axis.n_output, WINDOWS_SHOWN)
    present = set()
    for p in range(begin, end):
        i, hole = divmod(p, axis.input_dilation)
        exists = not hole and 0 <= i < axis.n_input
        present |= {p} if exists else set()
        _cell(axes, p, 0, f"x{i}" if exists else "", INPUT, solid=exists)
    for o in range(shown):
        for k in range(axis.n_kernel):
            p = axis.stride * o + axis.kernel_dilation * k - axis.low
            if p < end:
                _cell(axes, p, o + 1.35, f"w{k}", KERNEL, solid=p in present)
        words = f"y{o}  ="
        axes.text(begin - 0.4, o + 1.85, words, ha="right", va="center", color=OUTPUT)
    cut = []
    if shown < axis.n_output:
        cut.append(f"the first {shown} of {axis.n_output} outputs")
    if end < dilated + axis.pad_high:
        cut.append(f"the first {end - begin} positions")
    axes.set_title(title, color=INK)
    if cut:
        axes.set_xlabel(", ".join(cut), color=SOFT)
    axes.set(xlim=(begin - 2.4, end + 0.2), ylim=(shown + 1.6, -0.2), aspect="equal")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _cell(
    axes: Axes, x: float, y: float, words: str, color: str, *, solid: bool
) -> None:
    """One unit square; dashed where nothing is."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    axes.add_patch(
        Rectangle(
            (x, y),
            1,
            1,
            facecolor=TINT[color] if solid else "white",
            edgecolor=color if solid else FAINT,
            linestyle="-" if solid else (0, (3, 2)),
            linewidth=1,
            zorder=3 if solid else 2,
        )
    )
    size = 9 if len(words) < 3 else 7.5
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size}
    axes.text(x + 0.5, y + 0.5, words, color=INK if solid else SOFT, zorder=4, **style)


def _matrix(
    axes: Axes, entries: NDArray[np.int64], title: str, names: tuple[str, str]
) -> None:
    """One colour per weight; white where no weight is."""
    axes.set_title(title, color=INK)
    rows, columns = entries.shape
    if not entries.size:
        axes.text(0.5, 0.5, "no entries", ha="center", color=SOFT)
        axes.set_axis_off()
        return
    count = max(1, int(entries.max(initial=1)))
    shown = np.where(entries == 0, np.nan, entries)
    shades = _shades(count)
    axes.imshow(shown, cmap=shades.cmap, norm=shades.norm)
    axes.set_xlabel(f"{names[0]} index", color=SOFT)
    axes.set_ylabel(f"{names[1]} index", color=SOFT)
    few = max(rows, columns) <= NAMED
    for ticks, n in ((axes.set_xticks, columns), (axes.set_yticks, rows)):
        ticks(np.arange(n + 1) - 0.5, minor=True)
        ticks(np.arange(0, n, 1 if few else 8))
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", color=FAINT, linewidth=0.4)
    size = 8 if rows < 12 else 6
    if few:
        for row, column in zip(*np.nonzero(entries), strict=True):
            name = f"w{entries[row, column] - 1}"
            style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size}
            axes.text(column, row, name, color=INK, **style)
    if MATRIX_SHOWN in entries.shape:
        axes.set_xlabel(f"{names[0]} index (corner of the matrix)", color=SOFT)


def _shades(count: int) -> Any:
    """Weight, counted from 1 -> its colour: shades of the kernel's."""
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415
    from matplotlib.colors import Normalize  # noqa: PLC0415

    return ScalarMappable(Normalize(-0.4 * count, 1.5 * count), "YlOrBr")


def _pattern(axes: Axes, axis: Axis, name: str) -> None:
    """T[o, k, i] as points; those of one tap are joined."""
    drawn = []
    for k in range(min(axis.n_kernel, POINTS_SHOWN)):
        tap = axis.tap(k)
        met = [
            (tap.output[0] + tap.output[1] * j, tap.input[0] + tap.input[1] * j)
            for j in range(min(tap.length, POINTS_SHOWN))
        ]
        met = [pair for pair in met if max(pair) < POINTS_SHOWN]
        if met:
            o, i = zip(*met, strict=True)
            (line,) = axes.plot(i, o, [k] * len(o), "o-", linewidth=1.2, markersize=5)
            line.set_color(_shades(axis.n_kernel).to_rgba(k + 1))
            drawn.append(k)
    axes.set_title(f"T[o, k, i]{name}: the one pattern\nof y, dx and dw", color=INK)
    axes.set_xlabel("input i", color=INPUT)
    axes.set_ylabel("output o", color=OUTPUT)
    axes.set_zlabel("tap k", color=KERNEL)  # type: ignore[attr-defined]
    axes.set_zticks(drawn)  # type: ignore[attr-defined]
    axes.view_init(22, -62)  # type: ignore[attr-defined]
    axes.set_box_aspect(None, zoom=0.87)  # type: ignore[call-arg]
    sizes = (axes.set_xticks, axis.n_input), (axes.set_yticks, axis.n_output)
    for ticks, size in sizes:
        n = min(size, POINTS_SHOWN)
        ticks(range(0, n, 1 if n < 9 else 2))
