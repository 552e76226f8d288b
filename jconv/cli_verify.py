"""``jconv verify``: check every claim, show a table, write a report."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jconv import cli_selection as select
from jconv.cli_codes import FAILED, INTERRUPTED
from jconv.cli_exhaustive import exhaust, tell_rows
from jconv.cli_streams import output_to_stderr
from jconv.errors import GeometryError

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from jconv.verify.claim import Claim, Result
    from jconv.verify.report import Options

HELP = """
Check on this machine that the derivative of a convolution is a convolution.

Every claim is checked by proof, by exact numbers or within derived error bounds. What \
was compared is written to report.html, for people, and report.json, for machines.

[bold]Examples[/bold]

[cyan]jconv verify --quick[/cyan]  a sample of every claim, in some five minutes

[cyan]jconv verify --list[/cyan]  what the claims say; checks nothing

[cyan]jconv verify --claim 'backward.*'[/cyan]  one topic (the quotes keep the star)

[cyan]jconv verify --dtype bfloat16 --seed 7[/cyan]  one dtype, other random numbers

[cyan]jconv verify --json | jq .summary[/cyan]  the report for a script

[cyan]jconv verify --exhaustive --budget 5[/cyan]  every small geometry

[cyan]jconv verify --target my.kernels:conv[/cyan]  a convolution of your own

[cyan]jconv verify --compare OLD.json[/cyan]  what changed since an older report

[cyan]jconv verify --compare OLD.json --with NEW.json[/cyan]  two reports; runs nothing

[bold]Exit codes[/bold]

0 all held (what cannot be checked here is named), 1 a claim was falsified, ended in \
an error or got worse than in the report compared with, or nothing could be checked, \
or --exhaustive is not through with all geometries, \
2 bad usage, 130 interrupted.
"""
"""What ``--help`` says: a paragraph a line."""

REPORTS = ("report.html", "report.json")
"""What is written, in this order: the machine's never precedes its page."""


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
    exhaustive: Annotated[  # noqa: FBT002 (an option has a name)
        bool,
        typer.Option(
            "--exhaustive", help="Every small geometry, by every algorithm, exactly."
        ),
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="MINUTES", help="Of --exhaustive; the next run goes on."
        ),
    ] = None,
    list_: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--list", help="Tell the claims and check nothing.")
    ] = False,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FUNCTION",
            help="Check this convolution, with the signature of lax's, and its "
            "gradients, instead of jconv's.",
        ),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OLD.json", help="Tell what changed since this report."),
    ] = None,
    with_: Annotated[
        Path | None,
        typer.Option(
            "--with", metavar="NEW.json", help="Compare this report; run nothing."
        ),
    ] = None,
) -> None:
    """Select, check, show, write."""
    from rich.console import Console  # noqa: PLC0415

    from jconv.verify import difference, report  # noqa: PLC0415

    with contextlib.ExitStack() as streams:
        if json:  # from here on: the import of a target may print
            streams.enter_context(output_to_stderr())
        width = None if sys.stdout.isatty() else 120
        # Without emoji: a target may be called "my:boom:".
        console = Console(stderr=json, width=width, emoji=False)
        dtypes = select.checked_dtypes(dtype or ())
        select.check_modes(claim, target, budget, exhaustive=exhaustive)
        given: dict[str, Any] = {
            "--quick": quick,
            "--seed": seed,
            "--dtype": dtype,
            "--json": json,
        }
        given |= {"--exhaustive": exhaustive, "--compare": compare, "--with": with_}
        select.refuse_ignored(given, {"--exhaustive": exhaustive, "--list": list_})
        claims = select.selected(claim or [], target, dtypes)
        if list_:
            select.tell_all(console, claims)
            return
        old = _read(compare, with_)
        if with_ is not None:
            new = difference.read(with_, "--with")
            streams.close()
            _tell_difference(console, old, new, json=json)
            return
        options = report.Options(
            seed=seed,
            quick=quick,
            patterns=tuple(claim or ()),
            dtypes=dtypes,
            platform=select.checked_platform(platform),
            target=target,
            exhaustive=exhaustive,
        )
        select.prepared(out)
        _replaceable(out)
        if exhaustive:
            results, whole = exhaust(console, options, out, budget)
        else:
            results, whole = _run(console, claims, options)
        document = _document(results, options)
        if old is not None and whole:
            document["comparison"] = difference.comparison(old, document)
        if results:
            _show(console, document, rows=exhaustive)
        if not whole:
            told = "; nothing is lost, the same command goes on."
            if not exhaustive:
                told = _interrupted(results, claims)
            console.print(f"Interrupted{told}", style="yellow")
            raise typer.Exit(INTERRUPTED)
        for path in _write(out, document):
            console.print(
                f"Written: {path}", markup=False, highlight=False, soft_wrap=True
            )
        streams.close()
        if json:
            sys.stdout.write(report.to_json(document))
        worse = document.get("comparison", {}).get("worse")
        summary = document["summary"]
        if summary["falsified"] or summary["error"] or worse or not summary["holds"]:
            raise typer.Exit(FAILED)


def _replaceable(out: Path) -> None:
    """Refuse a folder in which a folder has the name of a report."""
    for name in REPORTS:
        if (out / name).is_dir():
            expected = f"a folder in which {name} is no folder"
            raise GeometryError.of("--out", str(out), expected, "Use another one.")


def _read(compare: Path | None, with_: Path | None) -> dict[str, Any] | None:
    """The old report, refused now if it is none."""
    from jconv.verify import difference  # noqa: PLC0415

    if compare is None and with_ is not None:
        raise GeometryError.of(
            "--compare", None, "the older report, as --with is given"
        )
    return None if compare is None else difference.read(compare)


def _tell_difference(
    console: Console, old: Any, new: Mapping[str, Any], *, json: bool
) -> None:
    """Compare two reports that exist."""
    from jconv.verify import difference, difference_table, report  # noqa: PLC0415

    comparison = difference.comparison(old, new)
    difference_table.show(console, comparison)
    if json:
        sys.stdout.write(report.to_json(comparison))
    if comparison["worse"]:
        raise typer.Exit(FAILED)


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


def _interrupted(results: Sequence[Result], claims: Sequence[Claim]) -> str:
    """How far a run came, and which claim was under way."""
    done = len(results)
    within = f", in {claims[done].id}" if done < len(claims) else ""
    return f" after {done} of {len(claims)} claims{within}; no report was written."


def _document(results: Sequence[Result], options: Options) -> dict[str, Any]:
    """The report's document, with the record of the device that was used."""
    import jax  # noqa: PLC0415

    from jconv.verify import device, report  # noqa: PLC0415

    used = options.platform or jax.devices()[0].platform
    return report.document(results, options, device.record(used))


def _show(console: Console, document: Mapping[str, Any], *, rows: bool) -> None:
    """The table on the terminal."""
    from jconv.verify import difference_table, table  # noqa: PLC0415

    table.show(console, document)
    if "comparison" in document:
        difference_table.show(console, document["comparison"])
    if rows:
        tell_rows(console, document)


def _write(out: Path, document: Mapping[str, Any]) -> list[Path]:
    """Both files; the machine's last, so that it never precedes its page."""
    from jconv.verify import page, report  # noqa: PLC0415

    texts = (page.render(document), report.to_json(document))
    return report.write(out, dict(zip(REPORTS, texts, strict=True)))
