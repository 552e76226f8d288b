"""The equation of one entry of y, dx or dw: which products it is the sum of.

With one role's index fixed, the relation's solutions in the other two are arithmetic
progressions, one per axis; their product over the axes is the list of terms. No list
is made: what a sum of any length begins and ends with is known at once.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.geometry import Geometry, Role

Index = tuple[int, ...]

FACTORS: dict[Role, tuple[Role, Role]] = {
    "output": ("input", "kernel"),
    "input": ("output", "kernel"),
    "kernel": ("output", "input"),
}
"""Role computed -> the factors of its products, in the order they are written."""

RESULT: dict[Role, str] = {"output": "y", "input": "dx", "kernel": "dw"}
"""Role computed -> the array it is computed as."""

OPERAND: dict[Role, str] = {"output": "dy", "input": "x", "kernel": "w"}
"""Role -> the array that stands for it among the factors."""

TERMS_SHOWN = 6


class _Pairs(NamedTuple):
    """Two indices that run together along one axis, each as (start, step)."""

    length: int
    first: tuple[int, int]
    second: tuple[int, int]

    def at(self, j: int) -> tuple[int, int]:
        """The j-th pair."""
        (a, rise), (b, slope) = self.first, self.second
        return a + rise * j, b + slope * j

    def reversed(self) -> _Pairs:
        """The same pairs, the last one first."""
        a, b = self.at(self.length - 1)
        return _Pairs(self.length, (a, -self.first[1]), (b, -self.second[1]))


def terms(geometry: Geometry, out: Role, index: Index) -> Iterator[tuple[Index, Index]]:
    """The products whose sum is one entry: pairs of indices, in the order of FACTORS.

    Examples:
        The middle input of the 5 -> 3 convolution receives three products dy w:

        >>> from jconv.geometry import Geometry
        >>> list(terms(Geometry.from_call((5,), (3,)), "input", (2,)))
        [((0,), (2,)), ((1,), (1,)), ((2,), (0,))]
    """
    per_axis = _per_axis(geometry, out, index)
    return (_term(per_axis, n) for n in range(term_count(geometry, out, index)))


def term_count(geometry: Geometry, out: Role, index: Index) -> int:
    """How many products one entry is the sum of, per pair of channels."""
    return math.prod(
        axis.progression(out, t).length
        for axis, t in zip(geometry.axes, index, strict=True)
    )


def equation(
    geometry: Geometry, out: Role, index: Index, shown: int = TERMS_SHOWN
) -> str:
    """One entry spelled out; a long sum is cut before its last product.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> equation(Geometry.from_call((5,), (3,)), "input", (2,))
        'dx[2] = dy[0] w[2] + dy[1] w[1] + dy[2] w[0]'
        >>> equation(Geometry.from_call((5,), (2,), stride=3), "input", (2,))
        'dx[2] = 0'
        >>> equation(Geometry.from_call((64,), (9,)), "output", (3,), shown=3)
        'y[3] = x[3] w[0] + x[4] w[1] + … + x[11] w[8]'
    """
    listed = terms(geometry, out, index)
    count = term_count(geometry, out, index)
    if count <= shown:
        written = [_product(out, pair) for pair in listed]
    else:
        last = _term(_per_axis(geometry, out, index), count - 1)
        written = [_product(out, pair) for pair in itertools.islice(listed, shown - 1)]
        written += ["…", _product(out, last)]
    return f"{RESULT[out]}{_brackets(index)} = {' + '.join(written) or '0'}"


def _per_axis(geometry: Geometry, out: Role, index: Index) -> list[_Pairs]:
    """Per axis the pairs of factors' indices, in rising order of the first."""
    found = []
    for axis, t in zip(geometry.axes, index, strict=True):
        solutions = axis.progression(out, t)
        first, second = (solutions.of(role) for role in FACTORS[out])
        pairs = _Pairs(solutions.length, first, second)
        found.append(pairs if first[1] > 0 else pairs.reversed())
    return found


def _term(per_axis: list[_Pairs], n: int) -> tuple[Index, Index]:
    """The n-th term, its last axis running fastest; nothing is listed on the way."""
    chosen: list[tuple[int, int]] = []
    for pairs in reversed(per_axis):
        n, here = divmod(n, pairs.length)
        chosen.insert(0, pairs.at(here))
    return tuple(a for a, _ in chosen), tuple(b for _, b in chosen)


def _product(out: Role, pair: tuple[Index, Index]) -> str:
    """One product, such as ``dy[0] w[2]``."""
    return " ".join(
        f"{OPERAND[role]}{_brackets(index)}"
        for role, index in zip(FACTORS[out], pair, strict=True)
    )


def _brackets(index: Index) -> str:
    """An index as code writes it."""
    return f"[{', '.join(map(str, index))}]"
