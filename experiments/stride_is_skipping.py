"""A strided convolution is the plain one with outputs skipped; backward undoes that.

Kept positions receive the gradient, skipped ones zero; then the kernel slides back.

    python -m experiments.stride_is_skipping --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import jconv
from experiments._run import command, experiment
from jconv.verify import figures
from jconv.verify.figures.stride import DY, STRIDE, W, X

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "stride.subsample"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Outputs of stride 1 and of stride 2, and dx."""
    del quick
    x, w, dy = X[:, None], W[:, None, None], DY[:, None]
    every, kept = jconv.conv(x, w), jconv.conv(x, w, stride=STRIDE)
    dx = jconv.conv_input_vjp(dy, w, input_shape=x.shape, stride=STRIDE)
    named = {"x": X, "w": W, "stride_1": every, "stride_2": kept, "dy": DY, "dx": dx}
    return {name: np.ravel(array).tolist() for name, array in named.items()}


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    del numbers
    return figures.draw(CLAIM)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
