"""The norms of all examples' gradients all through a training, plain and clipped.

Each column of a map is a histogram over the same digits. Most
norms fall by a factor of ten and more, and a few examples keep large ones: these are
cut. With clipping and noise the norms fall later, and more of them stay above the cut.

    python -m experiments.per_example_gradient_norms --out DIR [--quick]

References:
    M. Abadi et al., "Deep learning with differential privacy",
    https://arxiv.org/abs/1607.00133, 2016 (algorithm 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from experiments import clipped_per_example_gradients as clipped
from experiments._run import command, experiment
from jconv.nn import data
from jconv.verify.figures.style import FAINT, INK, KERNEL, ON_MAP, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "per-example.sum"
BATCH, LOOKED_AT = 128, 256
STEPS, EVERY = 240, 10
QUICK_STEPS, QUICK_EVERY = 2, 1
EDGES = np.logspace(-3, 1.5, 37)
RUNS = ("plain training", "clipped, with noise")


@jax.jit
def _plain(params: Any, x: Any, labels: Any, key: Any) -> Any:
    """One step of gradient descent; the key is not needed."""
    del key
    slopes = jax.grad(lambda p: clipped.losses(p, x, labels)[0].mean())(params)
    return jax.tree.map(lambda p, g: p - clipped.RATE * g, params, slopes)


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Per run and step looked at: counts of norms, their median, the share clipped."""
    steps, every = (QUICK_STEPS, QUICK_EVERY) if quick else (STEPS, EVERY)
    digits, key = data.digits(), jax.random.key(0)
    same = digits.train.take(slice(0, LOOKED_AT)).arrays()
    norms = jax.jit(clipped.norms)
    found: dict[str, Any] = {"threshold": clipped.LARGEST, "edges": EDGES.tolist()}
    for name in RUNS:
        params, rows = clipped.begin(key), []
        for n in range(steps + 1):
            if n % every == 0:
                rows.append(_row(n, np.asarray(norms(params, *same), "float64")))
            epoch, place = divmod(n, len(digits.train) // BATCH)
            index = data.order(len(digits.train), BATCH, 0, epoch)[place]
            given = (*digits.train.take(index).arrays(), jax.random.fold_in(key, n))
            if name == RUNS[0]:
                params = _plain(params, *given)
            else:
                params, _ = clipped.step(params, *given)
        found[name] = rows
    return found


def _row(n: int, norms: np.ndarray) -> dict[str, Any]:
    """One column of a map; what is smaller than all edges counts in the lowest."""
    counts, _ = np.histogram(np.clip(norms, EDGES[0], EDGES[-1]), EDGES)
    return {
        "step": n,
        "median": float(f"{np.median(norms):.4g}"),
        "above_threshold": float((norms > clipped.LARGEST).mean()),
        "counts": counts.tolist(),
    }


def draw(numbers: Mapping[str, Any]) -> Figure:
    """One map per run, with its median and the threshold."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    largest = max(max(row["counts"]) for name in RUNS for row in numbers[name])
    for axes, name in zip(panels, RUNS, strict=True):
        shown = _map(axes, numbers, name, largest)
    panels[0].set_ylabel("norm of an example's gradient", color=SOFT)
    bar = figure.colorbar(shown, ax=list(panels), pad=0.01)
    bar.set_label("examples", color=SOFT)
    return figure


def _map(axes: Axes, numbers: Mapping[str, Any], name: str, largest: int) -> Any:
    """Steps to the right, norms upwards, counts as darkness: few must show as well."""
    from matplotlib.colors import PowerNorm  # noqa: PLC0415 (slow to load)

    rows = numbers[name]
    steps = np.array([row["step"] for row in rows], "float64")
    half = (steps[1] - steps[0]) / 2
    ends = np.append(steps - half, steps[-1] + half)
    counts = np.array([row["counts"] for row in rows]).T
    style = {"cmap": "Blues", "norm": PowerNorm(0.5, 0, largest)}
    shown = axes.pcolormesh(ends, numbers["edges"], counts, **style)
    medians = [row["median"] for row in rows]
    words = f"median of {sum(rows[0]['counts'])} digits"
    axes.plot(steps, medians, color=KERNEL, linewidth=2, label=words)
    told = "would be clipped above this" if name == RUNS[0] else "clipped above this"
    share = f"{rows[-1]['above_threshold']:.0%} at the end".replace("%", " %")
    style = {"color": ON_MAP, "linestyle": "--", "linewidth": 1.2}
    axes.axhline(numbers["threshold"], label=f"{told}: {share}", **style)
    axes.legend(loc="lower left", frameon=False, labelcolor=ON_MAP)
    axes.set(yscale="log", xlabel="step of training")
    axes.set_title(name, color=INK)
    axes.grid(color=FAINT, linewidth=0.4)
    return shown


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
