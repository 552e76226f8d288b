"""Pictures of a run: its curves, and the filters that its first layer has learned."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from jconv.nn.layer import Params
    from jconv.nn.train.fit import Epoch

COLOURS = ("#2a6fb0", "#c2601c", "#2c8550", "#7a4aa3")
PARTS = {"train": "--", "test": "-"}
INK, BETWEEN = "#1b2330", "#d3d8de"
TILE, LINE = 60, 9
"""Least side of a filter's picture and width of the lines around it, in pixels."""


def curves(runs: Mapping[str, Sequence[Epoch]]) -> bytes:
    """Loss and accuracy by epoch of one run or several, as PNG.

    Args:
        runs: the records of every epoch, by the run's name.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  (slow to load)

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    for (name, records), colour in zip(runs.items(), _colours(len(runs)), strict=True):
        epochs = [each["epoch"] for each in records]
        for part, line in PARTS.items():
            label = f"{name}, {part}" if len(runs) > 1 else part
            style: dict[str, Any] = {"color": colour, "linestyle": line, "label": label}
            style["marker"] = "o" if len(epochs) == 1 else ""
            style["markersize"] = 4
            loss.plot(epochs, [each[f"{part}_loss"] for each in records], **style)
            rates = [100 * each[f"{part}_accuracy"] for each in records]
            accuracy.plot(epochs, rates, **style)
    loss.set(xlabel="epoch", title="cross-entropy", yscale="log")
    accuracy.set(xlabel="epoch", title="accuracy, %")
    _zoom(accuracy, runs)
    for axes in (loss, accuracy):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e4e7eb", linewidth=0.8)
        axes.xaxis.get_major_locator().set_params(integer=True)
    # Beside the axes: curves fill all of them.
    handles, labels = accuracy.get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside right center")
    return _png(figure)


def _colours(count: int) -> list[str]:
    """A colour for each of many."""
    return [COLOURS[n % len(COLOURS)] for n in range(count)]


def _zoom(axes: Any, runs: Mapping[str, Sequence[Epoch]]) -> None:
    """Leave out the first epochs' low accuracies, so that the end can be read."""
    late = [
        100 * each[f"{part}_accuracy"]
        for records in runs.values()
        for each in records[len(records) // 4 :]
        for part in PARTS
    ]
    low = min(late)
    axes.set_ylim(max(0.0, low - max(1.0, 0.25 * (100 - low))), 100.3)


def filters(kernel: NDArray[Any], most: int = 64) -> bytes:
    """The kernels (height, width, c_in, c_out) of a layer as pictures, as PNG.

    With three input channels a kernel is a picture in colour; otherwise each has a row
    of pictures, one for each input channel, up to four. White (in colour: grey) is 0,
    and all share one scale.

    Args:
        kernel: of the first layer.
        most: how many kernels are shown.

    Raises:
        GeometryError: if the kernel is not that of a 2-D convolution.
    """
    from matplotlib import colormaps  # noqa: PLC0415  (slow to load)
    from matplotlib.figure import Figure  # noqa: PLC0415

    kernel = np.asarray(kernel, np.float64)
    if kernel.ndim != 4:
        raise GeometryError.of("kernel", kernel.shape, "(height, width, c_in, c_out)")
    colour = kernel.shape[2] == 3
    largest = np.abs(kernel).max() or 1.0
    tiles = [
        kernel[:, :, :, n] if colour else kernel[:, :, c, n]
        for n in range(min(most, kernel.shape[3]))
        for c in range(1 if colour else min(4, kernel.shape[2]))
    ]
    mosaic, (rows, columns) = _side_by_side(tiles)
    size = (max(0.95 * columns, 2.4) + (0.4 if colour else 1.3), 0.95 * rows + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.axis("off")
    if colour:
        mosaic = np.where(np.isnan(mosaic), 1.0, mosaic / (2 * largest) + 0.5)
        axes.imshow(mosaic, interpolation="nearest")
    else:
        shades = colormaps["RdBu_r"].with_extremes(bad=BETWEEN)
        image = axes.imshow(
            mosaic,
            cmap=shades,
            vmin=-largest,
            vmax=largest,
            interpolation="nearest",
        )
        figure.colorbar(image, ax=axes, shrink=0.8, pad=0.03)
    title = f"{len(tiles)} filters of the first layer, {kernel.shape[0]} x "
    figure.suptitle(title + f"{kernel.shape[1]}", color=INK, fontsize=11)
    return _png(figure)


def _side_by_side(
    tiles: Sequence[NDArray[Any]],
) -> tuple[NDArray[Any], tuple[int, int]]:
    """Tiles of one size in rows of up to eight, NaN between them; (rows, columns).

    One picture of many is drawn much faster than many pictures.
    """
    height, width, *rest = tiles[0].shape
    zoom = -(-TILE // max(height, width))  # pixels of a weight: lines stay thin
    columns = min(8, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    tall, wide = zoom * height + LINE, zoom * width + LINE
    mosaic = np.full((rows * tall + LINE, columns * wide + LINE, *rest), np.nan)
    for n, tile in enumerate(tiles):
        top, left = (n // columns) * tall + LINE, (n % columns) * wide + LINE
        large = tile.repeat(zoom, axis=0).repeat(zoom, axis=1)
        mosaic[top : top + zoom * height, left : left + zoom * width] = large
    return mosaic, (rows, columns)


def first_kernel(params: Params) -> NDArray[Any] | None:
    """The first convolution's kernel; None if there is no convolution in 2-D."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if getattr(path[-1], "key", "") == "kernel" and leaf.ndim == 4:
            return np.asarray(leaf, np.float64)
    return None


def dense_kernel(params: Params, input_shape: tuple[int, ...]) -> NDArray[Any] | None:
    """The first dense layer's weights as kernels as large as the picture, or None."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if getattr(path[-1], "key", "") == "kernel":
            fits = leaf.ndim == 2 and leaf.shape[0] == math.prod(input_shape)
            kernel = np.asarray(leaf, np.float64)
            return kernel.reshape(*input_shape, -1) if fits else None
    return None


def _png(figure: Figure) -> bytes:
    """The figure's bytes; no date, so that the same run gives the same file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, facecolor="white")
    return buffer.getvalue()
