"""Arrays with sizes and no content: what ``lax.slice``, ``rev`` and ``pad`` move where.

Handed to an algorithm's functions in place of JAX's arrays, they record one affine map
per dimension: which entry of the source the j-th entry is, or where it is put.
"""

from __future__ import annotations

import dataclasses
import types
from typing import Any


@dataclasses.dataclass(frozen=True)
class Dimension:
    """The j-th entry is, or lands on, position ``origin + pace * j``.

    Attributes:
        size: how many entries there are.
        origin: the position of entry 0.
        pace: the distance between neighbours' positions.
        inside: conditions under which JAX accepts what was done.
    """

    size: Any
    origin: Any = 0
    pace: Any = 1
    inside: tuple[Any, ...] = ()


@dataclasses.dataclass(frozen=True)
class Tracked:
    """An array of which only the dimensions are known."""

    dimensions: tuple[Dimension, ...]
    dtype: Any = None

    @property
    def shape(self) -> tuple[Any, ...]:
        """Sizes."""
        return tuple(each.size for each in self.dimensions)

    @property
    def ndim(self) -> int:
        """How many dimensions."""
        return len(self.dimensions)

    def with_each(self, change: Any, *arguments: Any) -> Tracked:
        """Every dimension changed by its own arguments."""
        changed = (
            change(*each) for each in zip(self.dimensions, *arguments, strict=True)
        )
        return Tracked(tuple(changed))


def array(*sizes: Any) -> Tracked:
    """An array as it comes."""
    return Tracked(tuple(Dimension(size) for size in sizes))


def _slice(x: Tracked, start: Any, limit: Any, stride: Any) -> Tracked:
    """``lax.slice``: entry j is entry ``start + stride j`` of before."""

    def cut(old: Dimension, first: Any, end: Any, step: Any) -> Dimension:
        return Dimension(
            -((first - end) // step),
            old.origin + old.pace * first,
            old.pace * step,
            (*old.inside, first >= 0, first <= end, end <= old.size, step >= 1),
        )

    return x.with_each(cut, start, limit, stride)


def _dynamic_slice(
    x: Tracked, start: Any, sizes: Any, *, allow_negative_indices: bool
) -> Tracked:
    """``lax.dynamic_slice``, which moves a start that would not fit: none may."""
    assert not allow_negative_indices  # they would count from the end
    limit = [first + size for first, size in zip(start, sizes, strict=True)]
    return _slice(x, start, limit, [1] * x.ndim)


def _rev(x: Tracked, dimensions: list[int]) -> Tracked:
    """``lax.rev``: entry j is entry ``size - 1 - j`` of before."""

    def turn(old: Dimension, number: int) -> Dimension:
        if number not in dimensions:
            return old
        last = old.origin + old.pace * (old.size - 1)
        return dataclasses.replace(old, origin=last, pace=-old.pace)

    return x.with_each(turn, range(x.ndim))


def _pad(x: Tracked, zero: Any, config: list[tuple[Any, Any, Any]]) -> Tracked:
    """``lax.pad``: position p goes to ``low + (holes + 1) p``."""
    del zero

    def spread(old: Dimension, each: tuple[Any, Any, Any]) -> Dimension:
        low, high, holes = each
        return Dimension(
            low + high + old.size + (old.size - 1) * holes,
            low + (holes + 1) * old.origin,
            (holes + 1) * old.pace,
            (*old.inside, low >= 0, high >= 0, holes >= 0),
        )

    return x.with_each(spread, config)


LAX = types.SimpleNamespace(
    slice=_slice, dynamic_slice=_dynamic_slice, rev=_rev, pad=_pad
)
"""What stands for ``jax.lax``."""

JNP = types.SimpleNamespace(zeros=lambda shape, dtype: None)
"""What stands for ``jax.numpy``."""
