"""What the oracle says that should come out: nothing here is computed by JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jconv.verify.target.cases import oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from jconv.geometry import Role
    from jconv.verify.target.cases import Case

    Arrays = dict[str, Any]
    Expected = Callable[[Case, Arrays], Arrays]
    """(case, operands by name) -> results by name."""

SUMS: dict[str, tuple[Role, str, str]] = {
    "y": ("output", "x", "w"),
    "dx": ("input", "w", "dy"),
    "dw": ("kernel", "x", "dy"),
}
"""The three contractions: role and operands."""

MAPPED = {
    "over x": (("x", "w"), ("u", "w")),
    "over w": (("x", "w"), ("x", "v")),
    "over both": (("x", "w"), ("u", "v")),
}
"""Which operands meet in the two entries of each mapped result."""


def sums(*names: str) -> Expected:
    """Some of the three contractions."""

    def expected(case: Case, a: Arrays) -> Arrays:
        return {
            name: oracle(case, out, a[first], a[second])
            for name, (out, first, second) in SUMS.items()
            if name in names
        }

    return expected


def not_finite(*names: str) -> Expected:
    """NaN for every sum with a term that is no finite number, and else 0.

    A term with the factor 0 is none: whether 0 times infinity is met at all is the
    target's own affair.
    """

    def expected(case: Case, a: Arrays) -> Arrays:
        lost = {name: ~np.isfinite(array) * 1.0 for name, array in a.items()}
        there = {name: (array != 0) * 1.0 for name, array in a.items()}
        return {
            name: np.where(
                oracle(case, out, lost[first], there[second])
                + oracle(case, out, there[first], lost[second])
                > 0,
                np.nan,
                0,
            )
            for name, (out, first, second) in SUMS.items()
            if name in names
        }

    return expected


def tangent(case: Case, a: Arrays) -> Arrays:
    """The product rule."""
    first = oracle(case, "output", a["u"], a["w"])
    return {"tangent": first + oracle(case, "output", a["x"], a["v"])}


def mapped(case: Case, a: Arrays) -> Arrays:
    """One by one."""
    return {
        name: np.stack([oracle(case, "output", a[x], a[w]) for x, w in pairs])
        for name, pairs in MAPPED.items()
    }


def second(case: Case, a: Arrays) -> Arrays:
    """The transposes of the input's derivative."""
    return {
        "d⟨dx, u⟩/dw": oracle(case, "kernel", a["u"], a["dy"]),
        "d⟨dx, u⟩/ddy": oracle(case, "output", a["u"], a["w"]),
    }


def combined(case: Case, a: Arrays) -> Arrays:
    """Sums of single convolutions."""

    def y(x: str, w: str) -> Any:
        return oracle(case, "output", a[x], a[w])

    return {
        "f(x + 2u, w)": y("x", "w") + 2 * y("u", "w"),
        "f(x, w + 2v)": y("x", "w") + 2 * y("x", "v"),
        "f(0, w)": np.zeros(case.y),
        "f(x, 0)": np.zeros(case.y),
    }
