"""A convolution is a dense layer with most edges gone and the rest tied.

Eight inputs and six outputs: 48 weights where everything meets everything, 18 edges
where an output sees its window only, and 3 weights once the windows share them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.geometry import Axis, Geometry
from jconv.verify.figures.style import (
    INPUT,
    OUTPUT,
    SOFT,
    WEIGHT_COLORS,
    arrow,
    canvas,
    node,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

N_INPUT, N_KERNEL = 8, 3


def measured() -> dict[str, Any]:
    """Edges and weights of the three layers."""
    axis = _axis()
    edges = len(list(axis.triples()))
    dense = axis.n_input * axis.n_output
    return {
        "n_input": axis.n_input,
        "n_output": axis.n_output,
        "dense": {"edges": dense, "weights": dense},
        "local": {"edges": edges, "weights": edges},
        "convolution": {"edges": edges, "weights": axis.n_kernel},
    }


def _axis() -> Axis:
    """The relation of the figure."""
    return Geometry.from_call((N_INPUT,), (N_KERNEL,)).axes[0]


def drawn(numbers: Mapping[str, Any]) -> Figure:
    """Three layers side by side; one colour per weight in the last."""
    axis = _axis()
    figure, axes = canvas(31, 8.4)
    everything = [
        (o, None, i) for o in range(axis.n_output) for i in range(axis.n_input)
    ]
    layers: dict[str, tuple[str, list[Any]]] = {
        "dense": ("dense: all meet all", everything),
        "local": ("local: each sees its window", list(axis.triples())),
        "convolution": ("convolution: windows share", list(axis.triples())),
    }
    for n, (name, (title, edges)) in enumerate(layers.items()):
        left = 1.2 + 10.2 * n
        _layer(axes, left, axis, edges, shared=name == "convolution")
        text(axes, (left + 4.1, 0.7), title, weight="bold")
        told = numbers[name]
        words = f"{told['edges']} edges, {told['weights']} weights"
        text(axes, (left + 4.1, 7.7), words, color=SOFT)
    return figure


def _layer(
    axes: Axes, left: float, axis: Axis, edges: list[Any], *, shared: bool
) -> None:
    """Inputs below, outputs above, and the edges between them."""
    step = 1.18

    def x_at(i: int) -> tuple[float, float]:
        return left + step * i, 6.3

    def o_at(o: int) -> tuple[float, float]:
        return left + step * (o + (axis.n_input - axis.n_output) / 2), 2.2

    for o, k, i in edges:
        color = WEIGHT_COLORS[k] if shared else SOFT
        width = 1.8 if shared else 0.6
        arrow(axes, x_at(i), o_at(o), color, arrowstyle="-", linewidth=width)
    for i in range(axis.n_input):
        node(axes, x_at(i), "", INPUT)
    for o in range(axis.n_output):
        node(axes, o_at(o), "", OUTPUT)


def figure() -> Figure:
    """Measured and drawn."""
    return drawn(measured())
