"""The loop: a generator of what happens, which whoever drives it listens to."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from jconv.nn.compose import Sequential
from jconv.nn.data.augment import Augment
from jconv.nn.data.batches import check_batch_size, order
from jconv.nn.dense import Permute
from jconv.nn.train import optimisers
from jconv.nn.train.step import Problem, TrainState, begin, judge, make_step
from jconv.nn.transposed import with_method
from jconv.nn.zoo import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import optax
    from jax import Array

    from jconv.nn.data.dataset import Dataset, Examples
    from jconv.nn.layer import Layer
    from jconv.nn.train.settings import Settings

Epoch = dict[str, Any]
"""What an epoch came to: numbers by name, fit for a file."""


@dataclasses.dataclass(frozen=True)
class StepDone:
    """A step was taken.

    Attributes:
        now: the state after it; it lives until the next step.
        batch: what it saw.
        epoch: its epoch, from 1.
        index: its place in the epoch, from 1.
        measured: loss and accuracy, still on the device.
    """

    now: TrainState
    batch: Examples
    epoch: int
    index: int
    measured: dict[str, Array]


@dataclasses.dataclass(frozen=True)
class EpochDone:
    """An epoch has ended.

    Attributes:
        now: the state after it.
        epoch: its number, from 1.
        record: losses, accuracies and examples per second.
    """

    now: TrainState
    epoch: int
    record: Epoch


Event = StepDone | EpochDone


@dataclasses.dataclass(frozen=True)
class Run:
    """A run as its settings and its data determine it.

    Attributes:
        settings: all that it depends on.
        data: what is learned.
        problem: the network and how it is trained.
        optimiser: of optax.
        input_shape: of the pictures that the network sees.
        steps: in an epoch.
    """

    settings: Settings
    data: Dataset
    problem: Problem
    optimiser: optax.GradientTransformation
    input_shape: tuple[int, ...]
    steps: int

    @classmethod
    def of(cls, settings: Settings, data: Dataset) -> Run:
        """Put the parts together.

        Raises:
            GeometryError: if they do not fit, as a batch larger than the data.
        """
        check_batch_size(settings.batch_size, len(data.train))
        augment = Augment(settings.shift, settings.flip, settings.crop)
        shape = augment.shape(data.input_shape)
        model = network(settings, len(data.classes))
        model.output_shape(shape)  # refuses pictures that the model cannot take
        steps = len(data.train) // settings.batch_size
        optimiser = optimisers.build(
            settings.optimiser,
            settings.schedule,
            settings.learning_rate,
            steps * settings.epochs,
            settings.weight_decay,
        )
        problem = Problem(model, augment, settings.precision)
        return cls(settings, data, problem, optimiser, shape, steps)

    def begin(self) -> TrainState:
        """The state before the first step."""
        seed = self.settings.seed
        return begin(self.problem, self.optimiser, self.input_shape, seed)


def network(settings: Settings, classes: int) -> Layer:
    """The settings' model, behind a permutation of the pixels if that is asked for."""
    model = build(settings.model, classes, settings.width)
    model = with_method(settings.method, model)
    if not settings.permuted:
        return model
    return Sequential((Permute(settings.seed), model))


def fit(run: Run, now: TrainState | None = None, finished: int = 0) -> Iterator[Event]:
    """Train, and yield every step and every epoch.

    What is drawn depends on the seed and on the number of the step alone, so a run that
    goes on from a kept state is, bit for bit, the run that was never stopped.

    Args:
        run: what is trained.
        now: the state to go on from; None to begin.
        finished: epochs that this state has behind it.
    """
    now = run.begin() if now is None else now
    step = make_step(run.problem, run.optimiser, run.settings.seed)
    settings, data = run.settings, run.data
    for epoch in range(finished + 1, settings.epochs + 1):
        start = time.perf_counter()
        measured = []
        indices = order(len(data.train), settings.batch_size, settings.seed, epoch)
        for n, index in enumerate(indices, 1):
            batch = data.train.take(index)
            now, found = step(now, *batch.arrays())
            measured.append(found)
            yield StepDone(now, batch, epoch, n, found)
        record = _means(measured)
        seconds = time.perf_counter() - start
        test = judge(run.problem, now.params, now.state, data.test)
        record |= {"test_loss": test["loss"], "test_accuracy": test["accuracy"]}
        record |= {"epoch": epoch, "seconds": seconds}
        record["examples_per_s"] = indices.size / seconds
        yield EpochDone(now, epoch, record)


def _means(measured: list[dict[str, Any]]) -> Epoch:
    """Means over an epoch's steps, in double precision."""
    return {
        f"train_{name}": float(np.mean([float(each[name]) for each in measured]))
        for name in ("loss", "accuracy")
    }


def trained(
    run: Run, listen: Callable[[Event], None] = lambda event: None
) -> tuple[TrainState, list[Epoch]]:
    """Train to the end; return the last state and a record for every epoch."""
    now, records = run.begin(), []
    for event in fit(run, now):
        listen(event)
        if isinstance(event, EpochDone):
            now = event.now
            records.append(event.record)
    return now, records
