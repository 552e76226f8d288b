"""Windows that follow from the output's size, as adaptive pools have them.

Window o of m along an axis of n entries covers those from floor(o n / m) up to, but not
including, ceil((o + 1) n / m). With g = gcd(n, m) the pattern repeats every m / g
windows and n / g entries, so the windows of one remainder modulo m / g are those of an
ordinary pool with stride n / g: a *strand*. Windows of different strands take turns in
the result.

References:
    PyTorch, AdaptiveAvgPool2d, https://docs.pytorch.org/docs/stable, 2024.
"""

from __future__ import annotations

import dataclasses
import math

from jconv.geometry import Axis


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
    def strands(self) -> tuple[tuple[Axis, ...], ...]:
        """The relations along each axis, whose windows take turns."""
        return tuple(map(_strands, self.input_shape, self.output_shape))

    def counts(self, *, padding: bool = False) -> tuple[tuple[int, ...], ...]:
        """How many entries each window holds, per axis; there is no padding."""
        del padding
        found = []
        for n_input, n_output in zip(self.input_shape, self.output_shape, strict=True):
            edges = (bounds(n_input, n_output, o) for o in range(n_output))
            found.append(tuple(stop - start for start, stop in edges))
        return tuple(found)


def bounds(n_input: int, n_output: int, o: int) -> tuple[int, int]:
    """First entry of window o, and the one after its last.

    Examples:
        >>> [bounds(5, 3, o) for o in range(3)]
        [(0, 2), (1, 4), (3, 5)]
    """
    return o * n_input // n_output, -(-(o + 1) * n_input // n_output)


def _strands(n_input: int, n_output: int) -> tuple[Axis, ...]:
    """One ordinary relation per remainder."""
    common = math.gcd(n_input, n_output)
    found = []
    for o in range(n_output // common):
        start, stop = bounds(n_input, n_output, o)
        axis = Axis(
            n_input=n_input,
            n_kernel=stop - start,
            n_output=common,
            stride=n_input // common,
            low=-start,
        )
        found.append(axis)
    return tuple(found)
