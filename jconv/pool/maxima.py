"""Max- and min-pooling of x (*batch, *spatial, c), with three rules for ties."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

import jax
import jax.numpy as jnp
from jax import Array, lax

from jconv.errors import GeometryError
from jconv.pool.arguments import WindowArguments, as_ordered, check_flag, understand
from jconv.pool.extremes import Extreme
from jconv.pool.slide import pooled
from jconv.pool.winners import tie_count, winning_positions

if TYPE_CHECKING:
    from jax.typing import ArrayLike

    from jconv.geometry import Integers, Padding
    from jconv.pool.arguments import Pooling

TIES = ("first", "all", "split")

Extremes = Array | tuple[Array, Array]
"""The extremes, or the pair of them and their positions."""


class ExtremeArguments(WindowArguments, total=False):
    """The keywords of ``max_pool`` and ``min_pool`` that do not decide on a type."""

    ties: str


@overload
def max_pool(
    x: ArrayLike,
    window: Integers,
    *,
    return_indices: Literal[False] = False,
    **how: Unpack[ExtremeArguments],
) -> Array: ...
@overload
def max_pool(
    x: ArrayLike,
    window: Integers,
    *,
    return_indices: Literal[True],
    **how: Unpack[ExtremeArguments],
) -> tuple[Array, Array]: ...
@overload
def max_pool(
    x: ArrayLike,
    window: Integers,
    *,
    return_indices: bool,
    **how: Unpack[ExtremeArguments],
) -> Extremes: ...
def max_pool(
    x: ArrayLike,
    window: Integers,
    *,
    stride: Integers | None = None,
    padding: Padding = "valid",
    dilation: Integers = 1,
    ceil_mode: bool = False,
    channel_axis: int | None = -1,
    ties: str = "first",
    return_indices: bool = False,
) -> Extremes:
    """Keep the largest entry of each window of x (*batch, *spatial, c).

    Padding never wins. A NaN wins, and the derivative goes to it. A window that holds
    nothing but padding gives minus infinity (or the least integer).

    Args:
        x: real numbers, with any number of leading batch axes.
        window: its size per spatial axis; the length tells how many spatial axes there
            are. One int is for an x with one batch axis, all other axes but the
            channels' being spatial.
        stride: positions between neighbouring windows; None for the window's size.
        padding: "valid", "same", "same_lower", "full", "causal", an int, one int per
            axis, or (low, high) pairs; negative padding crops.
        dilation: positions between neighbouring entries of a window.
        ceil_mode: whether the number of windows is rounded up, provided that the last
            one starts inside the input or its low padding.
        channel_axis: the channels' dimension, or None if x has none.
        ties: where the derivative goes if several entries are largest: to the "first"
            in row-major order, to "all" of them in full, or "split" equally.
        return_indices: whether to return (y, indices) too: the first largest entry's
            position in the flattened spatial axes, as int32; -1 for a window that holds
            nothing but padding.

    Returns:
        y (*batch, *output, c), or the pair.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax, jax.numpy as jnp
        >>> x = jnp.array([1.0, 3.0, 3.0, 2.0])[None, :, None]
        >>> max_pool(x, 2, stride=1)[0, :, 0]
        Array([3., 3., 3.], dtype=float32)

        The second entry wins in two windows, and receives the sum:

        >>> jax.grad(lambda x: max_pool(x, 2, stride=1).sum())(x)[0, :, 0]
        Array([0., 2., 1., 0.], dtype=float32)
    """
    return _extreme_pool(
        x,
        window,
        smallest=False,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
        channel_axis=channel_axis,
        ties=ties,
        return_indices=return_indices,
    )


@overload
def min_pool(
    x: ArrayLike,
    window: Integers,
    *,
    return_indices: Literal[False] = False,
    **how: Unpack[ExtremeArguments],
) -> Array: ...
@overload
def min_pool(
    x: ArrayLike,
    window: Integers,
    *,
    return_indices: Literal[True],
    **how: Unpack[ExtremeArguments],
) -> tuple[Array, Array]: ...
@overload
def min_pool(
    x: ArrayLike,
    window: Integers,
    *,
    return_indices: bool,
    **how: Unpack[ExtremeArguments],
) -> Extremes: ...
def min_pool(
    x: ArrayLike,
    window: Integers,
    *,
    stride: Integers | None = None,
    padding: Padding = "valid",
    dilation: Integers = 1,
    ceil_mode: bool = False,
    channel_axis: int | None = -1,
    ties: str = "first",
    return_indices: bool = False,
) -> Extremes:
    """Keep the smallest entry of each window of x (*batch, *spatial, c).

    Args:
        x: as in ``max_pool``, like all that follow.
        window: as in ``max_pool``.
        stride: as in ``max_pool``.
        padding: as in ``max_pool``.
        dilation: as in ``max_pool``.
        ceil_mode: as in ``max_pool``.
        channel_axis: as in ``max_pool``.
        ties: as in ``max_pool``.
        return_indices: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> min_pool(jnp.array([4, 1, 2, 3])[None, :, None], 2)[0, :, 0]
        Array([1, 2], dtype=int32)
    """
    return _extreme_pool(
        x,
        window,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
        channel_axis=channel_axis,
        ties=ties,
        return_indices=return_indices,
        smallest=True,
    )


def _extreme_pool(
    x: ArrayLike,
    window: Integers,
    *,
    ties: str,
    return_indices: bool,
    smallest: bool,
    **geometry: Any,
) -> Extremes:
    """The common part of the two."""
    x = as_ordered("x", x)
    pooling = understand(x.shape, window, **geometry)
    return extreme_of(
        x, pooling, ties=ties, return_indices=return_indices, smallest=smallest
    )


def extreme_of(
    x: Array,
    pooling: Pooling,
    *,
    ties: str,
    return_indices: bool,
    smallest: bool = False,
) -> Extremes:
    """The extreme of each window; with its position, if asked for."""
    check_ties(ties)
    check_flag(return_indices=return_indices)
    y = extreme_pool(x, pooling, smallest, ties)
    if not return_indices:
        return y
    indices = winning_positions(lax.stop_gradient(x), pooling, smallest)
    return y, indices


def check_ties(ties: str) -> None:
    """Refuse an unknown rule."""
    if ties not in TIES:
        raise GeometryError.of("ties", ties, f"one of {', '.join(map(repr, TIES))}")


@functools.partial(jax.jit, static_argnums=(1, 2, 3))
def extreme_pool(x: Array, pooling: Pooling, smallest: bool, ties: str) -> Array:  # noqa: FBT001
    """The pool of an understood call: one axis after the other."""
    if ties == "split":
        return _split_pool(pooling, smallest, x)
    merge = Extreme(smallest=smallest, first=ties == "first")
    return pooled(x, pooling.steps, merge)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _split_pool(pooling: Pooling, smallest: bool, x: Array) -> Array:  # noqa: FBT001
    """The pool whose derivative is split equally among equal entries."""
    return extreme_pool(x, pooling, smallest, "all")


@_split_pool.defjvp
def _split_pool_jvp(
    pooling: Pooling,
    smallest: bool,  # noqa: FBT001
    primals: Any,
    tangents: Any,
) -> tuple[Array, Any]:
    """The derivative under *all*, divided by the number of winners."""
    (x,), (x_dot,) = primals, tangents
    y = _split_pool(pooling, smallest, x)
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return y, jax.numpy.zeros(y.shape, jax.dtypes.float0)
    everyone = functools.partial(
        extreme_pool, pooling=pooling, smallest=smallest, ties="all"
    )
    _, total = jax.jvp(everyone, (x,), (x_dot,))
    count = tie_count(lax.stop_gradient(x), pooling, smallest)
    return y, (total.astype(count.dtype) / count).astype(total.dtype)
