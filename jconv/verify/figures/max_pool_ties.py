"""Three ways for a max-pool's derivative at ties, and which keep the cotangent's sum.

One of the largest entries takes all, each of them takes all, or they share. The first
and the third hand on exactly what came; the second makes more of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

import jconv
from jconv.verify.figures.style import (
    COTANGENT,
    INPUT,
    OUTPUT,
    SOFT,
    WRONG,
    arrow,
    canvas,
    cells,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

X = np.array([1.0, 3.0, 3.0, 2.0, 5.0, 5.0, 5.0, 0.0])
DY = np.array([2.0, 4.0, 6.0])
WINDOW, STRIDE = 4, 2
TIES = {
    "first": "one of them takes all",
    "all": "each of them takes all",
    "split": "they share equally",
}


def measured() -> dict[str, Any]:
    """y, and dx under each rule."""
    found: dict[str, Any] = {"x": X.tolist(), "dy": DY.tolist()}
    for ties in TIES:

        def pool(x: jax.Array, ties: str = ties) -> jax.Array:
            return jconv.max_pool(
                x, (WINDOW,), stride=STRIDE, ties=ties, channel_axis=None
            )

        y, back = jax.vjp(pool, X)
        found["y"] = y.tolist()
        found[f"dx, {ties}"] = back(np.asarray(DY, y.dtype))[0].tolist()
    return found


def drawn(numbers: Mapping[str, Any]) -> Figure:
    """The pool on the left; on the right one row of dx for each rule."""
    figure, axes = canvas(26.5, 9)
    text(axes, (5.5, 0.7), f"max-pool, window {WINDOW}, stride {STRIDE}", weight="bold")
    winners = [(0, i) for i in (1, 2, 4, 5, 6)]
    cells(axes, X, (1.5, 1.6), INPUT, marked=winners)
    for words, y in (("x", 2.1), ("y", 5.1), ("δ", 7.1)):
        text(axes, (1, y), words, ha="right", color=SOFT)
    for o, (y, cotangent) in enumerate(zip(numbers["y"], DY, strict=True)):
        left = 1.5 + STRIDE * o + (WINDOW - 1) / 2  # under the middle of its window
        cells(axes, [y], (left, 4.6), OUTPUT)
        cells(axes, [cotangent], (left, 6.6), COTANGENT)
        for i in range(STRIDE * o, STRIDE * o + WINDOW):
            wins = X[i] == y
            style = {"arrowstyle": "-", "linewidth": 2.2 if wins else 0.6}
            arrow(axes, (2 + i, 2.65), (left + 0.5, 4.55), OUTPUT, **style)
    text(axes, (5.2, 8.4), "thick lines come from the largest entries", color=SOFT)
    text(axes, (16.2, 0.7), "where the derivative goes", weight="bold")
    for n, (ties, words) in enumerate(TIES.items()):
        top, dx = 1.6 + 2.5 * n, numbers[f"dx, {ties}"]
        shown = [(0, i) for i, value in enumerate(dx) if value]
        cells(axes, dx, (12, top), INPUT, marked=shown)
        text(axes, (12, top + 1.5), words, ha="left", color=SOFT)
        total, came = sum(dx), sum(DY)
        sign, color = ("=", OUTPUT) if total == came else ("≠", WRONG)
        told = f"Σ dx = {total:g} {sign} {came:g} = Σ δ"
        text(axes, (20.6, top + 0.5), told, ha="left", color=color, weight="bold")
    return figure


def figure() -> Figure:
    """Measured and drawn."""
    return drawn(measured())
