"""Channels as blocks: one kernel gives one map, four kernels give four.

A kernel is as deep as its input has channels; its slices' results are added.

    python -m experiments.channels_as_blocks --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.verify.figures import channels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "channels.rgb"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The numbers of the report's figure."""
    del quick
    return channels.measured()


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    return channels.drawn(numbers)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
