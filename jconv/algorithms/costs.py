"""Predicted seconds of the pieces that algorithms are made of.

A deliberately coarse model: matrix products at a rate that depends on their sizes,
copies at a bandwidth that depends on the length of their runs. It has to rank
algorithms, not to predict times, so its constants are round numbers of one class of
machine per platform; those for a CPU are fitted to timings of random layers (as
``bench.random_layers`` draws them), and ``accelerators`` holds the others.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from jconv.algorithms import accelerators
from jconv.algorithms.accelerators import is_accelerator
from jconv.algorithms.parts.matrix_product import is_second_turned
from jconv.algorithms.protocol import concrete, result_shape
from jconv.geometry import OPERANDS

if TYPE_CHECKING:
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Shape, Shapes
    from jconv.geometry import Geometry, Role

GEMM_PEAK = 4e11
"""Floating point operations per second of one large matrix product on a CPU."""

PRODUCT_BYTES_PER_SECOND = 4e10
"""What a product reads and writes beside its operations, all cores together."""

FLOAT_BYTES = 4

CALL_SECONDS = 2e-5
"""What starting a product costs."""

PASS_SECONDS = 2e-5
"""What starting a loop over an array costs."""

ADDS_PER_SECOND = 5e10
"""Multiply-adds in a loop over entries that does nothing else."""

SUMS_PER_SECOND = 1.2e9
"""Multiply-adds where such a loop sums over places, which is not vectorised."""

BATCH_SECONDS = 3e-6
"""What each further product of a batch costs: they are done one after the other."""

HALF_SPEED_RESULT = 10_000
"""Entries of a product's result at which half of the cores find work in it."""

LANES = 8
"""Columns that a core multiplies at once: fewer take as long."""

TURNED_PEAK = 3e11
TURNED_HALF_SPEED_RESULT = 12_000
"""The same of a product whose first operand has the summed label first."""

ONE_CORE = 2
"""How much slower than the peak a product is at the worst: one core does it."""

COPY_PEAK = 3e10
"""Bytes per second of a copy in long runs, the source's bytes not counted."""

HALF_SPEED_RUN = 48
"""Bytes of a run at which a copy reaches half of its speed."""

TRANSPOSE_PEAK = 5e9
"""Bytes per second of a transposition, which one core does alone."""


def gemm_seconds(
    b: float,
    m: float,
    k: float,
    n: float,
    platform: str | None,
    *,
    turned: bool = False,
) -> float:
    """``b`` products of (m, k) and (k, n), or of (k, m) ``turned`` and (k, n)."""
    if is_accelerator(platform):
        return accelerators.product_seconds(b, m, k, n)
    flops = 2.0 * b * m * k * n
    entries = b * (m * k + k * n + m * n)
    peak, half_speed = GEMM_PEAK, HALF_SPEED_RESULT
    if turned:
        peak, half_speed = TURNED_PEAK, TURNED_HALF_SPEED_RESULT
    else:
        flops *= LANES / min(LANES, max(1, n))
    cores = 1 + half_speed / max(1, m * n)
    return (
        CALL_SECONDS
        + BATCH_SECONDS * (b - 1)
        + flops * min(cores, ONE_CORE) / peak
        + FLOAT_BYTES * entries / PRODUCT_BYTES_PER_SECOND
    )


def copy_seconds(n_bytes: float, run_bytes: float, platform: str | None) -> float:
    """A copy of so many bytes, in runs that lie together."""
    if is_accelerator(platform):
        return accelerators.copy_seconds(n_bytes, run_bytes)
    return n_bytes * (1 + HALF_SPEED_RUN / max(1, run_bytes)) / COPY_PEAK


def transpose_seconds(n_bytes: float, platform: str | None) -> float:
    """The two last axes of matrices exchanged."""
    if is_accelerator(platform):
        return accelerators.copy_seconds(n_bytes, n_bytes)
    return n_bytes / TRANSPOSE_PEAK


@dataclasses.dataclass(frozen=True)
class StepCost:
    """One product of a contraction that holds one role's index per axis fixed.

    A label that all three arrays have runs beside the product (``together``), one that
    both operands have is summed, one of the first operand alone gives rows, one of the
    second alone columns.

    Attributes:
        together: the product of those labels' sizes, and so on.
        rows: of the first operand.
        summed: terms of each entry.
        columns: of the second operand.
        runs: numbers of entries that lie side by side in the first operand, the second
            and the result.
        groups: whose numbers lie side by side in a run.
        cut: whether a step takes only a part of the first operand, of the second.
        turned: whether the first operand has the summed labels first.
        apart: whether they lie apart in a part of it, which is then transposed.
    """

    together: float
    rows: float
    summed: float
    columns: float
    runs: tuple[int, ...]
    groups: int
    cut: tuple[bool, ...]
    turned: bool
    apart: bool

    @classmethod
    def of(
        cls,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        fixed: tuple[Role, ...],
        running: tuple[float, ...],
    ) -> StepCost:
        """A step in which so many indices run along each axis."""
        arrays = shapes | {out: result_shape(geometry, shapes, out)}
        arrays = {role: concrete(shape) for role, shape in arrays.items()}
        x, y = arrays["input"], arrays["output"]
        labels: list[tuple[float, set[Role]]] = [
            (x[0] * x[-2], {"input", "kernel", "output"}),
            (math.prod(x[1 : -2 - geometry.rank]), {"input", "output"}),
            (x[-1], {"input", "kernel"}),
            (y[-1], {"kernel", "output"}),
        ]
        everywhere: set[Role] = {"input", "kernel", "output"}
        labels += [
            (size, everywhere - {role})
            for size, role in zip(running, fixed, strict=True)
        ]
        first, second = OPERANDS[out]
        sizes = {
            frozenset(have): math.prod(size for size, its in labels if its == have)
            for have in (everywhere, {first, out}, {first, second}, {second, out})
        }
        return cls(
            together=sizes[frozenset(everywhere)],
            rows=sizes[frozenset({first, out})],
            summed=sizes[frozenset({first, second})],
            columns=sizes[frozenset({second, out})],
            runs=tuple(math.prod(arrays[role][-2:]) for role in (first, second, out)),
            groups=geometry.groups,
            cut=tuple(
                any(
                    axis.size(role) > (1 if held == role else size)
                    for axis, held, size in zip(
                        geometry.axes, fixed, running, strict=True
                    )
                )
                for role in (first, second)
            ),
            turned=out == "kernel",
            apart=geometry.rank > 1 or math.prod(x[1:-3]) > 1,
        )

    def merged(self, steps: int) -> StepCost:
        """So many steps as one, if an operand is whole in all of them.

        The compiler makes one product of several that share an operand.
        """
        if self.cut == (False, True):
            return dataclasses.replace(self, columns=steps * self.columns)
        if self.cut == (True, False):
            return dataclasses.replace(self, rows=steps * self.rows)
        return self

    @property
    def is_matrix_product(self) -> bool:
        """Whether it is one; otherwise a loop multiplies entry by entry."""
        wide = max(self.rows, self.columns) > 1
        return min(self.rows, self.columns) > 1 or (wide and self.summed > 1)

    def _turned_entries(self, platform: str | None) -> float:
        """Of the operand that a product turns, as far as it lies apart."""
        if not is_accelerator(platform) and is_second_turned(
            self.summed, self.rows, self.columns
        ):
            return self.summed * self.columns
        return self.summed * self.rows * self.cut[0]

    def entrywise_seconds(self, platform: str | None) -> float:
        """The multiplications alone, where it is no matrix product."""
        adds = self.together * self.rows * self.summed * self.columns
        if is_accelerator(platform):
            return accelerators.sums_seconds(adds, 0)
        rate = ADDS_PER_SECOND if self.summed == 1 else SUMS_PER_SECOND
        return adds / rate

    def seconds(
        self, dtype: DTypeLike, platform: str | None, *, passes: float
    ) -> float:
        """Operands cut out, multiplied, the product moved ``passes`` times.

        Entry by entry, the operands are not copied out, only read.
        """
        item = np.dtype(dtype).itemsize
        runs, narrow, cut = self.runs, 1.0, self.cut
        if not is_accelerator(platform):
            if self.is_matrix_product and self.groups > 1:
                # Each group's numbers are taken out of the run they stand in.
                runs = tuple(max(1, run // self.groups) for run in runs)
                cut, passes = (True, True), passes + 1
            # What is narrower than a core's lanes is added entry by entry.
            narrow = LANES / min(LANES, max(1, runs[-1]))
        sizes = [
            self.rows * self.summed * cut[0],
            self.summed * self.columns * cut[1],
            narrow * passes * self.rows * self.columns,
        ]
        moved = sum(
            copy_seconds(self.together * size * item, run * item, platform)
            for size, run in zip(sizes, runs, strict=False)
        )
        if not self.is_matrix_product:
            return moved + PASS_SECONDS + self.entrywise_seconds(platform)
        if self.turned and self.apart:
            turned = self.together * self._turned_entries(platform)
            moved += transpose_seconds(turned * item, platform)
        return moved + gemm_seconds(
            self.together,
            self.rows,
            self.summed,
            self.columns,
            platform,
            turned=self.turned,
        )


def steps_seconds(
    step: StepCost,
    steps: int,
    together: int,
    dtype: DTypeLike,
    platform: str | None,
    *,
    passes: float,
) -> float:
    """Many steps, of which some are in the compiler's view at once."""
    merged = step.merged(min(steps, together))
    turns = steps if merged == step else -(-steps // together)
    return turns * merged.seconds(dtype, platform, passes=passes)


def bytes_of(shape: Shape, dtype: DTypeLike) -> int:
    """Size of an array."""
    return math.prod(concrete(shape)) * np.dtype(dtype).itemsize
