"""Between the entries of a dilated array lies nothing: compute each phase by itself.

The input derivative of a strided convolution reads a cotangent with holes. Positions of
one remainder modulo the stride meet one and the same part of the kernel, and for them
the cotangent has no holes: each phase is a convolution of stride 1
(``geometry.phases``), which another algorithm computes, and the results interleave.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms import costs
from jconv.algorithms.protocol import Algorithm, array_shapes, concrete, result_shape
from jconv.geometry import OPERANDS, Geometry, Role
from jconv.geometry.phases import Phase, phases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes

INTERLEAVING = 2
"""How often a phase's result is moved: written, and read to be interleaved."""

MAX_PHASES = 16
"""Phases that are computed one by one at the most; each takes its time to compile."""


@dataclasses.dataclass(frozen=True)
class Phases:
    """Phase by phase, each by the cheapest of ``inner`` on ``platform``."""

    inner: tuple[Algorithm, ...]
    name: str = "phases"
    max_phases: int = MAX_PHASES
    platform: str | None = "cpu"
    exact_on_integers: bool = True
    keeps_nonfinite_local: bool = False
    keeps_batch_whole: bool = False

    def refuses(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> str | None:
        """A kernel's derivative; one phase, or too many."""
        if out == "kernel":
            return "a kernel's derivative has no phases"
        source: Role = "input" if out == "output" else "output"
        count = math.prod(
            min(abs(axis.coefficient(source)), axis.size(out)) for axis in geometry.axes
        )
        if all(abs(axis.coefficient(source)) == 1 for axis in geometry.axes):
            return "nothing is dilated, so there is one phase"
        if not math.prod(concrete(result_shape(geometry, shapes, out))):
            return "the result is empty"
        if count > self.max_phases:
            return f"it would compute {count} phases, more than {self.max_phases}"
        return None

    def run(
        self,
        first: Array,
        second: Array,
        *,
        geometry: Geometry,
        out: Role,
        precision: Precision,
        accumulate: DTypeLike,
    ) -> Array:
        """The contraction, one phase after the other."""
        shapes = array_shapes(out, first, second)
        operands = dict(zip(OPERANDS[out], (first, second), strict=True))
        results: list[tuple[tuple[Phase, ...], Array]] = []
        for parts in _combinations(geometry, out):
            part = Geometry(tuple(each.axis for each in parts), geometry.groups)
            mine = operands | {"kernel": _taps_of(operands["kernel"], parts)}
            a, b = (mine[role] for role in OPERANDS[out])
            if not math.prod(part.kernel_shape):
                continue
            _, chosen = self._cheapest(part, array_shapes(out, a, b), out, first.dtype)
            result = chosen.run(
                a,
                b,
                geometry=part,
                out=out,
                precision=precision,
                accumulate=accumulate,
            )
            results.append((parts, result))
        shape = result_shape(geometry, shapes, out)
        return _interleaved(results, geometry, out, shape, accumulate)

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """The worst of the algorithms that it may use."""
        return max(
            each.error_bound(geometry, shapes, out, dtype) for each in self.inner
        )

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """What the phases cost, and the interleaving."""
        result = result_shape(geometry, shapes, out)
        item = np.dtype(dtype).itemsize
        total = costs.copy_seconds(
            INTERLEAVING * costs.bytes_of(result, dtype), result[-1] * item, platform
        )
        for parts in _combinations(geometry, out):
            part = Geometry(tuple(each.axis for each in parts), geometry.groups)
            if math.prod(part.kernel_shape):
                mine = _shapes_of_phase(part, shapes, out)
                total += self._cheapest(part, mine, out, dtype)[0]
        return total

    def _cheapest(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> tuple[float, Algorithm]:
        """The algorithm for one phase, and what it costs."""
        return min(
            (
                (each.cost(geometry, shapes, out, dtype, self.platform), each)
                for each in self.inner
                if not each.refuses(geometry, shapes, out, dtype, self.platform)
            ),
            key=lambda pair: pair[0],
        )


def _shapes_of_phase(geometry: Geometry, shapes: Shapes, out: Role) -> Shapes:
    """The shapes of the operands that compute one phase."""
    kernel = shapes["kernel"]
    return shapes | {"kernel": (kernel[0], *geometry.kernel_shape, *kernel[-3:])}


def _combinations(geometry: Geometry, out: Role) -> Iterator[tuple[Phase, ...]]:
    """One phase per axis, all combinations in row-major order."""
    return itertools.product(*(phases(axis, out) for axis in geometry.axes))


def _taps_of(kernel: Array, parts: tuple[Phase, ...]) -> Array:
    """The part of the kernel that a phase uses."""
    start, stop, step = [0] * kernel.ndim, list(kernel.shape), [1] * kernel.ndim
    for a, each in enumerate(parts, 1):
        start[a] = min(each.tap[0], kernel.shape[a])
        step[a] = each.tap[1]
    return lax.slice(kernel, start, stop, step)


def _interleaved(
    results: list[tuple[tuple[Phase, ...], Array]],
    geometry: Geometry,
    out: Role,
    shape: tuple[Any, ...],
    dtype: DTypeLike,
) -> Array:
    """Put the phases' results where they belong, by updates in place."""
    steps = [phases(axis, out)[0].step for axis in geometry.axes]
    rank, first = geometry.rank, len(shape) - 2 - geometry.rank
    blocks = [-(-size // p) for size, p in zip(geometry.size(out), steps, strict=True)]
    tail = shape[first + rank :]
    split = [n for pair in zip(blocks, steps, strict=True) for n in pair]
    board = jnp.zeros((*shape[:first], *split, *tail), dtype)
    for parts, result in results:
        sizes = [n for each in parts for n in (each.axis.size(out), 1)]
        start = [0] * first + [n for each in parts for n in (0, each.start)]
        start += [0] * len(tail)
        block = lax.reshape(result, (*shape[:first], *sizes, *tail))
        board = lax.dynamic_update_slice(board, block, start)
    whole = [n * p for n, p in zip(blocks, steps, strict=True)]
    board = lax.reshape(board, (*shape[:first], *whole, *tail))
    return lax.slice(board, [0] * len(shape), shape)
