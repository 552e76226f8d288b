"""Choices that were measured, as a value that ``method`` takes."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jconv.geometry import OPERANDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Shape, Shapes
    from jconv.geometry import Geometry, Role


@dataclasses.dataclass(frozen=True)
class Tuned:
    """The fastest algorithm of each contraction that was measured.

    It is hashable and compares by its entries, so that ``jit`` compiles anew for other
    measurements and not for the same ones. Unlike an algorithm's name it steers
    derivatives too: their entries are looked up like any other.

    Attributes:
        entries: (what was contracted, the algorithm's name), sorted.
    """

    entries: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, choices: Mapping[str, str]) -> Tuned:
        """From a mapping."""
        return cls(tuple(sorted(choices.items())))

    @functools.cached_property
    def _by_key(self) -> dict[str, str]:
        return dict(self.entries)

    def name_for(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> str | None:
        """The algorithm's name, None if this was not measured."""
        return self._by_key.get(describe(geometry, shapes, out, dtype, platform))

    @functools.cached_property
    def _hash(self) -> int:
        return hash(self.entries)

    def __hash__(self) -> int:
        """Once: a call asks for it several times, and there may be thousands."""
        return self._hash

    def __reduce__(self) -> Any:
        """A copy in another process hashes strings in its own way."""
        return Tuned, (self.entries,)

    def __repr__(self) -> str:
        """Short: a program's text shows it with every convolution."""
        digest = hashlib.sha256(repr(self.entries).encode()).hexdigest()
        return f"Tuned({len(self.entries)} choices, {digest[:8]})"


def describe(
    geometry: Geometry,
    shapes: Shapes,
    out: Role,
    dtype: DTypeLike,
    platform: str | None,
) -> str:
    """What measured times depend on, in one line; all batch axes are one in it.

    A layer that ``jax.vmap`` maps over its examples is found as one with a batch.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> shapes = {"input": (1, 8, 7, 1, 4), "kernel": (1, 3, 4, 1, 2)}
        >>> describe(Geometry.from_call((7,), (3,)), shapes, "output", "float32", "cpu")
        'cpu float32 output of 1x8x7x1x4 and 1x3x4x1x2: 5o+3k=7i+0 by 1 1 1'
    """
    arrays = " and ".join(
        "x".join(map(str, _with_one_batch_axis(shapes[role], role, geometry.rank)))
        for role in OPERANDS[out]
    )
    axes = ", ".join(
        f"{a.n_output}o+{a.n_kernel}k={a.n_input}i{a.low:+d} "
        f"by {a.stride} {a.kernel_dilation} {a.input_dilation}"
        for a in geometry.axes
    )
    return f"{platform} {np.dtype(dtype).name} {out} of {arrays}: {axes}".rstrip(": ")


def _with_one_batch_axis(shape: Shape, role: Role, rank: int) -> Shape:
    """(e, *batch, *spatial, g, c) -> (e, n, *spatial, g, c); a kernel has no batch."""
    if role == "kernel":
        return shape
    first = len(shape) - rank - 2
    return (shape[0], math.prod(shape[1:first]), *shape[first:])
