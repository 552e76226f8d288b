"""AlexNet's maps, layer by layer: resolution falls, channels rise.

Every box is drawn to scale: its height is the map's side, its width its channels.

    python -m experiments.sizes_of_a_classic_network --out DIR
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.verify.figures import alexnet

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
        for row in alexnet.layers()
    ]
    return {"layers": rows}


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    return alexnet.drawn_sizes(numbers)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
