"""Tiles that are worked on at once, so that their values take little memory."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import function, slice_at
from jconv.algorithms.parts.turns import largest_divisor, origins

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array

    from jconv.algorithms.parts.toom_tiles import ToomTiles


@dataclasses.dataclass(frozen=True)
class TileBlocks:
    """Tiles that are worked on at once: of some examples, or of a part of one.

    Attributes:
        tiles: all of them.
        n: the number of examples.
        rows: tiles along the first axis per block.
        examples: per block.
    """

    tiles: ToomTiles
    n: int
    rows: int
    examples: int

    @classmethod
    def of(
        cls,
        tiles: ToomTiles,
        shape: tuple[int, ...],
        value_bytes: int,
        tile_bytes: int,
    ) -> TileBlocks:
        """Blocks whose values take at most ``tile_bytes``, ``value_bytes`` a place."""
        e, n = shape[:2]
        row = e * tiles.points * value_bytes * math.prod(tiles.counts[1:])
        fit = max(1, tile_bytes // row)
        whole = tiles.counts[0]
        if fit >= whole:
            return cls(tiles, n, whole, largest_divisor(n, fit // whole))
        return cls(tiles, n, -(-whole // -(-whole // fit)), 1)

    @property
    def per_example(self) -> int:
        """Blocks that an example takes, along the first axis."""
        return -(-self.tiles.counts[0] // self.rows)

    @property
    def counts(self) -> tuple[int, ...]:
        """Tiles of a block along each axis."""
        return (self.rows, *self.tiles.counts[1:])

    @property
    def all_counts(self) -> tuple[int, ...]:
        """Tiles of an example along each axis, with those that fill the last block."""
        return (self.rows * self.per_example, *self.tiles.counts[1:])

    @property
    def number(self) -> int:
        """Of blocks; those of an example follow each other."""
        return self.n // self.examples * self.per_example

    def source(self, array: Array) -> Callable[[Array], Array]:
        """What gives a block of (e, n, *S, c), with what its tiles share."""
        lows = [axis.low for axis in self.tiles.axes]
        return self._reader(array, lows, self.tiles.extents)

    def other(self, array: Array) -> Callable[[Array], Array]:
        """What gives a block of (e, n, *R, m): each tile has its own."""
        return self._reader(array, [0] * len(self.counts), self.tiles.written)

    def _reader(
        self,
        array: Array,
        lows: list[int],
        reach: Callable[[tuple[int, ...]], list[int]],
    ) -> Callable[[Array], Array]:
        """What gives a block's entries.

        Args:
            array: (e, n, *S, c).
            lows: entries before the array's own, along each axis.
            reach: how many entries so many tiles take, along each axis.

        Returns:
            of a block's number: (e * examples, *reach, c). A function copies it, and
            pads what it copies.
        """
        zero, config = np.zeros((), array.dtype), [(0, 0, 0)] * array.ndim
        whole = zip(lows, reach(self.all_counts), strict=True)
        for a, (low, extent) in enumerate(whole, start=2):
            config[a] = (low, extent - low - array.shape[a], 0)
        sizes = reach(self.counts)
        size = [array.shape[0], self.examples, *sizes, array.shape[-1]]
        many = self.n // self.examples, self.examples
        rows = self.rows * self.tiles.tables[0].tile
        places = origins(many, (self.per_example, rows))

        @function
        def entries(array: Array, block: Array) -> Array:
            example, row = places(block)
            zeros: list[Any] = [np.int32(0)] * len(size)
            begin = [zeros[0], example, row, *zeros[3:]]
            part = slice_at(lax.pad(array, zero, config), begin, size)
            return lax.collapse(part, 0, 2)

        return functools.partial(entries, array)
