"""The matrices of ``winograd``: exact, proved, and of points that lose little."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jconv.algorithms.accuracy import tiles_bound
from jconv.algorithms.parts import toom_cook
from jconv.algorithms.parts.toom_cook import Tables, tables


@given(st.integers(1, 6), st.integers(1, 6))
def test_the_matrices_are_the_relation_exactly(m, r):
    made = tables(m, r)
    assert made.wrong() == []
    assert (made.tile, len(made.kernel[0]), made.points) == (m, r, m + r - 1)
    exact = (*made.source, *made.results)
    assert all(Fraction(float(entry)) == entry for row in exact for entry in row)
    assert all(abs(entry) < 2 for row in made.source for entry in row)


@pytest.mark.parametrize("count", [3, 4, 5])
def test_no_other_small_fractions_lose_less(count, monkeypatch):
    """As points for kernels of three taps, by the bound of their matrices."""
    small = {
        Fraction(sign * p, q) for p in (1, 2, 3) for q in (1, 2, 3) for sign in (1, -1)
    }

    def bound(points):
        monkeypatch.setitem(toom_cook.POINTS, count, points)
        made = tables.__wrapped__(count - 1, 3)
        return tiles_bound([made], "output", 8, "float64")

    best = bound(toom_cook.POINTS[count])
    others = itertools.combinations(sorted(small), count - 1)
    assert best <= min(bound((Fraction(0), *each)) for each in others)


@pytest.mark.parametrize("matrix", ["results", "kernel", "source"])
def test_a_wrong_entry_is_seen(matrix):
    rows = [list(row) for row in getattr(tables(2, 3), matrix)]
    rows[1][1] += Fraction(1, 2)
    wrong = dataclasses.replace(tables(2, 3), **{matrix: tuple(map(tuple, rows))})
    assert wrong.wrong()


def test_two_results_of_three_taps_are_the_published_ones():
    """Lavin and Gray, section 4.1, with the signs of one row exchanged."""
    half = Fraction(1, 2)
    assert tables(2, 3) == Tables(
        results=((1, 1, 1, 0), (0, 1, -1, 1)),
        kernel=((1, 0, 0), (half, half, half), (half, -half, half), (0, 0, 1)),
        source=((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, -1, 0, 1)),
    )
