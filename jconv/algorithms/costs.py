"""Predicted seconds of the pieces that algorithms are made of.

A deliberately coarse model: matrix products at a rate, memory traffic at a bandwidth.
It has to rank algorithms, not to predict times, so its constants are round numbers of
one class of machine per platform; those for a CPU are read off three roles of fourteen
kinds of layer on four cores.
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
BYTES_PER_SECOND = {"cpu": 2e10}
ACCELERATOR_FLOPS_PER_SECOND = 2e13
ACCELERATOR_BYTES_PER_SECOND = 1e12

WIDE_CHANNELS = 64
"""Channels that lie together from which on copies run at full speed."""

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


def slice_bytes(
    geometry: Geometry,
    role: Role,
    shape: Shape,
    fixed: tuple[Role, ...],
    dtype: DTypeLike,
) -> float:
    """Size of one array's part in a step that fixes a role's index per axis."""
    steps = math.prod(
        axis.size(role)
        for axis, each in zip(geometry.axes, fixed, strict=True)
        if each == role
    )
    return bytes_of(shape, dtype) / max(1, steps)


def narrowness(role: Role, shape: Shape) -> float:
    """How much slower strided copies run where few channels lie together."""
    together = math.prod(concrete(shape)[-3 if role == "kernel" else -2 :])
    return max(1.0, WIDE_CHANNELS / max(1, together))


def bytes_of(shape: Shape, dtype: DTypeLike) -> int:
    """Size of an array."""
    return math.prod(concrete(shape)) * np.dtype(dtype).itemsize


def is_depthwise(shapes: Shapes, out: Role) -> bool:
    """Whether channels are only multiplied one by one, which compiles to one loop."""
    if out == "kernel":
        return shapes["input"][-1] == 1 and shapes["output"][-1] == 1
    kernel = shapes["kernel"]
    return bool(kernel[-3] == 1 and kernel[-1] == 1)
