"""One path through code that runs on symbols, and all paths of it.

Wherever the code asks whether a condition holds, the path goes both ways, if both are
possible: the code is run again from its start for each. A path is what it assumed (the
hypotheses, the conditions it went by) and the contracts of the operations it met.
Together the paths cover all integers that the hypotheses allow.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from jconv.verify.symbolic import interrupt
from jconv.verify.symbolic.contracts import Contracts
from jconv.verify.symbolic.integer import Integer
from jconv.verify.symbolic.solver import PATH_STEPS, fresh_solver, z3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.symbolic.solver import Term


class ImpossibleError(Exception):
    """The path's assumptions contradict each other: there is nothing to show on it."""


class Trail:
    """What one path assumes.

    Attributes:
        facts: hypotheses, conditions gone by, contracts met, lemmas proved.
        unknowns: the statement's own symbols by name, in the order of creation.
        branches: beginnings of the paths that turn off this one.
        contracts: what ``//``, ``%``, ``gcd`` and ``pow`` promise.
    """

    def __init__(
        self, beginning: tuple[bool, ...] = (), bound: int | None = None
    ) -> None:
        self.facts: list[Term] = []
        self.unknowns: dict[str, Term] = {}
        self.branches: list[tuple[bool, ...]] = []
        self.contracts = Contracts(self)
        self._beginning = beginning
        self._bound = bound
        self._count = 0
        self._turns: list[bool] = []
        self._solver = fresh_solver(PATH_STEPS)

    def assume(self, term: Term) -> None:
        """Add a fact."""
        self.facts.append(term)
        self._solver.add(term)

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """Within, facts may be added that are forgotten afterwards."""
        kept = len(self.facts)
        self._solver.push()
        try:
            yield
        finally:
            del self.facts[kept:]
            self._solver.pop()

    def symbol(self, name: str) -> Integer:
        """One of the statement's own unknowns."""
        unknown = self.unknowns[name] = z3.Int(name)
        if self._bound is not None:
            self.assume(z3.And(unknown >= -self._bound, unknown <= self._bound))
        return Integer(unknown, self)

    def auxiliary(self, name: str) -> Integer:
        """An unknown that others determine."""
        self._count += 1
        return Integer(z3.Int(f"{name}.{self._count}"), self)

    def decide(self, term: Term) -> bool:
        """Which way this path goes at a condition; the other way becomes a branch."""
        term = z3.simplify(term)
        if z3.is_true(term) or z3.is_false(term):
            return bool(z3.is_true(term))
        past = len(self._turns)
        if past < len(self._beginning):
            turn = self._beginning[past]
        else:
            turn = self._possible(term)
            if self._possible(z3.Not(term)):
                if turn:
                    self.branches.append((*self._turns, False))
            elif not turn:
                raise ImpossibleError
        self._turns.append(turn)
        self.assume(term if turn else z3.Not(term))
        return turn

    def _possible(self, term: Term) -> bool:
        """Whether the path may go there; yes where the solver leaves it open."""
        return bool(interrupt.check(self._solver, term) != z3.unsat)


def trails(bound: int | None = None) -> Iterator[Trail]:
    """A fresh trail for each path; the code must be run on one before the next.

    Args:
        bound: of the sizes of the statement's own unknowns; None for all integers.
    """
    waiting: list[tuple[bool, ...]] = [()]
    while waiting:
        trail = Trail(waiting.pop(), bound)
        yield trail
        waiting += trail.branches
