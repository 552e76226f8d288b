"""How many checks fail, and which by most, is told beside the smallest case."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from jconv.verify import device, page, report, table
from jconv.verify.claim import Claim, Evidence, Result, Verdict
from jconv.verify.failures import in_all

COUNTED = {
    "none is bounded": ([(False, None, None)], "1 of 1 checks fails"),
    "the furthest": (
        [(True, 1, 2), (False, 4, 2), (False, 9, 3)],
        "2 of 3 checks fail; the furthest off is at 3 times its bound: check 2",
    ),
    "NaN": ([(False, 9, 3), (False, "NaN", 2)], "at inf times its bound: check 1"),
    "equality": ([(False, 2, 0.0), (True, None, None)], "1 of 2 checks fails"),
}


@pytest.mark.parametrize(("rows", "told"), COUNTED.values(), ids=COUNTED)
def test_failures_are_counted_and_the_furthest_is_named(
    rows: list[Any], told: str
) -> None:
    evidence = [
        {
            "holds": holds,
            "cases": 1,
            "error": error,
            "bound": bound,
            "what": f"check {n}",
        }
        for n, (holds, error, bound) in enumerate(rows)
    ]
    remark = {**evidence[0], "holds": True, "cases": 0}
    assert in_all({"evidence": [*evidence, remark]}).endswith(told)


def test_page_and_terminal_count_the_failures() -> None:
    claim = Claim(
        "a.b", "It holds.", "bounded", "a failure", "none", "", lambda _: iter(())
    )
    good, bad = (
        Evidence(holds, "one", error=3.0, bound=2.0) for holds in (True, False)
    )
    result = Result(claim, Verdict.FALSIFIED, (good, bad), 0.1)
    document = report.document([result], report.Options(), device.record("cpu"))
    console = Console(record=True, file=io.StringIO())
    table.show(console, document)
    rendered = page.render(document, draw=lambda name: None)
    for told in (console.export_text(), rendered):
        assert "1 of 2 checks fails; the furthest off is at 1.5 times its bound" in told
