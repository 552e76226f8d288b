"""The difference of two reports on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from jconv.verify.difference import sentence
from jconv.verify.page import VERDICTS
from jconv.verify.table import STYLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

SIGNS = {
    "worse": ("bold red", "▼ worse"),
    "better": ("green", "▲ better"),
    "weaker": ("yellow", "~ weaker"),
    "new": ("cyan", "+ new"),
    "gone": ("yellow", "− gone"),
}
"""Style and words of each direction: colour alone tells nothing to many readers."""


def show(console: Console, comparison: Mapping[str, Any]) -> None:
    """Print what may explain the differences, then the claims, then the count."""
    console.print()
    title = f"Compared with the report of {comparison['created'] or 'unknown date'}"
    console.print(title, style="bold", markup=False, highlight=False)
    circumstances = comparison["circumstances"]
    width = max(map(len, circumstances), default=0)
    for name, (before, after) in circumstances.items():
        told = f"  {name:<{width}} {before or 'none'} → {after or 'none'}"
        console.print(told, markup=False, highlight=False)
    if comparison["changes"]:
        console.print()
        console.print(_table(comparison["changes"]))
    console.print()
    console.print(sentence(comparison), style="bold", highlight=False)


def _table(changes: list[dict[str, str]]) -> Table:
    """One row per claim that differs."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("claim", overflow="fold", min_width=16)
    for name in ("change", "before", "after"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for change in changes:
        style, words = SIGNS[change["direction"]]
        table.add_row(
            escape(change["id"]),
            f"[{style}]{words}",
            _verdict(change["before"]),
            _verdict(change["after"]),
            escape(change["note"]),
        )
    return table


def _verdict(name: str) -> str:
    """A verdict with its sign and colour; a dash where there is none."""
    if not name:
        return "–"
    sign, word = VERDICTS[name]
    return f"[{STYLES[name]}]{sign} {word}[/]"
