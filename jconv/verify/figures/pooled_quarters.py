"""Max and average pooling of a 4 x 4 map, forward and backward.

A quarter of the positions is left. Backward, the largest entry receives everything, or
all four receive a quarter each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

import jconv
from jconv.verify.figures.style import (
    COTANGENT,
    INPUT,
    KERNEL,
    OUTPUT,
    SOFT,
    canvas,
    cells,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

X = np.array([[1, 3, 2, 1], [4, 6, 5, 0], [7, 2, 1, 3], [0, 3, 8, 4]], "float32")
DY = np.array([[4, 8], [12, 16]], "float32")
POOLS = {"max": jconv.max_pool, "average": jconv.avg_pool}


def measured() -> dict[str, Any]:
    """Y and dx of both pools."""
    found: dict[str, Any] = {"x": X.tolist(), "dy": DY.tolist()}
    for name, pool in POOLS.items():
        y, back = jax.vjp(lambda x, pool=pool: pool(x, (2, 2), channel_axis=None), X)
        found[name] = {"y": y.tolist(), "dx": back(DY)[0].tolist()}
    return found


def drawn(numbers: Mapping[str, Any]) -> Figure:
    """One row per pool: x, y, the cotangent, dx."""
    figure, axes = canvas(25.5, 14.6)
    titles = ((3, "input x"), (10, "output y"), (15, "cotangent δ"), (21.5, "dx"))
    for x, words in titles:
        text(axes, (x, 0.8), words, weight="bold")
    for n, name in enumerate(POOLS):
        top, told = 2.2 + 6.4 * n, numbers[name]
        best = [(row, column) for row, column in np.ndindex(4, 4) if _wins(row, column)]
        marked = best if name == "max" else ()
        cells(axes, numbers["x"], (1, top), INPUT, marked=marked)
        cells(axes, told["y"], (9, top + 1), OUTPUT)
        cells(axes, DY, (14, top + 1), COTANGENT)
        cells(axes, told["dx"], (19.5, top), INPUT, marked=marked)
        for left in (1, 19.5):
            _quarters(axes, left, top)
        text(axes, (7, top + 2), "→", size=16, color=SOFT)
        text(axes, (17.7, top + 2), "→", size=16, color=SOFT)
        words = {
            "max": "max: the largest entry of each quarter; it receives all of δ",
            "average": "average: the mean of each quarter; every entry receives δ / 4",
        }[name]
        text(axes, (12.2, top + 4.9), words, color=SOFT)
    return figure


def _wins(row: int, column: int) -> bool:
    """Whether an entry is the largest of its quarter."""
    first, second = 2 * (row // 2), 2 * (column // 2)
    return bool(X[row, column] == X[first : first + 2, second : second + 2].max())


def _quarters(axes: Axes, left: float, top: float) -> None:
    """The lines between the windows."""
    style: dict[str, Any] = {"color": KERNEL, "linewidth": 2.6, "zorder": 6}
    axes.plot([left + 2, left + 2], [top - 0.15, top + 4.15], **style)
    axes.plot([left - 0.15, left + 4.15], [top + 2, top + 2], **style)


def figure() -> Figure:
    """Measured and drawn."""
    return drawn(measured())
