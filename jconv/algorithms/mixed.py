"""Copy windows of the last axis only; the other axes' taps are added afterwards.

One product of the windows of every row with the kernels of all the other axes' taps
gives, side by side, what each row contributes to the rows around it; slices of that are
added. Compared with ``patches`` this copies as many times less as the other axes have
taps, and writes that much more of products.

It takes a stride of 1 along all axes but the last, so that no product is wasted.
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
from jconv.algorithms.accelerators import is_accelerator
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.buffers import materialised, on_all_cores
from jconv.algorithms.parts.products import Product
from jconv.algorithms.parts.tiles import Tiling, beginnings
from jconv.algorithms.parts.turns import largest_divisor
from jconv.algorithms.protocol import array_shapes, result_shape
from jconv.geometry import OPERANDS, Axis, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.parts.windowed import Windowed
    from jconv.algorithms.protocol import Precision, Shapes

TILE_BYTES = 2**24
"""Memory of a tile. Smaller ones multiply more of the rows that they share twice."""

PASSES = 0.8
"""How often a product is moved, beside being made: it is read to be added."""

ACCELERATOR_PASSES = 2
"""The same where no cache holds what was just made."""


@dataclasses.dataclass(frozen=True)
class Mixed:
    """Windows along one axis, sums along the others; tests make tiles tiny."""

    name: str = "mixed"
    tile_bytes: int = TILE_BYTES
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
        """A kernel's derivative, one axis, strides along the leading axes."""
        if out == "kernel":
            return "it adds results, and a kernel's derivative has no rows to add"
        reason = windowed.unsuitable(geometry, shapes, out)
        if reason:
            return reason
        (view,) = windowed.views(geometry, out)
        if all(axis.n_kernel == 1 for axis in view.axes[:-1]):
            return "no axis but the last has taps; 'patches' does the same"
        if any(axis.stride > 1 for axis in view.axes[:-1]):
            return "it would make products for rows that a stride skips"
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
        """The contraction, one block of rows after the other."""
        shapes = array_shapes(out, first, second)
        (view,) = windowed.views(geometry, out)
        arrays = dict(zip(OPERANDS[out], (first, second), strict=True))
        source = windowed.merged_source(arrays[view.source], geometry.rank)
        kernel = windowed.ordinary_kernel(arrays["kernel"], view)
        product = Product(windowed.source_precision(precision, view, out), accumulate)
        (e, n), (c, m) = source.shape[:2], kernel.shape[-2:]
        blocks = self._blocks(view, (e, n), (c, m), first.dtype)
        result = _run(blocks, source, kernel, product)
        return result.reshape(result_shape(geometry, shapes, out))

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """Products summed in some order; the extra terms are exact zeros."""
        return numerics.contraction_bound(geometry, shapes, out, dtype)

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """The product with all taps' kernels, and what is read and added of it."""
        (view,) = windowed.views(geometry, out)
        item = np.dtype(dtype).itemsize
        c, m = view.channels(shapes)
        batched = shapes["output"] if out == "input" else shapes["input"]
        e, n = batched[0], math.prod(batched[1 : -2 - geometry.rank])
        last, wide = view.axes[-1], math.prod(view.window[:-1]) * m
        blocks = self._blocks(view, (e, n), (c, m), dtype)
        places = n * blocks.count * math.prod(blocks.read) * last.n_output
        tiles = n * blocks.count // blocks.per_tile
        joined = last.n_kernel if last.kernel_dilation == 1 else 1
        passes = ACCELERATOR_PASSES if is_accelerator(platform) else PASSES
        return (
            windowed.kernel_seconds(view, shapes, dtype, platform)
            + costs.copy_seconds(
                e * places * last.n_kernel * c * item, joined * c * item, platform
            )
            + tiles
            * costs.gemm_seconds(e, places / tiles, last.n_kernel * c, wide, platform)
            + costs.copy_seconds(passes * e * places * wide * item, m * item, platform)
        )

    def _blocks(
        self,
        view: Windowed,
        examples: tuple[int, int],
        channels: tuple[int, int],
        dtype: DTypeLike,
    ) -> Blocks:
        """How the rows are divided; a place takes its windows and its product."""
        (e, n), (c, m) = examples, channels
        entries = view.axes[-1].n_kernel * c + math.prod(view.window[:-1]) * m
        place = entries * np.dtype(dtype).itemsize * e
        return Blocks.of(view.axes, n, place, self.tile_bytes)


@dataclasses.dataclass(frozen=True)
class Blocks:
    """Results cut into blocks of rows of the first axis, each with what it reads.

    Attributes:
        axes: the relation per axis.
        n: the number of examples.
        rows: results along the first axis per block.
        per_tile: blocks worked on at once.
    """

    axes: tuple[Axis, ...]
    n: int
    rows: int
    per_tile: int

    @classmethod
    def of(
        cls, axes: tuple[Axis, ...], n: int, place_bytes: int, tile_bytes: int
    ) -> Blocks:
        """Blocks within ``tile_bytes``: whole examples, if one of them fits."""
        halo = axes[0].span - 1
        width = (
            math.prod(axis.n_output + axis.span - 1 for axis in axes[1:-1])
            * axes[-1].n_output
        )
        fit = max(1, tile_bytes // (place_bytes * width))
        whole = axes[0].n_output + halo
        if fit >= whole:
            return cls(axes, n, axes[0].n_output, largest_divisor(n, fit // whole))
        rows = max(1, fit - halo)
        count = -(-axes[0].n_output // rows)
        return cls(axes, n, -(-axes[0].n_output // count), 1)

    @property
    def count(self) -> int:
        """Blocks per example."""
        return -(-self.axes[0].n_output // self.rows)

    @property
    def read(self) -> tuple[int, ...]:
        """Rows that a block reads, along every axis but the last."""
        sizes = [axis.n_output + axis.span - 1 for axis in self.axes[:-1]]
        sizes[0] = self.rows + self.axes[0].span - 1
        return tuple(sizes)

    def tiling(self) -> Tiling:
        """Windows along the last axis of every row that a tile reads."""
        rows = list(self.read)
        rows[0] = self.rows * self.count + self.axes[0].span - 1
        lead = [
            Axis(axis.n_input, 1, size, low=axis.low)
            for axis, size in zip(self.axes[:-1], rows, strict=True)
        ]
        units = self.per_tile * math.prod(self.read)
        axes = (*lead, self.axes[-1])
        return Tiling(axes, self.n, self.axes[-1].n_output, units)

    def starts(self, tiling: Tiling) -> np.ndarray | Array:
        """(tiles, rows of a tile, 2): (row of the flat source, 0)."""
        below = [math.prod(tiling.extents[a:-1]) for a in range(len(self.axes))]
        rows = [below[0], self.rows * below[1], *below[1:]]
        sizes = [self.n, self.count, *self.read]
        flat = beginnings(sizes, rows, [0] * len(sizes), count=math.prod(sizes))
        return flat.reshape(-1, self.per_tile * math.prod(self.read), 2)


def _run(blocks: Blocks, source: Array, kernel: Array, product: Product) -> Array:
    """(e, n, *R, m)."""
    axes, m = blocks.axes, kernel.shape[-1]
    e = kernel.shape[0]
    tiling = blocks.tiling()
    padded = tiling.padded(source)
    lead = len(axes) - 1
    taps = list(itertools.product(*(range(axis.n_kernel) for axis in axes[:-1])))
    order = [0, lead + 1, lead + 2, *range(1, lead + 1), lead + 3]
    side_by_side = materialised(
        lambda: lax.transpose(kernel, order).reshape(
            e, axes[-1].n_kernel * kernel.shape[-2], len(taps) * m
        )
    )
    places = [axis.n_output for axis in axes]
    places[0] = blocks.rows

    def tile(start: Array) -> Array:
        z = product(tiling.windows(padded, start), side_by_side)
        z = z.reshape(e, blocks.per_tile, *blocks.read, places[-1], len(taps) * m)

        def summed() -> Array:
            (wide,) = on_all_cores(z)
            total: Any = 0
            for number, tap in enumerate(taps):
                begin = [
                    k * axis.kernel_dilation for k, axis in zip(tap, axes, strict=False)
                ]
                stop = [b + size for b, size in zip(begin, places, strict=False)]
                total = total + lax.slice(
                    wide,
                    (0, 0, *begin, 0, number * m),
                    (e, blocks.per_tile, *stop, places[-1], number * m + m),
                )
            return total

        # In a network every reader of the result would add the slices up anew.
        return materialised(summed)

    starts = blocks.starts(tiling)
    if len(starts) == 1:
        result = tile(jnp.asarray(starts[0]))
    else:
        result = lax.map(tile, jnp.asarray(starts))
        if e > 1:
            result = jnp.moveaxis(result, 1, 0)
    result = result.reshape(e, blocks.n, blocks.count * blocks.rows, *places[1:], m)
    return lax.slice_in_dim(result, 0, axes[0].n_output, axis=2)


MIXED = Mixed()
