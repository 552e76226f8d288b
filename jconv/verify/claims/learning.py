"""Learning on real images: what a network that sees neighbours gains by them."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jconv import nn
from jconv.nn import data, models, zoo
from jconv.nn.data import batches
from jconv.nn.train import Problem, judge, optimisers, step
from jconv.verify.audit import Audit
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import equality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.nn.train import TrainState
    from jconv.verify.context import Context

WIDTH, EPOCHS, BATCH = 16, 10, 64
SHAPE, CLASSES = (8, 8, 1), 10
QUICK_SEEDS, SEEDS = (0,), (0, 1, 2)
TARGET = 0.95
"""Ten epochs of a narrow network; ``jconv train`` reaches 99 in thirty."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A trained network: before, after, and what it answers right."""

    problem: Problem
    before: Any
    after: TrainState
    losses: list[float]
    accuracy: float


def width_of_the_mlp() -> int:
    """The width that gives the MLP the CNN's number of parameters."""
    count = nn.parameter_count(models.cnn(CLASSES, WIDTH), SHAPE)
    return zoo.fit_width("mlp", CLASSES, SHAPE, count).width or 0


@functools.cache
def _step(name: str) -> tuple[Problem, Any, Any]:
    """A model's problem, optimiser and jitted step: compiled once for all runs."""
    width = WIDTH if name == "cnn" else width_of_the_mlp()
    problem = Problem(zoo.build(name, CLASSES, width))
    steps = EPOCHS * (1438 // BATCH)
    optimiser = optimisers.build("adam", "cosine", None, steps)
    return problem, optimiser, step.make_step(problem, optimiser, seed=0)


@functools.cache
def outcome(name: str, seed: int, *, permuted: bool = False) -> Outcome:
    """Train a model on the digits, their pixels in order or shuffled all alike."""
    problem, optimiser, take = _step(name)
    digits = data.digits(seed)
    if permuted:
        digits = dataclasses.replace(
            digits, train=_shuffled(digits.train), test=_shuffled(digits.test)
        )
    now = step.begin(problem, optimiser, SHAPE, seed)
    before, losses = jax.tree.map(np.asarray, now.params), []
    for epoch in range(EPOCHS):
        for index in batches.order(len(digits.train), BATCH, seed, epoch):
            now, measured = take(now, *digits.train.take(index).arrays())
        losses.append(float(measured["loss"]))
    judged = judge(problem, now.params, now.state, digits.test)
    return Outcome(problem, before, now, losses, judged["accuracy"])


def _shuffled(examples: data.Examples) -> data.Examples:
    """All pictures with their pixels in another order, the same for all."""
    layer = nn.Permute(0)
    images = np.asarray(layer.forward((), jnp.asarray(examples.images)))
    return data.Examples(images, examples.labels)


@claim(
    "net.mlp-vs-cnn",
    says="To do what a convolution does, a dense layer needs far more parameters; and "
    "at equal parameters the convolutional network answers more often right.",
    source="S0, S1, S3",
    kind="measured",
    falsified_by="a dense network with as many parameters that is right as often, over "
    "all seeds",
)
def net_mlp_vs_cnn(context: Context) -> Iterator[Evidence]:
    """Counts first; then both trained on the digits."""
    conv, dense = nn.Conv(8, 3), nn.Dense(8 * 26 * 26)
    counts = [nn.parameter_count(conv, (28, 28, 1)), nn.parameter_count(dense, (784,))]
    yield equality(
        "from 28 x 28 to 26 x 26 x 8: nine weights and a bias a map, or all to all",
        counts,
        [80, 785 * 8 * 676],
        show="parameters",
    )
    target = nn.parameter_count(models.cnn(CLASSES, WIDTH), SHAPE)
    mlp = models.mlp(CLASSES, width_of_the_mlp())
    share = nn.parameter_count(mlp, SHAPE) / target
    yield Evidence(
        0.98 < share < 1.02,
        "the MLP has as many parameters as the CNN, within 2 %",
        numbers={"MLP over CNN": round(share, 4)},
    )
    yield from _compared(context, permuted=False)


def _compared(context: Context, *, permuted: bool) -> Iterator[Evidence]:
    """Both models' accuracies over all seeds, on pixels in one order."""
    seeds = QUICK_SEEDS if context.quick else SEEDS
    right = {
        name: [outcome(name, seed, permuted=permuted).accuracy for seed in seeds]
        for name in ("cnn", "mlp")
    }
    yield Evidence(
        sum(right["cnn"]) > sum(right["mlp"]),
        f"the CNN is right more often, {len(seeds)} seeds",
        cases=len(seeds),
        numbers={f"{name} accuracy": accuracies for name, accuracies in right.items()},
    )


@claim(
    "net.flatten-order",
    says="A dense layer sees no neighbourhood: shuffle the pixels of all images alike, "
    "and a dense network learns as before, while a convolutional one loses.",
    formula="W P⁻¹ (P x) = W x",
    source="S2 (reasoned)",
    kind="measured",
    falsified_by="a dense network that cannot undo a permutation by permuting its "
    "weights, or a convolutional one that loses no more than it",
)
def net_flatten_order(context: Context) -> Iterator[Evidence]:
    """Exactly, for the function and its gradient; then measured."""
    order = np.array(nn.Permute(0).order(SHAPE))
    moved = int((order != np.arange(order.size)).sum())
    yield Evidence(moved > order.size // 2, f"{moved} of {order.size} pixels move")
    x, w, dy = (
        context.integers(shape, "float64", salt)
        for salt, shape in enumerate([(5, 64), (64, 7), (5, 7)])
    )
    pictures = jnp.asarray(x).reshape(5, *SHAPE)
    shuffled = np.asarray(nn.Permute(0).forward((), pictures)).reshape(5, 64)
    dense = nn.Dense(7, bias=False)

    def both(x: Any, w: Any) -> Any:
        y, pullback = jax.vjp(lambda w: dense.forward({"kernel": w}, x), w)
        return y, pullback(dy)[0]

    (y, dw), (z, dz) = both(x, w), both(shuffled, w[order])
    yield equality("a dense layer with its rows shuffled as the pixels are", z, y)
    yield equality("its gradient: the same rows, shuffled", dz, dw[order])
    seeds = QUICK_SEEDS if context.quick else SEEDS
    lost = {
        name: sum(
            outcome(name, seed).accuracy - outcome(name, seed, permuted=True).accuracy
            for seed in seeds
        )
        / len(seeds)
        for name in ("cnn", "mlp")
    }
    yield Evidence(
        lost["cnn"] > max(0.0, lost["mlp"]),
        f"accuracy lost by shuffling, mean of {len(seeds)} seeds",
        cases=len(seeds),
        numbers={name: round(value, 4) for name, value in lost.items()},
    )


@claim(
    "net.training",
    says="Convolution, pooling and a non-linearity: the filters are learned, by "
    "propagating the error of known answers backwards.",
    source="S1",
    kind="measured",
    falsified_by="filters that stay, a loss that does not fall, or a derivative on a "
    "trained network on which the routes disagree",
)
def net_training(context: Context) -> Iterator[Evidence]:
    """The error at the output, the filters, the loss, and an audit in the end."""
    logits, labels = jnp.zeros((1, 2)), jnp.array([1])
    slope = jax.grad(lambda z: step.cross_entropy(z, labels).sum())(logits)
    yield equality(
        "the error that is propagated: p - 1 at the answer", slope, [[0.5, -0.5]]
    )
    found = outcome("cnn", 0)
    kernel = ("kernel",)
    moved = np.abs(
        np.asarray(found.after.params[0][kernel[0]]) - found.before[0][kernel[0]]
    )
    numbers = {"median change of a weight": float(np.median(moved))}
    yield Evidence(bool((moved > 0).all()), "every filter was learned", numbers=numbers)
    first, last = found.losses[0], found.losses[-1]
    numbers = {"loss of a batch, first epoch": first, "last epoch": last}
    yield Evidence(last < first / 2, "the loss falls", numbers=numbers)
    numbers = {"test accuracy": found.accuracy}
    yield Evidence(found.accuracy > TARGET, "digits it never saw", numbers=numbers)
    batch = data.digits(0).train.take(slice(0, 32 if context.quick else BATCH)).arrays()
    audit = Audit(found.problem)
    now = found.after
    for each in audit(now.params, now.state, *batch, jax.random.key(context.seed)):
        yield Evidence(each.holds, str(each), error=each.error, bound=each.bound)
