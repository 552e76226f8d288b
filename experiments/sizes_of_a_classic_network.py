"""AlexNet's maps, layer by layer: resolution falls, channels rise.

Every box is drawn to scale: its height is the map's side, its width its channels.

    python -m experiments.sizes_of_a_classic_network --out DIR
"""

# ruff: noqa: RUF001 (mathematics is written in its own signs)

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from experiments import _alexnet
from experiments._run import command, experiment
from jconv.verify.figures.style import INK, INPUT, KERNEL, OUTPUT, SOFT, canvas, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "net.structure"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Shape and number of values after every layer."""
    del quick
    rows = [
        {
            "layer": row["layer"],
            "shape": row["shape"],
            "values": math.prod(row["shape"]),
        }
        for row in _alexnet.layers()
    ]
    return {"layers": rows}


def draw(numbers: Mapping[str, Any]) -> Figure:
    """A row of boxes on one line, dense layers as thin bars."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    figure, axes = canvas(33, 13.4)
    x, ground = 1.0, 10.4
    for row in numbers["layers"]:
        shape = row["shape"]
        height = shape[0] / 25 if len(shape) == 3 else 7 * shape[0] / 4096
        width = max(0.12, shape[2] / 160) if len(shape) == 3 else 0.25
        kind = row["layer"].split()[0]
        color = {"image": INPUT, "conv": OUTPUT, "pool": KERNEL}.get(kind, SOFT)
        corner = (x + 1.2 - width / 2, ground - height)
        axes.add_patch(Rectangle(corner, width, height, facecolor=color, alpha=0.75))
        centre = x + 1.2
        text(axes, (centre, ground + 0.6), row["layer"], color=INK, size=9.5)
        size = f"{shape[0]} × {shape[1]}" if len(shape) == 3 else ""
        text(axes, (centre, ground + 1.3), size, color=SOFT, size=9)
        words = f"× {shape[2]}" if len(shape) == 3 else str(shape[0])
        text(axes, (centre, ground + 1.95), words, color=SOFT, size=9)
        x += 2.62
    words = "height: side of the map, width: channels (dense layers: height, units)"
    text(axes, (32, 0.8), words, ha="right", color=SOFT)
    return figure


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
