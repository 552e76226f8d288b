"""``jconv bench``: measure jconv against its peers and against the machine."""

from __future__ import annotations

import functools
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jconv.cli_codes import FAILED, INTERRUPTED
from jconv.errors import GeometryError

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from jconv.bench.row import Row
    from jconv.bench.run import Run
    from jconv.bench.timing import Effort

PEERS = ("lax", "torch")
MALLOCS = ("tuned", "default")
ROLES = ("fwd", "dx", "dw", "step")
METHODS = ("auto", "fast", "direct")
ROW_SECONDS, QUICK_ROW_SECONDS = 1.0, 0.25
HELP = """
Measure jconv against jax.lax, PyTorch and this machine's own limits.

Rows are layers of real networks: forward (fwd), input derivative (dx), kernel \
derivative (dw); per-example gradients, pools, and whole training steps. jconv and \
lax are timed by turns, PyTorch in a block of its own. Every row measures one program \
twice (A/A), which says how far its ratios can be trusted.

Without --held-out, --pools or --steps, everything but the held-out layers is measured.

[bold]Examples[/bold]

[cyan]jconv bench --quick[/cyan]  one of each kind, about a minute

[cyan]jconv bench --only 'resnet50/*' --role dw[/cyan]  some rows (the quotes keep the \
star)

[cyan]jconv bench --family depthwise --peers lax[/cyan]  one kind; also 1-D, 3-D, \
strided, ...

[cyan]jconv bench --json results.json --figures figures[/cyan]  everything, with raw \
samples and pictures

[bold]Exit codes[/bold]

0 measured, 1 a result differs from lax's or a row ended in an error, 2 bad usage, \
130 interrupted.
"""
"""What ``--help`` says: a paragraph a line."""


def bench(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Only these rows, * and ? allowed."),
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this kind: dense, depthwise, 1-D, ..."),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="fwd|dx|dw|step", help="Only these passes; repeat."),
    ] = None,
    quick: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--quick", help="One of each kind, in about a minute.")
    ] = False,
    held_out: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--held-out", help="Layers that no choice was fitted to.")
    ] = False,
    steps: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--steps", help="Whole training steps.")
    ] = False,
    pools: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--pools", help="Pools.")
    ] = False,
    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where results and raw samples are written."),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where pictures are written.")
    ] = None,
    method: Annotated[
        str,
        typer.Option(metavar="auto|fast|direct", help="Of our convolutions."),
    ] = METHODS[0],
    peers: Annotated[
        str, typer.Option(metavar="lax,torch", help="Whom to compare with.")
    ] = ",".join(PEERS),
    malloc: Annotated[
        str,
        typer.Option(
            metavar="tuned|default",
            help="tuned: start anew under better settings if malloc wastes time here.",
        ),
    ] = MALLOCS[0],
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="For timing all rows; compiling comes on top."
        ),
    ] = None,
) -> None:
    """Select, measure, show, write."""
    from rich.console import Console  # noqa: PLC0415

    from jconv.bench import circumstances  # noqa: PLC0415
    from jconv.bench.selection import Selection  # noqa: PLC0415

    asked = {"held-out": held_out, "steps": steps, "pools": pools}
    selection = Selection(
        tables=tuple(table for table, wanted in asked.items() if wanted),
        patterns=tuple(only or ()),
        families=tuple(family or ()),
        roles=_checked("--role", role or (), ROLES),
        quick=quick,
        method=_checked("--method", [method], METHODS)[0],
    )
    rows = selection.rows()
    named = _checked("--peers", [name for name in peers.split(",") if name], PEERS)
    (mode,) = _checked("--malloc", [malloc], MALLOCS)
    effort = _effort(len(rows), budget, quick=quick)
    _prepare(json, figures)
    console = Console(width=None if sys.stdout.isatty() else 140)
    say = functools.partial(
        console.print, style="yellow", highlight=False, soft_wrap=True
    )
    settings: dict[str, Any] = {
        "command": shlex.join([*selection.words(), *_words(peers, mode, budget)]),
        "malloc": circumstances.settle_malloc(mode, say),
    }
    named = circumstances.installed(named, say)
    settings["torch"] = circumstances.torch_record(named)
    document, whole = _measure(console, rows, effort, named, settings)
    _show(console, document)
    if not whole:
        done = len(document["rows"])
        text = f"Interrupted after {done} of {len(rows)} rows; nothing was written."
        console.print(text, style="yellow")
        raise typer.Exit(INTERRUPTED)
    for path in _write(document, json, figures):
        console.print(f"Written: {path}", markup=False, highlight=False, soft_wrap=True)
    if document["failures"] or document["summary"]["disagreeing"]:
        raise typer.Exit(FAILED)


def _words(peers: str, malloc: str, budget: float | None) -> list[str]:
    """What a command needs to measure in the same way, if it is not the usual one."""
    words = ["--peers", peers] * (peers != ",".join(PEERS))
    words += ["--malloc", malloc] * (malloc != MALLOCS[0])
    return words + ([] if budget is None else ["--budget", f"{budget:g}"])


def _checked(
    option: str, values: Sequence[str], allowed: Sequence[str]
) -> tuple[str, ...]:
    """The values, if all of them are allowed."""
    for value in values:
        if value not in allowed:
            raise GeometryError.of(option, value, f"one of {', '.join(allowed)}")
    return tuple(dict.fromkeys(values))


def _effort(rows: int, budget: float | None, *, quick: bool) -> Effort:
    """How long each row is measured."""
    from jconv.bench.timing import Effort  # noqa: PLC0415

    if budget is not None and not budget > 0:
        raise GeometryError.of("--budget", budget, "seconds, more than 0")
    usual = QUICK_ROW_SECONDS if quick else ROW_SECONDS
    seconds = usual if budget is None else budget / rows
    return Effort(seconds, patience_s=1.0, attempts=2) if quick else Effort(seconds)


def _prepare(json: Path | None, figures: Path | None) -> None:
    """Refuse files that cannot be written, before any measuring."""
    from jconv.verify import report  # noqa: PLC0415

    if json is not None and json.is_dir():
        raise GeometryError.of("--json", str(json), "a file, but this is a folder")
    folders = {"--json": json and json.parent, "--figures": figures}
    for option, folder in folders.items():
        if folder is None:
            continue
        try:
            report.prepare(folder)
        except OSError as error:
            expected = f"a place that can be written to ({error.strerror})"
            raise GeometryError.of(
                option, str(folder), expected, "Use another one."
            ) from error


def _measure(
    console: Console,
    rows: Sequence[Row],
    effort: Effort,
    named: Sequence[str],
    settings: Mapping[str, Any],
) -> tuple[dict[str, Any], bool]:
    """The document, and whether it holds all rows: an interrupted run has some."""
    from jconv.bench import limits, results, run, table  # noqa: PLC0415

    first_aa = run.agreement(effort)
    limit = limits.measure()
    found: Run = run.Run()
    whole = True
    blocks = 1 + ("torch" in named)
    with table.progress(console, blocks * len(rows)) as tell:
        try:
            run.in_jax(found, rows, effort, tell, peer="lax" in named)
            if "torch" in named:
                run.in_torch(found, effort, tell)
        except KeyboardInterrupt:
            whole = False
    return results.document(found, limit, first_aa, settings), whole


def _show(console: Console, document: Mapping[str, Any]) -> None:
    """The machine in a line, then the table."""
    from jconv.bench import table  # noqa: PLC0415
    from jconv.verify.device import display_name  # noqa: PLC0415

    limits = document["limits"]
    text = f"{display_name(document['device'])}: {limits['flop_per_s'] / 1e9:,.0f} "
    text += "GFLOP/s in a matrix product, copies at "
    text += ", ".join(
        f"{each['bytes_per_s'] / 1e9:,.0f} GB/s ({each['bytes'] >> 20} MB)"
        for each in limits["copies"]
    )
    console.print(text, highlight=False)
    console.print()
    table.show(console, document)


def _write(
    document: Mapping[str, Any], json: Path | None, folder: Path | None
) -> list[Path]:
    """The files that were asked for, each whole or not at all."""
    from jconv.verify import report  # noqa: PLC0415

    written = []
    if folder is not None:
        from jconv.bench import figures  # noqa: PLC0415

        written += figures.write(folder, document)
    if json is not None:
        written += report.write(json.parent, {json.name: report.to_json(document)})
    return written
