"""The routines on trial: every exact algorithm, and the same with tiny blocks."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from jconv import algorithms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.algorithms import Algorithm

TINY = (1, 2)
"""What sizes of blocks and limits are set to, so that small arrays need several."""


def routines() -> dict[str, Algorithm]:
    """Every exact algorithm and its tiny variants, by a name that tells the variant.

    Examples:
        >>> [name for name in routines() if family(name) == "taps"]
        ['taps', 'taps(max_steps=1)', 'taps(max_steps=2)']
    """
    found = {}
    for name, algorithm in algorithms.REGISTRY.items():
        if algorithm.exact_on_integers:
            found[name] = algorithm
            found |= dict(variants(algorithm))
    return found


def variants(algorithm: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """(name, algorithm) with each of its whole-number parameters made tiny.

    An algorithm that knows better offers ``variants()``, which gives others of its
    kind. A variant that refuses everything costs nothing and is told as refusing.
    """
    if callable(getattr(algorithm, "variants", None)):
        for other in algorithm.variants():
            yield _name(algorithm, other), other
        return
    for field in dataclasses.fields(algorithm):
        usual = getattr(algorithm, field.name)
        if isinstance(usual, int) and not isinstance(usual, bool):
            for tiny in TINY:
                other = dataclasses.replace(algorithm, **{field.name: tiny})
                yield _name(algorithm, other), other


def _name(algorithm: Any, other: Any) -> str:  # noqa: ANN401
    """The algorithm's name and what the variant has changed."""
    changed = [
        f"{field.name}={getattr(other, field.name)!r}"
        for field in dataclasses.fields(algorithm)
        if getattr(other, field.name) != getattr(algorithm, field.name)
    ]
    return f"{algorithm.name}({', '.join(changed)})"


def family(name: str) -> str:
    """The algorithm that a variant belongs to.

    Examples:
        >>> family("taps(max_steps=1)"), family("taps")
        ('taps', 'taps')
    """
    return name.partition("(")[0]


@functools.lru_cache(maxsize=1)
def count() -> int:
    """How many algorithms are on trial, their variants not counted."""
    return len({family(name) for name in routines()})
