"""Tiles that are worked on at once, so that their values take little memory."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import carried, materialised, pad_to

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
            many = max(k for k in range(1, min(n, fit // whole) + 1) if n % k == 0)
            return cls(tiles, n, whole, many)
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

    def source_padding(self, shape: tuple[int, ...]) -> list[tuple[int, int]]:
        """What makes (e, n, *S, c) as long as all tiles read."""
        extents = self.tiles.extents(self.all_counts)
        spatial = [
            (axis.low, extent - size - axis.low)
            for axis, extent, size in zip(
                self.tiles.axes, extents, shape[2:-1], strict=True
            )
        ]
        return [(0, 0), (0, 0), *spatial, (0, 0)]

    def other_padding(self, shape: tuple[int, ...]) -> list[tuple[int, int]]:
        """What makes (e, n, *R, m) as long as all tiles write."""
        written = self.tiles.written(self.all_counts)
        spatial = [
            (0, places - size)
            for places, size in zip(written, shape[2:-1], strict=True)
        ]
        return [(0, 0), (0, 0), *spatial, (0, 0)]

    def starts(self) -> np.ndarray:
        """(blocks, 2): the first example and the first row of tiles."""
        grid = np.meshgrid(
            np.arange(0, self.n, self.examples),
            np.arange(self.per_example) * self.rows,
            indexing="ij",
        )
        return np.stack(grid, -1).reshape(-1, 2).astype(np.int32)

    def padded(
        self, array: Array, config: list[tuple[int, int]]
    ) -> Callable[[], Array]:
        """What gives the padded array: to many blocks, each of which pads its part."""
        if len(self.starts()) == 1:
            whole = pad_to(array, config)
            return lambda: whole
        inside, zero = carried(array), np.zeros((), array.dtype)
        return lambda: lax.pad(inside(), zero, [(*ends, 0) for ends in config])

    def cut(self, whole: Callable[[], Array], start: Array, sizes: list[int]) -> Array:
        """What a block reads of (e, n, *S, c): so much along the spatial axes.

        As an array of its own: values are sums of strided slices, and those of a part
        that is not there yet take twice as long.
        """

        def part() -> Array:
            array, zero = whole(), jnp.zeros((), start.dtype)
            begin = [zero, start[0], start[1] * self.tiles.tables[0].tile]
            begin += [zero] * (array.ndim - 3)
            size = [array.shape[0], self.examples, *sizes, array.shape[-1]]
            return lax.dynamic_slice(array, begin, size)

        return materialised(part)
