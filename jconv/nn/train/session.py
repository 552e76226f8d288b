"""A run in a folder: kept after every epoch, gone on with, and told in files.

settings.json    what the run depends on, written first
checkpoints/     the state after the last two epochs, by orbax
curves.json      a record for every epoch
curves.png       the same as a picture
filters.png      what the first layer has learned
metrics.json     what the run came to, written last
"""

from __future__ import annotations

import contextlib
import json
import math
from typing import TYPE_CHECKING, Any

import jax

from jconv.errors import GeometryError
from jconv.nn.layer import parameter_count
from jconv.nn.train import checkpoints, pictures
from jconv.nn.train.files import write, write_json
from jconv.nn.train.fit import EpochDone, Run, fit
from jconv.nn.train.folders import CURVES, METRICS, SETTINGS, has_run, make_room
from jconv.nn.train.interrupts import held_back
from jconv.nn.train.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jconv.nn.train.fit import Epoch, Event
    from jconv.nn.train.step import TrainState

SCHEMA = "jconv-train/1"

Metrics = dict[str, Any]


class DivergedError(ArithmeticError):
    """The loss is no finite number any more; earlier checkpoints are whole."""


def open_new(folder: Path, settings: Settings, *, overwrite: bool = False) -> None:
    """Make a folder ready for a new run.

    Args:
        folder: where the run's files go.
        settings: of the run.
        overwrite: whether a run or a comparison that is there may be deleted.

    Raises:
        GeometryError: if it holds one that may not be deleted.
        OSError: if it cannot be written to.
    """
    make_room(folder, overwrite=overwrite)
    write_json(folder / SETTINGS, settings.as_dict())


def read_settings(folder: Path) -> Settings:
    """The settings of the run in a folder.

    Raises:
        GeometryError: if there is none, or its file is damaged.
    """
    path = folder / SETTINGS
    if not has_run(folder):
        expected = "a folder with a run that was begun"
        mend = "Begin one: leave out --resume."
        raise GeometryError.of("out", str(folder), expected, mend)
    try:
        return Settings.from_dict(json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise GeometryError.of("settings", str(path), f"a run's ({error})") from error


def train(
    folder: Path,
    run: Run,
    listen: Callable[[Event], None] = lambda event: None,
) -> Metrics:
    """Train a run whose folder is ready, from its last checkpoint on; tell it in files.

    Without orbax the run is not kept, and an interruption loses it.

    Args:
        folder: made ready by ``open_new``, perhaps long ago.
        run: what is trained.
        listen: called with every step and every epoch, before the epoch is kept.

    Returns:
        What stands in metrics.json.

    Raises:
        GeometryError: if the folder's run has other settings.
        OSError: if the disk is full; earlier checkpoints are whole.
        DivergedError: if the loss is no finite number any more.
    """
    with contextlib.ExitStack() as stack:
        kept = None
        if checkpoints.available():
            kept = stack.enter_context(checkpoints.opened(folder))
        if kept is not None and kept.latest() is not None:
            found = kept.restore(run)
            checkpoints.check_same(run.settings, found.settings)
            now, records = found.now, found.records
        else:
            now, records = run.begin(), []
        try:
            check = stack.enter_context(held_back())
            for event in fit(run, now, finished=len(records)):
                check()
                listen(event)
                if isinstance(event, EpochDone):
                    _check_finite(event)
                    now = event.now
                    records.append(event.record)
                    if kept is not None:
                        kept.save(now, records, run.settings)
                    check()
        except KeyboardInterrupt:
            if records:
                _tell_curves(folder, run.settings.model, records)
            raise
    _tell_curves(folder, run.settings.model, records)
    _tell_filters(folder, run, now)
    metrics = _metrics(run, now, records)
    write_json(folder / METRICS, metrics)
    return metrics


def _check_finite(event: EpochDone) -> None:
    """Refuse to go on with what cannot become better."""
    losses = [event.record["train_loss"], event.record["test_loss"]]
    if not all(map(math.isfinite, losses)):
        message = (
            f"in epoch {event.epoch} the loss became {losses[0]}; a smaller "
            "--learning-rate may help. Earlier checkpoints are whole"
        )
        raise DivergedError(message)


def _tell_curves(folder: Path, name: str, records: list[Epoch]) -> None:
    """A record for every epoch, as data and as a picture."""
    write_json(folder / CURVES, records)
    write(folder / "curves.png", pictures.curves({name: records}))


def _tell_filters(folder: Path, run: Run, now: TrainState) -> None:
    """The first layer's filters, if they are pictures."""
    kernel = pictures.first_kernel(now.params)
    if kernel is None:
        kernel = pictures.dense_kernel(now.params, run.input_shape)
    if kernel is not None:
        write(folder / "filters.png", pictures.filters(kernel))


def _metrics(run: Run, now: TrainState, records: list[Epoch]) -> Metrics:
    """What the run came to."""
    last = records[-1]
    seconds = sum(each["seconds"] for each in records)
    steady = records[1:] or records  # the first epoch compiles
    return {
        "schema": SCHEMA,
        "model": run.settings.model,
        "data": run.settings.data,
        "seed": run.settings.seed,
        "parameters": parameter_count(run.problem.model, run.input_shape),
        "epochs": len(records),
        "test_accuracy": last["test_accuracy"],
        "test_loss": last["test_loss"],
        "train_accuracy": last["train_accuracy"],
        "train_loss": last["train_loss"],
        "test_examples": len(run.data.test),
        "seconds": round(seconds, 3),
        "examples_per_s": _median([each["examples_per_s"] for each in steady]),
        "digest": checkpoints.digest(now),
        "platform": jax.default_backend(),
        "jax": jax.__version__,
        "settings": run.settings.as_dict(),
    }


def _median(values: list[float]) -> float:
    """The middle value, of an even number the upper one."""
    return round(sorted(values)[len(values) // 2], 1)
