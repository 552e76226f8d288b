"""Sums over taps of entrywise products, in loops that the CPU's compiler does well.

Channels come last in all arrays and take part entry by entry, so that every loop runs
along them:

    result[r] = sum over k of  source[s r + d k - low]  kernel[k]

What was measured to matter, on four cores:

- The source is padded first, in a buffer of its own: a loop that has to look at many
  taps where the image ends is not vectorised.
- A loop is given to all cores only if it seems to compute more than it moves. That is
  counted before fusion, a slice's bytes once per slice. So slices are taken of a
  product, ``slice(source * tap)``, never of the source itself.
- Places whose bytes are a multiple of a large power of two fall into the same few lines
  of a cache. So the padded copies get a line more per place (``spare_channels``), which
  is up to three times faster.
- Where the source is dilated, phases are padded with holes and added in one loop; to
  compute them one by one and to interleave them costs four times as much.
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

from jconv.algorithms.parts.buffers import (
    carried,
    entry_at,
    function,
    pad_to,
    slice_at,
)
from jconv.algorithms.parts.turns import looped
from jconv.geometry.phases import phases

if TYPE_CHECKING:
    from jax import Array

    from jconv.geometry import Axis

Places = tuple[int, ...]

LINE_BYTES = 64
"""What a cache fetches together."""

CACHE_SETS = 64
"""Lines this far apart share a place in the first cache."""

CACHE_WAYS = 12
"""How many lines share one place there."""


@dataclasses.dataclass(frozen=True)
class Tapwise:
    """Taps, gone through in rounds of as many as may be unrolled.

    Attributes:
        axes: per spatial axis the relation of source ("input"), kernel and result
            ("output"), the kernel's dilation positive.
        unrolled: taps that a program names one by one; there is a loop over more.
    """

    axes: tuple[Axis, ...]
    unrolled: int

    @functools.cached_property
    def inner(self) -> Places:
        """Taps per axis of one round: all of the last axes, part of one."""
        sizes, room = [], self.unrolled
        for axis in reversed(self.axes):
            rounds = -(-axis.n_kernel // max(1, room))
            sizes.append(-(-axis.n_kernel // rounds))
            room = room // sizes[-1] if rounds == 1 else 1
        return tuple(reversed(sizes))

    @property
    def rounds(self) -> Places:
        """Rounds per axis."""
        return tuple(
            -(-axis.n_kernel // size)
            for axis, size in zip(self.axes, self.inner, strict=True)
        )

    @property
    def window(self) -> Places:
        """Taps per axis of all rounds; the last may hold taps that do not exist."""
        return tuple(map(int.__mul__, self.inner, self.rounds))

    @property
    def places(self) -> Places:
        """Results per axis."""
        return tuple(axis.n_output for axis in self.axes)

    @property
    def taps(self) -> list[Places]:
        """The taps of one round."""
        return list(itertools.product(*map(range, self.inner)))

    def origins(self) -> np.ndarray:
        """(rounds, rank): where in the padded source the taps of a round begin."""
        step = [
            size * axis.kernel_dilation
            for axis, size in zip(self.axes, self.inner, strict=True)
        ]
        index = np.indices(self.rounds).reshape(len(self.axes), -1).T
        return (index * step).astype(np.int32)

    def padded(self, source: Array, places: Places, spare: int = 0) -> Array:
        """Every window of every round lies inside."""
        first = source.ndim - 1 - len(self.axes)
        config = [(0, 0)] * source.ndim
        config[-1] = (0, spare)
        for a, extent in enumerate(self._extents(places, self.window)):
            axis = self.axes[a]
            config[first + a] = (axis.low, extent - axis.n_input - axis.low)
        return pad_to(source, config)

    def part(self, padded: Array, number: Any, places: Places) -> Array:
        """What the taps of one round read, given its number."""
        if math.prod(self.rounds) == 1:
            return padded
        lead = padded.ndim - 1 - len(self.axes)
        sizes = self._extents(places, self.inner)
        shape = (*padded.shape[:lead], *sizes, padded.shape[-1])

        def cut(whole: Array, number: Array) -> Array:
            origin, zero = entry_at(jnp.asarray(self.origins()), number), np.int32(0)
            start = [zero] * lead + [origin[a] for a in range(len(self.axes))] + [zero]
            return slice_at(whole, start, shape)

        return function(cut)(padded, number)

    def read(
        self, array: Array, tap: Places, places: Places, origin: Places | None = None
    ) -> Array:
        """What one tap reads at all places, the first tap beginning at the origin."""
        lead = array.ndim - 1 - len(self.axes)
        start, stop, step = [0] * array.ndim, list(array.shape), [1] * array.ndim
        for a, axis in enumerate(self.axes):
            start[lead + a] = tap[a] * axis.kernel_dilation
            start[lead + a] += origin[a] if origin else 0
            stop[lead + a] = start[lead + a] + axis.stride * (places[a] - 1) + 1
            step[lead + a] = axis.stride
        return lax.slice(array, start, stop, step)

    def result(self, source: Array, kernel: Array) -> Array:
        """(e, *batch, *S, q) and (e, *K, q) -> (e, *batch, *R, q)."""
        q = source.shape[-1]
        spare = spare_channels(q * source.dtype.itemsize, len(self.taps))
        spare //= source.dtype.itemsize
        if spare:
            kernel = pad_to(kernel, [(0, 0)] * (kernel.ndim - 1) + [(0, spare)])
        if any(axis.input_dilation > 1 for axis in self.axes):
            result = self._result_by_phases(source, kernel, spare)
        else:
            result = self._result_by_rounds(source, kernel, spare)
        return lax.slice_in_dim(result, 0, q, axis=-1) if spare else result

    def _result_by_rounds(self, source: Array, kernel: Array, spare: int) -> Array:
        """The result, all taps of a round in one loop."""
        weights = self._by_rounds(kernel)
        whole = carried(self.padded(source, self.places, spare))

        def add(number: Any, total: Any) -> Any:
            mine = entry_at(weights, number)
            part = self.part(whole(), number, self.places)
            for n, tap in enumerate(self.taps):
                weight = lax.index_in_dim(mine, n, 1, keepdims=False)
                term = lax.mul(part, _like(weight, part))
                term = self.read(term, tap, self.places)
                total = term if total is None else lax.add(total, term)
            return total

        if len(weights) == 1:
            return add(0, None)
        first = source.ndim - 1 - len(self.axes)
        shape = (*source.shape[:first], *self.places, kernel.shape[-1])
        return looped(len(weights), add, jnp.zeros(shape, source.dtype))

    def _result_by_phases(self, source: Array, kernel: Array, spare: int) -> Array:
        """Each phase of the result with its own taps (``geometry.phases``)."""
        first = source.ndim - 1 - len(self.axes)
        parted = [phases(axis, "output") for axis in self.axes]
        config, margins = [(0, 0)] * source.ndim, []
        config[-1] = (0, spare)
        for a, each in enumerate(parted):
            reads = [_reads(phase.axis) for phase in each if phase.axis.n_kernel]
            margins.append(max((-begin for begin, _ in reads), default=0))
            end = max((end for _, end in reads), default=1)
            config[first + a] = (margins[a], end - self.axes[a].n_input)
        padded = pad_to(source, config)
        zero = np.zeros((), source.dtype)
        shape = (*source.shape[:first], *self.places, kernel.shape[-1])
        total = jnp.zeros(shape, source.dtype)
        for parts in itertools.product(*parted):
            form = Tapwise(tuple(each.axis for each in parts), self.unrolled)
            origin = tuple(m - ax.low for m, ax in zip(margins, form.axes, strict=True))
            sum_: Any = None
            for tap in itertools.product(*(range(ax.n_kernel) for ax in form.axes)):
                own = [
                    each.tap[0] + k * each.tap[1]
                    for each, k in zip(parts, tap, strict=True)
                ]
                weight = _like(kernel[(slice(None), *own)], padded)
                term = form.read(padded * weight, tap, form.places, origin)
                sum_ = term if sum_ is None else sum_ + term
            if sum_ is not None:
                holes = [(0, 0, 0)] * source.ndim
                for a, part in enumerate(parts):
                    last = part.start + part.step * (form.places[a] - 1)
                    rest = self.places[a] - 1 - last
                    holes[first + a] = (part.start, rest, part.step - 1)
                total = total + lax.pad(sum_, zero, holes)
        return total

    def _by_rounds(self, kernel: Array) -> Array:
        """(e, *K, q) -> (rounds, e, inner taps, q), zeros where there is no tap."""
        rank, (e, *_, q) = len(self.axes), kernel.shape
        config = [(0, 0)] * kernel.ndim
        for a, n in enumerate(self.window, 1):
            config[a] = (0, n - kernel.shape[a])
        split = [n for pair in zip(self.rounds, self.inner, strict=True) for n in pair]
        whole = pad_to(kernel, config).reshape(e, *split, q)
        order = [*range(1, 2 * rank, 2), 0, *range(2, 2 * rank + 1, 2), 2 * rank + 1]
        rounds = math.prod(self.rounds)
        return lax.transpose(whole, order).reshape(rounds, e, len(self.taps), q)

    def _extents(self, places: Places, taps: Places) -> list[int]:
        """Positions of the source that so many places and taps cover."""
        return [
            axis.stride * (n - 1) + axis.kernel_dilation * (k - 1) + 1
            for axis, n, k in zip(self.axes, places, taps, strict=True)
        ]


def spare_channels(place_bytes: int, taps: int) -> int:
    """Bytes to add to a place so that many taps do not compete for the same lines."""
    if place_bytes % LINE_BYTES:
        return 0
    spread = CACHE_SETS // math.gcd(place_bytes // LINE_BYTES, CACHE_SETS)
    # A tap reads a line of the source and one of the kernel; half the room is enough.
    crowded = 2 * taps > spread * CACHE_WAYS // 2
    return LINE_BYTES if crowded else 0


def _like(tap: Array, array: Array) -> Array:
    """(e, q) -> the shape of (e, ..., q)."""
    if tap.shape[0] == 1:
        tap = lax.index_in_dim(tap, 0, keepdims=False)
        return lax.broadcast_in_dim(tap, array.shape, (array.ndim - 1,))
    return lax.broadcast_in_dim(tap, array.shape, (0, array.ndim - 1))


def _reads(axis: Axis) -> tuple[int, int]:
    """First and last + 1 position of the source that an undilated axis reads."""
    reach = axis.stride * (axis.n_output - 1)
    reach += axis.kernel_dilation * (axis.n_kernel - 1)
    return -axis.low, reach - axis.low + 1
