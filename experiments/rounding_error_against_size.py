"""Rounding error against the number of products, for each algorithm and dtype.

The largest error of an entry, divided by the sum of the absolute values of its products
as in the a-priori bound of sums, which is drawn too. A transform's bound is a share of
the operands' norms; it is drawn as that of the entry with the smallest sum. Exact
values are summed in NumPy's long double; float64 is left out where that is no longer
than double.

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
from jconv.geometry import Geometry
from jconv.verify.figures.style import FAINT, INK, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "backward.rounding"
CHANNELS = (1, 4, 16, 64, 256, 1024)
DTYPES = ("float64", "float32", "float16", "bfloat16")
SIDE, KERNEL, C_OUT = 8, 3, 4
GEOMETRY = Geometry.from_call((SIDE, SIDE), (KERNEL, KERNEL))
COLORS = (
    *("#2a6fb0", "#c2601c", "#2c8550", "#7a4aa3", "#b0413e", "#a06a00"),
    *("#2a7f8e", "#d04a9c", "#6b8e23", "#4b5fd0", "#8a5a44", "#008b8b"),
)
MARKERS = "os^Dv*P<>Xph"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """One row per dtype, algorithm and number of channels."""
    with jax.enable_x64(True):  # noqa: FBT003 (its only argument)
        rows = [
            row
            for dtype in (DTYPES[1::2] if quick else DTYPES)
            if numerics.unit_roundoff(dtype) > np.finfo(np.longdouble).eps
            for c_in in (CHANNELS[:2] if quick else CHANNELS)
            for row in _rows(dtype, c_in)
        ]
    return {"rows": rows}


def _rows(dtype: str, c_in: int) -> list[dict[str, Any]]:
    """One row per algorithm that takes the case; the others say why they do not."""
    random = np.random.default_rng(c_in)
    x = jnp.asarray(random.normal(size=(1, SIDE, SIDE, c_in)), dtype)
    w = jnp.asarray(random.normal(size=(KERNEL, KERNEL, c_in, C_OUT)), dtype)
    exact, size = _exact(x, w), _exact(abs(x), abs(w))
    n_output = SIDE - KERNEL + 1
    shapes = {
        "input": (1, 1, SIDE, SIDE, 1, c_in),
        "kernel": (1, KERNEL, KERNEL, c_in, 1, C_OUT),
        "output": (1, 1, n_output, n_output, 1, C_OUT),
    }
    operands = {role: shapes[role] for role in ("input", "kernel")}
    platform = jax.default_backend()
    rows = []
    for method, each in REGISTRY.items():
        if each.refuses(GEOMETRY, operands, "output", dtype, platform):
            continue
        y = jax.jit(functools.partial(jconv.conv, method=method))(x, w)
        error = float(np.max(np.abs(_long(y) - exact) / size))
        bound = each.error_bound(GEOMETRY, shapes, "output", dtype)
        if not each.exact_on_integers:  # a transform's is normwise
            bound *= _norm(x) * _norm(w) / float(np.min(size))
        row = {"dtype": dtype, "method": method, "products": KERNEL * KERNEL * c_in}
        rows.append(row | {"error": float(f"{error:.3g}"), "bound": bound})
    return rows


def _long(array: jax.Array) -> np.ndarray:
    """The same numbers in NumPy's longest format."""
    return np.asarray(array).astype("float64").astype(np.longdouble)


def _norm(array: jax.Array) -> float:
    """The root of the sum of squares."""
    return float(np.linalg.norm(np.asarray(array, "float64")))


def _exact(x: jax.Array, w: jax.Array) -> np.ndarray:
    """The convolution in long double, by NumPy alone."""
    windows = np.lib.stride_tricks.sliding_window_view(
        _long(x), (KERNEL, KERNEL), (1, 2)
    )
    return np.einsum("bhwcij,ijcm->bhwm", windows, _long(w))


def draw(numbers: Mapping[str, Any]) -> Figure:
    """One panel per dtype: the algorithms, and their bounds above them."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    found = numbers["rows"]
    dtypes = list(dict.fromkeys(row["dtype"] for row in found))
    methods = list(dict.fromkeys(row["method"] for row in found))
    figure = Figure(figsize=(1.2 + 3.1 * len(dtypes), 4.6), layout="constrained")
    panels = figure.subplots(1, len(dtypes), squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        rows = [row for row in found if row["dtype"] == dtype]
        _panel(axes, dtype, rows, methods)
    panels[0].set_ylabel("largest error / Σ |products|", color=SOFT)
    entries: dict[str, Any] = {}  # an algorithm need not be in every panel
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        entries = dict(zip(labels, handles, strict=True)) | entries
    style = {"loc": "outside lower center", "ncols": 8, "frameon": False}
    figure.legend(entries.values(), entries.keys(), fontsize=9.5, **style)
    return figure


def _panel(axes: Axes, dtype: str, rows: list[Any], methods: list[str]) -> None:
    """One dtype. Algorithms whose bounds are alike share a line."""
    bounds: dict[tuple[float, ...], list[str]] = {}
    for n, method in enumerate(methods):
        mine = [row for row in rows if row["method"] == method]
        if not mine:
            continue
        products = [row["products"] for row in mine]
        errors = [max(row["error"], 1e-20) for row in mine]
        style = {"color": COLORS[n % 12], "marker": MARKERS[n % 12], "alpha": 0.8}
        axes.loglog(products, errors, label=method, markersize=5, **style)
        bounds.setdefault(tuple(row["bound"] for row in mine), []).append(method)
    shared = max(bounds, key=lambda bound: len(bounds[bound]))
    for bound, members in bounds.items():
        color = INK if bound == shared else COLORS[methods.index(members[0]) % 12]
        name = "bound of sums" if bound == shared else f"bound of {', '.join(members)}"
        axes.loglog(products, bound, "--", color=color, label=name)
    roundoff = numerics.unit_roundoff(dtype)
    axes.axhline(roundoff, color=SOFT, linewidth=1, linestyle=":", label="one rounding")
    axes.set_title(dtype, color=INK)
    axes.set_xlabel("products in one entry", color=SOFT)
    axes.set_xticks([9, 36, 144, 576, 2304, 9216][: len(products)])
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.tick_params(axis="x", labelrotation=45)
    least = min(roundoff, *(row["error"] for row in rows if row["error"]))
    axes.set_ylim(least / 3, 3 * max(map(max, bounds)))
    axes.grid(color=FAINT, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
