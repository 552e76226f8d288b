"""Windows taken from an array, and put back: the data movement of im2col and col2im.

One spatial axis at a time, x[i] is copied to patches[o, k] wherever the relation

    stride * o  +  kernel_dilation * k  =  input_dilation * i  +  low

holds, and zero stands where it has no i. With k held fixed (or o, if there are fewer
of them) both other indices run through arithmetic progressions, so a copy is a strided
slice and a pad with holes. The adjoint of a slice is a pad and the reverse: neither
function, nor any derivative of one, holds a gather or a scatter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
from jax import lax

from jconv.algorithms.parts.buffers import pad

if TYPE_CHECKING:
    from jax import Array

    from jconv.geometry import Axis, Geometry, Role


def take(x: Array, geometry: Geometry) -> Array:
    """(*batch, *spatial, c) -> (*batch, *output, *window, c)."""
    rank, first = geometry.rank, x.ndim - geometry.rank - 1
    for a in reversed(range(rank)):
        x = _take_axis(x, first + a, geometry.axes[a])
    return lax.transpose(x, _together(x.ndim, rank))


def put(patches: Array, geometry: Geometry) -> Array:
    """The adjoint of ``take``."""
    rank, first = geometry.rank, patches.ndim - 2 * geometry.rank - 1
    order = _together(patches.ndim, rank)
    patches = lax.transpose(patches, sorted(range(len(order)), key=order.__getitem__))
    for a in range(rank):
        patches = _put_axis(patches, first + a, geometry.axes[a])
    return patches


def _together(ndim: int, rank: int) -> list[int]:
    """From (o, k) pairs, axis by axis, to all o and then all k."""
    first = ndim - 2 * rank - 1
    spatial = range(first, ndim - 1)
    return [*range(first), *spatial[::2], *spatial[1::2], ndim - 1]


def _fixed_role(axis: Axis) -> tuple[Role, Role]:
    """(the role walked through, the role that a progression covers)."""
    few = axis.n_kernel <= axis.n_output
    return ("kernel", "output") if few else ("output", "kernel")


def _take_axis(x: Array, dim: int, axis: Axis) -> Array:
    """(..., i, ...) -> (..., o, k, ...)."""
    fixed, free = _fixed_role(axis)
    rows = []
    for index in range(axis.size(fixed)):
        line = axis.progression(fixed, index)
        taken = _slice(x, dim, line.input, line.length)
        rows.append(_spread(taken, dim, line.of(free), axis.size(free)))
    stacked = dim + (fixed == "kernel")
    if rows:
        return jnp.stack(rows, stacked)
    nothing = lax.slice_in_dim(x, 0, 0, axis=dim)
    shape = [*x.shape[:dim], axis.n_output, axis.n_kernel, *x.shape[dim + 1 :]]
    kept = [n for n in range(len(shape)) if n != 2 * dim + 1 - stacked]
    return lax.broadcast_in_dim(nothing, shape, kept)


def _put_axis(patches: Array, dim: int, axis: Axis) -> Array:
    """(..., o, k, ...) -> (..., i, ...): the adjoint of ``_take_axis``."""
    fixed, free = _fixed_role(axis)
    total = None
    for index in range(axis.size(fixed)):
        line = axis.progression(fixed, index)
        row = lax.index_in_dim(patches, index, dim + (fixed == "kernel"), False)  # noqa: FBT003
        row = _slice(row, dim, line.of(free), line.length)
        row = _spread(row, dim, line.input, axis.n_input)
        total = row if total is None else total + row
    if total is not None:
        return total
    nothing = lax.reduce_sum(patches, (dim, dim + 1))
    shape = [*nothing.shape[:dim], axis.n_input, *nothing.shape[dim:]]
    kept = [n for n in range(len(shape)) if n != dim]
    return lax.broadcast_in_dim(nothing, shape, kept)


def _slice(x: Array, dim: int, spots: tuple[int, int], length: int) -> Array:
    """The entries of one axis on a progression of ``length`` spots (start, step)."""
    if not length:
        return lax.slice_in_dim(x, 0, 0, axis=dim)
    start, step = spots
    last = start + step * (length - 1)
    low, high = min(start, last), max(start, last)
    x = lax.slice_in_dim(x, low, high + 1, abs(step), dim)
    return lax.rev(x, [dim]) if step < 0 else x


def _spread(x: Array, dim: int, spots: tuple[int, int], size: int) -> Array:
    """The adjoint of ``_slice``: entries on the spots of an axis, zeros elsewhere."""
    length = x.shape[dim]
    start, step = spots if length else (0, 1)
    last = start + step * (length - 1)
    low, high = min(start, last), max(start, last)
    holes = [(0, 0, 0)] * x.ndim
    holes[dim] = (low, size - 1 - high, abs(step) - 1) if length else (0, size, 0)
    x = lax.rev(x, [dim]) if step < 0 else x
    return pad(x, jnp.zeros((), x.dtype), holes)
