"""The roofline: what every row reaches, under what the machine can do at most."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jconv.bench.bars import GRID, SIGNS
from jconv.verify.device import display_name
from jconv.verify.figures.style import COTANGENT, INK, INPUT, KERNEL, OUTPUT, SOFT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Row = Mapping[str, Any]

COLORS = {
    "dense": INPUT,
    "grouped": KERNEL,
    "depthwise": OUTPUT,
    "per-example": COTANGENT,
}
"""One colour a family; pools do not multiply, and steps mix all."""

APART = {"fwd": 0.95, "dx": 1.0, "dw": 1.053}
"""Factors that keep the passes of one layer, which need the same, side by side."""

NAMED = 6
"""How many of the rows that are farthest from the roof are called by name."""

INCHES = (9.5, 6.2)
FRAME = (0.06, 0.1, 0.92, 0.8)
"""Left, bottom, width and height of the axes in the figure."""

GIGA = 1e9


def draw(document: Row) -> Figure:
    """Operations a second over operations per byte, jconv's and lax's."""
    from matplotlib import patheffects  # noqa: PLC0415 (slow to load)
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=INCHES)
    axes = figure.add_axes(FRAME)
    rows = [row for row in document["rows"] if row["family"] in COLORS]
    for row in rows:
        _row(axes, row)
    (low, high), (bottom, top) = _ranges(rows, document["limits"])
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(bottom, top))
    steepness = (INCHES[1] * FRAME[3] / math.log(top / bottom)) / (
        INCHES[0] * FRAME[2] / math.log(high / low)
    )
    _roofs(axes, document["limits"], (low, high), math.degrees(math.atan(steepness)))
    for at, row in _farthest(rows):
        axes.annotate(
            row["id"],
            at,
            (7, 0),
            textcoords="offset points",
            va="center",
            color=COLORS[row["family"]],
            fontsize=8.5,
            zorder=5,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
        )
    label = "operations per byte, each array moved once"
    axes.set_xlabel(label, color=SOFT, fontsize=10)
    axes.set_title("GFLOP/s, by what a layer needs", loc="left", color=INK, pad=24)
    device = f"{display_name(document['device'])}, jax {document['device']['jax']}"
    axes.text(0, 1.02, device, transform=axes.transAxes, color=SOFT, fontsize=9)
    _quiet(axes)
    _legend(axes, rows)
    return figure


def _ranges(
    rows: Sequence[Row], limits: Row
) -> tuple[tuple[float, float], tuple[float, float]]:
    """From left to right, and from below to above, with room for words."""
    xs = [row["flop"] / row["bytes"] for row in rows] or [1.0]
    peak = limits["flop_per_s"] / GIGA
    ys = [_rate(row, name) for row in rows for name in _measured(row)] or [peak / 10]
    horizontal = (min(0.5, *xs, xs[0]) / 1.5, max(100.0, *xs, xs[0]) * 2.2)
    return horizontal, (min(*ys, ys[0]) / 1.7, max(peak * 1.9, max(ys) * 1.3))


def _rate(row: Row, name: str) -> float:
    """GFLOP/s of jconv or of lax."""
    return row["flop"] / row[name]["median_s"] / GIGA


def _measured(row: Row) -> list[str]:
    """Whose times stand in the picture."""
    return ["jconv", "lax"] if row["lax"] else ["jconv"]


def _at(row: Row) -> tuple[float, float]:
    """Where jconv's sign stands."""
    return row["flop"] / row["bytes"] * APART[row["role"]], _rate(row, "jconv")


def _row(axes: Axes, row: Row) -> None:
    """A full sign for jconv, a ring for lax, a line that shows the way."""
    color, marker = COLORS[row["family"]], SIGNS[row["role"]][0]
    x, ours = _at(row)
    if row["lax"]:
        lax = _rate(row, "lax")
        axes.plot([x, x], [lax, ours], color=color, linewidth=0.6, alpha=0.35, zorder=2)
        axes.plot(x, lax, marker, mfc="white", mec=color, ms=3.4, mew=0.7, zorder=3)
    axes.plot(x, ours, marker, color=color, ms=4.8, mew=0, alpha=0.9, zorder=4)


def _farthest(rows: Sequence[Row]) -> Iterator[tuple[tuple[float, float], Row]]:
    """The rows with the smallest shares of the limit whose names do not collide."""
    placed: list[tuple[float, float]] = []
    for row in sorted(rows, key=lambda row: row["limit_share"]):
        x, y = _at(row)
        free = all(
            abs(math.log10(y / b)) > 0.12 or abs(math.log10(x / a)) > 1.0
            for a, b in placed
        )
        if free and len(placed) < NAMED:
            placed.append((x, y))
            yield (x, y), row


def _roofs(
    axes: Axes, limits: Row, across: tuple[float, float], degrees: float
) -> None:
    """The flat roof, and a slope for the fastest and the slowest copies."""
    low, high = across
    peak, copies = limits["flop_per_s"], limits["copies"]
    words: dict[str, Any] = {"textcoords": "offset points", "color": SOFT}
    words |= {"fontsize": 9}
    for copy, name in ((copies[0], "in cache"), (copies[-1], "in memory")):
        rate = copy["bytes_per_s"]
        slope = ([low, peak / rate], [rate * low / GIGA, peak / GIGA])
        axes.plot(*slope, color=INK, linewidth=1.2, zorder=1)
        axes.annotate(
            f"copies {name}, {rate / GIGA:,.0f} GB/s",
            (low, rate * low / GIGA),
            (10, 12),
            rotation=degrees,
            rotation_mode="anchor",
            **words,
        )
    flat = ([peak / copies[0]["bytes_per_s"], high], [peak / GIGA] * 2)
    axes.plot(*flat, color=INK, linewidth=1.2, zorder=1)
    text = f"matrix product, {peak / GIGA:,.0f} GFLOP/s; above it, operations are saved"
    axes.annotate(text, (flat[0][0], peak / GIGA), (26, 5), **words)


def _quiet(axes: Axes) -> None:
    """Few lines, no ticks."""
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=SOFT, labelsize=9, which="both", length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#b9c1ca")


def _legend(axes: Axes, rows: Sequence[Row]) -> None:
    """Families by colour, passes by sign; full is jconv, hollow is lax."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 (slow to load)

    families = {row["family"] for row in rows}
    roles = {row["role"] for row in rows}
    plain: dict[str, Any] = {"linestyle": "", "ms": 5, "mew": 0}
    handles = [
        Line2D([], [], marker="o", color=color, label=family, **plain)
        for family, color in COLORS.items()
        if family in families
    ]
    handles += [
        Line2D([], [], marker=marker, color=SOFT, label=f"{name}, jconv", **plain)
        for role, (marker, _, _, name) in SIGNS.items()
        if role in roles
    ]
    hollow = plain | {"mfc": "white", "mec": SOFT, "mew": 0.8, "ms": 4}
    if any(row["lax"] for row in rows):
        handles.append(Line2D([], [], marker="o", label="hollow: lax", **hollow))
    axes.legend(
        handles=handles,
        loc="lower right",
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handletextpad=0.3,
    )
