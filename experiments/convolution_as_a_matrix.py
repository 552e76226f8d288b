"""A convolution is a matrix with its weights on diagonals; backward is its transpose.

Toeplitz for a line, doubly Toeplitz for an image.

    python -m experiments.convolution_as_a_matrix --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments._run import command, experiment
from jconv.explain.figure import matrix
from jconv.geometry import Geometry
from jconv.verify import figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "definition.linear"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Which weight stands where, counted from 1; 0 is none."""
    del quick
    line, image = ((8,), (3,)), ((5, 5), (2, 2))
    return {
        "line": matrix(Geometry.from_call(*line)).tolist(),
        "image": matrix(Geometry.from_call(*image)).tolist(),
    }


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    del numbers
    return figures.draw(CLAIM)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
