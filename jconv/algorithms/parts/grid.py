"""An axis laid out on a grid, on which the relation is a plain shift.

A loop needs windows of one static size, so per axis one role is laid out on a *grid* on
which the relation becomes a plain shift. Let f be the role that the step fixes, n the
natural one, taken whole, and r the one on the grid, and write the relation as
``a_f f + a_n n + a_r r = low``. Index r stands at grid position ``|a_r| r`` plus a
margin, and at step f the whole range of n meets the positions ``start(f) + |a_n| n'``,
where n' is n or, if the signs say so, n reversed.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from jconv.geometry import Axis, Role


@dataclasses.dataclass(frozen=True)
class Window:
    """How one axis is walked: which role is fixed, which natural, which on the grid.

    Attributes:
        axis: the relation.
        fixed: the role whose index counts the steps.
    """

    axis: Axis
    fixed: Role

    @property
    def grid(self) -> Role:
        """The role on the grid: the input, or the output where the input is fixed."""
        return "output" if self.fixed == "input" else "input"

    @property
    def natural(self) -> Role:
        """The role that every step takes whole."""
        return "output" if self.fixed == "kernel" else "kernel"

    @property
    def sign(self) -> int:
        """Sign of the grid role's factor in the relation."""
        return 1 if self.axis.coefficient(self.grid) > 0 else -1

    @property
    def hole(self) -> int:
        """Distance between neighbours on the grid."""
        return abs(self.axis.coefficient(self.grid))

    @property
    def pace(self) -> int:
        """Grid distance between neighbouring natural indices; negative if reversed."""
        return -self.sign * self.axis.coefficient(self.natural)

    @property
    def length(self) -> int:
        """Grid positions that one step covers."""
        return abs(self.pace) * (self.axis.size(self.natural) - 1) + 1

    def starts(self) -> np.ndarray:
        """First grid position of every step, before the margin is added."""
        steps = np.arange(self.axis.size(self.fixed))
        origin = self.axis.low - self.axis.coefficient(self.fixed) * steps
        lowest = min(0, self.pace * (self.axis.size(self.natural) - 1))
        return self.sign * origin + lowest

    def margins(self) -> tuple[int, int]:
        """Zeros to add before and after the grid so that every step stays inside."""
        starts = self.starts()
        last = self.hole * (self.axis.size(self.grid) - 1)
        return (
            max(0, -int(starts.min())),
            max(0, int(starts.max()) + self.length - 1 - last),
        )

    def spread(self, role: Role) -> tuple[int, int, int]:
        """``lax.pad``'s (low, high, interior) that lays this axis of an array out."""
        return (*self.margins(), self.hole - 1) if role == self.grid else (0, 0, 0)

    def extent(self, role: Role) -> int:
        """Size of a step's window into this axis of an array."""
        sizes = {self.fixed: 1, self.grid: self.length}
        return sizes.get(role, self.axis.size(role))

    def begin(self, role: Role) -> np.ndarray:
        """Where the windows of all steps begin along this axis of an array."""
        if role == self.grid:
            return self.starts() + self.margins()[0]
        steps = np.arange(self.axis.size(self.fixed))
        return steps if role == self.fixed else np.zeros_like(steps)
