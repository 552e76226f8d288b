"""A convolution is a dense layer with most edges gone and the rest tied.

Eight inputs and six outputs: 48 weights where everything meets everything, 18 edges
where an output sees its window only, and 3 weights once the windows share them.

    python -m experiments.dense_and_convolution --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.verify.figures import sharing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "definition.weight-sharing"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The numbers of the report's figure."""
    del quick
    return sharing.measured()


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    return sharing.drawn(numbers)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
