"""L^p-pooling of x (*batch, *spatial, c): a family between the sum and the maximum.

Powers leave the range of floats long before the norm does, so every entry is held as a
scale and a power of what remains, (c, (|x| / c)^p), and sums of powers are carried to
the largest scale among them. For small p the scales are powers of two: dividing by them
is exact, and so the norm of (3, 4) is 5. For large p they are the entries themselves.

References:
    J. L. Blue, "A portable Fortran program to find the Euclidean norm of a vector",
    https://doi.org/10.1145/355769.355771, 1978.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.errors import GeometryError, UnsupportedError
from jconv.pool.arguments import as_real, understand
from jconv.pool.maxima import extreme_pool
from jconv.pool.slide import pooled
from jconv.pool.sums import sum_windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Integers, Padding
    from jconv.pool.arguments import Pooling, Step
    from jconv.pool.slide import Present

Scaled = tuple[Any, Any]
"""(scale, total) of what has the p-norm ``scale * total ** (1 / p)``.

Before anything has been added up, the scale is the entry itself and the total None.
"""

SMALL = 16
"""Up to this p, scales are powers of two; remainders are below 4, and 4^16 is small."""

HUGE = 1e18
"""From this p on, the norm of fewer than 2^64 entries is the largest, but for 1e-16."""


class PowerSum(NamedTuple):
    """The sum of p-th powers as a ``Merge`` of (scale, total)."""

    p: float

    def identities(self, arrays: Scaled) -> Scaled:
        """A total of 0, at scale 0."""
        return jax.tree.map(lambda array: jnp.zeros((), array.dtype), arrays)

    def entries(self, arrays: Sequence[Scaled], present: Sequence[Present]) -> Scaled:
        """Add, position by position."""
        del present
        largest = functools.reduce(lax.max, (_size(scale) for scale, _ in arrays))
        common = common_scale(largest, self.p)
        parts = (self.in_scale(each, common) for each in arrays)
        return common, functools.reduce(lax.add, parts)

    def along(self, arrays: Scaled, dim: int, present: Present) -> Scaled:
        """Add along one dimension."""
        del present
        largest = jnp.max(_size(arrays[0]), axis=dim, keepdims=True)
        common = common_scale(largest, self.p)
        total = jnp.sum(self.in_scale(arrays, common), axis=dim)
        return lax.squeeze(common, [dim]), total

    def in_scale(self, entry: Scaled, common: Array) -> Array:
        """The total of an entry, in another scale."""
        scale, total = entry
        part = power(_ratio(scale, common, self.p), self.p)
        return part if total is None else total * part


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
    x, p = as_real(x), as_exponent(p)
    pooling = understand(
        x.shape,
        window,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
        channel_axis=channel_axis,
    )
    return norm_windows(x, pooling, p)


def as_exponent(p: Any) -> float:
    """A p that gives a norm; rounding cannot tell a huge one from infinity.

    Raises:
        GeometryError: for anything else.
        UnsupportedError: for a traced p, whose value nobody knows yet.
    """
    if isinstance(p, jax.core.Tracer):
        message = (
            f"p={p}: it decides how powers are computed, so it has to be a number "
            "while tracing. Mark it as static in jax.jit, or close over it; no "
            "derivative with respect to p is defined."
        )
        raise UnsupportedError(message)
    if isinstance(p, (jax.Array, np.ndarray)) and p.ndim == 0:
        p = p.item()
    numbers = (int, float, np.integer, np.floating)
    if isinstance(p, bool) or not isinstance(p, numbers) or not p >= 1:
        raise GeometryError.of("p", p, "a number of at least 1", "Use e.g. p=2.")
    return float(p) if p < HUGE else math.inf


@functools.partial(jax.jit, static_argnums=(1, 2))
def norm_windows(x: Array, pooling: Pooling, p: float) -> Array:
    """The p-norms of an understood call."""
    wide = x.astype(numerics.accumulation_dtype(x.dtype))
    even = p <= SMALL and p % 2 == 0 and pooling.steps
    # The derivative of x sign(x) at 0 is 0; that of jnp.abs is 1.
    size = wide if even else wide * jnp.sign(wide)
    if p == 1:
        y = sum_windows(size, pooling)
    elif math.isinf(p):
        y = extreme_pool(size, pooling, smallest=False, ties="first")
        y = jnp.maximum(y, jnp.zeros_like(y))
    else:
        y = norm_along(size, pooling.steps, p)
    return y.astype(x.dtype)


def norm_along(size: Array, steps: Sequence[Step], p: float) -> Array:
    """The p-norms of absolute values, p finite; of any values if p is even."""
    scale, total = pooled((size, None), steps, PowerSum(p))
    return size if total is None else scale * root(total, p)


def common_scale(largest: Array, p: float) -> Array:
    """The largest size, or the power of two below it, within the range of floats.

    A constant to derivatives, as the norm does not depend on it. The barrier keeps XLA
    from finding the maximum anew for each entry that is divided by it.
    """
    info = jnp.finfo(largest.dtype)
    greatest = float(info.max)
    if p <= SMALL:
        bits = lax.bitcast_convert_type(largest, _bits(largest.dtype))
        exponent = bits & np.asarray(np.inf, largest.dtype).view(bits.dtype)
        largest = lax.bitcast_convert_type(exponent, largest.dtype)
        greatest = 2.0 ** (info.maxexp - 2)  # whose reciprocal is no denormal
    scale = jnp.clip(largest, info.tiny, greatest)
    return lax.optimization_barrier(scale)


def _size(scale: Array) -> Array:
    """The absolute value, a constant to derivatives."""
    return lax.abs(lax.stop_gradient(scale))


def _ratio(scale: Array, common: Array, p: float) -> Array:
    """One scale over another; exact for a power of two."""
    if p > SMALL:
        return scale / common
    # The reciprocal of a power of two: its exponent changes its sign.
    one = np.asarray(1, common.dtype).view(_bits(common.dtype))
    bits = lax.bitcast_convert_type(common, one.dtype)
    return scale * lax.bitcast_convert_type(2 * one - bits, common.dtype)


def _bits(dtype: Any) -> Any:
    """The unsigned integers of a float's size."""
    return jnp.dtype(f"uint{8 * dtype.itemsize}")


def power(base: Array, p: float) -> Array:
    """The p-th power, by multiplications where p is small and whole."""
    if p <= SMALL and float(p).is_integer():
        return lax.integer_pow(base, int(p))
    return lax.pow(base, jnp.asarray(p, base.dtype))


def root(total: Array, p: float) -> Array:
    """The p-th root, with derivative 0 at 0.

    The inner ``where`` keeps the root's infinite derivative out of the other branch.
    """
    zero = total == 0
    safe = jnp.where(zero, jnp.ones_like(total), total)
    roots = lax.sqrt(safe) if p == 2 else safe ** (1 / p)
    return jnp.where(zero, jnp.zeros_like(total), roots)
