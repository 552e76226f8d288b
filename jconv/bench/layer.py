"""One layer to measure: its shapes, what it costs at least, and what kind it is."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jconv.geometry import OPERANDS, Geometry, flop_count

if TYPE_CHECKING:
    from jconv.geometry import Role

ITEMSIZE = 4
"""Bytes of a float32, the dtype of every measurement."""

Pass = Literal["fwd", "dx", "dw"]
Shape = tuple[int, ...]

ROLE_OF: dict[Pass, Role] = {"fwd": "output", "dx": "input", "dw": "kernel"}
"""What each pass computes."""


@dataclasses.dataclass(frozen=True)
class Layer:
    """A convolution as it stands in a network, channels last.

    Attributes:
        name: network and layer, as "resnet50/conv1".
        batch: examples at once.
        input: spatial sizes of x.
        c_in: channels of x.
        c_out: channels of y.
        kernel: spatial sizes of w.
        stride: of all axes, or one per axis.
        padding: on both sides of all axes, or of each.
        dilation: of the kernel.
        groups: into how many the channels are split.
    """

    name: str
    batch: int
    input: Shape
    c_in: int
    c_out: int
    kernel: Shape
    stride: int | Shape = 1
    padding: int | Shape = 0
    dilation: int = 1
    groups: int = 1

    @functools.cached_property
    def geometry(self) -> Geometry:
        """The relation between the indices."""
        return Geometry.from_call(
            self.input,
            self.kernel,
            stride=self.stride,
            padding=self.padding,
            kernel_dilation=self.dilation,
            groups=self.groups,
        )

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.input)

    @property
    def strides(self) -> Shape:
        """One per axis."""
        return _per_axis(self.stride, self.rank)

    @property
    def paddings(self) -> Shape:
        """One per axis."""
        return _per_axis(self.padding, self.rank)

    @property
    def arguments(self) -> dict[str, Any]:
        """The geometry arguments of ``jconv.conv``."""
        return {
            "stride": self.strides,
            "padding": self.paddings,
            "kernel_dilation": self.dilation,
            "groups": self.groups,
        }

    @property
    def shapes(self) -> dict[Role, Shape]:
        """The shapes of x, w and y, in the user's order."""
        return {
            "input": (self.batch, *self.input, self.c_in),
            "kernel": (*self.kernel, self.c_in // self.groups, self.c_out),
            "output": (self.batch, *self.geometry.output_shape, self.c_out),
        }

    @property
    def canonical_shapes(self) -> dict[Role, Shape]:
        """The shapes as algorithms see them: (e, *batch, *spatial, group, channel)."""
        g, c, m = self.groups, self.c_in // self.groups, self.c_out // self.groups
        return {
            "input": (1, self.batch, *self.input, g, c),
            "kernel": (1, *self.kernel, c, g, m),
            "output": (1, self.batch, *self.geometry.output_shape, g, m),
        }

    def operand_shapes(self, pass_: Pass) -> tuple[Shape, Shape]:
        """The shapes of what a pass is given: (x, w), (dy, w) or (x, dy)."""
        first, second = (self.shapes[role] for role in OPERANDS[ROLE_OF[pass_]])
        return (second, first) if pass_ == "dx" else (first, second)

    @property
    def flop(self) -> int:
        """What the direct sum needs, the same for every pass."""
        return flop_count(self.geometry, self.batch, self.c_in, self.c_out)

    @property
    def n_bytes(self) -> int:
        """x, w and y, each moved once, the same for every pass."""
        return ITEMSIZE * sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def family(self) -> str:
        """By the channels: "dense", "grouped" or "depthwise"."""
        if self.groups == 1:
            return "dense"
        return "depthwise" if self.groups == self.c_in else "grouped"

    @property
    def tags(self) -> tuple[str, ...]:
        """All that ``--family`` finds it by: its family and what the geometry shows.

        Examples:
            >>> Layer("a", 1, (224, 224), 3, 64, (7, 7), stride=2, padding=3).tags
            ('dense', '2-D', 'strided')
            >>> Layer("b", 1, (32, 32), 3, 96, (4, 4), stride=4).tags
            ('dense', '2-D', 'patch')
        """
        strided = any(s > 1 for s in self.strides)
        marks = {
            "pointwise": set(self.kernel) == {1},
            "patch": strided and self.strides == self.kernel,
            "strided": strided and self.strides != self.kernel,
            "dilated": self.dilation > 1,
            "long": self.rank == 1 and self.kernel[0] >= 20,
        }
        kept = tuple(mark for mark, holds in marks.items() if holds)
        return (self.family, f"{self.rank}-D", *kept)

    @property
    def shape(self) -> str:
        """The layer in a few words.

        Examples:
            >>> Layer("a", 8, (56, 56), 64, 128, (3, 3), stride=2, padding=1).shape
            '8 × 56x56, 64→128, 3x3 s2 p1'
        """
        marks = [
            f"{letter}{_short(value)}"
            for letter, value, plain in (
                ("s", self.stride, 1),
                ("p", self.padding, 0),
                ("d", self.dilation, 1),
                ("g", self.groups, 1),
            )
            if value != plain
        ]
        sizes = f"{self.batch} × {_short(self.input)}, {self.c_in}→{self.c_out}"
        return " ".join([f"{sizes}, {_short(self.kernel)}", *marks])


def random_operands(shapes: tuple[Shape, ...], seed: int = 0) -> list[np.ndarray]:
    """Standard normal float32 arrays, the same in every run."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


def _per_axis(value: int | Shape, rank: int) -> Shape:
    """One value for each axis."""
    return (value,) * rank if isinstance(value, int) else value


def _short(value: int | Shape) -> str:
    """Sizes as "3x3"."""
    return str(value) if isinstance(value, int) else "x".join(map(str, value))
