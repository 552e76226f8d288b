"""AlexNet, layer by layer: where its parameters are, and how its maps shrink.

Both are counted from the model of ``jconv.nn`` by shapes alone.

References:
    A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet Classification with Deep
    Convolutional Neural Networks", https://dl.acm.org/doi/10.1145/3065386, 2012.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from jconv.nn import models, tables
from jconv.verify.figures.style import (
    FAINT,
    INK,
    INPUT,
    KERNEL,
    OUTPUT,
    SOFT,
    canvas,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    Rows = list[dict[str, Any]]

IMAGE = (227, 227, 3)
KINDS = {"Conv": "conv", "MaxPool": "pool", "Dense": "dense"}
COLORS = {"image": INPUT, "conv": OUTPUT, "pool": KERNEL, "dense": SOFT}
UNITS = 4096
"""Units of the largest dense layer, which is drawn seven cells high."""


@functools.cache
def layers() -> Rows:
    """The shape after each layer that counts, its weights, and its biases."""
    blank = {"weights": 0, "biases": 0}
    found: Rows = [{"layer": "image", "shape": list(IMAGE), **blank}]
    number = 0
    for row in tables.rows(models.alexnet(groups=2), IMAGE):
        kind = KINDS.get(row.name.split()[0])
        if kind is None:
            continue
        # A pool has no number of its own: it belongs to the layer before it.
        number += kind != "pool"
        biases = row.output_shape[-1] if row.parameters else 0
        counts = {"weights": row.parameters - biases, "biases": biases}
        shape = list(row.output_shape)
        found.append({"layer": f"{kind} {number}", "shape": shape, **counts})
    return found


def measured() -> dict[str, Any]:
    """Every layer's weights and biases, and the two sums of the literature."""
    rows = [row for row in layers() if row["weights"]]
    dense = [row for row in rows if row["layer"].startswith("dense")]
    return {
        "layers": rows,
        "convolution_weights": sum(row["weights"] for row in rows if row not in dense),
        "dense_weights_and_biases": sum(r["weights"] + r["biases"] for r in dense),
    }


def drawn(numbers: Mapping[str, Any]) -> Figure:
    """One bar a layer, as long as its parameters are many."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(8.6, 3.9), layout="constrained")
    axes = figure.subplots()
    rows = numbers["layers"]
    counts = [row["weights"] + row["biases"] for row in rows]
    colors = [COLORS[row["layer"].split()[0]] for row in rows]
    axes.barh([row["layer"] for row in rows], counts, color=colors, alpha=0.85)
    for n, count in enumerate(counts):
        words = f" {count:,}".replace(",", " ")
        axes.text(count, n, words, va="center", color=INK, fontsize=9.5)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2 * max(counts))
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(FAINT)
    share = numbers["dense_weights_and_biases"] / sum(counts)
    axes.set_title(f"AlexNet: {share:.0%} of the parameters are dense", color=INK)
    axes.set_xlabel("weights and biases", color=SOFT)
    return figure


def drawn_sizes(numbers: Mapping[str, Any]) -> Figure:
    """A row of boxes on one line, to scale: as high as the map, as wide as deep."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    figure, axes = canvas(33, 13.4)
    ground = 10.4
    for n, row in enumerate(numbers["layers"]):
        shape, centre = row["shape"], 2.2 + 2.62 * n
        is_map = len(shape) == len(IMAGE)
        height = shape[0] / 25 if is_map else 7 * shape[0] / UNITS
        width = max(0.12, shape[2] / 160) if is_map else 0.25
        color = COLORS[row["layer"].split()[0]]
        corner = (centre - width / 2, ground - height)
        axes.add_patch(Rectangle(corner, width, height, facecolor=color, alpha=0.75))
        lines = (row["layer"], str(shape[0]), "units")
        if is_map:
            lines = (row["layer"], f"{shape[0]} × {shape[1]}", f"× {shape[2]}")
        for drop, words in zip((0.6, 1.4, 2.15), lines, strict=True):
            name = drop < 1
            style = {"color": INK, "size": 14} if name else {"color": SOFT, "size": 13}
            text(axes, (centre, ground + drop), words, **style)
    words = "height: side of the map, width: channels (dense layers: height, units)"
    text(axes, (4.4, 0.8), "AlexNet, layer by layer", ha="left", weight="bold")
    text(axes, (32, 0.8), words, ha="right", color=SOFT)
    return figure


def parameters() -> Figure:
    """Counted and drawn."""
    return drawn(measured())


def sizes() -> Figure:
    """Shapes, drawn."""
    return drawn_sizes({"layers": layers()})
