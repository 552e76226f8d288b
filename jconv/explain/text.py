"""One convolution explained on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding as Indented
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from jconv import rules
from jconv.explain.because import because
from jconv.explain.code import snippet
from jconv.explain.sizes import flop, relation, sizes
from jconv.explain.sums import equation
from jconv.explain.taps import outputs_shown, picture, window
from jconv.geometry import parameter_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from jconv.explain.subject import Subject
    from jconv.geometry import Axis, Role

STYLES = {"x": "blue", "w": "yellow", "y": "green", "dy": "magenta"}
"""One colour per role, near those of the figures."""

LIBRARY_TITLES = {"jconv": "jconv", "lax": "lax", "flax": "Flax", "torch": "PyTorch"}

INDENT = 2
"""Columns that everything below a heading is moved to the right."""

FRAME = 4
"""Columns that a frame around code takes."""

UNBOUNDED = 10_000
"""Columns that no table needs."""

AXIS_NAMES = {1: ("",), 2: ("rows", "columns"), 3: ("depth", "rows", "columns")}


def show(console: Console, subject: Subject, libraries: Sequence[str]) -> None:
    """Print everything, the question first."""
    geometry = subject.geometry
    _heading(console, "What it is")
    console.print(Indented(_summary(subject), (0, 0, 0, INDENT)))
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
            "  Counted from 0, y[o] has the product x[i] w[k] exactly where  "
            f"{relation(axis)}",
            highlight=False,
            markup=False,
        )
        if not axis.n_output:
            console.print("  There is no output.", style="yellow")
            continue
        taps = _picture(axis)
        room = console.width - INDENT
        if taps is None or console.measure(taps).maximum > room:
            taps = _table(axis)
            if _needed(console, taps) > room:
                taps = _table(axis, narrow=True)
        console.print(Indented(taps, (1, 0, 0, INDENT)))
    _heading(console, "The derivatives, which are convolutions again")
    for out in ("input", "kernel"):
        _derivative(console, subject, out)
    if libraries:
        _heading(console, "As code")
    for library in libraries:
        _code(console, LIBRARY_TITLES[library], snippet(library, subject))


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
    geometry = subject.geometry
    weights = parameter_count(
        geometry.kernel_shape, subject.c_in, subject.c_out, geometry.groups
    )
    counted = flop(subject)
    table.add_row("", "weights", f"{weights:,}")
    if counted is not None:
        table.add_row("", "flop", f"{counted:,}, for y, for dx and for dw alike")
    backwards = [d < 0 for d in subject.per_axis("kernel_dilation")]
    if any(backwards):
        where = rules.along(backwards)
        told = f"true convolution{where}: the kernel runs backwards"
        table.add_row("", "mode", f"{told}{' there' if where else ''}")
    return table


def _table(axis: Axis, *, narrow: bool = False) -> Table:
    """The inputs and the taps of each output, or of the outputs at both ends.

    Where it is narrow the last column is left out, as the taps tell it too, and
    entries go on below. An output's name is never cut.
    """
    shown = [o if o is None else window(axis, o) for o in outputs_shown(axis)]
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("output", header_style="dim", no_wrap=True)
    for title in ("inputs", "taps"):
        longest = max(len(getattr(each, title)) for each in shown if each)
        least = None if narrow else longest
        table.add_column(title, header_style="dim", no_wrap=not narrow, min_width=least)
    if not narrow:
        table.add_column("taps without an input", header_style="dim")
    for each in shown:
        if each is None:
            table.add_row("…", "…", "…")
            continue
        row = [
            Text(f"y[{each.output}]", STYLES["y"]),
            Text(each.inputs, STYLES["x"]),
            Text(each.taps, STYLES["w"]),
        ]
        table.add_row(*row, *(() if narrow else (str(each.absent or ""),)))
    return table


def _needed(console: Console, table: Table) -> int:
    """Columns below which a table is cut; measured where there are enough of them."""
    wide = console.options.update(width=UNBOUNDED)
    return console.measure(table, options=wide).minimum


def _picture(axis: Axis) -> Table | None:
    """The windows below the positions that they see, or None if that is too large."""
    drawn = picture(axis)
    if drawn is None:
        return None
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
    words = Text(rules.describe(geometry, out), "bold")
    console.print(Indented(words, (1, 0, 0, INDENT)), highlight=False)
    why = Text(because(subject, out))
    console.print(Indented(why, (0, 0, 0, INDENT)), highlight=False)
    middle = tuple(n // 2 for n in geometry.size(out))
    if all(geometry.size(out)):
        told = equation(geometry, out, middle, shown=6 if geometry.rank == 1 else 4)
        console.print(Indented(Text(f"for example  {told}"), (0, 0, 0, INDENT)))


def _code(console: Console, title: str, source: str) -> None:
    """A snippet in a frame, or without one where lines would be cut: it is copied."""
    syntax = Syntax(source, "python", theme="ansi_dark", background_color="default")
    if max(map(len, source.splitlines())) + FRAME <= console.width:
        console.print(Panel(syntax, title=title, title_align="left"))
        return
    console.print(f"\n[dim]{title}[/dim]")
    console.print(syntax.highlight(source), end="", soft_wrap=True)
