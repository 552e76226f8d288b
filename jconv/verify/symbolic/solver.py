"""The solver: asked whether a conclusion follows from facts, about integers.

z3 is an extra. Products of unknowns make the questions undecidable in general, so a
question may stay open; what is open is never called proved. Effort is limited by z3's
own count of steps and not by the clock, so that every machine gives the same answers;
the clock is only a last resort.
"""

from __future__ import annotations

import enum
import importlib
from typing import TYPE_CHECKING, Any

from jconv.errors import UnsupportedError
from jconv.verify.symbolic import interrupt

try:
    z3: Any = importlib.import_module("z3")
except ImportError:  # whoever uses it calls ``require`` first
    z3 = None

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Term = Any
"""A z3 expression; z3 ships no types."""

INSTALL = "pip install 'jconv[prove]'"
"""How the solver is installed."""

STEPS = 40_000_000
"""z3's steps before a question is left open; some seconds."""

LINEAR_STEPS = 4_000_000
"""The same where products are unknowns of their own."""

PATH_STEPS = 40_000
"""The same for the question whether a branch can be entered at all."""

TIMEOUT_MS = 300_000
"""The clock's limit for one question; generous, so that steps decide."""


class Answer(enum.Enum):
    """Whether a conclusion follows."""

    YES = "yes"
    NO = "no"
    OPEN = "open"


def available() -> bool:
    """Whether the solver is installed."""
    return z3 is not None


def require() -> None:
    """Refuse to go on without the solver.

    Raises:
        UnsupportedError: saying how to install it.
    """
    if not available():
        raise UnsupportedError(
            f"symbolic proofs need the solver z3, which is not installed: {INSTALL}"
        )


def version() -> str:
    """The solver's name and version."""
    return f"z3 {z3.get_version_string()}"


def fresh_solver(steps: int) -> Any:
    """An empty solver with limits; from the same questions the same answers."""
    solver = z3.SimpleSolver()
    solver.set("rlimit", steps)
    solver.set("timeout", TIMEOUT_MS)
    solver.set("random_seed", 0)
    solver.set("ctrl_c", False)  # noqa: FBT003 (z3's own); it is for ``interrupt``
    return solver


class Reasoner:
    """Answers questions, and remembers from which facts each answer followed.

    Paths through the same code share most of their facts: what followed on one follows
    on every other that has the same premises.
    """

    def __init__(self) -> None:
        self._premises: dict[int, list[frozenset[int]]] = {}
        self._kept: list[Term] = []  # terms that are gone give their numbers to others

    def follows(self, facts: Sequence[Term], conclusion: Term) -> Answer:
        """Whether the conclusion holds wherever the facts do.

        First products of unknowns are taken for unknowns of their own: expanded, most
        steps of these proofs are linear in them, and linear questions are answered at
        once. Only what that leaves open is asked with the laws of multiplication.
        """
        known, concluded = set(map(number_of, facts)), number_of(conclusion)
        if any(core <= known for core in self._premises.get(concluded, ())):
            return Answer.YES
        near = [fact for fact in facts if unknowns(fact) <= unknowns(conclusion)]
        for chosen, linear in ((near, True), (facts, True), (facts, False)):
            answer, core = _ask(chosen, conclusion, linear=linear)
            if answer is Answer.YES:
                numbers = frozenset(map(number_of, core))
                self._premises.setdefault(concluded, []).append(numbers)
                self._kept += [conclusion, *core]
                return answer
        return answer


def _ask(
    facts: Sequence[Term], conclusion: Term, *, linear: bool
) -> tuple[Answer, list[Term]]:
    """The answer, and the facts that it needs."""
    steps = LINEAR_STEPS if linear else STEPS
    solver = fresh_solver(steps)
    prepare = expanded if linear else (lambda term: term)
    if linear:
        solver.set("arith.nl", False)  # noqa: FBT003 (z3's own)
    labels = {}
    for number, fact in enumerate(facts):
        label = f"fact {number}"
        labels[label] = fact
        solver.assert_and_track(prepare(fact), label)
    solver.add(prepare(z3.Not(conclusion)))
    answer = interrupt.check(solver)
    if answer == z3.unsat:
        return Answer.YES, [labels[str(each)] for each in solver.unsat_core()]
    no = answer == z3.sat and not linear
    return (Answer.NO if no else Answer.OPEN), []


def number_of(term: Term) -> int:
    """z3's number for a term, one for all equal ones; to compare terms takes longer."""
    return int(term.get_id())


def unknowns(term: Term) -> frozenset[str]:
    """Names of the unknowns in a term."""
    number = number_of(term)
    if number not in _seen:
        _seen[number] = term, _unknowns(term)
    return _seen[number][1]


_seen: dict[int, tuple[Term, frozenset[str]]] = {}
"""The unknowns of terms by number; each with its term, so that it keeps the number."""


def _unknowns(term: Term) -> frozenset[str]:
    """``unknowns``, looked for."""
    if z3.is_const(term):
        return frozenset() if z3.is_int_value(term) else frozenset([str(term)])
    return frozenset().union(*map(unknowns, term.children()))


def expanded(term: Term) -> Term:
    """The same term as a sum of monomials."""
    return z3.simplify(term, som=True)


def model(facts: Iterable[Term], unknowns: Iterable[Term]) -> list[int] | None:
    """Values of the unknowns under which all facts hold; None if none were found."""
    solver = fresh_solver(STEPS)
    solver.add(*facts)
    if interrupt.check(solver) != z3.sat:
        return None
    found = solver.model()
    return [found.eval(each, model_completion=True).as_long() for each in unknowns]
