"""A convolution's geometry: one relation per axis, and the number of groups."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING

from jconv.errors import GeometryError
from jconv.geometry.axis import OPERANDS, Axis, Role, check_role
from jconv.geometry.checks import at_least, sizes
from jconv.geometry.extents import dilated_size, window_span
from jconv.geometry.padding import Padding, per_axis, resolve_padding

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Geometry:
    """The index relation of an N-dimensional convolution.

    The relation of N axes is the conjunction of the axes' relations. The value is
    hashable; it is the static parameter that the ``conv`` primitive carries.

    Attributes:
        axes: one ``Axis`` per spatial dimension; none for a 0-D convolution.
        groups: into how many independent groups the channels are split.

    Raises:
        GeometryError: for groups below 1.

    Examples:
        >>> g = Geometry.from_call((28, 28), (3, 3), stride=2, padding="same")
        >>> g.output_shape, g.padding
        ((14, 14), ((0, 1), (0, 1)))
    """

    axes: tuple[Axis, ...]
    groups: int = 1

    def __post_init__(self) -> None:
        """Refuse what divides no channels."""
        at_least(1, groups=self.groups)

    @classmethod
    def from_call(
        cls,
        input_shape: Sequence[int],
        kernel_shape: Sequence[int],
        *,
        stride: int | Sequence[int] = 1,
        padding: Padding = "valid",
        kernel_dilation: int | Sequence[int] = 1,
        input_dilation: int | Sequence[int] = 1,
        groups: int = 1,
        allow_empty: bool = False,
    ) -> Geometry:
        """The geometry of a convolution as a user describes it.

        Args:
            input_shape: spatial sizes of the input.
            kernel_shape: spatial sizes of the kernel.
            stride: positions between neighbouring windows.
            padding: a name, an int, one int per axis, or (low, high) pairs.
            kernel_dilation: positions between neighbouring taps; negative for true
                convolution, where the kernel runs backwards.
            input_dilation: positions between neighbouring inputs.
            groups: into how many groups the channels are split.
            allow_empty: whether a window larger than its padded input gives an empty
                output (as in lax) instead of an error. An input of size 0 always does.

        Raises:
            GeometryError: for any argument that describes no convolution.
        """
        input_shape = sizes("input_shape", input_shape)
        kernel_shape = sizes("kernel_shape", kernel_shape)
        rank = len(kernel_shape)
        if len(input_shape) != rank:
            raise GeometryError.of(
                "kernel_shape",
                tuple(kernel_shape),
                f"as many spatial axes as the input {tuple(input_shape)}",
            )
        at_least(1, groups=groups)
        strides = per_axis("stride", stride, rank)
        taps = per_axis("kernel_dilation", kernel_dilation, rank, negative=True)
        holes = per_axis("input_dilation", input_dilation, rank)
        dilated = tuple(
            dilated_size(n, hole) for n, hole in zip(input_shape, holes, strict=True)
        )
        pads = resolve_padding(padding, dilated, tuple(kernel_shape), strides, taps)
        axes = []
        for a in range(rank):
            low, high = pads[a]
            room = dilated[a] + low + high
            reach = taps[a] * max(0, kernel_shape[a] - 1)
            span = window_span(kernel_shape[a], taps[a])
            if room < span and input_shape[a] and not allow_empty:
                raise GeometryError.of(
                    "padding",
                    padding,
                    f"room for a window of {span} on spatial axis {a}, where the "
                    f"padded input has {room}",
                    "Pad more, or use a smaller kernel or kernel_dilation.",
                )
            axes.append(
                Axis(
                    n_input=int(input_shape[a]),
                    n_kernel=int(kernel_shape[a]),
                    n_output=max(0, (room - span) // strides[a] + 1),
                    stride=strides[a],
                    kernel_dilation=taps[a],
                    input_dilation=holes[a],
                    low=low + min(0, reach),
                )
            )
        return cls(tuple(axes), int(groups))

    def __repr__(self) -> str:
        """Only what differs from the plainest convolution."""
        parts = [
            f"{' x '.join(map(str, self.size(role))) or 'point'} {role}"
            for role in ("input", "kernel", "output")
        ]
        for name in ("stride", "kernel_dilation", "input_dilation"):
            values = tuple(getattr(axis, name) for axis in self.axes)
            if any(value != 1 for value in values):
                parts.append(f"{name}={values}")
        if any(axis.low for axis in self.axes):
            parts.append(f"low={tuple(axis.low for axis in self.axes)}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        return f"Geometry({', '.join(parts)})"

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.axes)

    def size(self, role: Role) -> tuple[int, ...]:
        """Spatial sizes of one role."""
        return tuple(axis.size(role) for axis in self.axes)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Spatial sizes of the input."""
        return self.size("input")

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """Spatial sizes of the kernel."""
        return self.size("kernel")

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Spatial sizes of the output."""
        return self.size("output")

    @property
    def padding(self) -> tuple[tuple[int, int], ...]:
        """(low, high) per axis, high as small as the last window allows."""
        return tuple((axis.pad_low, axis.pad_high) for axis in self.axes)

    @functools.cached_property
    def pair_count(self) -> int:
        """The number of (o, k, i) triples: multiplications per pair of channels."""
        return math.prod(axis.pair_count for axis in self.axes)

    def as_convolution(self, out: Role) -> OrdinaryConvolution:
        """The ordinary convolution that computes role ``out`` (see ``textbook``).

        Examples:
            dx of a stride-2, 3-tap convolution is a stride-1 convolution of the
            cotangent with one zero between its entries:

            >>> dx = Geometry.from_call((7,), (3,), stride=2).as_convolution("input")
            >>> dx.geometry.axes[0].input_dilation, dx.geometry.padding, dx.flip_kernel
            (2, ((2, 2),), (True,))
        """
        check_role(out)
        rewritten = [axis.as_convolution(out) for axis in self.axes]
        image, kernel = OPERANDS[out]
        if out == "input":  # there the kernel comes first in the fixed order
            image, kernel = kernel, image
        return OrdinaryConvolution(
            computes=out,
            image=image,
            kernel=kernel,
            geometry=Geometry(tuple(each.axis for each in rewritten), self.groups),
            flip_kernel=tuple(each.flip_kernel for each in rewritten),
            flip_result=tuple(each.flip_result for each in rewritten),
        )


@dataclasses.dataclass(frozen=True)
class OrdinaryConvolution:
    """An ordinary forward convolution that computes one role of another convolution.

    Attributes:
        computes: the role, in the original convolution, of what this one computes.
        image: the original role of this convolution's input.
        kernel: the original role of this convolution's kernel.
        geometry: this convolution's own geometry, its kernel dilations positive.
        flip_kernel: per axis, whether the kernel is reversed first.
        flip_result: per axis, whether the result comes out reversed.
    """

    computes: Role
    image: Role
    kernel: Role
    geometry: Geometry
    flip_kernel: tuple[bool, ...]
    flip_result: tuple[bool, ...]
