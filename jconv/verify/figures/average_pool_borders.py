"""At borders a window holds fewer entries: the true divisors, forward and backward.

A constant image stays constant under the mean of what is there; if padding is counted,
its border fades. Backward, the border receives more or less accordingly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

import jconv
from jconv.geometry import Windows
from jconv.verify.figures.style import INK, ON_MAP, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE, WINDOW = 6, 3
NAMES = {"false": "the mean of what is there", "true": "padding counted as zeros"}


def measured() -> dict[str, Any]:
    """Divisors, y and dx of an image of ones, its cotangent of ones too."""
    image = np.ones((SIDE, SIDE))
    windows = Windows.from_call(image.shape, WINDOW, stride=1, padding="same")
    found: dict[str, Any] = {}
    for count_padding in (False, True):

        def pool(x: jax.Array, counted: bool = count_padding) -> jax.Array:  # noqa: FBT001
            return jconv.avg_pool(
                x,
                (WINDOW, WINDOW),
                stride=1,
                padding="same",
                count_padding=counted,
                channel_axis=None,
            )

        y, back = jax.vjp(pool, image)
        dx = back(np.ones_like(y))[0]
        rows, columns = windows.counts(padding=count_padding)
        found[str(count_padding).lower()] = {
            "divisors": np.outer(rows, columns).tolist(),
            "y": np.round(np.asarray(y, "float64"), 6).tolist(),
            "dx": np.round(np.asarray(dx, "float64"), 6).tolist(),
        }
    return found


def drawn(numbers: Mapping[str, Any]) -> Figure:
    """One row per way to count: divisors, forward, backward."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(9.6, 6.5), layout="constrained")
    panels = figure.subplots(2, 3)
    for row, (counted, name) in zip(panels, NAMES.items(), strict=True):
        told = numbers[counted]
        _table(row[0], told["divisors"], "divisor of each window", (0, 24), "Greys")
        _table(row[1], told["y"], "y of an image of ones", (0, 1.6), "Greens")
        _table(row[2], told["dx"], "dx of a cotangent of ones", (0, 2.4), "Blues")
        row[0].set_ylabel(name, color=INK, weight="bold")
    return figure


def _table(
    axes: Axes, values: Any, title: str, limits: tuple[float, float], colors: str
) -> None:
    """An array in colour, with its numbers."""
    axes.imshow(values, cmap=colors, vmin=limits[0], vmax=limits[1])
    axes.set_title(title, color=SOFT, weight="normal")
    axes.set(xticks=[], yticks=[])
    for (row, column), value in np.ndenumerate(np.array(values)):
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9}
        axes.text(column, row, f"{value:.3g}", color=ON_MAP, **style)


def figure() -> Figure:
    """Measured and drawn."""
    return drawn(measured())
