"""``jconv prove``: the symbolic proofs, for all sizes, and the exhaustive one."""

from __future__ import annotations

import fnmatch
import json as json_format
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jconv.cli_codes import FAILED, INTERRUPTED
from jconv.errors import GeometryError

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.
if TYPE_CHECKING:
    from rich.console import Console

HELP = """
Prove, for all sizes, strides, dilations and pads at once, that the derivative of a \
convolution is a convolution.

The shape arithmetic that jconv uses is run on symbols instead of numbers, on every \
path through its code, and the solver z3 shows that the stated theorems hold on each. \
Wrong rules are planted to see them refuted, with the smallest numbers that do so.

[bold]Examples[/bold]

[cyan]jconv prove[/cyan]  all statements and all planted wrong rules; some minutes on \
two cores

[cyan]jconv prove --statement '*textbook*'[/cyan]  some (the quotes keep the star)

[cyan]jconv prove --exhaustive[/cyan]  then every small geometry, as \
jconv verify --exhaustive

[cyan]jconv prove --json | jq .summary[/cyan]  for a script

[cyan]jconv prove --json proofs.json[/cyan]  into a file

[bold]Exit codes[/bold]

0 all statements proved and all wrong rules refuted, 1 not so, 2 bad usage (also: z3 \
is not installed), 130 interrupted.
"""
"""What ``--help`` says: a paragraph a line."""


def prove(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where the JSON document is written."),
    ] = None,
    json: Annotated[  # noqa: FBT002 (an option has a name)
        bool,
        typer.Option("--json", help="Print JSON alone; with FILE, into the file."),
    ] = False,
    statement: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN", help="Only these ids, * and ? allowed; repeat."
        ),
    ] = None,
    exhaustive: Annotated[  # noqa: FBT002 (an option has a name)
        bool,
        typer.Option(
            "--exhaustive",
            help="Then prove every small geometry; the report is in jconv-report.",
        ),
    ] = False,
) -> None:
    """Prove, refute, show, write."""
    from rich.console import Console  # noqa: PLC0415

    from jconv.tuning import replace, writable  # noqa: PLC0415
    from jconv.verify import symbolic  # noqa: PLC0415
    from jconv.verify.symbolic import interrupt, table  # noqa: PLC0415

    silent = json and file is None
    if silent and exhaustive:
        raise GeometryError.of(
            "--exhaustive", "with --json alone", "--json FILE beside --exhaustive"
        )
    console = Console(stderr=silent, width=None if sys.stdout.isatty() else 100)
    names = _selected(statement or [])
    symbolic.require()
    if file is not None:
        writable("FILE", file)
    try:
        with interrupt.heeded():  # between two proofs, too
            document = _run(console, names)
    except KeyboardInterrupt:
        console.print("Interrupted; nothing was written.", style="yellow")
        raise typer.Exit(INTERRUPTED) from None
    text = json_format.dumps(document, ensure_ascii=False, indent=1) + "\n"
    if silent:
        sys.stdout.write(text)
    else:
        table.show(console, document)
    if file is not None:
        replace(file, text)
        console.print(f"Written: {file}", markup=False, highlight=False, soft_wrap=True)
    if exhaustive:
        _every_geometry(proved=document["summary"]["holds"])
    if not document["summary"]["holds"]:
        raise typer.Exit(FAILED)


def _every_geometry(*, proved: bool) -> None:
    """``jconv verify --exhaustive``; its success does not hide an earlier failure."""
    from jconv.cli_verify import verify  # noqa: PLC0415

    try:
        verify(exhaustive=True)
    except typer.Exit as end:
        if end.exit_code or proved:
            raise


def _selected(patterns: list[str]) -> list[str]:
    """Ids of the statements that any pattern matches, in their order."""
    from jconv.verify.symbolic import STATEMENTS  # noqa: PLC0415

    for pattern in patterns:
        if not fnmatch.filter(STATEMENTS, pattern):
            raise GeometryError.of(
                "--statement",
                pattern,
                "the id of a statement, or a pattern that matches some",
                f"There are: {', '.join(STATEMENTS)}.",
            )
    return [
        name
        for name in STATEMENTS
        if not patterns or any(fnmatch.fnmatchcase(name, p) for p in patterns)
    ]


def _run(console: Console, names: list[str]) -> dict[str, Any]:
    """The document of all proofs and refutations, with a progress bar meanwhile."""
    from rich.progress import Progress  # noqa: PLC0415

    from jconv.verify import symbolic  # noqa: PLC0415
    from jconv.verify.symbolic.document import document  # noqa: PLC0415

    rules = [each for each in symbolic.WRONG_RULES.values() if each.statement in names]
    proofs, refutations = [], []
    with Progress(
        console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=len(names) + len(rules))
        for name in names:
            bar.update(task, description=f"{name:<32}")
            proofs.append(symbolic.prove(symbolic.STATEMENTS[name]))
            bar.advance(task)
        for rule in rules:
            bar.update(task, description=f"wrong: {rule.id:<25}")
            refutations.append(symbolic.refute(rule))
            bar.advance(task)
    return document(proofs, refutations)
