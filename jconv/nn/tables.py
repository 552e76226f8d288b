"""What a network is made of: a row for each layer, as data and as a table."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jconv.geometry import receptive_field
from jconv.geometry.checks import is_integer
from jconv.nn.compose import Residual, Sequential
from jconv.nn.layer import Layer, Shape, Trail, joined, parameter_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table


@dataclasses.dataclass(frozen=True)
class Row:
    """One layer of a network.

    Attributes:
        name: its kind and what distinguishes it.
        depth: how deep it stands in composed layers.
        output_shape: of one example.
        parameters: numbers that an optimiser changes.
        flop: operations of the products for one example.
        field: per axis how many of the network's inputs one output sees; None for all
            of them, () where that is not told.
    """

    name: str
    depth: int
    output_shape: Shape
    parameters: int
    flop: int
    field: tuple[int, ...] | None


def rows(layer: Layer, input_shape: Shape) -> list[Row]:
    """Every layer that is not made of others, in order; nothing is computed.

    A ``Residual`` has a row of its own, at which its two ways meet.

    Examples:
        >>> from jconv.nn import Conv, MaxPool, Sequential
        >>> net = Sequential((Conv(6, 5), MaxPool(2), Conv(16, 5)))
        >>> [(row.parameters, row.field) for row in rows(net, (32, 32, 1))]
        [(156, (5, 5)), (0, (6, 6)), (2416, (14, 14))]
    """
    nothing: Trail = ((),) * (len(input_shape) - 1)
    return list(_walk(layer, tuple(input_shape), nothing, 0, ""))


def _walk(
    layer: Layer, shape: Shape, before: Trail | None, depth: int, prefix: str
) -> Iterator[Row]:
    """Rows of a layer whose input has come along a trail."""
    if isinstance(layer, Sequential):
        for each in layer.layers:
            yield from _walk(each, shape, before, depth, prefix)
            before, shape = joined(before, each.trail(shape)), each.output_shape(shape)
        return
    if isinstance(layer, Residual):
        yield from _walk(layer.body, shape, before, depth + 1, "")
        if layer.shortcut is not None:
            yield from _walk(layer.shortcut, shape, before, depth + 1, "around: ")
    after = joined(before, layer.trail(shape))
    composed = isinstance(layer, Residual)
    yield Row(
        name=prefix + _name(layer, shape),
        depth=depth,
        output_shape=layer.output_shape(shape),
        parameters=0 if composed else parameter_count(layer, shape),
        flop=0 if composed else layer.flop(shape),
        field=None if after is None else tuple(map(receptive_field, after)),
    )


def _name(layer: Layer, shape: Shape) -> str:
    """The kind, and what a reader of the table wants to know of it."""
    kind, rank = type(layer).__name__, len(shape) - 1
    if kind == "Residual":
        return "added"
    said = []
    for field, sign in (("kernel_size", ""), ("window", ""), ("stride", "/")):
        value = getattr(layer, field, None)
        if value is None or (field == "stride" and value == 1):
            continue
        sizes = (value,) * max(rank, 1) if is_integer(value) else value
        same = field == "stride" and len(set(sizes)) == 1
        said.append(sign + (str(sizes[0]) if same else " x ".join(map(str, sizes))))
    if getattr(layer, "groups", 1) != 1:
        said.append(f"in {layer.groups} groups")  # type: ignore[attr-defined]
    function = getattr(layer, "function", None)
    if isinstance(function, str):
        said.append(function)
    if hasattr(layer, "rate"):
        said.append(f"{layer.rate:g}")
    return " ".join([kind, *said])


def summary(layer: Layer, input_shape: Shape, title: str = "") -> Table:
    """A table for the terminal: ``rich.print(nn.summary(net, (28, 28, 1)))``.

    Args:
        layer: the network.
        input_shape: the shape of one example.
        title: stands above.

    Examples:
        >>> from rich.console import Console
        >>> from jconv.nn import Conv, MaxPool, Sequential
        >>> net = Sequential((Conv(6, 5), MaxPool(2), Conv(16, 5)))
        >>> table = summary(net, (32, 32, 1))
        >>> Console(width=80, color_system=None).print(table)
        layer          output        parameters     flop     sees
        input          32 × 32 × 1
        Conv 5 x 5     28 × 28 × 6          156  235,200    5 × 5
        MaxPool 2 x 2  14 × 14 × 6                          6 × 6
        Conv 5 x 5     10 × 10 × 16       2,416  480,000  14 × 14
        in all                            2,572  715,200
    """
    from rich.table import Table  # noqa: PLC0415  (only who prints needs it)

    found = rows(layer, input_shape)
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        show_footer=True,
        footer_style="bold",
    )
    total = sum(row.parameters for row in found)
    flop = sum(row.flop for row in found)
    table.add_column("layer", footer="in all")
    table.add_column("output", no_wrap=True)
    table.add_column("parameters", justify="right", footer=f"{total:,}")
    table.add_column("flop", justify="right", footer=f"{flop:,}")
    table.add_column("sees", justify="right")
    table.add_row("[dim]input", "[dim]" + _by(tuple(input_shape)), "", "", "")
    for row in found:
        table.add_row(
            "  " * row.depth + row.name,
            _by(row.output_shape),
            f"{row.parameters:,}" if row.parameters else "",
            f"{row.flop:,}" if row.flop else "",
            "all" if row.field is None else _by(row.field),
        )
    return table


def _by(sizes: tuple[int, ...]) -> str:
    """Sizes with a sign between them.

    Examples:
        >>> _by((28, 28, 1))
        '28 × 28 × 1'
    """
    return " × ".join(map(str, sizes))
