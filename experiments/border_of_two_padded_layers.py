"""Two layers padded to the same size are one layer inside, and differ at the border.

Without an activation a stack of convolutions is one convolution, if the padding is done
once, first.

    python -m experiments.border_of_two_padded_layers --out DIR
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

CLAIM = "linear.collapse"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """How many entries differ, padded at each layer and padded once."""
    del quick
    random = np.random.default_rng(0)
    x = random.integers(0, 9, (12, 12, 1)).astype("float32")
    first, second = random.integers(-2, 3, (2, 3, 3, 1, 1)).astype("float32")
    each = jconv.conv(jconv.conv(x, first, padding="same"), second, padding="same")
    once = jconv.conv(jconv.conv(x, first, padding=2), second)
    together = jconv.convolve(first[..., 0, 0], second[..., 0, 0])
    composed = jconv.conv(x, np.asarray(together)[..., None, None], padding="same")
    return {
        "composed_kernel": np.asarray(together).tolist(),
        "entries_that_differ_padded_each_time": int(np.sum(each != composed)),
        "entries_that_differ_padded_once": int(np.sum(once != composed)),
    }


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    del numbers
    return figures.draw(CLAIM)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
