"""The meaning of lax's data movement and sums, written out in NumPy.

Each function takes a primitive's parameters and its operands; operands that are mapped
over the pairs have one more leading axis, which ``lead`` counts. What is not in
``OPERATIONS`` is run by JAX.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Array = Any
Params = Any


def _slice(params: Params, lead: int, x: Array) -> Array:
    starts, limits = params["start_indices"], params["limit_indices"]
    strides = params["strides"] or (1,) * len(starts)
    taken = [slice(*each) for each in zip(starts, limits, strides, strict=True)]
    return x[(slice(None),) * lead + tuple(taken)]


def _pad(params: Params, lead: int, x: Array, value: Array) -> Array:
    config = [(0, 0, 0)] * lead + list(params["padding_config"])
    sizes = [
        low + high + n + max(0, n - 1) * hole
        for n, (low, high, hole) in zip(x.shape, config, strict=True)
    ]
    result = np.full(
        [
            size + max(0, -low) + max(0, -high)
            for size, (low, high, _) in zip(sizes, config, strict=True)
        ],
        value,
        x.dtype,
    )
    spots = []
    for n, (low, _, hole) in zip(x.shape, config, strict=True):
        begin, pace = max(0, low), hole + 1
        spots.append(slice(begin, begin + max(0, n - 1) * pace + min(1, n), pace))
    result[tuple(spots)] = x
    cropped = [
        slice(max(0, -low), max(0, -low) + size)
        for size, (low, _, _) in zip(sizes, config, strict=True)
    ]
    return result[tuple(cropped)]


def _rev(params: Params, lead: int, x: Array) -> Array:
    return np.flip(x, tuple(a + lead for a in params["dimensions"]))


def _transpose(params: Params, lead: int, x: Array) -> Array:
    return x.transpose(*range(lead), *(a + lead for a in params["permutation"]))


def _reshape(params: Params, lead: int, x: Array) -> Array:
    return x.reshape(*x.shape[:lead], *params["new_sizes"])


def _squeeze(params: Params, lead: int, x: Array) -> Array:
    axes = {a + lead for a in params["dimensions"]}
    return x.reshape([n for a, n in enumerate(x.shape) if a not in axes])


def _broadcast_in_dim(params: Params, lead: int, x: Array) -> Array:
    shape = [1] * len(params["shape"])
    for a, where in enumerate(params["broadcast_dimensions"]):
        shape[where] = x.shape[a + lead]
    spread = x.reshape(*x.shape[:lead], *shape)
    return np.broadcast_to(spread, (*x.shape[:lead], *params["shape"]))


def _concatenate(params: Params, lead: int, *xs: Array) -> Array:
    if lead:
        pairs = max(len(x) for x in xs)
        xs = tuple(x if len(x) == pairs else np.repeat(x, pairs, 0) for x in xs)
    return np.concatenate(xs, params["dimension"] + lead)


def _stack(params: Params, lead: int, *xs: Array) -> Array:
    place = params["axis"] + lead
    apart = {"dimension": params["axis"]}
    return _concatenate(apart, lead, *(np.expand_dims(x, place) for x in xs))


def _reduce_sum(params: Params, lead: int, x: Array) -> Array:
    return x.sum(tuple(a + lead for a in params["axes"]), dtype=x.dtype)


def _convert(params: Params, lead: int, x: Array) -> Array:
    return np.asarray(x).astype(params["new_dtype"])


def _dot_general(params: Params, lead: int, x: Array, y: Array) -> Array:
    """Batch axes first, then those of x, then those of y: as one ``matmul``."""
    (sum_x, sum_y), (batch_x, batch_y) = params["dimension_numbers"]

    def laid_out(array: Array, batch: Any, summed: Any, *, last: bool) -> Array:
        free = [a for a in range(array.ndim - lead) if a not in (*batch, *summed)]
        order = [*batch, *summed, *free] if last else [*batch, *free, *summed]
        moved = array.transpose(*range(lead), *(a + lead for a in order))
        shape = moved.shape[: lead + len(batch)]
        inner = math.prod(array.shape[a + lead] for a in summed)
        outer = math.prod(array.shape[a + lead] for a in free)
        kept = [array.shape[a + lead] for a in free]
        flat = (inner, outer) if last else (outer, inner)
        return moved.reshape(*shape, *flat), kept

    left, rows = laid_out(x, batch_x, sum_x, last=False)
    right, columns = laid_out(y, batch_y, sum_y, last=True)
    wanted = params["preferred_element_type"] or np.result_type(x, y)
    product = np.matmul(left.astype(wanted), right.astype(wanted))
    return product.reshape(*product.shape[:-2], *rows, *columns)


def _select_n(params: Params, lead: int, which: Array, *xs: Array) -> Array:
    return np.choose(np.asarray(which).astype(int), xs)


def _starts(indices: tuple[Array, ...], sizes: Any, lengths: Any) -> list[slice]:
    """Lax's clamped windows."""
    begins = [
        min(max(int(index), 0), n - size)
        for index, size, n in zip(indices, sizes, lengths, strict=True)
    ]
    return [slice(b, b + size) for b, size in zip(begins, sizes, strict=True)]


def _elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(params: Params, lead: int, *xs: Array) -> Array:
        return function(*xs)

    return run


OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": _elementwise(np.add),
    "add_any": _elementwise(np.add),
    "broadcast_in_dim": _broadcast_in_dim,
    "concatenate": _concatenate,
    "convert_element_type": _convert,
    "copy": _elementwise(lambda x: x),
    "dot_general": _dot_general,
    "gt": _elementwise(np.greater),
    "lt": _elementwise(np.less),
    "mul": _elementwise(np.multiply),
    "neg": _elementwise(np.negative),
    "optimization_barrier": _elementwise(lambda x: x),
    "pad": _pad,
    "reduce_sum": _reduce_sum,
    "reshape": _reshape,
    "rev": _rev,
    "select_n": _select_n,
    "slice": _slice,
    "squeeze": _squeeze,
    "stack": _stack,
    "sub": _elementwise(np.subtract),
    "transpose": _transpose,
}
"""Name of a primitive -> what it means."""


def dynamic_slice(params: Params, lead: int, x: Array, indices: Any) -> Array:
    """``lax.dynamic_slice`` at indices that are the same for all pairs."""
    windows = _starts(indices, params["slice_sizes"], x.shape[lead:])
    return x[(slice(None),) * lead + tuple(windows)]


def gather(params: Params, lead: int, x: Array, indices: Array) -> Array | None:
    """``lax.gather`` at indices that are the same for all pairs.

    None for what the algorithms have no use for: batching dimensions, lax's own fill.
    """
    numbers, sizes = params["dimension_numbers"], params["slice_sizes"]
    mode, fill = str(params["mode"]), params["fill_value"]
    batching = numbers.operand_batching_dims or numbers.start_indices_batching_dims
    if batching or ("FILL" in mode and fill is None):
        return None
    batch = indices.shape[:-1]
    rank = len(batch) + len(numbers.offset_dims)
    batch_axes = [a for a in range(rank) if a not in numbers.offset_dims]
    windows = iter(numbers.offset_dims)
    spots, exists = [], np.ones((1,) * rank, bool)
    for d, n in enumerate(x.shape[lead:]):
        spot = np.zeros((1,) * rank, int)
        if d in numbers.start_index_map:
            start = indices[..., numbers.start_index_map.index(d)].astype(int)
            inside = (start >= 0) & (start <= n - sizes[d])
            shape = [1] * rank
            for a, length in zip(batch_axes, batch, strict=True):
                shape[a] = length
            if "FILL" in mode:
                exists = exists & inside.reshape(shape)
            spot = spot + np.clip(start, 0, max(0, n - sizes[d])).reshape(shape)
        if d not in numbers.collapsed_slice_dims:
            shape = [1] * rank
            shape[next(windows)] = sizes[d]
            spot = spot + np.arange(sizes[d]).reshape(shape)
        spots.append(spot)
    spots = list(np.broadcast_arrays(*spots, exists))
    exists = spots.pop()
    if 0 in x.shape:
        found = np.zeros((*x.shape[:lead], *exists.shape), x.dtype)
    else:
        found = x[(slice(None),) * lead + tuple(spots)]
    return np.where(exists, found, np.asarray(fill or 0, x.dtype))


def _same_pairs(x: Array, update: Array) -> tuple[Array, Array]:
    """Both with the larger number of pairs in front."""
    pairs = max(len(x), len(update))
    return (
        np.broadcast_to(x, (pairs, *x.shape[1:])),
        np.broadcast_to(update, (pairs, *update.shape[1:])),
    )


def dynamic_update_slice(lead: int, x: Array, update: Array, indices: Any) -> Array:
    """``lax.dynamic_update_slice`` at indices that are the same for all pairs."""
    if lead and len(x) != len(update):
        x, update = _same_pairs(x, update)
    result = np.array(x)
    windows = _starts(indices, update.shape[lead:], x.shape[lead:])
    result[(slice(None),) * lead + tuple(windows)] = update
    return result
