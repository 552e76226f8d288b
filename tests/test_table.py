"""What a terminal shows: whole numbers at any width, and the numbers of a failure."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from jconv.verify import device, engine, registry, report, routes, table
from jconv.verify.claim import Claim, Evidence, Result, Verdict
from jconv.verify.comparison import equality
from jconv.verify.context import Context


def shown(*results: Result, width: int = 100, **options: Any) -> str:
    """The table of some results."""
    asked = report.Options(**options)
    document = report.document(results, asked, device.record("cpu"))
    console = Console(width=width, file=io.StringIO())
    table.show(console, document)
    return console.file.getvalue()  # type: ignore[attr-defined]


def result(*evidence: Evidence, seconds: float = 0.0) -> Result:
    claim = Claim("some.long-winded-claim-of-many", "So.", "exact", "", "", "", iter)  # type: ignore[arg-type]
    holds = all(each.holds for each in evidence)
    verdict = Verdict.HOLDS if holds else Verdict.FALSIFIED
    return Result(claim, verdict, evidence, seconds)


@pytest.mark.parametrize("width", [60, 70, 80, 100])
def test_no_number_is_cut(width: int) -> None:
    evidence = Evidence(
        holds=True, what="all", cases=123456, proved=1234, error=1.0, bound=3.0
    )
    told = shown(result(evidence, seconds=1234.56), width=width)
    for whole in ("✓ holds", "123,456", "1,234", "0.33", "1234.56", "err/bound", "sec"):
        assert whole in told


def test_what_came_out_is_told_with_what_should() -> None:
    got = np.array([1, 2], "float32")
    told = shown(result(equality("two", got, np.nextafter(got, np.float32(9)))))
    assert "first: [0] = 1, expected 1.0000001192092896, which is 1 ulp away" in told


def test_a_long_list_is_cut_short() -> None:
    numbers = {f"number {n}": "x" * 1000 for n in range(9)}
    told = shown(result(Evidence(holds=False, what="long", numbers=numbers)))
    assert "and 3 more" in told
    assert len(told) < 4000


def test_the_route_that_errs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    right = routes.every_route

    def every_route(case: Any, **more: Any) -> Any:
        def run(*arrays: Any) -> Any:
            found = right(case, **more)(*arrays)
            return found | {("input", "textbook"): found["input", "textbook"] + 1}

        return run

    monkeypatch.setattr(routes, "every_route", every_route)
    claim = registry()["backward.derived-equals-coded"]
    check = claim.check

    def first(context: Context) -> Iterator[Evidence]:
        yield next(iter(check(context)))

    claim = dataclasses.replace(claim, check=first)
    told = shown(*engine.run([claim], Context(quick=True)))
    assert "textbook route to input: off by up to 1, first at [" in told
