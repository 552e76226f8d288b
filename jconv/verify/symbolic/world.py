"""What a statement is made about: unknown integers, or given ones.

A statement is one function. In a ``Symbols`` world its integers are unknowns and what
it yields is proved; in a ``Numbers`` world they are ``int``, the code runs as it does
every day, and what it yields is true or false: that is how a counterexample is checked.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from jconv.geometry import Axis
from jconv.verify.symbolic.contracts import Bezout
from jconv.verify.symbolic.integer import Truth, as_truth
from jconv.verify.symbolic.solver import z3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jconv.geometry import Role
    from jconv.verify.symbolic.trail import Trail


class Symbols:
    """Unknown integers on one path."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail

    def integer(self, name: str) -> Any:
        """An unknown."""
        return self.trail.symbol(name)

    def suppose(self, *conditions: Any) -> None:
        """Hypotheses for the rest of the scope."""
        for each in conditions:
            self.trail.assume(as_truth(each))

    def scope(self) -> contextlib.AbstractContextManager[None]:
        """Within, ``suppose`` supposes for a while."""
        return self.trail.scope()

    def named(self, name: str, value: Any) -> Any:
        """The value under a name: steps that need not see into it are easier."""
        symbol = self.trail.auxiliary(name)
        self.trail.assume((symbol == value).term)
        return symbol

    def bezout(self, a: Any, b: Any) -> Bezout:
        """gcd(a, b) with Bézout's witnesses."""
        return self.trail.contracts.gcd(a, b)


class OutOfScopeError(Exception):
    """Given numbers violate a hypothesis: the statement says nothing of them."""


class Numbers:
    """Given integers."""

    def __init__(self, values: Mapping[str, int]) -> None:
        self.values = values

    def integer(self, name: str) -> Any:
        """The number of that name."""
        try:
            return self.values[name]
        except KeyError:  # no such number: this is as far as they go
            raise OutOfScopeError from None

    def suppose(self, *conditions: Any) -> None:
        """Leave the scope unless all hypotheses hold."""
        if not all(conditions):
            raise OutOfScopeError

    def scope(self) -> contextlib.AbstractContextManager[None]:
        """Within, ``suppose`` supposes for a while."""
        return contextlib.suppress(OutOfScopeError)

    def named(self, name: str, value: Any) -> Any:
        """The value."""
        del name
        return value

    def bezout(self, a: int, b: int) -> Bezout:
        """gcd(a, b) with Bézout's witnesses, by Euclid's algorithm."""
        r, s, u, x, v, y = a, b, 1, 0, 0, 1
        while s:
            q = r // s
            r, s, u, x, v, y = s, r - q * s, x, u - q * x, y, v - q * y
        sign = -1 if r < 0 else 1
        g = sign * r
        return Bezout(g, a // g, b // g, sign * u, sign * v)


World = Symbols | Numbers


def axis_of(world: World, *, split: bool = True) -> Axis:
    """Any axis at all: every hypothesis here is one that ``Axis`` itself insists on.

    Args:
        world: where its sizes come from.
        split: whether to take positive and negative kernel dilations one by one.
    """
    names = ("n_input", "n_kernel", "n_output", "stride", "kernel_dilation")
    fields = {name: world.integer(name) for name in (*names, "input_dilation", "low")}
    world.suppose(*(fields[f"n_{role}"] >= 0 for role in ("input", "kernel", "output")))
    world.suppose(fields["stride"] >= 1, fields["input_dilation"] >= 1)
    world.suppose(fields["kernel_dilation"] != 0)
    if split:
        bool(fields["kernel_dilation"] > 0)
    return Axis(**fields)


def index_of(world: World, axis: Axis, role: Role, name: str = "") -> Any:
    """Any index of one role."""
    index = world.integer(name or {"input": "i", "kernel": "k", "output": "o"}[role])
    world.suppose(index >= 0, index < axis.size(role))
    return index


def both(*conditions: Any) -> Any:
    """Whether all hold."""
    if any(isinstance(each, Truth) for each in conditions):
        trail = next(each.trail for each in conditions if isinstance(each, Truth))
        return Truth(z3.And(*map(as_truth, conditions)), trail)
    return all(conditions)


def same(first: Any, second: Any) -> Any:
    """Whether two statements are both true or both false."""
    for each in (first, second):
        if isinstance(each, Truth):
            return Truth(as_truth(first) == as_truth(second), each.trail)
    return bool(first) == bool(second)


def either(*conditions: Any) -> Any:
    """Whether one holds."""
    if any(isinstance(each, Truth) for each in conditions):
        trail = next(each.trail for each in conditions if isinstance(each, Truth))
        return Truth(z3.Or(*map(as_truth, conditions)), trail)
    return any(conditions)


def within(index: Any, size: Any) -> Any:
    """Whether an index exists: ``0 <= index < size``."""
    return both(index >= 0, index < size)


def scaled(factor: Any, x: Any) -> Any:
    """True of every factor of at least 1: a product is no closer to 0 than x is.

    Offered as a lemma, it leaves the solver a linear question where a remainder is to
    be smaller than its divisor.
    """
    return either(
        both(x >= 1, factor * x >= factor),
        both(x == 0, factor * x == 0),
        both(x <= -1, factor * x <= -factor),
    )
