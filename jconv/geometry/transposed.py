"""The geometry of a transposed convolution: which input sizes had these outputs.

A transposed convolution maps y back to the shape of x. Its geometry is the forward
convolution's; only the input's size has to be found, because the floor in
``n_output = floor((n_input + pads - span) / stride) + 1`` forgets up to stride - 1.

References:
    V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
    https://arxiv.org/abs/1603.07285, 2016 (relation 14).
    ONNX, operator ConvTranspose (output_shape, auto_pad), https://onnx.ai/onnx, 2024.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.errors import GeometryError
from jconv.geometry.axis import Axis
from jconv.geometry.checks import at_least, is_integer
from jconv.geometry.extents import window_span
from jconv.geometry.nd import Geometry
from jconv.geometry.padding import Padding, per_axis, resolve_padding, split_evenly

if TYPE_CHECKING:
    from collections.abc import Sequence


def transposed_geometry(
    output_shape: Sequence[int],
    kernel_shape: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    padding: Padding = "valid",
    output_padding: int | Sequence[int] = 0,
    input_shape: Sequence[int] | None = None,
    kernel_dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Geometry:
    """The forward geometry whose transpose maps ``output_shape`` to an input's shape.

    Args:
        output_shape: spatial sizes of y, the forward convolution's output.
        kernel_shape: spatial sizes of the kernel.
        stride: the forward convolution's.
        padding: the forward convolution's; "same" gives ``n_output * stride`` inputs.
        output_padding: how much larger than its smallest size the input is.
        input_shape: spatial sizes of x, instead of ``output_padding``; with "same" it
            determines the padding, as in ONNX.
        kernel_dilation: the forward convolution's.
        groups: the forward convolution's.

    Raises:
        GeometryError: if no forward convolution fits.

    Examples:
        >>> transposed_geometry((4,), (3,), stride=2).input_shape
        (9,)
        >>> transposed_geometry((4,), (3,), stride=2, padding="same").input_shape
        (8,)
    """
    rank = len(kernel_shape)
    if len(output_shape) != rank:
        raise GeometryError.of(
            "y", tuple(output_shape), f"{rank} spatial axes, as the kernel has"
        )
    at_least(1, groups=groups)
    strides = per_axis("stride", stride, rank)
    dilations = per_axis("kernel_dilation", kernel_dilation, rank, negative=True)
    extras = _extras(output_padding, strides, dilations)
    wanted = _wanted(input_shape, rank)
    if wanted is not None and any(extras):
        raise GeometryError.of(
            "output_padding", output_padding, "0 where output_shape is given"
        )
    same = isinstance(padding, str) and padding.lower() in ("same", "same_lower")
    pads = (
        ((0, 0),) * rank
        if same
        else resolve_padding(
            padding, tuple(output_shape), tuple(kernel_shape), strides, dilations
        )
    )
    axes = []
    for a, (n_output, n_kernel) in enumerate(
        zip(output_shape, kernel_shape, strict=True)
    ):
        reach = dilations[a] * max(0, n_kernel - 1)
        span = window_span(n_kernel, dilations[a])
        covered = max(0, strides[a] * (n_output - 1) + span) + extras[a]
        low, high = pads[a]
        if same:
            n_input = n_output * strides[a] if wanted is None else wanted[a]
            if wanted is not None:
                _check_reachable(wanted, a, covered, strides[a], dilations[a], 1)
            low, _ = split_evenly(
                max(0, covered - n_input),
                extra_low=str(padding).lower() == "same_lower",
            )
        else:
            n_input = covered - low - high
            if wanted is not None:
                _check_reachable(wanted, a, n_input, strides[a], dilations[a])
                n_input = wanted[a]
        if n_input < 0:
            raise GeometryError.of(
                "padding", padding, f"at most {covered} in all on spatial axis {a}"
            )
        axes.append(
            Axis(
                n_input=int(n_input),
                n_kernel=int(n_kernel),
                n_output=int(n_output),
                stride=strides[a],
                kernel_dilation=dilations[a],
                low=low + min(0, reach),
            )
        )
    return Geometry(tuple(axes), groups)


def _extras(
    output_padding: int | Sequence[int],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
) -> tuple[int, ...]:
    """``output_padding`` per axis, each below max(stride, |kernel_dilation|)."""
    rank = len(strides)
    extras: Any = (
        (output_padding,) * rank if is_integer(output_padding) else output_padding
    )
    limits = [max(s, abs(d)) for s, d in zip(strides, dilations, strict=True)]
    if (
        not isinstance(extras, tuple | list)
        or len(extras) != rank
        or not all(is_integer(extra) for extra in extras)
        or not all(
            0 <= extra < limit for extra, limit in zip(extras, limits, strict=True)
        )
    ):
        raise GeometryError.of(
            "output_padding",
            output_padding,
            "integers of at least 0, below max(stride, kernel_dilation), one per "
            f"spatial axis ({rank} of them)",
            f"The limits here are {tuple(limits)}.",
        )
    return tuple(int(extra) for extra in extras)


def _wanted(input_shape: Sequence[int] | None, rank: int) -> tuple[int, ...] | None:
    """The requested sizes, checked."""
    if input_shape is None:
        return None
    if len(input_shape) != rank or not all(
        is_integer(n) and n >= 0 for n in input_shape
    ):
        raise GeometryError.of(
            "output_shape",
            tuple(input_shape),
            f"one size of at least 0 per spatial axis ({rank} of them)",
        )
    return tuple(int(n) for n in input_shape)


def _check_reachable(
    shape: tuple[int, ...],
    a: int,
    smallest: int,
    stride: int,
    dilation: int,
    lowest: int | None = None,
) -> None:
    """Refuse a size that no output padding reaches; padding reaches down to lowest."""
    largest = smallest + max(stride, abs(dilation)) - 1
    lowest = smallest if lowest is None else lowest
    if not lowest <= shape[a] <= largest:
        raise GeometryError.of(
            "output_shape",
            shape,
            f"between {lowest} and {largest} on spatial axis {a} for this stride, "
            f"padding and kernel; got {shape[a]}",
            "Use a size in between, or change stride, padding or kernel_dilation.",
        )
