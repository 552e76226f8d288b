"""Fewer products for short kernels: tiles of results by their values at points.

    out = "output", "input":  products[p] = source^[p] (tiles, c)  times  kernel^[p]
    out = "kernel":           kernel^[p]  = source^[p] transposed  times  other^[p]

where ^ takes the values at the points of ``toom_cook`` along every axis. A kernel of
3 x 3 takes 16 products for a tile of 2 x 2 results, in place of 36. The kernel's
derivative is the same sum of three factors, read for another one of them.

Its rounding errors are normwise, as a transform's are (``accuracy.tiles_bound``), and a
NaN reaches all results of a tile; so ``auto`` leaves it alone, and one has to ask for
it: by its name, or by ``method="fast"``.

References:
    A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks",
    https://arxiv.org/abs/1509.09308, 2015.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.algorithms import costs
from jconv.algorithms.accuracy import tiles_bound
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.buffers import pad_to
from jconv.algorithms.parts.products import Product
from jconv.algorithms.parts.toom_blocks import TileBlocks
from jconv.algorithms.parts.toom_tiles import ToomTiles
from jconv.algorithms.protocol import array_shapes, result_shape
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.parts.windowed import Windowed
    from jconv.algorithms.protocol import Precision, Shapes

RESULTS = 2
"""Of a tile along an axis. With 4 there are fewer products yet, and ten times the
rounding error."""

MAX_TAPS = 5
"""Along an axis; the matrices' entries grow with the number of points."""

MAX_POINTS = 64
"""Of all axes together; each is a product that is compiled by itself."""

POINT_SECONDS = 4e-5
"""What starting the loops of a point and its product costs."""

TILE_BYTES = 2**27
"""Memory of the values that are worked on at once: a block costs more than a cache
saves."""


@dataclasses.dataclass(frozen=True)
class Winograd:
    """Tiles of results; tests make ``tile_bytes`` tiny."""

    name: str = "winograd"
    results: int = RESULTS
    tile_bytes: int = TILE_BYTES
    exact_on_integers: bool = False
    keeps_nonfinite_local: bool = False
    keeps_batch_whole: bool = False

    def refuses(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,  # noqa: ARG002
    ) -> str | None:
        """Integers, long kernels, strides and dilations."""
        if not jnp.issubdtype(dtype, jnp.inexact):
            return "its matrices hold fractions"
        reason = windowed.unsuitable(geometry, shapes, out, dilated=True)
        if reason:
            return reason
        taps = geometry.kernel_shape
        if max(taps) == 1:
            return "one tap takes one product; 'matmul' is just that"
        if max(taps) > MAX_TAPS:
            return f"an axis has {max(taps)} taps, more than {MAX_TAPS}"
        view = _view(geometry, out)
        if view is None:
            return "strided or dilated windows are no product of polynomials"
        points = ToomTiles(view.axes, self.results).points
        if points > MAX_POINTS:
            return f"it would make {points} products, more than {MAX_POINTS}"
        return None

    def run(
        self,
        first: Array,
        second: Array,
        *,
        geometry: Geometry,
        out: Role,
        precision: Precision,
        accumulate: DTypeLike,
    ) -> Array:
        """The contraction, a block of tiles after the other."""
        shapes = array_shapes(out, first, second)
        view, tiles = self._tiles(geometry, out)
        arrays = {
            role: array.astype(accumulate)
            for role, array in zip(OPERANDS[out], (first, second), strict=True)
        }
        source = windowed.merged_source(arrays[view.source], geometry.rank)
        product = Product(windowed.source_precision(precision, view, out), accumulate)
        both = sum(view.channels(shapes)) * np.dtype(accumulate).itemsize
        blocks = TileBlocks.of(tiles, source.shape, both, self.tile_bytes)
        padded = pad_to(source, blocks.source_padding(source.shape))
        if out == "kernel":
            other = windowed.merged_source(arrays[view.other], geometry.rank)
            other = pad_to(other, blocks.other_padding(other.shape))
            kernel = _kernel(blocks, padded, other, product)
            return windowed.original_kernel(kernel, view)
        kernel = lax.squeeze(arrays["kernel"], [arrays["kernel"].ndim - 2])
        kernel = windowed.unflipped(kernel, view)
        multiply = product if view.source == "input" else product.upon_rows
        result = _result(blocks, padded, kernel, multiply)
        return result.reshape(result_shape(geometry, shapes, out))

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """Of three changes of basis."""
        view, tiles = self._tiles(geometry, out)
        terms = view.channels(shapes)[0]
        if out == "kernel":
            batch = shapes["input"][1 : -2 - geometry.rank]
            terms = math.prod((*batch, *tiles.counts))
        return tiles_bound(tiles.tables, out, terms, dtype)

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """A product for each point, and the sums that make its operands and results."""
        view, tiles = self._tiles(geometry, out)
        c, m = view.channels(shapes)
        batched = shapes["output"] if out == "input" else shapes["input"]
        e, n = batched[0], math.prod(batched[1 : -2 - geometry.rank])
        count = n * math.prod(tiles.counts)
        sizes = (c, count, m) if out == "kernel" else (count, c, m)
        reads = e * (
            count * c * tiles.entries("source")
            + count * m * tiles.entries("results")
            + c * m * tiles.entries("kernel")
        )
        item = numerics.accumulation_dtype(dtype).itemsize
        return (
            tiles.points * POINT_SECONDS
            + costs.sums_seconds(reads, item, platform)
            + costs.gemm_seconds(
                e * tiles.points, *sizes, platform, turned=out == "kernel"
            )
        )

    def _tiles(self, geometry: Geometry, out: Role) -> tuple[Windowed, ToomTiles]:
        """The windows that are seen, and the tiles of their results."""
        view = _view(geometry, out)
        assert view is not None  # refused otherwise
        return view, ToomTiles(view.axes, self.results)


def _result(
    blocks: TileBlocks,
    padded: Array,
    kernel: Array,
    multiply: Callable[[Array, Array], Array],
) -> Array:
    """(e, n, *R, m), by products of (e, tiles, c) with the kernel's values."""
    tiles, e = blocks.tiles, kernel.shape[0]
    by_point = tiles.kernel(kernel)

    def block(part: Array) -> Array:
        values = tiles.source(part, blocks.counts)
        shape = (e, blocks.examples, *blocks.counts, -1)
        return tiles.back(
            [
                multiply(_rows(value), weights).reshape(shape)
                for value, weights in zip(values, by_point, strict=True)
            ]
        )

    starts = blocks.starts()
    if len(starts) == 1:
        whole = block(padded)
    else:
        sizes = tiles.extents(blocks.counts)
        whole = lax.map(
            lambda start: block(blocks.cut(padded, start, sizes)), jnp.asarray(starts)
        )
        whole = jnp.moveaxis(whole, 1, 0) if e > 1 else whole
    whole = whole.reshape(e, blocks.n, *tiles.written(blocks.all_counts), -1)
    stop = [axis.n_output for axis in tiles.axes]
    return lax.slice(whole, [0] * whole.ndim, [e, blocks.n, *stop, whole.shape[-1]])


def _kernel(blocks: TileBlocks, padded: Array, other: Array, product: Product) -> Array:
    """(e, *K, c, m), summed over the blocks."""
    tiles = blocks.tiles
    read = tiles.extents(blocks.counts)
    written = tiles.written(blocks.counts)

    def block(start: Array) -> list[Array]:
        values = tiles.source(blocks.cut(padded, start, read), blocks.counts)
        others = tiles.other(blocks.cut(other, start, written), blocks.counts)
        return [
            product.transposed(_rows(x), _rows(y))
            for x, y in zip(values, others, strict=True)
        ]

    starts = jnp.asarray(blocks.starts())
    total = block(starts[0])
    if len(starts) > 1:

        def add(number: Any, total: list[Array]) -> list[Array]:
            return [a + b for a, b in zip(total, block(starts[number]), strict=True)]

        total = lax.fori_loop(1, len(starts), add, total)
    return tiles.kernel_back(total)


def _rows(values: Array) -> Array:
    """(e, n, *T, c) -> (e, tiles, c)."""
    return values.reshape(values.shape[0], -1, values.shape[-1])


def _view(geometry: Geometry, out: Role) -> Windowed | None:
    """The first way to see neighbouring windows of a source, if there is one."""
    for view in windowed.views(geometry, out):
        if all(axis.stride == axis.kernel_dilation == 1 for axis in view.axes):
            return view
    return None


WINOGRAD = Winograd()
