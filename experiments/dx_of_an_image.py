"""The middle of a 3 x 3 image lies in four windows, at another weight each.

The cotangents count up while the weights count down: the kernel, turned by half a turn,
slides over the cotangent.

    python -m experiments.dx_of_an_image --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.explain.sums import equation
from jconv.geometry import Geometry
from jconv.verify import figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "backward.input-2d"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The equations of the first and of the middle entry of dx."""
    del quick
    geometry = Geometry.from_call((3, 3), (2, 2))
    spots = ((0, 0), (1, 1))
    return {"equations": [equation(geometry, "input", spot) for spot in spots]}


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    del numbers
    return figures.draw(CLAIM)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
