"""Channels as blocks: one kernel gives one map, four kernels give four.

A kernel is as deep as its input has channels; its slices' results are added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax

import jconv
from jconv.verify.figures.style import INK, INPUT, KERNEL, OUTPUT, SOFT, canvas, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE, KERNEL_SIDE, C_IN = 32, 5, 3
C_OUT = (1, 4)


def measured() -> dict[str, Any]:
    """Shapes of x, w and y with one kernel and with four."""
    rows = []
    for c_out in C_OUT:
        x = jax.ShapeDtypeStruct((SIDE, SIDE, C_IN), "float32")
        w = jax.ShapeDtypeStruct((KERNEL_SIDE, KERNEL_SIDE, C_IN, c_out), "float32")
        y = jax.eval_shape(jconv.conv, x, w)
        rows.append({"x": list(x.shape), "w": list(w.shape), "y": list(y.shape)})
    return {"rows": rows}


def drawn(numbers: Mapping[str, Any]) -> Figure:
    """Two rows of blocks, to one scale."""
    figure, axes = canvas(25, 15)
    for n, row in enumerate(numbers["rows"]):
        top, count = 1.6 + 6.7 * n, row["w"][-1]
        kernels = "one kernel" if count == 1 else f"{count} kernels"
        _block(axes, (1, top), 4.0, C_IN, INPUT)
        text(axes, (3.4, top + 5), _size(row["x"]), color=INPUT)
        text(axes, (7.2, top + 2), "∗", size=18)
        for m in range(count):
            _block(axes, (8.2 + 2.2 * m, top + 1.4), 1.0, C_IN, KERNEL)
        middle = 8.2 + 1.1 * count
        words = f"{kernels} of {_size(row['w'][:3])}"
        text(axes, (max(middle, 9.6), top + 5), words, color=KERNEL)
        after = 8.2 + 2.2 * count + 0.6
        text(axes, (after, top + 2), "=", size=16, color=INK)
        _block(axes, (after + 0.9, top + 0.2), 3.5, count, OUTPUT)
        text(axes, (after + 3, top + 5), _size(row["y"]), color=OUTPUT)
    words = "A kernel is as deep as x; each kernel makes one channel of y."
    text(axes, (12.5, 14.4), words, color=SOFT)
    return figure


def _size(shape: list[int]) -> str:
    """A shape with the sign of multiplication."""
    return " × ".join(map(str, shape))


def _block(
    axes: Axes, at: tuple[float, float], side: float, depth: int, color: str
) -> None:
    """As many sheets as there are channels, one behind the other."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    for n in reversed(range(depth)):
        corner = (at[0] + 0.32 * n, at[1] - 0.28 * n)
        axes.add_patch(
            Rectangle(
                corner,
                side,
                side,
                facecolor="white",
                edgecolor=color,
                linewidth=1.3,
                zorder=3 + (depth - n) / 10,
            )
        )
        axes.add_patch(
            Rectangle(
                corner,
                side,
                side,
                facecolor=color,
                alpha=0.22,
                zorder=3.05 + (depth - n) / 10,
            )
        )


def figure() -> Figure:
    """Measured and drawn."""
    return drawn(measured())
