"""Transforms of short blocks as matrix products (``waves``).

The source is cut into blocks that overlap by the kernel's reach, so that every block of
results has a part of the source of its own (``spectral``). All arithmetic is real, and
nearly all of it is in matrix products with long rows, which is what a processor does
best; about 3 n / 2 products of channels for a part of n (of n entries along all axes
together), in place of one for every tap of every result.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from typing import TYPE_CHECKING

from jconv.algorithms import costs
from jconv.algorithms.accelerators import TRANSFORMS_SECONDS, is_accelerator
from jconv.algorithms.accuracy import waves_bound
from jconv.algorithms.parts.spectral import Spectral
from jconv.algorithms.parts.spectral_plans import SpectralPlan, product_seconds
from jconv.algorithms.parts.wave_transforms import Waves
from jconv.algorithms.parts.waves import period, wave_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes
    from jconv.geometry import Geometry, Role

MAX_PERIOD = 512
"""Of a block; the matrices are constants of the program, their size its square."""

ACCELERATOR_COPIES = 16
"""Times an array is copied there for each further axis. This way to transform several
axes was timed on CPUs alone, so that it has to promise much."""


@dataclasses.dataclass(frozen=True)
class Dft(Spectral):
    """Discrete Fourier transforms as products with matrices."""

    name: str = "dft"

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """Of three changes of basis."""
        plan = self._plan(geometry, shapes, out, self.platform)
        return waves_bound(plan.axes, plan.computed(out), plan.terms(out), dtype)

    def _objection(self, plan: SpectralPlan) -> str | None:
        """A block that would need large matrices."""
        longest = max(period(axis.block) for axis in plan.axes)
        if longest > MAX_PERIOD:
            return f"a block's period would be {longest}, more than {MAX_PERIOD}"
        return None

    def _transforms(
        self,
        plan: SpectralPlan,
        precision: Precision,
        dtype: DTypeLike,
    ) -> Waves:
        return Waves(plan, precision)

    def _entries(self, plan: SpectralPlan) -> int:
        rows = wave_count(*(axis.block for axis in plan.axes))
        s, o = plan.channels
        return rows * plan.e * plan.groups * (plan.blocks * (s + o) + s * o)

    def _seconds(self, plan: SpectralPlan, out: Role, platform: str | None) -> float:
        if max(period(axis.block) for axis in plan.axes) > MAX_PERIOD:
            return math.inf
        s, o = (plan.e * plan.groups * channels for channels in plan.channels)
        blocks = [axis.block for axis in plan.axes]
        counts = [axis.count for axis in plan.axes]
        ones = [1] * plan.rank
        kernel = s * plan.channels[1]
        seconds = (
            _change(plan, plan.n * s, [b.n_input for b in blocks], counts, platform)
            + _change(plan, plan.n * o, [b.n_output for b in blocks], counts, platform)
            + _change(plan, kernel, [b.n_kernel for b in blocks], ones, platform)
        )
        if is_accelerator(platform):
            seconds += TRANSFORMS_SECONDS
        rows = wave_count(*blocks)
        if plan.depthwise:
            return seconds + product_seconds(plan, rows, out, platform)
        units, (s, o) = plan.blocks, plan.channels
        sizes = (s, units, o) if out == "kernel" else (units, s, o)
        products = rows * plan.e * plan.groups
        return seconds + costs.gemm_seconds(
            products, *sizes, platform, turned=out == "kernel"
        )


def _change(
    plan: SpectralPlan,
    width: int,
    lengths: Sequence[int],
    counts: Sequence[int],
    platform: str | None,
) -> float:
    """Seconds of the products and copies that transform ``width`` arrays.

    Going back takes the same products in the opposite order.
    """
    seconds, rows, done = 0.0, 1.0, 1
    for a, length in enumerate(lengths):
        done *= counts[a]
        ahead = math.prod(map(operator.mul, lengths[a + 1 :], counts[a + 1 :]))
        columns = rows * width * done * ahead
        made = wave_count(*(axis.block for axis in plan.axes[: a + 1]))
        if a < plan.rank - 1:
            made = math.prod(period(axis.block) for axis in plan.axes[: a + 1])
        pair = 2 if a else 1
        seconds += costs.gemm_seconds(
            1, pair * made / rows, pair * length, columns / pair, platform
        )
        copies = ACCELERATOR_COPIES if a and is_accelerator(platform) else 1
        n_bytes = 4.0 * copies * length * columns
        seconds += costs.copy_seconds(n_bytes, 4 * width, platform)
        rows = float(made)
    return seconds


DFT = Dft()
