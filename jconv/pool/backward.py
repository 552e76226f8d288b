"""The backward rules of pools, explicit: what each input receives, and from whom.

``jax.grad`` of a pool derives the same from the forward pass, which is written from the
output's point of view; these are written from the input's. Each takes the arguments of
its pool, so that a call and its derivative differ in one name:

    sum       dx_i = sum over the windows o that hold i of  dy_o
    average   dx_i = sum of  dy_o / N_o,  N_o the number of entries that o holds
    p-norm    dx_i = sum of  dy_o sign(x_i) (|x_i| / y_o)^(p-1)
    softly    dx_i = sum of  dy_o exp(x_i - y_o)
    maximum   dx_i = sum of  dy_o [x_i wins in o], by one of three rules for ties
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from jconv import numerics
from jconv.pool import held
from jconv.pool.sums import divided

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array

    from jconv.geometry import Axis
    from jconv.pool.arguments import Pooling


@functools.partial(jax.jit, static_argnums=1)
def sum_back(dy: Array, pooling: Pooling) -> Array:
    """Dx of the sum: every window gives its cotangent to all that it holds."""
    dx = dy.astype(numerics.accumulation_dtype(dy.dtype))
    for dim, axis in pooling.steps:
        receive = functools.partial(_receive_along, dx, dim, axis)
        nothing = jnp.zeros(_with(dx.shape, dim, axis.n_input), dx.dtype)
        dx = held.over_windows(receive, nothing, (held.holders(axis),))
    return dx.astype(dy.dtype)


def _receive_along(
    dy: Array, dim: int, axis: Axis, q: tuple[Any, ...], total: Array
) -> Array:
    """Add what the windows number q give along one dimension."""
    return total + held.beside_inputs(dy, dim, axis, q[0], 0)


@functools.partial(jax.jit, static_argnums=(1, 2))
def average_back(dy: Array, pooling: Pooling, count_padding: bool) -> Array:  # noqa: FBT001
    """Dx of the mean: every window gives an equal part to all that it holds."""
    wide = dy.astype(numerics.accumulation_dtype(dy.dtype))
    return sum_back(divided(wide, pooling, count_padding), pooling).astype(dy.dtype)


def receive_all(
    dy: Array,
    pooling: Pooling,
    shape: tuple[int, ...],
    share: Callable[..., Array],
    *known: tuple[Array, Any],
) -> Array:
    """Sum over the windows that hold each input of what they give to it.

    Args:
        dy: the cotangent, one entry per window.
        pooling: the relation.
        shape: of the input.
        share: from what a window has, laid beside the inputs, to what it gives: called
            with dy's entry and those of ``known``.
        known: (array, fill) of what else a window has.
    """
    wide = dy.astype(numerics.accumulation_dtype(dy.dtype))
    has = ((wide, 0), *known)

    def receive(q: tuple[Any, ...], total: Array) -> Array:
        beside = (held.all_beside_inputs(y, pooling, q, fill) for y, fill in has)
        return total + share(*beside)

    nothing = jnp.zeros(shape, wide.dtype)
    total = held.over_windows(receive, nothing, held.holder_counts(pooling))
    return total.astype(dy.dtype)


def only_where(condition: Array, value: Array) -> Array:
    """The value, or 0."""
    return jnp.where(condition, value, jnp.zeros_like(value))


def subsample_back(
    dy: Array, dims: tuple[int, ...], strides: tuple[int, ...], shape: tuple[int, ...]
) -> Array:
    """Dx of skipping: selected positions get their cotangent, skipped ones 0."""
    config = [(0, 0, 0)] * dy.ndim
    for dim, stride in zip(dims, strides, strict=True):
        if dy.shape[dim]:
            last = stride * (dy.shape[dim] - 1)
            config[dim] = (0, shape[dim] - last - 1, stride - 1)
    return lax.pad(dy, jnp.zeros((), dy.dtype), config)


def _with(shape: tuple[int, ...], dim: int, size: int) -> tuple[int, ...]:
    """A shape with another size along one dimension."""
    return (*shape[:dim], size, *shape[dim + 1 :])
