"""Sums over places of entrywise products, in stages that the compiler vectorises.

The kernel's derivative where channels meet no others:

    kernel[k] = sum over r of  source[s r + d k - low]  other[r]

A loop of the CPU's compiler runs along the channels only if all that is inside can be
unrolled. So places are added in stages, up to ``RUN`` of them at a time; and a variadic
reduction makes the sums of several taps in one pass over what they share. Of a block of
examples that stays in the cache everything is done before the next block is touched.

(That a slice is taken of ``source[None]``, a reshape, and not of the source itself, is
what makes the compiler give the loop to all cores: see ``tapwise``.)
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import carried, materialised, pad_to
from jconv.algorithms.parts.turns import keeping_all_cores, looped, stacked

if TYPE_CHECKING:
    from jax import Array

    from jconv.algorithms.parts.tapwise import Places, Tapwise

RUN = 8
"""Places that one stage adds at the most."""

SHORTEST_RUN = 4
"""Places below which a stage is not worth its pass."""

TERMS = 72
"""Products of one reduction at the most: a few more, and it is no longer unrolled."""


@dataclasses.dataclass(frozen=True)
class Staged:
    """The sum over the places of one relation, its source undilated.

    Attributes:
        form: the taps.
        block_bytes: memory of the examples that are worked on together; None keeps
            the batch whole, all its axes apart.
    """

    form: Tapwise
    block_bytes: int | None

    @property
    def passes(self) -> int:
        """How often a round's taps go over a block: once for as many as are summed."""
        return len(self._together)

    @property
    def _run(self) -> int:
        """Places of the last axis that the first stage adds."""
        return _run_length(self.form.places[-1])

    def _rows(self, examples: int) -> int:
        """Sums that the first stage leaves of each tap."""
        *lead, last = self.form.places
        return examples * math.prod(lead) * -(-last // self._run)

    @functools.cached_property
    def _together(self) -> list[list[Places]]:
        """The taps of a round that are summed together."""
        form = self.form
        return _batches(form.taps, form.inner[-1], TERMS // self._run)

    def kernel(self, source: Array, other: Array) -> Array:
        """(e, *batch, *S, q) and (e, *batch, *R, q) -> (e, *K, q)."""
        form, rank = self.form, len(self.form.axes)
        e, q = source.shape[0], source.shape[-1]
        if self.block_bytes is not None:
            n = math.prod(source.shape[1 : -1 - rank])
            source = source.reshape(e, n, *source.shape[-1 - rank :])
            other = other.reshape(e, n, *other.shape[-1 - rank :])
        if e == 1:
            sums = self._of_examples(source[0], other[0])[None]
        elif self.block_bytes is None:
            sums = jax.vmap(self._of_examples)(source, other)
        else:
            sums = lax.map(lambda pair: self._of_examples(*pair), (source, other))
        sums = sums.reshape(e, *form.rounds, *form.inner, q)
        order = [n for a in range(rank) for n in (1 + a, 1 + rank + a)]
        sums = lax.transpose(sums, [0, *order, 1 + 2 * rank])
        stop = [axis.n_kernel for axis in form.axes]
        return sums.reshape(e, *form.window, q)[(slice(None), *map(slice, stop))]

    def _of_examples(self, source: Array, other: Array) -> Array:
        """(*batch, *S, q) and (*batch, *R, q) -> (rounds, inner taps, q)."""
        n = source.shape[0]
        if self.block_bytes is None:
            sums = self._sums_of(source, other)
            return lax.reduce_sum(sums, range(2, sums.ndim - 1))
        example = (source.size + other.size) * source.dtype.itemsize // n
        count = -(-n // min(n, max(1, self.block_bytes // example)))
        size = -(-n // count)
        if count == 1:
            sums = self._sums_of(source, other)
            return lax.reduce_sum(sums, range(2, sums.ndim - 1))

        all_mine, all_whose = carried(source), carried(other)

        def block(number: Any) -> Array:
            begin = jnp.minimum(number * size, n - size)
            mine, whose = (
                lax.dynamic_slice_in_dim(
                    every(), begin, size, allow_negative_indices=False
                )
                for every in (all_mine, all_whose)
            )
            if n % size:
                # The last block begins early, and skips what others had.
                new = jnp.arange(size) >= number * size - begin
                new = new.reshape(size, *[1] * (other.ndim - 1))
                had, zero = whose, np.zeros((), other.dtype)
                whose = materialised(lambda: jnp.where(new, had, zero))
            return self._sums_of(mine, whose)

        rounds, taps = len(self.form.origins()), len(self.form.taps)
        left = self._rows(size) // math.prod(_stages(self._rows(size)))
        nothing = jnp.zeros((rounds, taps, left, source.shape[-1]), source.dtype)
        sums = looped(count, lambda n, total: total + block(n), nothing)
        return lax.reduce_sum(sums, range(2, sums.ndim - 1))

    def _sums_of(self, source: Array, other: Array) -> Array:
        """(rounds, inner taps, rows left to add, q)."""
        form, last, run = self.form, self.form.places[-1], self._run
        places = (*form.places[:-1], -(-last // run) * run)
        config = [(0, 0)] * other.ndim
        config[-2] = (0, places[-1] - last)
        other = pad_to(other, config)
        padded = form.padded(source, places)
        cut = (*other.shape[:-2], places[-1] // run, run, other.shape[-1])
        all_mine, all_whose = carried(padded), carried(other.reshape(cut))
        kept = () if self.block_bytes is not None else cut[: -2 - len(places)]

        def one(number: Any) -> Array:
            part, whose = form.part(all_mine(), number, places)[None], all_whose()

            def product(tap: Places) -> Array:
                return lax.mul(lax.reshape(form.read(part, tap, places), cut), whose)

            sums: list[Array] = []
            for taps in self._together:
                first = _added([product(tap) for tap in taps], len(cut) - 2)
                sums += _in_stages(first, kept)
            return jnp.stack(sums)

        rounds = math.prod(form.rounds)
        if rounds == 1:
            return one(0)[None]
        return stacked(rounds, lambda number: one(keeping_all_cores(number)))


def _added(terms: list[Array], *dims: int) -> list[Array]:
    """The sums along some dimensions, in one pass over what the terms share."""
    zero = np.zeros((), terms[0].dtype)

    def add(left: Any, right: Any) -> Any:
        return [lax.add(a, b) for a, b in zip(left, right, strict=True)]

    return list(lax.reduce(terms, [zero] * len(terms), add, dims))


def _in_stages(sums: list[Array], kept: Places) -> list[Array]:
    """(*kept, ..., q) -> (*kept, few rows, q), as long as rows divide into runs."""
    q = sums[0].shape[-1]
    rows = sums[0].size // (q * math.prod(kept))
    for run in _stages(rows):
        rows //= run
        stage: list[Array] = []
        for n in range(0, len(sums), TERMS // run):
            some = sums[n : n + TERMS // run]
            split = [lax.reshape(each, (*kept, rows, run, q)) for each in some]
            stage += _added(split, len(kept) + 1)
        sums = stage
    return [each.reshape(*kept, rows, q) for each in sums]


def _stages(rows: int) -> list[int]:
    """How many rows each stage adds, of so many."""
    runs = range(RUN, SHORTEST_RUN - 1, -1)
    found = []
    while run := next((n for n in runs if rows % n == 0), None):
        rows //= run
        found.append(run)
    return found


def _run_length(places: int) -> int:
    """Places added in one go: those up to ``RUN`` that leave the fewest to fill in."""
    if places <= RUN:
        return places
    runs = range(RUN, SHORTEST_RUN - 1, -1)
    return min(runs, key=lambda run: -(-places // run) * run)


def _batches(taps: list[Places], row: int, at_most: int) -> list[list[Places]]:
    """Taps in batches of whole rows, or of about equal parts of a row."""
    size = -(-row // -(-row // at_most))
    if row <= at_most:
        size, row = at_most // row * row, len(taps)
    rows = [taps[n : n + row] for n in range(0, len(taps), row)]
    return [some[n : n + size] for some in rows for n in range(0, len(some), size)]
