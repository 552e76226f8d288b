"""Three ways for a max-pool's derivative at ties, and which keep the cotangent's sum.

One of the largest entries takes all, each of them takes all, or they share. The first
and the third hand on exactly what came; the second makes more of it.

    python -m experiments.ties_of_a_max_pool --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.verify.figures import max_pool_ties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "pool.max.ties"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The numbers of the report's figure."""
    del quick
    return max_pool_ties.measured()


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    return max_pool_ties.drawn(numbers)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
