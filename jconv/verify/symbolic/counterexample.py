"""The smallest numbers for which a goal fails.

The solver looks among small numbers first and further only if it finds none. What it
finds is not believed: the statement's code is run on these very numbers, as plain
``int``, and the goal must come out false.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from jconv.verify.symbolic import contracts, solver
from jconv.verify.symbolic.integer import as_truth
from jconv.verify.symbolic.solver import z3
from jconv.verify.symbolic.statement import Goal
from jconv.verify.symbolic.trail import ImpossibleError, trails
from jconv.verify.symbolic.world import Numbers, OutOfScopeError, Symbols

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jconv.verify.symbolic.solver import Term
    from jconv.verify.symbolic.statement import Check, Statement, Subject
    from jconv.verify.symbolic.trail import Trail

BOUNDS = (1, 2, 3, 5, 8)
"""How large the numbers may be, tried in this order."""


@dataclasses.dataclass(frozen=True)
class Counterexample:
    """Numbers for which the code does what it should not.

    Attributes:
        case: which of the statement's cases fails; empty if it has one only.
        values: the numbers by name.
        fails: the goal that fails, in words.
    """

    case: str
    values: dict[str, int]
    fails: str

    def __str__(self) -> str:
        numbers = ", ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.case}: {numbers}" if self.case else numbers


Shows = Callable[[str, dict[str, int]], bool]
"""(case, numbers) -> whether the failure shows in what is computed."""


def search(
    statement: Statement,
    subject: Subject,
    shows: Shows = lambda case, values: True,
) -> Counterexample | None:
    """A counterexample that shows; no number above a bound if any is below it."""
    for bound in BOUNDS:
        for case, check in statement.checks.items():
            for values, fails in _below(bound, check, subject):
                if shows(case, values):
                    return Counterexample(case, values, fails)
    return None


def _below(
    bound: int, check: Check, subject: Subject
) -> Iterator[tuple[dict[str, int], str]]:
    """Each path's smallest counterexample below a bound, and the goal that fails."""
    with contracts.in_place():
        for trail in trails(bound):
            values = _on_path(check, subject, trail)
            if values is not None and (fails := failing_goal(check, subject, values)):
                yield values, fails


def failing_goal(check: Check, subject: Subject, values: Mapping[str, int]) -> str:
    """Which goal fails for given numbers, the code run as it is; empty if none does."""
    try:
        for each in check(Numbers(values), subject):
            if isinstance(each, Goal) and not each.truth:
                return each.says
    except OutOfScopeError:
        return ""
    except Exception as error:  # a wrong rule may break anywhere
        return f"the code runs (it raised {type(error).__name__}: {error})"
    return ""


def _on_path(check: Check, subject: Subject, trail: Trail) -> dict[str, int] | None:
    """Small numbers on one path for which the first goal that can fail does."""
    try:
        for each in check(Symbols(trail), subject):
            if isinstance(each, Goal):
                found = _smallest(trail, [z3.Not(as_truth(each.truth))])
                if found is not None:
                    return found
    except ImpossibleError:
        return None
    except Exception:  # the code refuses or breaks there
        return _smallest(trail, [])
    return None


def _smallest(trail: Trail, wrong: list[Term]) -> dict[str, int] | None:
    """The values with the smallest sum of sizes."""
    names, unknowns = list(trail.unknowns), list(trail.unknowns.values())
    sizes = sum(z3.If(each >= 0, each, -each) for each in unknowns)
    facts = [*trail.facts, *wrong]
    best = None
    while (found := solver.model(facts, unknowns)) is not None:
        best = found
        facts.append(sizes < sum(map(abs, found)))
    return None if best is None else dict(zip(names, best, strict=True))
