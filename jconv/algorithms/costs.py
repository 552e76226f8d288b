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


GEMM_PEAK = {"cpu": 4e11}
"""Floating point operations per second of one large matrix product."""

COPY_PEAK = {"cpu": 4e10}
"""Bytes per second of a copy in long runs, the source's bytes not counted."""

CALL_SECONDS = 4e-5
"""What starting a product costs."""

HALF_SPEED_RESULT = 24_000
"""Entries of a product's result at which half of the peak is reached."""

HALF_SPEED_SUM = 16
"""Terms per entry at which half of the peak is reached."""

HALF_SPEED_COLUMNS = 8
"""Columns at which half of the peak is reached: a vector's worth."""

HALF_SPEED_RUN = 128
"""Bytes of a run at which a copy reaches half of its speed."""


def gemm_seconds(b: int, m: int, k: int, n: int, platform: str | None) -> float:
    """``b`` products of (m, k) and (k, n)."""
    flops = 2.0 * b * m * k * n
    if platform not in (None, "cpu"):
        return flops / ACCELERATOR_FLOPS_PER_SECOND
    slowness = (
        (1 + HALF_SPEED_RESULT / (b * m * n))
        * (1 + HALF_SPEED_SUM / k)
        * (1 + HALF_SPEED_COLUMNS / n)
    )
    return CALL_SECONDS + flops * slowness / GEMM_PEAK["cpu"]


def copy_seconds(n_bytes: float, run_bytes: float, platform: str | None) -> float:
    """A copy of so many bytes, in runs that lie together."""
    if platform not in (None, "cpu"):
        return n_bytes / ACCELERATOR_BYTES_PER_SECOND
    return n_bytes * (1 + HALF_SPEED_RUN / max(1, run_bytes)) / COPY_PEAK["cpu"]


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
