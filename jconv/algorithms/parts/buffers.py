"""Say which intermediate arrays exist: the compiler for CPUs would fuse them away.

A gather whose result is reshaped, padded or transposed is fused into one loop that
computes an index for every single number, three to five times slower than copying
whole rows and reading the copy. ``lax.optimization_barrier`` does not help there: it
is dropped before fusion. What is never fused across is the call of a function that is
not inlined, so on a CPU an array is made by one; that costs nothing. Elsewhere the
array is simply made.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata

from jconv.algorithms.parts.platforms import Made, by_platform, is_partitioned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jax import Array
    from jax.typing import DTypeLike


OPERATIONS = 7
"""Operations per entry that make a loop of single sums worth dividing."""


slice_at = functools.partial(lax.dynamic_slice, allow_negative_indices=False)
"""``lax.dynamic_slice``, whose indices may not be negative.

If they may, three operations for every dimension count those from the end. There are
dozens of slices in some programs, and each is traced, lowered and simplified.
"""

update_at = functools.partial(lax.dynamic_update_slice, allow_negative_indices=False)
"""The same of ``lax.dynamic_update_slice``."""

entry_at = functools.partial(
    lax.dynamic_index_in_dim, keepdims=False, allow_negative_indices=False
)
"""One entry along a dimension, whose number may not be negative."""


def materialised(make: Callable[[], Array]) -> Array:
    """``make()``, as an array of its own in memory."""
    return by_platform(cpu=lambda: _by_a_function(make), default=make)


def _by_a_function(make: Callable[[], Array]) -> Array:
    """``make()`` by a function that XLA is told not to inline: it looks into none."""
    return set_xla_metadata(jax.jit(make)(), inlineable="false")


def function(make: Callable[..., Made]) -> Callable[..., Made]:
    """``make``, whose results are arrays of their own, and which is compiled once.

    However often it is called with arrays of the same shapes, it is traced, lowered and
    compiled once. It is to close over no array; what its calls differ in it is given as
    ``unseen`` numbers, for a number that the compiler sees makes another function.
    """

    @functools.partial(jax.jit, static_argnums=0)
    def solid(ones: tuple[tuple[int, ...], ...], *arrays: Array) -> Made:
        return make(*map(lax.expand_dims, arrays, ones))

    def called(*arrays: Array) -> Made:
        ones = tuple(map(_ones, arrays))
        return set_xla_metadata(
            solid(ones, *map(lax.squeeze, arrays, ones)), inlineable="false"
        )

    return lambda *arrays: by_platform(*arrays, cpu=called, default=make)


def unseen(number: Any, dtype: DTypeLike = np.int32) -> Array:
    """A number, or some, that the compiler for CPUs does not see.

    A program that is divided among devices has to see it: of an array of which it does
    not know what is read, every device gets all.
    """

    def given() -> Array:
        return jnp.asarray(number, dtype)

    hidden = given if is_partitioned() else lambda: _by_a_function(given)
    return by_platform(cpu=hidden, default=given)


def carried(array: Array) -> Callable[[], Array]:
    """What gives ``array`` again inside a function or a loop, and is not copied to it.

    A dimension of size 1 between others has no place in memory of its own. The compiler
    gives it one, and where a function or a loop expects another, it copies the array,
    though nothing moves. So the array enters without such dimensions.
    """
    ones = _ones(array)
    solid = lax.squeeze(array, ones)
    return lambda: lax.expand_dims(solid, ones)


def _ones(array: Array) -> tuple[int, ...]:
    """The dimensions of size 1."""
    sizes = enumerate(array.shape)
    return tuple(n for n, size in sizes if isinstance(size, int) and size == 1)


def on_all_cores(*arrays: Array) -> list[Array]:
    """The same numbers, for a loop that the compiler for CPUs divides among its cores.

    It does so only if a loop has more operations than it moves bytes, which sums of
    slices never have. Multiplying by a one that the compiler does not see adds
    operations, changes no number (also no infinity, NaN or signed zero), and costs
    nothing, as the loop waits for memory. Complex numbers are left alone: there,
    infinity times one is NaN.
    """
    dtype = arrays[0].dtype
    if not jnp.issubdtype(dtype, jnp.floating):
        return list(arrays)

    def busily(*arrays: Array) -> list[Array]:
        one = _by_a_function(lambda: jnp.ones((), dtype))
        return [_times(array, one, OPERATIONS) for array in arrays]

    return by_platform(*arrays, cpu=busily, default=lambda *same: list(same))


def _times(array: Array, factor: Array, times: int) -> Array:
    """``array`` times a number, again and again."""
    factors = lax.broadcast(factor, array.shape)
    for _ in range(times):
        array = lax.mul(array, factors)
    return array


def settled(array: Array) -> Array:
    """The same array; what makes it is no part of a product that reads it.

    The compiler for GPUs ends the process at a small product in float64 of a strided
    slice of a slice (``x[1:8][::2] @ w``, jaxlib 0.11.2). So a strided slice that a
    product reads is taken of a settled array. A CPU's compiler has no such need.
    """
    return by_platform(array, cpu=lambda same: same, default=lax.optimization_barrier)


def rows_from(table: Array, starts: Array, length: int) -> Array:
    """Copy runs of ``length`` entries out of the rows of a matrix.

    Args:
        table: (rows, columns).
        starts: (..., 2) of (row, first column), all of them inside.
        length: entries per run.

    Returns:
        (number of runs, length)
    """
    numbers = lax.GatherDimensionNumbers(
        offset_dims=(1,), collapsed_slice_dims=(0,), start_index_map=(0, 1)
    )
    flat = starts.reshape(-1, 2)
    return lax.gather(table, flat, numbers, (1, length), mode="promise_in_bounds")


def pad(array: Array, fill: Any, config: Sequence[tuple[int, int, int]]) -> Array:
    """``lax.pad``, of which the compiler for CPUs makes one loop.

    Where a pad is all that a loop does, a loop is made of each border, which may take a
    third of a second to compile. It is not where there is a dimension more.
    """
    whole = lax.pad(lax.expand_dims(array, [0]), fill, [(0, 0, 0), *config])
    return lax.squeeze(whole, [0])


def pad_to(array: Array, config: list[tuple[int, int]]) -> Array:
    """Pad with zeros (or crop, if negative), materialised unless nothing changes."""
    if not any(low or high for low, high in config):
        return array
    zero = np.zeros((), array.dtype)
    return function(lambda array: pad(array, zero, [(*ends, 0) for ends in config]))(
        array
    )
