"""The picture of ratios: how many times as fast as each peer, layer by layer.

A bar is a layer's geometric mean over its passes, the signs on it are the passes.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jconv.bench.summary import FAMILIES, PEERS, mean
from jconv.verify.device import display_name
from jconv.verify.figures.style import INK, INPUT, KERNEL, OUTPUT, SOFT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Row = Mapping[str, Any]

SIGNS = {
    "fwd": ("o", OUTPUT, -0.24, "forward"),
    "dx": ("<", INPUT, 0.0, "input derivative"),
    "dw": ("s", KERNEL, 0.24, "kernel derivative"),
    "step": ("D", INK, 0.0, "whole step"),
}
"""Marker, colour, place across its bar and name of each pass: none hides another."""

FASTER, SLOWER, GRID = "#cfe5d6", "#f3cfc6", "#e7eaee"
NAMES = {"lax": "jax.lax", "torch": "PyTorch"}
INCHES = 0.2
"""Per line."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the picture: a layer, or the heading of a family.

    Attributes:
        y: where.
        name: of the layer or the family.
        rows: whose ratios it shows.
        heading: whether it is a heading.
    """

    y: float
    name: str
    rows: Sequence[Row]
    heading: bool = False


def draw(document: Row) -> Figure:
    """One panel a peer; layers from fast to slow within their family."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    rows = document["rows"]
    peers = [peer for peer in PEERS if any(row[peer] for row in rows)]
    lines = list(_lines(rows, peers[0])) if peers else []
    height = lines[-1].y + 0.9 if lines else 1.0
    size = (2.8 + 4.2 * max(1, len(peers)), 1.3 + INCHES * height)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, max(1, len(peers)), sharey=True, squeeze=False)[0]
    for axes, peer in zip(panels, peers, strict=False):
        _panel(axes, peer, lines)
        axes.set_title(f"times as fast as {NAMES[peer]}", loc="left", color=INK)
    panels[0].set_ylim(height, -0.3)
    panels[0].set_yticks([line.y for line in lines], [line.name for line in lines])
    for line, label in zip(lines, panels[0].get_yticklabels(), strict=True):
        label.set(
            color=INK, fontsize=9, fontweight="bold" if line.heading else "normal"
        )
    _foot(figure, document)
    return figure


def _lines(rows: Sequence[Row], peer: str) -> Iterator[Line]:
    """A heading per family, below it its layers, the fastest first."""
    y = 0.5
    for title, members in FAMILIES.items():
        kept = [row for row in rows if row["family"] in members]
        layers: dict[str, list[Row]] = {}
        for row in kept:
            layers.setdefault(row["name"], []).append(row)
        if not layers:
            continue
        yield Line(y, title, kept, heading=True)
        for name in sorted(layers, key=lambda name: -(mean(layers[name], peer) or 0)):
            y += 1
            yield Line(y, name, layers[name])
        y += 1.8


def _panel(axes: Axes, peer: str, lines: Sequence[Line]) -> None:
    """Bars from one outwards, the passes as signs, the means as numbers."""
    key = f"{peer}_over_jconv"
    shown = [1.0]
    for line in lines:
        average = mean(line.rows, peer)
        if average is None:
            continue
        if line.heading:
            _number(axes, 1, line.y, average, color=INK, weight="bold")
            continue
        color = FASTER if average >= 1 else SLOWER
        axes.barh(line.y, average - 1, left=1, height=0.8, color=color, zorder=1)
        known = [row for row in line.rows if row[key] is not None]
        for row in known:
            marker, tone, rise, _ = SIGNS[row["role"]]
            at = (row[key], line.y + rise)
            axes.plot(*at, marker, color=tone, ms=3.6, mew=0, zorder=3)
        ratios = [row[key] for row in known]
        _number(axes, max(*ratios, 1.0), line.y, average, color=SOFT)
        shown += ratios
    axes.set_xscale("log")
    axes.set_xlim(min(0.5, min(shown) / 1.3), max(shown) * 3)
    axes.axvline(1, color=INK, linewidth=1, zorder=2)
    _quiet(axes)


def _quiet(axes: Axes) -> None:
    """Few lines, no ticks."""
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
    axes.xaxis.set_minor_formatter(lambda *_: "")
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", which="both", length=0, colors=SOFT, labelsize=9)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#b9c1ca")


def _number(axes: Axes, x: float, y: float, average: float, **style: Any) -> None:
    """A mean, to the right of what it sums up."""
    axes.annotate(
        f"{average:,.0f}×" if average >= 100 else f"{average:.2g}×",
        (x, y),
        (6, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        **style,
    )


def _foot(figure: Figure, document: Row) -> None:
    """What the signs mean, and where it was measured."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 (slow to load)

    roles = {row["role"] for row in document["rows"]}
    handles = [
        Line2D(
            [], [], marker=marker, color=color, linestyle="", ms=5, mew=0, label=name
        )
        for role, (marker, color, _, name) in SIGNS.items()
        if role in roles
    ]
    device = document["device"]
    figure.legend(
        handles=handles,
        loc="outside lower left",
        ncols=4,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handletextpad=0.2,
        title="bar and number: geometric mean; float32, medians, "
        f"{display_name(device)}, jax {device['jax']}",
        title_fontsize=9,
        alignment="left",
    )
