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
    widths = [(0, 0)] * leading + [*border, (0, 0)]
    return jnp.pad(x, widths, mode=MODES[mode])


def extend_transpose(
    dx: Array, shape: tuple[int, ...], border: Border, mode: str
) -> Array:
    """The adjoint of ``extend``: the border's cotangents return to their sources."""
    if not any(low or high for low, high in border):
        return dx
    extended = functools.partial(extend, border=border, mode=mode)
    source = jax.ShapeDtypeStruct(shape, dx.dtype)
    (folded,) = jax.linear_transpose(extended, source)(dx)
    return folded
