"""Neighbouring results computed together, as channels of one block.

A block of t results along an axis reads a window a little longer than one result does.
With the kernel written once per result of the block, shifted, as in a Toeplitz matrix,
a convolution of blocks has t times the output channels and 1/t of the places:

    result[t q + r] = sum over j of  source[(s t / a) q + first + j]  kernel'[j, r]
    kernel'[j, r]   = kernel[k]   where  s r + d k = a (first + j) + low, if such a k is

The matrix products get wider, fewer windows are copied, and a dilated source (a > 1),
whose results differ by their remainder, becomes undilated where t s is a multiple of a.
The price is the zeros of kernel'.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import materialised, pad_to
from jconv.geometry import Axis

if TYPE_CHECKING:
    from jax import Array


@dataclasses.dataclass(frozen=True)
class ResultsAsChannels:
    """Blocks of results along every axis.

    Attributes:
        whole: per axis the relation of source, kernel and results.
        sizes: per axis the results of a block.
    """

    whole: tuple[Axis, ...]
    sizes: tuple[int, ...]

    @functools.cached_property
    def axes(self) -> tuple[Axis, ...]:
        """Per axis the relation of source, kernel' and blocks."""
        return tuple(map(_block_axis, self.whole, self.sizes))

    @property
    def together(self) -> int:
        """Results of a block."""
        return math.prod(self.sizes)

    @property
    def divides(self) -> bool:
        """Whether no block holds results that do not exist."""
        return not any(
            axis.n_output % size
            for axis, size in zip(self.whole, self.sizes, strict=True)
        )

    @property
    def plain(self) -> bool:
        """Whether a block is one result."""
        return self.axes == self.whole

    def kernel(self, kernel: Array) -> Array:
        """(e, *K, c, m) -> (e, *K', c, t m)."""
        if self.plain:
            return kernel
        for a in reversed(range(len(self.sizes))):
            table = _tap_table(self.whole[a], self.sizes[a])
            kernel = jnp.take(kernel, table, axis=1 + a, mode="fill", fill_value=0)
        rank = len(self.sizes)
        taps, results = range(1, 2 * rank, 2), range(2, 2 * rank + 1, 2)
        order = [0, *taps, 2 * rank + 1, *results, 2 * rank + 2]
        kernel = lax.transpose(kernel, order)
        return materialised(lambda: kernel.reshape(*kernel.shape[: rank + 2], -1))

    def kernel_back(self, kernel: Array) -> Array:
        """The adjoint of ``kernel``."""
        if self.plain:
            return kernel
        rank = len(self.sizes)
        kernel = kernel.reshape(*kernel.shape[: rank + 2], *self.sizes, -1)
        order = [n for a in range(rank) for n in (1 + a, 2 + rank + a)]
        kernel = lax.transpose(kernel, [0, *order, 1 + rank, 2 + 2 * rank])
        for a, (axis, size) in enumerate(zip(self.whole, self.sizes, strict=True)):
            shape = kernel.shape
            flat = kernel.reshape(*shape[: 1 + a], -1, *shape[3 + a :])
            spots = _spot_table(axis, size)
            parts = jnp.take(flat, spots, axis=1 + a, mode="fill", fill_value=0)
            kernel = lax.reduce_sum(parts, [2 + a])
        return kernel

    def results(self, blocks: Array) -> Array:
        """(e, n, *Q, t m) -> (e, n, *R, m)."""
        if self.plain:
            return blocks
        rank, m = len(self.sizes), blocks.shape[-1] // self.together
        lead, places = blocks.shape[:2], blocks.shape[2:-1]
        blocks = blocks.reshape(*lead, *places, *self.sizes, m)
        order = [n for a in range(rank) for n in (2 + a, 2 + rank + a)]
        # With blocks along the last axis alone, results already lie in order.
        if self.together > self.sizes[-1]:
            moved = blocks
            blocks = materialised(
                lambda: lax.transpose(moved, [0, 1, *order, 2 + 2 * rank])
            )
        sizes = [q * t for q, t in zip(places, self.sizes, strict=True)]
        whole = blocks.reshape(*lead, *sizes, m)
        stop = [axis.n_output for axis in self.whole]
        return lax.slice(whole, [0] * whole.ndim, [*lead, *stop, m])

    def blocks(self, results: Array) -> Array:
        """The adjoint of ``results``."""
        if self.plain:
            return results
        rank, m, lead = len(self.sizes), results.shape[-1], results.shape[:2]
        places = [axis.n_output for axis in self.axes]
        config = [(0, 0)] * results.ndim
        for a, (q, t) in enumerate(zip(places, self.sizes, strict=True)):
            config[2 + a] = (0, q * t - results.shape[2 + a])
        results = pad_to(results, config)
        if self.together > self.sizes[-1]:
            split = [n for pair in zip(places, self.sizes, strict=True) for n in pair]
            order = [*range(2, 2 + 2 * rank, 2), *range(3, 2 + 2 * rank, 2)]
            cut = results.reshape(*lead, *split, m)
            results = materialised(
                lambda: lax.transpose(cut, [0, 1, *order, 2 + 2 * rank])
            )
        return results.reshape(*lead, *places, self.together * m)


def smallest_block(axis: Axis) -> int:
    """The results after which an axis with a dilated source repeats itself."""
    return axis.input_dilation // math.gcd(axis.input_dilation, axis.stride)


@functools.lru_cache(maxsize=4096)
def _block_axis(axis: Axis, size: int) -> Axis:
    """The relation of source, kernel' and blocks; asked for many times a call."""
    if size == 1 and axis.input_dilation == 1:
        return axis
    reads = _reads(axis, size)
    return Axis(
        n_input=axis.n_input,
        n_kernel=int(reads.max() - reads.min()) + 1 if reads.size else 0,
        n_output=-(-axis.n_output // size),
        # With fewer results than a block has there is one block, and no stride.
        stride=max(1, axis.stride * size // axis.input_dilation),
        low=-int(reads.min()) if reads.size else 0,
    )


def _positions(axis: Axis, size: int) -> tuple[np.ndarray, np.ndarray]:
    """For each (result of a block, tap): the source's index, and whether it has one."""
    r, k = np.ogrid[:size, : axis.n_kernel]
    spot = axis.stride * r + axis.kernel_dilation * k - axis.low
    return spot // axis.input_dilation, spot % axis.input_dilation == 0


def _reads(axis: Axis, size: int) -> np.ndarray:
    """All indices of the source that the first block reads, existing or not."""
    index, exists = _positions(axis, size)
    return index[exists]


def _tap_table(axis: Axis, size: int) -> np.ndarray:
    """(taps of kernel', results of a block): the kernel's tap, or n_kernel if none."""
    block = _block_axis(axis, size)
    if block == axis:
        return np.arange(axis.n_kernel)[:, None]
    index, exists = _positions(axis, size)
    table = np.full((block.n_kernel, size), axis.n_kernel)
    results, taps = np.nonzero(exists)
    table[index[exists] + block.low, results] = taps
    return table


def _spot_table(axis: Axis, size: int) -> np.ndarray:
    """(taps, results of a block): where in (taps of kernel', results) a tap stands."""
    table = _tap_table(axis, size)
    spots = np.full((axis.n_kernel, size), table.size)
    taps, results = np.nonzero(table < axis.n_kernel)
    spots[table[taps, results], results] = taps * size + results
    return spots
