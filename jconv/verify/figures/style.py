"""The look that all figures share: one colour per role, cells, and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

INK, SOFT, FAINT = "#1b2330", "#5b6675", "#d3d8de"

LETTERS = 11
"""Points."""

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": LETTERS,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.constrained_layout.h_pad": 0.09,  # inches
    "figure.constrained_layout.w_pad": 0.09,
    "svg.hashsalt": "jconv",  # the same figure gives the same bytes
    "figure.facecolor": "white",
    # No black of matplotlib's own: every colour can follow a page into the dark.
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
"""matplotlib settings that hold while a figure is drawn."""

INPUT, KERNEL, OUTPUT, COTANGENT = "#2a6fb0", "#c2601c", "#2c8550", "#7a4aa3"
TINT = {INPUT: "#d9e8f6", KERNEL: "#fbe3d0", OUTPUT: "#d8efe1", COTANGENT: "#e9def4"}
"""One colour per role, and its light tint for the ground of a cell."""

WEIGHT_COLORS = ("#b0413e", "#c58b00", "#2a7f8e")
"""One colour per weight, apart in hue and in lightness."""

WINDOW_COLORS = (COTANGENT, WEIGHT_COLORS[0], "#a06a00", WEIGHT_COLORS[2])
"""One colour per window of the 3 x 3 example."""

WRONG = "#b3261e"
"""What does not hold."""

ON_WEIGHT = "#fefefe"
"""Words on a weight's colour; not the paper's white, which may turn dark."""

ON_MAP = "#1b2331"
"""Words on a heat map; not quite the ink, which may turn light while the map stays."""


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure with one frameless axes in cell units, y growing downwards."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(width * 0.45, height * 0.45))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    axes.axis("off")
    return figure, axes


def cells(
    axes: Axes,
    values: ArrayLike,
    at: tuple[float, float],
    color: str,
    *,
    marked: Sequence[tuple[int, int]] = (),
    faint: Sequence[tuple[int, int]] = (),
) -> None:
    """Draw an array as cells of unit size, its upper left corner at ``(x, y)``.

    Args:
        axes: where.
        values: numbers or strings, one row or several.
        at: the corner.
        color: of the role.
        marked: (row, column) of cells on a tinted ground with a strong frame.
        faint: (row, column) of cells that recede.
    """
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    table = np.atleast_2d(np.asarray(values))
    for row, column in np.ndindex(table.shape):
        strong = (row, column) in marked
        weak = (row, column) in faint
        corner = (at[0] + column, at[1] + row)
        axes.add_patch(
            Rectangle(
                corner,
                1,
                1,
                facecolor=TINT[color] if strong or not (marked or weak) else "white",
                edgecolor=FAINT if weak else color,
                linewidth=2.2 if strong else 1,
                # The stronger a frame, the later: it lies over its neighbours'.
                zorder=4 if strong else 2 if weak else 3,
            )
        )
        text(
            axes,
            (corner[0] + 0.5, corner[1] + 0.5),
            shown(table[row, column]),
            color=SOFT if weak else INK,
            weight="bold" if strong else "normal",
        )


def shown(value: Any) -> str:
    """A whole number without its decimal point; a string as it is."""
    return value if isinstance(value, str) else f"{value:g}".replace("-", "−")


def text(axes: Axes, at: tuple[float, float], words: str, **style: Any) -> None:
    """Words centred on a point, unless ``ha`` says otherwise.

    A page shrinks a wide figure to its column, so words of a wide one are larger.
    """
    left, right = axes.get_xlim()
    defaults: dict[str, Any] = {
        "size": LETTERS * min(1.4, max(1, (right - left) / 22)),
        "ha": "center",
        "va": "center",
        "color": INK,
        "zorder": 5,
    }
    axes.text(*at, words, **(defaults | style))


def arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    color: str,
    **style: Any,
) -> None:
    """An arrow between two points."""
    defaults = {"arrowstyle": "-|>", "color": color, "linewidth": 1.2}
    defaults |= {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 11}
    axes.annotate("", end, start, arrowprops=defaults | style, zorder=4)


def node(axes: Axes, at: tuple[float, float], words: str, color: str) -> None:
    """A named circle."""
    from matplotlib.patches import Circle  # noqa: PLC0415

    axes.add_patch(
        Circle(
            at, 0.52, facecolor=TINT[color], edgecolor=color, linewidth=1.4, zorder=6
        )
    )
    text(axes, at, words, zorder=7)
