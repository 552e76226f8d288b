"""Stride, padding, dilation: where the windows of seven inputs stand.

python -m experiments.stride_and_padding --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.explain.sizes import relation, sizes
from jconv.explain.subject import Subject
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

CLAIM = "size.stride"
N_INPUT, N_KERNEL = 7, 3
CASES: dict[str, dict[str, Any]] = {
    "stride 1": {},
    "stride 2": {"stride": 2},
    "stride 3: the last input is unused": {"stride": 3},
    "padding 1 on both sides": {"padding": 1},
    "kernel dilation 2": {"kernel_dilation": 2},
    "stride 2 and padding 1": {"stride": 2, "padding": 1},
}


def _subject(options: dict[str, Any]) -> Subject:
    """Seven inputs and three weights, with some options."""
    return Subject.from_call((N_INPUT,), (N_KERNEL,), **options)


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Formula and relation of each case."""
    del quick
    found = {}
    for name, options in CASES.items():
        subject = _subject(options)
        axis = subject.geometry.axes[0]
        size = sizes(subject)[0]
        found[name] = {
            "outputs": axis.n_output,
            "formula": size.filled,
            "relation": relation(axis),
            "unused": size.unused,
        }
    return found


def draw(numbers: Mapping[str, Any]) -> Figure:
    """Six small pictures: the inputs, and a bar for every window."""
    figure, axes = canvas(33, 18.6)
    for n, (name, options) in enumerate(CASES.items()):
        corner = (0.8 + 11 * (n % 3), 0.8 + 9.2 * (n // 3))
        text(axes, (corner[0] + 5, corner[1]), name, weight="bold")
        _windows(axes, corner, _subject(options).geometry.axes[0])
        words = f"outputs = {numbers[name]['formula']}"
        text(axes, (corner[0] + 5, corner[1] + 7.6), words, color=SOFT, size=10)
    return figure


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
        text(axes, (corner[0], y), f"y{o}", color=OUTPUT, size=9.5)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
