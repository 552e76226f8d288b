"""What a terminal shows: progress while rows are measured, then the table."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from jconv.bench.summary import SLOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import Console


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
    """Print the table, a line a row."""
    with_torch = any(row["torch"] for row in document["rows"])
    with_lax = any(row["lax"] for row in document["rows"])
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("layer", no_wrap=True)
    table.add_column("role", no_wrap=True)
    table.add_column("algorithm", no_wrap=True, style="dim")
    names = ["jconv ms"]
    names += ["lax ms", "× lax"] * with_lax + ["torch ms", "× torch"] * with_torch
    names += ["of limit", "A/A", "compile s", "temp MB"]
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for row in document["rows"]:
        cells = [row["name"], row["role"], row["algorithm"], _ms(row["jconv"])]
        if with_lax:
            cells += [_ms(row["lax"]), _ratio(row["lax_over_jconv"])]
        if with_torch:
            cells += [_ms(row["torch"]), _ratio(row["torch_over_jconv"])]
        cells += [f"{row['limit_share']:.0%}", _aa(row)]
        cells += [f"{row['jconv']['compile_s']:.2f}", _megabytes(row["jconv"])]
        table.add_row(*cells)
    console.print(table)


def _ms(times: Mapping[str, Any] | None) -> str:
    """A median in milliseconds, three digits of it."""
    if times is None:
        return "-"
    value = times["median_s"] * 1e3
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"


def _ratio(ratio: float | None) -> str:
    """How many times faster jconv is; red where it is slower."""
    if ratio is None:
        return "-"
    text = f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:#.3g}"
    return f"[bold red]{text}[/]" if ratio < SLOW else text


def _aa(row: Mapping[str, Any]) -> str:
    """The A/A ratio, marked where the row cannot be trusted."""
    if row["aa"] is None:
        return "-"
    return f"[yellow]{row['aa']:.3f} noisy[/]" if row["noisy"] else f"{row['aa']:.3f}"


def _megabytes(program: Mapping[str, Any]) -> str:
    """Temporary memory."""
    n_bytes = program["temp_bytes"]
    return "-" if n_bytes is None else f"{n_bytes / 1e6:.1f}"
