"""Sum-, average- and L^p-pooling of x (*batch, *spatial, c)."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics, operands
from jconv.errors import GeometryError
from jconv.pool.arguments import as_inexact, understand
from jconv.pool.maxima import extreme_pool
from jconv.pool.slide import slide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Integers, Padding
    from jconv.pool.arguments import Pooling
    from jconv.pool.slide import Present


class Sum:
    """Addition as a ``Merge``. Absent entries are zeros, so masks do not matter."""

    def identities(self, arrays: Array) -> Array:
        """Zero."""
        return jnp.zeros((), arrays.dtype)

    def entries(self, arrays: Sequence[Array], present: Sequence[Present]) -> Array:
        """Add arrays."""
        del present
        return functools.reduce(lax.add, arrays)

    def along(self, arrays: Array, dim: int, present: Present) -> Array:
        """Add along one dimension."""
        del present
        return jnp.sum(arrays, axis=dim, dtype=arrays.dtype)


def sum_pool(
    x: ArrayLike,
    window: Integers,
    *,
    stride: Integers | None = None,
    padding: Padding = "valid",
    dilation: Integers = 1,
    ceil_mode: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """Add the entries of each window of x (*batch, *spatial, c).

    Narrow floats are added in float32 and rounded once.

    Args:
        x: numbers; as in ``max_pool``, like all that follow.
        window: as in ``max_pool``.
        stride: as in ``max_pool``.
        padding: as in ``max_pool``.
        dilation: as in ``max_pool``.
        ceil_mode: as in ``max_pool``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> sum_pool(jnp.arange(6)[None, :, None], 3, stride=1)[0, :, 0]
        Array([ 3,  6,  9, 12], dtype=int32)
    """
    x = operands.as_array("x", x)
    pooling = understand(
        x.shape,
        window,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
        channel_axis=channel_axis,
    )
    return sum_windows(x, pooling)


def avg_pool(
    x: ArrayLike,
    window: Integers,
    *,
    stride: Integers | None = None,
    padding: Padding = "valid",
    dilation: Integers = 1,
    ceil_mode: bool = False,
    channel_axis: int | None = -1,
    count_padding: bool = False,
) -> Array:
    """Take the mean of each window of x (*batch, *spatial, c).

    The divisor is the number of entries that a window really holds. It depends on
    shapes alone, is worked out while tracing, and stands in the program as a constant.
    A window that holds nothing but padding gives 0.

    Args:
        x: numbers; integers become floats. As in ``max_pool``, like all that follow.
        window: as in ``max_pool``.
        stride: as in ``max_pool``.
        padding: as in ``max_pool``.
        dilation: as in ``max_pool``.
        ceil_mode: as in ``max_pool``.
        channel_axis: as in ``max_pool``.
        count_padding: whether padding counts as zeros that were there. What a window
            covers beyond the padding, with ``ceil_mode``, never counts.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([6.0, 6.0, 6.0])[None, :, None]
        >>> avg_pool(x, 3, stride=1, padding=1)[0, :, 0]
        Array([6., 6., 6.], dtype=float32)
        >>> avg_pool(x, 3, stride=1, padding=1, count_padding=True)[0, :, 0]
        Array([4., 6., 4.], dtype=float32)
    """
    x = as_inexact("x", x)
    pooling = understand(
        x.shape,
        window,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
        channel_axis=channel_axis,
    )
    return average_windows(x, pooling, count_padding)


def lp_pool(
    x: ArrayLike,
    window: Integers,
    p: float = 2,
    *,
    stride: Integers | None = None,
    padding: Padding = "valid",
    dilation: Integers = 1,
    ceil_mode: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """Take the p-norm of each window of x (*batch, *spatial, c).

    It is (sum of |x|^p)^(1/p), with absolute values also for odd p, and the largest
    absolute value for an infinite p. Where the norm is 0 its derivative is taken as 0.

    Args:
        x: real numbers; integers become floats. As in ``max_pool``, like the others.
        window: as in ``max_pool``.
        p: a number of at least 1, or infinity.
        stride: as in ``max_pool``.
        padding: as in ``max_pool``.
        dilation: as in ``max_pool``.
        ceil_mode: as in ``max_pool``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> lp_pool(jnp.array([3.0, -4.0])[None, :, None], 2)[0, :, 0]
        Array([5.], dtype=float32)
    """
    x = as_real(x)
    check_exponent(p)
    pooling = understand(
        x.shape,
        window,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
        channel_axis=channel_axis,
    )
    return norm_windows(x, pooling, float(p))


def as_real(x: ArrayLike) -> Array:
    """Real floats."""
    x = as_inexact("x", x)
    if jnp.issubdtype(x.dtype, jnp.complexfloating):
        raise GeometryError.of(
            "x.dtype", str(x.dtype), "real numbers", "Use abs(x): the norm is the same."
        )
    return x


def check_exponent(p: float) -> None:
    """Refuse what gives no norm."""
    if isinstance(p, bool) or not isinstance(p, (int, float, np.number)) or not p >= 1:
        raise GeometryError.of("p", p, "a number of at least 1", "Use e.g. p=2.")


@functools.partial(jax.jit, static_argnums=1)
def sum_windows(x: Array, pooling: Pooling) -> Array:
    """The sums of an understood call: one axis after the other."""
    total = x.astype(numerics.accumulation_dtype(x.dtype))
    for dim, axis in pooling.steps:
        total = slide(total, dim, axis, Sum())
    return total.astype(x.dtype)


@functools.partial(jax.jit, static_argnums=(1, 2))
def average_windows(x: Array, pooling: Pooling, count_padding: bool) -> Array:  # noqa: FBT001
    """The means of an understood call."""
    wide = x.astype(numerics.accumulation_dtype(x.dtype))
    total = sum_windows(wide, pooling)
    return divided(total, pooling, count_padding).astype(x.dtype)


def divided(total: Array, pooling: Pooling, count_padding: bool) -> Array:  # noqa: FBT001
    """What belongs to a window, divided by the number of entries that it holds."""
    counts: Any = np.ones((1,) * total.ndim, total.dtype)
    each = pooling.windows.counts(padding=count_padding)
    for dim, values in zip(pooling.dims, each, strict=True):
        shape = [1] * total.ndim
        shape[dim] = len(values)
        held = np.maximum(values, 1).astype(total.dtype).reshape(shape)
        counts = counts * (held if len(set(values)) > 1 else held.flat[0])
    return total / counts


@functools.partial(jax.jit, static_argnums=(1, 2))
def norm_windows(x: Array, pooling: Pooling, p: float) -> Array:
    """The p-norms of an understood call."""
    wide = x.astype(numerics.accumulation_dtype(x.dtype))
    wide = wide * jnp.sign(wide)  # its derivative at 0 is 0; that of jnp.abs is 1
    if math.isinf(p):
        y = extreme_pool(wide, pooling, smallest=False, ties="first")
        return jnp.maximum(y, jnp.zeros_like(y)).astype(x.dtype)
    powers = wide * wide if p == 2 else wide**p
    return root(sum_windows(powers, pooling), p).astype(x.dtype)


def root(total: Array, p: float) -> Array:
    """The p-th root, with derivative 0 at 0.

    The inner ``where`` keeps the root's infinite derivative out of the other branch.
    """
    zero = total == 0
    safe = jnp.where(zero, jnp.ones_like(total), total)
    roots = lax.sqrt(safe) if p == 2 else safe ** (1 / p)
    return jnp.where(zero, jnp.zeros_like(total), roots)
