"""Windows of an array as an array (im2col), and their sum back into place (col2im).

How the data moves, and why no derivative holds a gather or a scatter, stands in
``algorithms.unfolding``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax

from jconv import borders, numerics, operands
from jconv.algorithms.unfolding import put, take
from jconv.call import as_shape
from jconv.errors import GeometryError
from jconv.geometry.checks import is_integer
from jconv.plan import Options, plan

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> extract_patches(jnp.arange(5)[:, None], (3,), stride=2)[..., 0]
        Array([[0, 1, 2],
               [2, 3, 4]], dtype=int32)

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
    return _extract(x, understood=window_plan(x.shape, _checked(window), options))


def fold_patches(
    patches: ArrayLike,
    *,
    input_shape: Sequence[int],
    stride: Integers = 1,
    padding: Padding = "valid",
    kernel_dilation: Integers = 1,
    input_dilation: Integers = 1,
    padding_mode: str = "zeros",
) -> Array:
    """Add patches (*batch, *output, *window, c) up where they were taken from.

    It is the adjoint of ``extract_patches``: <p, extract(x)> = <fold(p), x> for all x
    and p. Where windows overlap their entries are added; what was padding is dropped.

    Args:
        patches: the array; its window's sizes are read from its shape.
        input_shape: the shape (*batch, *spatial, c) of the result, whole.
        stride: as in ``extract_patches``, like all that follow.
        padding: as in ``extract_patches``.
        kernel_dilation: as in ``extract_patches``.
        input_dilation: as in ``extract_patches``.
        padding_mode: as in ``extract_patches``.

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
    rank = patches.ndim - len(shape)
    if not 0 <= rank < len(shape):
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
    window = patches.shape[patches.ndim - 1 - rank : -1]
    understood = window_plan(shape, window, options)
    places = understood.output[:-1]
    expected = (*places, *window, shape[-1])
    if patches.shape != expected:
        raise GeometryError.of(
            "patches", patches.shape, f"{expected}, the shape of x's patches"
        )
    return _fold(patches, understood=understood)


def window_plan(shape: Shape, window: tuple[int, ...], options: Options) -> Plan:
    """Understand a window that slides over x, as a kernel with one output channel."""
    if not len(window) < len(shape):
        raise GeometryError.of(
            "x",
            tuple(shape),
            f"an axis for each of the window's {len(window)} sizes, and the channels",
        )
    return plan(tuple(shape), (*window, shape[-1], 1), options)


@functools.partial(jax.jit, static_argnames="understood", inline=True)
def _extract(x: Array, *, understood: Plan) -> Array:
    """Extend the border, take the windows.

    In the accumulation dtype, although only data moves: then the transpose, which JAX
    derives, adds in it.
    """
    wide = x.astype(numerics.accumulation_dtype(x.dtype))
    wide = borders.extend(wide, understood.border, understood.mode)
    return take(wide, understood.geometry).astype(x.dtype)


@functools.partial(jax.jit, static_argnames="understood", inline=True)
def _fold(patches: Array, *, understood: Plan) -> Array:
    """Put the windows back, fold the border."""
    wide = patches.astype(numerics.accumulation_dtype(patches.dtype))
    folded = borders.extend_transpose(
        put(wide, understood.geometry),
        understood.input,
        understood.border,
        understood.mode,
    )
    return folded.astype(patches.dtype)


def _checked(window: Any) -> tuple[int, ...]:  # noqa: ANN401
    """The window's sizes."""
    sizes = tuple(window) if hasattr(window, "__iter__") else (None,)
    if not all(is_integer(size) and size >= 0 for size in sizes):
        raise GeometryError.of(
            "window", window, "one size of at least 0 per spatial axis", "Use (3, 3)."
        )
    return tuple(int(size) for size in sizes)
