"""What a whole table says: geometric means by family, and the rows that fall short."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jconv.bench.timing import deviation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FAMILIES: dict[str, tuple[str, ...]] = {
    "dense": ("dense",),
    "grouped and depthwise": ("grouped", "depthwise"),
    "per-example gradients": ("per-example",),
    "pools": ("pool",),
    "training steps": ("step",),
}
"""What is averaged together."""

PEERS = ("lax", "torch")
SLOW = 0.9
"""Ratios below this are listed."""


def of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The summary of a document's rows."""
    families = []
    for title, members in FAMILIES.items():
        kept = [row for row in rows if row["family"] in members]
        if kept:
            means = {peer: mean(kept, peer) for peer in PEERS}
            families.append({"family": title, "rows": len(kept), **means})
    return {
        "rows": len(rows),
        "families": families,
        "slow": {peer: _slow(rows, peer) for peer in PEERS},
        "noisy": [row["id"] for row in rows if row["noisy"]],
        "disagreeing": [row["id"] for row in rows if not row["agrees"]],
        "aa_worst": max((row["aa"] for row in rows), key=deviation, default=1.0),
        "longest_compile_s": max((r["jconv"]["compile_s"] for r in rows), default=0.0),
    }


def geometric_mean(ratios: Sequence[float]) -> float | None:
    """The geometric mean; None of nothing.

    Examples:
        >>> geometric_mean([2.0, 8.0]), geometric_mean([])
        (4.0, None)
    """
    if not ratios:
        return None
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def mean(rows: Sequence[Mapping[str, Any]], peer: str) -> float | None:
    """How many times as fast as a peer, over the rows that have it."""
    ratios = [row[f"{peer}_over_jconv"] for row in rows]
    return geometric_mean([ratio for ratio in ratios if ratio is not None])


def _slow(rows: Sequence[Mapping[str, Any]], peer: str) -> list[str]:
    """Ids of rows that are slower than the peer, the slowest first."""
    key = f"{peer}_over_jconv"
    slow = [row for row in rows if row[key] is not None and row[key] < SLOW]
    return [row["id"] for row in sorted(slow, key=lambda row: row[key])]
