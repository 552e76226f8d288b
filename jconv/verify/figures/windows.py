"""Stride, padding, dilation: where the windows of seven inputs stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.explain.sizes import explained, relation
from jconv.geometry import Geometry
from jconv.verify.figures.style import (
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

    from jconv.geometry import Axis

N_INPUT, N_KERNEL = 7, 3
CASES: dict[str, dict[str, Any]] = {
    "stride 1": {},
    "stride 2": {"stride": 2},
    "stride 3: the last input is unused": {"stride": 3},
    "padding 1 on both sides": {"padding": 1},
    "kernel dilation 2": {"kernel_dilation": 2},
    "stride 2 and padding 1": {"stride": 2, "padding": 1},
}


def measured() -> dict[str, Any]:
    """Formula and relation of each case."""
    found = {}
    for name, options in CASES.items():
        axis = _axis(name)
        pads = (options.get("padding", 0),) * 2
        size = explained(axis, pads)
        found[name] = {
            "outputs": axis.n_output,
            "formula": size.filled,
            "relation": relation(axis),
            "unused": size.unused,
        }
    return found


def drawn(numbers: Mapping[str, Any]) -> Figure:
    """Six small pictures: the inputs, and a bar for every window."""
    figure, axes = canvas(22, 27.6)
    for n, name in enumerate(CASES):
        corner = (0.8 + 11 * (n % 2), 0.8 + 9.2 * (n // 2))
        text(axes, (corner[0] + 5, corner[1]), name, weight="bold")
        _windows(axes, corner, _axis(name))
        words = f"outputs = {numbers[name]['formula']}"
        text(axes, (corner[0] + 5, corner[1] + 7.6), words, color=SOFT)
    return figure


def _axis(name: str) -> Axis:
    """Seven inputs and three weights, with some options."""
    return Geometry.from_call((N_INPUT,), (N_KERNEL,), **CASES[name]).axes[0]


def _windows(axes: Axes, corner: tuple[float, float], axis: Axis) -> None:
    """Inputs in a row, padding faint; under them one row of taps per output."""
    left, top = corner[0] + 1.5, corner[1] + 0.8
    begin, end = -axis.pad_low, axis.n_input + max(0, axis.pad_high)
    strip = ["" if p < 0 or p >= axis.n_input else f"x{p}" for p in range(begin, end)]
    faint = [(0, n) for n, word in enumerate(strip) if not word]
    cells(axes, strip, (left + begin, top), INPUT, faint=faint)
    room = 5.0 / max(axis.n_output, 4)
    for o in range(axis.n_output):
        y = top + 1.55 + room * o
        start = left + axis.stride * o - axis.pad_low
        for k in range(axis.n_kernel):
            x = start + axis.kernel_dilation * k
            axes.plot([x + 0.12, x + 0.88], [y, y], color=KERNEL, linewidth=5)
        ends = (start + 0.5, start + axis.reach + 0.5)
        axes.plot(ends, [y, y], color=KERNEL, linewidth=1)
        text(axes, (corner[0], y), f"y{o}", color=OUTPUT)


def figure() -> Figure:
    """Measured and drawn."""
    return drawn(measured())
