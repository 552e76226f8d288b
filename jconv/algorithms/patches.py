"""Copy every window out, then one matrix product (im2col), a tile at a time.

    out = "output", "input":  (places, taps * c)  times  (taps * c, m)
    out = "kernel":           (places, m) transposed  times  (places, taps * c)

A place may be a block of neighbouring results (``blocking``), and is one where the
source is dilated. Here zeros are multiplied, so an infinity can meet one and become
NaN, as it does in ``lax``.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.algorithms import costs
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.blocking import Blocking, smallest_block
from jconv.algorithms.parts.products import Product
from jconv.algorithms.parts.tiles import TILE_BYTES, Tiling
from jconv.algorithms.protocol import array_shapes, result_shape
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.parts.windowed import Windowed
    from jconv.algorithms.protocol import Precision, Shapes

MAX_BLOCK = 64
"""Results of a block at the most."""

NARROW = 128
"""Channels from which on there is nothing to gain from blocks."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a contraction is done: which operand's windows, and blocks of how many.

    Attributes:
        view: the source and its relation.
        blocking: the blocks.
        seconds: predicted.
    """

    view: Windowed
    blocking: Blocking
    seconds: float


@dataclasses.dataclass(frozen=True)
class Patches:
    """Windows and a product; tests make ``tile_bytes`` tiny."""

    name: str = "patches"
    tile_bytes: int = TILE_BYTES
    max_block: int = MAX_BLOCK
    exact_on_integers: bool = True
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
        """What cannot be seen as windows."""
        reason = windowed.unsuitable(geometry, shapes, out, dilated=True)
        if reason:
            return reason
        if math.prod(geometry.kernel_shape) == 1:
            return "one tap is no window; 'matmul' is one product"
        if not self._plans(geometry, shapes, out, dtype, platform):
            return f"its blocks would hold more than {self.max_block} results"
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
        """The contraction, as one product per tile of windows."""
        shapes = array_shapes(out, first, second)
        plan = self._plan(geometry, shapes, out, first.dtype, "cpu")
        view, blocking = plan.view, plan.blocking
        arrays = dict(zip(OPERANDS[out], (first, second), strict=True))
        source = windowed.merged_source(arrays[view.source], geometry.rank)
        window = source.shape[0] * source.shape[-1] * source.dtype.itemsize
        window *= math.prod(axis.n_kernel for axis in blocking.axes)
        tiling = Tiling.of(blocking.axes, source.shape[1], window, self.tile_bytes)
        product = Product(windowed.source_precision(precision, view, out), accumulate)
        if out == "kernel":
            other = windowed.merged_source(arrays[view.other], geometry.rank)
            kernel = _kernel(tiling, source, blocking.blocks(other), product)
            return windowed.original_kernel(blocking.kernel_back(kernel), view)
        kernel = windowed.ordinary_kernel(arrays["kernel"], view)
        blocks = _result(tiling, source, blocking.kernel(kernel), product)
        result = blocking.results(blocks)
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
        return self._plan(geometry, shapes, out, dtype, platform).seconds

    def _plan(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> Plan:
        """The plan that takes the least time."""
        plans = self._plans(geometry, shapes, out, dtype, platform)
        return min(plans, key=lambda plan: plan.seconds)

    def _plans(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> tuple[Plan, ...]:
        """Every view with every size of blocks that may pay."""
        item = np.dtype(dtype).itemsize
        batched = shapes["output"] if out == "input" else shapes["input"]
        e, n = batched[0], math.prod(batched[1 : -2 - geometry.rank])
        found = []
        for view in windowed.views(geometry, out, dilated=True):
            c, m = view.channels(shapes)
            for sizes in _block_sizes(view, c, m):
                if math.prod(sizes) > self.max_block:
                    continue
                blocking = Blocking(view.axes, sizes)
                if not all(axis.n_kernel for axis in blocking.axes):
                    continue  # no tap of an axis meets any entry
                seconds = _seconds(blocking, (e, n, c, m), out, item, platform)
                seconds += windowed.kernel_seconds(view, shapes, dtype, platform)
                found.append(Plan(view, blocking, seconds))
        return tuple(found)


def _block_sizes(view: Windowed, c: int, m: int) -> list[tuple[int, ...]]:
    """Sizes to consider: the smallest, and longer ones where channels are few."""
    least = [min(smallest_block(axis), max(1, axis.n_output)) for axis in view.axes]
    longer = [1, 2, 4, 8, 16] if min(c, m) < NARROW else [1]
    second = [1, 2, 4] if min(c, m) < NARROW and len(least) > 1 else [1]
    return [
        (*least[:-2], *(n * b for n in least[-2:-1]), least[-1] * a)
        for a, b in itertools.product(longer, second)
    ]


def _seconds(
    blocking: Blocking,
    sizes: tuple[int, int, int, int],
    out: Role,
    item: int,
    platform: str | None,
) -> float:
    """Windows copied, products made, results laid out."""
    e, n, c, m = sizes
    axes = blocking.axes
    places = n * math.prod(axis.n_output for axis in axes)
    taps = math.prod(axis.n_kernel for axis in axes)
    wide = blocking.together * m
    joined = axes[-1].n_kernel if axes[-1].kernel_dilation == 1 else 1
    copied = costs.copy_seconds(
        e * places * taps * c * item, joined * c * item, platform
    )
    if out == "kernel":
        product = costs.gemm_seconds(e, wide, places, taps * c, platform, turned=True)
        if not _upright(taps * c, wide):
            product += costs.transpose_seconds(e * wide * taps * c * item, platform)
        moved = e * places * wide * item
        if blocking.together > blocking.sizes[-1]:
            product += costs.transpose_seconds(moved, platform)
        moved *= not blocking.divides
    else:
        product = costs.gemm_seconds(e, places, taps * c, wide, platform)
        moved = e * places * wide * item
        moved *= blocking.together > blocking.sizes[-1]
    run = m * blocking.sizes[-1] * item
    return copied + product + costs.copy_seconds(moved, run, platform)


def _result(tiling: Tiling, source: Array, kernel: Array, product: Product) -> Array:
    """(e, n, *R, m), one tile of places after the other."""
    e, m = kernel.shape[0], kernel.shape[-1]
    flat = kernel.reshape(e, -1, m)
    padded = tiling.padded(source)
    starts = jnp.asarray(tiling.starts())
    if tiling.tiles == 1:
        tiles = product(tiling.windows(padded, starts[0]), flat)[:, None]
    else:
        tiles = lax.map(
            lambda start: product(tiling.windows(padded, start), flat), starts
        )
        tiles = jnp.moveaxis(tiles, 1, 0)
    return tiling.from_units(tiles)


def _kernel(tiling: Tiling, source: Array, other: Array, product: Product) -> Array:
    """(e, *K, c, m), summed over the tiles."""
    e, m, c = other.shape[0], other.shape[-1], source.shape[-1]
    padded = tiling.padded(source)
    placed = tiling.in_units(other)
    starts = jnp.asarray(tiling.starts())
    window = [axis.n_kernel for axis in tiling.axes]
    entries = math.prod(window) * c
    upright = _upright(entries, m)

    def tile(number: Any) -> Array:
        places = lax.dynamic_index_in_dim(placed, number, 1, keepdims=False)
        windows = tiling.windows(padded, starts[number])
        if upright:
            return product.transposed(windows, places)
        return product.transposed(places, windows, swapped=True)

    if tiling.tiles == 1:
        total = tile(0)
    else:
        shape = (entries, m) if upright else (m, entries)
        nothing = jnp.zeros((e, *shape), product.accumulate)
        total = lax.fori_loop(
            0, tiling.tiles, lambda number, sum_: sum_ + tile(number), nothing
        )
    if not upright:
        total = lax.transpose(total, (0, 2, 1))
    return total.reshape(e, *window, c, m)


def _upright(entries: int, m: int) -> bool:
    """Whether a window has fewer entries than there are channels.

    The compiler for CPUs multiplies fastest if the operand that it turns is the
    narrower; if that is the windows, the result is the kernel as it stands.
    """
    return entries < m


PATCHES = Patches()
