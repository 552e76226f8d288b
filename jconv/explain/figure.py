"""The picture of a convolution: its windows, its matrix both ways, and T itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jconv.explain.shown import (
    all_positions,
    around,
    corner,
    first_met,
    flat,
    positions,
    spread,
    told,
)
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

TICKS_SHOWN = 6
"""Numbers along an axis of T, where they stand close together."""

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
    heights = (1.4 + 0.34 * rows, 4.1)
    figure = Figure(figsize=(12.6, sum(heights)), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=heights)
    above, below = parts
    panels = np.atleast_1d(above.subplots(1, geometry.rank))
    for axes, axis, name in zip(
        panels, geometry.axes, AXIS_NAMES[geometry.rank], strict=True
    ):
        _windows(axes, axis, f"windows{name}, counted from 0\n{relation(axis)}")
    places = below.add_gridspec(1, 3, width_ratios=(1.1, 1, 1))
    part = corner(geometry, MATRIX_SHOWN)
    forward = matrix(geometry, *part)
    outputs, inputs = ("output", part[0]), ("input", part[1])
    axes = below.add_subplot(places[0])
    _matrix(axes, geometry, forward, "y = A x", outputs, inputs)
    axes = below.add_subplot(places[1])
    title = "dx = Aᵀ dy: the same matrix, transposed"
    _matrix(axes, geometry, forward.T, title, inputs, outputs)
    axes = below.add_subplot(places[2], projection="3d")
    _pattern(axes, geometry.axes[0], AXIS_NAMES[geometry.rank][0])
    return figure


def matrix(
    geometry: Geometry, rows: range | None = None, columns: range | None = None
) -> NDArray[np.int64]:
    """Which weight stands where in the matrix of x -> y, counted from 1; 0 is none.

    Args:
        geometry: the convolution.
        rows: outputs, which are counted through all axes; by default the first ones.
        columns: inputs, likewise.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> matrix(Geometry.from_call((4,), (3,)))
        array([[1, 2, 3, 0],
               [0, 1, 2, 3]])
    """
    n_output, n_input = map(math.prod, (geometry.output_shape, geometry.input_shape))
    rows = range(min(n_output, MATRIX_SHOWN)) if rows is None else rows
    columns = range(min(n_input, MATRIX_SHOWN)) if columns is None else columns
    found = np.zeros((len(rows), len(columns)), int)
    for row, place in enumerate(rows):
        for i, k in terms(geometry, "output", spread(place, geometry.output_shape)):
            column = flat(i, geometry.input_shape)
            if column >= columns.stop:
                break  # inputs come in rising order
            if column in columns:
                weight = 1 + flat(k, geometry.kernel_shape)
                found[row, column - columns.start] = weight
    return found


def _windows(axes: Axes, axis: Axis, title: str) -> None:
    """The inputs at their positions, and under them the taps of each output."""
    outputs = around(first_met(axis)[0], axis.n_output, WINDOWS_SHOWN)
    shown = positions(axis, outputs, POSITIONS_SHOWN)
    present = set()
    for p in shown:
        i, hole = divmod(p, axis.input_dilation)
        exists = not hole and 0 <= i < axis.n_input
        present |= {p} if exists else set()
        _cell(axes, p, 0, f"x{i}" if exists else "", INPUT, solid=exists)
    for row, o in enumerate(outputs):
        for p in shown:
            k, between = divmod(p + axis.low - axis.stride * o, axis.kernel_dilation)
            if not between and 0 <= k < axis.n_kernel:
                _cell(axes, p, row + 1.35, f"w{k}", KERNEL, solid=p in present)
        style: dict[str, Any] = {"ha": "right", "va": "center", "color": OUTPUT}
        axes.text(shown.start - 0.4, row + 1.85, f"y{o}  =", **style)
    cut = told("outputs", outputs, axis.n_output)
    whole = all_positions(axis)
    if len(shown) < whole.stop - whole.start:
        cut.append(f"{len(shown)} of {whole.stop - whole.start} positions")
    axes.set_title(title, color=INK)
    if cut:
        axes.set_xlabel(", ".join(cut), color=SOFT)
    axes.set(xlim=(shown.start - 2.4, shown.stop + 0.2))
    axes.set(ylim=(len(outputs) + 1.6, -0.2), aspect="equal", xticks=[], yticks=[])
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
    axes: Axes,
    geometry: Geometry,
    entries: NDArray[np.int64],
    title: str,
    rows: tuple[str, range],
    columns: tuple[str, range],
) -> None:
    """One colour per weight; white where no weight is."""
    axes.set_title(title, color=INK)
    if not entries.size:
        axes.text(0.5, 0.5, "no entries", ha="center", color=SOFT)
        axes.set_axis_off()
        return
    shades = _shades(max(1, math.prod(geometry.kernel_shape)))
    shown = np.where(entries == 0, np.nan, entries)
    axes.imshow(shown, cmap=shades.cmap, norm=shades.norm)
    few = max(entries.shape) <= NAMED
    for side, (name, indices) in (("x", columns), ("y", rows)):
        sizes = geometry.output_shape if name == "output" else geometry.input_shape
        part = " (a part)" if len(indices) < math.prod(sizes) else ""
        ticks = np.arange(0, len(indices), 1 if few else 8)
        names = [str(indices[n]) for n in ticks]
        axes.set(**{f"{side}label": f"{name} index{part}", f"{side}ticks": ticks})
        axes.set(**{f"{side}ticklabels": names})
        side_axis = getattr(axes, f"{side}axis")
        side_axis.label.set_color(SOFT)
        side_axis.set_ticks(np.arange(len(indices) + 1) - 0.5, minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", color=FAINT, linewidth=0.4)
    if few:
        size = 8 if len(entries) < 12 else 6
        for row, column in zip(*np.nonzero(entries), strict=True):
            name = _weight(int(entries[row, column]) - 1, geometry.kernel_shape)
            style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size}
            axes.text(column, row, name, color=INK, **style)


def _weight(place: int, kernel_shape: tuple[int, ...]) -> str:
    """A weight's name: ``w3`` on a line, ``w10`` for row 1, column 0 of an image.

    Examples:
        >>> _weight(3, (4,)), _weight(2, (2, 2)), _weight(21, (2, 20))
        ('w3', 'w10', 'w1,1')
    """
    index = spread(place, kernel_shape)
    between = "," if len(index) > 1 and max(kernel_shape) > 10 else ""
    return f"w{between.join(map(str, index))}"


def _shades(count: int) -> Any:
    """Weight, counted from 1 -> its colour: shades of the kernel's."""
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415
    from matplotlib.colors import Normalize  # noqa: PLC0415

    return ScalarMappable(Normalize(-0.4 * count, 1.5 * count), "YlOrBr")


def _pattern(axes: Axes, axis: Axis, name: str) -> None:
    """T[o, k, i] as points; those of one tap are joined."""
    sizes = (axis.n_output, axis.n_kernel, axis.n_input)
    outputs, taps, inputs = (
        around(index, size, POINTS_SHOWN)
        for index, size in zip(first_met(axis), sizes, strict=True)
    )
    for k in taps:
        met = _met(axis, k, outputs, inputs)
        if met:
            o, i = zip(*met, strict=True)
            (line,) = axes.plot(i, o, [k] * len(o), "o-", linewidth=1.2, markersize=5)
            line.set_color(_shades(axis.n_kernel).to_rgba(k + 1))
    axes.set_title(f"T[o, k, i]{name}: the one pattern\nof y, dx and dw", color=INK)
    axes.set_xlabel("input i", color=INPUT)
    axes.set_ylabel("output o", color=OUTPUT)
    axes.set_zlabel("tap k", color=KERNEL)  # type: ignore[attr-defined]
    axes.view_init(22, -62)  # type: ignore[attr-defined]
    axes.set_box_aspect(None, zoom=0.87)  # type: ignore[call-arg]
    for side, indices in (("x", inputs), ("y", outputs), ("z", taps)):
        axes.set(**{f"{side}ticks": indices[:: 1 + len(indices) // TICKS_SHOWN]})
    cut = [
        *told("outputs", outputs, axis.n_output),
        *told("taps", taps, axis.n_kernel),
        *told("inputs", inputs, axis.n_input),
    ]
    style: dict[str, Any] = {"ha": "center", "va": "top", "color": SOFT}
    axes.text2D(  # type: ignore[attr-defined]
        0.5, 0, "\n".join(cut), transform=axes.transAxes, **style
    )


def _met(axis: Axis, k: int, outputs: range, inputs: range) -> list[tuple[int, int]]:
    """The pairs (o, i) among those shown that meet at one tap."""
    found = []
    for o in outputs:
        place = axis.stride * o + axis.kernel_dilation * k - axis.low
        i, hole = divmod(place, axis.input_dilation)
        if not hole and i in inputs:
            found.append((o, i))
    return found
