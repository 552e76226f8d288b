"""Windows that follow from the output's size, as adaptive pools have them.

Window o of m along an axis of n entries covers those from floor(o n / m) up to, but not
including, ceil((o + 1) n / m). Where m divides n these are the windows of an ordinary
pool, of n / m entries each. Where it does not, no stride describes them, but two tables
do, and both are written by one rule: window o of m holds entry i of n just where window
i of n, with sizes swapped, holds o, for both say o n < (i + 1) m and i m < (o + 1) n.
So *what does this window hold?* and *which windows hold this entry?* are one question.

References:
    PyTorch, AdaptiveAvgPool2d, https://docs.pytorch.org/docs/stable, 2024.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from jconv.geometry import Axis

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class FittedWindows:
    """As many windows as asked for, spread evenly; what ``Windows`` says of others.

    Attributes:
        input_shape: spatial sizes of the input.
        output_shape: how many windows there are per axis.

    Examples:
        >>> FittedWindows((5,), (3,)).counts()
        ((2, 3, 2),)
    """

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]

    @property
    def axes(self) -> tuple[Axis | FittedAxis, ...]:
        """The relation along each axis: an ordinary one if there is one."""
        return tuple(
            _ordinary(axis) if axis.n_input % axis.n_output == 0 else axis
            for axis in map(FittedAxis, self.input_shape, self.output_shape)
        )

    def counts(self, *, padding: bool = False) -> tuple[tuple[int, ...], ...]:
        """How many entries each window holds, per axis; there is no padding."""
        del padding
        axes = map(FittedAxis, self.input_shape, self.output_shape)
        return tuple(tuple(axis.sizes.tolist()) for axis in axes)


@dataclasses.dataclass(frozen=True)
class FittedAxis:
    """Windows spread evenly along one axis.

    Attributes:
        n_input: how many entries there are.
        n_output: how many windows.

    Examples:
        >>> axis = FittedAxis(5, 3)
        >>> axis.starts, axis.sizes
        (array([0, 1, 3]), array([2, 3, 2]))
    """

    n_input: int
    n_output: int

    @property
    def starts(self) -> NDArray[np.int64]:
        """The first entry of each window."""
        return np.arange(self.n_output) * self.n_input // self.n_output

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many entries each window holds; two sizes at most, next to each other."""
        stops = -(-np.arange(1, self.n_output + 1) * self.n_input // self.n_output)
        return stops - self.starts

    @property
    def n_kernel(self) -> int:
        """The most entries that a window holds."""
        return int(self.sizes.max())

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether window o has an entry number k, as [k, o]."""
        return np.arange(self.n_kernel)[:, None] < self.sizes

    @property
    def swapped(self) -> FittedAxis:
        """The other way round: what its windows hold are the windows that hold i."""
        return FittedAxis(self.n_output, self.n_input)


def _ordinary(axis: FittedAxis) -> Axis:
    """Windows side by side, all of one size."""
    size = axis.n_input // axis.n_output
    return Axis(axis.n_input, n_kernel=size, n_output=axis.n_output, stride=size)
