"""What is to be explained: a geometry, its channels, and the padding as given."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jconv.errors import GeometryError
from jconv.geometry import Geometry, Integers, Padding, Role, resolve_padding
from jconv.geometry.checks import at_least
from jconv.geometry.extents import dilated_size
from jconv.geometry.padding import per_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_RANK = 3


@dataclasses.dataclass(frozen=True)
class Subject:
    """A convolution with all of its sizes.

    Attributes:
        geometry: the relation.
        padding: (low, high) per axis as the user gave it; the geometry knows only how
            much of the high padding is used.
        batch: how many examples.
        c_in: channels of x.
        c_out: channels of y.
    """

    geometry: Geometry
    padding: tuple[tuple[int, int], ...]
    batch: int = 1
    c_in: int = 1
    c_out: int = 1

    @classmethod
    def from_call(
        cls,
        input_shape: Sequence[int],
        kernel_shape: Sequence[int],
        *,
        stride: Integers = 1,
        padding: Padding = "valid",
        kernel_dilation: Integers = 1,
        input_dilation: Integers = 1,
        groups: int = 1,
        channels: tuple[int, int] = (1, 1),
        batch: int = 1,
    ) -> Subject:
        """The subject that a user describes, with ``Geometry.from_call``'s arguments.

        Raises:
            GeometryError: for any argument that describes no convolution, or one of
                more than three axes.

        Examples:
            >>> subject = Subject.from_call((7,), (3,), stride=2, padding="same")
            >>> subject.padding, subject.shape("output")
            (((1, 1),), (1, 4, 1))
        """
        geometry = Geometry.from_call(
            input_shape,
            kernel_shape,
            stride=stride,
            padding=padding,
            kernel_dilation=kernel_dilation,
            input_dilation=input_dilation,
            groups=groups,
        )
        if not 1 <= geometry.rank <= MAX_RANK:
            expected = f"1 to {MAX_RANK} spatial axes"
            raise GeometryError.of("kernel_shape", tuple(kernel_shape), expected)
        at_least(1, batch=batch)
        for name, count in zip(("c_in", "c_out"), channels, strict=True):
            if count % groups:
                raise GeometryError.of("groups", groups, f"a divisor of {name}={count}")
        rank = geometry.rank
        pads = resolve_padding(
            padding,
            tuple(
                dilated_size(axis.n_input, axis.input_dilation)
                for axis in geometry.axes
            ),
            geometry.kernel_shape,
            per_axis("stride", stride, rank),
            per_axis("kernel_dilation", kernel_dilation, rank, negative=True),
        )
        return cls(geometry, pads, batch, *channels)

    def shape(self, role: Role) -> tuple[int, ...]:
        """The shape of a role's array, channels last."""
        spatial = self.geometry.size(role)
        if role == "kernel":
            return (*spatial, self.c_in // self.geometry.groups, self.c_out)
        return (self.batch, *spatial, self.c_in if role == "input" else self.c_out)

    def per_axis(self, name: str) -> tuple[int, ...]:
        """One number of every axis, such as the strides."""
        return tuple(getattr(axis, name) for axis in self.geometry.axes)
