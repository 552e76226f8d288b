"""A weight's gradient gathers along all of its edges: x seen through the cotangent.

Five inputs, three weights, three outputs, one colour per weight.

    python -m experiments.dw_of_the_worked_example --out DIR
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

CLAIM = "backward.kernel-1d"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The equation of every entry of dw."""
    del quick
    geometry = Geometry.from_call((5,), (3,))
    return {"equations": [equation(geometry, "kernel", (k,)) for k in range(3)]}


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    del numbers
    return figures.draw(CLAIM)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
