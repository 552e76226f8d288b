"""What an algorithm works out about a call, worked out once.

Whether it refuses, what it costs and how it runs are three questions about one call,
asked one after the other; behind each of them is the same search for the best plan.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from jconv.algorithms.protocol import Shapes
    from jconv.geometry import Geometry

CALLS = 512
"""Answers kept per method; a grouped layer asks about every size of blocks."""


def remembered(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a geometry, shapes and more, all of which tell the answer."""

    @functools.lru_cache(maxsize=CALLS)
    def once(algorithm: Any, geometry: Geometry, shapes: Any, *rest: Any) -> Any:
        return method(algorithm, geometry, dict(shapes), *rest)

    @functools.wraps(method)
    def asked(algorithm: Any, geometry: Geometry, shapes: Shapes, *rest: Any) -> Any:
        key = tuple((role, tuple(shape)) for role, shape in shapes.items())
        return once(algorithm, geometry, key, *rest)

    asked.cache_clear = once.cache_clear  # type: ignore[attr-defined]
    return asked
