"""A real photograph, as integers: "china.jpg", which scikit-learn ships.

The photograph is by danielbuechele, CC BY 2.0; it is read from the installed package.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from jconv.nn.data.bundled import photograph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.int64]

LUMINANCE = (299, 587, 114)
"""Red, green and blue in a grey value, in thousandths (ITU-R BT.601)."""


@functools.cache
def colour(height: int = 96, width: int = 128) -> Image:
    """The photograph (height, width, 3) with values 0 ... 255, shrunk by block means.

    Examples:
        >>> photo = colour(32, 32)
        >>> photo.shape, photo.dtype, bool(photo.max() <= 255)
        ((32, 32, 3), dtype('int64'), True)
    """
    whole = photograph("china.jpg")
    block = min(whole.shape[0] // height, whole.shape[1] // width)
    cropped = whole[: height * block, : width * block].astype(np.int64)
    total = cropped.reshape(height, block, width, block, 3).sum(axis=(1, 3))
    image: Image = total // block**2
    image.setflags(write=False)  # it is shared: the function is cached
    return image


@functools.cache
def grey(height: int = 96, width: int = 128) -> Image:
    """The photograph (height, width) with values 0 ... 255."""
    image: Image = colour(height, width) @ np.array(LUMINANCE) // sum(LUMINANCE)
    image.setflags(write=False)
    return image
