"""Counts in README and docs are those of the code; a stale one fails here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jconv.verify import families, registry, symbolic
from jconv.verify.claims.backward_routes import PROVED
from jconv.verify.context import Context
from jconv.verify.exhaustive.geometries import Ranges, every_geometry
from jconv.verify.exhaustive.routines import count

ROOT = Path(__file__).parents[1]
TEXTS = {"README.md": ROOT / "README.md"} | {
    str(path.relative_to(ROOT)): path for path in sorted((ROOT / "docs").rglob("*.md"))
}


def geometries() -> int:
    return len(every_geometry(Ranges()))


def lines() -> int:
    """Of them, those with one axis."""
    return geometries() - Ranges().planes


COUNTS = {
    r"checks ([\d,]+) claims": lambda: len(registry()),
    r"on ([\d,]+) convolutions\s+of rank": lambda: len(
        families.sample(3, dtype=Context().dtypes)
    ),
    r"\*proved\* for ([\d,]+) geometries": lambda: len(PROVED),
    r"small geometry, ([\d,]+) of\s+them": geometries,
    r"proved for [\d,]+ of ([\d,]+)\s+geometries": geometries,
    r"geometries, ([\d,]+) algorithms, in all three roles": count,
    r"which leaves ([\d,]+);": lines,
    r"([\d,]+) two-dimensional ones": lambda: Ranges().planes,
    r"These are ([\d,]+) ways to write": lambda: Ranges().written,
    r"([\d,]+) of [\d,]+ statements proved": lambda: len(symbolic.STATEMENTS),
    r"([\d,]+) of [\d,]+ wrong rules": lambda: len(symbolic.WRONG_RULES),
}
"""What a text says, as a pattern with the count in it -> the count."""


@pytest.mark.parametrize("pattern", COUNTS)
def test_a_count_is_what_it_says(pattern: str) -> None:
    found = {
        f"{name}: {match[0]}": int(match[1].replace(",", ""))
        for name, path in TEXTS.items()
        for match in re.finditer(pattern, path.read_text(encoding="utf-8"))
    }
    assert found, "no text says this any more: drop the pattern"
    assert found == dict.fromkeys(found, COUNTS[pattern]())


def test_claims_are_counted_nowhere_else() -> None:
    """A number of claims in other words would go stale unseen."""
    known = re.compile(r"checks \d+ claims")
    loose = re.compile(r"\b\d{2,} claims")
    for name, path in TEXTS.items():
        text = known.sub("", path.read_text(encoding="utf-8"))
        assert loose.findall(text) == [], name
