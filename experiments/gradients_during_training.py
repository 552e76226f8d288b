"""Derived, coded, used and the peer's gradients, compared all through a training run.

Every few steps the derivatives of every convolution are computed four ways, on the live
parameters and batch: by the primitive, as the training step uses it, in float32; and in
float64 by what JAX derives of plain operations, by the textbook's transposed
convolutions, and by lax. Drawn is the largest difference of any entry beside the
largest that rounding can explain.

    python -m experiments.gradients_during_training --out DIR [--quick]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax

from experiments._run import command, experiment
from jconv.nn import data
from jconv.nn.train import Problem, optimisers, step
from jconv.nn.zoo import build
from jconv.verify.audit import DERIVATIVES, Audit
from jconv.verify.figures.style import COTANGENT, FAINT, INK, INPUT, KERNEL, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "backward.derived-equals-coded"
WIDTH, BATCH = 8, 32
STEPS, EVERY = 240, 12
QUICK_STEPS, QUICK_EVERY = 8, 4
DRAWN = {
    ("used", "coded"): ("in float32, as used, against coded", KERNEL, "o"),
    ("derived", "coded"): ("in float64, derived against coded", COTANGENT, "s"),
    ("coded", "peer"): ("in float64, coded against lax", INPUT, "^"),
}
"""Pair of routes -> its name, colour and sign."""
SAME = 1e-17
"""Where routes that agree bit for bit are drawn, at the foot."""


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Per step the loss; per audit and pair of routes the worst error, its bound."""
    steps, every = (QUICK_STEPS, QUICK_EVERY) if quick else (STEPS, EVERY)
    digits = data.digits(0)
    problem = Problem(build("cnn", 10, WIDTH))
    optimiser = optimisers.build("adam", "cosine", None, steps)
    take, audit = step.make_step(problem, optimiser, seed=0), Audit(problem)
    now = step.begin(problem, optimiser, digits.input_shape, seed=0)
    losses, rows = [], []
    for n in range(steps + 1):
        epoch, place = divmod(n, len(digits.train) // BATCH)
        index = data.order(len(digits.train), BATCH, 0, epoch)[place]
        batch = digits.train.take(index).arrays()
        if n % every == 0:
            findings = audit(now.params, now.state, *batch, jax.random.key(n))
            rows += _worst(n, findings)
        now, told = take(now, *batch)
        losses.append(float(f"{float(told['loss']):.5g}"))
    return {"loss": losses, "rows": rows}


def _worst(n: int, findings: Sequence[Any]) -> list[dict[str, Any]]:
    """Of all layers the one nearest to its bound, per derivative and pair of routes."""
    rows = []
    for derivative in DERIVATIVES:
        for pair in DRAWN:
            mine = [
                each
                for each in findings
                if each.derivative == derivative and set(each.routes) == set(pair)
            ]
            worst = max(mine, key=lambda each: each.error / each.bound)
            row = {"step": n, "derivative": derivative, "routes": list(pair)}
            row |= {"layer": worst.layer, "error": float(f"{worst.error:.3g}")}
            rows.append(row | {"bound": float(f"{worst.bound:.3g}")})
    return rows


def draw(numbers: Mapping[str, Any]) -> Figure:
    """One panel per derivative: errors by step, their bounds dashed; then the loss."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(11.5, 4.3), layout="constrained")
    first, second, third = figure.subplots(1, 3, width_ratios=(1, 1, 0.7))
    second.sharey(first)
    panels = dict(zip(DERIVATIVES, (first, second), strict=True))
    for derivative, axes in panels.items():
        _errors(
            axes, [row for row in numbers["rows"] if row["derivative"] == derivative]
        )
        axes.set_title(f"derivative in the {derivative}", color=INK)
    first.set_ylabel("largest error / Σ |products|", color=SOFT)
    third.plot(numbers["loss"], color=INK, linewidth=1)
    third.set_ylim(bottom=0)
    third.set_title("loss of the batch meanwhile", color=INK)
    for axes in (first, second, third):
        axes.set_xlabel("step of training", color=SOFT)
        axes.grid(color=FAINT, linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = first.get_legend_handles_labels()
    style = {"loc": "outside lower center", "ncols": 4, "frameon": False}
    figure.legend(handles, labels, fontsize=9.5, **style)
    return figure


def _errors(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Errors as signs on a line, the bound of each dashed."""
    for pair, (words, color, sign) in DRAWN.items():
        mine = [row for row in rows if tuple(row["routes"]) == pair]
        steps = [row["step"] for row in mine]
        errors = [row["error"] or SAME for row in mine]
        bounds = [row["bound"] for row in mine]
        style = {"color": color, "marker": sign, "markersize": 4, "linewidth": 1}
        axes.semilogy(steps, errors, label=words, **style)
        axes.semilogy(steps, bounds, "--", color=color, alpha=0.8)
    axes.plot([], [], "--", color=SOFT, label="their bounds")
    axes.set_yticks([SAME, 1e-14, 1e-11, 1e-8, 1e-5], minor=False)
    axes.set_yticks([], minor=True)
    powers = [f"$10^{{{power}}}$" for power in (-14, -11, -8, -5)]
    axes.set_yticklabels(["0", *powers])


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
