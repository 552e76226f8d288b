"""A bottleneck of 1 x 1 convolutions: as many channels in and out, far fewer weights.

3 x 3 with 256 channels against 1 x 1 down to 64, 3 x 3 there, and 1 x 1 back up.

    python -m experiments.bottleneck --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.verify.figures import bottleneck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "conv1x1"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The numbers of the report's figure."""
    del quick
    return bottleneck.measured()


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    return bottleneck.drawn(numbers)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
