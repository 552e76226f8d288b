"""Loops, and what a turn of one works on.

How a loop counts its turns is part of what is compiled: each small loop that finds a
number out takes as long to compile as a large one that multiplies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import entry_at
from jconv.algorithms.parts.platforms import by_platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array

    Origins = Callable[[Array], tuple[Any, ...]]


def largest_divisor(number: int, at_most: int) -> int:
    """Of a number of equal things, the most that a turn may take, if all take as many.

    Examples:
        >>> largest_divisor(12, 5), largest_divisor(7, 5), largest_divisor(3, 9)
        (4, 1, 3)
    """
    most = max(1, min(number, at_most))
    return next(size for size in range(most, 0, -1) if number % size == 0)


def looped(
    turns: int,
    body: Callable[[Any, Any], Any],
    start: Any,
    *,
    unroll: int | None = None,
) -> Any:
    """``lax.fori_loop`` from 0 on, whose body keeps all cores of a CPU."""

    def turned(turn: Array, value: Any) -> Any:
        return body(keeping_all_cores(turn), value)

    return lax.fori_loop(0, turns, turned, start, unroll=unroll)


def stacked(turns: int, body: Callable[[Array], Any]) -> Any:
    """What ``body`` gives for every turn, along a new first dimension.

    ``lax.map`` over the turns' numbers would read each of them from an array.
    """

    def turned(turn: Array, _: None) -> tuple[Array, Any]:
        return lax.add(turn, np.int32(1)), body(turn)

    return lax.scan(turned, jnp.int32(0), None, length=turns)[1]


def origins(examples: tuple[int, int], rows: tuple[int, int]) -> Origins:
    """(first example, first row) of each turn's block; an example's follow each other.

    Args:
        examples: how many steps there are, and how far each goes.
        rows: the same of an example's rows.
    """
    (many, example), (few, row) = examples, rows
    if few == 1:
        return lambda turn: (lax.mul(_index(turn), np.int32(example)), np.int32(0))
    if many == 1:
        return lambda turn: (np.int32(0), lax.mul(_index(turn), np.int32(row)))
    # The compiler makes a loop of each division; of a table that holds both, one.
    table = np.array(list(np.ndindex(many, few)), np.int32) * np.array(
        [example, row], np.int32
    )
    return lambda turn: tuple(entry_at(jnp.asarray(table), turn))


def keeping_all_cores(turn: Array) -> Array:
    """What a loop's turn depends on, the same; the loop keeps all cores of a CPU.

    From jaxlib 0.12 on the compiler makes one function, run by one core, of a loop that
    calls no library, however large the arrays are. What it never puts there is a sort:
    here, one of two numbers.
    """
    return by_platform(turn, cpu=_sorted, default=lambda same: same)


def _index(turn: Array) -> Array:
    """A turn's number in 32 bits, whatever loop counts it."""
    return lax.convert_element_type(turn, np.int32)


def _sorted(turn: Array) -> Array:
    """The smaller of ``turn`` and ``turn``."""
    return lax.sort(jnp.stack([turn, turn]), dimension=0)[0]
