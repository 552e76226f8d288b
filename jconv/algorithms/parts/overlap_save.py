"""Results cut into blocks along each axis, each with the part of the source it reads.

The parts overlap by the kernel's reach (overlap-save), so that every block is a small
convolution of its own.

References:
    A. V. Oppenheim and R. W. Schafer, "Discrete-time signal processing", 3rd ed.,
    Pearson, 2010, section 8.7.3.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import materialised, rows_from
from jconv.algorithms.parts.results_as_channels import smallest_block

if TYPE_CHECKING:
    from jax import Array

    from jconv.geometry import Axis


@dataclasses.dataclass(frozen=True)
class OverlapSaveAxis:
    """One axis of windows (``windowed``), its results in blocks of one size.

    Attributes:
        whole: the relation of source ("input"), kernel and results ("output").
        size: results of a block; the last block may reach past the end.
    """

    whole: Axis
    size: int

    @classmethod
    def near(cls, whole: Axis, size: int) -> OverlapSaveAxis:
        """Blocks of about a size: one that fits a dilated source, and is not ragged."""
        if size >= whole.n_output:
            return cls(whole, whole.n_output)
        unit = smallest_block(whole)
        count = -(-whole.n_output // max(1, size))
        even = -(-whole.n_output // count)
        return cls(whole, min(whole.n_output, -(-even // unit) * unit))

    @functools.cached_property
    def count(self) -> int:
        """The number of blocks."""
        return -(-self.whole.n_output // self.size)

    @functools.cached_property
    def block(self) -> Axis:
        """The relation of one block; a lone block reads the source as it is."""
        whole = self.whole
        if self.count == 1:
            return whole
        low = whole.low + whole.input_dilation * self._first
        reached = whole.stride * (self.size - 1) + whole.reach - low
        entries = max(0, reached // whole.input_dilation + 1)
        changes = {"n_input": entries, "n_output": self.size, "low": low}
        return dataclasses.replace(whole, **changes)

    @property
    def _first(self) -> int:
        """The first entry of the source that the first block reads, existing or not."""
        return -(self.whole.low // self.whole.input_dilation)

    @property
    def step(self) -> int:
        """From one block's part of the source to the next one's."""
        return self.whole.stride * self.size // self.whole.input_dilation

    @property
    def overlap(self) -> int:
        """In how many parts an entry of the source may lie."""
        return 1 if self.count == 1 else -(-self.block.n_input // max(1, self.step))

    @property
    def source_padding(self) -> tuple[int, int]:
        """What the source lacks for every block's part to lie inside."""
        if self.count == 1:
            return 0, 0
        reached = self._first + (self.count - 1) * self.step + self.block.n_input
        return -self._first, reached - self.whole.n_input

    @property
    def result_padding(self) -> tuple[int, int]:
        """What results lack for the last block to be full."""
        return 0, self.count * self.size - self.whole.n_output

    def source_parts(self, source: Array, dim: int) -> Array:
        """Of a padded source: (..., S, ...) -> (part, ..., blocks, ...)."""
        return _parts(source, dim, self.count, self.block.n_input, self.step)

    def result_parts(self, results: Array, dim: int) -> Array:
        """Of padded results: (..., R, ...) -> (block, ..., blocks, ...)."""
        return _parts(results, dim, self.count, self.size, self.size)


def _parts(array: Array, dim: int, count: int, length: int, step: int) -> Array:
    """Runs of a dimension, the position in the run first: rows that lie together."""
    lead, (size, *tail) = array.shape[:dim], array.shape[dim:]
    if count == 1:
        front = lax.transpose(array, [dim, *(d for d in range(array.ndim) if d != dim)])
        return front.reshape(length, *lead, 1, *tail)
    rows, columns = math.prod(lead), math.prod(tail)
    table = array.reshape(rows * size, columns)
    spots = (
        np.arange(length)[:, None, None]
        + np.arange(rows)[:, None] * size
        + np.arange(count) * step
    )
    starts = np.stack([spots, np.zeros_like(spots)], -1).astype(np.int32)
    copied = materialised(lambda: rows_from(table, jnp.asarray(starts), columns))
    return copied.reshape(length, *lead, count, *tail)
