"""``jconv info``: devices, versions, and which algorithm a convolution gets and why."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jconv import cli_options
from jconv.errors import GeometryError

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from jconv.algorithms import Algorithm
    from jconv.bench.candidates import Contraction

MEANINGS = (
    "y, the convolution",
    "dx, its input derivative",
    "dw, its kernel derivative",
)
"""The three contractions, as a reader of derivatives calls them."""

HELP = """
Show devices and versions, and the algorithm that a convolution gets and why.

With --input and --kernel, every algorithm's predicted time, or its reason to refuse, \
is shown for the convolution and for both of its derivatives.

[bold]Examples[/bold]

[cyan]jconv info[/cyan]

[cyan]jconv info --input 56x56 --kernel 3x3 --channels 64:64 --batch 8[/cyan]

[cyan]jconv info --input 16000 --kernel 9 --stride 4 --padding same[/cyan]
"""
"""What ``--help`` says: a paragraph a line."""


def info(
    input_: Annotated[
        str | None, typer.Option("--input", metavar="56x56", help="Spatial sizes of x.")
    ] = None,
    kernel: Annotated[
        str | None, typer.Option(metavar="3x3", help="Spatial sizes of w.")
    ] = None,
    channels: Annotated[
        str, typer.Option(metavar="IN:OUT", help="Channels of x and of y.")
    ] = "1:1",
    batch: Annotated[int, typer.Option(min=0, help="Examples at once.")] = 1,
    stride: Annotated[str, typer.Option(metavar="N|NxN", help="Per axis.")] = "1",
    padding: Annotated[
        str,
        typer.Option(metavar="NAME|N|LOW:HIGH", help="valid, same ... or sizes."),
    ] = "valid",
    kernel_dilation: Annotated[
        str, typer.Option(metavar="N|NxN", help="Negative: true convolution.")
    ] = "1",
    input_dilation: Annotated[
        str, typer.Option(metavar="N|NxN", help="Zeros between inputs, plus one.")
    ] = "1",
    groups: Annotated[int, typer.Option(help="Into how many the channels split.")] = 1,
    dtype: Annotated[str, typer.Option(help="Of x and w.")] = "float32",
) -> None:
    """Understand the convolution first, so that its errors come alone."""
    from rich.console import Console  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 120)
    if (input_ is None) != (kernel is None):
        given, lacking = ("--input", "--kernel") if input_ else ("--kernel", "--input")
        raise GeometryError.of(lacking, None, f"sizes such as 3x3, as {given} is given")
    tables = []
    if input_ is None or kernel is None:
        sizes: dict[str, tuple[object, object]] = {
            "--channels": (channels, "1:1"),
            "--batch": (batch, 1),
            "--stride": (stride, "1"),
            "--padding": (padding, "valid"),
            "--kernel-dilation": (kernel_dilation, "1"),
            "--input-dilation": (input_dilation, "1"),
            "--groups": (groups, 1),
            "--dtype": (dtype, "float32"),
        }
        cli_options.refuse(sizes, "--input and --kernel beside it")
    else:
        from jconv.bench.candidates import contractions  # noqa: PLC0415
        from jconv.geometry import Geometry  # noqa: PLC0415

        c_in, c_out = cli_options.channels("--channels", channels)
        taps = cli_options.sizes("--kernel", kernel)
        geometry = Geometry.from_call(
            cli_options.sizes("--input", input_),
            taps,
            stride=cli_options.per_axis("--stride", stride),
            padding=cli_options.padding(padding, len(taps)),
            kernel_dilation=cli_options.per_axis("--kernel-dilation", kernel_dilation),
            input_dilation=cli_options.per_axis("--input-dilation", input_dilation),
            groups=groups,
        )
        name = cli_options.dtype("--dtype", dtype)
        tables = _choices(contractions(geometry, (batch, c_in, c_out), name))
    _show_device(console)
    for table in tables:
        console.print()
        console.print(table)


def _show_device(console: Console) -> None:
    """Devices and versions, one a line."""
    import jax  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from jconv.verify import device  # noqa: PLC0415

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    record = device.record(jax.devices()[0].platform)
    del record["x64"]  # that is the verifier's, not the user's
    for name, value in record.items():
        table.add_row(f"[bold]{name.replace('_', ' ')}", str(value) or "none")
    table.add_row("[bold]platforms", ", ".join(device.present_platforms()))
    console.print(table)


def _choices(found: Sequence[Contraction]) -> list[Table]:
    """One table per role: every algorithm, the chosen one marked."""
    from rich.table import Table  # noqa: PLC0415

    from jconv import algorithms, compat  # noqa: PLC0415
    from jconv.geometry import flop_count  # noqa: PLC0415

    platform = compat.lowering_platform()
    tables = []
    for contraction, meaning in zip(found, MEANINGS, strict=True):
        call = contraction.call(platform)
        chosen, able = algorithms.choose(*call), algorithms.candidates(*call)
        x, y = contraction.shapes["input"], contraction.shapes["output"]
        groups = contraction.geometry.groups
        flop = flop_count(contraction.geometry, x[1], x[-1] * groups, y[-1] * groups)
        table = Table(
            title=f"{meaning}: {chosen.name} on {platform}, {flop:,} flop",
            title_justify="left",
            title_style="bold",
        )
        table.add_column("algorithm", no_wrap=True)
        table.add_column("predicted", justify="right", no_wrap=True)
        table.add_column("why")
        best = chosen.cost(*call)
        for name, each in algorithms.registry(platform).items():
            reason = each.refuses(*call)
            if reason:
                table.add_row(name, "", f"refuses: {reason}", style="dim")
                continue
            seconds = each.cost(*call)
            ratio = seconds / best if best else 1.0
            why, style = f"{ratio:.3g} times the chosen", ""
            if name == chosen.name:
                why, style = "chosen, with the smallest predicted time", "green"
            elif name not in able:
                why += "; " + _only_for(name, call)
            row = (f"✓ {name}" if name == chosen.name else name, _time(seconds))
            table.add_row(*row, f"{why}: {_how(each)}", style=style)
        tables.append(table)
    return tables


def _only_for(name: str, call: tuple[Any, ...]) -> str:
    """The method that takes what "auto" does not."""
    from jconv import algorithms  # noqa: PLC0415

    fast = name in algorithms.candidates(*call, method=algorithms.FAST)
    return f'for method="{algorithms.FAST if fast else name}"'


def _how(algorithm: Algorithm) -> str:
    """What an algorithm does: the first sentence of its file."""
    said = inspect.getdoc(inspect.getmodule(type(algorithm))) or ""
    sentence = " ".join(said.split("\n\n")[0].split()).rstrip(".").replace("``", "'")
    return sentence[:1].lower() + sentence[1:]


def _time(seconds: float) -> str:
    """A time in a fitting unit.

    Examples:
        >>> _time(0.00123), _time(2e-7)
        ('1.23 ms', '0.2 µs')
    """
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
