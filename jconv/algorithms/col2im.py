"""One product with all taps' kernels; its parts are added where they belong (col2im).

The counterpart of ``patches``: there every result gathers what it reads, here every
entry of the source hands out what it contributes,

    out = "output", "input":  (entries, c)  times  (c, taps * m)

and nothing is copied before the product. Where the source is dilated, as in the input
derivative of a strided convolution, that is ideal: entries contribute to results side
by side, which lie together in the product as they lie in the result.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.algorithms import costs
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.buffers import materialised, on_all_cores, pad_to, slice_at
from jconv.algorithms.parts.columns import side_by_side
from jconv.algorithms.parts.products import Product
from jconv.algorithms.parts.shifts import Shifts
from jconv.algorithms.parts.turns import largest_divisor, origins, stacked
from jconv.algorithms.protocol import array_shapes, result_shape
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes

TILE_BYTES = 2**21
"""Memory of a tile's products: they are read once, and soon."""

LARGER = 8
"""Times ``TILE_BYTES`` that a tile may take most of whose rows others read as well."""

MAX_PARTS = 64
"""Parts of products that are added at the most: each is unrolled."""

PASSES = 1
"""How often a product is moved, beside being made: it is read to be added."""


@dataclasses.dataclass(frozen=True)
class Col2im:
    """A product, and sums of its shifted parts; tests make ``tile_bytes`` tiny."""

    name: str = "col2im"
    tile_bytes: int = TILE_BYTES
    max_parts: int = MAX_PARTS
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
        """A kernel's derivative; results that a stride skips; too much to unroll."""
        if out == "kernel":
            return "a kernel's derivative adds no products of one entry"
        reason = windowed.unsuitable(geometry, shapes, out, dilated=True)
        if reason:
            return reason
        if math.prod(geometry.kernel_shape) == 1:
            return "one tap adds nothing; 'matmul' is one product"
        (view,) = windowed.views(geometry, out, dilated=True)
        if any(axis.stride > 1 for axis in view.axes):
            return "it would make products for results that a stride skips"
        parts = Shifts(view.axes).parts
        if parts > self.max_parts:
            return f"it would add {parts} parts, more than {self.max_parts}"
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
        """The contraction, one block of the source's rows after the other."""
        shapes = array_shapes(out, first, second)
        (view,) = windowed.views(geometry, out, dilated=True)
        arrays = dict(zip(OPERANDS[out], (first, second), strict=True))
        source = windowed.merged_source(arrays[view.source], geometry.rank)
        product = Product(windowed.source_precision(precision, view, out), accumulate)
        shifts = Shifts(view.axes)
        kernels = side_by_side(shifts, arrays["kernel"], view)
        _, m = view.channels(shapes)
        result = _run(shifts, source, kernels, m, product, self.tile_bytes)
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
        """One product per phase, written and read again; the results interleaved."""
        (view,) = windowed.views(geometry, out, dilated=True)
        shifts = Shifts(view.axes)
        item = np.dtype(dtype).itemsize
        c, m = view.channels(shapes)
        batched = shapes["output"] if out == "input" else shapes["input"]
        e, n = batched[0], math.prod(batched[1 : -2 - geometry.rank])
        rows, _ = _block(shifts, (e, n, m), item, self.tile_bytes)
        read = -(-shifts.lines[0].count // rows) * (rows + shifts.lines[0].reach)
        entries = n * read * math.prod(shifts.extents[1:])
        seconds = windowed.kernel_seconds(view, shapes, dtype, platform)
        for taps in shifts.leading_taps.values():
            wide = len(taps) * shifts.last_wide * m
            seconds += costs.gemm_seconds(e, entries, c, wide, platform)
            seconds += costs.copy_seconds(
                PASSES * e * entries * wide * item, m * shifts.pace * item, platform
            )
        if len(shifts.leading_taps) > 1:
            result = costs.bytes_of(result_shape(geometry, shapes, out), dtype)
            seconds += costs.copy_seconds(result, m * shifts.pace * item, platform)
        return seconds


def _run(
    shifts: Shifts,
    source: Array,
    kernels: dict[tuple[int, ...], Array],
    m: int,
    product: Product,
    tile_bytes: int,
) -> Array:
    """(e, n, *R, m), a block of rows after the other."""
    e, n = source.shape[:2]
    first = shifts.lines[0]
    rows, examples = _block(shifts, (e, n, m), source.dtype.itemsize, tile_bytes)
    blocks = -(-first.count // rows)
    config = [(0, 0), (0, 0), *(line.padding for line in shifts.lines), (0, 0)]
    config[2] = (config[2][0], config[2][1] + blocks * rows - first.count)
    whole = n * blocks == examples
    # What is narrower is padded: the source, or its product. A tile is cut from a
    # padded source.
    narrow = whole and _widest(shifts, m) < source.shape[-1]
    padded = source if narrow else pad_to(source, config)

    def products(part: Array, phases: tuple[int, ...]) -> Array:
        flat = part.reshape(e, -1, part.shape[-1])
        z = product(flat, kernels[phases]).reshape(*part.shape[:-1], -1)
        return pad_to(z, config) if narrow else z

    def block(part: Array) -> Array:
        sums = {
            phases: _sum(shifts, products(part, phases), taps, rows)
            for phases, taps in shifts.leading_taps.items()
            if taps
        }
        return _interleaved(shifts, sums)

    if whole:
        result = block(padded)
    else:
        size = [e, examples, rows + first.reach, *padded.shape[3:]]
        starts = origins((n // examples, examples), (blocks, rows))

        def tile(turn: Array) -> Array:
            example, row = starts(turn)
            zeros = [np.int32(0)] * padded.ndim
            begin: list[Any] = [zeros[0], example, row, *zeros[3:]]
            return block(slice_at(padded, begin, size))

        result = stacked(n // examples * blocks, tile)
        result = jnp.moveaxis(result, 1, 0) if e > 1 else result
    places = [line.count * line.axis.input_dilation for line in shifts.lines]
    places[0] = blocks * rows * first.axis.input_dilation
    result = result.reshape(e, n, *places, m)
    stop = [axis.n_output for axis in shifts.axes]
    return lax.slice(result, [0] * result.ndim, [e, n, *stop, m])


def _widest(shifts: Shifts, m: int) -> int:
    """Columns of the product of the phases that most taps belong to."""
    return max(map(len, shifts.leading_taps.values())) * shifts.last_wide * m


def _block(
    shifts: Shifts, sizes: tuple[int, int, int], item: int, tile_bytes: int
) -> tuple[int, int]:
    """(rows, examples) of a block whose products fit: whole examples if any.

    What two blocks both read is multiplied twice. If that is more than half of what
    there is, a block takes up to ``LARGER`` times the memory.
    """
    (e, n, m), first = sizes, shifts.lines[0]
    row = math.prod(shifts.extents[1:]) * e * _widest(shifts, m) * item
    fit = tile_bytes // max(1, row)
    if fit >= first.extent:
        return first.count, largest_divisor(n, fit // first.extent)
    few = min(2 * first.reach, LARGER * fit - first.reach)
    rows = max(1, fit - first.reach, few)
    return -(-first.count // -(-first.count // rows)), 1


def _sum(shifts: Shifts, z: Array, taps: list[tuple[int, ...]], rows: int) -> Array:
    """The results of one phase of the leading axes: (e, examples, *counts, a * m)."""
    counts = [line.count for line in shifts.lines]
    counts[0] = rows
    last_shifts = shifts.lines[-1].shifts
    columns = z.shape[-1] // (len(taps) * len(last_shifts))

    def summed() -> Array:
        slices = []
        for number, (tap, last) in enumerate(itertools.product(taps, last_shifts)):
            shift = [
                line.places[k][0] for line, k in zip(shifts.lines, tap, strict=False)
            ]
            begin = [
                line.reach - q
                for line, q in zip(shifts.lines, [*shift, last], strict=True)
            ]
            stop = [b + n for b, n in zip(begin, counts, strict=True)]
            lower = [0, 0, *begin, number * columns]
            upper = [*z.shape[:2], *stop, (number + 1) * columns]
            slices.append(lax.slice(z, lower, upper))
        return functools.reduce(lax.add, on_all_cores(*slices))

    # What lays a tile into the whole would add the slices up on one core.
    return materialised(summed)


def _interleaved(shifts: Shifts, sums: dict[tuple[int, ...], Array]) -> Array:
    """Put the phases of the leading axes between each other."""
    if len(shifts.leading_taps) == 1:
        return next(iter(sums.values()))
    nothing = jnp.zeros_like(next(iter(sums.values())))

    def stacked(*phases: int) -> Array:
        a = len(phases)
        if a == len(shifts.axes) - 1:
            return sums.get(phases, nothing)
        pace = shifts.axes[a].input_dilation
        return jnp.stack([stacked(*phases, phase) for phase in range(pace)], 3 + a)

    return materialised(stacked)


COL2IM = Col2im()
