"""Log-sum-exp pooling: a smooth maximum, between the maximum and the sum."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jax import lax

from jconv import numerics
from jconv.pool.arguments import as_real, understand
from jconv.pool.slide import pooled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Integers, Padding
    from jconv.pool.arguments import Pooling
    from jconv.pool.slide import Present


class LogSumExp:
    """log(exp(a) + exp(b) + ...) as a ``Merge``; it is associative, like the sum.

    The largest entry is taken out first, so that no exponential overflows.
    """

    def identities(self, arrays: Array) -> Array:
        """The logarithm of 0."""
        return jnp.asarray(-jnp.inf, arrays.dtype)

    def entries(self, arrays: Sequence[Array], present: Sequence[Present]) -> Array:
        """Merge, position by position."""
        del present
        offset = _offset(functools.reduce(lax.max, arrays))
        terms = [lax.exp(array - offset) for array in arrays]
        return _log(functools.reduce(lax.add, terms)) + offset

    def along(self, arrays: Array, dim: int, present: Present) -> Array:
        """Merge along one dimension."""
        del present
        offset = _offset(jnp.max(arrays, axis=dim, keepdims=True))
        total = jnp.sum(lax.exp(arrays - offset), axis=dim)
        return _log(total) + lax.squeeze(offset, [dim])


def _offset(largest: Array) -> Array:
    """The largest entry, or 0 if it is infinite; a shift, so no derivative."""
    finite = lax.is_finite(largest)
    return lax.stop_gradient(jnp.where(finite, largest, jnp.zeros_like(largest)))


def _log(total: Array) -> Array:
    """The logarithm, with derivative 0 at 0, where there is nothing to differ."""
    zero = total == 0
    safe = lax.log(jnp.where(zero, jnp.ones_like(total), total))
    return jnp.where(zero, jnp.full_like(total, -jnp.inf), safe)


def logsumexp_pool(
    x: ArrayLike,
    window: Integers,
    *,
    stride: Integers | None = None,
    padding: Padding = "valid",
    dilation: Integers = 1,
    ceil_mode: bool = False,
    channel_axis: int | None = -1,
) -> Array:
    """Take log(sum of exp(x)) of each window of x (*batch, *spatial, c).

    Its derivative is the softmax within the window, so that every entry shares in the
    cotangent. A window that holds nothing but padding gives minus infinity.

    Args:
        x: real numbers; integers become floats. As in ``max_pool``, like the others.
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
        >>> x = jnp.log(jnp.array([1.0, 2.0, 3.0, 4.0]))[None, :, None]
        >>> jnp.exp(logsumexp_pool(x, 2))[0, :, 0].round(4)
        Array([3., 7.], dtype=float32)
    """
    x = as_real(x)
    pooling = understand(
        x.shape,
        window,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
        channel_axis=channel_axis,
    )
    return merge_windows(x, pooling)


@functools.partial(jax.jit, static_argnums=1)
def merge_windows(x: Array, pooling: Pooling) -> Array:
    """The log-sum-exps of an understood call: one axis after the other."""
    wide = x.astype(numerics.accumulation_dtype(x.dtype))
    return pooled(wide, pooling.steps, LogSumExp()).astype(x.dtype)
