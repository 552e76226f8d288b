"""The roofline: what every row reaches, under what the machine can do at most."""

# ruff: noqa: RUF001 (signs of mathematics)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.verify.figures.style import COTANGENT, INK, INPUT, KERNEL, OUTPUT, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = {
    "dense": INPUT,
    "grouped": KERNEL,
    "depthwise": OUTPUT,
    "per-example": COTANGENT,
}
"""One colour a family; pools do not multiply, and steps mix all."""

GIGA = 1e9


def draw(document: Mapping[str, Any]) -> Figure:
    """Operations a second over operations per byte, jconv's and lax's."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(9.5, 6), layout="constrained")
    axes = figure.subplots()
    rows = [row for row in document["rows"] if row["family"] in COLORS]
    xs = [row["flop"] / row["bytes"] for row in rows] or [1.0]
    low, high = min(0.4, *xs) / 1.3, max(100.0, *xs) * 1.6
    for row in rows:
        _row(axes, row)
    lowest = min(
        (row["flop"] / row[p]["median_s"] for row in rows for p in _measured(row)),
        default=GIGA,
    )
    _roofs(axes, document["limits"], low, high)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    peak = document["limits"]["flop_per_s"] / GIGA
    axes.set_ylim(lowest / GIGA / 1.6, peak * 2)
    axes.set_xlabel("operations per byte (each array moved once)", color=SOFT)
    axes.set_title("GFLOP/s, by what a layer needs", loc="left", color=INK)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(color="#e7eaee", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=SOFT, labelsize=9, which="both", length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#b9c1ca")
    _legend(axes, {row["family"] for row in rows})
    return figure


def _measured(row: Mapping[str, Any]) -> list[str]:
    """Whose times stand in the picture."""
    return ["jconv", "lax"] if row["lax"] else ["jconv"]


def _row(axes: Axes, row: Mapping[str, Any]) -> None:
    """A full dot for jconv, a ring for lax, a line that shows the way."""
    x, color = row["flop"] / row["bytes"], COLORS[row["family"]]
    ours = row["flop"] / row["jconv"]["median_s"] / GIGA
    if row["lax"]:
        lax = row["flop"] / row["lax"]["median_s"] / GIGA
        axes.plot([x, x], [lax, ours], color=color, linewidth=0.7, alpha=0.35, zorder=2)
        axes.plot(x, lax, "o", mfc="white", mec=color, ms=4, mew=0.8, zorder=3)
    axes.plot(x, ours, "o", color=color, ms=5.5, mew=0, alpha=0.9, zorder=4)


def _roofs(axes: Axes, limits: Mapping[str, Any], low: float, high: float) -> None:
    """The flat roof, and a slope for the fastest and the slowest copies."""
    peak = limits["flop_per_s"]
    copies = limits["copies"]
    for copy, name in ((copies[0], "in cache"), (copies[-1], "in memory")):
        rate = copy["bytes_per_s"]
        slope = ([low, peak / rate], [rate * low / GIGA, peak / GIGA])
        axes.plot(*slope, color=INK, linewidth=1.2, zorder=1)
        axes.text(
            low * 1.1,
            rate * low * 1.1 * 1.12 / GIGA,  # a little above the line
            f"copies {name}, {rate / GIGA:,.0f} GB/s",
            rotation=45,  # in decades, which the axes turn into their own
            rotation_mode="anchor",
            transform_rotates_text=True,
            color=SOFT,
            fontsize=9,
        )
    fastest = peak / copies[0]["bytes_per_s"]
    axes.plot([fastest, high], [peak / GIGA] * 2, color=INK, linewidth=1.2, zorder=1)
    axes.annotate(
        f"matrix product, {peak / GIGA:,.0f} GFLOP/s",
        (high, peak / GIGA),
        (-4, 5),
        textcoords="offset points",
        ha="right",
        color=SOFT,
        fontsize=9,
    )


def _legend(axes: Axes, families: set[str]) -> None:
    """Families by colour; full is jconv, hollow is lax."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 (slow to load)

    plain: dict[str, Any] = {"marker": "o", "linestyle": ""}
    handles = [
        Line2D([], [], color=color, ms=6, mew=0, label=family, **plain)
        for family, color in COLORS.items()
        if family in families
    ]
    handles += [
        Line2D([], [], color=SOFT, ms=6, mew=0, label="full: jconv", **plain),
        Line2D([], [], mec=SOFT, mfc="white", ms=5, label="ring: lax", **plain),
    ]
    axes.legend(
        handles=handles, loc="lower right", frameon=False, fontsize=9, labelcolor=INK
    )
