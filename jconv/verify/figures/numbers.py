"""Figures of numerical derivatives: errors against the size of the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np

from jconv.verify.claims import continuous, numerical
from jconv.verify.context import Context
from jconv.verify.figures.style import COTANGENT, FAINT, INPUT, KERNEL, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TINY = 2.0**-53
"""Smaller errors, zero among them, are drawn at a unit roundoff."""


def steps() -> Figure:
    """Truncation falls, rounding rises: a valley; the complex step has no rounding."""
    context = Context(quick=True, claim_id="backward.numerical")
    with jax.enable_x64(True):  # noqa: FBT003 (JAX's)
        _, found = next(iter(numerical.along_directions(context)))
    figure, axes = _log_log("step t", "relative error of the derivative")
    t = 2.0 ** -np.array(numerical.POWERS, dtype=float)
    scale = abs(found["derivative"])
    axes.plot(t, found["bounds"] / scale, color=SOFT, linestyle="--")
    axes.plot(t, np.maximum(found["errors"] / scale, TINY), "o-", color=KERNEL)
    best = int(np.argmin(found["bounds"]))
    axes.axvline(t[best], color=FAINT, zorder=0)
    axes.axhline(max(found["complex error"] / scale, TINY), color=INPUT)
    middle = len(t) // 2
    for words, x, y, color, place in (
        ("bound: t² L‴/6 + R/t", t[-3], found["bounds"][-3] / scale, SOFT, (0, 10)),
        ("central difference", t[3], found["errors"][3] / scale, KERNEL, (-134, 0)),
        ("best step foretold", t[best], 1e-12, SOFT, (6, 0)),
        (
            "complex step, t = 2⁻⁶⁰",
            t[middle],
            max(found["complex error"] / scale, TINY),
            INPUT,
            (0, 8),
        ),
    ):
        axes.annotate(
            words, (x, y), xytext=place, textcoords="offset points", color=color
        )
    return figure


def convergence() -> Figure:
    """Central differences fall with h²; the derivative inside the sum is exact."""
    h = np.array(continuous.STEPS)
    with jax.enable_x64(True):  # noqa: FBT003 (JAX's)
        errors = np.array([continuous.difference_error(step) for step in h])
        inside = np.array([continuous.spectral_error(step) for step in h])
    figure, axes = _log_log("step h of the grid", "largest error of (f ∗ g)′")
    axes.plot(h, errors, "o-", color=KERNEL)
    axes.plot(h, errors[-1] * (h / h[-1]) ** 2, "--", color=SOFT)
    axes.plot(h, np.maximum(inside, TINY), "s-", color=COTANGENT)
    axes.set_xticks(h, [f"1/{round(1 / step)}" for step in h], minor=False)
    axes.set_xticks([], minor=True)
    for words, y, color, place in (
        ("central differences of f ∗ g, and h² dashed", errors[2], KERNEL, (-60, -24)),
        ("f′ ∗ g: rounding alone", inside[2], COTANGENT, (-60, 14)),
    ):
        x = h[2]
        axes.annotate(
            words, (x, y), xytext=place, textcoords="offset points", color=color
        )
    return figure


def _log_log(x: str, y: str) -> tuple[Figure, Axes]:
    """Axes with powers of ten."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(7.2, 3.9), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xscale="log", yscale="log", xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color=FAINT, linewidth=0.5)
    return figure, axes
