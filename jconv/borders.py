"""Padding modes: what stands beyond the border of the input.

Zero padding needs no array at all. The other modes extend the input first, by data
movement alone; the convolution then runs without padding, and the derivative of the
extension is its transpose.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jax import lax

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from jax import Array

Border = tuple[tuple[int, int], ...]

MODES = {
    "zeros": "constant",
    "circular": "wrap",
    "reflect": "reflect",
    "replicate": "edge",
}
"""Our names of the modes -> ``jnp.pad``'s."""


def check_mode(mode: str) -> str:
    """The mode in lower case.

    Raises:
        GeometryError: for an unknown one.
    """
    name = mode.lower() if isinstance(mode, str) else mode
    if name not in MODES:
        raise GeometryError.of("padding_mode", mode, f"one of {', '.join(MODES)}")
    return name


def extend(x: Array, border: Border, mode: str) -> Array:
    """Extend the spatial axes of x (*batch, *spatial, c) by (low, high) entries."""
    if not any(low or high for low, high in border):
        return x
    leading = x.ndim - len(border) - 1
    if mode == "replicate":
        for axis, (low, high) in enumerate(border, leading):
            x = _replicated(x, axis, low, high)
        return x
    widths = [(0, 0)] * leading + [*border, (0, 0)]
    return jnp.pad(x, widths, mode=MODES[mode])


def extend_transpose(
    dx: Array, shape: tuple[int, ...], border: Border, mode: str
) -> Array:
    """The adjoint of ``extend``: the border's cotangents return to their sources."""
    if not any(low or high for low, high in border):
        return dx
    extended = functools.partial(extend, border=border, mode=mode)
    # What stands within the border has the source's type, its sharding included.
    source = dx
    for axis, (low, _) in enumerate(border, dx.ndim - len(border) - 1):
        source = lax.slice_in_dim(source, low, low + shape[axis], axis=axis)
    (folded,) = jax.linear_transpose(extended, source)(dx)
    return folded


def _replicated(x: Array, axis: int, low: int, high: int) -> Array:
    """The outermost entries again and again.

    ``jnp.pad`` cuts along every axis for it, also along those that devices divide.
    """

    def edge(place: int, times: int) -> list[Array]:
        one = lax.slice_in_dim(x, place, place + 1, axis=axis)
        shape = (*x.shape[:axis], times, *x.shape[axis + 1 :])
        return [jnp.broadcast_to(one, shape)] if times else []

    return lax.concatenate([*edge(0, low), x, *edge(x.shape[axis] - 1, high)], axis)
