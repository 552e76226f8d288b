"""AlexNet's parameters per layer: the dense layers hold nearly all of them.

python -m experiments.parameters_of_alexnet --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.verify.figures import alexnet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "net.alexnet"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The numbers of the report's figure."""
    del quick
    return alexnet.measured()


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    return alexnet.drawn(numbers)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
