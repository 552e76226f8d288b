"""Calls one step simpler than one on which a target fails."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.target.cases import Case

PER_AXIS = ("stride", "pads", "lhs_dilation", "rhs_dilation")


def smaller(case: Case) -> Iterator[Case]:
    """Calls that are one step simpler, the largest steps first."""
    empty = 0 in (*case.x, *case.w, *case.y)
    for change in (*_fewer(case), *_plainer(case), *_shorter(case)):
        try:
            candidate = dataclasses.replace(case, **change)
            # One that is not empty gets no simpler by having nothing in it.
            if empty or 0 not in candidate.y:
                yield candidate
        except GeometryError:
            continue


def _fewer(case: Case) -> Iterator[dict[str, Any]]:
    """Fewer axes, groups, examples and channels."""
    for a in range(case.rank if case.rank > 1 else 0):
        kept = {name: _without(getattr(case, name), a) for name in PER_AXIS}
        yield kept | {"x": _without(case.x, a + 2), "w": _without(case.w, a + 2)}
    if case.groups > 1:
        w = (case.w[0] // case.groups, *case.w[1:])
        yield {"groups": 1, "x": (case.x[0], case.w[1], *case.x[2:]), "w": w}
    if case.channels_last:
        yield {"channels_last": False}
    for batch in _below(case.x[0]):
        yield {"x": _with(case.x, 0, batch)}
    for m in _below(case.w[0] // case.groups):
        yield {"w": _with(case.w, 0, m * case.groups)}
    for c in _below(case.w[1]):
        yield {"x": _with(case.x, 1, c * case.groups), "w": _with(case.w, 1, c)}


def _plainer(case: Case) -> Iterator[dict[str, Any]]:
    """No stride, dilation or padding on one axis."""
    for a in range(case.rank):
        for name in ("stride", "lhs_dilation", "rhs_dilation"):
            if getattr(case, name)[a] != 1:
                yield {name: _with(getattr(case, name), a, 1)}
        low, high = case.pads[a]
        for pair in ((0, 0), (0, high), (low, 0)):
            if pair != (low, high):
                yield {"pads": _with(case.pads, a, pair)}


def _shorter(case: Case) -> Iterator[dict[str, Any]]:
    """A shorter axis."""
    for a in range(case.rank):
        for name in ("x", "w"):
            shape = getattr(case, name)
            for n in _below(shape[a + 2]):
                yield {name: _with(shape, a + 2, n)}


def _below(n: int) -> list[int]:
    """One, a half and one less: a few sizes that are smaller, each once.

    Examples:
        >>> _below(9), _below(3), _below(1)
        ([1, 4, 8], [1, 2], [])
    """
    return sorted({1, n // 2, n - 1} - {0, n}) if n > 1 else []


def _without(values: tuple[Any, ...], n: int) -> tuple[Any, ...]:
    return values[:n] + values[n + 1 :]


def _with(values: tuple[Any, ...], n: int, value: Any) -> tuple[Any, ...]:
    return (*values[:n], value, *values[n + 1 :])
