"""The transforms of ``winograd``: arrays to their values at points, and back.

A value is a sum of slices of the whole, each as often as the axes' matrices say. Every
point of the first axis has an array of its own, for which zeros in that axis' matrix
leave slices out; the points of the others stand together in it, and one loop makes it.
(An array for every point is as fast, and takes three times as long to compile; a single
one for all of them is slower.) Arrays that are sums of the same slices of other rows
share the loop.
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
    from collections.abc import Callable, Sequence

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
    results: int

    @functools.cached_property
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

    @property
    def tile(self) -> int:
        """Results of a tile."""
        return math.prod(table.tile for table in self.tables)

    def work(self, matrix: str, *, back: bool = False) -> int:
        """Multiplications that make all values (or results) of one tile of a matrix."""
        first, *others = (getattr(table, matrix) for table in self.tables)
        # Along one axis alone there is so little to multiply that zeros save nothing.
        own = sum(back or not others or bool(entry) for row in first for entry in row)
        return own * math.prod(len(each) * len(each[0]) for each in others)

    def shapes(self, *shape: int) -> list[tuple[int, ...]]:
        """Shapes per point of the first axis, each point's array being of a shape."""
        first = self.tables[0].points
        return [(self.points // first, *shape)] * first

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

    def source(self, rows: Sequence[Array], counts: Sequence[int]) -> list[Array]:
        """Values at points, of what tiles read.

        Args:
            rows: every ``tile``-th of axis 0, from each of the first ``tile`` on, each
                (n, rows, *S, c), S of the other axes.
            counts: tiles along each axis.

        Returns:
            per point of axis 0 (points of the others, n, *counts, c).
        """
        return self._values([table.source for table in self.tables], rows, counts)

    def other(self, rows: Sequence[Array], counts: Sequence[int]) -> list[Array]:
        """The adjoint of ``back``, as ``source`` does."""
        matrices = [_transposed(table.results) for table in self.tables]
        return self._values(matrices, rows, counts)

    def kernel(self, kernel: Array) -> list[Array]:
        """(e, *K, c, m) -> per point of the first axis (points, e, c, m).

        Its entries lie side by side, so products do it, which compile in no time.
        """
        e, *_, c, m = kernel.shape
        entries = lax.reshape(kernel, (e, math.prod(kernel.shape[1:-2]), c * m))
        return [
            lax.dot_general(
                weights.reshape(-1, entries.shape[1]).astype(kernel.dtype),
                entries,
                (([1], [1]), ([], [])),
                precision=lax.Precision.HIGHEST,
            ).reshape(-1, e, c, m)
            for weights in _outer(
                [np.array(table.kernel, float) for table in self.tables]
            )
        ]

    def kernel_back(self, values: Sequence[Array]) -> Array:
        """The adjoint of ``kernel``."""
        rank = len(self.axes)
        e, c, m = values[0].shape[1:]
        return _results(
            values,
            [_transposed(table.kernel) for table in self.tables],
            lambda value: lax.reshape(value, (e, *[1] * rank, c, m)),
            lambda weights: weights[None, ..., None, None],
        )

    def back(self, products: Sequence[Array]) -> Array:
        """Per point of the first axis (points, n, *counts, m) -> (n, *written, m)."""
        n, *counts, m = products[0].shape[1:]
        apart = [size for count in counts for size in (count, 1)]
        places = [size for table in self.tables for size in (1, table.tile)]
        results = _results(
            products,
            [table.results for table in self.tables],
            lambda product: lax.reshape(product, (n, *apart, m)),
            lambda weights: weights.reshape(1, *places, 1),
        )
        return results.reshape(n, *self.written(counts), m)

    def _values(
        self, matrices: Sequence[Matrix], rows: Sequence[Array], counts: Sequence[int]
    ) -> list[Array]:
        """Weighted sums of entries, for each point of the first axis.

        Points that take their entries from the same places share a function, which is
        compiled once: what they differ in is which rows it is given, and the weights.
        """
        first, *others = (np.array(matrix, float) for matrix in matrices)
        entries = [1, *(matrix.shape[1] for matrix in others)]
        weights = _outer([np.ones((1, 1)), *others]).reshape(-1, *entries)
        spots, pace = np.argwhere(weights.any(0)), self.tables[0].tile

        @functools.cache
        def value(tiles: tuple[int, ...]) -> Callable[..., Array]:
            def summed(factors: Array, *rows: Array) -> Array:
                terms = [
                    _times(
                        _column(factors, (n, *spot)),
                        self._every(rows[n], (tile, *spot[1:]), counts),
                    )
                    for n, tile in enumerate(tiles)
                    for spot in spots
                ]
                return functools.reduce(lax.add, terms)

            return function(summed)

        found = []
        for point in first:
            taken = np.flatnonzero(point).tolist()
            factors = np.multiply.outer(point[taken], weights)
            make = value(tuple(entry // pace for entry in taken))
            mine = [rows[entry % pace] for entry in taken]
            found.append(make(unseen(factors, rows[0].dtype), *mine))
        return found

    def _every(self, rows: Array, spot: Sequence[int], counts: Sequence[int]) -> Array:
        """One entry of every tile: (n, rows, *S, c) -> (n, *counts, c)."""
        pace = [1, *(table.tile for table in self.tables[1:])]
        stop = [s + p * (n - 1) + 1 for s, p, n in zip(spot, pace, counts, strict=True)]
        n, c = rows.shape[0], rows.shape[-1]
        return lax.slice(rows, [0, *spot, 0], [n, *stop, c], [1, *pace, 1])


def _column(weights: Array, spot: Sequence[int]) -> Array:
    """Those of all points for one entry: (rows, points, *entries) -> (points,)."""
    n, *entry = spot
    begin, end = (n, 0, *entry), (n + 1, weights.shape[1], *(s + 1 for s in entry))
    return lax.reshape(lax.slice(weights, begin, end), weights.shape[1:2])


def _times(weights: Array, entry: Array) -> Array:
    """One copy of an array for each of some weights."""
    shape = (*weights.shape, *entry.shape)
    return lax.mul(
        lax.broadcast_in_dim(entry, shape, range(1, len(shape))),
        lax.broadcast_in_dim(weights, shape, [0]),
    )


def _results(
    values: Sequence[Array],
    matrices: Sequence[Matrix],
    shaped: Callable[[Array], Array],
    placed: Callable[[np.ndarray], np.ndarray],
) -> Array:
    """All results in one loop: values at points, as often as each result has them.

    Args:
        values: as ``_values`` gives them.
        matrices: (results, points) of each axis.
        shaped: a point's value with room for the results of every axis.
        placed: weights (results of each axis) with room for the value.
    """
    weights = _outer([np.array(matrix, float) for matrix in matrices])
    rank = len(matrices)
    weights = weights.reshape(*weights.shape[:rank], len(values), -1)
    terms = [
        _outer_product(
            shaped(lax.index_in_dim(value, b, keepdims=False)),
            placed(weights[..., a, b]).astype(value.dtype),
        )
        for a, value in enumerate(values)
        for b in range(value.shape[0])
    ]
    return functools.reduce(lax.add, terms)


def _outer_product(value: Array, weights: np.ndarray) -> Array:
    """Both broadcast to each other, and multiplied."""
    shape = np.broadcast_shapes(value.shape, weights.shape)
    every = range(value.ndim)
    return lax.mul(
        lax.broadcast_in_dim(value, shape, every),
        lax.broadcast_in_dim(weights, shape, every),
    )


def _outer(matrices: Sequence[np.ndarray]) -> np.ndarray:
    """(rows of each, columns of each): the tensor product; halves stay exact."""
    rank = len(matrices)
    product = matrices[0]
    for matrix in matrices[1:]:
        product = np.multiply.outer(product, matrix)
    return product.transpose(*range(0, 2 * rank, 2), *range(1, 2 * rank, 2))


def _transposed(matrix: Matrix) -> Matrix:
    """Columns as rows."""
    return tuple(zip(*matrix, strict=True))
