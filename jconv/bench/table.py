"""What a terminal shows: progress while rows are measured, then the table."""

from __future__ import annotations

import contextlib
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

from jconv.bench.summary import SLOW
from jconv.bench.timing import AGREEMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console

NAMED = 12
"""How many rows a note names; the file holds them all."""


@contextlib.contextmanager
def progress(console: Console, total: int) -> Iterator[Callable[[str], None]]:
    """A function that tells what is measured next; silent without a terminal."""
    columns = (
        TextColumn("{task.description:<36}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("starting", total=total)
        begun = False

        def tell(what: str) -> None:
            nonlocal begun
            bar.update(task, description=what, advance=int(begun))
            begun = True

        yield tell


def show(console: Console, document: Mapping[str, Any]) -> None:
    """Print the rows, the means by family, and what a reader must know of both."""
    if document["rows"]:
        console.print(_rows(document))
        console.print()
        console.print(_families(document))
        console.print()
    for line in notes(document):
        console.print(line, highlight=False, soft_wrap=True)


def notes(document: Mapping[str, Any]) -> list[str]:
    """What must be said beside the numbers, one line each."""
    summary, lines = document["summary"], []
    for peer, ids in summary["slow"].items():
        if ids:
            lines.append(f"Slower than {SLOW} × {peer}: {_some(ids)}.")
    trusted = f"first {document['first_aa']:.3f}"
    trusted += f", worst {summary['aa_worst']:.3f}" * bool(document["rows"])
    lines.append(f"One program measured twice (A/A): {trusted}.")
    if summary["noisy"]:
        text = f"The machine was busy, A/A is off by more than {AGREEMENT:.0%}"
        lines.append(f"[yellow]{text}: {_some(summary['noisy'])}.[/]")
    for row in document["rows"]:
        if row["torch_error"]:
            lines.append(f"{row['id']}: PyTorch cannot: {escape(row['torch_error'])}")
        if not row["agrees"]:
            text = f"{row['id']}: jconv and lax differ by {row['difference']:.2g}"
            lines.append(f"[bold red]{text} of the largest entry.[/]")
    for failure in document["failures"]:
        text = escape(f"{failure['id']}: {failure['error']}")
        lines.append(f"[bold red]{text}[/]")
    return lines


def _some(ids: Sequence[str]) -> str:
    """How many rows, and the first of them by name.

    Examples:
        >>> _some(["a.dx", "b.dw"])
        '2 rows (a.dx, b.dw)'
    """
    named = ", ".join(ids[:NAMED]) + ", …" * (len(ids) > NAMED)
    return f"{len(ids)} {'row' if len(ids) == 1 else 'rows'} ({named})"


def _rows(document: Mapping[str, Any]) -> Table:
    """A line a row."""
    rows = document["rows"]
    with_lax, with_torch = (any(row[peer] for row in rows) for peer in ("lax", "torch"))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("layer", no_wrap=True)
    table.add_column("role", no_wrap=True)
    table.add_column("algorithm", no_wrap=True, style="dim")
    names = ["jconv ms"]
    names += ["lax ms", "× lax"] * with_lax + ["torch ms", "× torch"] * with_torch
    names += ["of limit", "A/A", "compile s", "temp MB"]
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        cells = [row["name"], row["role"], row["algorithm"], _ms(row["jconv"])]
        if with_lax:
            cells += [_ms(row["lax"]), ratio(row["lax_over_jconv"])]
        if with_torch:
            cells += [_ms(row["torch"]), ratio(row["torch_over_jconv"])]
        cells += [f"{row['limit_share']:.0%}", _aa(row)]
        cells += [f"{row['jconv']['compile_s']:.2f}", _megabytes(row["jconv"])]
        table.add_row(*cells)
    return table


def _families(document: Mapping[str, Any]) -> Table:
    """The geometric means."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("geometric mean")
    for name in ("rows", "× lax", "× torch"):
        table.add_column(name, justify="right")
    for family in document["summary"]["families"]:
        means = [ratio(family[peer]) for peer in ("lax", "torch")]
        table.add_row(family["family"], str(family["rows"]), *means)
    return table


def ratio(value: float | None) -> str:
    """How many times faster jconv is; red where it is slower.

    Examples:
        >>> ratio(12.34), ratio(1234.5), ratio(0.5), ratio(None)
        ('12.3', '1,234', '[bold red]0.500[/]', '-')
    """
    if value is None:
        return "-"
    text = f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"
    return f"[bold red]{text}[/]" if value < SLOW else text


def _ms(times: Mapping[str, Any] | None) -> str:
    """A median in milliseconds, three digits of it."""
    if times is None:
        return "-"
    value = times["median_s"] * 1e3
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"


def _aa(row: Mapping[str, Any]) -> str:
    """The A/A ratio, marked where the row cannot be trusted."""
    return f"[yellow]{row['aa']:.3f} noisy[/]" if row["noisy"] else f"{row['aa']:.3f}"


def _megabytes(program: Mapping[str, Any]) -> str:
    """Temporary memory."""
    n_bytes = program["temp_bytes"]
    return "-" if n_bytes is None else f"{n_bytes / 1e6:.1f}"
