"""Eight 3 x 3 kernels, and what each makes of a photograph.

Blur, Gaussian, sharpen, Sobel, Laplacian, emboss: one operation with other weights.

    python -m experiments.filters_on_a_photograph --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import jconv
from experiments._run import command, experiment
from jconv.verify import figures
from jconv.verify.figures.photograph import FILTERS, photograph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "filters.blur"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Each kernel, its sum, and the mean of what it makes of the photograph."""
    del quick
    image = photograph()[..., None]
    kernels = np.stack(list(FILTERS.values()), axis=-1)[:, :, None]
    means = np.mean(jconv.conv(image, kernels.astype(image.dtype)), axis=(0, 1))
    told = {
        name: {"kernel": kernel.tolist(), "mean": round(float(mean), 6)}
        for (name, kernel), mean in zip(FILTERS.items(), means, strict=True)
    }
    return {"mean_of_the_photograph": round(float(image.mean()), 6), "filters": told}


def draw(numbers: Mapping[str, Any]) -> Figure:
    """The figure of the report."""
    del numbers
    return figures.draw(CLAIM)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
