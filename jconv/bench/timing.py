"""Timing that can be trusted: interleaved, in alternating order, proved on itself.

One call of each function is timed per round, and every second round runs in reverse
order: drift of the machine reaches all of them alike, and none always runs after the
same neighbour. One of the functions stands in the list twice. The two measure the same
program, so the ratio of their medians (the A/A ratio) says how far the other ratios can
be trusted.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Clock = Callable[[], float]

AGREEMENT = 0.03
"""How far an A/A ratio may be from one."""

SHORT_S = 0.05
"""Below this, a first call says little about the next."""

TICK_S = 1e-6
"""No call is taken to be shorter."""


@dataclasses.dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        budget_s: seconds per attempt, warming up included.
        least_rounds: rounds that are measured even if the budget is spent.
        patience_s: seconds after which two rounds are enough.
        most_rounds: rounds that are enough.
        attempts: how often a measurement is repeated whose A/A ratio is off.
        burst: how often a fast function is called in its turn, at most.
    """

    budget_s: float = 1.0
    least_rounds: int = 4
    patience_s: float = 4.0
    most_rounds: int = 60
    attempts: int = 3
    burst: int = 8


@dataclasses.dataclass(frozen=True)
class Samples:
    """What was measured of some functions.

    Attributes:
        seconds: every sample, by function, in the order of measuring.
        aa: ratio of the medians of two measurements of one program.
        attempts: how many attempts there were.
    """

    seconds: dict[str, list[float]]
    aa: float
    attempts: int = 1

    @property
    def noisy(self) -> bool:
        """Whether one program did not agree with itself."""
        return deviation(self.aa) > AGREEMENT

    def median(self, name: str) -> float:
        """The median of one function's samples."""
        return statistics.median(self.seconds[name])


def deviation(ratio: float) -> float:
    """How far a ratio is from one, the same for a ratio and its inverse.

    Examples:
        >>> deviation(0.5), deviation(2.0)
        (1.0, 1.0)
    """
    return max(ratio, 1 / ratio) - 1


def interleaved(
    calls: Mapping[str, Callable[[], object]],
    effort: Effort,
    clock: Clock = time.perf_counter,
) -> dict[str, list[float]]:
    """Time functions by turns.

    Args:
        calls: functions that return when their work is done.
        effort: how long.
        clock: seconds that only grow.

    Returns:
        The samples of each function.
    """
    started = clock()
    different = dict.fromkeys(calls.values())
    taken = {call: _warmed(call, clock) for call in different}
    slowest = max(taken.values())
    turns = {
        name: max(1, min(effort.burst, int(slowest / taken[call] / 2)))
        for name, call in calls.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    for round_ in range(effort.most_rounds):
        spent = clock() - started
        least = 2 if spent >= effort.patience_s else effort.least_rounds
        if round_ >= least and spent >= effort.budget_s:
            break
        for name in order:
            for _ in range(turns[name]):
                seconds[name].append(_timed(calls[name], clock))
        order.reverse()
    return seconds


def proved(
    calls: Mapping[str, Callable[[], object]],
    twice: str,
    effort: Effort,
    clock: Clock = time.perf_counter,
) -> Samples:
    """Time functions by turns, one of them twice, until that one agrees with itself.

    Args:
        calls: functions that return when their work is done.
        twice: the one that is measured a second time, as A/A run.
        effort: how long, and how many attempts.
        clock: seconds that only grow.

    Returns:
        The attempt with the best agreement; its samples of both are pooled.
    """
    again = f"{twice} again"
    best: Samples | None = None
    for attempt in range(1, effort.attempts + 1):
        seconds = interleaved({**calls, again: calls[twice]}, effort, clock)
        median = statistics.median
        ratio = median(seconds[again]) / median(seconds[twice])
        seconds[twice] += seconds.pop(again)
        found = Samples(seconds, ratio, attempt)
        if best is None or deviation(ratio) < deviation(best.aa):
            best = found
        if not found.noisy:
            break
    assert best is not None  # there is at least one attempt
    return dataclasses.replace(best, attempts=attempt)


def _warmed(call: Callable[[], object], clock: Clock) -> float:
    """About how long a call takes, once pages and caches are paid for."""
    taken = _timed(call, clock)
    if taken < SHORT_S:
        taken = _timed(call, clock)
    return max(taken, TICK_S)


def _timed(call: Callable[[], object], clock: Clock) -> float:
    """Seconds of one call."""
    start = clock()
    call()
    return clock() - start
