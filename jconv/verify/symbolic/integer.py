"""A symbolic integer: what the geometry's code is run on instead of an ``int``.

It is a ``numbers.Integral``, so the code's own checks accept it. Sums and products
build terms. A comparison gives a ``Truth``; where the code asks whether it is so
(``if``, ``and``, ``min``, ``max``, ``abs``, a chained comparison) the path through the
code splits (see ``trail``). ``//``, ``%`` and ``pow(a, -1, m)`` give new unknowns
together with what Python promises of them (see ``contracts``).
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

from jconv.verify.symbolic.solver import z3

if TYPE_CHECKING:
    from jconv.verify.symbolic.solver import Term
    from jconv.verify.symbolic.trail import Trail


class Truth:
    """A statement about symbolic integers; asking for its ``bool`` splits the path."""

    __slots__ = ("term", "trail")

    def __init__(self, term: Term, trail: Trail) -> None:
        self.term = term
        self.trail = trail

    def __bool__(self) -> bool:
        return self.trail.decide(self.term)

    def __and__(self, other: Truth | bool) -> Truth:
        return Truth(z3.And(self.term, as_truth(other)), self.trail)

    __rand__ = __and__

    def __invert__(self) -> Truth:
        return Truth(z3.Not(self.term), self.trail)

    def __repr__(self) -> str:
        return str(self.term)


class Integer:
    """An integer that is a term over unknowns, on one path through the code."""

    __slots__ = ("term", "trail")

    def __init__(self, term: Term, trail: Trail) -> None:
        self.term = term
        self.trail = trail

    def _new(self, term: Term) -> Integer:
        return Integer(z3.simplify(term), self.trail)

    def __add__(self, other: Any) -> Integer:
        return self._new(self.term + as_term(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Integer:
        return self._new(self.term - as_term(other))

    def __rsub__(self, other: Any) -> Integer:
        return self._new(as_term(other) - self.term)

    def __mul__(self, other: Any) -> Integer:
        return self._new(self.term * as_term(other))

    __rmul__ = __mul__

    def __neg__(self) -> Integer:
        return self._new(-self.term)

    def __pos__(self) -> Integer:
        return self

    def __abs__(self) -> Integer:
        return self if self >= 0 else -self

    def __divmod__(self, other: Any) -> tuple[Integer, Integer]:
        return self.trail.contracts.divide(self, self._new(as_term(other)))

    def __rdivmod__(self, other: Any) -> tuple[Integer, Integer]:
        return self.trail.contracts.divide(self._new(as_term(other)), self)

    def __floordiv__(self, other: Any) -> Integer:
        return divmod(self, other)[0]

    def __rfloordiv__(self, other: Any) -> Integer:
        return self.__rdivmod__(other)[0]

    def __mod__(self, other: Any) -> Integer:
        return divmod(self, other)[1]

    def __rmod__(self, other: Any) -> Integer:
        return self.__rdivmod__(other)[1]

    def __pow__(self, exponent: int, modulus: Any = None) -> Integer:
        if exponent != -1 or modulus is None:
            return NotImplemented
        return self.trail.contracts.invert(self, self._new(as_term(modulus)))

    def __lt__(self, other: Any) -> Truth:
        return Truth(self.term < as_term(other), self.trail)

    def __le__(self, other: Any) -> Truth:
        return Truth(self.term <= as_term(other), self.trail)

    def __gt__(self, other: Any) -> Truth:
        return Truth(self.term > as_term(other), self.trail)

    def __ge__(self, other: Any) -> Truth:
        return Truth(self.term >= as_term(other), self.trail)

    def __eq__(self, other: object) -> Truth:  # type: ignore[override]
        return Truth(self.term == as_term(other), self.trail)

    def __ne__(self, other: object) -> Truth:  # type: ignore[override]
        return Truth(self.term != as_term(other), self.trail)

    def __hash__(self) -> int:
        return hash(self.term)

    def __bool__(self) -> bool:
        return self.trail.decide(self.term != 0)

    def __repr__(self) -> str:
        return str(self.term)


numbers.Integral.register(Integer)


def as_term(value: Any) -> Term:
    """An ``Integer``, an ``int``, or a truth as 0 or 1, as a term."""
    if isinstance(value, Integer):
        return value.term
    return z3.IntVal(int(bool(value)) if isinstance(value, Truth) else int(value))


def as_truth(value: Any) -> Term:
    """A ``Truth`` or a ``bool`` as a term."""
    return value.term if isinstance(value, Truth) else z3.BoolVal(bool(value))
