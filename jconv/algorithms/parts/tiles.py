"""Windows of a source, copied out tile by tile.

A window's entries along the last axis lie together with their channels, so a window is
a few contiguous runs of the source seen as a matrix, and copying runs is what memory
is fastest at. All windows at once would take as many times the source's memory as the
kernel has taps; a *tile* of them takes a few megabytes on a CPU, and its product is
made before the next tile is copied.

Results are walked in *units*: all places of one row of the last axis, or a chunk of
them if a row alone is too much for a tile.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import materialised, pad_to, rows_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array

    from jconv.geometry import Axis

CONSTANTS = 2**16
"""Beginnings of units that a program holds; it would be as long as the batch is."""


@dataclasses.dataclass(frozen=True)
class Tiling:
    """How the windows of a source are divided.

    Attributes:
        axes: per spatial axis the relation of source, kernel and result.
        n: the number of examples.
        chunk: places of the last axis that make a unit.
        units_per_tile: units that are copied at once.
    """

    axes: tuple[Axis, ...]
    n: int
    chunk: int
    units_per_tile: int

    @classmethod
    def of(
        cls,
        axes: tuple[Axis, ...],
        n: int,
        place_bytes: int,
        tile_bytes: int,
        whole: float,
    ) -> Tiling:
        """The largest tiles within ``tile_bytes``, a window taking ``place_bytes``.

        Windows that take no more than ``whole`` tiles are one.
        """
        places = axes[-1].n_output
        windows = n * math.prod(axis.n_output for axis in axes) * place_bytes
        if 0 < windows <= whole * tile_bytes:
            tile_bytes = windows
        fit = max(1, tile_bytes // max(1, place_bytes))
        chunk = places if fit >= places else -(-places // -(-places // fit))
        units = n * math.prod(axis.n_output for axis in axes[:-1])
        units *= -(-places // chunk)
        return cls(axes, n, chunk, _even(units, max(1, fit // chunk)))

    @property
    def chunks(self) -> int:
        """Units per row of the last axis."""
        return -(-self.axes[-1].n_output // self.chunk)

    @property
    def units(self) -> int:
        """All units."""
        lead = math.prod(axis.n_output for axis in self.axes[:-1])
        return self.n * lead * self.chunks

    @property
    def tiles(self) -> int:
        """The number of tiles; the last may hold units that do not exist."""
        return -(-self.units // self.units_per_tile)

    @functools.cached_property
    def extents(self) -> tuple[int, ...]:
        """Per axis the positions that there are, and that all windows cover."""
        places = [axis.n_output for axis in self.axes]
        places[-1] = self.chunks * self.chunk
        return tuple(
            max(axis.stride * (count - 1) + axis.span, axis.low + axis.n_input)
            for axis, count in zip(self.axes, places, strict=True)
        )

    @property
    def runs_join(self) -> bool:
        """Whether the taps of the last axis lie side by side."""
        return self.axes[-1].kernel_dilation == 1

    def padded(self, source: Array) -> Array:
        """(e, n, *S, c) -> (e, n, *extents, c): every window lies inside."""
        config = [(0, 0)] * source.ndim
        for a, (axis, extent) in enumerate(zip(self.axes, self.extents, strict=True)):
            config[2 + a] = (axis.low, extent - axis.n_input - axis.low)
        return pad_to(source, config)

    def starts(self) -> np.ndarray | Array:
        """(tiles, units per tile, 2): where each unit begins, as (row, place)."""
        lead = [axis.n_output for axis in self.axes[:-1]]
        paces = [axis.stride for axis in self.axes[:-1]]
        rows = [
            math.prod(self.extents[a:-1]) * pace for a, pace in enumerate([1, *paces])
        ]
        step = self.axes[-1].stride * self.chunk
        both = beginnings(
            [self.n, *lead, self.chunks],
            [*rows, 0],
            [0] * len(rows) + [step],
            count=self.tiles * self.units_per_tile,
        )
        return both.reshape(self.tiles, self.units_per_tile, 2)

    def runs(self) -> np.ndarray:
        """(runs of a unit, 2): where its runs begin, from the unit's own start."""
        last = self.axes[-1]
        lead = [range(axis.n_kernel) for axis in self.axes[:-1]]
        rows = [self._row(tap, "kernel_dilation") for tap in itertools.product(*lead)]
        taps = 1 if self.runs_join else last.n_kernel
        grid = np.meshgrid(
            np.arange(self.chunk) * last.stride,
            np.array(rows),
            np.arange(taps) * last.kernel_dilation,
            indexing="ij",
        )
        return np.stack([grid[1], grid[0] + grid[2]], -1).reshape(-1, 2)

    def _row(self, index: tuple[int, ...], factor: str) -> int:
        """Row of the flat source that an index of the leading axes means."""
        row = 0
        for a, entry in enumerate(index):
            row = row * self.extents[a] + entry * getattr(self.axes[a], factor)
        return row

    def windows(self, padded: Array, start: Array) -> Array:
        """One tile: (e, units per tile * chunk, taps * c), in a buffer of its own."""
        e, c = padded.shape[0], padded.shape[-1]
        table = padded.reshape(-1, self.extents[-1] * c)
        scale = np.array([1, c], np.int32)
        examples = np.arange(e, dtype=np.int32) * (table.shape[0] // e)
        own = np.stack([examples, np.zeros_like(examples)], -1)
        runs = (self.runs() * scale).astype(np.int32)
        length = c * (self.axes[-1].n_kernel if self.runs_join else 1)
        begin = (start * scale[None])[None, :, None]
        where = begin + (own[:, None, None] + runs[None, None])
        taps = math.prod(axis.n_kernel for axis in self.axes)
        if taps * c == length:  # a run is a whole window: nothing to reshape
            copied = rows_from(table, where, length)
        else:
            copied = materialised(lambda: rows_from(table, where, length))
        return copied.reshape(e, self.units_per_tile * self.chunk, taps * c)

    def in_units(self, other: Array) -> Array:
        """(e, n, *R, m) -> (e, tiles, places of a tile, m), zeros where none exist."""
        e, m = other.shape[0], other.shape[-1]
        last = self.axes[-1].n_output
        rows = other.reshape(e, -1, last, m)
        rows = _filled(rows, 2, self.chunks * self.chunk)
        units = rows.reshape(e, self.units, self.chunk, m)
        units = _filled(units, 1, self.tiles * self.units_per_tile)
        return units.reshape(e, self.tiles, -1, m)

    def from_units(self, tiles: Array) -> Array:
        """(e, tiles, places of a tile, m) -> (e, n, *R, m)."""
        e, m = tiles.shape[0], tiles.shape[-1]
        units = tiles.reshape(e, -1, self.chunk, m)
        units = lax.slice_in_dim(units, 0, self.units, axis=1)
        rows = units.reshape(e, -1, self.chunks * self.chunk, m)
        rows = lax.slice_in_dim(rows, 0, self.axes[-1].n_output, axis=2)
        return rows.reshape(e, self.n, *(axis.n_output for axis in self.axes), m)


def beginnings(
    sizes: Sequence[int], rows: Sequence[int], places: Sequence[int], count: int
) -> np.ndarray | Array:
    """(row, place) for each index of a grid in turn: sums of its entries times weights.

    A constant of the program; where there are many, the program makes them. The last
    one comes again until there are ``count``.

    Examples:
        >>> beginnings([2, 2], rows=[10, 0], places=[0, 1], count=5).tolist()
        [[0, 0], [0, 1], [10, 0], [10, 1], [10, 1]]
    """
    held = count <= CONSTANTS
    array: Any = np if held else jnp
    grid: Any = np.indices(sizes, np.int32) if held else _indices(sizes)

    def weighted(weights: Sequence[int]) -> Any:
        pairs = zip(grid, weights, strict=True)
        return sum(index * np.int32(weight) for index, weight in pairs)

    both = array.stack([weighted(rows), weighted(places)], -1).reshape(-1, 2)
    return array.pad(both, [(0, count - len(both)), (0, 0)], mode="edge")


def _indices(sizes: Sequence[int]) -> list[Array]:
    """``np.indices``, made by the program."""
    every = range(len(sizes))
    return [lax.broadcasted_iota(np.int32, tuple(sizes), d) for d in every]


def _filled(array: Array, dim: int, size: int) -> Array:
    """Zeros appended along one dimension."""
    config = [(0, 0)] * array.ndim
    config[dim] = (0, size - array.shape[dim])
    return pad_to(array, config)


def _even(units: int, at_most: int) -> int:
    """Units per tile: tiles of one size, if a size close to the limit divides."""
    at_most = min(units, at_most)
    for size in range(at_most, at_most // 2, -1):
        if units % size == 0:
            return size
    tiles = -(-units // at_most)
    return -(-units // tiles)
