"""A line of the journal, and whether one that was read can be believed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jconv.verify.exhaustive.found import COUNTED

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTS = ("proved", "compiled", "miscompiled")
"""Of a batch's geometries, so many."""

WORDS = ("wrong", "wrong_compiled", "doubt")
"""What was found, in words."""


def sound(line: Mapping[str, Any], sizes: Mapping[int, int]) -> bool:
    """Whether a line is one that a run with these batches may have written.

    Args:
        line: what was read; anything JSON can say.
        sizes: number of geometries by the number of the batch.

    Examples:
        >>> sound({"batch": 0, "geometries": 7}, {0: 7})
        False
    """
    batch = line.get("batch")
    if type(batch) is not int or batch not in sizes:
        return False
    n = sizes[batch]
    seconds, by_routine = line.get("seconds"), line.get("by_routine")
    return (
        line.get("geometries") == n
        and all(_count(line.get(key), n) for key in COUNTS)
        and _count(line.get("pairs"))
        and all(_words(line.get(key)) for key in WORDS)
        and isinstance(seconds, (int, float))
        and math.isfinite(seconds)
        and isinstance(by_routine, dict)
        and all(_counts(by_routine.get(key), n) for key in COUNTED)
    )


def _count(value: object, most: float = math.inf) -> bool:
    """Whether it is a number of things, not more than there are."""
    return type(value) is int and 0 <= value <= most


def _words(value: object) -> bool:
    """Whether it is a list of texts."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _counts(value: object, most: int) -> bool:
    """Whether it is a number of geometries for each of some names."""
    return isinstance(value, dict) and all(_count(n, most) for n in value.values())
