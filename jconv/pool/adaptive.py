"""Adaptive pools: the output's size is given, and the windows follow from it.

Window o of m along an axis of n entries covers those from floor(o n / m) up to, but not
including, ceil((o + 1) n / m). With g = gcd(n, m) the pattern repeats every m / g
windows and n / g entries, so the windows of one remainder modulo m / g are an ordinary
pool with stride n / g. Windows of different remainders lie side by side in the result.

References:
    PyTorch, AdaptiveAvgPool2d, https://docs.pytorch.org/docs/stable, 2024.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.geometry import Axis
from jconv.geometry.padding import per_axis
from jconv.pool.arguments import as_inexact, as_ordered, spatial_dims
from jconv.pool.extremes import Extreme
from jconv.pool.slide import slide
from jconv.pool.sums import Sum

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Integers
    from jconv.pool.slide import Merge

Sizes = tuple[tuple[int, int], ...]
"""(dimension, number of windows) per spatial axis, the last one first."""


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
    return _means(x, _sizes(x, output_shape, channel_axis))


def adaptive_max_pool(
    x: ArrayLike, output_shape: Integers, *, channel_axis: int | None = -1
) -> Array:
    """Keep the largest entry of each window of ``adaptive_avg_pool``.

    The first of several largest receives the derivative.

    Args:
        x: real numbers.
        output_shape: as in ``adaptive_avg_pool``.
        channel_axis: as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> adaptive_max_pool(jnp.arange(5)[None, :, None], 2)[0, :, 0]
        Array([2, 4], dtype=int32)
    """
    x = as_ordered("x", x)
    return _merged(x, _sizes(x, output_shape, channel_axis), Extreme())


def bounds(n_input: int, n_output: int, o: int) -> tuple[int, int]:
    """First entry of window o, and the one after its last.

    Examples:
        >>> [bounds(5, 3, o) for o in range(3)]
        [(0, 2), (1, 4), (3, 5)]
    """
    return o * n_input // n_output, -(-(o + 1) * n_input // n_output)


def _sizes(x: Array, output_shape: Integers, channel_axis: int | None) -> Sizes:
    """The arguments, understood."""
    dims = spatial_dims(x.shape, "output_shape", output_shape, channel_axis)
    sizes = per_axis("output_shape", output_shape, len(dims))
    return tuple(zip(dims, sizes, strict=True))[::-1]


@functools.partial(jax.jit, static_argnums=(1, 2))
def _merged(x: Array, sizes: Sizes, merge: Merge) -> Array:
    """Merge each window, one axis after the other."""
    for dim, n_output in sizes:
        n_input = x.shape[dim]
        common = math.gcd(n_input, n_output)
        remainders = []
        for o in range(n_output // common):
            start, stop = bounds(n_input, n_output, o)
            axis = Axis(
                n_input=n_input,
                n_kernel=stop - start,
                n_output=common,
                stride=n_input // common,
                low=-start,
            )
            remainders.append(slide(x, dim, axis, merge))
        side_by_side = jnp.stack(remainders, axis=dim + 1)
        x = lax.reshape(side_by_side, (*x.shape[:dim], n_output, *x.shape[dim + 1 :]))
    return x


@functools.partial(jax.jit, static_argnums=1)
def _means(x: Array, sizes: Sizes) -> Array:
    """Sums, divided by what each window holds, a constant of the program."""
    total = _merged(x.astype(numerics.accumulation_dtype(x.dtype)), sizes, Sum())
    counts: Any = np.ones((1,) * x.ndim, total.dtype)
    for dim, n_output in sizes:
        edges = [bounds(x.shape[dim], n_output, o) for o in range(n_output)]
        shape = [1] * x.ndim
        shape[dim] = n_output
        held = np.array([stop - start for start, stop in edges], total.dtype)
        counts = counts * held.reshape(shape)
    return (total / counts).astype(x.dtype)
