"""A plan of ``winograd``: how many results a tile has along each axis.

More results take fewer products and lose more to rounding; and they are wasted where a
tile reaches over the end.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

from jconv.algorithms import costs
from jconv.algorithms.accelerators import is_accelerator, sums_seconds
from jconv.algorithms.accuracy import tiles_bound
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.toom_tiles import ToomTiles
from jconv.algorithms.parts.undilated import Undilated, remainders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jax.typing import DTypeLike

    from jconv.algorithms.parts.windowed import Windowed
    from jconv.algorithms.protocol import Shapes
    from jconv.geometry import Geometry, Role

VALUES_PER_SECOND = 8e9
"""Values at points, and steps on the way, that are made or used up on a CPU."""

KERNEL_VALUES_PER_SECOND = 4e9
"""The kernel's: they do not stay in a cache."""

TURNED_VALUES_PER_SECOND = 2e9
"""The same where products turn them, or where they are made to go back."""

TERMS_PER_SECOND = 1e11
"""Entries times weights that such values are sums of."""

POINT_SECONDS = 3e-6
"""What starting the loops takes that make and use up the array of a point."""

CUBES = 1.1
"""How much longer it all takes over three axes, whose sums read from far apart."""

PRODUCTS = 0.65
TURNED_PRODUCTS = 0.9
"""What the products take of what as many would in other algorithms: a cache holds what
they read and make. Those that turn an operand read it in another order."""

HALF_SPEED_CHANNELS = 6
"""Bytes of the channels on the narrower side at which it all takes twice as long."""


@dataclasses.dataclass(frozen=True)
class TilePlan:
    """Tiles of one size.

    Attributes:
        view: the source and its relation.
        tiles: the tiles of its results.
        sizes: leading axis, examples, channels of the source, and of the other.
        out: the role of the result.
    """

    view: Windowed
    tiles: ToomTiles
    sizes: tuple[int, int, int, int]
    out: Role

    def bound(self, dtype: DTypeLike) -> float:
        """Factor B of the rounding error, relative to the norms of the operands."""
        _, n, c, _ = self.sizes
        terms = n * math.prod(self.tiles.counts) if self.out == "kernel" else c
        return tiles_bound(self.tiles.tables, self.out, terms, dtype)

    def seconds(self, item: int, platform: str | None) -> float:
        """A product per point, and the sums that make its operands and results."""
        tiles, kernel = self.tiles, self.out == "kernel"
        e, n, c, m = self.sizes
        count = n * math.prod(tiles.counts)
        sizes = (c, count, m) if kernel else (count, c, m)
        products = costs.gemm_seconds(e * tiles.points, *sizes, platform, turned=kernel)
        around = [
            (count * c, tiles.work("source")),
            (count * m, tiles.work("results", back=not kernel)),
        ]
        values = e * sum(number * found for number, (found, _) in around)
        terms = e * sum(number * added for number, (_, added) in around)
        weights = e * tiles.points * c * m
        moved = e * count * tiles.tile * (c + m) * item
        if is_accelerator(platform):
            return products + sums_seconds(terms, (values + weights) * item + moved)
        ordinary = self.out == "output"
        pace = KERNEL_VALUES_PER_SECOND if ordinary else TURNED_VALUES_PER_SECOND
        seconds = values / VALUES_PER_SECOND + terms / TERMS_PER_SECOND + weights / pace
        seconds *= item / costs.FLOAT_BYTES
        seconds += costs.copy_seconds(moved, min(c, m) * item, platform)
        if any(remainders(axis) > 1 for axis in self.view.axes):
            # Padded to what the dilation divides; results are cropped.
            seconds += costs.copy_seconds(moved, min(c, m) * item, platform)
        share = TURNED_PRODUCTS if kernel else PRODUCTS
        seconds += tiles.arrays * POINT_SECONDS + share * products
        seconds *= 1 + HALF_SPEED_CHANNELS / (min(c, m) * item)
        if sum(table.points > 1 for table in tiles.tables) > 2:
            seconds *= CUBES
        return max(costs.CALL_SECONDS, seconds)


def ways(
    geometry: Geometry, shapes: Shapes, out: Role, results: Sequence[int]
) -> Iterator[TilePlan]:
    """Every way to tile the results, with any of some numbers along each axis."""
    view = windowed.at_every_place(geometry, out)
    if view is None:
        return
    axes = Undilated(view.axes).apart
    batched = shapes["output" if out == "input" else "input"]
    n = math.prod(batched[1 : -2 - geometry.rank])
    choices = [results if axis.n_kernel > 1 else (1,) for axis in axes]
    for each in itertools.product(*choices):
        tiles = ToomTiles(axes, each)
        yield TilePlan(view, tiles, (batched[0], n, *view.channels(shapes)), out)
