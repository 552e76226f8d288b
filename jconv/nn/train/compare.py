"""Several models at one number of parameters, with their pixels in order and shuffled.

comparison.json  what is compared, written first
NAME/            each run as ``session`` tells it; NAME-permuted/ with pixels shuffled
curves.png       all runs
metrics.json     what all came to, written last
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from jconv.errors import GeometryError
from jconv.nn.data.augment import Augment
from jconv.nn.layer import parameter_count
from jconv.nn.train import pictures, session
from jconv.nn.train.files import write, write_json
from jconv.nn.train.fit import Run
from jconv.nn.train.folders import (
    COMPARISON,
    CURVES,
    METRICS,
    PERMUTED,
    has_run,
    make_room,
)
from jconv.nn.train.settings import Settings
from jconv.nn.zoo import build, check_name, fit_width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from jconv.nn.data import Dataset
    from jconv.nn.train.fit import Event

SCHEMA = "jconv-comparison/1"


def plan(
    names: Sequence[str], settings: Settings, data: Dataset
) -> dict[str, Settings]:
    """The runs of a comparison: every model in order, then every one permuted.

    The last model has its usual number of parameters (or that of ``settings.width``);
    the others are made as wide as comes nearest to it.

    Args:
        names: of models.
        settings: of all runs, but for model, width and permutation.
        data: what is learned.

    Examples:
        >>> from jconv.nn.data import digits
        >>> from jconv.nn.train import Settings
        >>> runs = plan(["mlp", "cnn"], Settings(), digits())
        >>> list(runs)
        ['mlp', 'cnn', 'mlp-permuted', 'cnn-permuted']
    """
    classes = len(data.classes)
    augment = Augment(settings.shift, settings.flip, settings.crop)
    shape = augment.shape(data.input_shape)
    *others, measure = names
    target = parameter_count(build(measure, classes, settings.width), shape)
    widths = {measure: settings.width} | {
        name: fit_width(name, classes, shape, target).width for name in others
    }
    return {
        name + PERMUTED * permuted: dataclasses.replace(
            settings, model=name, width=widths[name], permuted=permuted
        )
        for permuted in (False, True)
        for name in names
    }


def check_names(names: Sequence[str]) -> None:
    """Refuse what cannot be compared.

    Raises:
        GeometryError: for fewer than two names, unknown ones, or one that is there
            twice.
    """
    if len(names) < 2 or len(set(names)) != len(names):
        expected = "two different models or more, with commas between them"
        raise GeometryError.of("compare", ",".join(names), expected)
    for name in names:
        check_name(name)


def open_new(
    folder: Path, names: Sequence[str], settings: Settings, *, overwrite: bool = False
) -> None:
    """Make a folder ready for a new comparison.

    Raises:
        GeometryError: if it holds a comparison, or a run, that may not be deleted.
        OSError: if it cannot be written to.
    """
    make_room(folder, overwrite=overwrite)
    what = {"models": list(names), "settings": settings.as_dict()}
    write_json(folder / COMPARISON, what)


def read(folder: Path) -> tuple[list[str], Settings]:
    """The models and the common settings of the comparison in a folder.

    Raises:
        GeometryError: if its file is damaged.
    """
    path = folder / COMPARISON
    try:
        found = json.loads(path.read_text())
        return list(found["models"]), Settings.from_dict(found["settings"])
    except (ValueError, TypeError, KeyError) as error:
        expected = f"a comparison's ({error})"
        raise GeometryError.of("comparison", str(path), expected) from error


def compare(
    folder: Path,
    planned: Mapping[str, Settings],
    data: Dataset,
    listening: Callable[[Run, str], AbstractContextManager[Callable[[Event], None]]],
) -> dict[str, Any]:
    """Train, or go on with, all runs of a comparison whose folder is ready.

    Args:
        folder: made ready by ``open_new``, perhaps long ago.
        planned: the runs, by ``plan``.
        data: what is learned.
        listening: makes a listener for a run and its name.

    Returns:
        What stands in metrics.json.
    """
    names, _ = read(folder)
    runs, records = {}, {}
    for name, own in planned.items():
        place, run = folder / name, Run.of(own, data)
        if not has_run(place):
            session.open_new(place, own)
        with listening(run, name) as listen:
            runs[name] = session.train(place, run, listen)
        records[name] = json.loads((place / CURVES).read_text())
    write(folder / "curves.png", pictures.curves(records))
    metrics = {"schema": SCHEMA, "models": names, "runs": runs}
    write_json(folder / METRICS, metrics)
    return metrics
