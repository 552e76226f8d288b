"""Slide a window along one axis and merge what it holds: sums, maxima, log-sum-exp.

N-dimensional pools are one-dimensional ones, axis after axis, and each is cut from
its input by static slices. JAX transposes those into pads and concatenations, so no
pool's derivative needs a scatter. Three ways, chosen by shapes alone:

- *few* entries (at most ``FEW``): one slice per entry, merged in one go;
- *tiles*, long windows that do not overlap, or one alone: a reshape and a reduction;
- *doubling*, long windows that do: a window of 2 w entries is two of w, so that about
  2 log2(window) merges suffice at any length. Unlike a difference of running sums this
  subtracts nothing, so no digits cancel and no infinity meets its negative.

Windows that no stride describes, those of adaptive pools, are *gathered* first: it
takes as many operations as a window has entries, however many windows there are.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol

import jax
import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import pad
from jconv.pool.fitted import FittedAxis
from jconv.pool.gathered import gathered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array

    from jconv.geometry import Axis
    from jconv.pool.arguments import Step

FEW = 16
"""Windows of up to this many entries per axis are merged entry by entry."""

Present = np.ndarray[Any, Any] | None
"""Which positions exist, of the array's rank; None if all do."""


class Merge(Protocol):
    """An associative operation with an identity, on an array or a tuple of arrays."""

    def identities(self, arrays: Any) -> Any:
        """What absent positions hold, array by array."""
        ...

    def entries(self, arrays: Sequence[Any], present: Sequence[Present]) -> Any:
        """Merge arrays of one shape, position by position."""
        ...

    def along(self, arrays: Any, dim: int, present: Present) -> Any:
        """Merge all entries along one dimension, which vanishes."""
        ...


def pooled(arrays: Any, steps: Sequence[Step], merge: Merge) -> Any:
    """Merge each window, one axis after the other."""
    for dim, axis in steps:
        arrays = _slide(arrays, dim, axis, merge)
    return arrays


def _slide(arrays: Any, dim: int, axis: Axis | FittedAxis, merge: Merge) -> Any:
    """Merge each window along dimension ``dim``; n_output entries are left there."""
    if isinstance(axis, FittedAxis):
        return _fitted(arrays, dim, axis, merge)
    alone = axis.n_output == 1 and axis.stride >= axis.span
    if axis.n_kernel <= FEW and not alone:
        return _few(arrays, dim, axis, merge)
    if axis.stride >= axis.span:
        return _tiles(arrays, dim, axis, merge)
    return _doubling(arrays, dim, axis, merge)


def _fitted(arrays: Any, dim: int, axis: FittedAxis, merge: Merge) -> Any:
    """Gather the entries of all windows, and merge them.

    The entries that a shorter window lacks are the last ones, after some that exist and
    win the ties with them, and the identity in their place has no derivative. So nobody
    has to be told that they are absent. ``lax.split`` takes the entries apart, for the
    reason that ``_few`` gives.
    """

    def laid(array: Array, identity: Array) -> Array:
        return gathered(array, dim, axis, identity)

    arrays = jax.tree.map(laid, arrays, merge.identities(arrays))
    count = axis.n_kernel
    if count > FEW:
        return merge.along(arrays, dim, None)
    parts = jax.tree.map(lambda array: lax.split(array, [1] * count, dim), arrays)

    def cut(parts: list[Array], k: int) -> Array:
        return lax.squeeze(parts[k], [dim])

    def is_list(part: Any) -> bool:
        return isinstance(part, list)

    cuts = [
        jax.tree.map(functools.partial(cut, k=k), parts, is_leaf=is_list)
        for k in range(count)
    ]
    return merge.entries(cuts, [None] * count)


def _few(arrays: Any, dim: int, axis: Axis, merge: Merge) -> Any:
    """Cut out entry k of all windows, for every k, and merge the cuts.

    With stride s the positions are split into s phases, position mod s. Entry k of all
    windows is a run within one phase, and phases are what ``lax.split`` takes apart:
    its transpose lays them side by side again, where a strided slice's would write
    zeros between the entries and add them up.
    """
    s, d = axis.stride, axis.kernel_dilation
    blocks = axis.n_output + d * (axis.n_kernel - 1) // s
    arrays, present = _placed(arrays, dim, axis, blocks * s, merge)
    phases = sorted({d * k % s for k in range(axis.n_kernel)})
    parts = jax.tree.map(lambda array: _phases(array, dim, s, phases), arrays)
    cuts, masks = [], []
    for k in range(axis.n_kernel):
        block, phase = divmod(d * k, s)

        def cut(
            arrays: list[Array], start: int = block, n: int = phases.index(phase)
        ) -> Array:
            stop = start + axis.n_output
            return lax.slice_in_dim(arrays[n], start, stop, axis=dim)

        cuts.append(jax.tree.map(cut, parts, is_leaf=lambda x: isinstance(x, list)))
        reached = None
        if present is not None:
            chosen = np.arange(axis.n_output) * s + d * k
            reached = _only_if_some_lack(present.take(chosen, dim))
        masks.append(reached)
    return merge.entries(cuts, masks)


def _phases(array: Array, dim: int, stride: int, phases: Sequence[int]) -> list[Array]:
    """The positions whose remainder by the stride is a phase, for each phase."""
    if stride == 1:
        return [array]
    shape = array.shape
    blocked = lax.reshape(
        array, (*shape[:dim], shape[dim] // stride, stride, *shape[dim + 1 :])
    )
    edges = sorted({0, stride, *phases, *(phase + 1 for phase in phases)})
    pieces = lax.split(blocked, np.diff(edges).tolist(), axis=dim + 1)
    return [lax.squeeze(pieces[edges.index(phase)], [dim + 1]) for phase in phases]


def _tiles(arrays: Any, dim: int, axis: Axis, merge: Merge) -> Any:
    """Fold the axis into (n_output, stride), and merge along the second part."""
    s = axis.stride
    arrays, present = _placed(arrays, dim, axis, axis.n_output * s, merge)

    def tiled(array: Any) -> Any:
        shape = (*array.shape[:dim], axis.n_output, s, *array.shape[dim + 1 :])
        if isinstance(array, np.ndarray):
            shape = tuple(
                1 if n not in (dim, dim + 1) else m for n, m in enumerate(shape)
            )
            cut = (slice(None),) * (dim + 1) + (
                slice(0, axis.span, axis.kernel_dilation),
            )
            return array.reshape(shape)[cut]
        return lax.slice_in_dim(
            lax.reshape(array, shape), 0, axis.span, axis.kernel_dilation, dim + 1
        )

    present = None if present is None else _only_if_some_lack(tiled(present))
    return merge.along(jax.tree.map(tiled, arrays), dim + 1, present)


def _doubling(arrays: Any, dim: int, axis: Axis, merge: Merge) -> Any:
    """Merge windows of 1, 2, 4 ... entries, and join those that make up the window."""
    d, length = axis.kernel_dilation, axis.stride * (axis.n_output - 1) + axis.span
    run = _placed(arrays, dim, axis, length, merge)
    joined: Any = None
    covered, width = 0, 1
    while True:
        if axis.n_kernel & width:
            joined = (
                run if joined is None else _joined(run, joined, width * d, dim, merge)
            )
            covered += width
        if covered == axis.n_kernel:
            break
        run = _joined(run, run, width * d, dim, merge)
        width *= 2
    stop = axis.stride * (axis.n_output - 1) + 1
    return jax.tree.map(
        lambda array: lax.slice_in_dim(array, 0, stop, axis.stride, dim),
        joined[0],
    )


def _joined(left: Any, right: Any, shift: int, dim: int, merge: Merge) -> Any:
    """Merge what starts at p with what starts at p + shift, for every p."""
    size = jax.tree.leaves(right[0])[0].shape[dim] - shift

    def cut(start: int) -> Any:
        return lambda array: lax.slice_in_dim(array, start, start + size, axis=dim)

    pair = [jax.tree.map(cut(0), left[0]), jax.tree.map(cut(shift), right[0])]
    if left[1] is None or right[1] is None:
        return merge.entries(pair, (None, None)), None
    at = np.arange(size)
    masks = (left[1].take(at, dim), right[1].take(at + shift, dim))
    return merge.entries(pair, masks), masks[0] | masks[1]


def _placed(
    arrays: Any,
    dim: int,
    axis: Axis,
    length: int,
    merge: Merge,
) -> tuple[Any, Present]:
    """Pad or crop to ``length`` positions, the first being the first window's first."""

    def place(array: Array, identity: Array) -> Array:
        if axis.low == 0 and length == axis.n_input:
            return array
        config = [(0, 0, 0)] * array.ndim
        config[dim] = (axis.low, length - axis.n_input - axis.low, 0)
        return pad(array, identity, config)

    inputs = np.arange(length) - axis.low
    shape = [1] * jax.tree.leaves(arrays)[0].ndim
    shape[dim] = length
    present = ((inputs >= 0) & (inputs < axis.n_input)).reshape(shape)
    placed = jax.tree.map(place, arrays, merge.identities(arrays))
    return placed, _only_if_some_lack(present)


def _only_if_some_lack(present: np.ndarray[Any, Any]) -> Present:
    """None if all positions exist."""
    return None if present.all() else present
