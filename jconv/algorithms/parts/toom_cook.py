"""Short convolutions with fewer products: a kernel of r taps and m results at once.

A convolution is a product of polynomials, and a polynomial of degree below a is known
by its values at a points. So m neighbouring results of a kernel of r taps take only
a = m + r - 1 products, one for each point, where the sum takes m r:

    y = A ( (G w) * (B x) )        x (a), w (r), y (m), * entry by entry

G has the powers of the points, A those of the points transposed, B the inverse of both.
One of the points is infinity, where the value of a polynomial is its leading
coefficient. The others decide how much is lost to rounding. What loses little are
small numbers with their inverses and opposites, p, -p, 1/p, -1/p (Alam et al.).

A row of one matrix may be multiplied by what another's is divided by. Here it is G
that has all thirds and fifths: it transforms the kernel, once for all tiles.

All entries are exact fractions, and every set of matrices proves itself when it is
made: multiplied out, it is the relation and nothing else.

References:
    S. Winograd, "Arithmetic complexity of computations", SIAM, 1980.
    A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks",
    https://arxiv.org/abs/1509.09308, 2015.
    S. A. Alam, A. Anderson, B. Barabasz and D. Gregg, "Winograd convolution for deep
    neural networks: efficient point selection", https://arxiv.org/abs/2201.10369, 2022.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from fractions import Fraction

Matrix = tuple[tuple[Fraction, ...], ...]
"""Rows of exact entries."""

POINTS = {
    len(points.split()): tuple(map(Fraction, points.split()))
    for points in (
        "0",
        "0 1",
        "0 1 -1",
        "0 1 -1/2 -2",
        "0 3/2 -3/2 2/3 -2/3",
        "0 1 2 1/2 -3/2 -2/3",
        "0 1 -1 2 -2 1/2 -1/2",
    )
}
"""By their number, infinity not counted: of smallest bound (``accuracy.tiles_bound``)
among fractions of numbers up to three."""


@dataclasses.dataclass(frozen=True)
class Tables:
    """The three matrices of one axis.

    Attributes:
        results: A (m, a): from products to results; exact in binary.
        kernel: G (a, r): values of the kernel.
        source: B (a, a): values of the source; exact in binary.
    """

    results: Matrix
    kernel: Matrix
    source: Matrix

    @property
    def points(self) -> int:
        """Products for each tile of results."""
        return len(self.source)

    @property
    def tile(self) -> int:
        """Results of a tile."""
        return len(self.results)

    def wrong(self) -> list[tuple[int, int, int]]:
        """Where (result, tap, entry) is not multiplied out to the relation."""
        return [
            (q, k, j)
            for q, k, j in itertools.product(
                range(self.tile), range(len(self.kernel[0])), range(self.points)
            )
            if self._coefficient(q, k, j) != (j == q + k)
        ]

    def _coefficient(self, q: int, k: int, j: int) -> Fraction:
        """How often tap k times entry j is in result q."""
        terms = (
            self.results[q][i] * self.kernel[i][k] * self.source[i][j]
            for i in range(self.points)
        )
        return sum(terms, start=Fraction(0))


@functools.cache
def tables(m: int, r: int) -> Tables:
    """The matrices for tiles of m results of a kernel of r taps.

    Raises:
        ArithmeticError: if they were wrong; that no input can bring about.

    Examples:
        >>> two_of_three = tables(2, 3)
        >>> [[str(entry) for entry in row] for row in two_of_three.kernel[:2]]
        [['1', '0', '0'], ['1/2', '1/2', '1/2']]
        >>> two_of_three.points, two_of_three.wrong()
        (4, [])
    """
    points = _points(m + r - 2)
    inverse = _inverse(_powers(points, m + r - 1))
    results, kernel, source = [], [], []
    of_each_point = zip(
        _powers(points, m),
        _powers(points, r),
        zip(*inverse, strict=True),
        strict=True,
    )
    for to_results, of_kernel, of_source in of_each_point:
        column, a = _dyadic(to_results)
        row, b = _dyadic(of_source)
        results.append(column)
        kernel.append(tuple(power / (a * b) for power in of_kernel))
        source.append(row)
    made = Tables(tuple(zip(*results, strict=True)), tuple(kernel), tuple(source))
    if made.wrong():
        message = f"the tables for {m} results and {r} taps are wrong: {made.wrong()}"
        raise ArithmeticError(message)
    return made


def _points(count: int) -> tuple[Fraction, ...]:
    """The best ones; beyond these, small numbers."""
    if count in POINTS:
        return POINTS[count]
    more = (Fraction(sign * n) for n in itertools.count(3) for sign in (1, -1))
    return (*POINTS[max(POINTS)], *itertools.islice(more, count))[:count]


def _dyadic(row: tuple[Fraction, ...]) -> tuple[tuple[Fraction, ...], Fraction]:
    """A multiple of a row, with entries below two that are exact; the multiple."""
    scale = math.lcm(*(entry.denominator for entry in row))
    most = max(abs(int(entry * scale)) for entry in row)
    factor = Fraction(scale, 2 ** (most.bit_length() - 1))
    return tuple(entry * factor for entry in row), factor


def _powers(points: tuple[Fraction, ...], n: int) -> Matrix:
    """Row by row 1, p, p^2, ..., p^(n - 1); at infinity the leading one alone."""
    finite = [tuple(point**k for k in range(n)) for point in points]
    return (*finite, tuple(Fraction(k == n - 1) for k in range(n)))


def _inverse(matrix: Matrix) -> Matrix:
    """By elimination; the points differ, so there is one."""
    n = len(matrix)
    rows = [
        [*row, *(Fraction(a == b) for b in range(n))] for a, row in enumerate(matrix)
    ]
    for column in range(n):
        pivot = next(a for a in range(column, n) if rows[a][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column][column]
        rows[column] = [entry / lead for entry in rows[column]]
        for a in range(n):
            if a != column:
                factor = rows[a][column]
                rows[a] = [
                    x - factor * y for x, y in zip(rows[a], rows[column], strict=True)
                ]
    return tuple(tuple(row[n:]) for row in rows)
