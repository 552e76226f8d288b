"""The picture of ratios: how many times faster than each peer, layer by layer.

A bar is a layer's geometric mean over its passes, the signs on it are the passes.
"""

# ruff: noqa: RUF001 (the sign of multiplication)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.bench.summary import FAMILIES, PEERS, geometric_mean
from jconv.verify.figures.style import INK, INPUT, KERNEL, OUTPUT, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Row = Mapping[str, Any]

SIGNS = {
    "fwd": ("o", OUTPUT, "forward"),
    "dx": ("<", INPUT, "input derivative"),
    "dw": ("s", KERNEL, "kernel derivative"),
    "step": ("D", INK, "whole step"),
}
"""Marker, colour and name of each pass; the colours are those of all figures."""

FASTER, SLOWER = "#cfe5d6", "#f3cfc6"
NAMES = {"lax": "jax.lax", "torch": "PyTorch"}
LINE, HEADING = 0.2, 1.9
"""Inches per layer, and layers per heading."""


def draw(document: Row) -> Figure:
    """One panel a peer, layers from fast to slow within their family."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    peers = [peer for peer in PEERS if any(row[peer] for row in document["rows"])]
    places, headings, height = _placed(document["rows"], (peers or ["lax"])[0])
    size = (2.6 + 4.2 * max(1, len(peers)), 1.4 + LINE * height)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, max(1, len(peers)), sharey=True, squeeze=False)[0]
    for axes, peer in zip(panels, peers, strict=False):
        _panel(axes, peer, places, headings)
        axes.set_title(f"times as fast as {NAMES[peer]}", loc="left", color=INK)
    panels[0].set_ylim(height, -0.4)
    panels[0].set_yticks(list(places.values() and [y for y, _ in places.values()]))
    panels[0].set_yticklabels(list(places), fontsize=9, color=INK)
    for name, (y, _) in headings.items():
        panels[0].annotate(
            name,
            (0, y),
            (-6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            weight="bold",
            color=INK,
        )
    _legend(figure, document)
    return figure


def _placed(
    rows: Sequence[Row], peer: str
) -> tuple[
    dict[str, tuple[float, list[Row]]],
    dict[str, tuple[float, list[Row]]],
    float,
]:
    """Where each layer and each heading stands, with its rows; and the height."""
    places: dict[str, tuple[float, list[Row]]] = {}
    headings: dict[str, tuple[float, list[Row]]] = {}
    y = 0.5
    for title, members in FAMILIES.items():
        kept = [row for row in rows if row["family"] in members]
        layers: dict[str, list[Row]] = {}
        for row in kept:
            layers.setdefault(row["name"], []).append(row)
        if not layers:
            continue
        headings[title] = (y, kept)
        y += 1
        order = sorted(layers, key=lambda name: -(_mean(layers[name], peer) or 0.0))
        for name in order:
            places[name] = (y, layers[name])
            y += 1
        y += HEADING - 1
    return places, headings, y - HEADING + 1


def _panel(
    axes: Axes,
    peer: str,
    places: Mapping[str, tuple[float, list[Row]]],
    headings: Mapping[str, tuple[float, list[Row]]],
) -> None:
    """Bars from one outwards, the passes as signs, the means as numbers."""
    key, largest = f"{peer}_over_jconv", 1.0
    for y, rows in places.values():
        mean = _mean(rows, peer)
        if mean is None:
            continue
        color = FASTER if mean >= 1 else SLOWER
        axes.barh(y, mean - 1, left=1, height=0.74, color=color, zorder=1)
        ratios = [row[key] for row in rows if row[key] is not None]
        for row in rows:
            if row[key] is not None:
                marker, tone, _ = SIGNS[row["role"]]
                axes.plot(row[key], y, marker, color=tone, ms=4.2, mew=0, zorder=3)
        edge = max(*ratios, 1.0)
        largest = max(largest, edge)
        _number(axes, edge, y, mean, SOFT)
    for y, rows in headings.values():
        mean = _mean(rows, peer)
        if mean is not None:
            _number(axes, 1, y, mean, INK, weight="bold")
    axes.set_xscale("log")
    low = min(
        (r[key] for _, rows in places.values() for r in rows if r[key] is not None),
        default=0.5,
    )
    axes.set_xlim(min(0.45, low * 0.85), largest * 2.6)
    axes.axvline(1, color=INK, linewidth=1, zorder=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
    axes.xaxis.set_minor_formatter(lambda *_: "")
    axes.grid(axis="x", color="#e7eaee", linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", colors=SOFT, labelsize=9)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#b9c1ca")


def _number(
    axes: Axes, x: float, y: float, mean: float, color: str, weight: str = "normal"
) -> None:
    """A mean, to the right of what it sums up."""
    text = f"{mean:,.0f}×" if mean >= 100 else f"{mean:.2g}×"
    axes.annotate(
        text,
        (x, y),
        (6, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=color,
        weight=weight,
    )


def _legend(figure: Figure, document: Row) -> None:
    """What the signs mean, and where it was measured."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 (slow to load)

    roles = {row["role"] for row in document["rows"]}
    handles = [
        Line2D(
            [], [], marker=marker, color=color, linestyle="", ms=5, mew=0, label=name
        )
        for role, (marker, color, name) in SIGNS.items()
        if role in roles
    ]
    figure.legend(
        handles=handles,
        loc="outside lower right",
        ncols=len(handles) or 1,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handletextpad=0.2,
    )


def _mean(rows: Sequence[Row], peer: str) -> float | None:
    """The geometric mean over rows that have the peer."""
    ratios = [row[f"{peer}_over_jconv"] for row in rows]
    return geometric_mean([ratio for ratio in ratios if ratio is not None])
