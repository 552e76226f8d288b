"""Max-unpooling: put each window's entry back where it came from.

Two ways. With a ``window`` every index lies in its own window, so each position asks
the few windows that hold it whether they name it: no scatter. Without one an index may
be any position of its plane: then the last window that names a position is found by an
integer maximum, whose order does not matter, and each position reads from that window.
Either way the result is the same on every device and on every run.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import operands
from jconv.compat import explicit_sharding
from jconv.errors import UnsupportedError
from jconv.pool import held
from jconv.pool.placement import Placement, understand_placement
from jconv.pool.winners import positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Integers
    from jconv.pool.arguments import Pooling, WindowArguments


def max_unpool(
    y: ArrayLike,
    indices: ArrayLike,
    window: Integers | None = None,
    *,
    output_shape: Sequence[int],
    rank: int | None = None,
    **where: Unpack[WindowArguments],
) -> Array:
    """Place y (*batch, *output, c) at ``indices``, with zeros elsewhere.

    With a ``window``, whose arguments are those of the ``max_pool`` that made the
    indices, no scatter is needed. Without one the indices are free: any position of
    their plane. Where several entries name one position, the last one in row-major
    order is kept; after ``max_pool`` they all hold the same value anyway.

    Args:
        y: what to place.
        indices: where it belongs in the flattened spatial axes of its own example and
            channel; -1 for nowhere. While tracing, when they have no values to check,
            indices out of range, or outside their own window if there is one, are
            nowhere as well.
        window: as in ``max_pool``, or None for free indices.
        output_shape: the result's shape, whole: that of the pool's input.
        rank: how many axes are spatial, for free indices; by default all but one batch
            axis and the channels'. A window tells by its length.
        where: ``stride``, ``padding``, ``dilation``, ``ceil_mode``, which belong to a
            window, and ``channel_axis``; as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, and for indices out of range, or
            outside their own window, if their values are known.
        UnsupportedError: for free indices, if y's type says how it is sharded.

    Examples:
        >>> import jax.numpy as jnp
        >>> from jconv import max_pool
        >>> x = jnp.array([1.0, 3.0, 4.0, 2.0])[:, None]
        >>> y, indices = max_pool(x, (2,), return_indices=True)
        >>> max_unpool(y, indices, (2,), output_shape=x.shape)[:, 0]
        Array([0., 3., 4., 0.], dtype=float32)
        >>> max_unpool(y, 3 - indices, output_shape=(4, 1), rank=1)[:, 0]
        Array([0., 4., 3., 0.], dtype=float32)

    References:
        PyTorch, MaxUnpool2d, https://docs.pytorch.org/docs/stable, 2024. (There it is
        undefined which of several entries is kept.)
    """
    y, indices = operands.as_array("y", y), operands.as_array("indices", indices)
    placement = understand_placement(
        "y", y, indices, window, "output_shape", output_shape, rank, where
    )
    return _unpooled(y, indices.astype("int32"), placement)


def max_unpool_vjp(
    dy: ArrayLike,
    indices: ArrayLike,
    window: Integers | None = None,
    *,
    rank: int | None = None,
    **where: Unpack[WindowArguments],
) -> Array:
    """Pull dy (*batch, *spatial, c) back through ``max_unpool``: read at ``indices``.

    Entries that were not kept, as a later one names their position, receive 0.

    Args:
        dy: cotangent of the unpooled result.
        indices: as in ``max_unpool``; the result has their shape.
        window: as in ``max_unpool``.
        rank: as in ``max_unpool``.
        where: as in ``max_unpool``.

    Raises:
        GeometryError: for any argument that is wrong.
        UnsupportedError: if dy's type says how it is sharded.

    Examples:
        >>> import jax.numpy as jnp
        >>> dy, indices = jnp.arange(4.0)[:, None], jnp.array([[2], [0], [2]])
        >>> max_unpool_vjp(dy, indices, rank=1)[:, 0]
        Array([0., 0., 2.], dtype=float32)
    """
    dy, indices = operands.as_array("dy", dy), operands.as_array("indices", indices)
    placement = understand_placement(
        None, indices, indices, window, "dy.shape", dy.shape, rank, where
    )
    return _unpool_back(dy, indices.astype("int32"), placement)


@functools.partial(jax.jit, static_argnums=2)
def _unpooled(y: Array, indices: Array, placement: Placement) -> Array:
    """Each position's entry, or 0."""
    if placement.pooling is not None:
        return _asked(y, indices, placement.pooling, placement.shape)
    rows, last = _rows(y, placement.dims), _last_to_name(indices, placement)
    # Positions without an entry read beyond the end, each at a place of its own: that
    # no two read the same makes the transpose deterministic.
    beyond = rows.shape[1] + lax.broadcasted_iota("int32", last.shape, 1)
    read = rows.at[_row_numbers(last), jnp.where(last < 0, beyond, last)]
    placed = read.get(mode="fill", fill_value=0, unique_indices=True)
    return _in_shape(placed, placement.shape, placement.dims)


@functools.partial(jax.jit, static_argnums=2)
def _unpool_back(dy: Array, indices: Array, placement: Placement) -> Array:
    """The cotangent at each entry's index, if the entry was kept."""
    rows, spots = _rows(dy, placement.dims), _rows(indices, placement.dims)
    if placement.pooling is None:
        last = _last_to_name(indices, placement)
    else:
        number = 1 + positions(indices.shape, placement.dims)
        asked = _asked(number, indices, placement.pooling, placement.shape)
        last = _rows(asked, placement.dims) - 1
    at = _row_numbers(spots), spots
    kept = last.at[at].get(mode="clip") == lax.broadcasted_iota("int32", spots.shape, 1)
    found = rows.at[at].get(mode="clip")
    dx = jnp.where(kept & (spots >= 0), found, jnp.zeros_like(found))
    return _in_shape(dx, indices.shape, placement.dims)


def _last_to_name(indices: Array, placement: Placement) -> Array:
    """Which entry names each position last, as rows; -1 for none."""
    spots = _rows(indices, placement.dims)
    count = math.prod(placement.shape[dim] for dim in placement.dims)
    spots = jnp.where(spots < 0, count, spots)  # a negative one would count backwards
    number = lax.broadcasted_iota("int32", spots.shape, 1)
    nobody = jnp.full((spots.shape[0], count), -1, "int32")
    return nobody.at[_row_numbers(spots), spots].max(number, mode="drop")


def _asked(y: Array, indices: Array, pooling: Pooling, shape: tuple[int, ...]) -> Array:
    """Ask each position which of the windows that hold it names it."""
    own = positions(shape, pooling.dims)
    steps = list(pooling.steps)
    counts = tuple(held.holders(axis) for _, axis in steps)

    def beside(array: Array, q: tuple[Any, ...], fill: int) -> Array:
        for (dim, axis), each in zip(steps, q, strict=True):
            every = held.padded(array, dim, axis, fill)
            array = held.beside_inputs(every, dim, axis, each, fill)
        return array

    def receive(q: tuple[Any, ...], found: Array) -> Array:
        # From the first window that holds the position to the last.
        q = tuple(count - 1 - each for count, each in zip(counts, q, strict=True))
        return jnp.where(beside(indices, q, -1) == own, beside(y, q, 0), found)

    # Like what lies beside the positions, also in how it is sharded.
    nothing = jnp.zeros_like(beside(y, (0,) * len(counts), 0))
    return held.over_windows(receive, nothing, counts)


def _rows(array: Array, dims: tuple[int, ...]) -> Array:
    """One row per plane: the dimensions last, and flattened.

    Raises:
        UnsupportedError: if the array's type says that it is divided among devices.
    """
    sharding = explicit_sharding(jax.typeof(array))
    if sharding is not None and any(sharding.spec):
        message = (
            f"indices cannot be followed in an array that is sharded as "
            f"{sharding.spec}: its planes become one axis, which has no sharding. Use "
            "jax.sharding.reshard to replicate it, or jax.shard_map."
        )
        raise UnsupportedError(message)
    others = [n for n in range(array.ndim) if n not in dims]
    planes = math.prod(array.shape[n] for n in others)
    spots = math.prod(array.shape[n] for n in dims)
    return lax.reshape(array, (planes, spots), (*others, *dims))


def _in_shape(rows: Array, shape: tuple[int, ...], dims: tuple[int, ...]) -> Array:
    """The opposite of ``_rows``."""
    order = (*(n for n in range(len(shape)) if n not in dims), *dims)
    array = lax.reshape(rows, tuple(shape[n] for n in order))
    return lax.transpose(array, np.argsort(order))


def _row_numbers(rows: Array) -> Array:
    """Each row's number, beside its entries."""
    return lax.broadcasted_iota("int32", rows.shape, 0)
