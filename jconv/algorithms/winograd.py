"""Fewer products for short kernels: tiles of results by their values at points.

    out = "output", "input":  products[p] = source^[p] (tiles, c)  times  kernel^[p]
    out = "kernel":           kernel^[p]  = source^[p] transposed  times  other^[p]

where ^ takes the values at the points of ``toom_cook`` along every axis. A kernel of
3 x 3 takes 16 products for a tile of 2 x 2 results, in place of 36. The kernel's
derivative is the same sum of three factors, read for another one of them. What a
dilation keeps apart are dense windows by themselves (``parts.undilated``).

Its rounding errors are normwise, as a transform's are (``accuracy.tiles_bound``), and a
NaN reaches all results of a tile. For two or three taps the matrices hold nothing but
halves and ones: integers stay exact if they leave three bits per axis free, and the
error is about a direct sum's. Of more taps they hold thirds and fifths; ``auto`` takes
both, where the bound is near a direct sum's (``accuracy.acceptable``).

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
from jconv.algorithms.accelerators import is_accelerator, sums_seconds
from jconv.algorithms.accuracy import tiles_bound
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.buffers import carried
from jconv.algorithms.parts.products import Product
from jconv.algorithms.parts.toom_blocks import TileBlocks
from jconv.algorithms.parts.toom_tiles import ToomTiles
from jconv.algorithms.parts.turns import stacked
from jconv.algorithms.parts.undilated import Undilated, remainders
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
"""Of all axes together; each is a term of the loop that makes results."""

TILE_BYTES = 2**24
"""Memory of a block's values at all points; each point takes a loop and a product."""

POINT_SECONDS = 1e-5
"""What starting the loops of a point and its product costs."""

VALUES_PER_SECOND = 1e10
"""Values at points that are made or used up, by all cores of a CPU together."""

TERMS_PER_SECOND, CUBES_TERMS_PER_SECOND = 8e10, 3e10
"""Entries times weights that such values are sums of; in loops of 64 terms."""

MARGIN = 1.05
"""So much faster than a direct form it must look: it compiles for longer."""


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
        platform: str | None,
    ) -> str | None:
        """Integers, long kernels, strides, a dilated source."""
        if not jnp.issubdtype(dtype, jnp.inexact):
            return "its matrices hold fractions"
        reason = windowed.unsuitable(geometry, shapes, out)
        if reason:
            return reason
        taps = geometry.kernel_shape
        if max(taps) == 1:
            return "one tap takes one product; 'matmul' is just that"
        if max(taps) > MAX_TAPS:
            return f"an axis has {max(taps)} taps, more than {MAX_TAPS}"
        view = windowed.at_every_place(geometry, out)
        if view is None:
            return "strided windows are no product of polynomials"
        points = ToomTiles(Undilated(view.axes).apart, self.results).points
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
        apart = Undilated(view.axes)
        source = apart.source(
            windowed.merged_source(arrays[view.source], geometry.rank)
        )
        product = Product(windowed.source_precision(precision, view, out), accumulate)
        both = sum(view.channels(shapes)) * np.dtype(accumulate).itemsize
        blocks = TileBlocks.of(tiles, source.shape, both, self.tile_bytes)
        sources = blocks.source(source)
        if out == "kernel":
            other = apart.other(
                windowed.merged_source(arrays[view.other], geometry.rank)
            )
            others = blocks.other(other)
            matrix = (source.shape[0], *view.channels(shapes))
            kernel = _kernel(blocks, sources, others, matrix, product)
            kernel = apart.kernel_back(kernel)
            return windowed.original_kernel(kernel, view)
        kernel = lax.squeeze(arrays["kernel"], [arrays["kernel"].ndim - 2])
        kernel = apart.kernel(windowed.unflipped(kernel, view))
        multiply = product if view.source == "input" else product.upon_rows
        result = apart.result(_result(blocks, sources, kernel, multiply))
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
        item = numerics.accumulation_dtype(dtype).itemsize
        values = e * tiles.points * (count * c + count * m + c * m)
        terms = e * (
            count * c * tiles.work("source")
            + count * m * tiles.work("results", back=out != "kernel")
            + c * m * tiles.work("kernel", back=out == "kernel")
        )
        if is_accelerator(platform):
            sums = sums_seconds(terms, values * item)
        else:
            cube = sum(taps > 1 for taps in geometry.kernel_shape) > 2
            pace = CUBES_TERMS_PER_SECOND if cube else TERMS_PER_SECOND
            sums = values / VALUES_PER_SECOND + terms / pace
            sums *= item / costs.FLOAT_BYTES
        products = costs.gemm_seconds(
            e * tiles.points, *sizes, platform, turned=out == "kernel"
        )
        seconds = tiles.points * POINT_SECONDS + sums + products
        if any(remainders(axis) > 1 for axis in view.axes):
            # Padded to what the dilation divides; results are cropped.
            moved = e * count * tiles.tile * (c + m) * item
            seconds += costs.copy_seconds(moved, min(c, m) * item, platform)
        return MARGIN * seconds

    def _tiles(self, geometry: Geometry, out: Role) -> tuple[Windowed, ToomTiles]:
        """The windows that are seen, and the tiles of their results."""
        view = windowed.at_every_place(geometry, out)
        assert view is not None  # refused otherwise
        return view, ToomTiles(Undilated(view.axes).apart, self.results)


def _result(
    blocks: TileBlocks,
    sources: Callable[[Array], list[Array]],
    kernel: Array,
    multiply: Callable[[Array, Array], Array],
) -> Array:
    """(e, n, *R, m), by products of (e, tiles, c) with the kernel's values."""
    tiles, e = blocks.tiles, kernel.shape[0]
    weights = [carried(values) for values in tiles.kernel(kernel)]

    def block(number: Array) -> Array:
        values = tiles.source(sources(number), blocks.counts)
        products = [
            _products(multiply, x, w(), e) for x, w in zip(values, weights, strict=True)
        ]
        shape = (-1, e * blocks.examples, *blocks.counts, products[0].shape[-1])
        results = tiles.back([each.reshape(shape) for each in products])
        return results.reshape(e, blocks.examples, *results.shape[1:])

    if blocks.number == 1:
        whole = block(jnp.int32(0))
    else:
        whole = stacked(blocks.number, block)
        whole = jnp.moveaxis(whole, 1, 0) if e > 1 else whole
    whole = whole.reshape(e, blocks.n, *tiles.written(blocks.all_counts), -1)
    stop = [axis.n_output for axis in tiles.axes]
    return lax.slice(whole, [0] * whole.ndim, [e, blocks.n, *stop, whole.shape[-1]])


def _kernel(
    blocks: TileBlocks,
    sources: Callable[[Array], list[Array]],
    others: Callable[[Array], list[Array]],
    matrix: tuple[int, int, int],
    product: Product,
) -> Array:
    """(e, *K, c, m), summed over the blocks; ``matrix`` is (e, c, m)."""
    tiles, e = blocks.tiles, matrix[0]

    def block(number: Any) -> list[Array]:
        values = tiles.source(sources(number), blocks.counts)
        whose = tiles.other(others(number), blocks.counts)
        products = [
            _products(product.transposed, x, y, e)
            for x, y in zip(values, whose, strict=True)
        ]
        return [lax.reshape(p, (p.shape[0] // e, e, *p.shape[1:])) for p in products]

    def add(number: Any, total: list[Array]) -> list[Array]:
        return [lax.add(a, b) for a, b in zip(total, block(number), strict=True)]

    if blocks.number == 1:
        return tiles.kernel_back(block(jnp.int32(0)))
    nothing = [jnp.zeros(shape, product.accumulate) for shape in tiles.shapes(*matrix)]
    return tiles.kernel_back(lax.fori_loop(0, blocks.number, add, nothing))


def _products(
    multiply: Callable[[Array, Array], Array], left: Array, right: Array, e: int
) -> Array:
    """Of (p, e n, *T, c) with (p, e, c, m) or (p, e n, *T, m): (p e, rows, columns)."""
    left, right = (
        each.reshape(each.shape[0] * e, -1, each.shape[-1]) for each in (left, right)
    )
    return multiply(left, right)


WINOGRAD = Winograd()
