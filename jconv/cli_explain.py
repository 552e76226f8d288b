"""``jconv explain``: what one convolution does, forward and backward."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import typer

from jconv import cli_options
from jconv.errors import GeometryError

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.

CODE = ("jconv", "lax", "flax", "torch")
FIGURE_ENDINGS = (".png", ".svg", ".pdf")

ONE_CHANNEL = (
    "The {} shows one example and one channel; --channels, --groups and --batch "
    "change nothing in it.\n"
)

HELP = """
Explain a convolution: its outputs, its derivatives, and why those are convolutions.

Says which taps make each output, fills in the formula of the output's size, names the \
convolutions that compute dx and dw, and writes all of it as code. Without --input and \
--kernel it explains the 5 -> 3 example of every lecture.

[bold]Examples[/bold]

[cyan]jconv explain --input 7 --kernel 3 --stride 2[/cyan]

[cyan]jconv explain --input 28x28 --kernel 3x3 --padding same --code torch[/cyan]

[cyan]jconv explain --input 7 --kernel 3 --stride 2 --figure stride.png[/cyan]

[cyan]jconv explain --page out.html[/cyan]  a page to play with; opens without a network

[bold]Exit codes[/bold]

0 explained, 2 bad usage.
"""
"""What ``--help`` says: a paragraph a line."""


def explain(
    input_: Annotated[
        str | None, typer.Option("--input", metavar="56x56", help="Spatial sizes of x.")
    ] = None,
    kernel: Annotated[
        str | None, typer.Option(metavar="3x3", help="Spatial sizes of w.")
    ] = None,
    channels: Annotated[
        str, typer.Option(metavar="IN:OUT", help="Channels of x and of y.")
    ] = "1:1",
    batch: Annotated[int, typer.Option(min=1, help="Examples at once.")] = 1,
    stride: Annotated[str, typer.Option(metavar="N|NxN", help="Per axis.")] = "1",
    padding: Annotated[
        str,
        typer.Option(metavar="NAME|N|LOW:HIGH", help="valid, same, full ... or sizes."),
    ] = "valid",
    kernel_dilation: Annotated[
        str, typer.Option(metavar="N|NxN", help="Negative: true convolution.")
    ] = "1",
    input_dilation: Annotated[
        str, typer.Option(metavar="N|NxN", help="Zeros between inputs, plus one.")
    ] = "1",
    groups: Annotated[int, typer.Option(help="Into how many the channels split.")] = 1,
    code: Annotated[
        list[str] | None,
        typer.Option(
            metavar="|".join([*CODE, "none"]), help="Only this library's; repeat."
        ),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE.png|.svg", help="Write the picture.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write the page.")
    ] = None,
    json: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--json", help="Print for machines instead.")
    ] = False,
) -> None:
    """Understand everything first, so that an error comes alone."""
    if (input_ is None) != (kernel is None):
        given, lacking = ("--input", "--kernel") if input_ else ("--kernel", "--input")
        raise GeometryError.of(lacking, None, f"sizes such as 3x3, as {given} is given")
    from jconv.explain.subject import Subject  # noqa: PLC0415

    taps = cli_options.sizes("--kernel", kernel or "3")
    subject = Subject.from_call(
        cli_options.sizes("--input", input_ or "5"),
        taps,
        stride=cli_options.per_axis("--stride", stride),
        padding=cli_options.padding(padding, len(taps)),
        kernel_dilation=cli_options.per_axis("--kernel-dilation", kernel_dilation),
        input_dilation=cli_options.per_axis("--input-dilation", input_dilation),
        groups=groups,
        channels=cli_options.channels("--channels", channels),
        batch=batch,
    )
    libraries = _libraries(code)
    if figure is not None and figure.suffix.lower() not in FIGURE_ENDINGS:
        expected = f"a name that ends in {', '.join(FIGURE_ENDINGS)}"
        raise GeometryError.of("--figure", str(figure), expected)
    several = (subject.batch, subject.c_in, subject.c_out) != (1, 1, 1)
    written = []
    if page is not None:
        from jconv.explain.page import render  # noqa: PLC0415

        page.write_text(render(subject), encoding="utf-8")
        written.append(page)
        if several:
            sys.stderr.write(ONE_CHANNEL.format("page"))
    if figure is not None:
        from jconv.explain.figure import write  # noqa: PLC0415

        write(subject, figure)
        written.append(figure)
        if several:
            sys.stderr.write(ONE_CHANNEL.format("picture"))
    if json:
        from jconv.explain.document import document  # noqa: PLC0415

        told = document(subject, libraries)
        sys.stdout.write(json_text.dumps(told, indent=2) + "\n")
        return
    from rich.console import Console  # noqa: PLC0415

    from jconv.explain.text import show  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 110)
    if not written:
        show(console, subject, libraries)
    for path in written:
        console.print(f"Written: {path}", markup=False, highlight=False, soft_wrap=True)


def _libraries(names: list[str] | None) -> tuple[str, ...]:
    """The libraries whose code is shown."""
    for name in names or ():
        if name not in (*CODE, "none"):
            expected = f"one of {', '.join([*CODE, 'none'])}"
            raise GeometryError.of("--code", name, expected)
    return tuple(name for name in names or CODE if name != "none")
