"""What Python promises of ``//``, ``%``, ``gcd`` and ``pow(a, -1, m)``, as facts.

Each gives new unknowns that are determined by the facts stated of them, so that a
statement proved for all values of the unknowns is proved of Python's results:

* ``q, r = divmod(a, b)``: ``a = b q + r`` with ``0 <= r < b``, or ``b < r <= 0`` for a
  negative b (the signs of Python, not of C). Euclid: exactly one pair (q, r) does this.
* ``g = gcd(a, b)``: ``g >= 1``, ``a = g a'``, ``b = g b'`` and ``u a' + v b' = 1``
  (Bézout). Such a g divides every common divisor's multiple and is unique; u and v are
  not, they are witnesses.
* ``n = pow(a, -1, m)``: ``0 <= n < m`` and ``n a = 1 + m t``. It exists only if a and m
  have no common divisor, which must follow from a Bézout identity met before;
  otherwise Python raises ``ValueError``, and so does the contract.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from typing import TYPE_CHECKING, Any

from jconv.geometry import axis, checks, nd, padding
from jconv.verify.symbolic.integer import Integer, as_term
from jconv.verify.symbolic.solver import Answer, Reasoner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.symbolic.solver import Term
    from jconv.verify.symbolic.trail import Trail


@dataclasses.dataclass(frozen=True)
class Bezout:
    """g = gcd(a, b) with a = g a_part, b = g b_part, u a_part + v b_part = 1."""

    g: Any
    a_part: Any
    b_part: Any
    u: Any
    v: Any


@dataclasses.dataclass(frozen=True)
class Inverse:
    """n a = 1 + modulus t."""

    a: Integer
    modulus: Integer
    n: Integer
    t: Integer


class Contracts:
    """The operations met on one path, each with its facts; asked again, the same."""

    def __init__(self, trail: Trail) -> None:
        self.divisions: dict[tuple[Term, Term], tuple[Integer, Integer]] = {}
        self.gcds: dict[tuple[Term, Term], Bezout] = {}
        self.inverses: list[Inverse] = []
        self._trail = trail

    def divide(self, a: Integer, b: Integer) -> tuple[Integer, Integer]:
        """``divmod(a, b)``.

        Raises:
            ZeroDivisionError: on the paths where b is zero.
        """
        key = (a.term, b.term)
        if key in self.divisions:
            return self.divisions[key]
        if b == 0:
            raise ZeroDivisionError
        part = self._exact_part(a, b)
        if part is not None:
            return part, Integer(as_term(0), self._trail)
        q, r = self._fresh("q"), self._fresh("r")
        positive = bool(b > 0)
        self._state(a == b * q + r)
        for bound in (r >= 0, r < b) if positive else (r <= 0, r > b):
            self._state(bound)
        self.divisions[key] = q, r
        return q, r

    def gcd(self, a: Integer, b: Integer) -> Bezout:
        """``gcd(a, b)`` of two numbers that are not both zero, with its witnesses."""
        key = (a.term, b.term)
        if key not in self.gcds:
            g, a_part, b_part, u, v = map(self._fresh, ("g", "a'", "b'", "u", "v"))
            self.gcds[key] = Bezout(g, a_part, b_part, u, v)
            for fact in (
                g >= 1,
                a == g * a_part,
                b == g * b_part,
                u * a_part + v * b_part == 1,
            ):
                self._state(fact)
        return self.gcds[key]

    def invert(self, a: Integer, modulus: Integer) -> Integer:
        """``pow(a, -1, modulus)``.

        Raises:
            ValueError: unless a Bézout identity shows that the inverse exists.
        """
        if not any(self._coprime(a, modulus, each) for each in self.gcds.values()):
            raise ValueError("base is not known to be invertible for the given modulus")
        n, t = self._fresh("n"), self._fresh("t")
        for fact in (n >= 0, n < modulus, n * a == 1 + modulus * t):
            self._state(fact)
        self.inverses.append(Inverse(a, modulus, n, t))
        return n

    def _exact_part(self, a: Integer, g: Integer) -> Integer | None:
        """The quotient a / g where g is a gcd of a, or of -a: by Euclid, ``a // g``."""
        for (first, second), each in self.gcds.items():
            if not g.term.eq(each.g.term):
                continue
            for term, part in ((first, each.a_part), (second, each.b_part)):
                if a.term.eq(term):
                    return part
                if (-a).term.eq(term):
                    return -part
        return None

    def _coprime(self, a: Integer, modulus: Integer, known: Bezout) -> bool:
        """Whether a known identity, up to sign of the modulus, is one of these two."""
        if not a.term.eq(known.a_part.term):
            return False
        sides = (known.b_part, -known.b_part)
        positive = Reasoner().follows(self._trail.facts, (modulus > 0).term)
        same = any(modulus.term.eq(side.term) for side in sides)
        return same and positive is Answer.YES

    def _fresh(self, name: str) -> Integer:
        return self._trail.auxiliary(name)

    def _state(self, fact: Any) -> None:
        self._trail.assume(fact.term)


def gcd(a: Any, b: Any) -> Any:
    """``math.gcd``, or its contract where a symbol takes part."""
    for each in (a, b):
        if isinstance(each, Integer):
            pair = (Integer(as_term(value), each.trail) for value in (a, b))
            return each.trail.contracts.gcd(*pair).g
    return math.gcd(a, b)


def whole(value: Any) -> Any:
    """``int``, which leaves a symbolic integer as it is."""
    return value if isinstance(value, Integer) else int(value)


@contextlib.contextmanager
def in_place() -> Iterator[None]:
    """Within, the geometry's code finds ``gcd`` and ``int`` as above.

    Nothing else of the code is changed, and on plain numbers both do what they did.
    """
    places: list[tuple[Any, str, Any]] = [(axis, "gcd", gcd)]
    places += [(module, "int", whole) for module in (checks, nd, padding)]
    with substituted(places):
        yield


@contextlib.contextmanager
def substituted(places: list[tuple[Any, str, Any]]) -> Iterator[None]:
    """Within, each module has another value under a name."""
    absent = object()
    before = [vars(module).get(name, absent) for module, name, _ in places]
    try:
        for module, name, value in places:
            setattr(module, name, value)
        yield
    finally:
        for (module, name, _), value in zip(places, before, strict=True):
            if value is absent:
                delattr(module, name)
            else:
                setattr(module, name, value)
