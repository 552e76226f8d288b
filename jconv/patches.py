"""Windows of an array as an array (im2col), and their sum back into place (col2im).

How the data moves, and why no derivative holds a gather or a scatter, stands in
``algorithms.parts.unfolding``.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from jconv import borders, layout, numerics, operands
from jconv.algorithms.parts.unfolding import put, take
from jconv.errors import GeometryError
from jconv.geometry.checks import is_integer
from jconv.options import Options
from jconv.plan import plan
from jconv.shapes import as_shape, frozen

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Integers, Padding
    from jconv.plan import Plan, Shape


def extract_patches(
    x: ArrayLike,
    window: Sequence[int],
    *,
    stride: Integers = 1,
    padding: Padding = "valid",
    kernel_dilation: Integers = 1,
    input_dilation: Integers = 1,
    padding_mode: str = "zeros",
    channel_axis: int | None = -1,
) -> Array:
    """Copy the windows of x (*batch, *spatial, c) to (*batch, *output, *window, c).

    Only data moves: integers, infinities and NaN arrive as they are. A convolution is
    one matrix product with the result.

    Args:
        x: the array, with any number of leading batch axes, none included.
        window: sizes of a window, one per spatial axis.
        stride: positions between neighbouring windows.
        padding: as in ``jconv.conv``; what lies outside x is zero.
        kernel_dilation: positions between neighbouring entries of a window; negative
            reverses them.
        input_dilation: positions between neighbouring inputs.
        padding_mode: as in ``jconv.conv``.
        channel_axis: the channels' dimension, or None if x has none. The patches have
            theirs at the same place counted from the front, or last if it is x's last:
            for 1, x (n, c, *spatial) gives (n, c, *output, *window).

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> extract_patches(jnp.arange(5)[:, None], (3,), stride=2)[..., 0]
        Array([[0, 1, 2],
               [2, 3, 4]], dtype=int32)

        Channels in front, as PyTorch orders them:

        >>> extract_patches(jnp.ones((8, 3, 6, 6)), (2, 2), channel_axis=1).shape
        (8, 3, 5, 5, 2, 2)

    References:
        K. Chellapilla, S. Puri and P. Simard, "High performance convolutional neural
        networks for document processing", https://inria.hal.science/inria-00112631,
        2006 (unrolling a convolution).
    """
    x = operands.as_array("x", x)
    options = Options.of(
        stride=stride,
        padding=padding,
        kernel_dilation=kernel_dilation,
        input_dilation=input_dilation,
        padding_mode=padding_mode,
    )
    channels = layout.channel_dim(channel_axis, x.ndim)
    understood = _window_plan(x.shape, channels, _checked(window), options)
    return _extract(x, understood=understood, channels=channels)


def fold_patches(
    patches: ArrayLike,
    *,
    input_shape: Sequence[int],
    stride: Integers = 1,
    padding: Padding = "valid",
    kernel_dilation: Integers = 1,
    input_dilation: Integers = 1,
    padding_mode: str = "zeros",
    channel_axis: int | None = -1,
) -> Array:
    """Add patches (*batch, *output, *window, c) up where they were taken from.

    It is the adjoint of ``extract_patches``: <p, extract(x)> = <fold(p), x> for all x
    and p. Where windows overlap their entries are added; what was padding is dropped.

    Args:
        patches: the array; its window's sizes are read from its shape.
        input_shape: the shape of the result, whole.
        stride: as in ``extract_patches``, like all that follow.
        padding: as in ``extract_patches``.
        kernel_dilation: as in ``extract_patches``.
        input_dilation: as in ``extract_patches``.
        padding_mode: as in ``extract_patches``.
        channel_axis: as in ``extract_patches``; a dimension of the result.

    Raises:
        GeometryError: for any argument that is wrong, ``patches``' shape included.

    Examples:
        Five entries in two windows of three: the middle one is in both.

        >>> import jax.numpy as jnp
        >>> fold_patches(jnp.ones((2, 3, 1)), input_shape=(5, 1), stride=2)[:, 0]
        Array([1., 1., 2., 1., 1.], dtype=float32)

    References:
        As for ``extract_patches``.
    """
    patches = operands.as_array("patches", patches)
    shape = as_shape("input_shape", input_shape)
    channels = layout.channel_dim(channel_axis, len(shape))
    rank = patches.ndim - len(shape)
    if not 0 <= rank < len(shape) + (channels is None):
        raise GeometryError.of(
            "patches",
            patches.shape,
            f"dimensions (*batch, *output, *window, c) that fit input_shape={shape}",
        )
    options = Options.of(
        stride=stride,
        padding=padding,
        kernel_dilation=kernel_dilation,
        input_dilation=input_dilation,
        padding_mode=padding_mode,
    )
    at = _channels_of_patches(channels, len(shape), rank)
    sizes = _sizes_channels_last(patches.shape, at)
    window = sizes[len(sizes) - 1 - rank : -1]
    understood = _window_plan(shape, channels, window, options)
    last = (*understood.output[:-1], *window, understood.input[-1])
    expected = _sizes_channels_back(last, at)
    if patches.shape != expected:
        raise GeometryError.of(
            "patches", patches.shape, f"{expected}, the shape of x's patches"
        )
    return _fold(patches, understood=understood, channels=channels)


def _window_plan(
    shape: Shape, channels: int | None, window: tuple[int, ...], options: Options
) -> Plan:
    """Understand a window that slides over x, as a kernel with one output channel."""
    last = _sizes_channels_last(shape, channels)
    if not len(window) < len(last):
        raise GeometryError.of(
            "x",
            tuple(shape),
            f"an axis for each of the window's {len(window)} sizes, and the channels",
        )
    return plan(last, (*window, last[-1], 1), options)


@functools.partial(jax.jit, static_argnames=("understood", "channels"), inline=True)
def _extract(x: Array, *, understood: Plan, channels: int | None) -> Array:
    """Extend the border, take the windows.

    In the accumulation dtype, although only data moves: then the transpose, which JAX
    derives, adds in it.
    """
    wide = x.astype(numerics.accumulation_dtype(x.dtype))
    wide = _channels_last(wide, channels)
    wide = borders.extend(wide, understood.border, understood.mode)
    patches = take(wide, understood.geometry).astype(x.dtype)
    at = _channels_of_patches(channels, x.ndim, understood.geometry.rank)
    return _channels_back(patches, at)


@functools.partial(jax.jit, static_argnames=("understood", "channels"), inline=True)
def _fold(patches: Array, *, understood: Plan, channels: int | None) -> Array:
    """Put the windows back, fold the border."""
    rank = understood.geometry.rank
    at = _channels_of_patches(channels, patches.ndim - rank, rank)
    wide = patches.astype(numerics.accumulation_dtype(patches.dtype))
    folded = borders.extend_transpose(
        put(_channels_last(wide, at), understood.geometry),
        understood.input,
        understood.border,
        understood.mode,
    )
    return _channels_back(folded.astype(patches.dtype), channels)


def _channels_of_patches(channels: int | None, ndim: int, rank: int) -> int | None:
    """The channels' dimension of the patches of an x that has ``ndim`` dimensions."""
    return ndim - 1 + rank if channels == ndim - 1 else channels


def _channels_last(array: Array, channels: int | None) -> Array:
    """The array with its channels last; with one, if it has none."""
    if channels is None:
        return lax.expand_dims(array, [array.ndim])
    return jnp.moveaxis(array, channels, -1)


def _channels_back(array: Array, channels: int | None) -> Array:
    """The inverse of ``_channels_last``."""
    if channels is None:
        return lax.squeeze(array, [array.ndim - 1])
    return jnp.moveaxis(array, -1, channels)


def _sizes_channels_last(shape: Shape, channels: int | None) -> Shape:
    """``_channels_last`` of a shape."""
    if channels is None:
        return (*shape, 1)
    return (*shape[:channels], *shape[channels + 1 :], shape[channels])


def _sizes_channels_back(shape: Shape, channels: int | None) -> Shape:
    """``_channels_back`` of a shape."""
    rest, last = shape[:-1], shape[-1:]
    return rest if channels is None else (*rest[:channels], *last, *rest[channels:])


def _checked(window: Any) -> tuple[int, ...]:
    """The window's sizes."""
    sizes = frozen(window)
    if not isinstance(sizes, Sequence) or not all(
        is_integer(size) and size >= 0 for size in sizes
    ):
        raise GeometryError.of(
            "window", window, "one size of at least 0 per spatial axis", "Use (3, 3)."
        )
    return tuple(int(size) for size in sizes)
