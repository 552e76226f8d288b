"""The other way round: which windows hold an input, and what they have to give it.

Input i lies in the windows o with ``stride o + dilation k = i + low`` for some k, so
among the ``ceil(span / stride)`` windows ``o = floor((i + low) / stride) - q``. For a
fixed q, what these windows have (a cotangent, a maximum, a position) can be laid beside
the inputs by repeating each entry ``stride`` times and shifting: no scatter, no gather.
The explicit backward functions sum over q, so they are written from the input's point
of view: *what do I receive, and from whom?*
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import entry_at, pad
from jconv.algorithms.parts.turns import looped
from jconv.pool.fitted import FittedAxis
from jconv.pool.gathered import gathered

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array

    from jconv.geometry import Axis

UNROLLED = 36
"""Up to this many windows per input are visited one by one; more, in a loop."""


def over_windows(
    step: Callable[[tuple[Any, ...], Any], Any],
    start: Any,
    counts: tuple[int, ...],
) -> Any:
    """Apply ``step(q, value)`` for every q of the given ranges, in order."""
    total = math.prod(counts)
    if total <= UNROLLED:
        for q in np.ndindex(*counts):
            start = step(q, start)
        return start

    def body(n: Array, value: Any) -> Any:
        n, q = lax.convert_element_type(n, np.int32), []
        for count in reversed(counts):
            n, remainder = n // count, n % count
            q.append(remainder)
        return step(tuple(reversed(q)), value)

    return looped(total, body, start)


def holders(axis: Axis | FittedAxis) -> int:
    """The most windows along an axis that may hold one input."""
    if isinstance(axis, FittedAxis):
        return axis.swapped.n_kernel
    return -(-axis.span // axis.stride)


def padded(y: Array, dim: int, axis: Axis | FittedAxis, fill: Any) -> Array:
    """What every window has of which some input asks, also those that do not exist.

    Of fitted windows it is gathered: what window number q has, beside every input.

    Args:
        y: an array with one entry per window along ``dim``.
        dim: the dimension.
        axis: its relation.
        fill: what windows that do not exist have to give.
    """
    if isinstance(axis, FittedAxis):
        return gathered(y, dim, axis.swapped, fill)
    first, last = _asked(axis)
    config = [(0, 0, 0)] * y.ndim
    config[dim] = (holders(axis) - 1 - first, last - (axis.n_output - 1), 0)
    return pad(y, jnp.asarray(fill, y.dtype), config)


def _asked(axis: Axis) -> tuple[int, int]:
    """The last window that may hold the first input, and that for the last input."""
    return axis.low // axis.stride, (axis.n_input - 1 + axis.low) // axis.stride


def beside_inputs(
    every: Array,
    dim: int,
    axis: Axis | FittedAxis,
    q: Any,
    fill: Any,
) -> Array:
    """Lay what window number q has beside every input along one dimension.

    Args:
        every: what all windows have: ``padded``.
        dim: the dimension.
        axis: its relation.
        q: from 0, the last window that may hold the input, to ``holders(axis) - 1``;
            of fitted windows 0 is the first.
        fill: what windows that do not hold the input have to give.
    """
    if isinstance(axis, FittedAxis):
        return entry_at(every, q, dim)
    s = axis.stride
    first, last = _asked(axis)
    blocks = last - first + 1
    begin = holders(axis) - 1 - q
    if isinstance(q, int):
        own = lax.slice_in_dim(every, begin, begin + blocks, axis=dim)
    else:
        own = lax.dynamic_slice_in_dim(
            every, begin, blocks, dim, allow_negative_indices=False
        )
    shape = (*own.shape[:dim], blocks, s, *own.shape[dim + 1 :])
    kept = [n for n in range(len(shape)) if n != dim + 1]
    repeated = lax.broadcast_in_dim(own, shape, kept)
    flat = lax.reshape(repeated, (*shape[:dim], blocks * s, *shape[dim + 2 :]))
    start = axis.low - first * s
    found = lax.slice_in_dim(flat, start, start + axis.n_input, axis=dim)
    if axis.span % s == 0 and axis.kernel_dilation == 1:
        return found  # every one of the windows holds the input
    column = [1] * every.ndim
    column[dim] = axis.n_input
    position = np.arange(axis.n_input, dtype="int32").reshape(column) + axis.low
    entry = position % s + s * q
    holds = entry < axis.span
    if axis.kernel_dilation > 1:
        holds &= entry % axis.kernel_dilation == 0
    return jnp.where(holds, found, jnp.asarray(fill, every.dtype))
