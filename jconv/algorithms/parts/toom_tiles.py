"""The transforms of ``winograd``: arrays to their values at points, axis by axis.

Along each axis an array becomes a list of arrays, one for each point. Every one of them
is a sum of few slices of the whole, which a compiler makes one loop of, over all axes
together; nothing is gathered, and the products that follow find whole matrices.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts.toom_cook import Tables, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from jax import Array

    from jconv.algorithms.parts.toom_cook import Matrix
    from jconv.geometry import Axis

FIRST = 2
"""Dimension of the first spatial axis of (e, n, *S, c)."""


@dataclasses.dataclass(frozen=True)
class ToomTiles:
    """Tiles of results along each axis.

    Attributes:
        axes: the relation per axis, without strides and dilations.
        results: results of a tile, along an axis with more taps than one.
    """

    axes: tuple[Axis, ...]
    results: int

    @property
    def tables(self) -> tuple[Tables, ...]:
        """Per axis."""
        return tuple(
            tables(self.results if axis.n_kernel > 1 else 1, axis.n_kernel)
            for axis in self.axes
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

    def entries(self, matrix: str) -> int:
        """Entries of one of the matrices, of all axes together, that are not zero."""
        return math.prod(
            sum(bool(entry) for row in getattr(table, matrix) for entry in row)
            for table in self.tables
        )

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

    def source(self, part: Array, counts: Sequence[int]) -> list[Array]:
        """(e, n, *extents, c) -> per point (e, n, *counts, c)."""

        def values(array: Array, a: int) -> list[Array]:
            table, dim = self.tables[a], FIRST + a
            entries = [
                _every(array, dim, j, table.tile, counts[a])
                for j in range(table.points)
            ]
            return [_combined(row, entries) for row in table.source]

        return self._along_all([part], values)

    def kernel(self, kernel: Array) -> list[Array]:
        """(e, *K, c, m) -> per point (e, c, m)."""

        def values(array: Array, a: int) -> list[Array]:
            taps = [
                lax.index_in_dim(array, k, 1, keepdims=False)
                for k in range(array.shape[1])
            ]
            return [_combined(row, taps) for row in self.tables[a].kernel]

        return self._along_all([kernel], values)

    def kernel_back(self, points: Sequence[Array]) -> Array:
        """The adjoint of ``kernel``."""
        window = [axis.n_kernel for axis in self.axes]
        columns = [tuple(zip(*table.kernel, strict=True)) for table in self.tables]
        taps = jnp.stack(_contracted(points, columns), 1)
        return taps.reshape(taps.shape[0], *window, *taps.shape[2:])

    def back(self, products: Sequence[Array]) -> Array:
        """Per point (e, n, *counts, m) -> (e, n, *counts * tile, m)."""
        for a in reversed(range(len(self.axes))):
            table = self.tables[a]
            products = [
                _interleaved(
                    [_combined(row, some) for row in table.results],
                    FIRST + a,
                )
                for some in _runs(products, table.points)
            ]
        return products[0]

    def other(self, part: Array, counts: Sequence[int]) -> list[Array]:
        """The adjoint of ``back``."""

        def values(array: Array, a: int) -> list[Array]:
            table, dim = self.tables[a], FIRST + a
            entries = [
                _every(array, dim, q, table.tile, counts[a]) for q in range(table.tile)
            ]
            return [
                _combined(column, entries)
                for column in zip(*table.results, strict=True)
            ]

        return self._along_all([part], values)

    def _along_all(
        self, arrays: list[Array], values: Callable[[Array, int], list[Array]]
    ) -> list[Array]:
        """One axis after the other."""
        for a in range(len(self.axes)):
            arrays = [value for array in arrays for value in values(array, a)]
        return arrays


def _combined(row: Sequence[Fraction], entries: Sequence[Array]) -> Array:
    """The sum of the entries, each as often as the row says; not all are zero."""
    total: Array | None = None
    for weight, entry in zip(row, entries, strict=True):
        if not weight:
            continue
        size = float(abs(weight))
        term = entry if size == 1 else entry * np.asarray(size, entry.dtype)
        if total is None:
            total = term if weight > 0 else -term
        else:
            total = total + term if weight > 0 else total - term
    assert total is not None  # a matrix with an inverse has no row of zeros
    return total


def _contracted(arrays: Sequence[Array], matrices: Sequence[Matrix]) -> list[Array]:
    """Arrays that are numbered along several axes, times a matrix along each.

    Every axis in turn goes from the first place to the last, and so none has moved in
    the end.
    """
    for matrix in matrices:
        rest = len(arrays) // len(matrix[0])
        arrays = [
            _combined(row, arrays[n::rest]) for n in range(rest) for row in matrix
        ]
    return list(arrays)


def _runs(arrays: Sequence[Array], length: int) -> list[Sequence[Array]]:
    """Those of the first point of all axes but the last, of the second, ..."""
    return [arrays[n : n + length] for n in range(0, len(arrays), length)]


def _every(array: Array, dim: int, first: int, pace: int, count: int) -> Array:
    """Every ``pace``-th of a dimension's entries."""
    stop = first + pace * (count - 1) + 1
    return lax.slice_in_dim(array, first, stop, pace, dim)


def _interleaved(parts: Sequence[Array], dim: int) -> Array:
    """The first entry of every part, then the second of every part, ..."""
    if len(parts) == 1:
        return parts[0]
    shape = list(parts[0].shape)
    shape[dim] *= len(parts)
    return lax.reshape(jnp.stack(parts, dim + 1), shape)
