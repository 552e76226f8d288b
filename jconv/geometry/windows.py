"""The windows of a pool: where they stand, and how much of the input each one holds.

A pool's window is a kernel without weights, so every axis is the relation of ``axis``
with n_kernel = window. Two things are a pool's own: rounding the number of windows up
(``ceil_mode``), and counting what a window holds.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jconv.errors import GeometryError
from jconv.geometry.axis import Axis
from jconv.geometry.extents import window_span
from jconv.geometry.padding import Integers, Padding, per_axis, resolve_padding

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Windows:
    """The windows of an N-dimensional pool.

    Attributes:
        axes: one relation per spatial axis, its kernel the window.
        padding: (low, high) per axis as the user gave it; with ``ceil_mode`` the last
            window may reach further.

    Examples:
        >>> Windows.from_call((7,), (2,)).output_shape
        (3,)
        >>> windows = Windows.from_call((7,), (2,), ceil_mode=True)
        >>> windows.output_shape, windows.counts()
        ((4,), ((2, 2, 2, 1),))
    """

    axes: tuple[Axis, ...]
    padding: tuple[tuple[int, int], ...]

    @classmethod
    def from_call(
        cls,
        input_shape: Sequence[int],
        window: Integers,
        *,
        stride: Integers | None = None,
        padding: Padding = "valid",
        dilation: Integers = 1,
        ceil_mode: bool = False,
    ) -> Windows:
        """The windows that a user describes.

        Args:
            input_shape: spatial sizes of the input.
            window: spatial sizes of the window; one int for all axes.
            stride: positions between neighbouring windows; None for the window's size.
            padding: as in ``conv``.
            dilation: positions between neighbouring entries of a window.
            ceil_mode: whether a last window that finds no room for all its entries
                counts, provided that it starts inside the input or its low padding.

        Raises:
            GeometryError: for any argument that describes no pool.
        """
        rank = len(input_shape)
        sizes = per_axis("window", window, rank)
        strides = per_axis("stride", sizes if stride is None else stride, rank)
        dilations = per_axis("dilation", dilation, rank)
        pads = resolve_padding(padding, tuple(input_shape), sizes, strides, dilations)
        if ceil_mode and any(high < 0 for _, high in pads):
            raise GeometryError.of(
                "padding",
                padding,
                "no negative high padding with ceil_mode=True, which would undo it",
                "Crop the input, or use ceil_mode=False.",
            )
        axes = []
        for a, (low, high) in enumerate(pads):
            n_input, room = int(input_shape[a]), int(input_shape[a]) + low + high
            span = window_span(sizes[a], dilations[a])
            n_output = window_count(n_input, span, strides[a], low, high, ceil_mode)
            if n_output < 1:
                raise GeometryError.of(
                    "window",
                    window,
                    f"at most the padded input, which has {room} positions on spatial "
                    f"axis {a} where the window covers {span}",
                    "Pad more, or use a smaller window or dilation.",
                )
            axes.append(
                Axis(
                    n_input=n_input,
                    n_kernel=sizes[a],
                    n_output=n_output,
                    # Any stride is right for one window; this one makes it a tile.
                    stride=strides[a] if n_output > 1 else span,
                    kernel_dilation=dilations[a],
                    low=low,
                )
            )
        return cls(tuple(axes), pads)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Spatial sizes of the input."""
        return tuple(axis.n_input for axis in self.axes)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """How many windows there are per axis."""
        return tuple(axis.n_output for axis in self.axes)

    def counts(self, *, padding: bool = False) -> tuple[tuple[int, ...], ...]:
        """How many entries each window holds, per axis; a window's is the product.

        Args:
            padding: whether the padding's positions count. Positions beyond it, where
                ``ceil_mode`` lets a window reach, never do (as in PyTorch and ONNX).
        """
        found = []
        for axis, (low, high) in zip(self.axes, self.padding, strict=True):
            if padding:
                room = max(0, axis.n_input + low + high)
                axis = dataclasses.replace(axis, n_input=room, low=0)  # noqa: PLW2901
            found.append(_held(axis))
        return tuple(found)


def _held(axis: Axis) -> tuple[int, ...]:
    """How many entries each window of an axis holds; all, but at its ends."""
    first = max(0, -(-axis.low // axis.stride))
    last = (axis.n_input + axis.low - axis.span) // axis.stride
    whole = range(first, min(axis.n_output, last + 1))
    if not whole:
        whole = range(axis.n_output, axis.n_output)
    before, after = (
        [axis.progression("output", o).length for o in windows]
        for windows in (range(whole.start), range(whole.stop, axis.n_output))
    )
    return (*before, *[axis.n_kernel] * len(whole), *after)


def window_count(
    n_input: int,
    span: int,
    stride: int,
    low: int,
    high: int,
    ceil_mode: bool,  # noqa: FBT001 (a size formula's variables, in its order)
) -> int:
    """How many windows there are along one axis; 0 or less if none fits.

    With I the padded input's size the count is ``floor((I - span) / stride) + 1``.
    With ``ceil_mode`` a remainder gives one window more, provided that it starts inside
    the input or its low padding.

    Examples:
        >>> window_count(6, 3, 2, 0, 0, False), window_count(6, 3, 2, 0, 0, True)
        (2, 3)

        The third window of 1 at stride 4 would start at position 8, outside:

        >>> window_count(6, 1, 4, 0, 1, True)
        2

    References:
        ONNX, operator MaxPool (ceil_mode), https://onnx.ai/onnx/operators, 2024.
    """
    count, remainder = divmod(n_input + low + high - span, stride)
    count += 1
    return count + (ceil_mode and remainder > 0 and count * stride < n_input + low)
