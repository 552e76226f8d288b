"""The recorded counts are those of the suites, and README shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import counts
from tests.conformance.reasons import REASONS
from tests.conformance.registry import SUITES
from tests.conformance.suite import Case, Suite

README = Path(__file__).parents[2] / "README.md"
ROWS = {row["name"]: row for row in counts.recorded()["suites"]}
AGAIN = "run `python -m tests.conformance`"


def test_every_suite_is_recorded() -> None:
    assert list(ROWS) == [suite.name for suite in SUITES]


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_recorded_counts_are_up_to_date(suite: Suite) -> None:
    """What fails is for ``test_suites`` to find: here nothing runs."""
    if reason := suite.absent():
        pytest.skip(reason)
    row = ROWS[suite.name]
    if suite.version() != row["version"]:
        pytest.skip(f"recorded with {suite.package} {row['version']}")
    assert row == counts.described(suite, row["failed"]), AGAIN


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_adds_up(row: dict) -> None:
    refused = sum(each["cases"] for each in row["not_applicable"])
    assert row["passed"] + len(row["failed"]) + refused == row["cases"] > 0
    assert row["failed"] == []


def test_the_readme_shows_them() -> None:
    assert counts.table(counts.recorded()) in README.read_text("utf-8"), AGAIN


def test_the_page_tells_the_reasons() -> None:
    assert counts.PAGE.read_text("utf-8") == counts.page(counts.recorded()), AGAIN


def test_every_reason_is_needed() -> None:
    said = {each["reason"] for row in ROWS.values() for each in row["not_applicable"]}
    assert said == set(REASONS.values())


def test_a_case_runs_or_says_why_not() -> None:
    with pytest.raises(ValueError, match="a check, or a reason"):
        Case("neither")
    with pytest.raises(ValueError, match="a check, or a reason"):
        Case("unheard of", reason="I do not feel like it")
