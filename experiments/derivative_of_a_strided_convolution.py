"""The derivative of a stride-2 convolution is a stride-1 convolution.

The cotangent is spread out with zeros, the reversed kernel slides over it, and the
input's derivative comes out.

    python -m experiments.derivative_of_a_strided_convolution --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import jconv
from experiments._run import command, experiment
from jconv import rules
from jconv.geometry import Geometry
from jconv.verify import figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "backward.is-conv"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The rule in words, and the numbers of the figure."""
    del quick
    dy, w = np.array([2.0, 1.0, 3.0]), np.array([1.0, 2.0, -1.0])
    dx = jconv.conv_input_vjp(
        dy[:, None], w[:, None, None], input_shape=(7, 1), stride=2
    )
    rule = rules.describe(Geometry.from_call((7,), (3,), stride=2), "input")
    return {
        "rule": rule,
        "dy": dy.tolist(),
        "w": w.tolist(),
        "dx": dx[:, 0].tolist(),
    }


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    del numbers
    return figures.draw(CLAIM)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
