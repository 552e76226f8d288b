"""A plan of ``patches``: whose windows, in blocks of how many, which side is turned."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

from jconv.algorithms import costs
from jconv.algorithms.parts.results_as_channels import ResultsAsChannels, smallest_block

if TYPE_CHECKING:
    from jconv.algorithms.parts.windowed import Windowed
    from jconv.geometry import Role

NARROW = 128
"""Channels from which on there is nothing to gain from blocks."""


@dataclasses.dataclass(frozen=True)
class PatchesPlan:
    """One way to make a contraction a product of windows.

    Attributes:
        view: the source and its relation.
        as_channels: the blocks of results.
        sizes: leading axis, examples, channels of the source, and of the other.
        out: the role of the result.
        upright: whether the product of a kernel's derivative turns the windows.
        seconds: predicted.
    """

    view: Windowed
    as_channels: ResultsAsChannels
    sizes: tuple[int, int, int, int]
    out: Role
    upright: bool
    seconds: float = 0.0

    @classmethod
    def of(
        cls,
        view: Windowed,
        as_channels: ResultsAsChannels,
        sizes: tuple[int, int, int, int],
        out: Role,
        few_places: int,
    ) -> PatchesPlan:
        """The plan that turns what is better turned.

        The compiler for CPUs multiplies fastest if it turns the narrower operand. But
        the input's windows turned give the kernel as it stands, and to transpose that
        takes longer than a product of few places.
        """
        _, n, c, m = sizes
        entries = math.prod(axis.n_kernel for axis in as_channels.axes) * c
        places = n * math.prod(axis.n_output for axis in as_channels.axes)
        few = view.source == "input" and places <= few_places
        upright = out == "kernel" and (few or entries < as_channels.together * m)
        return cls(view, as_channels, sizes, out, upright)

    def predicted(
        self, item: int, platform: str | None, tile_bytes: int, whole: float
    ) -> float:
        """Seconds: windows copied, products made tile by tile, results laid out."""
        e, n, c, m = self.sizes
        axes = self.as_channels.axes
        places = n * math.prod(axis.n_output for axis in axes)
        entries = math.prod(axis.n_kernel for axis in axes) * c
        wide = self.as_channels.together * m
        joined = axes[-1].n_kernel if axes[-1].kernel_dilation == 1 else 1
        windows = e * places * entries * item
        tiles = 1 if windows <= whole * tile_bytes else -(-windows // tile_bytes)
        seconds = costs.copy_seconds(windows, joined * c * item, platform)
        seconds += costs.PASS_SECONDS * (tiles - 1)
        moved, mixes = e * places * wide * item, self._mixes_axes
        if self.out == "kernel":
            seconds += costs.gemm_seconds(
                e, wide, places, entries, platform, turned=True
            )
            seconds += self._kernel_seconds(e * wide * entries * item, item, platform)
            if mixes:
                seconds += costs.transpose_seconds(moved, platform)
            moved *= not self.as_channels.divides
        else:
            seconds += costs.gemm_seconds(e, places, entries, wide, platform)
            moved *= mixes
        run = m * self.as_channels.sizes[-1] * item
        return seconds + costs.copy_seconds(moved, run, platform)

    @property
    def _mixes_axes(self) -> bool:
        """Whether a block's results are apart where results lie in order."""
        return self.as_channels.together > self.as_channels.sizes[-1]

    def _kernel_seconds(self, n_bytes: int, item: int, platform: str | None) -> float:
        """What it takes to bring a kernel's derivative into the kernel's order."""
        from_input = self.view.source == "input"
        if self.upright and from_input:
            return 0.0
        if self.upright or from_input:
            return costs.transpose_seconds(n_bytes, platform)
        return costs.copy_seconds(n_bytes, self.sizes[2] * item, platform)


def block_sizes(view: Windowed, c: int, m: int) -> list[tuple[int, ...]]:
    """Sizes to consider: the smallest, and longer ones where channels are few."""
    least = [min(smallest_block(axis), max(1, axis.n_output)) for axis in view.axes]
    longer = [1, 2, 4, 8, 16] if min(c, m) < NARROW else [1]
    second = [1, 2, 4] if min(c, m) < NARROW and len(least) > 1 else [1]
    return [
        (*least[:-2], *(n * b for n in least[-2:-1]), least[-1] * a)
        for a, b in itertools.product(longer, second)
    ]
