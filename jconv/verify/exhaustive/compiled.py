"""What the compiler makes of the programs: whole routines, compiled for the device.

The proof of the programs is no proof of the compiler. So a part of the geometries,
spread over all, is compiled as users' programs are, many geometries to a compilation,
and run on the device on all pairs of basis vectors. Algorithms take turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv.geometry import OPERANDS, ROLES, Geometry
from jconv.verify.exhaustive.trial import DTYPE, Judge, bound, shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jconv.algorithms import Algorithm
    from jconv.geometry import Role

EVERY = 5
"""One geometry in so many is compiled: compiling costs ten times what tracing does."""


def check(
    geometries: Sequence[tuple[int, Geometry]],
    routines: Mapping[str, Algorithm],
    platform: str,
) -> tuple[int, dict[Geometry, str]]:
    """Compile a share of the geometries as one program and run it on the device.

    Args:
        geometries: with their places in the whole list, which decide who is compiled
            and by which routine.
        routines: by name.
        platform: of the device.

    Returns:
        The number of geometries compiled, and what is wrong with which.
    """
    chosen = [
        (geometry, *_turn(place // EVERY, geometry, routines, platform))
        for place, geometry in geometries
        if place % EVERY == 0
    ]
    chosen = [each for each in chosen if each[1]]
    judges = [
        (geometry, name, out, Judge(geometry, out), bound(algorithm, geometry, out))
        for geometry, name, algorithm in chosen
        for out in ROLES
        if not refuses(algorithm, geometry, out, platform)
    ]

    def program(pairs: list[tuple[Any, Any]]) -> list[Any]:
        return [
            jax.vmap(run)(*pair) for (*_, run), pair in zip(judges, pairs, strict=True)
        ]

    pairs = [(judge.first, judge.second) for *_, judge, _ in judges]
    results = jax.jit(program)(pairs) if judges else []
    wrong: dict[Geometry, str] = {}
    for (geometry, name, out, judge, _), found in zip(judges, results, strict=True):
        if told := judge.difference(np.asarray(found)):
            before = f"{wrong[geometry]}; " if geometry in wrong else ""
            wrong[geometry] = (
                f"{before}{name} compiled for {out} of {geometry!r}: {told}"
            )
    return len(chosen), wrong


def _turn(
    place: int, geometry: Geometry, routines: Mapping[str, Algorithm], platform: str
) -> tuple[str, Any]:
    """The routine whose turn it is, or the next that computes anything; or none."""
    names = list(routines)
    for n in range(len(names)):
        name = names[(place + n) % len(names)]
        if not all(refuses(routines[name], geometry, out, platform) for out in ROLES):
            return name, routines[name]
    return "", None


def refuses(algorithm: Algorithm, geometry: Geometry, out: Role, platform: str) -> bool:
    """Whether a routine does not compute this role of this geometry."""
    sizes = shapes(geometry)
    operands = {role: sizes[role] for role in OPERANDS[out]}
    return bool(algorithm.refuses(geometry, operands, out, DTYPE, platform))
