"""The transforms of ``winograd``: arrays to their values at points, and back.

Both go along one axis after the other. Along an axis each value is a weighted sum of a
tile's entries, which are slices of the whole. What a loop makes is an array of its own;
otherwise the compiler would make it again for every sum that it enters.

Every point of the first axis has an array, those of the others stand together in it. So
there are several products, which the compiler for CPUs gives to several cores; it has
one core make a single batch of small ones.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING

import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import function, unseen
from jconv.algorithms.parts.toom_cook import Tables, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jax import Array

    from jconv.algorithms.parts.toom_cook import Matrix
    from jconv.geometry import Axis


@dataclasses.dataclass(frozen=True)
class ToomTiles:
    """Tiles of results along each axis.

    Attributes:
        axes: the relation per axis, without strides and dilations.
        results: results of a tile, along an axis with more taps than one.
    """

    axes: tuple[Axis, ...]
    results: tuple[int, ...]

    @functools.cached_property
    def tables(self) -> tuple[Tables, ...]:
        """Per axis."""
        return tuple(
            tables(results, axis.n_kernel)
            for results, axis in zip(self.results, self.axes, strict=True)
        )

    @property
    def counts(self) -> tuple[int, ...]:
        """Tiles along each axis."""
        return tuple(
            -(-axis.n_output // table.tile)
            for axis, table in zip(self.axes, self.tables, strict=True)
        )

    @property
    def points(self) -> int:
        """Products of matrices."""
        return math.prod(table.points for table in self.tables)

    @property
    def arrays(self) -> int:
        """How many hold the values: one for each point of the first parted axis."""
        return self.tables[self._parted[0]].points

    @property
    def tile(self) -> int:
        """Results of a tile."""
        return math.prod(table.tile for table in self.tables)

    def work(self, matrix: str, *, back: bool = False) -> tuple[int, int]:
        """Sums that a tile takes, and their terms: to values at points, or ``back``."""
        values = [table.points for table in self.tables]
        entries = [
            len(table.kernel[0]) if matrix == "kernel" else table.tile
            for table in self.tables
        ]
        sums = terms = 0
        for a, table in enumerate(self.tables):
            if table.points == 1:
                continue
            around = math.prod(values[:a]) * math.prod(entries[a + 1 :])
            new = around * (entries[a] if back else table.points)
            sums += new
            reads_values = back or matrix == "source"
            terms += new * (table.points if reads_values else entries[a])
        return sums, terms

    def extents(self, counts: Sequence[int]) -> list[int]:
        """Entries of the source that so many tiles read, per axis."""
        return [
            table.tile * count + table.points - table.tile
            for count, table in zip(counts, self.tables, strict=True)
        ]

    def written(self, counts: Sequence[int]) -> list[int]:
        """Results that so many tiles hold, per axis."""
        return [
            table.tile * count for count, table in zip(counts, self.tables, strict=True)
        ]

    def source(self, block: Array, counts: Sequence[int]) -> list[Array]:
        """Values at points of what tiles read.

        Args:
            block: (n, *S, c), as many entries as ``extents`` says.
            counts: tiles along each axis.

        Returns:
            per point of the first axis (points of the others, n, *counts, c).
        """
        return self._values([table.source for table in self.tables], block, counts)

    def other(self, block: Array, counts: Sequence[int]) -> list[Array]:
        """The adjoint of ``back``, of (n, *written, m), as ``source`` does."""
        matrices = [_transposed(table.results) for table in self.tables]
        return self._values(matrices, block, counts)

    def kernel(self, kernel: Array) -> list[Array]:
        """(e, *K, c, m) -> per point of the first axis (points, e, c, m).

        Its entries lie side by side, so products do it, which compile in no time.
        """
        e, *window, c, m = kernel.shape
        entries = lax.reshape(kernel, (e, math.prod(window), c * m))
        weights = functools.reduce(np.kron, (_array(t.kernel) for t in self.tables))
        return [
            lax.dot_general(
                part.astype(kernel.dtype),
                entries,
                (([1], [1]), ([], [])),
                precision=lax.Precision.HIGHEST,
            ).reshape(-1, e, c, m)
            for part in np.split(weights, self.arrays)
        ]

    def kernel_back(self, values: Sequence[Array]) -> Array:
        """The adjoint of ``kernel``."""
        _, e, c, m = values[0].shape
        shape = (-1, e, *[1] * len(self.axes), c * m)
        matrices = [_transposed(table.kernel) for table in self.tables]
        kernel = self._entries(matrices, [each.reshape(shape) for each in values])
        return kernel.reshape(*kernel.shape[:-1], c, m)

    def back(self, products: Sequence[Array]) -> Array:
        """Per point of the first axis (points, n, *counts, m) -> (n, *written, m)."""
        return self._entries([table.results for table in self.tables], products)

    @property
    def _parted(self) -> list[int]:
        """The axes that have more points than one."""
        return [a for a, table in enumerate(self.tables) if table.points > 1]

    def _values(
        self, matrices: Sequence[Matrix], block: Array, counts: Sequence[int]
    ) -> list[Array]:
        """Each tile's weighted sums of entries, per point of the first parted axis."""
        tiles = [(n, table.tile) for n, table in zip(counts, self.tables, strict=True)]
        first, *others = self._parted

        @functools.cache
        def from_entries(taken: tuple[int, ...]) -> Callable[..., Array]:
            return function(
                functools.partial(_value, axis=first, taken=taken, tiles=tiles[first])
            )

        values = []
        for weights in _array(matrices[first]):
            taken = np.flatnonzero(weights)
            value = from_entries(tuple(taken.tolist()))
            values.append(value(block, unseen(weights[taken], block.dtype))[None])
        for axis in others:
            along = functools.partial(
                _values_along, axis=axis, matrix=matrices[axis], tiles=tiles[axis]
            )
            values = list(map(function(along), values))
        return values

    def _entries(self, matrices: Sequence[Matrix], values: Sequence[Array]) -> Array:
        """The way back: each tile's weighted sums of values."""
        first, *others = self._parted
        for axis in reversed(others):
            along = functools.partial(_entries_along, axis=axis, matrix=matrices[axis])
            values = list(map(function(along), values))
        rows = [lax.squeeze(each, [0]) for each in values]
        # Not by a function: they are made where they are stored.
        return lax.collapse(
            _sums(rows, matrices[first], first + 2), first + 1, first + 3
        )


def _value(
    block: Array,
    weights: Array,
    *,
    axis: int,
    taken: tuple[int, ...],
    tiles: tuple[int, int],
) -> Array:
    """A point's value along an axis, for all tiles: how many they are, how far apart.

    Zeros leave entries out. Points that take the same entries share a function, which
    is compiled once: they differ in the weights.
    """
    terms = [
        lax.mul(entries, lax.broadcast_in_dim(weights[n], entries.shape, []))
        for n, entries in enumerate(_every(block, axis + 1, taken, tiles))
    ]
    return functools.reduce(lax.add, terms)


def _values_along(
    entries: Array, *, axis: int, matrix: Matrix, tiles: tuple[int, int]
) -> Array:
    """(points, n, *S, c): entries along an axis become values at further points."""
    taken = _every(entries, axis + 2, range(len(matrix[0])), tiles)
    return lax.collapse(_sums(taken, matrix, 1), 0, 2)


def _entries_along(values: Array, *, axis: int, matrix: Matrix) -> Array:
    """(points, n, *counts, m): values at the points of an axis become entries."""
    points = len(matrix[0])
    rest = values.shape[0] // points
    parted = lax.reshape(values, (rest, points, *values.shape[1:]))
    taken = [lax.index_in_dim(parted, n, 1, keepdims=False) for n in range(points)]
    return lax.collapse(_sums(taken, matrix, axis + 3), axis + 2, axis + 4)


def _every(
    array: Array, axis: int, taken: Iterable[int], tiles: tuple[int, int]
) -> list[Array]:
    """Some entries of every tile along an axis."""
    count, pace = tiles
    reach = pace * (count - 1) + 1
    return [lax.slice_in_dim(array, n, n + reach, pace, axis) for n in taken]


def _sums(arrays: Sequence[Array], matrix: Matrix, place: int) -> Array:
    """Each row's weighted sum of arrays, along a new dimension."""
    weights = _array(matrix).astype(arrays[0].dtype)
    shape = (*arrays[0].shape[:place], len(matrix), *arrays[0].shape[place:])
    kept = [a for a in range(len(shape)) if a != place]
    terms = [
        lax.mul(
            lax.broadcast_in_dim(array, shape, kept),
            lax.broadcast_in_dim(weights[:, n], shape, [place]),
        )
        for n, array in enumerate(arrays)
    ]
    return functools.reduce(lax.add, terms)


def _array(matrix: Matrix) -> np.ndarray:
    """In double precision."""
    return np.array(matrix, float)


def _transposed(matrix: Matrix) -> Matrix:
    """Columns as rows."""
    return tuple(zip(*matrix, strict=True))
