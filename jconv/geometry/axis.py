"""One axis of a convolution: three sizes and one linear relation between three indices.

    stride * o  +  kernel_dilation * k  =  input_dilation * i  +  low          (*)

    0 <= o < n_output      0 <= k < n_kernel      0 <= i < n_input

Everything a convolution, its input derivative and its kernel derivative need to know
about one axis is the set of triples (o, k, i) that satisfy (*). Zero padding is "the
index i does not exist"; the sign of ``kernel_dilation`` is the difference between
cross-correlation (+) and true convolution (-).
"""

from __future__ import annotations

import dataclasses
import functools
from math import gcd
from typing import TYPE_CHECKING, Literal, get_args

from jconv.errors import GeometryError
from jconv.geometry.checks import at_least, is_integer, not_zero
from jconv.geometry.extents import dilated_size, window_span
from jconv.geometry.textbook import OrdinaryAxis, as_ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator

Role = Literal["input", "kernel", "output"]

ROLES: tuple[Role, ...] = get_args(Role)
"""The three roles in their fixed order."""

OPERANDS: dict[Role, tuple[Role, Role]] = {
    "output": ("input", "kernel"),
    "input": ("kernel", "output"),
    "kernel": ("input", "output"),
}
"""Role computed -> the two roles it is computed from, in the fixed order."""


def check_role(out: str) -> None:
    """Refuse what is no role.

    Raises:
        GeometryError: naming the three.
    """
    if out not in ROLES:
        raise GeometryError.of("out", out, f"one of {', '.join(ROLES)}")


@dataclasses.dataclass(frozen=True)
class Progression:
    """Solutions of (*) with one index held fixed: an arithmetic progression.

    The j-th solution is ``start + step * j`` in each role, for ``0 <= j < length``. The
    fixed role has step 0.

    Attributes:
        length: the number of solutions; 0 means that there is none.
        input: (start, step) of i.
        kernel: (start, step) of k.
        output: (start, step) of o.
    """

    length: int
    input: tuple[int, int]
    kernel: tuple[int, int]
    output: tuple[int, int]

    def of(self, role: Role) -> tuple[int, int]:
        """(start, step) of one role."""
        return getattr(self, role)


@dataclasses.dataclass(frozen=True)
class Axis:
    """The relation (*) of one axis, with its three sizes.

    Raises:
        GeometryError: for a stride or input dilation below 1, a kernel dilation of 0,
            or a negative size.

    Examples:
        Five inputs and three taps make three outputs; the middle input reaches all:

        >>> axis = Axis(n_input=5, n_kernel=3, n_output=3)
        >>> [(o, k) for o, k, i in axis.triples() if i == 2]
        [(2, 0), (1, 1), (0, 2)]

    References:
        V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
        https://arxiv.org/abs/1603.07285, 2016.
    """

    n_input: int
    n_kernel: int
    n_output: int
    stride: int = 1
    kernel_dilation: int = 1
    input_dilation: int = 1
    low: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no axis."""
        at_least(1, stride=self.stride, input_dilation=self.input_dilation)
        at_least(
            0, n_input=self.n_input, n_kernel=self.n_kernel, n_output=self.n_output
        )
        not_zero(kernel_dilation=self.kernel_dilation)
        if not is_integer(self.low):
            raise GeometryError.of("low", self.low, "an integer")

    def size(self, role: Role) -> int:
        """The number of indices of one role."""
        return getattr(self, f"n_{role}")

    def coefficient(self, role: Role) -> int:
        """The role's factor in (*) written as ``sum of factor * index = low``."""
        factors = {
            "output": self.stride,
            "kernel": self.kernel_dilation,
            "input": -self.input_dilation,
        }
        return factors[role]

    @property
    def reach(self) -> int:
        """Signed distance from the first tap to the last, on the dilated input."""
        return self.kernel_dilation * max(0, self.n_kernel - 1)

    @property
    def span(self) -> int:
        """Positions of the dilated input that one window covers."""
        return window_span(self.n_kernel, self.kernel_dilation)

    @property
    def pad_low(self) -> int:
        """Padding before the first input; negative means cropped."""
        return self.low - min(0, self.reach)

    @property
    def pad_high(self) -> int:
        """Padding after the last input that makes the last window fit exactly."""
        reached = self.stride * (self.n_output - 1) + self.span
        dilated = dilated_size(self.n_input, self.input_dilation)
        return reached - dilated - self.pad_low

    def holds(self, o: int, k: int, i: int) -> bool:
        """Whether (*) holds for three indices that exist."""
        return (
            self.stride * o + self.kernel_dilation * k
            == self.input_dilation * i + self.low
        )

    def triples(self) -> Iterator[tuple[int, int, int]]:
        """All (o, k, i) of the relation, ordered by k, then by o."""
        for k in range(self.n_kernel):
            tap = self.tap(k)
            for j in range(tap.length):
                yield (
                    tap.output[0] + tap.output[1] * j,
                    k,
                    tap.input[0] + tap.input[1] * j,
                )

    @functools.cached_property
    def pair_count(self) -> int:
        """How many triples of indices the relation has."""
        role = min(ROLES, key=self.size)
        return sum(self.progression(role, n).length for n in range(self.size(role)))

    def tap(self, k: int) -> Progression:
        """The pairs (o, i) that meet at kernel index k.

        With g = gcd(stride, input_dilation), o runs with step input_dilation / g and
        i with step stride / g.

        Examples:
            >>> Axis(5, 3, 5, low=1).tap(0)
            Progression(length=4, input=(0, 1), kernel=(0, 0), output=(1, 1))
        """
        return self.progression("kernel", k)

    def as_convolution(self, out: Role) -> OrdinaryAxis:
        """The ordinary convolution along this axis that computes role ``out``."""
        check_role(out)
        return as_ordinary(self, out)

    def progression(self, fixed: Role, index: int) -> Progression:
        """All solutions with one role's index held fixed.

        With the index t of role f fixed, (*) is ``a u + b v = c`` in the other two
        roles' indices. It has solutions exactly if g = gcd(a, b) divides c; they are
        ``u = u0 + (|b|/g) j`` and ``v = (c - a u) / b``, where u0 is c/g times the
        inverse of a/g modulo |b|/g. The bounds of u and v then cut out a range of j.
        """
        if not 0 <= index < self.size(fixed):
            expected = f"an index below {self.size(fixed)}"
            raise GeometryError.of(f"{fixed} index", index, expected)
        first, second = (role for role in ROLES[::-1] if role != fixed)
        a, b = self.coefficient(first), self.coefficient(second)
        c = self.low - self.coefficient(fixed) * index
        g = gcd(a, b)
        spots: dict[Role, tuple[int, int]] = {fixed: (index, 0)}
        if c % g:
            return Progression(0, **(spots | {first: (0, 1), second: (0, 1)}))
        step = abs(b) // g
        start = (c // g) * pow(a // g, -1, step) % step
        slope = -a * step // b
        begin = (c - a * start) // b
        lower, upper = _range_within(begin, slope, self.size(second))
        upper = min(upper, -(-(self.size(first) - start) // step))
        lower = max(lower, 0)
        spots[first] = (start + step * lower, step)
        spots[second] = (begin + slope * lower, slope)
        return Progression(max(0, upper - lower), **spots)


def _range_within(begin: int, slope: int, size: int) -> tuple[int, int]:
    """The half-open range of j with ``0 <= begin + slope * j < size``."""
    if slope > 0:
        return -(begin // slope), -((begin - size) // slope)
    return -((size - 1 - begin) // -slope), begin // -slope + 1
