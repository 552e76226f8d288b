"""An axis whose operand is dilated is several axes whose operand is not.

Let an array be computed from a *source* whose factor in the relation is larger than 1:
the output of an input-dilated convolution, or the input derivative of a strided one.
Write the relation as ``a x + d k + s y = low`` with x the computed index, k the
kernel's and y the source's, and let p = |s| / gcd(s, a), t = |s| / gcd(s, d). Then

    x = r + p x'        k = k0 + t k'        0 <= r < p        a r + d k0 = low  (mod s)

turns it into one relation for each *phase* r, in which s has become 1 or -1:

    (a p / |s|) x'  +  (d t / |s|) k'  +  sign(s) y  =  (low - a r - d k0) / |s|

Every phase uses its own taps of the kernel, none is used for nothing, and the phases'
results interleave.

References:
    W. Shi et al., "Is the deconvolution layer the same as a convolutional layer?",
    https://arxiv.org/abs/1609.07009, 2016.
"""

from __future__ import annotations

import dataclasses
from math import gcd
from typing import TYPE_CHECKING

from jconv.geometry.axis import Axis

if TYPE_CHECKING:
    from jconv.geometry.axis import Role


@dataclasses.dataclass(frozen=True)
class Phase:
    """One residue class of a computed index.

    Attributes:
        axis: the relation of its indices, the source's factor being 1 or -1.
        start: its first index in the computed array.
        step: the distance between its indices there.
        tap: its first kernel index, and the distance between them; there may be none.
    """

    axis: Axis
    start: int
    step: int
    tap: tuple[int, int]


def phases(axis: Axis, out: Role) -> tuple[Phase, ...]:
    """The phases of the output, or of the input, in the order of their first index.

    Examples:
        The input derivative of a stride-2 convolution with 3 taps uses taps 0 and 2
        for even positions, and tap 1 for odd ones:

        >>> both = phases(Axis(n_input=7, n_kernel=3, n_output=3, stride=2), "input")
        >>> [(each.start, each.tap, each.axis.n_kernel) for each in both]
        [(0, (0, 2), 2), (1, (1, 2), 1)]
    """
    source: Role = "input" if out == "output" else "output"
    a, d = axis.coefficient(out), axis.coefficient("kernel")
    s = abs(axis.coefficient(source))
    p, t = s // gcd(s, a), s // gcd(s, d)
    found = []
    for r in range(min(p, axis.size(out))):
        fits = [k for k in range(t) if (axis.low - a * r - d * k) % s == 0]
        first = fits[0] if fits else axis.n_kernel
        sizes = {
            f"n_{out}": -(-(axis.size(out) - r) // p),
            f"n_{source}": axis.size(source),
        }
        factors = {out: abs(a) * p // s, source: 1}
        part = Axis(
            n_kernel=max(0, -(-(axis.n_kernel - first) // t)),
            stride=factors["output"],
            kernel_dilation=d * t // s,
            input_dilation=factors["input"],
            low=(axis.low - a * r - d * first) // s if fits else 0,
            **sizes,
        )
        found.append(Phase(part, r, p, (first, t)))
    return tuple(found)
