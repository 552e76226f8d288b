"""A dense and a convolutional network with as many parameters, on handwritten digits.

A dense layer needs a weight for every pair of an input and an output. At an equal
number of parameters the convolutional network is right more often; shuffle the pixels
of all pictures alike, and it falls behind its own result while the dense network, which
never knew what stood beside what, learns as before.

    python -m experiments.mlp_against_cnn --out DIR [--quick]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from experiments._run import command, experiment
from jconv import nn
from jconv.nn import data, models
from jconv.verify.claims import learning
from jconv.verify.figures.style import FAINT, INK, KERNEL, OUTPUT, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "net.mlp-vs-cnn"
SEEDS, QUICK_SEEDS = range(5), range(1)
NAMES = {"cnn": ("convolutional", OUTPUT), "mlp": ("dense", KERNEL)}
ORDERS = {"in order": False, "shuffled": True}


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Counts of parameters; accuracies on unseen digits; a digit, both ways."""
    conv, dense = nn.Conv(8, 3), nn.Dense(8 * 26 * 26)
    width = learning.width_of_the_mlp()
    cnn = models.cnn(learning.CLASSES, learning.WIDTH)
    mlp = models.mlp(learning.CLASSES, width)
    digit = data.digits(0).test.images[:1]
    shuffled = nn.Permute(0).forward((), jnp.asarray(digit))
    return {
        "one_layer": {
            "from": [28, 28, 1],
            "to": [26, 26, 8],
            "cnn": nn.parameter_count(conv, (28, 28, 1)),
            "mlp": nn.parameter_count(dense, (784,)),
        },
        "network": {
            "cnn": nn.parameter_count(cnn, learning.SHAPE),
            "mlp": nn.parameter_count(mlp, learning.SHAPE),
        },
        "epochs": learning.EPOCHS,
        "accuracy": {
            name: {
                order: [
                    round(learning.outcome(name, seed, permuted=permuted).accuracy, 6)
                    for seed in (QUICK_SEEDS if quick else SEEDS)
                ]
                for order, permuted in ORDERS.items()
            }
            for name in NAMES
        },
        "digit": {
            "in order": digit[0, ..., 0].tolist(),
            "shuffled": np.asarray(shuffled)[0, ..., 0].tolist(),
        },
    }


def draw(numbers: Mapping[str, Any]) -> Figure:
    """Parameters of one layer, a digit both ways, and accuracies."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(11, 3.9), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=(1, 0.55, 1.35))
    _counts(left.subplots(), numbers["one_layer"])
    pictures = middle.subplots(2, 1)
    for axes, (order, picture) in zip(pictures, numbers["digit"].items(), strict=True):
        axes.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"pixels {order}", color=INK)
    _accuracies(right.subplots(), numbers)
    return figure


def _counts(axes: Axes, layer: Mapping[str, Any]) -> None:
    """Two bars, on a scale of powers of ten."""
    for n, (name, (_, color)) in enumerate(NAMES.items()):
        axes.bar(n, layer[name], color=color, width=0.6)
        axes.text(n, 1.3 * layer[name], f"{layer[name]:,}", ha="center", color=INK)
    axes.set(yscale="log", ylim=(1, 4e7))
    axes.set_xticks((0, 1), [words for words, _ in NAMES.values()])
    axes.set_ylabel("parameters", color=SOFT)
    axes.set_title("one layer, 28 × 28 → 26 × 26 × 8", color=INK)
    axes.spines[["top", "right"]].set_visible(False)


def _accuracies(axes: Axes, numbers: Mapping[str, Any]) -> None:
    """A sign per seed, a line between the means."""
    low, seeds = 1.0, 0
    means = {
        name: [100 * float(np.mean(found[order])) for order in ORDERS]
        for name, found in numbers["accuracy"].items()
    }
    upper = max(means, key=lambda name: means[name][1])
    for name, (words, color) in NAMES.items():
        found = numbers["accuracy"][name]
        axes.plot((0, 1), means[name], "-", color=color, linewidth=2)
        for n, order in enumerate(ORDERS):
            seeds = len(found[order])
            shift = 0.05 * (np.arange(seeds) - (seeds - 1) / 2)
            axes.plot(n + shift, np.multiply(100, found[order]), "o", color=color)
            low = min(low, *found[order])
        before, after = (f"{mean:.1f} %" for mean in means[name])
        style = {"color": color, "weight": "bold"}
        axes.text(
            -0.16,
            means[name][0],
            f"{words}\n{before}",
            ha="right",
            va="center",
            **style,
        )
        side = "bottom" if name == upper else "top"  # the two may be very close
        axes.text(1.16, means[name][1], after, va=side, **style)
    axes.set_xticks((0, 1), [f"pixels {order}" for order in ORDERS])
    axes.set(xlim=(-0.85, 1.5), ylim=(100 * low - 1.5, 100.2))
    axes.set_ylabel("right on unseen digits, %", color=SOFT)
    count = numbers["network"]["cnn"]
    of = "one seed" if seeds == 1 else f"{seeds} seeds"
    title = f"networks of about {round(count, -2):,} parameters, {of}"
    axes.set_title(title, color=INK)
    axes.grid(color=FAINT, linewidth=0.5, axis="y")
    axes.spines[["top", "right"]].set_visible(False)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
