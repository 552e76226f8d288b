"""What a terminal shows: a progress bar while claims are checked, then a table."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from jconv.verify.engine import Finished, Started
from jconv.verify.failures import in_all
from jconv.verify.page import VERDICTS, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console

    from jconv.verify.engine import Event

STYLES = {
    "HOLDS": "green",
    "FALSIFIED": "bold red",
    "UNSUPPORTED": "yellow",
    "ERROR": "bold red",
}
"""Colour of each verdict; the word stands beside it."""


SHOWN, LONGEST = 6, 300
"""How many figures of a failure are shown, and how many signs of each."""


@contextlib.contextmanager
def progress(console: Console, total: int) -> Iterator[Callable[[Event], None]]:
    """A listener that keeps a progress bar; without a terminal, a line a claim.

    The line is on stderr, before the claim is checked: a process that is ended from
    below, or hangs, has told by which.
    """
    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("starting", total=total)

        def listen(event: Event) -> None:
            if isinstance(event, Started) and not console.is_terminal:
                print(f"checking {event.claim.id}", file=sys.stderr, flush=True)
            elif isinstance(event, Started):
                bar.update(task, description=event.claim.id)
            elif isinstance(event, Finished):
                bar.advance(task)

        yield listen


def show(console: Console, report: Mapping[str, Any]) -> None:
    """Print the table, then every claim that does not hold, then the verdict."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    # The one column that may fold: a number that is cut is another number.
    table.add_column("claim", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    for name in ("cases", "proved", "err/bound", "sec"):
        table.add_column(name, justify="right", no_wrap=True)
    for claim in report["claims"]:
        sign, word = VERDICTS[claim["verdict"]]
        table.add_row(
            claim["id"],
            f"[{STYLES[claim['verdict']]}]{sign} {word}",
            number(claim["cases"]),
            number(claim["proved"]) if claim["proved"] else "",
            _strain(claim["worst"]),
            f"{claim['seconds']:.2f}",
        )
    console.print(table)
    for claim in report["claims"]:
        if claim["verdict"] != "HOLDS":
            _explain(console, claim)
    _remark(console, report["claims"])
    console.print()
    console.print(
        report["summary"]["sentence"], style="bold", markup=False, highlight=False
    )


def _explain(console: Console, claim: Mapping[str, Any]) -> None:
    """Why a claim does not hold, and how to see it again."""
    style, worst = STYLES[claim["verdict"]], claim["worst"]
    console.print()
    headline = f"[{style}]{claim['verdict']}[/] {claim['id']}: {escape(claim['says'])}"
    console.print(headline, highlight=False)
    lines = [("reason", claim["reason"])]
    if claim["verdict"] == "FALSIFIED" and worst is not None:
        lines += [("fails", worst["what"]), *_figures(worst), ("case", worst["case"])]
        lines += [("in all", in_all(claim))]
    for name, text in (*lines, ("repeat", claim["repeat"])):
        if text:
            console.print(f"  {name:<7}{text}", markup=False, highlight=False)


def _remark(console: Console, claims: Sequence[Mapping[str, Any]]) -> None:
    """What claims left unchecked: a line each, though they hold."""
    notes = [
        f"  note   {claim['id']}: {row['what']}"
        for claim in claims
        for row in claim["evidence"]
        if row["refused"]
    ]
    for line in ("", *notes) if notes else ():
        console.print(line, markup=False, highlight=False)


def _figures(worst: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was measured of a failure: by which route, what came out, what should."""
    told = [f"{name}: {number(value)}" for name, value in worst["numbers"].items()]
    told = [each if len(each) <= LONGEST else f"{each[:LONGEST]} …" for each in told]
    more = [f"and {len(told) - SHOWN} more"] * (len(told) > SHOWN)
    return [("", each) for each in (*told[:SHOWN], *more)]


def _strain(worst: Mapping[str, Any] | None) -> str:
    """The worst error as a share of its bound; blank where nothing was bounded."""
    if worst is None or worst["error"] is None:
        return ""
    error, bound = worst["error"], worst["bound"]
    if isinstance(error, str) or isinstance(bound, str) or not bound:
        return number(error)
    return f"{error / bound:.2g}"
