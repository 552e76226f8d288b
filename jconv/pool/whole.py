"""Global pools: one window that holds the whole picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jax import lax

from jconv import operands
from jconv.pool.arguments import check_flag, check_not_empty, dims_of_rank
from jconv.pool.maxima import max_pool, min_pool
from jconv.pool.norms import lp_pool
from jconv.pool.soft import logsumexp_pool
from jconv.pool.sums import avg_pool, sum_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array
    from jax.typing import ArrayLike


def global_max_pool(
    x: ArrayLike,
    *,
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
    ties: str = "first",
) -> Array:
    """The largest entry of each channel: x (*batch, *spatial, c) -> (*batch, c).

    Args:
        x: real numbers.
        rank: how many axes are spatial; by default all but one batch axis and the
            channels'.
        keepdims: whether the spatial axes stay, with size 1.
        channel_axis: as in ``max_pool``.
        ties: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> global_max_pool(jnp.arange(12.0).reshape(1, 2, 3, 2))
        Array([[10., 11.]], dtype=float32)
    """
    return _whole(max_pool, x, rank, keepdims, channel_axis, ties=ties)


def global_min_pool(
    x: ArrayLike,
    *,
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
    ties: str = "first",
) -> Array:
    """The smallest entry of each channel: x (*batch, *spatial, c) -> (*batch, c).

    Args:
        x: real numbers.
        rank: as in ``global_max_pool``, like all that follow.
        keepdims: as in ``global_max_pool``.
        channel_axis: as in ``max_pool``.
        ties: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> global_min_pool(jnp.arange(12.0).reshape(1, 2, 3, 2))
        Array([[0., 1.]], dtype=float32)
    """
    return _whole(min_pool, x, rank, keepdims, channel_axis, ties=ties)


def global_avg_pool(
    x: ArrayLike,
    *,
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """The mean of each channel: x (*batch, *spatial, c) -> (*batch, c).

    Args:
        x: as in ``avg_pool``.
        rank: as in ``global_max_pool``, like all that follow.
        keepdims: as in ``global_max_pool``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> global_avg_pool(jnp.arange(12.0).reshape(1, 2, 3, 2))
        Array([[5., 6.]], dtype=float32)

    References:
        M. Lin, Q. Chen and S. Yan, "Network in network",
        https://arxiv.org/abs/1312.4400, 2013 (section 3.2).
    """
    return _whole(avg_pool, x, rank, keepdims, channel_axis)


def global_sum_pool(
    x: ArrayLike,
    *,
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """The sum of each channel: x (*batch, *spatial, c) -> (*batch, c).

    Args:
        x: as in ``sum_pool``.
        rank: as in ``global_max_pool``, like all that follow.
        keepdims: as in ``global_max_pool``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> global_sum_pool(jnp.arange(12.0).reshape(1, 2, 3, 2))
        Array([[30., 36.]], dtype=float32)
    """
    return _whole(sum_pool, x, rank, keepdims, channel_axis)


def global_lp_pool(
    x: ArrayLike,
    p: float = 2,
    *,
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """The p-norm of each channel: x (*batch, *spatial, c) -> (*batch, c).

    Args:
        x: as in ``lp_pool``.
        p: a number of at least 1, or infinity.
        rank: as in ``global_max_pool``, like all that follow.
        keepdims: as in ``global_max_pool``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([2.0, -3.0, 6.0])[None, :, None]
        >>> for p in (1, 2, float("inf")):
        ...     print(p, global_lp_pool(x, p))
        1 [[11.]]
        2 [[7.]]
        inf [[6.]]
    """
    return _whole(lp_pool, x, rank, keepdims, channel_axis, p=p)


def global_logsumexp_pool(
    x: ArrayLike,
    *,
    rank: int | None = None,
    keepdims: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """log(sum of exp) of each channel: x (*batch, *spatial, c) -> (*batch, c).

    Args:
        x: as in ``logsumexp_pool``.
        rank: as in ``global_max_pool``, like all that follow.
        keepdims: as in ``global_max_pool``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.log(jnp.array([1.0, 2.0, 5.0]))[None, :, None]
        >>> jnp.exp(global_logsumexp_pool(x)).round()
        Array([[8.]], dtype=float32)
    """
    return _whole(logsumexp_pool, x, rank, keepdims, channel_axis)


def _whole(
    pool: Callable[..., Array],
    x: ArrayLike,
    rank: int | None,
    keepdims: bool,  # noqa: FBT001 (passed on, in the callers' order)
    channel_axis: int | None,
    **options: Any,
) -> Array:
    """A pool whose window is as large as the input."""
    check_flag(keepdims=keepdims)
    x = operands.as_array("x", x)
    dims = dims_of_rank(x.shape, rank, channel_axis)
    check_not_empty(x.shape, dims)
    window = tuple(x.shape[dim] for dim in dims)
    y = pool(x, window, channel_axis=channel_axis, **options)
    return y if keepdims else lax.squeeze(y, dims)
