"""How fast each layer of real networks is, forward and both derivatives.

Nothing is measured here: the numbers are those of a run of ``jconv bench`` that is
recorded in ``benchmarks/results``, of each kind of device the one with the most layers,
of these the newest. Runs that compare settings are left out. Without a record there is
no figure, and the command says so.

    python -m experiments.speed_by_layer --out DIR
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments._run import Missing, command, experiment
from jconv.verify.device import display_name
from jconv.verify.figures.style import FAINT, INK, INPUT, KERNEL, OUTPUT, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = ""
"""None: how fast it is depends on the machine, and no claim speaks of it."""

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
SCHEMA = "jconv-bench/1"
FAMILIES = ("dense", "grouped", "depthwise")
ROLES = {
    "fwd": ("forward", OUTPUT),
    "dx": ("input derivative", INPUT),
    "dw": ("kernel derivative", KERNEL),
}
PROGRAMS = {"jconv": ("jconv", "o"), "lax": ("jax.lax", "|"), "torch": ("PyTorch", "x")}


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Per device the rates of each layer, in operations of the direct sum a second.

    Raises:
        Missing: if there is no record of any layer.
    """
    del quick
    found: dict[str, tuple[tuple[int, str], dict[str, Any]]] = {}
    for path in sorted(RESULTS.glob("*.json")):
        document = json.loads(path.read_text("utf-8"))
        if document.get("schema") != SCHEMA or _is_variation(document):
            continue
        layers = _layers(document)
        rank = (len(layers), document["created"])
        platform = document["device"]["platform"]
        if layers and rank > found.get(platform, ((0, ""), {}))[0]:
            told = {
                "file": path.name,
                "created": document["created"],
                "command": document["command"],
                "device": display_name(document["device"]),
                "flop_per_s": document["limits"]["flop_per_s"],
            }
            found[platform] = (rank, told | {"layers": layers})
    if not found:
        message = (
            "benchmarks/results holds no recorded run with layers. Make one: "
            "jconv bench --json benchmarks/results/DEVICE-DATE.json"
        )
        raise Missing(message)
    return {"devices": [told for _, told in found.values()]}


def _is_variation(document: Mapping[str, Any]) -> bool:
    """Whether a run was made to compare settings: the figure shows the usual ones.

    Only what runs on a CPU has its memory from malloc.
    """
    compared = ["--method"] + ["--malloc"] * (document["device"]["platform"] == "cpu")
    return any(option in document["command"] for option in compared)


def _layers(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry per layer: the rate of each pass by each program."""
    layers: dict[tuple[str, str], dict[str, Any]] = {}
    for row in document["rows"]:
        if row["family"] not in FAMILIES or row["role"] not in ROLES:
            continue
        key = (row["family"], row["name"])
        layer = layers.setdefault(key, {"family": key[0], "name": key[1], "passes": {}})
        layer["passes"][row["role"]] = {
            "limit": row["flop"] / row["limit_s"],
            **{name: _rate(row, name) for name in PROGRAMS},
        }
    return list(layers.values())


def _rate(row: Mapping[str, Any], name: str) -> float | None:
    """Operations a second; None for a program that was not measured."""
    return row["flop"] / row[name]["median_s"] if row.get(name) else None


def draw(numbers: Mapping[str, Any]) -> Figure:
    """Per device one panel per pass; layers in rows, faster to the right."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    devices = numbers["devices"]
    heights = [1.6 + 0.19 * len(device["layers"]) for device in devices]
    figure = Figure(figsize=(12, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(devices), 1, height_ratios=heights, squeeze=False)
    for part, device in zip(parts[:, 0], devices, strict=True):
        _device(part, device)
    return figure


def _device(part: Any, device: Mapping[str, Any]) -> None:
    """Three panels, one legend."""
    order = {family: n for n, family in enumerate(FAMILIES)}
    layers = sorted(device["layers"], key=lambda layer: order[layer["family"]])
    panels = part.subplots(1, len(ROLES), sharey=True, sharex=True)
    for axes, (role, (words, color)) in zip(panels, ROLES.items(), strict=True):
        _panel(axes, layers, role, color)
        axes.set_title(words, color=color)
    names = [f"{layer['name']}  ({layer['family']})" for layer in layers]
    panels[0].set_yticks(range(len(layers)), names, fontsize=8.5)
    panels[0].set_ylim(len(layers) - 0.4, -0.6)
    panels[1].set_xlabel("operations of the direct sum, a second", color=SOFT)
    handles, labels = panels[0].get_legend_handles_labels()
    style = {"loc": "outside lower center", "ncols": 5, "frameon": False}
    part.legend(handles, labels, fontsize=9.5, **style)
    part.suptitle(f"{device['device']}, {device['created'][:10]}", color=INK)


def _panel(axes: Axes, layers: Sequence[Any], role: str, color: str) -> None:
    """One sign per program; a grey mark where the machine's own limit is."""
    from matplotlib.ticker import LogLocator, NullLocator  # noqa: PLC0415 (slow to load)

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator())
    axes.xaxis.set_minor_locator(NullLocator())
    passes = [layer["passes"].get(role, {}) for layer in layers]
    rows = range(len(layers))
    limits = [told.get("limit") or float("nan") for told in passes]
    axes.plot(
        limits, rows, "D", color=FAINT, markersize=4, label="limit of the machine"
    )
    for name, (words, sign) in PROGRAMS.items():
        rates = [told.get(name) or float("nan") for told in passes]
        style = {"color": color if name == "jconv" else INK, "markersize": 6}
        # One legend stands for all three panels, whose colours differ.
        axes.plot(rates, rows, sign, label=words, **style)
    axes.xaxis.set_major_formatter(lambda value, _: _written(value))
    axes.grid(color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _written(rate: float) -> str:
    """A rate with its prefix."""
    for power, prefix in ((12, "T"), (9, "G"), (6, "M")):
        if rate >= 10**power:
            return f"{rate / 10**power:g} {prefix}"
    return f"{rate:g}"


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
