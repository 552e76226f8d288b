"""``jconv tune``: measure algorithms for given convolutions and keep the fastest."""

from __future__ import annotations

import fnmatch
import itertools
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jconv import cli_options
from jconv.errors import GeometryError

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from jconv.bench.candidates import Contraction, Measured
    from jconv.bench.layer import Layer

HELP = """
Measure every algorithm for given convolutions and store the fastest of each.

The file is for jconv.tuned: pass what that gives as method, and the convolutions \
that were measured use what was fastest here, forward and backward. It holds for one \
kind of device and one jaxlib; elsewhere it is ignored with a warning.

Sizes must be those of the calls, the batch's too. What the file already holds stays, \
if it was measured under the same circumstances.

[bold]Examples[/bold]

[cyan]jconv tune --input 56x56 --kernel 3x3 --channels 64:64 --batch 8 --padding \
same[/cyan]

[cyan]jconv tune --layers 'resnet50/*' --out resnet50.json[/cyan]  layers of the \
benchmark's table

[cyan]jconv tune --random 60 --seconds 0.2 --out random.json[/cyan]  layers that \
nobody listed: how well the choice does that measures nothing
"""
"""What ``--help`` says: a paragraph a line."""

MUCH = 1.2
"""Times the fastest's time that a choice should not take."""


def tune(
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
        typer.Option(metavar="NAME|N|LOW:HIGH", help="valid, same ... or sizes."),
    ] = "valid",
    kernel_dilation: Annotated[
        str, typer.Option(metavar="N|NxN", help="Negative: true convolution.")
    ] = "1",
    groups: Annotated[int, typer.Option(help="Into how many the channels split.")] = 1,
    layers: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Layers of jconv bench, * and ? allowed."),
    ] = None,
    random: Annotated[
        int | None,
        typer.Option(min=1, metavar="COUNT", help="Random layers, always the same."),
    ] = None,
    dtype: Annotated[str, typer.Option(help="Of x and w.")] = "float32",
    seconds: Annotated[
        float, typer.Option(min=0.05, help="For timing each contraction.")
    ] = 1.0,
    fast: Annotated[  # noqa: FBT002 (an option has a name)
        bool,
        typer.Option("--fast", help='Also try what loses more digits, as "fast" may.'),
    ] = False,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the choices are kept.")
    ] = Path("tuned.json"),
) -> None:
    """Understand everything first, measure, store after each."""
    from rich.console import Console  # noqa: PLC0415

    from jconv import tuning  # noqa: PLC0415
    from jconv.bench.candidates import contractions  # noqa: PLC0415
    from jconv.geometry import Geometry  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 120)
    dtype = cli_options.dtype("--dtype", dtype)
    sizes: dict[str, tuple[object, object]] = {
        "--input": (input_, None),
        "--kernel": (kernel, None),
        "--channels": (channels, "1:1"),
        "--batch": (batch, 1),
        "--stride": (stride, "1"),
        "--padding": (padding, "valid"),
        "--kernel-dilation": (kernel_dilation, "1"),
        "--groups": (groups, 1),
    }
    if layers is not None:
        _refuse_beside("--layers", sizes | {"--random": (random, None)})
        found = _of_layers({each.name: each for each in _named(layers)}, dtype)
    elif random is not None:
        _refuse_beside("--random", sizes)
        found = _of_layers(_drawn(random), dtype)
    else:
        if input_ is None or kernel is None:
            lacking = "--input" if input_ is None else "--kernel"
            expected = "sizes such as 3x3, or --layers or --random instead"
            raise GeometryError.of(lacking, None, expected)
        taps = cli_options.sizes("--kernel", kernel)
        c_in, c_out = cli_options.channels("--channels", channels)
        geometry = Geometry.from_call(
            cli_options.sizes("--input", input_),
            taps,
            stride=cli_options.per_axis("--stride", stride),
            padding=cli_options.padding(padding, len(taps)),
            kernel_dilation=cli_options.per_axis("--kernel-dilation", kernel_dilation),
            groups=groups,
        )
        name = f"{input_} * {kernel}"
        found = contractions(geometry, (batch, c_in, c_out), dtype, name)
    tuning.writable("--out", out)
    if out.exists() and not tuning.ours(out):
        mend = "It would be replaced: remove it first, or name another."
        raise GeometryError.of("--out", str(out), "a new file, or one of tune's", mend)
    _measure(console, found, seconds, out, fast=fast)


def _refuse_beside(whose: str, options: Mapping[str, tuple[object, object]]) -> None:
    """Refuse what a layer has of its own."""
    mend = "Those layers have their own sizes."
    cli_options.refuse(options, f"nothing beside {whose}", mend)


def _of_layers(layers: Mapping[str, Layer], dtype: str) -> list[Contraction]:
    """The three contractions of every layer, by what it is called."""
    from jconv.bench.candidates import ORDER, Contraction  # noqa: PLC0415

    return [
        Contraction(name, each.geometry, each.canonical_shapes, role, dtype)
        for name, each in layers.items()
        for role in ORDER
    ]


def _drawn(count: int) -> dict[str, Layer]:
    """Random layers, by their sizes."""
    from jconv.bench.random_layers import random_layers  # noqa: PLC0415

    return {each.shape: each for each in itertools.islice(random_layers(), count)}


def _named(pattern: str) -> list[Layer]:
    """Layers of the benchmark whose names fit."""
    from jconv.bench.held_out import HELD_OUT  # noqa: PLC0415
    from jconv.bench.layers import LAYERS  # noqa: PLC0415

    every = (*LAYERS, *HELD_OUT)
    fitting = [each for each in every if fnmatch.fnmatch(each.name, pattern)]
    if not fitting:
        names = ", ".join(each.name for each in every[:4])
        raise GeometryError.of("--layers", pattern, f"names such as {names}")
    return fitting


def _measure(
    console: Console,
    found: Sequence[Contraction],
    seconds: float,
    out: Path,
    *,
    fast: bool,
) -> None:
    """One contraction after the other; the file is whole after each."""
    from jconv import compat, tuning  # noqa: PLC0415
    from jconv.algorithms import AUTO, FAST  # noqa: PLC0415
    from jconv.bench.candidates import measure  # noqa: PLC0415
    from jconv.bench.timing import Effort  # noqa: PLC0415

    platform = compat.lowering_platform()
    choices: dict[str, str] = {}
    samples: dict[str, Any] = {}
    slowness: list[float] = []
    if out.exists():
        try:
            choices, samples = tuning.stored(out), tuning.samples(out)
        except ValueError as error:
            console.print(f"{out} is replaced: {error}.", style="yellow")
    for contraction in found:
        with console.status(f"{contraction.name} {contraction.out}"):
            measured = measure(
                contraction, platform, Effort(seconds), FAST if fast else AUTO
            )
        choices[contraction.key(platform)] = measured.fastest
        samples[contraction.key(platform)] = measured.seconds
        tuning.store(out, choices, samples)
        slowness.append(measured.slowness)
        console.print(_line(measured), highlight=False)
    console.print(_judgement(slowness), highlight=False)
    console.print(f"Written: {out}, {len(choices)} choices", highlight=False)


def _judgement(slowness: Sequence[float]) -> str:
    """How well the choice does without this file."""
    mean = statistics.geometric_mean(slowness)
    slow = sum(each > MUCH for each in slowness)
    return (
        f"As chosen without measuring, they take {mean:.3f} times as long as the "
        f"fastest (geometric mean of {len(slowness)}); "
        f"{slow} of them more than {MUCH} times"
    )


def _line(measured: Measured) -> str:
    """One contraction: what was fastest, and the others."""
    times = [
        f"{name} {1e3 * seconds:.3g} ms" for name, seconds in measured.medians.items()
    ]
    name = f"{measured.contraction.name} {measured.contraction.out}"
    left = len(measured.predicted) - len(measured.seconds)
    rest = "; ".join(
        [", ".join(times[1:])] * (len(times) > 1) + [f"{left} not tried"] * (left > 0)
    )
    others = f"  [dim]{rest}[/dim]" if rest else ""
    slow = ""
    if measured.slowness > MUCH:
        slow = f"  [yellow]unmeasured: {measured.chosen}[/yellow]"
    return f"{name:40}  [green]{times[0]}[/green]{slow}{others}"
