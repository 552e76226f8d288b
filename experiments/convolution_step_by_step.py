"""A 2 x 2 kernel at its four positions on a 3 x 3 input: 19, 25, 37, 43.

Each output is the sum of the products of the kernel with what it lies on.

    python -m experiments.convolution_step_by_step --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import jconv
from experiments._run import command, experiment
from jconv.verify import figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "definition.2d"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Input, kernel and output."""
    del quick
    x, w = np.arange(9.0).reshape(3, 3), np.arange(4.0).reshape(2, 2)
    y = jconv.conv(x[..., None], w[..., None, None])[..., 0]
    return {"x": x.tolist(), "w": w.tolist(), "y": y.tolist()}


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    del numbers
    return figures.draw(CLAIM)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
