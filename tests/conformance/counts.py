"""How many cases of each suite pass, fail, and are not applicable: ``counts.json``."""

from __future__ import annotations

import collections
import json
from pathlib import Path
from typing import Any

from tests.conformance.reasons import REASONS
from tests.conformance.registry import SUITES
from tests.conformance.suite import Suite

FILE = Path(__file__).with_name("counts.json")
PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
SCHEMA = "jconv-conformance/1"

INTRODUCTION = """\
Written by `python -m tests.conformance`, which runs every suite (`pip install
'.[conformance]'`); `pytest` runs them too. A case is *not applicable* for one of the
reasons below."""


def described(suite: Suite, failed: list[str]) -> dict[str, Any]:
    """A suite's row, when it is known which cases fail."""
    reasons = collections.Counter(case.reason for case in suite.cases if case.reason)
    run = sum(case.check is not None for case in suite.cases)
    return {
        "name": suite.name,
        "title": suite.title,
        "source": suite.source,
        "how": suite.how,
        "package": suite.package,
        "version": suite.version(),
        "cases": len(suite.cases),
        "passed": run - len(failed),
        "failed": failed,
        "not_applicable": [
            {"reason": REASONS[key], "cases": reasons[key]} for key in sorted(reasons)
        ],
    }


def failures(suite: Suite) -> list[str]:
    """Run a suite; the names of the cases that fail."""
    failed = []
    for case in suite.cases:
        try:
            if case.check:
                case.check()
        except Exception:  # whatever goes wrong, the case has failed
            failed.append(case.id)
    return failed


def measured() -> dict[str, Any]:
    """Run everything.

    Raises:
        RuntimeError: if a suite's package is absent.
    """
    for suite in SUITES:
        if reason := suite.absent():
            message = f"{suite.name}: {reason}"
            raise RuntimeError(message)
    rows = [described(suite, failures(suite)) for suite in SUITES]
    return {"schema": SCHEMA, "suites": rows}


def recorded() -> dict[str, Any]:
    """What the last run wrote."""
    return json.loads(FILE.read_text("utf-8"))


def table(counts: dict[str, Any]) -> str:
    """The counts in Markdown."""
    lines = ["| suite | cases | pass | fail | not applicable |", "|-|-|-|-|-|"]
    for row in counts["suites"]:
        version = f", {row['package']} {row['version']}" if row["package"] else ""
        absent = sum(each["cases"] for each in row["not_applicable"])
        numbers = (row["cases"], row["passed"], len(row["failed"]), absent)
        lines.append(f"| {row['title']}{version} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


def page(counts: dict[str, Any]) -> str:
    """The counts and every reason, as a page of the documentation."""
    parts = [
        "# Other people's tests",
        INTRODUCTION,
        table(counts),
    ]
    for row in counts["suites"]:
        parts += [f"## {row['title']}", f"Source: {row['source']}. {row['how']}"]
        reasons = [
            f"- {each['cases']}: {each['reason']}." for each in row["not_applicable"]
        ]
        parts.append("\n".join(reasons) or "Every case is applicable.")
        if row["failed"]:
            parts.append("Failing: " + ", ".join(f"`{name}`" for name in row["failed"]))
    return "\n\n".join(parts) + "\n"
