"""One convolution explained on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding as Indented
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from jconv import rules
from jconv.explain.code import LIBRARIES
from jconv.explain.sizes import relation, sizes
from jconv.explain.sums import equation
from jconv.explain.taps import outputs_shown, picture, window
from jconv.geometry import flop_count, parameter_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from jconv.explain.subject import Subject
    from jconv.geometry import Axis, Role

STYLES = {"x": "blue", "w": "yellow", "y": "green", "dy": "magenta"}
"""One colour per role, near those of the figures."""

LIBRARY_TITLES = {"jconv": "jconv", "lax": "lax", "flax": "Flax", "torch": "PyTorch"}

AXIS_NAMES = {1: ("",), 2: ("rows", "columns"), 3: ("depth", "rows", "columns")}


def show(console: Console, subject: Subject, libraries: Sequence[str]) -> None:
    """Print everything, the question first."""
    geometry = subject.geometry
    _heading(console, "What it is")
    console.print(Indented(_summary(subject), (0, 0, 0, 2)))
    _heading(console, "How large the output is, and which taps make each output")
    for name, axis, size in zip(
        AXIS_NAMES[geometry.rank], geometry.axes, sizes(subject), strict=True
    ):
        if name:
            console.print(f"\n  [bold]Along the {name}[/bold] (axes are independent)")
        console.print(f"  outputs = {size.filled}", highlight=False)
        if size.unused:
            noun = "position" if size.unused == 1 else "positions"
            console.print(
                f"  No window reaches the last {size.unused} {noun}.", style="yellow"
            )
        console.print(
            f"  y[o] has the product x[i] w[k] exactly where  {relation(axis)}",
            highlight=False,
            markup=False,
        )
        console.print(Indented(_taps(axis), (1, 0, 0, 2)))
    _heading(console, "The derivatives, which are convolutions again")
    for out in ("input", "kernel"):
        _derivative(console, subject, out)
    if libraries:
        _heading(console, "As code")
    for library in libraries:
        source = LIBRARIES[library](subject)
        syntax = Syntax(source, "python", theme="ansi_dark", background_color="default")
        console.print(Panel(syntax, title=LIBRARY_TITLES[library], title_align="left"))


def _heading(console: Console, words: str) -> None:
    """A section's title."""
    console.print(f"\n[bold]{words}[/bold]")


def _summary(subject: Subject) -> Table:
    """Shapes, and what they cost."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    shapes: tuple[tuple[str, str, Role], ...] = (
        ("x", "input", "input"),
        ("w", "kernel", "kernel"),
        ("y", "output", "output"),
    )
    for name, word, role in shapes:
        table.add_row(Text(name, STYLES[name]), word, str(subject.shape(role)))
    weights = parameter_count(
        subject.geometry.kernel_shape,
        subject.c_in,
        subject.c_out,
        subject.geometry.groups,
    )
    flop = flop_count(subject.geometry, subject.batch, subject.c_in, subject.c_out)
    table.add_row("", "weights", f"{weights:,}")
    table.add_row("", "flop", f"{flop:,}, for y, for dx and for dw alike")
    if any(d < 0 for d in subject.per_axis("kernel_dilation")):
        table.add_row("", "mode", "true convolution: the kernel runs backwards")
    return table


def _taps(axis: Axis) -> Table:
    """The picture of the windows, or a table of them if it would be too large."""
    drawn = picture(axis)
    if drawn is None:
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        for title in ("output", "inputs", "taps", "taps without an input"):
            table.add_column(title, header_style="dim")
        for o in outputs_shown(axis):
            if o is None:
                table.add_row("…", "…", "…", "")
                continue
            each = window(axis, o)
            table.add_row(
                Text(f"y[{o}]", STYLES["y"]),
                Text(each.inputs, STYLES["x"]),
                Text(each.taps, STYLES["w"]),
                str(each.absent or ""),
            )
        return table
    table = Table(
        box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0), expand=False
    )
    for n, (name, cells) in enumerate(drawn):
        style = STYLES["x"] if n == 0 else STYLES["w"]
        table.add_row(
            Text(name, STYLES["x"] if n == 0 else STYLES["y"]),
            *(Text(cell, "dim" if cell[:1] in "·(" else style) for cell in cells),
        )
    return table


def _derivative(console: Console, subject: Subject, out: Role) -> None:
    """One derivative: in words, in numbers, and one entry spelled out."""
    geometry = subject.geometry
    console.print(
        Indented(Text(rules.describe(geometry, out), "bold"), (1, 0, 0, 2)),
        highlight=False,
    )
    middle = tuple(n // 2 for n in geometry.size(out))
    if all(geometry.size(out)):
        told = equation(geometry, out, middle, shown=6 if geometry.rank == 1 else 4)
        console.print(Indented(Text(f"for example  {told}"), (0, 0, 0, 2)))
