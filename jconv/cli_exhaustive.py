"""The exhaustive run on a terminal: a bar over the geometries, and what is left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rich.markup import escape

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.console import Console

    from jconv.verify.claim import Result
    from jconv.verify.report import Options

MAX_JOBS = 8
"""Worker processes at the most; each holds some 300 MB."""


def exhaust(
    console: Console, options: Options, out: Path, budget: float | None
) -> tuple[list[Result], bool]:
    """The result of the exhaustive claim, and whether the run was not interrupted."""
    import jax  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from jconv.verify import engine, exhaustive  # noqa: PLC0415

    plan = exhaustive.Plan(
        folder=out,
        budget_s=None if budget is None else 60 * budget,
        jobs=min(MAX_JOBS, _cores()),
    )
    columns = (
        TextColumn("geometries"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("geometries", total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        context = options.context(jax.devices()[0].platform)
        try:
            return engine.run([exhaustive.claim(plan, tell)], context), True
        except KeyboardInterrupt:
            return [], False


def tell_rows(console: Console, document: Mapping[str, Any]) -> None:
    """What the run proved, in the words of its report."""
    from jconv.verify.exhaustive import NOT_TRIED, TO_DO  # noqa: PLC0415

    for row in document["claims"][0]["evidence"]:
        sign, style = ("✓", "green") if row["holds"] else ("✗", "bold red")
        undone = row["what"].endswith(NOT_TRIED) or TO_DO in row["numbers"]
        if row["holds"] and undone:  # nothing is wrong, but not all is done
            sign, style = "·", "yellow"
        words = row["what"].replace("`", "")
        console.print(f"  [{style}]{sign}[/] {escape(words)}", highlight=False)
        for name, value in row["numbers"].items():
            console.print(f"      {name}: {value}", markup=False, highlight=False)


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
