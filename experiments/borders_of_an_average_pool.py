"""At borders a window holds fewer entries: the true divisors, forward and backward.

A constant image stays constant under the mean of what is there; if padding is counted,
its border fades. Backward, the border receives more or less accordingly.

    python -m experiments.borders_of_an_average_pool --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.verify.figures import average_pool_borders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "pool.avg.border"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The numbers of the report's figure."""
    del quick
    return average_pool_borders.measured()


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    return average_pool_borders.drawn(numbers)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
