"""``jconv verify``: check every claim, show a table, write a report."""

from __future__ import annotations

import difflib
import fnmatch
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jconv.errors import GeometryError

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from jconv.verify.claim import Claim, Result
    from jconv.verify.report import Options

DTYPES = (
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)
"""What a user may ask for; bool is no number here."""

FAILED, INTERRUPTED = 1, 130

HELP = """
Check on this machine that the derivative of a convolution is a convolution.

Every claim is checked by proof, by exact numbers or within derived error bounds. What \
was compared is written to report.html, for people, and report.json, for machines.

[bold]Examples[/bold]

[cyan]jconv verify --quick[/cyan]  a sample of everything, under a minute

[cyan]jconv verify --list[/cyan]  what the claims say; checks nothing

[cyan]jconv verify --claim 'backward.*'[/cyan]  one topic (the quotes keep the star)

[cyan]jconv verify --dtype bfloat16 --seed 7[/cyan]  one dtype, other random numbers

[cyan]jconv verify --json | jq .summary[/cyan]  the report for a script

[bold]Exit codes[/bold]

0 all held (what cannot be checked here is named), 1 a claim was falsified or ended in \
an error, 2 bad usage, 130 interrupted.
"""
"""What ``--help`` says: a paragraph a line."""


def verify(
    quick: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--quick", help="Sample the families of geometries.")
    ] = False,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN", help="Only these ids, * and ? allowed; repeat."
        ),
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only these dtypes, where a claim has many."),
    ] = None,
    platform: Annotated[
        str | None, typer.Option(metavar="cpu|gpu|tpu", help="Where to run.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all random numbers.")] = 0,
    json: Annotated[  # noqa: FBT002 (an option has a name)
        bool,
        typer.Option("--json", help="Print the report, and nothing else, as JSON."),
    ] = False,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the report is written.")
    ] = Path("jconv-report"),
    list_: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--list", help="Tell the claims and check nothing.")
    ] = False,
) -> None:
    """Select, check, show, write."""
    from rich.console import Console  # noqa: PLC0415

    from jconv.verify import report  # noqa: PLC0415

    console = Console(stderr=json, width=None if sys.stdout.isatty() else 120)
    claims = _selected(claim or [])
    if list_:
        _tell_all(console, claims)
        return
    options = report.Options(
        seed=seed,
        quick=quick,
        patterns=tuple(claim or ()),
        dtypes=_checked_dtypes(dtype or ()),
        platform=_checked_platform(platform),
    )
    _prepared(out)
    results, whole = _run(console, claims, options)
    document = _document(results, options)
    _show(console, document)
    if not whole:
        console.print(
            f"Interrupted after {len(results)} of {len(claims)} claims; "
            "no report was written.",
            style="yellow",
        )
        raise typer.Exit(INTERRUPTED)
    for path in _write(out, document):
        console.print(f"Written: {path}", markup=False, highlight=False, soft_wrap=True)
    if json:
        sys.stdout.write(report.to_json(document))
    if document["summary"]["falsified"] or document["summary"]["error"]:
        raise typer.Exit(FAILED)


def _selected(patterns: Sequence[str]) -> list[Claim]:
    """The claims that any pattern matches, in the order of the registry."""
    from jconv.verify import registry  # noqa: PLC0415

    claims = registry()
    for pattern in patterns:
        if not fnmatch.filter(claims, pattern):
            near = difflib.get_close_matches(pattern, claims, n=4, cutoff=0.4)
            near += [name for name in claims if pattern.strip("*") in name][:4]
            mend = f"Near it: {', '.join(dict.fromkeys(near))}. " if near else ""
            raise GeometryError.of(
                "--claim",
                pattern,
                "the id of a claim, or a pattern that matches some",
                f"{mend}See: jconv verify --list",
            )
    return [
        each
        for name, each in claims.items()
        if not patterns or any(fnmatch.fnmatchcase(name, p) for p in patterns)
    ]


def _checked_dtypes(names: Sequence[str]) -> tuple[str, ...]:
    """The dtypes, if there are such."""
    for name in names:
        if name not in DTYPES:
            near = difflib.get_close_matches(name, DTYPES, n=2)
            mend = f"Did you mean {' or '.join(near)}?" if near else ""
            raise GeometryError.of("--dtype", name, f"one of {', '.join(DTYPES)}", mend)
    return tuple(dict.fromkeys(names))


def _checked_platform(name: str | None) -> str | None:
    """The platform, if this machine has it."""
    from jconv.verify.device import present_platforms  # noqa: PLC0415

    if name is not None and name not in present_platforms():
        expected = f"a platform of this machine: {', '.join(present_platforms())}"
        raise GeometryError.of("--platform", name, expected)
    return name


def _prepared(folder: Path) -> None:
    """Refuse a folder that cannot be written to while nothing is lost yet."""
    from jconv.verify import report  # noqa: PLC0415

    try:
        report.prepare(folder)
    except OSError as error:
        raise GeometryError.of(
            "--out",
            str(folder),
            f"a folder that can be written to ({error.strerror})",
            "Use another one.",
        ) from error


def _run(
    console: Console, claims: Sequence[Claim], options: Options
) -> tuple[list[Result], bool]:
    """The results, and whether they are all: an interrupted run has some."""
    import jax  # noqa: PLC0415

    from jconv.verify import engine, table  # noqa: PLC0415

    finished: list[Result] = []
    context = options.context(jax.devices()[0].platform)
    with table.progress(console, len(claims)) as tell:

        def listen(event: engine.Event) -> None:
            tell(event)
            if isinstance(event, engine.Finished):
                finished.append(event.result)

        try:
            engine.run(claims, context, listen)
        except KeyboardInterrupt:
            return finished, False
    return finished, True


def _document(results: Sequence[Result], options: Options) -> dict[str, Any]:
    """The report's document, with the record of the device that was used."""
    import jax  # noqa: PLC0415

    from jconv.verify import device, report  # noqa: PLC0415

    used = options.platform or jax.devices()[0].platform
    return report.document(results, options, device.record(used))


def _show(console: Console, document: Mapping[str, Any]) -> None:
    """The table on the terminal."""
    from jconv.verify import table  # noqa: PLC0415

    table.show(console, document)


def _write(out: Path, document: Mapping[str, Any]) -> list[Path]:
    """Both files; the machine's last, so that it never precedes its page."""
    from jconv.verify import page, report  # noqa: PLC0415

    texts = {
        "report.html": page.render(document),
        "report.json": report.to_json(document),
    }
    return report.write(out, texts)


def _tell_all(console: Console, claims: Sequence[Claim]) -> None:
    """Ids with their sentences, by topic."""
    from jconv.verify.page import topic  # noqa: PLC0415

    by_topic: dict[str, list[Claim]] = {}
    for each in claims:
        by_topic.setdefault(topic(each.id), []).append(each)
    for title, members in by_topic.items():
        console.print(f"\n{title}", style="bold")
        for each in members:
            console.print(f"  {each.id}", style="cyan", highlight=False)
            console.print(f"      {each.says}", markup=False, highlight=False)
