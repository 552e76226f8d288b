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
from jconv.verify.exhaustive.found import COUNTED, Found, sum_of, summary
from jconv.verify.exhaustive.geometries import Ranges, every_geometry
from jconv.verify.exhaustive.journal import Journal, fingerprint
from jconv.verify.exhaustive.routines import routines, share
from jconv.verify.exhaustive.trial import on_trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BATCH = 50
"""Geometries to a line of the journal: a stopped process loses no more of its work, and
does no more when the budget is spent."""

WHOLE = Ranges()
"""All of them."""

POLL_S = 0.2
"""How often the workers are looked after."""

TOLD = 2
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
    total = len(geometries)
    sizes = {
        start: min(plan.batch, total - start) for start in range(0, total, plan.batch)
    }
    journal = Journal(plan.folder, fingerprint(platform, plan.ranges), sizes)
    resumed = sum_of(journal.lines(), "geometries")
    left = [start for start in sizes if start not in journal.batches]

    def spent() -> bool:
        limit = plan.budget_s
        return limit is not None and time.monotonic() - begin >= limit

    tell(resumed, total)
    for line in _batches(plan, left, platform, spent):
        start = line["batch"]
        batch = list(enumerate(geometries[start : start + plan.batch], start))
        since = time.monotonic()
        n_compiled, wrong = compiled.check(batch, routines(), platform)
        line["compiled"], line["miscompiled"] = n_compiled, len(wrong)
        line["wrong_compiled"] = list(wrong.values())[:TOLD]
        line["seconds"] += time.monotonic() - since
        journal.append(line)
        tell(sum_of(journal.lines(), "geometries"), total)
    return summary(journal.lines(), total, resumed, journal.dropped)


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
    # One waits, so that no worker does; not where it would outlast a budget.
    most = plan.jobs + (plan.budget_s is None)
    # Workers only trace, and need no device: they must not take part of its memory.
    with (
        _environment(JAX_PLATFORMS="cpu"),
        multiprocessing.get_context("spawn").Pool(plan.jobs, _deaf) as pool,
    ):  # leaving it ends the workers, however this process goes on
        running: list[multiprocessing.pool.AsyncResult[dict[str, Any]]] = []
        while waiting or running:
            while waiting and len(running) < most and not spent():
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
    counts = {key: collections.Counter[str]() for key in COUNTED}
    wrong: list[str] = []
    doubt: list[str] = []
    proved = pairs = 0
    with jax.enable_x64(True):  # noqa: FBT003 (JAX's)
        for number, geometry in enumerate(chosen, start):
            tried = share(number)
            outcome = on_trial(geometry, tried, platform)
            kinds = (tried, outcome.proved, outcome.wrong, outcome.doubt)
            for key, names in zip(COUNTED, map(list, kinds), strict=True):
                counts[key].update(names)
            pairs += outcome.pairs
            proved += not (outcome.wrong or outcome.doubt) and bool(outcome.proved)
            for told, found in ((wrong, outcome.wrong), (doubt, outcome.doubt)):
                told += [
                    f"{name} for {'; for '.join(roles)} on {geometry!r}"
                    for name, roles in found.items()
                ]
    return {
        "batch": start,
        "geometries": len(chosen),
        "proved": proved,
        "pairs": pairs,
        "by_routine": {key: dict(names) for key, names in counts.items()},
        "wrong": wrong[:TOLD],
        "doubt": doubt[:TOLD],
        "seconds": time.monotonic() - since,
    }
