"""Lay out what each fitted window holds: a gather whose transpose is a gather.

JAX transposes a gather into a scatter, which adds one row after the other. Here it is
known who asks for entry i: the few windows that hold it, and i is their entry number
i - start. So with G the gather of all windows' entries, and y its cotangent,

    (G x)[k, o] = x[start(o) + k]  if window o has an entry number k, else 0
    (G'y)[i]    = sum over the windows o that hold i of  y[i - start(o), o]

``lax`` has no linear map that is told its transpose: of ``linear_call`` there is no
``vmap``. But a linear solve is told one. (1 0; -G 1) (a; b) = (x; 0) has the solution
a = x, b = G x, and the transposed system, (1 -G'; 0 1) (a; b) = (0; y), has the
solution a = G'y, b = y. ``lax.custom_linear_solve`` takes both solutions as they are,
solves nothing, and goes through every transformation.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import PartitionSpec

from jconv.compat import explicit_sharding

if TYPE_CHECKING:
    from jax import Array
    from numpy.typing import NDArray

    from jconv.pool.fitted import FittedAxis

FEW = 16
"""Up to this many windows that hold an entry are added one by one."""

Pair = tuple["Array", "Array"]


def gathered(x: Array, dim: int, axis: FittedAxis, fill: Any) -> Array:
    """Entry k of every window o, at [k, o] in the place of dimension ``dim``.

    Args:
        x: an array with one entry per entry of the axis along ``dim``.
        dim: the dimension.
        axis: its relation.
        fill: what stands where window o has no entry number k.
    """
    found = _linear(_whole_along(x, dim), dim, axis)
    return _where_present(found, dim, axis.present, fill)


def _whole_along(x: Array, dim: int) -> Array:
    """The same array; one whose type divides the dimension is put together there."""
    sharding = explicit_sharding(jax.typeof(x))
    if sharding is None or sharding.spec[dim] is None:
        return x
    spec = [None if n == dim else axes for n, axes in enumerate(sharding.spec)]
    return jax.reshard(x, sharding.update(spec=PartitionSpec(*spec)))


def _linear(x: Array, dim: int, axis: FittedAxis) -> Array:
    """G x, which is told its transpose."""
    gather = functools.partial(_entries, dim=dim, axis=axis)
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return gather(x)  # it has no derivative
    back = functools.partial(_entries_back, dim=dim, axis=axis)

    def times(_: Any, pair: Pair) -> Pair:
        a, b = pair
        return a, b + gather(a)

    def transposed(_: Any, pair: Pair) -> Pair:
        a, b = pair
        return a + back(b), b

    def system(pair: Pair) -> Pair:
        a, b = pair
        return a, b - gather(a)

    nothing = functools.partial(_nothing_of, dim=dim, axis=axis)
    a, b = lax.custom_linear_solve(system, (x, nothing(x)), times, transposed)
    return b + nothing(a)


def _entries(x: Array, *, dim: int, axis: FittedAxis) -> Array:
    """G x."""
    return _taken(x, dim, axis.starts + np.arange(axis.n_kernel)[:, None], axis.present)


def _entries_back(y: Array, *, dim: int, axis: FittedAxis) -> Array:
    """G'y."""
    holders = axis.swapped
    window = holders.starts + np.arange(holders.n_kernel)[:, None]
    start = axis.starts.take(window, mode="clip")
    place = (np.arange(axis.n_input) - start) * axis.n_output + window
    shape = (*y.shape[:dim], axis.n_kernel * axis.n_output, *y.shape[dim + 2 :])
    found = _taken(lax.reshape(y, shape), dim, place, holders.present)
    if holders.n_kernel > FEW:
        return jnp.sum(found, axis=dim, dtype=y.dtype)
    # A CPU adds few of them up sooner one by one: a reduction goes to a library.
    each = range(holders.n_kernel)
    parts = (lax.index_in_dim(found, q, dim, keepdims=False) for q in each)
    return functools.reduce(lax.add, parts)


def _taken(
    x: Array, dim: int, places: NDArray[Any], present: NDArray[np.bool_]
) -> Array:
    """The entries at some places along a dimension, 0 at those that do not exist."""
    inside = jnp.asarray(np.where(present, places, 0), "int32")
    found = jnp.take(x, inside, axis=dim, mode="clip")
    return _where_present(found, dim, present, 0)


def _where_present(
    found: Array, dim: int, present: NDArray[np.bool_], fill: Any
) -> Array:
    """The gathered entries, something else in the place of those that do not exist."""
    if present.all():
        return found
    table = np.expand_dims(
        present, [n for n in range(found.ndim) if n - dim not in (0, 1)]
    )
    return jnp.where(table, found, jnp.asarray(fill, found.dtype))


def _nothing_of(x: Array, *, dim: int, axis: FittedAxis) -> Array:
    """Zeros in the gathered entries' shape, made of no entry of x.

    They have a tangent, as ``lax.custom_linear_solve`` asks, and are sharded like x.
    """
    none = lax.expand_dims(lax.slice_in_dim(x, 0, 0, axis=dim), [dim])
    config = [(0, 0, 0)] * none.ndim
    config[dim] = (0, axis.n_kernel - 1, 0)
    config[dim + 1] = (0, axis.n_output, 0)
    return lax.pad(none, jnp.zeros((), x.dtype), config)
