"""Pools' backward functions as users call them: dy in, dx out.

They take their pool's own arguments. Where the derivative depends on the input, x is
needed; where it is linear, only x's shape.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Unpack

import jax.numpy as jnp

from jconv.errors import GeometryError
from jconv.pool.arguments import (
    WindowArguments,
    as_cotangent,
    as_ordered,
    check_cotangent,
    understand,
)
from jconv.pool.backward import average_back, only_where, receive_all, sum_back
from jconv.pool.extremes import attains
from jconv.pool.maxima import check_ties, extreme_pool, tie_count
from jconv.pool.soft import merge_windows
from jconv.pool.sums import as_real, check_exponent, norm_windows
from jconv.pool.winners import positions, winning_positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Integers
    from jconv.pool.arguments import Pooling


def max_pool_vjp(
    dy: ArrayLike,
    x: ArrayLike,
    window: Integers,
    *,
    ties: str = "first",
    smallest: bool = False,
    **where: Unpack[WindowArguments],
) -> Array:
    """Pull dy (*batch, *output, c) back through ``max_pool`` to dx, of x's shape.

    Args:
        dy: cotangent of the output.
        x: the pool's input.
        window: as in ``max_pool``.
        ties: as in ``max_pool``; "first" and "split" conserve the cotangent's sum.
        smallest: whether the pool is ``min_pool``.
        where: ``stride``, ``padding``, ``dilation``, ``ceil_mode`` and
            ``channel_axis``, as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> x, dy = jnp.array([3.0, 3.0, 2.0, 2.0])[:, None], jnp.array([[4.0], [8.0]])
        >>> for ties in ("first", "all", "split"):
        ...     print(ties, max_pool_vjp(dy, x, (2,), ties=ties)[:, 0])
        first [4. 0. 8. 0.]
        all [4. 4. 8. 8.]
        split [2. 2. 4. 4.]
    """
    x, dy = as_ordered("x", x), as_cotangent(dy)
    check_ties(ties)
    pooling = understand(x.shape, window, **where)
    check_cotangent(dy, pooling.output_shape(x.shape))
    if ties == "first":
        winner = winning_positions(x, pooling, smallest)
        own = positions(x.shape, pooling)
        return receive_all(
            dy,
            pooling,
            x.shape,
            lambda dy, winner: only_where(winner == own, dy),
            (winner, -1),
        )
    if ties == "split":
        dy = dy / tie_count(x, pooling, smallest).astype(dy.dtype)
    y = extreme_pool(x, pooling, smallest, "all")
    # What is not held receives a cotangent of 0, so y's fill does not matter.
    return receive_all(
        dy,
        pooling,
        x.shape,
        lambda dy, y: only_where(attains(x, y, None), dy),
        (y, 0),
    )


def min_pool_vjp(
    dy: ArrayLike,
    x: ArrayLike,
    window: Integers,
    *,
    ties: str = "first",
    **where: Unpack[WindowArguments],
) -> Array:
    """Pull dy (*batch, *output, c) back through ``min_pool`` to dx, of x's shape.

    Args:
        dy: cotangent of the output.
        x: the pool's input.
        window: as in ``min_pool``.
        ties: as in ``min_pool``.
        where: as in ``max_pool_vjp``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.
    """
    return max_pool_vjp(dy, x, window, ties=ties, smallest=True, **where)


def sum_pool_vjp(
    dy: ArrayLike,
    window: Integers,
    *,
    input_shape: Sequence[int],
    **where: Unpack[WindowArguments],
) -> Array:
    """Pull dy (*batch, *output, c) back through ``sum_pool`` to dx.

    Args:
        dy: cotangent of the output.
        window: as in ``sum_pool``.
        input_shape: the shape of x, whole.
        where: as in ``max_pool_vjp``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> dy = jnp.array([1, 10, 100])[:, None]
        >>> sum_pool_vjp(dy, (3,), stride=1, input_shape=(5, 1))[:, 0]
        Array([  1,  11, 111, 110, 100], dtype=int32)
    """
    dy, pooling = _linear(dy, window, input_shape, where)
    return sum_back(dy, pooling)


def avg_pool_vjp(
    dy: ArrayLike,
    window: Integers,
    *,
    input_shape: Sequence[int],
    count_padding: bool = False,
    **where: Unpack[WindowArguments],
) -> Array:
    """Pull dy (*batch, *output, c) back through ``avg_pool`` to dx.

    Args:
        dy: cotangent of the output.
        window: as in ``avg_pool``.
        input_shape: the shape of x, whole.
        count_padding: as in ``avg_pool``.
        where: as in ``max_pool_vjp``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> avg_pool_vjp(jnp.array([[4.0], [6.0]]), (2,), input_shape=(4, 1))[:, 0]
        Array([2., 2., 3., 3.], dtype=float32)
    """
    dy, pooling = _linear(dy, window, input_shape, where)
    return average_back(dy, pooling, count_padding)


def lp_pool_vjp(
    dy: ArrayLike,
    x: ArrayLike,
    window: Integers,
    p: float = 2,
    **where: Unpack[WindowArguments],
) -> Array:
    """Pull dy (*batch, *output, c) back through ``lp_pool`` to dx, of x's shape.

    Args:
        dy: cotangent of the output.
        x: the pool's input.
        window: as in ``lp_pool``.
        p: as in ``lp_pool``.
        where: as in ``max_pool_vjp``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([3.0, -4.0])[:, None]
        >>> lp_pool_vjp(jnp.array([[10.0]]), x, (2,))[:, 0]
        Array([ 6., -8.], dtype=float32)
    """
    x, dy = as_real(x), as_cotangent(dy)
    check_exponent(p)
    if p == jnp.inf:
        return jnp.sign(x) * max_pool_vjp(dy, abs(x), window, **where)
    pooling = understand(x.shape, window, **where)
    check_cotangent(dy, pooling.output_shape(x.shape))
    y = norm_windows(x, pooling, float(p))
    safe = jnp.where(y == 0, jnp.ones_like(y), y)

    def share(dy: Array, y: Array) -> Array:
        return dy * jnp.sign(x) * (jnp.abs(x) / y) ** (p - 1)

    return receive_all(dy, pooling, x.shape, share, (safe, 1))


def logsumexp_pool_vjp(
    dy: ArrayLike, x: ArrayLike, window: Integers, **where: Unpack[WindowArguments]
) -> Array:
    """Pull dy (*batch, *output, c) back through ``logsumexp_pool`` to dx.

    Args:
        dy: cotangent of the output.
        x: the pool's input.
        window: as in ``logsumexp_pool``.
        where: as in ``max_pool_vjp``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.
    """
    x, dy = as_real(x), as_cotangent(dy)
    pooling = understand(x.shape, window, **where)
    check_cotangent(dy, pooling.output_shape(x.shape))
    y = merge_windows(x, pooling)
    share = functools.partial(_soft_share, x)
    return receive_all(dy, pooling, x.shape, share, (y, jnp.inf))


def _soft_share(x: Array, dy: Array, y: Array) -> Array:
    """The softmax's part; 0 where there is nothing to share."""
    return dy * only_where(y > -jnp.inf, jnp.exp(jnp.minimum(x - y, jnp.zeros_like(x))))


def _linear(
    dy: ArrayLike,
    window: Integers,
    input_shape: Sequence[int],
    where: WindowArguments,
) -> tuple[Array, Pooling]:
    """The arguments of a backward function that needs no x."""
    dy = as_cotangent(dy)
    if not hasattr(input_shape, "__len__") or len(input_shape) != dy.ndim:
        raise GeometryError.of(
            "input_shape", input_shape, f"the shape of x: {dy.ndim} sizes, as dy has"
        )
    pooling = understand(tuple(input_shape), window, **where)
    check_cotangent(dy, pooling.output_shape(input_shape))
    return dy, pooling
