"""Timing by turns, on a clock of the test's own: no test depends on the machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jconv.bench.timing import Effort, Samples, deviation, interleaved, proved


class Clock:
    """A clock that only functions under test move."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log: list[str] = []

    def __call__(self) -> float:
        return self.now

    def call(self, name: str, *seconds: float) -> Callable[[], None]:
        """A function that takes these seconds in turn, the last for ever."""
        left = list(seconds)

        def run() -> None:
            self.log.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return run


def test_every_second_round_runs_in_reverse_order():
    clock = Clock()
    calls = {name: clock.call(name, 1.0) for name in "abc"}
    interleaved(calls, Effort(budget_s=0, least_rounds=3, patience_s=99), clock)
    # Each once to warm up, then the rounds:
    assert "".join(clock.log) == "abc" + "abc" + "cba" + "abc"


def test_short_functions_are_warmed_up_twice_and_one_under_two_names_once():
    clock = Clock()
    short, long = clock.call("s", 0.001), clock.call("l", 1.0)
    effort = Effort(budget_s=0, least_rounds=0, most_rounds=0)
    interleaved({"a": short, "b": long, "a again": short}, effort, clock)
    assert "".join(clock.log) == "ss" + "l"


def test_samples_are_each_functions_own():
    clock = Clock()
    # A call to warm up, then two rounds.
    calls = {"a": clock.call("a", 9, 1, 2), "b": clock.call("b", 9, 3, 4)}
    effort = Effort(budget_s=0, least_rounds=2)
    assert interleaved(calls, effort, clock) == {"a": [1, 2], "b": [3, 4]}


@pytest.mark.parametrize(
    ("budget", "rounds"), [(0, 4), (7, 6), (8.5, 8), (1e9, 20)], ids=str
)
def test_rounds_fit_the_budget_as_far_as_they_can(budget, rounds):
    clock = Clock()
    effort = Effort(budget, least_rounds=4, patience_s=1e9, most_rounds=20)
    seconds = interleaved({"a": clock.call("a", 1.0)}, effort, clock)
    # One second is spent before the first round.
    assert len(seconds["a"]) == rounds


def test_patience_with_a_slow_function_ends_after_two_rounds():
    clock = Clock()
    effort = Effort(budget_s=0, least_rounds=9, patience_s=30.0)
    assert len(interleaved({"a": clock.call("a", 50.0)}, effort, clock)["a"]) == 2
    assert len(interleaved({"a": clock.call("a", 10.0)}, effort, clock)["a"]) == 2
    assert len(interleaved({"a": clock.call("a", 5.0)}, effort, clock)["a"]) == 5


def test_a_fast_function_is_called_more_often_in_its_turn():
    clock = Clock()
    calls = {
        "slow": clock.call("slow", 100.0),
        "fast": clock.call("fast", 10.0),
        "free": clock.call("free", 0.0),
    }
    effort = Effort(budget_s=0, least_rounds=2, burst=8)
    counts = {name: len(s) for name, s in interleaved(calls, effort, clock).items()}
    assert counts == {"slow": 2, "fast": 10, "free": 16}


def test_a_program_that_agrees_with_itself_is_measured_once():
    clock = Clock()
    calls = {"lax": clock.call("lax", 2.0), "jconv": clock.call("jconv", 1.0)}
    found = proved(
        calls, "lax", Effort(budget_s=0, least_rounds=3, patience_s=99), clock
    )
    assert (found.aa, found.attempts, found.noisy) == (1.0, 1, False)
    assert found.median("lax") == 2.0
    assert found.median("jconv") == 1.0
    # Both measurements of the one measured twice are kept, and nothing else.
    assert {name: len(s) for name, s in found.seconds.items()} == {"lax": 6, "jconv": 3}


def test_a_program_that_disagrees_with_itself_is_measured_again():
    clock = Clock()
    # A call to warm up, then two rounds, the second in reverse order: "lax",
    # "lax again", "lax again", "lax".
    first = [1, 1, 3, 3, 1]
    calls = {"lax": clock.call("lax", *first, 1.0)}
    found = proved(calls, "lax", Effort(budget_s=0, least_rounds=2), clock)
    assert (found.aa, found.attempts, found.noisy) == (1.0, 2, False)


def test_a_machine_that_never_agrees_is_called_noisy_and_its_best_attempt_kept():
    clock = Clock()

    def attempt(again: float) -> list[float]:
        return [1, 1, again, again, 1]

    calls = {"lax": clock.call("lax", *attempt(2), *attempt(1.5), *attempt(4))}
    found = proved(calls, "lax", Effort(budget_s=0, least_rounds=2), clock)
    assert (found.aa, found.attempts, found.noisy) == (1.5, 3, True)


@pytest.mark.parametrize(
    ("aa", "noisy"), [(1.0, False), (1.029, False), (0.98, False), (1.04, True)]
)
def test_noisy_means_off_by_more_than_three_per_cent(aa, noisy):
    assert Samples({}, aa).noisy == noisy
    assert Samples({}, 1 / aa).noisy == noisy
    assert deviation(aa) == pytest.approx(deviation(1 / aa), rel=1e-12)
