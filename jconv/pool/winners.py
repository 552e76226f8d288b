"""Where each window's extreme entry is, and how many of them there are."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.pool.extremes import Extreme, attains
from jconv.pool.slide import pooled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array

    from jconv.pool.arguments import Pooling
    from jconv.pool.slide import Present

Labelled = tuple[Any, Any]
"""Entries, and the positions that they come from."""

Counted = tuple[Any, Any]
"""Entries, and how many original ones each of them stands for."""

NOWHERE = np.iinfo("int32").max
"""The position of an entry that does not exist."""


class LabelledExtreme(NamedTuple):
    """A ``Merge`` of (entry, position): the extreme, and the least position of it.

    The least of the positions in the flattened axes *is* the first in row-major order,
    whatever the order in which they are compared.
    """

    extreme: Extreme

    def identities(self, arrays: Labelled) -> Labelled:
        """An entry that loses, from nowhere."""
        return self.extreme.identities(arrays[0]), jnp.int32(NOWHERE)

    def entries(
        self, arrays: Sequence[Labelled], present: Sequence[Present]
    ) -> Labelled:
        """Merge, position by position."""
        y = functools.reduce(self.extreme.pick, (entry for entry, _ in arrays))
        places = [
            jnp.where(attains(entry, y, exists), place, jnp.int32(NOWHERE))
            for (entry, place), exists in zip(arrays, present, strict=True)
        ]
        return y, functools.reduce(lax.min, places)

    def along(self, arrays: Labelled, dim: int, present: Present) -> Labelled:
        """Merge along one dimension."""
        entries, places = arrays
        y = self.extreme.along(entries, dim, present)
        wins = attains(entries, jnp.expand_dims(y, dim), present)
        return y, jnp.min(jnp.where(wins, places, jnp.int32(NOWHERE)), axis=dim)


class CountedExtreme(NamedTuple):
    """A ``Merge`` of (entry, count): the extreme, and how many entries attain it."""

    extreme: Extreme

    def identities(self, arrays: Counted) -> Counted:
        """An entry that loses, and is not there."""
        return self.extreme.identities(arrays[0]), jnp.zeros((), arrays[1].dtype)

    def entries(self, arrays: Sequence[Counted], present: Sequence[Present]) -> Counted:
        """Merge, position by position."""
        y = functools.reduce(self.extreme.pick, (entry for entry, _ in arrays))
        counts = [
            jnp.where(attains(entry, y, exists), count, jnp.zeros_like(count))
            for (entry, count), exists in zip(arrays, present, strict=True)
        ]
        return y, functools.reduce(lax.add, counts)

    def along(self, arrays: Counted, dim: int, present: Present) -> Counted:
        """Merge along one dimension."""
        entries, counts = arrays
        y = self.extreme.along(entries, dim, present)
        wins = attains(entries, jnp.expand_dims(y, dim), present)
        return y, jnp.sum(jnp.where(wins, counts, jnp.zeros_like(counts)), axis=dim)


@functools.partial(jax.jit, static_argnums=(1, 2))
def tie_count(x: Array, pooling: Pooling, smallest: bool) -> Array:  # noqa: FBT001
    """How many entries of each window win, at least 1.

    Counted in a float that holds the count: bfloat16 would end at 256.
    """
    dtype = x.dtype if jnp.issubdtype(x.dtype, jnp.inexact) else float
    wide = numerics.accumulation_dtype(jnp.result_type(dtype))
    one = jnp.ones_like(x, dtype=wide)  # like x also in how it is sharded
    merge = CountedExtreme(Extreme(smallest=smallest))
    _, count = pooled((x, one), pooling.steps, merge)
    return jnp.maximum(count, jnp.ones_like(count))


@functools.partial(jax.jit, static_argnums=(1, 2))
def winning_positions(x: Array, pooling: Pooling, smallest: bool) -> Array:  # noqa: FBT001
    """The first extreme entry's position per window; -1 where a window is empty."""
    labelled = x, labels(x.shape, pooling.dims)
    merge = LabelledExtreme(Extreme(smallest=smallest))
    y, place = pooled(labelled, pooling.steps, merge)
    place = jnp.broadcast_to(place, y.shape)  # without an axis to pool, they are thin
    return jnp.where(place == NOWHERE, jnp.int32(-1), place)


def labels(shape: tuple[int, ...], dims: Sequence[int]) -> Array:
    """``positions`` to be laid beside an array, of size 1 along all other dimensions.

    What is padded of them is then small. The compiler for GPUs computes padded
    positions itself, and of a whole array that takes it ten seconds.
    """
    thin = tuple(n if dim in dims else 1 for dim, n in enumerate(shape))
    return positions(thin, dims)


def positions(shape: tuple[int, ...], dims: Sequence[int]) -> Array:
    """Each entry's position in some flattened dimensions, in an array's shape."""
    place, weight = jnp.zeros(shape, "int32"), 1
    for dim in reversed(dims):
        place += lax.broadcasted_iota("int32", shape, dim) * np.int32(weight)
        weight *= shape[dim]
    return place
