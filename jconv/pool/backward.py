"""The backward rules of pools, explicit: what each input receives, and from whom.

``jax.grad`` of a pool derives the same from the forward pass, which is written from the
output's point of view; these are written from the input's:

    sum       dx_i = sum over the windows o that hold i of  dy_o
    average   dx_i = sum of  dy_o / N_o,  N_o the number of entries that o holds
    p-norm    dx_i = sum of  dy_o sign(x_i) (|x_i| / y_o)^(p-1)
    softly    dx_i = sum of  dy_o exp(x_i - y_o)
    maximum   dx_i = sum of  dy_o [x_i wins in o], by one of three rules for ties

All are pools of pools, one axis after the other, and so the chain rule goes through the
axes in the opposite order: a window of a * b entries costs a + b steps, not a * b.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol

import jax
import jax.numpy as jnp

from jconv import numerics
from jconv.algorithms.parts.buffers import materialised, pad
from jconv.geometry import Axis
from jconv.pool import held
from jconv.pool.sums import divided

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array

    from jconv.pool.arguments import Pooling, Step

MANY = 3
"""Windows that hold an input, from which on what they have is not padded for each."""

Facts = tuple[tuple[Any, Any], ...]
"""What windows have besides their cotangent: (array, what absent windows have)."""


class Share(Protocol):
    """What a window gives to an entry that it holds, along one axis; hashable."""

    def forward(self, x: Array, step: Step) -> tuple[Array, Facts]:
        """The pool along one axis, and what its backward rule needs to know."""
        ...

    def given(self, x: Array, dim: int, dy: Array, *facts: Array) -> Array:
        """What each x receives from the one window whose dy and facts lie beside it."""
        ...


@functools.partial(jax.jit, static_argnums=(2, 3))
def pull_back(dy: Array, x: Array, pooling: Pooling, share: Share) -> Array:
    """Dx of a pool that depends on x: forward along the axes, and back again."""
    visited = []
    for step in pooling.steps:
        y, facts = share.forward(x, step)
        visited.append((step, x, facts))
        x = y
    dx = dy.astype(numerics.accumulation_dtype(dy.dtype))
    for step, entries, facts in reversed(visited):
        given = functools.partial(share.given, entries, step[0])
        dx = receive(dx, step, given, facts)
    return dx.astype(dy.dtype)


@functools.partial(jax.jit, static_argnums=1)
def sum_back(dy: Array, pooling: Pooling) -> Array:
    """Dx of the sum: every window gives its cotangent to all that it holds."""
    dx = dy.astype(numerics.accumulation_dtype(dy.dtype))
    for step in reversed(pooling.steps):
        dx = receive(dx, step, lambda dy: dy)
    return dx.astype(dy.dtype)


@functools.partial(jax.jit, static_argnums=(1, 2))
def average_back(dy: Array, pooling: Pooling, count_padding: bool) -> Array:  # noqa: FBT001
    """Dx of the mean: every window gives an equal part to all that it holds."""
    wide = dy.astype(numerics.accumulation_dtype(dy.dtype))
    return sum_back(divided(wide, pooling, count_padding), pooling).astype(dy.dtype)


def receive(
    dy: Array, step: Step, given: Callable[..., Array], facts: Facts = ()
) -> Array:
    """Add up what all windows along one dimension give to each input.

    Args:
        dy: the cotangent, one entry per window.
        step: the dimension and its relation.
        given: from dy's entry and those of ``facts``, laid beside the inputs, to what
            the inputs receive.
        facts: what else a window has.
    """
    dim, axis = step
    own = [
        (_every_window(array, step, fill), fill) for array, fill in ((dy, 0), *facts)
    ]

    def part(q: tuple[Any, ...]) -> Array:
        return given(*(held.beside_inputs(y, dim, axis, q[0], fill) for y, fill in own))

    def add(q: tuple[Any, ...], total: Array) -> Array:
        return total + part(q)

    # It begins like its parts, also in how it is sharded.
    return held.over_windows(add, jnp.zeros_like(part((0,))), (held.holders(axis),))


def _every_window(array: Array, step: Step, fill: Any) -> Array:
    """What all windows have, in memory if each input asks many of them."""
    dim, axis = step

    def make() -> Array:
        return held.padded(array, dim, axis, fill)

    # Where windows are strides apart, what they have is repeated, which takes longer of
    # an array in memory than of one that is made on the way.
    several = held.holders(axis) >= MANY
    many = several and isinstance(axis, Axis) and axis.stride == 1
    return materialised(make) if many else make()


def subsample_back(
    dy: Array, dims: tuple[int, ...], strides: tuple[int, ...], shape: tuple[int, ...]
) -> Array:
    """Dx of skipping: selected positions get their cotangent, skipped ones 0."""
    config = [(0, 0, 0)] * dy.ndim
    for dim, stride in zip(dims, strides, strict=True):
        if dy.shape[dim]:
            last = stride * (dy.shape[dim] - 1)
            config[dim] = (0, shape[dim] - last - 1, stride - 1)
    return pad(dy, jnp.zeros((), dy.dtype), config)
