"""How many checks of a claim fail, and which of them fails by most."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def in_all(claim: Mapping[str, Any]) -> str:
    """What stands beside the smallest failing case of a report's claim.

    A remark, which holds and stands for no case, is no check.

    Examples:
        >>> good = {"holds": True, "what": "taps", "error": 1e-7, "bound": 1e-6}
        >>> bad = {"holds": False, "what": "loop", "error": 3e-6, "bound": 1e-6}
        >>> in_all({"evidence": [{"cases": 1, **row} for row in (good, bad)]})
        '1 of 2 checks fails; the furthest off is at 3 times its bound: loop'
    """
    rows = [row for row in claim["evidence"] if row["cases"] or not row["holds"]]
    failing = [row for row in rows if not row["holds"]]
    one = len(failing) == 1
    told = f"{len(failing)} of {len(rows)} checks {'fails' if one else 'fail'}"
    bounded = [row for row in failing if strain(row) > 1]
    if not bounded:
        return told
    furthest = max(bounded, key=strain)
    times = f"{strain(furthest):.3g} times its bound"
    return f"{told}; the furthest off is at {times}: {furthest['what']}"


def strain(row: Mapping[str, Any]) -> float:
    """The error as a share of its bound; infinite for a NaN, 0 where none is bounded.

    Examples:
        >>> strain({"error": "NaN", "bound": 2.0}), strain({"error": 3, "bound": 0.0})
        (inf, 0.0)
    """
    if row["error"] is None or not row["bound"]:
        return 0.0
    share = float(row["error"]) / float(row["bound"])
    return math.inf if math.isnan(share) else share
