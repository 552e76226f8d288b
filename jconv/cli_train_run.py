"""What ``jconv train`` does once its options are read."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import shlex
import sys
from typing import TYPE_CHECKING, Any

from jconv.cli_codes import FAILED, INTERRUPTED
from jconv.errors import GeometryError, UnsupportedError

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from rich.console import Console

    from jconv.nn.data import Dataset
    from jconv.nn.train import Run, Settings
    from jconv.nn.train.fit import Event

AUDIT = "audit.json"


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a run is, and what is done with it."""

    out: Path
    data_dir: Path | None
    resume: bool
    overwrite: bool
    audit: int | None


def _console() -> Console:
    """Wide enough for a line, also where nobody tells how wide it is."""
    from rich.console import Console  # noqa: PLC0415

    return Console(width=None if sys.stdout.isatty() else 100, soft_wrap=True)


def show_layers(asked: Mapping[str, Any], data_dir: Path | None) -> None:
    """Print the table of a model for a data set."""
    from jconv import nn  # noqa: PLC0415
    from jconv.nn import data  # noqa: PLC0415
    from jconv.nn.train import Run, Settings  # noqa: PLC0415

    settings = Settings(**asked)
    run = Run.of(settings, data.load(settings.data, data_dir, settings.seed))
    _console().print(nn.summary(run.problem.model, run.input_shape, settings.model))


def run(place: Place, names: list[str] | None, asked: Mapping[str, Any]) -> int:
    """Train one run, or a comparison of several; return the exit code.

    Args:
        place: where, and how.
        names: the models to compare; None for one run.
        asked: the settings that the user gave.
    """
    from jconv.nn.train.session import DivergedError  # noqa: PLC0415
    from jconv.verify.auditor import GradientsDisagree  # noqa: PLC0415

    try:
        _train(place, names, asked)
    except (GradientsDisagree, DivergedError) as error:
        print(f"jconv: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        text = _after_interruption(place)
        _console().print(text, style="yellow", markup=False, highlight=False)
        return INTERRUPTED
    return 0


def _after_interruption(place: Place) -> str:
    """What is kept, and how to go on."""
    from jconv.nn.train import checkpoints  # noqa: PLC0415

    if not checkpoints.available():
        return f"Interrupted; nothing was kept: {checkpoints.ABSENT}."
    words = ["--data-dir", str(place.data_dir)] if place.data_dir else []
    command = shlex.join(
        ["jconv", "train", "--resume", "--out", str(place.out), *words]
    )
    return f"Interrupted; all epochs that ended are kept. Go on with: {command}"


def _train(place: Place, names: list[str] | None, asked: Mapping[str, Any]) -> None:
    """One run, or a comparison of several."""
    import jax  # noqa: PLC0415

    from jconv.nn import data  # noqa: PLC0415
    from jconv.nn.train.folders import has_comparison  # noqa: PLC0415

    comparing = names is not None or (place.resume and has_comparison(place.out))
    settings, names = _settled(place, names, asked, comparing=comparing)
    console = _console()
    # Data and settings are checked before a folder is touched.
    with jax.enable_x64(settings.precision == "float64"):
        known = data.load(settings.data, place.data_dir, settings.seed)
        (_compare if comparing else _one)(console, place, names, settings, known)


def _settled(
    place: Place, names: list[str] | None, asked: Mapping[str, Any], *, comparing: bool
) -> tuple[Settings, list[str]]:
    """The settings asked for; of a run that goes on, those it began with."""
    from jconv.nn.train import Settings, checkpoints, compare, session  # noqa: PLC0415
    from jconv.nn.train.folders import has_comparison  # noqa: PLC0415

    if not place.resume:
        settings = Settings(**asked)
        if names is not None:
            compare.check_names(names)
        if not checkpoints.available():
            text = f"Note: {checkpoints.ABSENT}. This run cannot be resumed."
            _console().print(text, style="yellow", markup=False, highlight=False)
        return settings, names or []
    if not checkpoints.available():
        raise UnsupportedError(checkpoints.ABSENT)
    known: list[str] = []
    if comparing:
        if not has_comparison(place.out):
            expected = "a folder with a comparison that was begun"
            raise GeometryError.of("--out", str(place.out), expected)
        known, settings = compare.read(place.out)
        if names is not None and names != known:
            expected = f"{','.join(known)}, with which it began"
            raise GeometryError.of("--compare", ",".join(names), expected)
    else:
        settings = session.read_settings(place.out)
    checkpoints.check_same(dataclasses.replace(settings, **asked), settings)
    return settings, known


def _one(
    console: Console, place: Place, names: list[str], settings: Settings, data: Dataset
) -> None:
    """One run."""
    del names
    from jconv.nn.train import (  # noqa: PLC0415
        Run,
        checkpoints,
        folders,
        session,
        terminal,
    )

    run = Run.of(settings, data)
    if not place.resume:
        session.open_new(place.out, settings, overwrite=place.overwrite)
    terminal.show_begin(console, run, checkpoints.latest(place.out))
    with _listening(console, place, run, "") as listen:
        metrics = session.train(place.out, run, listen)
    terminal.show_end(console, metrics)
    for name in folders.told(place.out):
        console.print(f"Written: {place.out / name}", markup=False, highlight=False)


def _compare(
    console: Console, place: Place, names: list[str], settings: Settings, data: Dataset
) -> None:
    """All runs of a comparison."""
    from jconv.nn.train import Run, compare, terminal  # noqa: PLC0415

    planned = compare.plan(names, settings, data)
    for own in planned.values():
        Run.of(own, data)  # refuses what does not fit, before hours of training
    if not place.resume:
        compare.open_new(place.out, names, settings, overwrite=place.overwrite)
    metrics = compare.compare(
        place.out, planned, data, functools.partial(_listening, console, place)
    )
    terminal.show_comparison(console, metrics["runs"])
    console.print(f"Written: {place.out}", markup=False, highlight=False)


@contextlib.contextmanager
def _listening(
    console: Console, place: Place, run: Run, name: str
) -> Iterator[Callable[[Event], None]]:
    """A listener that shows the run, and audits it if that is asked for."""
    from jconv.nn.train import terminal  # noqa: PLC0415

    with terminal.told(console, run, name) as tell:
        if place.audit is None:
            yield tell
            return
        from jconv.verify.auditor import Auditor  # noqa: PLC0415

        auditor = Auditor(run.problem, place.audit, place.out / name / AUDIT)

        def listen(event: Event) -> None:
            tell(event)
            auditor(event)

        yield listen
    console.print(auditor.sentence(), highlight=False)
