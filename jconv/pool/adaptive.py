"""Adaptive pools: the output's size is given, and the windows follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, overload

from jconv import operands
from jconv.pool.arguments import (
    as_inexact,
    as_ordered,
    check_cotangent,
    understand_fitted,
)
from jconv.pool.backward import average_back
from jconv.pool.maxima import extreme_of
from jconv.pool.sums import average_windows
from jconv.pool.vjp import extreme_back
from jconv.shapes import as_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Integers
    from jconv.pool.maxima import Extremes


class _Arguments(TypedDict, total=False):
    """The keywords of ``adaptive_max_pool`` that do not decide on its type."""

    channel_axis: int | None
    ties: str


def adaptive_avg_pool(
    x: ArrayLike, output_shape: Integers, *, channel_axis: int | None = -1
) -> Array:
    """Average x (*batch, *spatial, c) down (or up) to a given spatial shape.

    Args:
        x: numbers; integers become floats.
        output_shape: one size per spatial axis; one int is for an x with one batch
            axis.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> adaptive_avg_pool(jnp.arange(5.0)[None, :, None], 2)[0, :, 0]
        Array([1., 3.], dtype=float32)
    """
    x = as_inexact("x", x)
    pooling = understand_fitted(x.shape, output_shape, channel_axis=channel_axis)
    return average_windows(x, pooling, count_padding=False)


@overload
def adaptive_max_pool(
    x: ArrayLike,
    output_shape: Integers,
    *,
    return_indices: Literal[False] = False,
    **how: Unpack[_Arguments],
) -> Array: ...
@overload
def adaptive_max_pool(
    x: ArrayLike,
    output_shape: Integers,
    *,
    return_indices: Literal[True],
    **how: Unpack[_Arguments],
) -> tuple[Array, Array]: ...
@overload
def adaptive_max_pool(
    x: ArrayLike,
    output_shape: Integers,
    *,
    return_indices: bool,
    **how: Unpack[_Arguments],
) -> Extremes: ...
def adaptive_max_pool(
    x: ArrayLike,
    output_shape: Integers,
    *,
    channel_axis: int | None = -1,
    ties: str = "first",
    return_indices: bool = False,
) -> Extremes:
    """Keep the largest entry of each window of ``adaptive_avg_pool``.

    Args:
        x: real numbers.
        output_shape: as in ``adaptive_avg_pool``.
        channel_axis: as in ``max_pool``.
        ties: as in ``max_pool``.
        return_indices: as in ``max_pool``.

    Returns:
        y (*batch, *output_shape, c), or the pair (y, indices).

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> y, indices = adaptive_max_pool(
        ...     jnp.array([0, 7, 7, 3, 4])[None, :, None], 2, return_indices=True
        ... )
        >>> y[0, :, 0], indices[0, :, 0]
        (Array([7, 7], dtype=int32), Array([1, 2], dtype=int32))
    """
    x = as_ordered("x", x)
    pooling = understand_fitted(x.shape, output_shape, channel_axis=channel_axis)
    return extreme_of(x, pooling, ties=ties, return_indices=return_indices)


def adaptive_avg_pool_vjp(
    dy: ArrayLike,
    output_shape: Integers,
    *,
    input_shape: Sequence[int],
    channel_axis: int | None = -1,
) -> Array:
    """Pull dy (*batch, *output_shape, c) back through ``adaptive_avg_pool`` to dx.

    Args:
        dy: cotangent of the output.
        output_shape: as in ``adaptive_avg_pool``.
        input_shape: the shape of x, whole.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> dy = jnp.array([[6.0], [12.0]])
        >>> adaptive_avg_pool_vjp(dy, (2,), input_shape=(5, 1))[:, 0]
        Array([2., 2., 6., 4., 4.], dtype=float32)
    """
    dy = operands.as_array("dy", dy)
    shape = as_shape("input_shape", input_shape, dy.ndim)
    pooling = understand_fitted(shape, output_shape, channel_axis=channel_axis)
    check_cotangent(dy, pooling.output_shape(shape))
    return average_back(dy, pooling, count_padding=False)


def adaptive_max_pool_vjp(
    dy: ArrayLike,
    x: ArrayLike,
    output_shape: Integers,
    *,
    channel_axis: int | None = -1,
    ties: str = "first",
) -> Array:
    """Pull dy (*batch, *output_shape, c) back through ``adaptive_max_pool`` to dx.

    Args:
        dy: cotangent of the output.
        x: the pool's input.
        output_shape: as in ``adaptive_avg_pool``.
        channel_axis: as in ``max_pool``.
        ties: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> x, dy = jnp.array([[0.0], [7.0], [7.0]]), jnp.array([[1.0], [10.0]])
        >>> adaptive_max_pool_vjp(dy, x, (2,), ties="split")[:, 0]
        Array([0., 6., 5.], dtype=float32)
    """
    x, dy = as_ordered("x", x), operands.as_array("dy", dy)
    pooling = understand_fitted(x.shape, output_shape, channel_axis=channel_axis)
    return extreme_back(dy, x, pooling, ties=ties)
