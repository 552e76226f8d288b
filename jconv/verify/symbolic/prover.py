"""The prover: walks every path of a statement's code and asks the solver on each.

The verdict is *proved* only if every path was walked to its end and every goal on it
follows. A goal that does not follow is looked at with small numbers
(``counterexample``), then with those that the solver has against it, however large:
with a counterexample the statement is *refuted*, without it stays *open*.
"""

from __future__ import annotations

import dataclasses
import enum
import time
from typing import TYPE_CHECKING

from jconv.verify.symbolic import contracts, interrupt, solver
from jconv.verify.symbolic.counterexample import Counterexample, failing_goal, search
from jconv.verify.symbolic.integer import as_truth
from jconv.verify.symbolic.statement import Goal, Lemma
from jconv.verify.symbolic.trail import ImpossibleError, Trail, trails
from jconv.verify.symbolic.world import Symbols

if TYPE_CHECKING:
    from jconv.verify.symbolic.solver import Term
    from jconv.verify.symbolic.statement import Check, Statement, Subject


class Verdict(enum.StrEnum):
    """What became of a statement."""

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    OPEN = "OPEN"


@dataclasses.dataclass(frozen=True)
class Proof:
    """A statement's verdict.

    Attributes:
        statement: the statement.
        verdict: what became of it.
        paths: ways through the code that were walked.
        goals: conclusions that were proved, over all paths.
        lemmas: steps that were proved on the way.
        seconds: how long it took.
        missing: the goals that were not proved, in words, each once.
        counterexample: numbers for which a goal fails.
        denied: of the missing goals those against which the solver has numbers, whether
            or not the code was seen to fail for them.
    """

    statement: Statement
    verdict: Verdict
    paths: int
    goals: int
    lemmas: int
    seconds: float
    missing: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    denied: tuple[str, ...] = ()


def prove(statement: Statement, subject: Subject | None = None) -> Proof:
    """Prove a statement, of the code or of another ``subject`` in its place.

    Raises:
        UnsupportedError: if the solver is not installed.
    """
    solver.require()
    start = time.perf_counter()
    work = _Work(statement, subject or statement.subject)
    found = None
    with interrupt.heeded():
        with contracts.in_place():
            for case, check in statement.checks.items():
                for trail in trails():
                    work.walk(trail, case, check)
        if work.missing:
            found = search(statement, work.subject) or work.large()
    missing = tuple(dict.fromkeys(work.missing))
    verdict = Verdict.REFUTED if found else Verdict.OPEN if missing else Verdict.PROVED
    return Proof(
        statement,
        verdict,
        work.paths,
        work.goals,
        work.lemmas,
        time.perf_counter() - start,
        missing,
        found,
        tuple(dict.fromkeys(goal for goal, *_ in work.against)),
    )


class _Work:
    """The books of one proof."""

    def __init__(self, statement: Statement, subject: Subject) -> None:
        self.statement = statement
        self.subject = subject
        self.paths = self.goals = self.lemmas = 0
        self.missing: list[str] = []
        self.against: list[tuple[str, str, dict[str, int]]] = []
        self._reason = solver.Reasoner().follows

    def walk(self, trail: Trail, case: str, check: Check) -> None:
        """Prove everything on one path."""
        try:
            for each in check(Symbols(trail), self.subject):
                self._settle(each, trail, case)
        except ImpossibleError:
            return
        except Exception as error:  # the code refuses or breaks there
            if self._contradictory(trail.facts):
                return
            told = f"no path ends in {type(error).__name__}: {error}"
            self._deny(told, trail, case, [])
        self.paths += 1

    def large(self) -> Counterexample | None:
        """The first of the solver's numbers for which the code, run on them, fails."""
        for _, case, values in self.against:
            check = self.statement.checks[case]
            if fails := failing_goal(check, self.subject, values):
                return Counterexample(case, values, fails)
        return None

    def _deny(self, told: str, trail: Trail, case: str, wrong: list[Term]) -> None:
        """A goal is missing: note it, and the solver's numbers against it, if any."""
        self.missing.append(told)
        names, unknowns = list(trail.unknowns), trail.unknowns.values()
        found = solver.model([*trail.facts, *wrong], unknowns)
        if found is not None:
            values = dict(zip(names, found, strict=True))
            self.against.append((told, case, values))

    def _contradictory(self, facts: list[Term]) -> bool:
        """Whether facts contradict each other, so that nothing is on their path."""
        impossible = solver.z3.BoolVal(False)  # noqa: FBT003 (z3's own)
        return self._reason(facts, impossible) is solver.Answer.YES

    def _settle(self, each: Goal | Lemma, trail: Trail, case: str) -> None:
        """Prove one goal or lemma with what is known."""
        term = as_truth(each.truth)
        if isinstance(each, Goal):
            if self._reason(trail.facts, term) is solver.Answer.YES:
                self.goals += 1
                return
            told = f"{case}: {each.says}" if case else each.says
            self._deny(told, trail, case, [solver.z3.Not(term)])
            return
        if self._follows(trail.facts, term, each.given):
            self.lemmas += 1
            trail.assume(term)

    def _follows(
        self, facts: list[Term], term: Term, given: tuple[object, ...] | None
    ) -> bool:
        """Whether a lemma follows; from the same premises it follows on every path."""
        if given is None:
            return self._reason(facts, term) is solver.Answer.YES
        premises = [as_truth(each) for each in given]
        known = set(facts)
        unknown = [each for each in premises if each not in known]
        if any(self._reason(facts, each) is not solver.Answer.YES for each in unknown):
            return False
        return self._reason(premises, term) is solver.Answer.YES
