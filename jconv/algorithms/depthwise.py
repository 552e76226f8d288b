"""Channels that meet few others: multiply and add places, no matrix product at all.

With one channel per group there is nothing to contract but taps, and the compiler turns
a sum of shifted products into one loop that runs along the channels (``tapwise``, and
``staged`` for the kernel's derivative). With a few channels per group, those of the
source become one more axis of taps: for each of them, a copy of the source in which it
stands in every lane of its group.

    source (e, *batch, source channel, *spatial, lanes)      lanes = g * other channels
    kernel (e, source channel, *K, lanes)
    other  (e, *batch, 1, *spatial, lanes)
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
from jax import lax

from jconv import numerics
from jconv.algorithms import costs
from jconv.algorithms.accelerators import is_accelerator, sums_seconds
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.buffers import materialised
from jconv.algorithms.parts.staged import Staged
from jconv.algorithms.parts.tapwise import Tapwise
from jconv.algorithms.protocol import array_shapes, concrete, result_shape
from jconv.geometry import OPERANDS, Axis, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.parts.windowed import Windowed
    from jconv.algorithms.protocol import Precision, Shapes

MAX_PAIRS = 64
"""Pairs of channels per group at the most: beyond, matrix products are faster."""

MAX_UNROLLED = 96
"""Taps that are unrolled at the most; there is a loop over any more."""

MAX_SUMMED = 64
"""The same for a kernel's derivative, where each takes longer to compile."""

ROW_BY_ROW, TAPS_OF_A_TURN = 32, 12
"""Taps of a kernel's derivative beyond which a loop goes through them, and how many a
turn takes, or a row of them: 7 x 7 taps are compiled in two thirds of the time."""

BLOCK_BYTES = 2**22
"""Memory of the examples whose kernel derivative is computed at once."""

SUMMED = 1.25
"""How much longer sums over places take than over taps, on an accelerator."""

MANY_PAIRS = 32
"""Pairs of channels per group at which an addition takes twice as long."""

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
        dtype: DTypeLike,
        platform: str | None,
    ) -> str | None:
        """Many channels per group; what cannot be seen as windows."""
        if geometry.groups == 1:
            return "there is one group"
        views = windowed.views(geometry, out, dilated=out != "kernel")
        if not views:
            return "both arrays are dilated"
        if not geometry.rank:
            return "without spatial axes there are no taps"
        own, others = views[0].channels(shapes)
        if not isinstance(own * others, int):
            return "its channels are symbolic"
        if own * others > self.max_pairs:
            return (
                f"it would multiply {own * others} pairs of channels per group, more "
                f"than {self.max_pairs}"
            )
        taps = own * math.prod(views[0].window)
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
        precision: Precision,
        accumulate: DTypeLike,
    ) -> Array:
        """The contraction, all products in full precision."""
        shapes = array_shapes(out, first, second)
        view = _view(geometry, out)
        arrays = {
            role: array.astype(accumulate)
            for role, array in zip(OPERANDS[out], (first, second), strict=True)
        }
        form = self._form(view, shapes, out)
        source = _source_lanes(arrays[view.source], view, shapes)
        if out == "kernel":
            other = arrays[view.other]
            lead = other.ndim - 2 - geometry.rank
            places = (*other.shape[:lead], 1, *other.shape[lead:-2])
            other = lax.reshape(other, (*places, math.prod(other.shape[-2:])))
            kernel = Staged(form, self.block_bytes).kernel(source, other)
            return _kernel_from_lanes(kernel, view, geometry.groups)
        kernel = _kernel_lanes(arrays["kernel"], view)
        return lax.reshape(
            form.result(source, kernel), result_shape(geometry, shapes, out)
        )

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
        own, others = view.channels(shapes)
        item = np.dtype(dtype).itemsize
        places = costs.bytes_of(both[view.other], dtype)
        copied = places + 2 * others * costs.bytes_of(both[view.source], dtype)
        form = self._form(view, shapes, out)
        adds = float(places // item * math.prod(form.window))
        if is_accelerator(platform):
            return sums_seconds(adds * (SUMMED if out == "kernel" else 1), copied)
        passes = math.prod(form.rounds)
        if out == "kernel":
            passes *= Staged(form, self.block_bytes).passes
            passes *= max(1, copied // (self.block_bytes or BLOCK_BYTES))
        # A dilated source's zeros are left out.
        adds /= math.prod(axis.input_dilation for axis in view.axes)
        seconds = costs.copy_seconds(copied, geometry.groups * others * item, platform)
        if own * others > 1:
            seconds += costs.copy_seconds(copied, copied, platform)
            adds *= 1 + own * others / MANY_PAIRS
        seconds += adds / costs.ADDS_PER_SECOND + passes * costs.PASS_SECONDS
        away = out == "kernel" and self.block_bytes is None and copied > BLOCK_BYTES
        return seconds * (OUT_OF_CACHE if away else 1)

    def _form(self, view: Windowed, shapes: Shapes, out: Role) -> Tapwise:
        """The taps, and how many of them are unrolled."""
        unrolled = self.unrolled
        if out == "kernel":
            unrolled = min(unrolled, MAX_SUMMED)
            # Elsewhere than on one CPU every turn of a loop would be waited for.
            if math.prod(view.window) > ROW_BY_ROW and not self.keeps_batch_whole:
                unrolled = min(unrolled, max(view.window[-1], TAPS_OF_A_TURN))
        return Tapwise(_axes(view, shapes), unrolled)


def _view(geometry: Geometry, out: Role) -> Windowed:
    """The source and its relation; for a kernel's derivative an undilated one."""
    return windowed.views(geometry, out, dilated=out != "kernel")[0]


def _axes(view: Windowed, shapes: Shapes) -> tuple[Axis, ...]:
    """The relations, that of the source's channels first."""
    own = view.channels(shapes)[0]
    return (Axis(n_input=own, n_kernel=own, n_output=1), *view.axes)


def _source_lanes(array: Array, view: Windowed, shapes: Shapes) -> Array:
    """(e, *batch, *S, g, own) -> (e, *batch, own, *S, lanes)."""
    own, others = view.channels(shapes)
    last, rank = array.ndim - 1, len(view.axes)
    lead = last - 1 - rank
    shape = (*array.shape[:lead], own, *array.shape[lead:last])
    if own > 1:
        order = [*range(lead), last, *range(lead, last)]
        array = lax.transpose(array, order)
    else:
        array = lax.reshape(array, shape)
    if own * others == 1:
        return array
    wide = (*shape, others)
    spread = lax.broadcast_in_dim(array, wide, range(last + 1))
    lanes = (*shape[:-1], shape[-1] * others)
    return materialised(lambda: lax.reshape(spread, lanes))


def _kernel_lanes(kernel: Array, view: Windowed) -> Array:
    """(e, *K, c, g, m) -> (e, own, *K, lanes), as it stands in the view."""
    c, g, m = range(kernel.ndim - 3, kernel.ndim)
    own, other = (c, m) if view.source == "input" else (m, c)
    kernel = lax.transpose(kernel, [0, own, *range(1, c), g, other])
    kernel = lax.reshape(kernel, (*kernel.shape[:-2], math.prod(kernel.shape[-2:])))
    flipped = [a for a, flip in enumerate(view.flip, 2) if flip]
    return lax.rev(kernel, flipped) if flipped else kernel


def _kernel_from_lanes(kernel: Array, view: Windowed, groups: int) -> Array:
    """The inverse of ``_kernel_lanes``."""
    flipped = [a for a, flip in enumerate(view.flip, 2) if flip]
    kernel = lax.rev(kernel, flipped) if flipped else kernel
    kernel = lax.reshape(
        kernel, (*kernel.shape[:-1], groups, kernel.shape[-1] // groups)
    )
    g, other = kernel.ndim - 2, kernel.ndim - 1
    c, m = (1, other) if view.source == "input" else (other, 1)
    return lax.transpose(kernel, [0, *range(2, g), c, g, m])


DEPTHWISE = Depthwise()
DEPTHWISE_WHOLE = Depthwise("depthwise_whole", block_bytes=None)
