"""The transforms of ``winograd``: arrays to their values at points, and back.

A value is a sum of slices of the whole, each as often as the axes' matrices say. Every
point of the first axis has an array of its own, for which zeros in that axis' matrix
leave slices out; the points of the others stand together in it, and one loop makes it.
(An array for every point is as fast, and takes three times as long to compile; a single
one for all of them is slower. Of one axis alone there is a single one.)
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING

import numpy as np
from jax import lax

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
        own = sum(bool(entry) for row in first for entry in row)
        if not others or back:
            own = len(first) * len(first[0])
        return own * math.prod(len(each) * len(each[0]) for each in others)

    def shapes(self, *shape: int) -> list[tuple[int, ...]]:
        """Shapes per point of the first axis, each point's array being of a shape."""
        arrays = self.tables[0].points if len(self.tables) > 1 else 1
        return [(self.points // arrays, *shape)] * arrays

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
        """(n, *extents, c) -> per point of the first axis (points, n, *counts, c)."""
        matrices = [table.source for table in self.tables]
        return _values(matrices, lambda spot: self._every(part, spot, counts))

    def other(self, part: Array, counts: Sequence[int]) -> list[Array]:
        """The adjoint of ``back``: (n, *counts * tile, m) -> as ``source`` does."""
        matrices = [_transposed(table.results) for table in self.tables]
        return _values(matrices, lambda spot: self._every(part, spot, counts))

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
            for weights in _by_first_point([table.kernel for table in self.tables])
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

    def _every(self, array: Array, spot: Sequence[int], counts: Sequence[int]) -> Array:
        """One entry of every tile: (n, *S, c) -> (n, *counts, c)."""
        pace = [table.tile for table in self.tables]
        stop = [s + p * (n - 1) + 1 for s, p, n in zip(spot, pace, counts, strict=True)]
        n, c = array.shape[0], array.shape[-1]
        return lax.slice(array, [0, *spot, 0], [n, *stop, c], [1, *pace, 1])


def _values(
    matrices: Sequence[Matrix], entry: Callable[[tuple[int, ...]], Array]
) -> list[Array]:
    """(points of the other axes, ...) for each of the first: weighted sums of entries.

    Args:
        matrices: (points, entries) of each axis.
        entry: gives the array at an index along every axis.
    """
    found = []
    for point in _by_first_point(matrices):
        # (points of the others, entries of all axes)
        mine = point.reshape(-1, *point.shape[point.ndim - len(matrices) :])
        terms = [
            _times(mine[(slice(None), *spot)], entry(spot))
            for spot in np.ndindex(*mine.shape[1:])
            if mine[(slice(None), *spot)].any()
        ]
        found.append(functools.reduce(lax.add, terms))
    return found


def _by_first_point(matrices: Sequence[Matrix]) -> np.ndarray:
    """Weights (points of the first axis, *of the others, *entries of every axis)."""
    weights = _outer([np.array(matrix, float) for matrix in matrices])
    return weights[None] if len(matrices) == 1 else weights  # one array, of all points


def _times(weights: np.ndarray, entry: Array) -> Array:
    """One copy of an array for each of some weights."""
    column = weights.reshape(-1, *[1] * entry.ndim).astype(entry.dtype)
    return _outer_product(lax.expand_dims(entry, [0]), column)


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
