"""AlexNet's parameters per layer: the dense layers hold nearly all of them.

python -m experiments.parameters_of_alexnet --out DIR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments import _alexnet
from experiments._run import command, experiment
from jconv.verify.figures.style import FAINT, INK, KERNEL, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "net.alexnet"
DENSE_COLOR = "#55606f"


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Every layer's weights and biases, and the two sums of the literature."""
    del quick
    rows = [row for row in _alexnet.layers() if row["weights"]]
    dense = [row for row in rows if row["layer"].startswith("dense")]
    return {
        "layers": rows,
        "convolution_weights": sum(row["weights"] for row in rows if row not in dense),
        "dense_weights_and_biases": sum(r["weights"] + r["biases"] for r in dense),
    }


def draw(numbers: Mapping[str, Any]) -> Figure:
    """One bar a layer."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(8.6, 3.9), layout="constrained")
    axes = figure.subplots()
    rows = numbers["layers"]
    counts = [row["weights"] + row["biases"] for row in rows]
    colors = [
        DENSE_COLOR if row["layer"].startswith("dense") else KERNEL for row in rows
    ]
    axes.barh([row["layer"] for row in rows], counts, color=colors, alpha=0.85)
    for n, count in enumerate(counts):
        words = f" {count:,}".replace(",", " ")
        axes.text(count, n, words, va="center", color=INK, fontsize=9.5)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2 * max(counts))
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(FAINT)
    dense = numbers["dense_weights_and_biases"]
    share = dense / sum(counts)
    axes.set_title(f"AlexNet: {share:.0%} of the parameters are dense", color=INK)
    axes.set_xlabel("weights and biases", color=SOFT)
    return figure


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
