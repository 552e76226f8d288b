"""Predicted seconds of the pieces that algorithms are made of.

A deliberately coarse model: matrix products at a rate, memory traffic at a bandwidth.
It only has to rank algorithms, so the constants are round numbers of one class of
machine per platform, not a fit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from jconv.algorithms.protocol import channel_flops, concrete

if TYPE_CHECKING:
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Shape, Shapes
    from jconv.geometry import Geometry, Role

FLOPS_PER_SECOND = {"cpu": 4e11}
BYTES_PER_SECOND = {"cpu": 4e10}
ACCELERATOR_FLOPS_PER_SECOND = 2e13
ACCELERATOR_BYTES_PER_SECOND = 1e12

GROUPED_SLOWDOWN = 4
"""How much slower a batched product of many small matrices runs than one large one."""


def dot_seconds(
    geometry: Geometry, shapes: Shapes, out: Role, pairs: int, platform: str | None
) -> float:
    """Matrix products over ``pairs`` pairs of spatial indices."""
    rate = FLOPS_PER_SECOND.get(platform or "cpu", ACCELERATOR_FLOPS_PER_SECOND)
    slowdown = GROUPED_SLOWDOWN if geometry.groups > 1 else 1
    return slowdown * pairs * channel_flops(shapes, out) / rate


def traffic_seconds(n_bytes: float, platform: str | None) -> float:
    """Bytes read and written once."""
    return n_bytes / BYTES_PER_SECOND.get(
        platform or "cpu", ACCELERATOR_BYTES_PER_SECOND
    )


def bytes_of(shape: Shape, dtype: DTypeLike) -> int:
    """Size of an array."""
    return math.prod(concrete(shape)) * np.dtype(dtype).itemsize
