"""Sum- and average-pooling of x (*batch, *spatial, c)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics, operands
from jconv.pool.arguments import as_inexact, check_flag, understand
from jconv.pool.slide import pooled

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

    Narrow floats are added in float32 and rounded once; integers wrap, as in NumPy.

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
    check_flag(count_padding=count_padding)
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


@functools.partial(jax.jit, static_argnums=1)
def sum_windows(x: Array, pooling: Pooling) -> Array:
    """The sums of an understood call: one axis after the other."""
    total = x.astype(numerics.accumulation_dtype(x.dtype))
    return pooled(total, pooling.steps, Sum()).astype(x.dtype)


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
