"""The largest (or smallest) of several entries, and where its derivative goes.

The derivative of a maximum is the entry that attains it. Where several do, a rule has
to choose: *first* lets the first of them win, *all* lets every one of them win, as if
each were alone. Both compose: the maximum of maxima under a rule is the maximum of all
entries under the same rule. (An equal split does not; ``maxima`` derives it from
*all*.)

Each function below is a ``custom_jvp`` whose tangent is a sum over the entries that
win, a linear map that JAX transposes and differentiates further. An absent entry never
wins, not even against minus infinity; a NaN beats everything, as in ``jnp.max``.

References:
    I. Goodfellow et al., "Maxout networks", https://arxiv.org/abs/1302.4389, 2013.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import materialised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array

    from jconv.pool.slide import Present

Tangent = Any


class Extreme(NamedTuple):
    """The maximum or the minimum as a ``Merge``, with a rule for ties.

    Attributes:
        smallest: whether it is the minimum.
        first: whether the first of equal entries wins alone; else all of them win.
    """

    smallest: bool = False
    first: bool = True

    def identities(self, arrays: Array) -> Array:
        """Minus infinity, or the least number; for the minimum the opposite."""
        return jnp.asarray(worst(arrays.dtype, smallest=self.smallest), arrays.dtype)

    def entries(self, arrays: Sequence[Array], present: Sequence[Present]) -> Array:
        """The extreme of each position."""
        return _of_entries(self, tuple(arrays), tuple(present))

    def along(self, arrays: Array, dim: int, present: Present) -> Array:
        """The extreme along one dimension."""
        return _of_dimension(self, dim, arrays, present)

    def pick(self, left: Array, right: Array) -> Array:
        """The extreme of two; NaN if one is NaN."""
        return lax.min(left, right) if self.smallest else lax.max(left, right)


def worst(dtype: Any, *, smallest: bool) -> Any:
    """What loses against everything."""
    if jnp.issubdtype(dtype, jnp.integer):
        info = jnp.iinfo(dtype)
        return info.max if smallest else info.min
    infinity = np.array(np.inf if smallest else -np.inf, dtype)
    if np.isinf(infinity):
        return infinity
    return jnp.finfo(dtype).max if smallest else jnp.finfo(dtype).min


def attains(entry: Array, extreme: Array, present: Present) -> Array:
    """Whether an entry is the extreme; a NaN is, for then the extreme is NaN."""
    hit = entry == extreme
    if jnp.issubdtype(entry.dtype, jnp.inexact):
        hit |= jnp.isnan(entry)
    return hit if present is None else hit & present


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _of_entries(
    rule: Extreme, entries: tuple[Array, ...], present: tuple[Present, ...]
) -> Array:
    """The extreme of several arrays, position by position."""
    del present  # absent entries hold the identity
    return functools.reduce(rule.pick, entries)


@_of_entries.defjvp
def _of_entries_jvp(
    rule: Extreme, primals: Any, tangents: Any
) -> tuple[Array, Tangent]:
    """The sum of the winners' tangents."""
    entries, present = primals
    y = _of_entries(rule, entries, present)
    if not jnp.issubdtype(y.dtype, jnp.inexact):
        return y, np.zeros(y.shape, jax.dtypes.float0)
    wins = [
        attains(entry, y, exists)
        for entry, exists in zip(entries, present, strict=True)
    ]
    if rule.first:

        def first() -> Array:
            winner = jnp.full(y.shape, len(entries), "int8")
            for k in reversed(range(len(entries))):
                winner = jnp.where(wins[k], jnp.int8(k), winner)
            return winner

        # Where some are absent, the transpose would pad the entries and compare them
        # anew for every entry that it adds to: it takes up to six times as long.
        some_lack = any(exists is not None for exists in present)
        winner = materialised(first) if some_lack else first()
        wins = [winner == k for k in range(len(entries))]
    terms = [
        jnp.where(win, tangent, jnp.zeros_like(tangent))
        for win, tangent in zip(wins, tangents[0], strict=True)
    ]
    return y, functools.reduce(lax.add, terms)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _of_dimension(rule: Extreme, dim: int, x: Array, present: Present) -> Array:
    """The extreme along one dimension."""
    del present  # absent entries hold the identity
    return (jnp.min if rule.smallest else jnp.max)(x, axis=dim)


@_of_dimension.defjvp
def _of_dimension_jvp(
    rule: Extreme, dim: int, primals: Any, tangents: Any
) -> tuple[Array, Tangent]:
    """The sum of the winners' tangents."""
    x, present = primals
    y = _of_dimension(rule, dim, x, present)
    if not jnp.issubdtype(y.dtype, jnp.inexact):
        return y, np.zeros(y.shape, jax.dtypes.float0)
    wins = attains(x, jnp.expand_dims(y, dim), present)
    if rule.first:
        place = lax.broadcasted_iota("int32", x.shape, dim)
        places = jnp.where(wins, place, jnp.int32(x.shape[dim]))
        wins = place == jnp.min(places, axis=dim, keepdims=True)
    terms = jnp.where(wins, tangents[0], jnp.zeros_like(tangents[0]))
    return y, jnp.sum(terms, axis=dim)
