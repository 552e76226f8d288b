"""What a terminal shows: each statement in mathematics, then the wrong rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

SIGNS = {
    "PROVED": ("✓", "proved", "green"),
    "REFUTED": ("✗", "refuted", "bold red"),
    "OPEN": ("?", "not proved", "yellow"),
}
"""Verdict -> sign, words, colour."""

PLAIN = {"stride": 1, "kernel_dilation": 1, "input_dilation": 1, "low": 0}
"""Numbers that a counterexample need not mention."""


def show(console: Console, document: Mapping[str, Any]) -> None:
    """Print statements, wrong rules and the verdict."""
    for each in document["statements"]:
        _statement(console, each)
    if document["refuted"]:
        console.print("\nPlanted wrong rules", style="bold")
        console.print(
            "Each takes the place of the right one; the solver must refute it, and "
            "NumPy must agree.",
            style="dim",
        )
        for each in document["refuted"]:
            _wrong_rule(console, each)
    console.print()
    console.print(sentence(document), style="bold", highlight=False)


def sentence(document: Mapping[str, Any]) -> str:
    """The verdict in words."""
    counts = document["summary"]
    said = f"{counts['proved']} of {counts['statements']} statements proved"
    parts = [f"{said} for all sizes by {document['solver']}"]
    parts += [f"{counts['refuted']} refuted"] if counts["refuted"] else []
    parts += [f"{counts['open']} not proved"] if counts["open"] else []
    if counts["wrong_rules"]:
        parts.append(
            f"{counts['wrong_rules_refuted']} of {counts['wrong_rules']} wrong rules "
            "refuted and confirmed in numbers"
        )
    return f"{'; '.join(parts)}; {counts['seconds']:.1f} s."


def _statement(console: Console, each: Mapping[str, Any]) -> None:
    """One statement: verdict and name, words, mathematics, hypotheses."""
    sign, words, style = SIGNS[each["verdict"]]
    head = Table.grid(expand=True, padding=(0, 1))
    head.add_column(no_wrap=True)
    head.add_column(justify="right", no_wrap=True)
    title = Text.assemble((f"{sign} {words}  ", style), (each["id"], "bold"))
    work = f"{each['paths']} paths, {each['goals']} goals, {each['seconds']:.1f} s"
    head.add_row(title, Text(work, "dim"))
    console.print()
    console.print(head)
    _indented(console, each["says"])
    _indented(console, each["statement"], "cyan")
    _indented(console, f"for {'; '.join(each['hypotheses'])}", "dim")
    for missing in each["missing"]:
        _indented(console, f"not proved: {missing}", style)
    if each["counterexample"]:
        _indented(console, f"fails for {numbers(each['counterexample'])}", style)


def _wrong_rule(console: Console, each: Mapping[str, Any]) -> None:
    """One wrong rule: what it says, its counterexample, what the oracle says."""
    caught = each["confirmed"]
    sign, style = ("✓", "green") if caught else ("✗", "bold red")
    words = "refuted" if each["counterexample"] else "not refuted"
    title = Text.assemble((f"{sign} {words}  ", style), (each["id"], "bold"))
    console.print()
    console.print(title)
    _indented(console, each["says"])
    if each["counterexample"]:
        _indented(console, f"fails for {numbers(each['counterexample'])}", "cyan")
        agrees = "" if caught else ", which does not show"
        told = f"NumPy's oracle: {each['right']}; the rule: {each['got']}{agrees}"
        _indented(console, told, "dim" if caught else style)


def numbers(counterexample: Mapping[str, Any]) -> str:
    """A counterexample's numbers, those left out that are as plain as can be.

    Examples:
        >>> numbers({"case": "k fixed", "values": {"stride": 1, "n_kernel": 2}})
        'n_kernel=2 (k fixed)'
    """
    told = ", ".join(
        f"{name}={value}"
        for name, value in counterexample["values"].items()
        if PLAIN.get(name) != value
    )
    case = counterexample["case"]
    return f"{told} ({case})" if case else told


def _indented(console: Console, text: str, style: str = "") -> None:
    """A paragraph under its title."""
    console.print(Padding(Text(text, style), (0, 0, 0, 2)))
