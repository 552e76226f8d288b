"""Figures of the relation itself: T as a table, read in three directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jconv.geometry import Axis
from jconv.verify.figures.backward import SUBSCRIPTS
from jconv.verify.figures.style import (
    FAINT,
    INPUT,
    KERNEL,
    ON_WEIGHT,
    OUTPUT,
    SOFT,
    WEIGHT_COLORS,
    canvas,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Chosen = Callable[[int, int, int], bool]

WORKED = Axis(n_input=5, n_kernel=3, n_output=3)
"""The example of all pages: five inputs, three weights, three outputs."""

VARIATIONS = {
    "stride 2": Axis(7, 3, 3, stride=2),
    "kernel dilation 2": Axis(7, 3, 3, kernel_dilation=2),
    "input dilation 2": Axis(4, 3, 5, input_dilation=2),
    "padding (1, 1)": Axis(5, 3, 5, low=1),
    "kernel dilation −1": Axis(5, 3, 3, kernel_dilation=-1, low=-2),
    "stride 3, dilation 2": Axis(8, 3, 2, stride=3, kernel_dilation=2),
}
"""What each setting does to the table."""


def three_contractions() -> Figure:
    """A row of the table makes y, a column dx, a colour dw."""
    figure, axes = canvas(23.6, 7.4)
    panels: tuple[tuple[str, str, str, Chosen], ...] = (
        (
            "a row: one output",
            OUTPUT,
            "y₂ = w₁ x₂ + w₂ x₃ + w₃ x₄",
            lambda o, _k, _i: o == 1,
        ),
        (
            "a column: one input",
            INPUT,
            "dx₃ = w₃ δ₁ + w₂ δ₂ + w₁ δ₃",
            lambda _o, _k, i: i == 2,
        ),
        (
            "a weight: one colour",
            KERNEL,
            "dw₂ = x₂ δ₁ + x₃ δ₂ + x₄ δ₃",
            lambda _o, k, _i: k == 1,
        ),
    )
    for n, (title, color, formula, chosen) in enumerate(panels):
        left = 1.6 + 8.1 * n
        text(axes, (left + 2.5, 0.8), title, weight="bold", color=color)
        table(axes, WORKED, (left, 2.4), chosen)
        text(axes, (left + 2.5, 6.6), formula)
    return figure


def variations() -> Figure:
    """Strides, dilations, padding and direction are all slopes and shifts of T."""
    figure, axes = canvas(19.6, 21.2)
    tops = (2.4, 2.4, 8.6, 8.6, 16.8, 16.8)
    for n, (top, (title, axis)) in enumerate(
        zip(tops, VARIATIONS.items(), strict=True)
    ):
        left = 1.6 + 9.6 * (n % 2)
        text(axes, (left + axis.n_input / 2, top - 1.6), title, weight="bold")
        table(axes, axis, (left, top))
    return figure


def table(
    axes: Axes,
    axis: Axis,
    at: tuple[float, float],
    chosen: Chosen = lambda _o, _k, _i: True,
) -> None:
    """T of one axis: a row per output, a column per input, in it the weight."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415 (slow to load)

    left, top = at
    for i in range(axis.n_input):
        text(axes, (left + i + 0.5, top - 0.55), f"x{SUBSCRIPTS[i]}", color=SOFT)
    for o in range(axis.n_output):
        text(axes, (left - 0.6, top + o + 0.5), f"y{SUBSCRIPTS[o]}", color=SOFT)
        for i in range(axis.n_input):
            corner = (left + i, top + o)
            empty = Rectangle(corner, 1, 1, facecolor="white", edgecolor=FAINT)
            axes.add_patch(empty)
    for o, k, i in axis.triples():
        strong = chosen(o, k, i)
        color = WEIGHT_COLORS[k]
        axes.add_patch(
            Rectangle(
                (left + i + 0.06, top + o + 0.06),
                0.88,
                0.88,
                facecolor=color,
                alpha=1 if strong else 0.18,
                edgecolor="none",
                zorder=3,
            )
        )
        words = f"w{SUBSCRIPTS[k]}"
        spot = (left + i + 0.5, top + o + 0.5)
        text(axes, spot, words, color=ON_WEIGHT if strong else SOFT, size=10)
