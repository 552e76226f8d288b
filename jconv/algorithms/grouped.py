"""Groups become examples: merge some of them, and leave no group to the algorithm.

A product with a handful of channels runs at a fraction of the speed of a wide one. So G
neighbouring groups are merged into one block whose kernel has zeros between groups, and
the g / G blocks, which share nothing, move to the front of every array, to label e, as
if each were an example with a kernel of its own. What is left is a convolution without
groups, which another algorithm computes by batched products.

    x (e, *batch, *input, g, c)   ->   (e g/G, *batch, *input, 1, G c)
    w (e, *kernel, c, g, m)       ->   (e g/G, *kernel, G c, 1, G m)
    y (e, *batch, *output, g, m)  ->   (e g/G, *batch, *output, 1, G m)

Of a kernel's derivative the blocks between groups are computed and thrown away.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms import costs
from jconv.algorithms.parts.buffers import materialised
from jconv.algorithms.parts.remembered import remembered
from jconv.algorithms.protocol import Algorithm, array_shapes, concrete, result_shape
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shape, Shapes

MAX_WIDTH = 128
"""Channels of a block, on its wider side, at the most: beyond, only zeros are added."""

BLOCK_SECONDS = 3e-5
"""What every block costs on top of its part of a batched product."""


@dataclasses.dataclass(frozen=True)
class Merged:
    """One way to compute: how many groups a block has, and who computes the blocks.

    Attributes:
        size: groups per block.
        inner: the algorithm without groups.
        seconds: predicted.
    """

    size: int
    inner: Algorithm
    seconds: float


@dataclasses.dataclass(frozen=True)
class Grouped:
    """Blocks of groups, each computed by the cheapest of ``inner`` on ``platform``."""

    inner: tuple[Algorithm, ...]
    name: str = "grouped"
    max_width: int = MAX_WIDTH
    platform: str | None = "cpu"
    exact_on_integers: bool = True
    keeps_nonfinite_local: bool = False
    keeps_batch_whole: bool = False

    def refuses(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> str | None:
        """One group; what no inner algorithm can do."""
        if geometry.groups == 1:
            return "there is one group"
        if any(not isinstance(n, int) for shape in shapes.values() for n in shape):
            return "it must know every size, also the batch's"
        arrays = (*shapes.values(), result_shape(geometry, shapes, out))
        if not all(math.prod(shape) for shape in arrays):
            return "an array is empty"
        if not self._ways(geometry, shapes, out, dtype, platform):
            return "no algorithm without groups can compute its blocks"
        return None

    def run(
        self,
        first: Array,
        second: Array,
        *,
        geometry: Geometry,
        out: Role,
        precision: Precision,
        accumulate: DTypeLike,
    ) -> Array:
        """The contraction, its blocks as examples."""
        shapes = array_shapes(out, first, second)
        way = self._way(geometry, shapes, out, first.dtype, self.platform)
        a, b = (
            _blocks(array, role, way.size)
            for role, array in zip(OPERANDS[out], (first, second), strict=True)
        )
        result = way.inner.run(
            a,
            b,
            geometry=Geometry(geometry.axes),
            out=out,
            precision=precision,
            accumulate=accumulate,
        )
        return _unblocked(result, result_shape(geometry, shapes, out), out, way.size)

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """The worst of the algorithms that it may use; the extra terms are zeros."""
        return max(
            each.error_bound(geometry, shapes, out, dtype) for each in self.inner
        )

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """What the blocks cost, and moving them to the front and back."""
        return self._way(geometry, shapes, out, dtype, platform).seconds

    def _way(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> Merged:
        """The way that takes the least time."""
        ways = self._ways(geometry, shapes, out, dtype, platform)
        return min(ways, key=lambda way: way.seconds)

    @remembered
    def _ways(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> list[Merged]:
        """Every size of blocks with the cheapest algorithm for it."""
        plain = Geometry(geometry.axes)
        result = result_shape(geometry, shapes, out)
        channels = _channels(shapes, out)
        item = np.dtype(dtype).itemsize
        found = []
        for size in range(1, geometry.groups + 1):
            wide = size * max(channels)
            if geometry.groups % size or (size > 1 and wide > self.max_width):
                continue
            parts = {role: _shape(each, role, size) for role, each in shapes.items()}
            able = [
                each
                for each in self.inner
                if not each.refuses(plain, parts, out, dtype, platform)
            ]
            if not able:
                continue
            costly = [each.cost(plain, parts, out, dtype, platform) for each in able]
            moved = sum(
                costs.copy_seconds(
                    costs.bytes_of(shape, dtype), size * min(channels) * item, platform
                )
                for shape in (*shapes.values(), result)
            )
            best = min(range(len(able)), key=costly.__getitem__)
            apart = BLOCK_SECONDS * (geometry.groups // size)
            found.append(Merged(size, able[best], moved + costly[best] + apart))
        return found


def _channels(shapes: Shapes, out: Role) -> tuple[int, int]:
    """(input channels, output channels) per group."""
    if out == "kernel":
        return shapes["input"][-1], shapes["output"][-1]
    return shapes["kernel"][-3], shapes["kernel"][-1]


def _shape(shape: Shape, role: Role, size: int) -> Shape:
    """The shape of the blocks."""
    if role == "kernel":
        e, *window, c, g, m = shape
        return (e * (g // size), *window, size * c, 1, size * m)
    e, *middle, g, c = concrete(shape)
    return (e * (g // size), *middle, 1, size * c)


def _blocks(array: Array, role: Role, size: int) -> Array:
    """An operand with its blocks in front."""
    shape = _shape(array.shape, role, size)
    last = array.ndim
    if role != "kernel":
        e, *middle, g, c = array.shape
        split = array.reshape(e, *middle, g // size, size * c)
        order = [0, last - 2, *range(1, last - 2), last - 1]
        return materialised(lambda: lax.transpose(split, order)).reshape(shape)
    e, *window, c, g, m = array.shape
    split = array.reshape(e, *window, 1, c, g // size, size, m)
    # (..., group of the input, c, block, group of the output, m)
    own = np.eye(size, dtype=bool).reshape(size, 1, 1, size, 1)
    spread = jnp.where(own, split, np.zeros((), array.dtype))
    order = _block_order(len(window))
    return materialised(lambda: lax.transpose(spread, order)).reshape(shape)


def _block_order(rank: int) -> list[int]:
    """(e, *K, group, c, block, group', m) -> (e, block, *K, group, c, group', m)."""
    group, c, block, other, m = range(rank + 1, rank + 6)
    return [0, block, *range(1, rank + 1), group, c, other, m]


def _unblocked(result: Array, shape: Shape, role: Role, size: int) -> Array:
    """The inverse of ``_blocks``; of a kernel only what lies within a group."""
    if role != "kernel":
        e, *middle, g, c = shape
        split = result.reshape(e, g // size, *middle, size * c)
        last = split.ndim - 1
        order = [0, *range(2, last), 1, last]
        return materialised(lambda: lax.transpose(split, order)).reshape(shape)
    e, *window, c, g, m = shape
    split = result.reshape(e, g // size, *window, size, c, size, m)
    rank = len(window)
    group = 2 + rank
    own = np.eye(size, dtype=bool).reshape(size, 1, size, 1)
    within = jnp.where(own, split, np.zeros((), result.dtype))
    within = lax.reduce_sum(within, [group])  # (e, block, *K, c, group', m)
    order = [0, *range(2, group + 1), 1, group + 1, group + 2]
    return lax.transpose(within, order).reshape(shape)
