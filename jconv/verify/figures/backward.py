"""Figures of the two derivatives of the worked 5 -> 3 and 3 x 3 -> 2 x 2 examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jconv.geometry import Axis
from jconv.verify.figures.style import (
    COTANGENT,
    FAINT,
    INK,
    INPUT,
    KERNEL,
    OUTPUT,
    WEIGHT_COLORS,
    WINDOW_COLORS,
    arrow,
    canvas,
    cells,
    node,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Place = Callable[..., tuple[float, float]]

AXIS = Axis(n_input=5, n_kernel=3, n_output=3)
"""Five inputs, three weights, three outputs."""

SUBSCRIPTS = "₁₂₃₄₅₆₇₈₉"


def input_arrows() -> Figure:
    """The cotangents flow back to x3 along the edges that it went out by."""
    figure, axes = canvas(21, 8.6)
    x_at, o_at = _nodes(axes)
    for o, _, i in AXIS.triples():
        if i != 2:
            arrow(axes, o_at(o), x_at(i), FAINT, arrowstyle="-")
    terms = []
    for o, k, i in sorted(AXIS.triples()):
        if i == 2:
            arrow(axes, o_at(o, 0.55), x_at(i, -0.55), WEIGHT_COLORS[k], linewidth=2.4)
            where = 0.38 * np.array(x_at(i)) + 0.62 * np.array(o_at(o))
            _tag(axes, tuple(where), f"w{SUBSCRIPTS[k]}", WEIGHT_COLORS[k])
            terms.append((f"δ{SUBSCRIPTS[o]} w{SUBSCRIPTS[k]}", WEIGHT_COLORS[k]))
    text(axes, (12.2, 2.2), "The gradient of x₃ comes back through", ha="left")
    text(axes, (12.2, 2.95), "every output that x₃ went into:", ha="left")
    _sum(axes, (12.2, 4.2), "∂L/∂x₃  =", terms)
    text(axes, (12.2, 5.5), "The further right the output, the further", ha="left")
    text(axes, (12.2, 6.25), "left the weight: a convolution of δ with", ha="left")
    text(axes, (12.2, 7.0), "the kernel reversed, (w₃, w₂, w₁).", ha="left")
    return figure


def kernel_arrows() -> Figure:
    """Every weight has one edge per output; its gradient gathers along them."""
    figure, axes = canvas(21, 8.6)
    x_at, o_at = _nodes(axes)
    for o, k, i in AXIS.triples():
        width = 2.6 if i == 2 else 1.1
        arrow(
            axes,
            x_at(i, -0.55),
            o_at(o, 0.55),
            WEIGHT_COLORS[k],
            linewidth=width,
            arrowstyle="-",
        )
        if i == 2:
            where = 0.38 * np.array(x_at(i)) + 0.62 * np.array(o_at(o))
            _tag(axes, tuple(where), f"w{SUBSCRIPTS[k]}", WEIGHT_COLORS[k])
    text(axes, (12.2, 1.3), "One colour, one weight. Along its edges", ha="left")
    text(axes, (12.2, 2.05), "δ meets x, and the products add up:", ha="left")
    for k, color in enumerate(WEIGHT_COLORS):
        terms = [
            (f"δ{SUBSCRIPTS[o]} x{SUBSCRIPTS[i]}", color if i != 2 else INK)
            for o, tap, i in sorted(AXIS.triples())
            if tap == k
        ]
        name = f"∂L/∂w{SUBSCRIPTS[k]}  ="
        _sum(axes, (12.2, 3.3 + 0.95 * k), name, terms, name_color=color)
    text(axes, (12.2, 6.4), "x₃ (thick edges, uncoloured) sends δ₃x₃ to w₁,", ha="left")
    text(axes, (12.2, 7.15), "δ₂x₃ to w₂ and δ₁x₃ to w₃. Each line is x", ha="left")
    text(axes, (12.2, 7.9), "seen through the window δ: a convolution.", ha="left")
    return figure


def input_windows() -> Figure:
    """The middle of a 3 x 3 input is in all four windows, at another weight each."""
    figure, axes = canvas(20.6, 8.4)
    names = np.array([f"x{SUBSCRIPTS[n]}" for n in range(9)]).reshape(3, 3)
    weights = np.array([f"w{SUBSCRIPTS[n]}" for n in range(4)]).reshape(2, 2)
    terms = []
    for n, (row, column) in enumerate(np.ndindex(2, 2)):
        left, color = 0.8 + 5.2 * n, WINDOW_COLORS[n]
        window = [(row + p, column + q) for p, q in np.ndindex(2, 2)]
        text(axes, (left + 1.5, 0.6), f"window of y{SUBSCRIPTS[n]}", color=OUTPUT)
        cells(axes, names, (left, 1.2), INPUT, marked=window)
        for p, q in np.ndindex(2, 2):
            middle = (row + p, column + q) == (1, 1)
            corner = (left + column + q + 0.76, 1.2 + row + p + 0.8)
            style = {"size": 9, "weight": "bold"} if middle else {"size": 8}
            text(
                axes,
                corner,
                str(weights[p, q]),
                color=color if middle else KERNEL,
                **style,
            )
        weight = weights[1 - row, 1 - column]
        text(axes, (left + 1.5, 4.7), f"x₅ meets {weight}", color=color, weight="bold")
        terms.append((f"δ{SUBSCRIPTS[n]} {weight}", color))
    _sum(axes, (0.8, 6.3), "∂L/∂x₅  =", terms)
    _sum(axes, (0.8, 7.4), "∂L/∂x₁  =", [("δ₁ w₁", WINDOW_COLORS[0])])
    for n, words in enumerate(
        (
            "δ counts up while w counts down: the kernel,",
            "turned by half a turn, slides over δ. x₁ lies in",
            "one window only; there it meets w₁.",
        )
    ):
        text(axes, (11.4, 6.1 + 0.75 * n), words, ha="left", size=10.5)
    return figure


def _nodes(axes: Axes) -> tuple[Place, Place]:
    """Draw inputs and outputs with their cotangents; tell where they are."""

    def x_at(i: int, shift: float = 0.0) -> tuple[float, float]:
        return 1.4 + 2.1 * i, 6.9 + shift

    def o_at(o: int, shift: float = 0.0) -> tuple[float, float]:
        return 3.5 + 2.1 * o, 2.4 + shift

    for i in range(AXIS.n_input):
        node(axes, x_at(i), f"x{SUBSCRIPTS[i]}", INPUT)
    for o in range(AXIS.n_output):
        node(axes, o_at(o), f"y{SUBSCRIPTS[o]}", OUTPUT)
        arrow(axes, o_at(o, -1.35), o_at(o, -0.56), COTANGENT, linewidth=1.6)
        text(axes, o_at(o, -1.7), f"δ{SUBSCRIPTS[o]}", color=COTANGENT, weight="bold")
    return x_at, o_at


def _tag(axes: Axes, at: tuple[float, float], words: str, color: str) -> None:
    """A word on an edge, on a white ground."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    text(axes, at, words, color=color, weight="bold", bbox=box)


def _sum(
    axes: Axes,
    at: tuple[float, float],
    name: str,
    terms: list[tuple[str, str]],
    name_color: str = INK,
) -> None:
    """``name t1 + t2 + ...`` with each term in its colour."""
    style = {"ha": "left", "size": 13, "weight": "bold"}
    text(axes, at, name, color=name_color, **style)
    x = at[0] + 2.45
    for n, (term, color) in enumerate(terms):
        if n:
            text(axes, (x - 0.42, at[1]), "+", size=13)
        text(axes, (x, at[1]), term, color=color, **style)
        x += 1.95
