"""Where each window's extreme entry is: positions in the flattened spatial axes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.pool.extremes import Extreme, attains
from jconv.pool.slide import slide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array

    from jconv.pool.arguments import Pooling
    from jconv.pool.slide import Present

Labelled = tuple[Any, Any]
"""Entries, and the positions that they come from."""

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


@functools.partial(jax.jit, static_argnums=(1, 2))
def winning_positions(x: Array, pooling: Pooling, smallest: bool) -> Array:  # noqa: FBT001
    """The first extreme entry's position per window; -1 where a window is empty."""
    both: Labelled = (x, positions(x.shape, pooling))
    for dim, axis in pooling.steps:
        both = slide(both, dim, axis, LabelledExtreme(Extreme(smallest=smallest)))
    return jnp.where(both[1] == NOWHERE, jnp.int32(-1), both[1])


def positions(shape: tuple[int, ...], pooling: Pooling) -> Array:
    """Each entry's position in the flattened spatial axes, in an array's shape."""
    place, weight = jnp.zeros(shape, "int32"), 1
    for dim, axis in pooling.steps:
        place += lax.broadcasted_iota("int32", shape, dim) * np.int32(weight)
        weight *= axis.n_input
    return place
