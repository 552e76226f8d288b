"""The routines on trial: every exact algorithm, and the same with tiny limits."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from jconv import algorithms
from jconv.verify.variants import variants

if TYPE_CHECKING:
    from jconv.algorithms import Algorithm


def routines() -> dict[str, Algorithm]:
    """Every exact algorithm and its variants, by a name that tells the variant.

    Examples:
        >>> [name for name in routines() if family(name) == "mixed"]
        ['mixed', 'mixed tile_bytes=400', 'mixed tile_bytes=3000']
    """
    found = {}
    for name, algorithm in algorithms.REGISTRY.items():
        if algorithm.exact_on_integers:
            found[name] = algorithm
            found |= variants(algorithm)
    return found


def share(number: int) -> dict[str, Algorithm]:
    """What one geometry is tried with: every algorithm, and one variant of each.

    The variants take turns from geometry to geometry.

    Examples:
        >>> [name for name in share(1) if family(name) == "mixed"]
        ['mixed', 'mixed tile_bytes=3000']
    """
    found = {}
    for name, algorithm in algorithms.REGISTRY.items():
        if algorithm.exact_on_integers:
            found[name] = algorithm
            others = list(variants(algorithm).items())
            if others:
                label, other = others[number % len(others)]
                found[label] = other
    return found


def family(name: str) -> str:
    """The algorithm that a variant belongs to.

    Examples:
        >>> family("mixed tile_bytes=400"), family("taps")
        ('mixed', 'taps')
    """
    return name.partition(" ")[0]


@functools.lru_cache(maxsize=1)
def count() -> int:
    """How many algorithms are on trial, their variants not counted."""
    return len({family(name) for name in routines()})
