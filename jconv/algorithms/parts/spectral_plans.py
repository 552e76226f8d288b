"""A contraction as blocks: which ones there could be, and what their products cost."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from jax import lax

from jconv.algorithms import costs
from jconv.algorithms.accelerators import is_accelerator
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.buffers import pad_to
from jconv.algorithms.parts.overlap_save import OverlapSaveAxis

if TYPE_CHECKING:
    from jax import Array

    from jconv.algorithms.parts.windowed import Windowed
    from jconv.algorithms.protocol import Shapes
    from jconv.geometry import Geometry, Role

SIZES = tuple(n for p in range(2, 20) for n in (2**p, 3 * 2 ** (p - 1)))
"""Sizes of blocks that are considered; a whole axis is considered, too."""

BATCHED_PEAK = 8e10
"""Floating point operations per second of many matrix products, each too small to be
shared among the cores of a CPU: the rate of one core."""

ENTRYWISE_BYTES_PER_SECOND = 1.5e10
"""Of products entry by entry on a CPU."""


@dataclasses.dataclass(frozen=True)
class SpectralPlan:
    """A contraction as blocks.

    Attributes:
        view: the source and its relation.
        axes: the relation's axes, cut into blocks.
        e: independent contractions.
        n: examples of each.
        groups: groups of channels.
        channels: (the source's, the other's) per group.
    """

    view: Windowed
    axes: tuple[OverlapSaveAxis, ...]
    e: int
    n: int
    groups: int
    channels: tuple[int, int]

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.axes)

    @property
    def blocks(self) -> int:
        """Blocks of all examples."""
        return self.n * math.prod(axis.count for axis in self.axes)

    @property
    def entries(self) -> int:
        """Numbers in source, kernel and result."""
        s, o = self.channels
        sizes = (
            self.n * s * math.prod(axis.whole.n_input for axis in self.axes),
            self.n * o * math.prod(axis.whole.n_output for axis in self.axes),
            s * o * math.prod(axis.whole.n_kernel for axis in self.axes),
        )
        return self.e * self.groups * sum(sizes)

    @property
    def depthwise(self) -> bool:
        """Whether channels are multiplied one by one."""
        return self.channels == (1, 1)

    def computed(self, out: Role) -> Role:
        """What is computed, in the view's own relation."""
        return "kernel" if out == "kernel" else "output"

    def terms(self, out: Role) -> int:
        """Products that are added for each frequency."""
        return self.blocks if out == "kernel" else self.channels[0]

    def labels(self, array: str) -> tuple[str, ...]:
        """Labels of the dimensions of a spectrum, but for those of frequencies."""
        s, o = ("c", "m") if self.view.source == "input" else ("m", "c")
        if array == "kernel":
            return ("e", s, "g", o)
        return ("e", "u", "g", s if array == "source" else o)

    def turned(self, kernel: Array) -> Array:
        """(e, *K, c, g, m) -> (e, *K, s, g, o), and back: the source's channels first.

        Of a kernel it is cheap; its spectrum is many times as large.
        """
        if self.view.source == "input":
            return kernel
        last = kernel.ndim - 1
        return lax.transpose(kernel, [*range(last - 2), last, last - 1, last - 2])

    def merged(self, array: Array, padding: str) -> Array:
        """(e, *batch, *S, g, s) -> (e, n, *S, g, s) with room for every block."""
        e, *_, g, s = array.shape
        spatial = array.shape[array.ndim - 2 - self.rank : -2]
        array = array.reshape(e, -1, *spatial, g, s)
        pads = [getattr(axis, padding) for axis in self.axes]
        return pad_to(array, [(0, 0), (0, 0), *pads, (0, 0), (0, 0)])


def ways(
    geometry: Geometry, shapes: Shapes, out: Role, size: int | None
) -> list[SpectralPlan]:
    """All ways to see a contraction as blocks, of one size or of any of ``SIZES``."""
    batched = shapes["output" if out == "input" else "input"]
    n = math.prod(batched[1 : -2 - geometry.rank])
    return [
        SpectralPlan(view, axes, batched[0], n, geometry.groups, view.channels(shapes))
        for view in windowed.views(geometry, out, dilated=True)
        for axes in _block_choices(view, size)
    ]


def _block_choices(
    view: Windowed, size: int | None
) -> list[tuple[OverlapSaveAxis, ...]]:
    """Blocks of one size along all axes; along axes without taps, single results."""
    longest = max(axis.n_output for axis in view.axes)
    sizes = [*(n for n in SIZES if n < longest), longest] if size is None else [size]
    choices = {
        tuple(
            OverlapSaveAxis.near(axis, 1 if axis.n_kernel == 1 else each)
            for axis in view.axes
        )
        for each in sizes
    }
    return sorted(choices, key=lambda axes: [axis.size for axis in axes])


def product_seconds(
    plan: SpectralPlan, rows: int, out: Role, platform: str | None
) -> float:
    """Products of channels in float32, for each of ``rows`` frequencies."""
    s, o = plan.channels
    arrays = rows * plan.e * plan.groups
    if plan.depthwise:
        n_bytes = 4.0 * arrays * (2 * plan.blocks + 1)
        if is_accelerator(platform):
            return costs.copy_seconds(n_bytes, n_bytes, platform)
        return n_bytes / ENTRYWISE_BYTES_PER_SECOND
    sizes = (s, plan.blocks, o) if out == "kernel" else (plan.blocks, s, o)
    if is_accelerator(platform):
        return costs.gemm_seconds(arrays, *sizes, platform)
    m, k, n = sizes
    slowness = (1 + 4 / m) * (1 + 16 / k) * (1 + 8 / n)
    if out == "kernel":
        slowness *= 1.5  # the left side is read transposed
    return 2.0 * arrays * m * k * n * slowness / BATCHED_PEAK
