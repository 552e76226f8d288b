"""Padding as users write it -> one (low, high) pair per axis.

Names end here, but for what "same" means to a transposed convolution: its sizes follow
from the padding (``transposed``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jconv.errors import GeometryError
from jconv.geometry.checks import at_least, is_integer, not_zero
from jconv.geometry.extents import window_span

Padding = str | int | Sequence[int] | Sequence[tuple[int, int]]
"""A name, one int, one int per axis, or one (low, high) pair per axis."""

Integers = int | Sequence[int]
"""One int for all axes, or one per axis."""

NAMES = ("valid", "same", "same_lower", "full", "causal")


def split_evenly(total: int, *, extra_low: bool = False) -> tuple[int, int]:
    """Split a total into (low, high); an odd one gives the extra to one side."""
    half = total // 2
    return (total - half, half) if extra_low else (half, total - half)


def same_padding(
    n_input: int,
    n_kernel: int,
    stride: int = 1,
    kernel_dilation: int = 1,
    *,
    lower: bool = False,
) -> tuple[int, int]:
    """(low, high) padding after which there is one output per ``stride`` inputs.

    The number of outputs is ``ceil(n_input / stride)``. For odd kernels and stride 1
    it is (n_kernel - 1) / 2 on both sides. An odd total puts the extra on the high
    side, or with ``lower`` on the low side.

    Examples:
        >>> same_padding(28, 3), same_padding(28, 5), same_padding(28, 4)
        ((1, 1), (2, 2), (1, 2))
        >>> same_padding(28, 3, stride=2), same_padding(28, 3, stride=2, lower=True)
        ((0, 1), (1, 0))
    """
    at_least(0, n_input=n_input, n_kernel=n_kernel)
    at_least(1, stride=stride)
    not_zero(kernel_dilation=kernel_dilation)
    n_output = -(-n_input // stride)
    span = window_span(n_kernel, kernel_dilation)
    total = max(stride * (n_output - 1) + span - n_input, 0)
    return split_evenly(total, extra_low=lower)


def per_axis(
    name: str, value: Integers, rank: int, *, negative: bool = False
) -> tuple[int, ...]:
    """One integer per axis from one integer or a sequence of them.

    Raises:
        GeometryError: if it is neither, or an entry is out of range.

    Examples:
        >>> per_axis("stride", 2, 3), per_axis("stride", (1, 2), 2)
        ((2, 2, 2), (1, 2))
    """
    expected = "a non-zero integer" if negative else "an integer of at least 1"
    values: Any = (value,) * rank if is_integer(value) else value
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise GeometryError.of(name, value, f"{expected}, or one per spatial axis")
    if len(values) != rank:
        raise GeometryError.of(
            name, value, f"one integer per spatial axis ({rank} of them)"
        )
    for entry in values:
        if not is_integer(entry) or entry == 0 or (entry < 1 and not negative):
            raise GeometryError.of(
                name, value, f"{expected}, or one per spatial axis", "Use 1."
            )
    return tuple(int(entry) for entry in values)


def resolve_padding(
    padding: Padding,
    dilated_input: tuple[int, ...],
    n_kernel: tuple[int, ...],
    stride: tuple[int, ...],
    kernel_dilation: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """One (low, high) pair per axis from any spelling of ``padding``.

    Raises:
        GeometryError: for an unknown name, a wrong length, or entries that are no
            integers.

    Examples:
        >>> resolve_padding("causal", (9,), (3,), (1,), (2,))
        ((4, 0),)
    """
    if isinstance(padding, str):
        name = padding.lower()
        if name not in NAMES:
            raise GeometryError.of(
                "padding",
                padding,
                f"one of {', '.join(NAMES)}, an int, or (low, high) pairs",
            )
        sizes = zip(dilated_input, n_kernel, stride, kernel_dilation, strict=True)
        return tuple(_named(name, *axis) for axis in sizes)
    rank = len(n_kernel)
    entries = (padding,) * rank if is_integer(padding) else padding
    if not isinstance(entries, Sequence) or len(entries) != rank:
        raise GeometryError.of(
            "padding",
            padding,
            f"a name, an int, or one entry per spatial axis ({rank} of them)",
            "Use e.g. 'same', 1, or ((0, 1), (0, 1)).",
        )
    return tuple(_pair(entry, padding) for entry in entries)


def _pair(entry: object, padding: Padding) -> tuple[int, int]:
    """(low, high) of one axis."""
    low, high = (entry, entry)
    if isinstance(entry, Sequence) and not isinstance(entry, str) and len(entry) == 2:
        low, high = entry
    if not is_integer(low) or not is_integer(high):
        raise GeometryError.of(
            "padding", padding, "integers or (low, high) pairs of integers"
        )
    return int(low), int(high)  # type: ignore[call-overload]


def _named(
    name: str, dilated_input: int, n_kernel: int, stride: int, kernel_dilation: int
) -> tuple[int, int]:
    """(low, high) of one axis for a padding's name."""
    beyond = max(0, window_span(n_kernel, kernel_dilation) - 1)
    if name == "valid":
        return (0, 0)
    if name == "full":
        return (beyond, beyond)
    if name == "causal":
        return (beyond, 0)
    return same_padding(
        dilated_input, n_kernel, stride, kernel_dilation, lower=name == "same_lower"
    )
