"""Whether a document is a report that can be compared: its parts and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.verify.claim import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

REPORT = {"device": dict, "options": dict, "claims": list}
"""Keys of a report that are compared, and their types."""

CLAIM = {"id": str, "verdict": str, "proved": int, "reason": str}
"""Those of every claim."""

COUNTED = {"cases": int}
"""Those that a claim may lack."""

WORST = {"what": str, "case": str}
"""Those of what failed."""

DEVICE = {"platform": str, "kind": str}
"""Those of the device's record."""

WORDS = {dict: "object", list: "array", str: "string", int: "integer"}
"""What JSON calls a type."""


def damage(report: Mapping[str, Any]) -> str:
    """What keeps a report from being compared; empty if nothing does.

    Examples:
        >>> damage({"device": {}, "options": {}, "claims": 5})
        "the key 'claims' is no array"
        >>> damage({"device": {}, "options": {}, "claims": [[]]})
        "'claims' is no array of objects"
    """
    if told := _typed(report, REPORT, "the key"):
        return told
    claims, dtypes = report["claims"], report["options"].get("dtypes", [])
    if not all(isinstance(claim, dict) for claim in claims):
        return "'claims' is no array of objects"
    if not isinstance(dtypes, list) or not all(isinstance(n, str) for n in dtypes):
        return "the options' 'dtypes' is no array of strings"
    found = [_typed(report["device"], DEVICE, "the device's key")]
    for claim in claims:
        present = {key: kind for key, kind in COUNTED.items() if key in claim}
        found.append(_typed(claim, CLAIM | present, "claims with the key"))
        if (worst := claim.get("worst")) is not None:
            found.append(
                _typed(worst, WORST, "what is worst with the key")
                if isinstance(worst, dict)
                else "a claim's 'worst' is no object"
            )
    if told := next(filter(None, found), ""):
        return told
    unknown = {claim["verdict"] for claim in claims} - {each.value for each in Verdict}
    return f"no verdict is called {sorted(unknown)}" if unknown else ""


def _typed(part: Mapping[str, Any], keys: Mapping[str, type], where: str) -> str:
    """The first key that is missing, or of another type; empty if there is none."""
    for key, kind in keys.items():
        if key not in part:
            return f"it lacks {where} {key!r}"
        value = part[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            return f"{where} {key!r} is no {WORDS[kind]}"
    return ""
