"""The filters of image processing on a real photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import jconv
from jconv.nn.data import bundled
from jconv.verify.figures.style import INK, SOFT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAUSS = np.outer([1, 2, 1], [1, 2, 1]) / 16
FILTERS = {
    "identity": np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "mean (blur)": np.full((3, 3), 1 / 9),
    "Gaussian": GAUSS,
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "Sobel, across": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "Sobel, down": np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
    "Laplacian": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "emboss": np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
}
"""Name -> 3 x 3 kernel."""

SIGNED = {"Sobel, across", "Sobel, down", "Laplacian"}
"""Filters whose weights sum to 0: grey stands for 0 in their pictures."""


def photograph() -> np.ndarray:
    """A grey photograph of 160 x 160 in [0, 1], from scikit-learn's own."""
    # The pagoda; every second pixel of the mean of pairs, so that nothing aliases.
    grey = bundled.photograph("china.jpg")[60:380, 60:380].mean(axis=2) / 255
    return grey.reshape(160, 2, 160, 2).mean(axis=(1, 3))


def filters() -> Figure:
    """Eight kernels and what each makes of the photograph."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    image = photograph().astype("float32")[..., None]
    kernels = np.stack(list(FILTERS.values()), axis=-1)[:, :, None]
    results = np.asarray(jconv.conv(image, kernels.astype("float32")))
    figure = Figure(figsize=(10.4, 6.9), layout="constrained")
    for n, (axes, (name, kernel)) in enumerate(
        zip(figure.subplots(2, 4).flat, FILTERS.items(), strict=True)
    ):
        low, high = (-0.8, 0.8) if name in SIGNED else (0.0, 1.0)
        axes.imshow(
            results[..., n], cmap="gray", vmin=low, vmax=high, interpolation="none"
        )
        axes.set(xticks=[], yticks=[])
        axes.set_title(name, color=INK)
        axes.set_xlabel(_written(name, kernel), family="DejaVu Sans Mono", color=SOFT)
    return figure


def _written(name: str, kernel: np.ndarray) -> str:
    """A kernel as three lines of numbers, a common factor in front."""
    parts = {"mean (blur)": 9, "Gaussian": 16}.get(name, 1)
    rows = [
        " ".join(f"{round(entry * parts):2d}" for entry in row).replace("-", "−")
        for row in kernel
    ]
    factor = f"1/{parts} ·" if parts > 1 else ""
    rows = [f"{factor if n == 1 else '':>6} {row}" for n, row in enumerate(rows)]
    return (
        "\n".join(rows) if parts > 1 else "\n".join(row.strip("\n")[6:] for row in rows)
    )
