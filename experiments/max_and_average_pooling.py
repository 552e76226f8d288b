"""Max and average pooling of a 4 x 4 map, forward and backward.

A quarter of the positions is left. Backward, the largest entry receives everything, or
all four receive a quarter each.

    python -m experiments.max_and_average_pooling --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.verify.figures import pooled_quarters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "pool.max.forward"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The numbers of the report's figure."""
    del quick
    return pooled_quarters.measured()


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    return pooled_quarters.drawn(numbers)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
