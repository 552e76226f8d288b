"""An axis whose results several devices compute, an equal slab of them each.

Let ``a`` be the pace of the results in the relation and ``b`` that of the sources:
stride and input dilation for an output, the other way round for an input. Device p
computes results p r to (p + 1) r - 1. The sources that they meet begin at

    first + advance p,    advance = a r / b,

and are as many on each device, in the same relation to its results, if advance is an
integer: r is a multiple of b / gcd(a, b). What of them lies on neighbours is the
device's halo.
"""

from __future__ import annotations

import dataclasses
from math import gcd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jconv.geometry.axis import Axis, Role


@dataclasses.dataclass(frozen=True)
class Slab:
    """What each of several devices computes along an axis, and what it needs for it.

    Attributes:
        axis: the relation of a device's results to the sources that they meet.
        source: the role of these, "input" or "output".
        devices: how many there are.
        held: sources that lie on each device, of which the last may hold too many.
        first: the first source that device 0 meets; negative ones do not exist.
        advance: how much later a device's sources begin than those of the one before.

    Examples:
        Two devices, eight inputs, three taps: each needs one input of the other.

        >>> from jconv.geometry import Axis
        >>> slab = Slab.of(Axis(8, 3, 8, low=1), "output", 2)
        >>> slab.axis.n_output, slab.axis.n_input, slab.held, slab.halo
        (4, 6, 4, (1, 1))
    """

    axis: Axis
    source: Role
    devices: int
    held: int
    first: int
    advance: int

    @classmethod
    def of(cls, axis: Axis, result: Role, devices: int) -> Slab:
        """The slabs of a result, "output" or "input", on so many devices."""
        source: Role = "input" if result == "output" else "output"
        a, b = abs(axis.coefficient(result)), abs(axis.coefficient(source))
        taps = (min(0, axis.reach), max(0, axis.reach))
        lowest, highest = (
            (taps[0] - axis.low, taps[1] - axis.low)
            if result == "output"
            else (axis.low - taps[1], axis.low - taps[0])
        )
        unit = b // gcd(a, b)
        results = -(-axis.size(result) // (devices * unit)) * unit
        first = -(-lowest // b)
        last = (a * (results - 1) + highest) // b
        met = max(0, last - first + 1) if results and axis.n_kernel else 0
        return cls(
            axis=dataclasses.replace(
                axis,
                **{f"n_{result}": results, f"n_{source}": met},
                low=axis.low - axis.coefficient(source) * first,
            ),
            source=source,
            devices=devices,
            held=-(-axis.size(source) // devices),
            first=first,
            advance=a * results // b,
        )

    @property
    def met(self) -> int:
        """How many sources the results of a device meet."""
        return self.axis.size(self.source)

    @property
    def drift(self) -> int:
        """How much more a device's sources are ahead of what it holds than before it.

        It is 0 where results are divided as the sources are.
        """
        return self.advance - self.held

    @property
    def halo(self) -> tuple[int, int]:
        """Sources before and after what a device holds, enough for each device."""
        begins = (self.first, self.first + self.drift * (self.devices - 1))
        return max(0, -min(begins)), max(0, max(begins) + self.met - self.held)
