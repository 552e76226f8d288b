"""Skipping: keep every s-th position, as a stride does to a stride-1 convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jax import lax

from jconv import operands
from jconv.geometry.padding import per_axis
from jconv.pool.arguments import (
    check_cotangent,
    spatial_dims,
)
from jconv.pool.backward import subsample_back
from jconv.shapes import as_shape, frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Integers


def subsample(
    x: ArrayLike, stride: Integers, *, channel_axis: int | None = -1
) -> Array:
    """Keep positions 0, s, 2 s ... along the spatial axes of x (*batch, *spatial, c).

    A convolution with a stride is the one with stride 1, subsampled.

    Args:
        x: numbers.
        stride: s, one per spatial axis; one int is for an x with one batch axis.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> subsample(jnp.arange(5)[None, :, None], 2)[0, :, 0]
        Array([0, 2, 4], dtype=int32)
    """
    x, stride = operands.as_array("x", x), frozen(stride)
    strides = [1] * x.ndim
    dims = spatial_dims(x.shape, "stride", stride, channel_axis)
    for dim, s in zip(dims, per_axis("stride", stride, len(dims)), strict=True):
        strides[dim] = s
    return lax.slice(x, (0,) * x.ndim, x.shape, strides)


def subsample_vjp(
    dy: ArrayLike,
    stride: Integers,
    *,
    input_shape: Sequence[int],
    channel_axis: int | None = -1,
) -> Array:
    """Undo the skipping: selected positions get the cotangent, skipped ones 0.

    Args:
        dy: cotangent of the output.
        stride: as in ``subsample``.
        input_shape: the shape of x, whole.
        channel_axis: as in ``subsample``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> subsample_vjp(jnp.array([[1], [2]]), (3,), input_shape=(5, 1))[:, 0]
        Array([1, 0, 0, 2, 0], dtype=int32)
    """
    dy = operands.as_array("dy", dy)
    shape = as_shape("input_shape", input_shape, dy.ndim)
    stride = frozen(stride)
    dims = spatial_dims(shape, "stride", stride, channel_axis)
    strides = per_axis("stride", stride, len(dims))
    kept = list(shape)
    for dim, s in zip(dims, strides, strict=True):
        kept[dim] = -(-shape[dim] // s)
    check_cotangent(dy, tuple(kept))
    return subsample_back(dy, dims, strides, shape)
