"""``jconv bench``: measure jconv against its peers and against the machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.
if TYPE_CHECKING:
    from jconv.bench.run import Measured

PEERS = ("lax", "torch")
FAILED, INTERRUPTED = 1, 130

HELP = """
Measure jconv against jax.lax, PyTorch and this machine's own limits.

[bold]Exit codes[/bold]

0 measured, 1 an internal error, 2 bad usage, 130 interrupted.
"""


def bench(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Only these rows, * and ? allowed."),
    ] = None,
    family: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only rows of this kind.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(metavar="fwd|dx|dw", help="Only this pass.")
    ] = None,
    quick: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--quick", help="One of each kind.")
    ] = False,
    held_out: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--held-out", help="The layers that nothing is fitted to.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the results there.")
    ] = None,
    peers: Annotated[str, typer.Option(metavar="lax,torch")] = "lax,torch",
    budget: Annotated[float, typer.Option(metavar="SECONDS", help="A row.")] = 1.0,
) -> None:
    """Select, measure, show, write."""
    from rich.console import Console  # noqa: PLC0415

    from jconv.bench import limits, malloc, results, table, torch_peers  # noqa: PLC0415
    from jconv.bench.run import in_jax, in_torch  # noqa: PLC0415
    from jconv.bench.selection import Selection  # noqa: PLC0415
    from jconv.bench.timing import Effort  # noqa: PLC0415
    from jconv.verify import report  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 140)
    tables = ("held-out",) * held_out
    rows = Selection(
        tables, tuple(only or ()), tuple(family or ()), tuple(role or ()), quick
    ).rows()
    named = tuple(peers.split(","))
    effort = Effort(budget_s=0.3 if quick else budget)
    probed = malloc.probe()
    if probed["storm"] and malloc.can_restart(sys.argv, os.environ):
        malloc.restart(probed)
    limit = limits.measure()
    found: list[Measured] = []
    with table.progress(console, len(rows)) as tell:
        for row, measured in zip(
            rows, in_jax(rows, effort, peer="lax" in named), strict=True
        ):
            tell(row.id)
            found.append(measured)
    if "torch" in named and torch_peers.load() is not None:
        found = list(in_torch(found, effort))
    document = results.document(found, limit, {"malloc": probed})
    table.show(console, document)
    console.print(document["summary"])
    if json:
        report.write(json.parent, {json.name: report.to_json(document)})
