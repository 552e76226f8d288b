"""What changed between two reports: claims whose verdict got worse or better.

The reports may come from two devices, two versions of JAX or of jconv, or two days.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Literal

from jconv.errors import GeometryError
from jconv.verify.claim import Verdict
from jconv.verify.device import display_name
from jconv.verify.difference_valid import damage
from jconv.verify.report import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Direction = Literal["worse", "better", "weaker", "new", "gone"]
"""worse, better: another verdict. weaker: it still holds, but for fewer geometries is
it proved, or for fewer cases under the same options. new, gone: only one of the
reports has the claim.
"""

RANK = {
    name: rank
    for rank, name in enumerate(
        (Verdict.HOLDS, Verdict.UNSUPPORTED, Verdict.ERROR, Verdict.FALSIFIED)
    )
}
"""From the best verdict to the worst: an error leaves open what a refutation ends."""

ORDER: tuple[Direction, ...] = ("worse", "gone", "weaker", "new", "better")
"""The worst news first."""

CIRCUMSTANCES = (
    *("python", "jconv", "jax", "jaxlib", "numpy"),
    *("default_matmul_precision", "xla_flags"),
)
"""Keys of the device record that may explain a difference, besides the device."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One claim that differs between two reports.

    Attributes:
        id: the claim's.
        direction: which way.
        before: the old verdict; empty if there was none.
        after: the new verdict; empty if there is none.
        note: the new report's reason, or what failed; may be empty.
    """

    id: str
    direction: Direction
    before: str
    after: str
    note: str = ""


def read(path: Path, argument: str = "--compare") -> dict[str, Any]:
    """Read a report that ``jconv verify`` wrote.

    Args:
        path: of a ``report.json``.
        argument: the name that a complaint gives it.

    Raises:
        GeometryError: if it is missing, no JSON, no report, or of another schema.
    """

    def complaint(found: str, mend: str) -> GeometryError:
        expected = f"a report.json that jconv verify wrote ({found})"
        return GeometryError.of(argument, str(path), expected, mend)

    again = "Write it again with: jconv verify --out DIR"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise complaint(reason, "Name an existing file.") from error
    except RecursionError as error:
        raise complaint("it is nested too deeply to be one", again) from error
    except ValueError as error:  # of JSON, and of UTF-8
        raise complaint(f"it is not JSON: {error}", again) from error
    if not isinstance(report, dict) or "schema" not in report:
        raise complaint("it has no key 'schema'", again)
    if report["schema"] != SCHEMA:
        told = f"its schema is {report['schema']!r}, this jconv reads {SCHEMA!r}"
        raise complaint(told, again)
    if told := damage(report):
        raise complaint(f"it is damaged: {told}", again)
    return report


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """All claims that differ, the worst news first.

    A claim that the new run was not asked for is not gone.

    Examples:
        >>> def report(verdict):
        ...     claim = {"id": "a.b", "verdict": verdict, "proved": 0, "reason": ""}
        ...     return {"options": {"claims": []}, "claims": [claim]}
        >>> [each.direction for each in changes(report("HOLDS"), report("FALSIFIED"))]
        ['worse']
    """
    before = {each["id"]: each for each in old["claims"]}
    after = {each["id"]: each for each in new["claims"]}
    alike = _options(old) == _options(new)
    found = []
    for name, claim in after.items():
        direction = _direction(before.get(name), claim, alike=alike)
        if direction:
            was = before[name]["verdict"] if name in before else ""
            note = _note(claim)
            if direction == "weaker":
                note = "; ".join(filter(None, (_fewer(before[name], claim), note)))
            found.append(Change(name, direction, was, claim["verdict"], note))
    if not new["options"].get("claims"):
        found += [
            Change(name, "gone", claim["verdict"], "")
            for name, claim in before.items()
            if name not in after
        ]
    return sorted(found, key=lambda change: ORDER.index(change.direction))


def _options(report: Mapping[str, Any]) -> dict[str, Any]:
    """What decides how many cases a claim has; the choice of claims does not."""
    options = report["options"]
    return {name: options.get(name) for name in ("quick", "dtypes", "target")}


def _fewer(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What there is less of."""
    return "; ".join(
        f"{name}: {before[name]:,} → {after[name]:,}"
        for name in ("cases", "proved")
        if after.get(name, 0) < before.get(name, 0)
    )


def _direction(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], *, alike: bool
) -> Direction | None:
    """Which way a claim of the new report went; None if it stayed."""
    if before is None:
        return "new"
    was, is_ = RANK[before["verdict"]], RANK[after["verdict"]]
    if was != is_:
        return "worse" if is_ > was else "better"
    # Reports that are older than the count of cases have none.
    fewer = after["proved"] < before["proved"] or (
        alike and after.get("cases", 0) < before.get("cases", 0)
    )
    return "weaker" if fewer and after["verdict"] == Verdict.HOLDS else None


def _note(claim: Mapping[str, Any]) -> str:
    """Why a claim has its verdict, as far as it is no good news."""
    worst = claim.get("worst")
    if claim["verdict"] == Verdict.FALSIFIED and worst:
        return ": ".join(filter(None, (worst["what"], worst["case"])))
    return claim["reason"]


def circumstances(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    """(before, after) of all that may explain a difference, by name."""

    def told(report: Mapping[str, Any]) -> dict[str, str]:
        device, options = report["device"], report["options"]
        return {
            "device": display_name({"cpu": "", "cores": "", **device}),
            **{name: str(device.get(name, "")) for name in CIRCUMSTANCES},
            "target": str(options.get("target") or "jconv itself"),
            "quick": "yes" if options.get("quick") else "no",
            "dtypes": ", ".join(options.get("dtypes", ())),
            "seed": str(report.get("seed", "")),
        }

    before, after = told(old), told(new)
    return {
        name: (before[name], after[name])
        for name in before
        if before[name] != after[name]
    }


def comparison(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The difference as plain JSON values: the key "comparison" of the new report."""
    found = changes(old, new)
    return {
        "created": str(old.get("created", "")),
        "claims": len(old["claims"]),
        "worse": sum(change.direction == "worse" for change in found),
        "circumstances": {
            name: list(pair) for name, pair in circumstances(old, new).items()
        },
        "changes": [dataclasses.asdict(change) for change in found],
    }


def sentence(comparison: Mapping[str, Any]) -> str:
    """The difference in words.

    Examples:
        >>> sentence({"claims": 44, "worse": 0, "changes": []})
        'Nothing changed: the verdicts are those of the old report, 44 claims.'
    """
    found = [change["direction"] for change in comparison["changes"]]
    if not found:
        return (
            "Nothing changed: the verdicts are those of the old report, "
            f"{comparison['claims']} claims."
        )
    counts = [f"{found.count(name)} {name}" for name in ORDER if name in found]
    return f"{', '.join(counts)}; the old report has {comparison['claims']} claims."
