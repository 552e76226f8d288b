"""The exhaustive run: batches in worker processes, compiled shares, a journal."""

from __future__ import annotations

import collections
import dataclasses
import multiprocessing
import multiprocessing.pool
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import jax

from jconv.verify.exhaustive import compiled
from jconv.verify.exhaustive.geometries import Ranges, every_geometry
from jconv.verify.exhaustive.journal import Journal, fingerprint
from jconv.verify.exhaustive.routines import family, routines, share
from jconv.verify.exhaustive.trial import on_trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BATCH = 200
"""Geometries to a line of the journal: what a stopped run loses at the most."""

WHOLE = Ranges()
"""All of them."""

POLL_S = 0.2
"""How often the workers are looked after."""

TOLD = 5
"""Of all that is wrong in a batch, so many cases are kept."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to run, and how.

    Attributes:
        folder: where the journal is.
        ranges: which geometries.
        budget_s: no batch is begun after so many seconds; None means no end.
        jobs: worker processes for tracing; 0 does everything in this one.
        batch: geometries to a batch.
    """

    folder: Path
    ranges: Ranges = WHOLE
    budget_s: float | None = None
    jobs: int = 0
    batch: int = BATCH


@dataclasses.dataclass(frozen=True)
class Found:
    """What the journal holds when a run ends.

    Attributes:
        total: geometries there are.
        done: geometries that were on trial, in this run or before.
        resumed: of them, before.
        proved: geometries for which every routine that computes them is proved.
        pairs: single comparisons.
        compiled: geometries that were compiled whole and run on the device.
        by_routine: routine -> number of geometries for which it is proved.
        wrong: what is wrong, in words.
        doubt: what is right but not shown to be bilinear.
        dropped: why an older journal was not taken up.
        seconds: of all batches.
    """

    total: int
    done: int
    resumed: int
    proved: int
    pairs: int
    compiled: int
    by_routine: dict[str, int]
    wrong: list[str]
    doubt: list[str]
    dropped: list[str]
    seconds: float

    @property
    def algorithms(self) -> int:
        """How many algorithms have a proof."""
        return len({family(name) for name, n in self.by_routine.items() if n})


def run(
    plan: Plan, platform: str, tell: Callable[[int, int], None] = lambda *_: None
) -> Found:
    """Go on where the journal ends, until all is done or the budget is spent.

    Args:
        plan: what to run.
        platform: the device's.
        tell: called with (geometries done, geometries in all).
    """
    begin = time.monotonic()
    geometries = every_geometry(plan.ranges)
    journal = Journal(plan.folder, fingerprint(platform, plan.ranges))
    resumed = _count(journal, "geometries")
    starts = range(0, len(geometries), plan.batch)
    left = [start for start in starts if start not in journal.batches]

    def spent() -> bool:
        limit = plan.budget_s
        return limit is not None and time.monotonic() - begin >= limit

    tell(resumed, len(geometries))
    for line in _batches(plan, left, platform, spent):
        start = line["batch"]
        batch = list(enumerate(geometries[start : start + plan.batch], start))
        since = time.monotonic()
        n_compiled, wrong = compiled.check(batch, routines(), platform)
        line["compiled"] = n_compiled
        line["wrong"] += wrong[:TOLD]
        line["seconds"] += time.monotonic() - since
        journal.append(line)
        tell(_count(journal, "geometries"), len(geometries))
    return _summary(journal, len(geometries), resumed)


def _batches(
    plan: Plan, starts: list[int], platform: str, spent: Callable[[], bool]
) -> Iterator[dict[str, Any]]:
    """The batches' results as they come, begun only while there is time."""
    if not plan.jobs:
        for start in starts:
            if spent():
                return
            yield prove(plan.ranges, start, plan.batch, platform)
        return
    waiting = list(reversed(starts))
    # Workers only trace, and need no device: they must not take part of its memory.
    with (
        _environment(JAX_PLATFORMS="cpu"),
        multiprocessing.get_context("spawn").Pool(plan.jobs, _deaf) as pool,
    ):  # leaving it ends the workers, however this process goes on
        running: list[multiprocessing.pool.AsyncResult[dict[str, Any]]] = []
        while waiting or running:
            while waiting and len(running) < plan.jobs + 1 and not spent():
                job = (plan.ranges, waiting.pop(), plan.batch, platform)
                running.append(pool.apply_async(prove, job))
            if not running:
                return
            running[0].wait(POLL_S)
            done = [each for each in running if each.ready()]
            running = [each for each in running if each not in done]
            yield from (each.get() for each in done)


def _deaf() -> None:
    """In a worker: Ctrl-C is for the parent, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _environment:  # noqa: N801 (reads as a statement)
    """Environment variables that child processes inherit."""

    def __init__(self, **values: str) -> None:
        self.values = values

    def __enter__(self) -> None:
        self.before = {name: os.environ.get(name) for name in self.values}
        os.environ.update(self.values)

    def __exit__(self, *_: object) -> None:
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def prove(ranges: Ranges, start: int, size: int, platform: str) -> dict[str, Any]:
    """One batch on trial: a line of the journal."""
    since = time.monotonic()
    chosen = every_geometry(ranges)[start : start + size]
    by_routine: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    doubt: list[str] = []
    proved = pairs = 0
    with jax.enable_x64(True):  # noqa: FBT003 (JAX's)
        for number, geometry in enumerate(chosen, start):
            outcome = on_trial(geometry, share(number), platform)
            by_routine.update(outcome.proved)
            pairs += outcome.pairs
            proved += not (outcome.wrong or outcome.doubt) and bool(outcome.proved)
            for told, found in ((wrong, outcome.wrong), (doubt, outcome.doubt)):
                told += [f"{n} for {why} on {geometry!r}" for n, why in found.items()]
    return {
        "batch": start,
        "geometries": len(chosen),
        "proved": proved,
        "pairs": pairs,
        "by_routine": dict(by_routine),
        "wrong": wrong[:TOLD],
        "doubt": doubt[:TOLD],
        "seconds": time.monotonic() - since,
    }


def _count(journal: Journal, key: str) -> Any:
    """The sum of one key over all batches."""
    return sum(line[key] for line in journal.batches.values())


def _summary(journal: Journal, total: int, resumed: int) -> Found:
    """The journal in figures."""
    lines = [journal.batches[start] for start in sorted(journal.batches)]
    by_routine: collections.Counter[str] = collections.Counter()
    for line in lines:
        by_routine.update(line["by_routine"])
    return Found(
        total=total,
        done=_count(journal, "geometries"),
        resumed=resumed,
        proved=_count(journal, "proved"),
        pairs=_count(journal, "pairs"),
        compiled=_count(journal, "compiled"),
        by_routine={name: by_routine[name] for name in routines()},
        wrong=[told for line in lines for told in line["wrong"]],
        doubt=[told for line in lines for told in line["doubt"]],
        dropped=journal.dropped,
        seconds=_count(journal, "seconds"),
    )
