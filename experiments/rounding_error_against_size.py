"""Rounding error against the number of products, for each algorithm and dtype.

The largest error of an entry, divided by the sum of the absolute values of its products
as in the a-priori bound, which is drawn too. Exact values come from the oracle in
double; float64 itself is left out, since nothing here is exacter.

    python -m experiments.rounding_error_against_size --out DIR [--quick]
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from experiments._run import command, experiment
from jconv import numerics
from jconv.algorithms import REGISTRY
from jconv.errors import UnsupportedError
from jconv.verify.figures.style import FAINT, INK, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "backward.rounding"
CHANNELS = (1, 4, 16, 64, 256, 1024)
DTYPES = ("float32", "float16", "bfloat16")
SIDE, KERNEL = 8, 3


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """One row per dtype, algorithm and number of channels."""
    rows = []
    for dtype in DTYPES:
        for c_in in CHANNELS[:2] if quick else CHANNELS:
            random = np.random.default_rng(c_in)
            x = jnp.asarray(random.normal(size=(1, SIDE, SIDE, c_in)), dtype)
            w = jnp.asarray(random.normal(size=(KERNEL, KERNEL, c_in, 4)), dtype)
            exact, size = _exact(x, w), _exact(abs(x), abs(w))
            terms = KERNEL * KERNEL * c_in
            accumulate = numerics.accumulation_dtype(dtype)
            bound = numerics.direct_sum_bound(terms, accumulate, dtype)
            for method in REGISTRY:
                try:
                    y = jax.jit(functools.partial(jconv.conv, method=method))(x, w)
                except UnsupportedError:
                    continue
                error = np.max(np.abs(np.asarray(y, "float64") - exact) / size)
                row = {"dtype": dtype, "method": method, "products": terms}
                rows.append(row | {"error": float(f"{error:.3g}"), "bound": bound})
    return {"rows": rows}


def _exact(x: jax.Array, w: jax.Array) -> np.ndarray:
    """The convolution in double, by NumPy alone."""
    image, kernel = (np.asarray(each, "float64") for each in (x, w))
    windows = np.lib.stride_tricks.sliding_window_view(image, (KERNEL, KERNEL), (1, 2))
    return np.einsum("bhwcij,ijcm->bhwm", windows, kernel)


def draw(numbers: Mapping[str, Any]) -> Figure:
    """One panel per dtype: the algorithms, and the bound above them."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(11, 4), layout="constrained")
    panels = figure.subplots(1, len(DTYPES), sharey=True)
    for axes, dtype in zip(panels, DTYPES, strict=True):
        rows = [row for row in numbers["rows"] if row["dtype"] == dtype]
        methods = list(dict.fromkeys(row["method"] for row in rows))
        for n, method in enumerate(methods):
            mine = [row for row in rows if row["method"] == method]
            products = [row["products"] for row in mine]
            errors = [max(row["error"], 1e-9) for row in mine]
            marker = "os^Dv*"[n % 6]
            axes.loglog(products, errors, marker + "-", label=method, alpha=0.8)
        axes.loglog(
            products, [row["bound"] for row in mine], "--", color=INK, label="bound"
        )
        roundoff = numerics.unit_roundoff(dtype)
        axes.axhline(roundoff, color=SOFT, linewidth=0.8)
        # Below the line there is room, unless the errors are there:
        room, height = ("top", 0.85) if roundoff > 1e-6 else ("bottom", 1.1)
        style = {"ha": "right", "va": room, "color": SOFT, "fontsize": 8.5}
        axes.text(products[-1], height * roundoff, "one rounding", **style)
        axes.set_title(dtype, color=INK)
        axes.set_xlabel("products in one entry", color=SOFT)
        axes.grid(color=FAINT, linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("largest error / Σ |products|", color=SOFT)
    panels[0].legend(fontsize=9, frameon=False)
    return figure


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
