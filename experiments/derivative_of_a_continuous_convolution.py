"""d/dx (f * g) = f * g' = f' * g, for smooth functions on a fine grid.

The derivative may go to either factor: differentiate under the integral, or shift the
variable first. Convolutions are taken with jconv, on grids of falling step.

    python -m experiments.derivative_of_a_continuous_convolution --out DIR [--quick]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

import jconv
from experiments._run import command, experiment
from jconv.verify.figures.style import FAINT, INK, INPUT, KERNEL, OUTPUT, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "backward.continuous"
REACH = 6.0
STEPS = (0.4, 0.2, 0.1, 0.05)
DRAWN = 0.1


def signal(t: np.ndarray) -> np.ndarray:
    """Two bumps, one of them narrow."""
    return np.exp(-((t + 1.2) ** 2)) + 0.7 * np.exp(-3 * (t - 1.3) ** 2)


def signal_slope(t: np.ndarray) -> np.ndarray:
    """Its derivative."""
    first = -2 * (t + 1.2) * np.exp(-((t + 1.2) ** 2))
    return first - 4.2 * (t - 1.3) * np.exp(-3 * (t - 1.3) ** 2)


def kernel(t: np.ndarray) -> np.ndarray:
    """A Gaussian of mass 1."""
    return np.exp(-(t**2) / 0.5) / np.sqrt(0.5 * np.pi)


def kernel_slope(t: np.ndarray) -> np.ndarray:
    """Its derivative."""
    return -4 * t * kernel(t)


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The curves at one step, and how far the three derivatives are apart at each."""
    steps = STEPS[:2] if quick else STEPS
    apart = []
    for step in steps:
        curves = _curves(step)
        inner = np.abs(curves["t"]) < REACH / 2
        exact = curves["f * g'"][inner]
        apart.append(
            {
                "step": step,
                "f' * g against f * g'": _farthest(curves["f' * g"][inner], exact),
                "differences of f * g against f * g'": _farthest(
                    curves["differences"][inner], exact
                ),
            }
        )
    shown = {
        name: np.round(curve, 5).tolist() for name, curve in _curves(DRAWN).items()
    }
    return {"apart": apart, "curves": shown}


def _curves(step: float) -> dict[str, np.ndarray]:
    """f, g, f * g and its derivative in three ways, on one grid."""
    t = np.arange(-round(REACH / step), round(REACH / step) + 1) * step

    def convolved(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):  # noqa: FBT003 (its only argument)
            result = jconv.convolve(first, second, mode="same", method="loop")
        return np.asarray(result, "float64") * step

    f, g = signal(t), kernel(t)
    result = convolved(f, g)
    return {
        "t": t,
        "f": f,
        "g": g,
        "f * g": result,
        "f * g'": convolved(f, kernel_slope(t)),
        "f' * g": convolved(signal_slope(t), g),
        "differences": np.gradient(result, step),
    }


def _farthest(first: np.ndarray, second: np.ndarray) -> float:
    """The largest difference, to three digits: the rest is rounding."""
    return float(f"{np.max(np.abs(first - second)):.3g}")


def draw(numbers: Mapping[str, Any]) -> Figure:
    """Signal, kernel and result; the derivative three ways; how far they are apart."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    curves, apart = numbers["curves"], numbers["apart"]
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.1, 1.1, 1))
    t = curves["t"]
    left.plot(t, curves["f"], color=INPUT, label="signal f")
    left.plot(t, curves["g"], color=KERNEL, label="kernel g")
    left.plot(t, curves["f * g"], color=OUTPUT, linewidth=2.4, label="f ∗ g")
    left.set_title("a convolution", color=INK)
    middle.plot(
        t, curves["f * g'"], color=KERNEL, linewidth=6, alpha=0.35, label="f ∗ g′"
    )
    middle.plot(t, curves["f' * g"], color=INPUT, linewidth=2, label="f′ ∗ g")
    style = {"linestyle": "none", "marker": ".", "markersize": 4, "markevery": 3}
    middle.plot(t, curves["differences"], color=INK, label="slope of f ∗ g", **style)
    middle.set_title("its derivative: three ways, one curve", color=INK)
    steps = [row["step"] for row in apart]
    rows = (
        ("differences of f * g against f * g'", INK, "slope of f ∗ g by differences"),
        ("f' * g against f * g'", INPUT, "f′ ∗ g"),
    )
    for name, color, label in rows:
        values = [row[name] for row in apart]
        right.loglog(steps, values, "o-", color=color, label=label)
    first = apart[0][rows[0][0]]
    square = [first * (step / steps[0]) ** 2 for step in steps]
    right.loglog(steps, square, ":", color=SOFT, label="step²")
    right.set_xticks(steps, [f"{step:g}" for step in steps])
    right.set_xticks([], minor=True)
    right.set_xlabel("step of the grid", color=SOFT)
    right.set_title("distance from f ∗ g′", color=INK)
    for axes in (left, middle, right):
        axes.legend(fontsize=8.5, frameon=False)
        axes.grid(color=FAINT, linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in (left, middle):
        axes.set_xlim(-4.5, 4.5)
        axes.set_xlabel("x", color=SOFT)
    return figure


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
