"""One geometry on trial: every routine, every role, all pairs of basis vectors."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv import reference
from jconv.geometry import OPERANDS, ROLES, Geometry
from jconv.verify.bilinear import why_not
from jconv.verify.exhaustive import opwise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jconv.algorithms import Algorithm
    from jconv.geometry import Role

    Shape = tuple[int, ...]

DTYPE = "float32"
STACKS = (48, 192, 768, 3072)
"""Numbers of pairs are rounded up to one of these, so that operations are shared."""


@dataclasses.dataclass
class Outcome:
    """What became of one geometry.

    Attributes:
        pairs: single comparisons: pairs of basis vectors, over routines and roles.
        proved: routines that are right on all pairs, in every role that they do not
            refuse, and bilinear.
        refused: routine -> its reason, where it does not compute some role.
        wrong: routine -> what is wrong, for each role that is.
        doubt: routine -> why it is not shown to be bilinear, for each such role.
    """

    pairs: int = 0
    proved: list[str] = dataclasses.field(default_factory=list)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    wrong: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    doubt: dict[str, list[str]] = dataclasses.field(default_factory=dict)


def shapes(geometry: Geometry) -> dict[Role, Shape]:
    """Canonical shapes of one example: some channels, so that products are taken."""
    g, c, m = (1, 2, 1) if geometry.groups == 1 else (geometry.groups, 1, 2)
    return {
        "input": (1, *geometry.input_shape, g, c),
        "kernel": (1, *geometry.kernel_shape, c, g, m),
        "output": (1, *geometry.output_shape, g, m),
    }


def on_trial(
    geometry: Geometry, routines: Mapping[str, Algorithm], platform: str
) -> Outcome:
    """Every routine in every role on all pairs of basis vectors, each run by itself."""
    outcome = Outcome()
    sizes = shapes(geometry)
    judges = {out: Judge(geometry, out) for out in ROLES}
    for name, algorithm in routines.items():
        tried = False
        for out in ROLES:
            operands = {role: sizes[role] for role in OPERANDS[out]}
            reason = algorithm.refuses(geometry, operands, out, DTYPE, platform)
            if reason:
                outcome.refused[name] = f"{out}: {reason}"
                continue
            tried = True
            against = judges[out].judge(bound(algorithm, geometry, out))
            outcome.pairs += len(judges[out].first)
            if against:
                doubtful = against.startswith(UNSHOWN)
                told = outcome.doubt if doubtful else outcome.wrong
                told.setdefault(name, []).append(f"{out}: {against}")
        if tried and name not in outcome.wrong and name not in outcome.doubt:
            outcome.proved.append(name)
    return outcome


def bound(algorithm: Algorithm, geometry: Geometry, out: Role) -> Any:
    """An algorithm as a function of its two operands."""
    return functools.partial(
        algorithm.run, geometry=geometry, out=out, precision=None, accumulate=DTYPE
    )


UNSHOWN = "bilinearity is not shown"


class Judge:
    """All pairs of basis vectors of one role of one geometry, and the oracle's results.

    Attributes:
        first: the first operand of every pair, stacked.
        second: the second operand of every pair.
        expected: the result for every pair.
    """

    def __init__(self, geometry: Geometry, out: Role) -> None:
        sizes = [shapes(geometry)[role] for role in OPERANDS[out]]
        self.shapes = [jax.ShapeDtypeStruct(size, DTYPE) for size in sizes]
        self.first, self.second = unit_pairs(*sizes)
        # The pairs take the place of the label e, which leads.
        found = reference.contract(self.first[:, 0], self.second[:, 0], geometry, out)
        self.expected = found[:, None]
        padding = _rounded(len(self.first)) - len(self.first)
        self.stacked = [
            np.pad(array, [(0, padding)] + [(0, 0)] * (array.ndim - 1))
            for array in (self.first, self.second)
        ]

    def judge(self, run: Any) -> str:
        """What speaks against a routine; empty if it is proved."""
        try:
            closed = jax.make_jaxpr(run)(*self.shapes)
            found = opwise.over_pairs(closed, *self.stacked)
        except Exception as error:  # whatever breaks is told
            return f"raises {type(error).__name__}: {error}"
        if told := self.difference(found):
            return told
        doubt = why_not(closed)
        return f"{UNSHOWN}: {doubt}" if doubt else ""

    def difference(self, found: Any) -> str:
        """Where results differ from the oracle's; empty if they are equal."""
        got = np.asarray(found)[: len(self.expected)]
        if got.shape != self.expected.shape:
            return f"shape {got.shape[1:]}, expected {self.expected.shape[1:]}"
        if np.array_equal(got, self.expected):
            return ""
        wrong = got != self.expected
        pair = int(np.argwhere(wrong.any(axis=tuple(range(1, wrong.ndim))))[0, 0])
        one, other = (
            int(np.argmax(array[pair])) for array in (self.first, self.second)
        )
        return f"wrong on the pair of units {one} and {other}"


@functools.cache
def unit_pairs(first: Shape, second: Shape) -> tuple[Any, Any]:
    """All pairs of basis vectors of two arrays, stacked in front."""
    p, q = (int(np.prod(shape)) for shape in (first, second))
    one, other = np.divmod(np.arange(p * q), max(q, 1))
    return (
        np.eye(p, dtype=DTYPE)[one].reshape(p * q, *first),
        np.eye(q, dtype=DTYPE)[other].reshape(p * q, *second),
    )


def _rounded(pairs: int) -> int:
    """The next larger number of ``STACKS``."""
    return next((size for size in STACKS if size >= pairs), pairs)
