"""A bottleneck of 1 x 1 convolutions: as many channels in and out, far fewer weights.

3 x 3 with 256 channels against 1 x 1 down to 64, 3 x 3 there, and 1 x 1 back up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.geometry import Geometry, flop_count, parameter_count
from jconv.verify.figures.style import INPUT, KERNEL, OUTPUT, SOFT, arrow, canvas, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 14
PATHS = {
    "one 3 × 3 convolution": ((3, 256, 256),),
    "a bottleneck": ((1, 256, 64), (3, 64, 64), (1, 64, 256)),
}
"""Name -> (kernel's side, channels in, channels out) of each layer."""


def measured() -> dict[str, Any]:
    """Weights and operations of both, on a 14 x 14 map."""
    found: dict[str, Any] = {}
    for name, layers in PATHS.items():
        rows = []
        for side, c_in, c_out in layers:
            kernel = (side, side)
            geometry = Geometry.from_call((SIDE, SIDE), kernel, padding="same")
            weights = parameter_count(kernel, c_in, c_out)
            flop = flop_count(geometry, 1, c_in, c_out)
            row = {"kernel": list(kernel), "c_in": c_in, "c_out": c_out}
            rows.append(row | {"weights": weights, "flop": flop})
        found[name] = rows
    return found


def drawn(numbers: Mapping[str, Any]) -> Figure:
    """Both paths as blocks as wide as their channels; the weights as areas to scale."""
    figure, axes = canvas(29, 13.6)
    totals = {name: sum(row["weights"] for row in numbers[name]) for name in PATHS}
    for n, (name, total) in enumerate(totals.items()):
        top = 1 + 6.8 * n
        text(axes, (0.6, top), name, ha="left", weight="bold")
        _path(axes, numbers[name], top + 2.4)
        side = (total / 28_000) ** 0.5
        _block(axes, (23.4, top + 2.4 - side / 2), side, side, KERNEL)
        words = f"{total:,} weights".replace(",", " ")
        below = top + 2.9 + side / 2
        text(axes, (23.4, below), words, ha="left", color=KERNEL, weight="bold")
    first, second = totals.values()
    words = f"{first / second:.1f} times fewer"
    text(axes, (25.4, 10.2), words, ha="left", color=SOFT)
    return figure


def _path(axes: Axes, layers: list[dict[str, Any]], middle: float) -> None:
    """Maps as bars as high as their channels, layers as arrows between them."""
    x, channels = 1.0, [layers[0]["c_in"], *(row["c_out"] for row in layers)]
    for n, count in enumerate(channels):
        height = count / 70
        color = INPUT if n == 0 else OUTPUT
        _block(axes, (x, middle - height / 2), 0.8, height, color)
        text(
            axes,
            (x + 0.4, middle + height / 2 + 0.8),
            f"{count} channels",
            color=SOFT,
            size=13,
        )
        if n < len(layers):
            row = layers[n]
            arrow(axes, (x + 1.1, middle), (x + 5.3, middle), KERNEL, linewidth=1.6)
            rows, columns = row["kernel"]
            text(axes, (x + 3.2, middle - 0.6), f"{rows} × {columns}", color=KERNEL)
            words = f"{row['weights']:,} weights".replace(",", " ")
            text(axes, (x + 3.2, middle + 0.6), words, color=SOFT, size=12)
        x += 5.6


def _block(
    axes: Axes, at: tuple[float, float], width: float, height: float, color: str
) -> None:
    """A filled rectangle."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    axes.add_patch(Rectangle(at, width, height, facecolor=color, alpha=0.75))


def figure() -> Figure:
    """Measured and drawn."""
    return drawn(measured())
