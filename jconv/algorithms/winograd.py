"""Fewer products for short kernels: tiles of results by their values at points.

    out = "output", "input":  products[p] = source^[p] (tiles, c)  times  kernel^[p]
    out = "kernel":           kernel^[p]  = source^[p] transposed  times  other^[p]

where ^ takes the values at the points of ``toom_cook`` along every axis. A kernel of
3 x 3 takes 16 products for a tile of 2 x 2 results, in place of 36. The kernel's
derivative is the same sum of three factors, read for another one of them. What a
dilation keeps apart are dense windows by themselves (``parts.undilated``).

Its rounding errors are normwise, as a transform's are (``accuracy.tiles_bound``), and a
NaN reaches all results of a tile. Two results of two or three taps take matrices of
halves and ones: integers stay exact if they leave three bits per axis free, and the
error is about a direct sum's. Larger tiles hold thirds and fifths and lose more. A call
takes the tiles that are predicted to be fastest, of those whose bound is near a direct
sum's (``accuracy.acceptable``); so does ``auto``.

References:
    A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks",
    https://arxiv.org/abs/1509.09308, 2015.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.algorithms.accuracy import BOUND_RATIO
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.products import Product
from jconv.algorithms.parts.remembered import remembered
from jconv.algorithms.parts.toom_blocks import TileBlocks
from jconv.algorithms.parts.toom_plans import TilePlan, ways
from jconv.algorithms.parts.toom_products import kernel_by_blocks, result_by_blocks
from jconv.algorithms.parts.undilated import Undilated
from jconv.algorithms.protocol import array_shapes, result_shape
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes

RESULTS = (2, 3, 4)
"""Of a tile along an axis; the more, the fewer products, and the more is lost."""

MAX_TAPS = 5
"""Along an axis; the matrices' entries grow with the number of points."""

MAX_POINTS = 64
"""Of all axes together; each takes a product."""

TILE_BYTES = 2**24
"""Memory of the values at all points that are worked on at once."""

MARGIN = 1.1
"""So much faster than a direct form it must look: it compiles for longer."""


@dataclasses.dataclass(frozen=True)
class Winograd:
    """Tiles of results; tests make ``tile_bytes`` tiny.

    Attributes:
        results: how many a tile may have along an axis.
        tile_bytes: memory of the values that are worked on at once.
        platform: whose costs decide among tiles (``accelerators.on``).
    """

    name: str = "winograd"
    results: tuple[int, ...] = RESULTS
    tile_bytes: int = TILE_BYTES
    platform: str | None = "cpu"
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
        found = list(ways(geometry, shapes, out, self.results))
        if not found:
            return "strided windows are no product of polynomials"
        points = min(plan.tiles.points for plan in found)
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
        plan = self._plan(geometry, shapes, out, accumulate, self.platform)
        view, tiles = plan.view, plan.tiles
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
            kernel = kernel_by_blocks(blocks, sources, others, matrix, product)
            kernel = apart.kernel_back(kernel)
            return windowed.original_kernel(kernel, view)
        kernel = lax.squeeze(arrays["kernel"], [arrays["kernel"].ndim - 2])
        kernel = apart.kernel(windowed.unflipped(kernel, view))
        multiply = product if view.source == "input" else product.upon_rows
        result = apart.result(result_by_blocks(blocks, sources, kernel, multiply))
        return result.reshape(result_shape(geometry, shapes, out))

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """Of three changes of basis."""
        accumulate = numerics.accumulation_dtype(dtype)
        plan = self._plan(geometry, shapes, out, accumulate, self.platform)
        return plan.bound(dtype)

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """A product for each point, and the sums that make its operands and results."""
        accumulate = numerics.accumulation_dtype(dtype)
        plan = self._plan(geometry, shapes, out, accumulate, platform)
        return MARGIN * plan.seconds(accumulate.itemsize, platform)

    @remembered
    def _plan(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        accumulate: DTypeLike,
        platform: str | None,
    ) -> TilePlan:
        """The tiles that take the least time, of those that lose little."""
        item = np.dtype(accumulate).itemsize
        most = BOUND_RATIO * numerics.contraction_bound(
            geometry, shapes, out, accumulate
        )

        def preference(plan: TilePlan) -> tuple[float, float]:
            bound = plan.bound(accumulate)
            too_large = bound if bound > most else 0.0
            return too_large, plan.seconds(item, platform)

        plans = ways(geometry, shapes, out, self.results)
        return min(
            (plan for plan in plans if plan.tiles.points <= MAX_POINTS), key=preference
        )


WINOGRAD = Winograd()
