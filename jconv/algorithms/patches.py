"""Copy every window out, then one matrix product (im2col), a tile at a time.

    out = "output", "input":  (places, taps * c)  times  (taps * c, m)
    out = "kernel":           (places, m) transposed  times  (places, taps * c)
                              or the other way round (``plans``)

A place may be a block of neighbouring results (``as_channels``), and is one where the
source is dilated. Here zeros are multiplied, so an infinity can meet one and become
NaN, as it does in ``lax``.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.buffers import entry_at, materialised
from jconv.algorithms.parts.patches_plans import PatchesPlan, block_sizes
from jconv.algorithms.parts.products import Product
from jconv.algorithms.parts.remembered import remembered
from jconv.algorithms.parts.results_as_channels import ResultsAsChannels
from jconv.algorithms.parts.tiles import Tiling
from jconv.algorithms.protocol import array_shapes, result_shape
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes

TILE_BYTES = 2**22
"""Memory of a tile of windows: it stays in the cache that all cores share."""

WHOLE = 6.0
"""Windows that take so many tiles' memory stay together: one tile needs no loop.

Not more, as then more programs need buffers of over 32 MiB. Those glibc gives back to
the system whenever they are free, whatever was freed before (mallopt(3)), and to have
them paged in anew takes longer than the product.
"""

MAX_BLOCK = 64
"""Results of a block at the most."""

FEW_PLACES = 512
"""Places up to which a product takes less time than to transpose its result."""


@dataclasses.dataclass(frozen=True)
class Patches:
    """Windows and a product; tests make ``tile_bytes`` tiny.

    Windows of at most ``whole`` tiles stay together. ``platform`` is the one whose
    costs decide among plans (``accelerators.on``).
    """

    name: str = "patches"
    tile_bytes: int = TILE_BYTES
    whole: float = WHOLE
    max_block: int = MAX_BLOCK
    few_places: int = FEW_PLACES
    platform: str | None = "cpu"
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
        plan = self._plan(geometry, shapes, out, first.dtype, self.platform)
        view, as_channels = plan.view, plan.as_channels
        arrays = dict(zip(OPERANDS[out], (first, second), strict=True))
        source = windowed.merged_source(arrays[view.source], geometry.rank)
        window = source.shape[0] * source.shape[-1] * source.dtype.itemsize
        window *= math.prod(axis.n_kernel for axis in as_channels.axes)
        tiling = Tiling.of(
            as_channels.axes, source.shape[1], window, self.tile_bytes, self.whole
        )
        product = Product(windowed.source_precision(precision, view, out), accumulate)
        if out == "kernel":
            other = windowed.merged_source(arrays[view.other], geometry.rank)
            blocks = as_channels.blocks(other)
            kernel = _kernel(tiling, source, blocks, product, plan)
            return windowed.original_kernel(as_channels.kernel_back(kernel), view)
        kernel = windowed.ordinary_kernel(arrays["kernel"], view)
        blocks = _result(tiling, source, as_channels.kernel(kernel), product)
        result = as_channels.results(blocks)
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
    ) -> PatchesPlan:
        """The plan that takes the least time."""
        plans = self._plans(geometry, shapes, out, dtype, platform)
        return min(plans, key=lambda plan: plan.seconds)

    @remembered
    def _plans(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> tuple[PatchesPlan, ...]:
        """Every view with every size of blocks that may pay."""
        item = np.dtype(dtype).itemsize
        batched = shapes["output"] if out == "input" else shapes["input"]
        e, n = batched[0], math.prod(batched[1 : -2 - geometry.rank])
        found = []
        for view in windowed.views(geometry, out, dilated=True):
            c, m = view.channels(shapes)
            for sizes in block_sizes(view, c, m):
                if math.prod(sizes) > self.max_block:
                    continue
                as_channels = ResultsAsChannels(view.axes, sizes)
                if not all(axis.n_kernel for axis in as_channels.axes):
                    continue  # no tap of an axis meets any entry
                plan = PatchesPlan.of(
                    view, as_channels, (e, n, c, m), out, self.few_places
                )
                seconds = plan.predicted(item, platform, self.tile_bytes, self.whole)
                seconds += windowed.kernel_seconds(view, shapes, dtype, platform)
                found.append(dataclasses.replace(plan, seconds=seconds))
        return tuple(found)


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


def _kernel(
    tiling: Tiling, source: Array, other: Array, product: Product, plan: PatchesPlan
) -> Array:
    """(e, *K, c, m), summed over the tiles."""
    e, m, c = other.shape[0], other.shape[-1], source.shape[-1]
    padded = tiling.padded(source)
    placed = tiling.in_units(other)
    starts = jnp.asarray(tiling.starts())
    window = [axis.n_kernel for axis in tiling.axes]
    entries = math.prod(window) * c

    def tile(number: Any) -> Array:
        places = entry_at(placed, number, 1)
        windows = tiling.windows(padded, starts[number])
        if plan.upright:
            return product.transposed(windows, places)
        return product.transposed(places, windows, swapped=True)

    if tiling.tiles == 1:
        total = tile(0)
    else:
        shape = (entries, m) if plan.upright else (m, entries)
        nothing = jnp.zeros((e, *shape), product.accumulate)
        total = lax.fori_loop(
            0, tiling.tiles, lambda number, sum_: sum_ + tile(number), nothing
        )
    if not plan.upright:
        turned = lax.transpose(total, (0, 2, 1))
        # One loop with nothing but the reshape, it may compile for half a second.
        total = materialised(lambda: turned) if plan.as_channels.plain else turned
    return total.reshape(e, *window, c, m)


PATCHES = Patches()
