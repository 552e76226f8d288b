"""Channels that meet no others: multiply and add places, no matrix product at all.

With one channel per group there is nothing to contract but taps, and the compiler turns
a sum of shifted products into one loop that runs along the channels (``tapwise``). A
group of c input and m output channels is c * m pairs that are multiplied one by one:
arrays are written once per pair, and results are summed over the pairs they share.

    source, result (e, *batch, *spatial, pairs)      kernel (e, *K, pairs)
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
from jax import lax

from jconv import numerics
from jconv.algorithms import costs, windowed
from jconv.algorithms.buffers import materialised
from jconv.algorithms.protocol import array_shapes, concrete, result_shape
from jconv.algorithms.staged import Staged
from jconv.algorithms.tapwise import Tapwise
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes
    from jconv.algorithms.windowed import Windowed

MAX_PAIRS = 4
"""Pairs of channels per group at the most: beyond, matrix products are faster."""

MAX_UNROLLED = 96
"""Taps that are unrolled at the most; there is a loop over any more."""

MAX_SUMMED = 64
"""The same for a kernel's derivative, where each takes longer to compile."""

BLOCK_BYTES = 2**22
"""Memory of the examples whose kernel derivative is computed at once."""

TAPS_OF_A_PASS = 8
"""Taps of a kernel's derivative that are summed in one pass."""

OUT_OF_CACHE = 1.5
"""How much longer a kernel's derivative takes where the batch stays whole."""


@dataclasses.dataclass(frozen=True)
class Depthwise:
    """Multiply-adds over taps; tests make ``unrolled`` and ``block_bytes`` tiny."""

    name: str = "depthwise"
    max_pairs: int = MAX_PAIRS
    unrolled: int = MAX_UNROLLED
    block_bytes: int | None = BLOCK_BYTES
    exact_on_integers: bool = True
    keeps_nonfinite_local: bool = False

    @property
    def keeps_batch_whole(self) -> bool:
        """Whether batch axes are neither merged nor cut into blocks."""
        return self.block_bytes is None

    def refuses(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,  # noqa: ARG002
        platform: str | None,  # noqa: ARG002
    ) -> str | None:
        """Many channels per group; what cannot be seen as windows."""
        if geometry.groups == 1:
            return "there is one group"
        pairs = math.prod(_channels(shapes, out))
        if pairs > self.max_pairs:
            return (
                f"it would multiply {pairs} pairs of channels per group, more than "
                f"{self.max_pairs}"
            )
        if not geometry.rank:
            return "without spatial axes there are no taps"
        views = windowed.views(geometry, out, dilated=out != "kernel")
        if not views:
            return "both arrays are dilated"
        taps = math.prod(views[0].window)
        if any(axis.input_dilation > 1 for axis in views[0].axes) and (
            taps > self.unrolled
        ):
            return (
                f"it would unroll the {taps} taps of a dilated source, more than "
                f"{self.unrolled}; 'phases' parts them"
            )
        sizes = [n for shape in shapes.values() for n in shape]
        if out == "kernel" and any(not isinstance(n, int) for n in sizes):
            return "for a kernel's derivative it must know every size, also the batch's"
        arrays = (*shapes.values(), result_shape(geometry, shapes, out))
        if not all(math.prod(concrete(shape)) for shape in arrays):
            return "an array is empty"
        return None

    def run(
        self,
        first: Array,
        second: Array,
        *,
        geometry: Geometry,
        out: Role,
        precision: Precision,  # noqa: ARG002
        accumulate: DTypeLike,
    ) -> Array:
        """The contraction, all products in full precision."""
        shapes = array_shapes(out, first, second)
        view = _view(geometry, out)
        c, m = _channels(shapes, out)
        arrays = dict(zip(OPERANDS[out], (first, second), strict=True))
        pairs = {
            role: _pairs(array.astype(accumulate), role, c, m)
            for role, array in arrays.items()
        }
        form = Tapwise(view.axes, self._unrolled(out))
        if out == "kernel":
            staged = Staged(form, self.block_bytes)
            kernel = staged.kernel(pairs[view.source], pairs[view.other])
            kernel = _flipped(kernel, view).reshape(*kernel.shape[:-1], -1, c, m)
            rank = kernel.ndim
            return lax.transpose(
                kernel, [*range(rank - 3), rank - 2, rank - 3, rank - 1]
            )
        result = form.result(pairs[view.source], _flipped(pairs["kernel"], view))
        shape = result_shape(geometry, shapes, out)
        if c * m == 1:
            return lax.reshape(result, shape)
        whole = lax.reshape(result, (*shape[:-1], c, m))
        return lax.reduce_sum(whole, [len(shape) - (out == "output")])

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
        """The source padded, the products, the result written; sums of taps."""
        view = _view(geometry, out)
        both = shapes | {out: result_shape(geometry, shapes, out)}
        c, m = _channels(shapes, out)
        item = np.dtype(dtype).itemsize
        widened = {
            role: costs.bytes_of(both[role], dtype) * c * m // both[role][-1]
            for role in ("input", "output")
        }
        copied = widened["input"] + widened["output"] + widened[view.source]
        form = Tapwise(view.axes, self._unrolled(out))
        adds = widened[view.other] // item * math.prod(form.window)
        if platform not in (None, "cpu"):
            moved = copied / costs.ACCELERATOR_COPY_PEAK
            return moved + 2 * adds / costs.ACCELERATOR_GEMM_PEAK
        passes = math.prod(form.rounds)
        if out == "kernel":
            passes *= -(-len(form.taps) // TAPS_OF_A_PASS)
            passes *= max(1, copied // (self.block_bytes or BLOCK_BYTES))
        spread = 1 if c * m == 1 else 2
        seconds = spread * costs.copy_seconds(copied, geometry.groups * item, platform)
        seconds += adds / costs.ADDS_PER_SECOND + passes * costs.PASS_SECONDS
        away = out == "kernel" and self.block_bytes is None and copied > BLOCK_BYTES
        return seconds * (OUT_OF_CACHE if away else 1)

    def _unrolled(self, out: Role) -> int:
        """Taps that are unrolled."""
        return min(self.unrolled, MAX_SUMMED) if out == "kernel" else self.unrolled


def _view(geometry: Geometry, out: Role) -> Windowed:
    """The source and its relation; for a kernel's derivative an undilated one."""
    return windowed.views(geometry, out, dilated=out != "kernel")[0]


def _channels(shapes: Shapes, out: Role) -> tuple[int, int]:
    """(input channels, output channels) per group."""
    if out == "kernel":
        return shapes["input"][-1], shapes["output"][-1]
    return shapes["kernel"][-3], shapes["kernel"][-1]


def _pairs(array: Array, role: Role, c: int, m: int) -> Array:
    """(..., g, c), (..., c, g, m) or (..., g, m) -> (..., g c m)."""
    last = array.ndim
    if role == "kernel":
        order = [*range(last - 3), last - 2, last - 3, last - 1]
        array = lax.transpose(array, order)
        return lax.reshape(array, (*array.shape[:-3], math.prod(array.shape[-3:])))
    *lead, g, own = array.shape
    if own == c * m:
        return lax.reshape(array, (*lead, g * own))
    kept = [*range(last - 1), last - (role == "input")]
    spread = lax.broadcast_in_dim(array, (*lead, g, c, m), kept)
    return materialised(lambda: lax.reshape(spread, (*lead, g * c * m)))


def _flipped(kernel: Array, view: Windowed) -> Array:
    """The kernel as it stands in the view, or back: (e, *K, pairs)."""
    flipped = [a for a, flip in enumerate(view.flip, 1) if flip]
    return lax.rev(kernel, flipped) if flipped else kernel


DEPTHWISE = Depthwise()
DEPTHWISE_WHOLE = Depthwise("depthwise_whole", block_bytes=None)
