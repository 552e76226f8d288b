"""Figures of what a convolution is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np

import jconv
from jconv.verify.figures.style import (
    FAINT,
    INK,
    INPUT,
    KERNEL,
    ON_MAP,
    OUTPUT,
    SOFT,
    canvas,
    cells,
    text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def sliding_window() -> Figure:
    """The worked example: a 2 x 2 kernel at its four positions on a 3 x 3 input."""
    x, w = np.arange(9.0).reshape(3, 3), np.arange(4.0).reshape(2, 2)
    y = np.asarray(jconv.conv(x[..., None], w[..., None, None]))[..., 0]
    figure, axes = canvas(21, 12.2)
    text(axes, (2.5, 0.6), "input", color=INPUT, weight="bold")
    cells(axes, x, (1, 1.1), INPUT)
    text(axes, (5, 2.6), "∗", size=18)
    text(axes, (7, 0.6), "kernel", color=KERNEL, weight="bold")
    cells(axes, w, (6, 1.6), KERNEL)
    text(axes, (9, 2.6), "=", size=16)
    text(axes, (11, 0.6), "output", color=OUTPUT, weight="bold")
    cells(axes, y, (10, 1.6), OUTPUT)
    text(axes, (13, 1.9), "The kernel slides over the input.", ha="left", color=SOFT)
    text(axes, (13, 2.6), "At each of four places: multiply", ha="left", color=SOFT)
    text(axes, (13, 3.3), "cell by cell, then add.", ha="left", color=SOFT)
    for n, (row, column) in enumerate(np.ndindex(2, 2)):
        left, top = 1 + 10 * (n % 2), 5.0 + 3.4 * (n // 2)
        window = [(row + p, column + q) for p, q in np.ndindex(2, 2)]
        cells(axes, x, (left, top), INPUT, marked=window)
        factors = zip(w.flat, (x[spot] for spot in window), strict=True)
        products = " + ".join(f"{weight:g}·{entry:g}" for weight, entry in factors)
        text(axes, (left + 3.5, top + 1), products, ha="left")
        result = f"= {y[row, column]:g}"
        text(
            axes, (left + 3.5, top + 2), result, ha="left", color=OUTPUT, weight="bold"
        )
    return figure


def toeplitz() -> Figure:
    """The matrix of a convolution and its transpose, on a line and on an image."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    line = _matrix((8,), np.array([1.0, 3.0, -2.0]))
    image = _matrix((5, 5), np.array([[1.0, 3.0], [-2.0, 2.0]]))
    figure = Figure(figsize=(9, 7.6), layout="constrained")
    panels = figure.subplots(2, 2, width_ratios=(8, 6))
    titles = ("forward: y = A x", "backward: dx = Aᵀ dy")
    names = (("input index", "output index"), ("output index", "input index"))
    rows = ((line, "8 inputs, 3 weights"), (image, "5 × 5 image, 2 × 2 weights"))
    for row, (matrix, what) in enumerate(rows):
        for column, shown in enumerate((matrix, matrix.T)):
            axes = panels[row, column]
            _heat_map(axes, shown, numbers=row == 0)
            axes.set_title(f"{titles[column]}\n{what}", color=INK)
            axes.set_xlabel(names[column][0], color=SOFT)
            axes.set_ylabel(names[column][1], color=SOFT)
    return figure


def _matrix(shape: tuple[int, ...], kernel: np.ndarray) -> np.ndarray:
    """The matrix of ``x -> conv(x, kernel)``, column by column from its Jacobian."""

    def flat(x: jax.Array) -> jax.Array:
        return jconv.conv(x.reshape(*shape, 1), kernel[..., None, None]).ravel()

    return np.asarray(jax.jacobian(flat)(np.zeros(int(np.prod(shape)))))


def _heat_map(axes: Axes, matrix: np.ndarray, *, numbers: bool) -> None:
    """Weights in colour on white, where no weight is; with their values if few."""
    axes.imshow(
        np.where(matrix == 0, np.nan, matrix), cmap="RdYlBu", vmin=-4.5, vmax=4.5
    )
    rows, columns = matrix.shape
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=FAINT, linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    axes.set_xticks(np.arange(0, columns, 1 if numbers else 5))
    axes.set_yticks(np.arange(0, rows, 1 if numbers else 5))
    if numbers:
        for row, column in zip(*np.nonzero(matrix), strict=True):
            label = f"{matrix[row, column]:g}".replace("-", "−")
            axes.text(column, row, label, ha="center", va="center", color=ON_MAP)


def border_of_same() -> Figure:
    """Two "same" convolutions against the composed one: they differ at the border."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    random = np.random.default_rng(0)
    x = random.integers(0, 9, (12, 12, 1)).astype("float32")
    first, second = random.integers(-2, 3, (2, 3, 3, 1, 1)).astype("float32")
    twice = jconv.conv(jconv.conv(x, first, padding="same"), second, padding="same")
    composed = _composed(first[..., 0, 0], second[..., 0, 0])
    once = jconv.conv(x, composed[..., None, None], padding="same")
    figure = Figure(figsize=(10, 3.9), layout="constrained")
    difference = np.abs(np.asarray(twice - once))[..., 0]
    panels = (
        (twice[..., 0], "two 3 × 3 layers,\neach padded to the same size", "viridis"),
        (once[..., 0], "the one composed 5 × 5 layer,\npadded once", "viridis"),
        (np.where(difference == 0, np.nan, difference), "where they differ:\n", "Reds"),
    )
    low, high = float(np.min(once)), float(np.max(once))
    for axes, (values, title, colors) in zip(
        figure.subplots(1, 3), panels, strict=True
    ):
        limits = {"vmin": low, "vmax": high} if colors == "viridis" else {"vmin": 0}
        axes.imshow(np.asarray(values), cmap=colors, **limits)
        axes.set(xticks=[], yticks=[])
        if colors == "Reds":
            inside = "all" if not difference[1:-1, 1:-1].any() else "not all"
            count = f"{np.sum(difference != 0)} cells, {inside} at the border"
            axes.set_title(title + count, color=INK)
        else:
            axes.set_title(title, color=INK)
    return figure


def _composed(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The kernel that does both: the full true convolution of the two."""
    return np.asarray(
        jconv.conv(
            first[..., None],
            second[..., None, None],
            padding="full",
            kernel_dilation=-1,
        )
    )[..., 0]
