"""Changes of a picture that leave its label true, drawn anew for every step.

All are functions of a key and of x (batch, height, width, c), and run under ``jit``.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jax import lax
from jax.tree_util import register_static

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from jax import Array


def shift(key: Array, x: Array, most: int) -> Array:
    """Move every picture by up to ``most`` pixels on both axes; zeros come in.

    Raises:
        GeometryError: for a negative number of pixels.

    Examples:
        >>> x = jnp.ones((1, 4, 4, 1))
        >>> moved = shift(jax.random.key(0), x, most=1)
        >>> moved.shape, bool(moved.sum() <= x.sum())
        ((1, 4, 4, 1), True)
    """
    if most < 0:
        raise GeometryError.of("shift", most, "a number of pixels, at least 0")
    edge = (most, most)
    padded = jnp.pad(x, ((0, 0), edge, edge, (0, 0)))
    return crop(key, padded, (x.shape[1], x.shape[2]))


def crop(key: Array, x: Array, size: tuple[int, int]) -> Array:
    """Cut a window (height, width) out of every picture, at a place of its own.

    Raises:
        GeometryError: if the window is larger than the picture.
    """
    height, width = x.shape[1] - size[0], x.shape[2] - size[1]
    if min(height, width) < 0 or min(size) < 1:
        raise GeometryError.of("crop", size, f"at most {x.shape[1:3]}, the picture's")
    most = jnp.array([height, width]) + 1
    places = jax.random.randint(key, (x.shape[0], 2), 0, most[None])

    def one(picture: Array, place: Array) -> Array:
        corner = (place[0], place[1], jnp.zeros_like(place[0]))
        return lax.dynamic_slice(picture, corner, (*size, picture.shape[-1]))

    return jax.vmap(one)(x, places)


def flip(key: Array, x: Array) -> Array:
    """Mirror every picture left to right, or leave it, with equal chances."""
    mirrored = jax.random.bernoulli(key, 0.5, (x.shape[0], 1, 1, 1))
    return jnp.where(mirrored, x[:, :, ::-1], x)


@register_static
@dataclasses.dataclass(frozen=True)
class Augment:
    """Which changes are made, one after the other.

    Attributes:
        shift: pixels, at most.
        flip: whether pictures are mirrored.
        crop: side of a window that is cut out; 0 for none. Tests take the middle.
    """

    shift: int = 0
    flip: bool = False
    crop: int = 0

    def __call__(self, key: Array, x: Array) -> Array:
        """Change the pictures of a batch."""
        keys = jax.random.split(key, 3)
        if self.shift:
            x = shift(keys[0], x, self.shift)
        if self.flip:
            x = flip(keys[1], x)
        if self.crop:
            x = crop(keys[2], x, (self.crop, self.crop))
        return x

    def at_rest(self, x: Array) -> Array:
        """What a test sees: nothing drawn, the middle of a crop."""
        if not self.crop:
            return x
        top, left = ((n - self.crop) // 2 for n in x.shape[1:3])
        return x[:, top : top + self.crop, left : left + self.crop]

    def shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what comes out.

        Raises:
            GeometryError: if the crop does not fit.
        """
        if not self.crop:
            return input_shape
        if not 1 <= self.crop <= min(input_shape[:2]):
            expected = f"1 ... {min(input_shape[:2])}, the side of a picture"
            raise GeometryError.of("crop", self.crop, expected)
        return (self.crop, self.crop, *input_shape[2:])
