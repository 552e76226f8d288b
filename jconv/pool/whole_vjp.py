"""Backward functions of global pools: every entry receives from its one window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jconv import operands
from jconv.pool.arguments import (
    check_cotangent,
    check_flag,
    check_not_empty,
    dims_of_rank,
)
from jconv.pool.vjp import (
    avg_pool_vjp,
    logsumexp_pool_vjp,
    lp_pool_vjp,
    max_pool_vjp,
    sum_pool_vjp,
)
from jconv.shapes import as_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jax import Array
    from jax.typing import ArrayLike


def global_max_pool_vjp(
    dy: ArrayLike,
    x: ArrayLike,
    *,
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
    ties: str = "first",
) -> Array:
    """Pull dy (*batch, c) back through ``global_max_pool`` to dx, of x's shape.

    Args:
        dy: cotangent of the output.
        x: the pool's input.
        rank: as in ``global_max_pool``, like all that follow.
        keepdims: whether dy has the spatial axes, with size 1.
        channel_axis: as in ``max_pool``.
        ties: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([1.0, 5.0, 2.0])[None, :, None]
        >>> global_max_pool_vjp(jnp.array([[7.0]]), x)[0, :, 0]
        Array([0., 7., 0.], dtype=float32)
    """
    dy, window = _whole(dy, x, rank, channel_axis, keepdims=keepdims)
    return max_pool_vjp(dy, x, window, channel_axis=channel_axis, ties=ties)


def global_min_pool_vjp(
    dy: ArrayLike,
    x: ArrayLike,
    *,
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
    ties: str = "first",
) -> Array:
    """Pull dy (*batch, c) back through ``global_min_pool`` to dx, of x's shape.

    Args:
        dy: cotangent of the output.
        x: the pool's input.
        rank: as in ``global_max_pool_vjp``, like all that follow.
        keepdims: as in ``global_max_pool_vjp``.
        channel_axis: as in ``max_pool``.
        ties: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([5.0, 1.0, 1.0])[None, :, None]
        >>> global_min_pool_vjp(jnp.array([[8.0]]), x, ties="split")[0, :, 0]
        Array([0., 4., 4.], dtype=float32)
    """
    dy, window = _whole(dy, x, rank, channel_axis, keepdims=keepdims)
    return max_pool_vjp(
        dy, x, window, channel_axis=channel_axis, ties=ties, smallest=True
    )


def global_sum_pool_vjp(
    dy: ArrayLike,
    *,
    input_shape: Sequence[int],
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """Pull dy (*batch, c) back through ``global_sum_pool`` to dx.

    Args:
        dy: cotangent of the output.
        input_shape: the shape of x, whole.
        rank: as in ``global_max_pool_vjp``, like all that follow.
        keepdims: as in ``global_max_pool_vjp``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> global_sum_pool_vjp(jnp.array([[6.0]]), input_shape=(1, 3, 1))[0, :, 0]
        Array([6., 6., 6.], dtype=float32)
    """
    return _linear(sum_pool_vjp, dy, input_shape, rank, channel_axis, keepdims=keepdims)


def global_avg_pool_vjp(
    dy: ArrayLike,
    *,
    input_shape: Sequence[int],
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """Pull dy (*batch, c) back through ``global_avg_pool`` to dx.

    Args:
        dy: cotangent of the output.
        input_shape: the shape of x, whole.
        rank: as in ``global_max_pool_vjp``, like all that follow.
        keepdims: as in ``global_max_pool_vjp``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> global_avg_pool_vjp(jnp.array([[6.0]]), input_shape=(1, 3, 1))[0, :, 0]
        Array([2., 2., 2.], dtype=float32)
    """
    return _linear(avg_pool_vjp, dy, input_shape, rank, channel_axis, keepdims=keepdims)


def global_lp_pool_vjp(
    dy: ArrayLike,
    x: ArrayLike,
    p: float = 2,
    *,
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """Pull dy (*batch, c) back through ``global_lp_pool`` to dx, of x's shape.

    Args:
        dy: cotangent of the output.
        x: the pool's input.
        p: as in ``lp_pool``.
        rank: as in ``global_max_pool_vjp``, like all that follow.
        keepdims: as in ``global_max_pool_vjp``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        The norm is 7, and its derivative x / 7:

        >>> import jax.numpy as jnp
        >>> x = jnp.array([2.0, -3.0, 6.0])[None, :, None]
        >>> global_lp_pool_vjp(jnp.array([[14.0]]), x)[0, :, 0].round()
        Array([ 4., -6., 12.], dtype=float32)
    """
    dy, window = _whole(dy, x, rank, channel_axis, keepdims=keepdims)
    return lp_pool_vjp(dy, x, window, p, channel_axis=channel_axis)


def global_logsumexp_pool_vjp(
    dy: ArrayLike,
    x: ArrayLike,
    *,
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """Pull dy (*batch, c) back through ``global_logsumexp_pool`` to dx, of x's shape.

    Args:
        dy: cotangent of the output.
        x: the pool's input.
        rank: as in ``global_max_pool_vjp``, like all that follow.
        keepdims: as in ``global_max_pool_vjp``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        The derivative is the softmax, here 1/8, 2/8 and 5/8:

        >>> import jax.numpy as jnp
        >>> x = jnp.log(jnp.array([1.0, 2.0, 5.0]))[None, :, None]
        >>> global_logsumexp_pool_vjp(jnp.array([[16.0]]), x)[0, :, 0].round()
        Array([ 2.,  4., 10.], dtype=float32)
    """
    dy, window = _whole(dy, x, rank, channel_axis, keepdims=keepdims)
    return logsumexp_pool_vjp(dy, x, window, channel_axis=channel_axis)


def _whole(
    dy: ArrayLike,
    x: ArrayLike,
    rank: int | None,
    channel_axis: int | None,
    *,
    keepdims: bool,
) -> tuple[Array, tuple[int, ...]]:
    """The cotangent with its spatial axes, and the window that holds all of x."""
    shape = operands.as_array("x", x).shape
    return _with_axes(dy, shape, rank, channel_axis, keepdims=keepdims)


def _with_axes(
    dy: ArrayLike,
    shape: tuple[int, ...],
    rank: int | None,
    channel_axis: int | None,
    *,
    keepdims: bool,
) -> tuple[Array, tuple[int, ...]]:
    """The same for a shape."""
    check_flag(keepdims=keepdims)
    dy = operands.as_array("dy", dy)
    dims = dims_of_rank(shape, rank, channel_axis)
    check_not_empty(shape, dims)
    kept = tuple(1 if n in dims else size for n, size in enumerate(shape))
    left = tuple(size for n, size in enumerate(shape) if n not in dims)
    check_cotangent(dy, kept if keepdims else left)
    return dy.reshape(kept), tuple(shape[dim] for dim in dims)


def _linear(
    pool_vjp: Callable[..., Array],
    dy: ArrayLike,
    input_shape: Sequence[int],
    rank: int | None,
    channel_axis: int | None,
    *,
    keepdims: bool,
) -> Array:
    """A backward function that needs no x."""
    shape = as_shape("input_shape", input_shape)
    dy, window = _with_axes(dy, shape, rank, channel_axis, keepdims=keepdims)
    return pool_vjp(dy, window, input_shape=shape, channel_axis=channel_axis)
