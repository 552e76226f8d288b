"""Copy every window out, then one matrix product (im2col), a tile at a time.

    out = "output", "input":  (places, taps * c)  times  (taps * c, m)
    out = "kernel":           (m, places)  times  (places, taps * c)

Here zeros of the padding are multiplied, so an infinity can meet one and become NaN, as
it does in ``lax``.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from jax import lax

from jconv import numerics
from jconv.algorithms import costs, windowed
from jconv.algorithms.buffers import materialised
from jconv.algorithms.products import Product
from jconv.algorithms.protocol import array_shapes, concrete, result_shape
from jconv.algorithms.tiles import TILE_BYTES, Tiling
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes
    from jconv.algorithms.windowed import Windowed


@dataclasses.dataclass(frozen=True)
class Patches:
    """Windows and a product; tests make ``tile_bytes`` tiny."""

    name: str = "patches"
    tile_bytes: int = TILE_BYTES
    exact_on_integers: bool = True
    keeps_nonfinite_local: bool = False

    def refuses(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,  # noqa: ARG002
        platform: str | None,  # noqa: ARG002
    ) -> str | None:
        """What cannot be seen as windows."""
        return windowed.unsuitable(geometry, shapes, out)

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
        """The contraction, as one product per tile of windows."""
        shapes = array_shapes(out, first, second)
        view = self._view(geometry, shapes, out, first.dtype)
        arrays = dict(zip(OPERANDS[out], (first, second), strict=True))
        source = windowed.merged_source(arrays[view.source], geometry.rank)
        tiling = self._tiling(view, source.shape, source.dtype)
        product = Product(
            windowed.source_precision(precision, view, out), accumulate
        )
        if out == "kernel":
            other = windowed.merged_source(arrays[view.other], geometry.rank)
            kernel = _kernel(tiling, source, other, product)
            kernel = kernel.reshape(
                *kernel.shape[:1], *view.window, source.shape[-1], other.shape[-1]
            )
            return windowed.original_kernel(kernel, view)
        kernel = windowed.ordinary_kernel(arrays["kernel"], view)
        result = _result(tiling, source, kernel, product)
        return result.reshape(result_shape(geometry, shapes, out))

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """One long sum; the extra terms are exact zeros."""
        return numerics.contraction_bound(geometry, shapes, out, dtype)

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """The whole product, zeros included, and the copies of the windows."""
        return 1e-9

    def _view(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> Windowed:
        """The view whose windows take the least memory."""
        return min(
            windowed.views(geometry, out),
            key=lambda view: math.prod(view.places) * view.channels(shapes)[0],
        )

    def _tiling(self, view: Windowed, shape: tuple[int, ...], dtype: Any) -> Tiling:  # noqa: ANN401
        """Tiles of the windows of a source (e, n, *S, c)."""
        place = shape[0] * shape[-1] * math.prod(view.window) * dtype.itemsize
        return Tiling.of(view.axes, shape[1], place, self.tile_bytes)


def _result(
    tiling: Tiling, source: Array, kernel: Array, product: Product
) -> Array:
    """(e, n, *R, m), one tile of places after the other."""
    e, m = kernel.shape[0], kernel.shape[-1]
    flat = kernel.reshape(e, -1, m)
    padded = tiling.padded(source)
    starts = tiling.starts()
    if tiling.tiles == 1:
        tiles = product(tiling.windows(padded, jnp.asarray(starts[0])), flat)[:, None]
    else:
        each = lambda start: product(tiling.windows(padded, start), flat)
        tiles = lax.map(each, jnp.asarray(starts))
        tiles = lax.transpose(tiles, (1, 0, 2, 3)) if e > 1 else tiles.reshape(1, *tiles.shape[:1], *tiles.shape[2:])
    return tiling.from_units(tiles)


def _kernel(
    tiling: Tiling, source: Array, other: Array, product: Product
) -> Array:
    """(e, taps * c, m), summed over the tiles."""
    e, m = other.shape[0], other.shape[-1]
    padded = tiling.padded(source)
    placed = tiling.in_units(other)
    starts = jnp.asarray(tiling.starts())

    def tile(start: Array, places: Array) -> Array:
        upright = materialised(lambda: lax.transpose(places, (0, 2, 1)))
        return product(upright, tiling.windows(padded, start), swapped=True)

    if tiling.tiles == 1:
        total = tile(starts[0], placed[:, 0])
    else:
        def add(number: Array, total: Array) -> Array:
            places = lax.dynamic_index_in_dim(placed, number, 1, keepdims=False)
            return total + tile(starts[number], places)
        columns = math.prod(axis.n_kernel for axis in tiling.axes) * source.shape[-1]
        total = lax.fori_loop(0, tiling.tiles, add, jnp.zeros((e, m, columns), product.accumulate))
    return lax.transpose(total, (0, 2, 1))


PATCHES = Patches()
