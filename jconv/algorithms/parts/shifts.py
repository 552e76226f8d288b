"""Where the products of one entry go: every tap has a shift and a phase.

Along an axis, entry j of a source and tap k meet the result ``a j + low - d k``, a
being the source's dilation. With ``low - d k = a q + phase``, results of one phase are
as far apart as the source's entries, and tap k adds its whole line of products to the
results of its phase, q entries further.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jconv.geometry import Axis


@dataclasses.dataclass(frozen=True)
class Line:
    """One axis: the shift and the phase of every tap.

    Attributes:
        axis: the relation of source, kernel and result.
    """

    axis: Axis

    @functools.cached_property
    def places(self) -> tuple[tuple[int, int], ...]:
        """Per tap (shift, phase), a shift of 0 being the smallest."""
        axis = self.axis
        if not axis.n_kernel:
            return ()
        spots = [
            divmod(axis.low - axis.kernel_dilation * k, axis.input_dilation)
            for k in range(axis.n_kernel)
        ]
        return tuple((q - self.least, phase) for q, phase in spots)

    @functools.cached_property
    def least(self) -> int:
        """The smallest shift, that of the last tap."""
        axis = self.axis
        last = axis.low - axis.kernel_dilation * (axis.n_kernel - 1)
        return last // axis.input_dilation

    @functools.cached_property
    def shifts(self) -> tuple[int, ...]:
        """The shifts that taps have, the smallest first."""
        return tuple(sorted({q for q, _ in self.places})) or (0,)

    @property
    def reach(self) -> int:
        """How far the largest shift is from the smallest."""
        return self.shifts[-1]

    @property
    def count(self) -> int:
        """Results of one phase."""
        return -(-self.axis.n_output // self.axis.input_dilation)

    @property
    def extent(self) -> int:
        """Entries of the source, existing or not, that results of a phase read."""
        return self.count + self.reach

    @property
    def padding(self) -> tuple[int, int]:
        """What is padded (or, if negative, cropped) on both sides of the source."""
        low = self.least + self.reach
        return low, self.extent - self.axis.n_input - low


@dataclasses.dataclass(frozen=True)
class Shifts:
    """All axes together: which parts a product has."""

    axes: tuple[Axis, ...]

    @functools.cached_property
    def lines(self) -> tuple[Line, ...]:
        """Per axis."""
        return tuple(map(Line, self.axes))

    @property
    def extents(self) -> tuple[int, ...]:
        """Sizes of the padded source."""
        return tuple(line.extent for line in self.lines)

    @property
    def pace(self) -> int:
        """Phases of the last axis, which lie side by side."""
        return self.axes[-1].input_dilation

    @property
    def last_wide(self) -> int:
        """Columns per channel that the last axis has: its shifts, with all phases."""
        return len(self.lines[-1].shifts) * self.pace

    @functools.cached_property
    def leading_taps(self) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
        """Taps of all axes but the last, by their phases."""
        found: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        paces = [axis.input_dilation for axis in self.axes[:-1]]
        for phases in itertools.product(*map(range, paces)):
            found[phases] = []
        for taps in itertools.product(*(range(a.n_kernel) for a in self.axes[:-1])):
            phases = tuple(
                line.places[k][1] for line, k in zip(self.lines, taps, strict=False)
            )
            found[phases].append(taps)
        return found

    @property
    def parts(self) -> int:
        """Slices of products that are added."""
        leading = math.prod(axis.n_kernel for axis in self.axes[:-1])
        return leading * len(self.lines[-1].shifts)

    @functools.cached_property
    def last_taps(self) -> np.ndarray:
        """(shifts * phases,): the last axis' tap in each column, n_kernel if none."""
        last = self.lines[-1]
        columns = np.full((len(last.shifts), self.pace), self.axes[-1].n_kernel)
        for k, (q, phase) in enumerate(last.places):
            columns[last.shifts.index(q), phase] = k
        return columns.ravel()
