"""Algorithms with tiny limits: then small arrays enter every branch of them.

Tiles, blocks and unrolled loops have limits that only large arrays reach. They are
fields of the algorithms, so a check may make them tiny, and exhaustive small cases then
show what happens beyond them: many tiles, rows cut in two, tiles that do not divide.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jconv.algorithms.patches import Patches

if TYPE_CHECKING:
    from jconv.algorithms import Algorithm, Shapes
    from jconv.algorithms.parts.patches_plans import PatchesPlan
    from jconv.geometry import Geometry, Role

DIVIDING: dict[str, tuple[Any, ...]] = {
    "tile_bytes": (400, 3000),
    "max_block": (1,),
    "few_places": (0,),
    "block_bytes": (100,),
    "unrolled": (2,),
    "max_width": (2,),
    "block": (2,),
    "results": (3,),
}
"""Limits beyond which work is divided, or done in another way: tiny values of each."""

REFUSING = ("max_steps", "max_parts", "max_phases", "max_pairs")
"""Limits beyond which an algorithm refuses, which small arrays reach as well."""


@dataclasses.dataclass(frozen=True)
class Planned(Patches):
    """``patches`` by one of its plans, not by the cheapest.

    Attributes:
        place: where it stands among all, from 0 (no blocks) to 1 (the longest ones).
    """

    place: float = 0.0

    def _plan(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        *rest: Any,
    ) -> PatchesPlan:
        plans = self._plans(geometry, shapes, out, *rest)
        return plans[round(self.place * (len(plans) - 1))]


PLACES = (0.0, 0.4, 1.0)


def variants(algorithm: Algorithm) -> dict[str, Algorithm]:
    """An algorithm with each of its limits made tiny, by a readable label.

    Args:
        algorithm: any; one that has others inside gets them with tiny limits.

    Examples:
        >>> from jconv.algorithms import REGISTRY
        >>> list(variants(REGISTRY["mixed"]))
        ['mixed tile_bytes=400', 'mixed tile_bytes=3000']
        >>> variants(REGISTRY["taps"])
        {}
    """
    changes: list[dict[str, Any]] = [
        {name: value}
        for name, values in DIVIDING.items()
        if getattr(algorithm, name, None) is not None
        for value in values
    ]
    found = {
        f"{algorithm.name} {_text(change)}": _changed(algorithm, change)
        for change in changes
    }
    if isinstance(algorithm, Patches):
        fields = {
            each.name: getattr(algorithm, each.name)
            for each in dataclasses.fields(Patches)
        }
        for place in PLACES:
            found[f"patches place={place}"] = Planned(**fields, place=place)
    inner = getattr(algorithm, "inner", ())
    if inner:
        tiny = tuple(next(iter(variants(each).values()), each) for each in inner)
        found[f"{algorithm.name} of tiny ones"] = _changed(algorithm, {"inner": tiny})
    return found


def _changed(algorithm: Any, change: dict[str, Any]) -> Algorithm:
    """The same algorithm with other limits.

    Where windows of a few tiles stay together, those of two tiles are divided then.
    """
    if "tile_bytes" in change and hasattr(algorithm, "whole"):
        change = change | {"whole": 1.5}
    return dataclasses.replace(algorithm, **change)


def _text(change: dict[str, Any]) -> str:
    """The change as a label."""
    return ", ".join(f"{name}={value}" for name, value in change.items())
