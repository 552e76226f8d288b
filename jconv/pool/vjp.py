"""Pools' backward functions as users call them: dy in, dx out.

They take their pool's own arguments. Where the derivative depends on the input, x is
needed; where it is linear, only x's shape.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

import jax.numpy as jnp

from jconv import numerics, operands
from jconv.pool.arguments import (
    WindowArguments,
    as_inexact,
    as_ordered,
    as_real,
    check_cotangent,
    check_flag,
    understand,
)
from jconv.pool.backward import average_back, pull_back, sum_back
from jconv.pool.maxima import check_ties
from jconv.pool.norms import as_exponent
from jconv.pool.shares import AllTakeAll, ByPower, BySoftmax, FirstTakesAll
from jconv.pool.winners import tie_count
from jconv.shapes import as_shape

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
    x, dy = as_ordered("x", x), operands.as_array("dy", dy)
    pooling = understand(x.shape, window, **where)
    return extreme_back(dy, x, pooling, ties=ties, smallest=smallest)


def extreme_back(
    dy: Array, x: Array, pooling: Pooling, *, ties: str, smallest: bool = False
) -> Array:
    """Dx of an extreme under one of the rules for ties."""
    check_ties(ties)
    check_flag(smallest=smallest)
    check_cotangent(dy, pooling.output_shape(x.shape))
    if ties == "first":
        return pull_back(dy, x, pooling, FirstTakesAll(smallest))
    if ties == "split":
        dy = as_inexact("dy", dy)
        wide = numerics.accumulation_dtype(dy.dtype)
        part = dy.astype(wide) / tie_count(x, pooling, smallest).astype(wide)
        return pull_back(part, x, pooling, AllTakeAll(smallest)).astype(dy.dtype)
    return pull_back(dy, x, pooling, AllTakeAll(smallest))


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

    Examples:
        >>> import jax.numpy as jnp
        >>> x, dy = jnp.array([3.0, 1.0, 2.0, 2.0])[:, None], jnp.array([[4.0], [8.0]])
        >>> min_pool_vjp(dy, x, (2,))[:, 0]
        Array([0., 4., 8., 0.], dtype=float32)
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
    dy = operands.as_array("dy", dy)
    return sum_back(dy, _linear(dy, window, input_shape, where))


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
    check_flag(count_padding=count_padding)
    dy = as_inexact("dy", dy)
    return average_back(dy, _linear(dy, window, input_shape, where), count_padding)


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
    x, dy, p = as_real(x), as_inexact("dy", dy), as_exponent(p)
    pooling = understand(x.shape, window, **where)
    check_cotangent(dy, pooling.output_shape(x.shape))
    wide = x.astype(numerics.accumulation_dtype(x.dtype))
    share = FirstTakesAll(smallest=False) if math.isinf(p) else ByPower(p)
    dx = pull_back(dy, jnp.abs(wide), pooling, share)
    return dx * jnp.sign(wide).astype(dx.dtype)


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

    Examples:
        The derivative is the softmax of the window, here 1/4 and 3/4:

        >>> import jax.numpy as jnp
        >>> x = jnp.log(jnp.array([1.0, 3.0]))[:, None]
        >>> logsumexp_pool_vjp(jnp.array([[8.0]]), x, (2,))[:, 0].round()
        Array([2., 6.], dtype=float32)
    """
    x, dy = as_real(x), as_inexact("dy", dy)
    pooling = understand(x.shape, window, **where)
    check_cotangent(dy, pooling.output_shape(x.shape))
    wide = x.astype(numerics.accumulation_dtype(x.dtype))
    return pull_back(dy, wide, pooling, BySoftmax())


def _linear(
    dy: Array,
    window: Integers,
    input_shape: Sequence[int],
    where: WindowArguments,
) -> Pooling:
    """The pool of a backward function that needs no x."""
    shape = as_shape("input_shape", input_shape, dy.ndim)
    pooling = understand(shape, window, **where)
    check_cotangent(dy, pooling.output_shape(shape))
    return pooling
