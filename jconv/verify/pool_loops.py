"""Pools written out in NumPy, window by window, for claims and tests to compare with.

Nothing here is shared with the product, not even shape arithmetic: a window is a list
of the positions that it holds, found one by one.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Index = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class PoolLoop:
    """A pool of x (n, *spatial, c), every argument one entry per spatial axis.

    Examples:
        >>> PoolLoop((3,), (2,), (1,)).held((1,))
        [(1,), (2,)]
    """

    spatial: Index
    window: Index
    stride: Index
    padding: tuple[tuple[int, int], ...] = ()
    dilation: Index = ()
    ceil_mode: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Keywords of jconv's pools, ``window`` excepted."""
        return {
            "stride": self.stride,
            "padding": self._padding,
            "dilation": self._dilation,
            "ceil_mode": self.ceil_mode,
        }

    @property
    def _padding(self) -> tuple[tuple[int, int], ...]:
        """The padding, by default none."""
        return self.padding or ((0, 0),) * len(self.spatial)

    @property
    def _dilation(self) -> Index:
        """The dilation, by default 1."""
        return self.dilation or (1,) * len(self.spatial)

    def outputs(self) -> list[list[int]]:
        """The windows along each axis: as long as one more fits."""
        found = []
        for a, (low, high) in enumerate(self._padding):
            room, windows = self.spatial[a] + low + high, []
            for o in range(room + self.window[a]):
                start = self.stride[a] * o
                stop = start + self._dilation[a] * (self.window[a] - 1) + 1
                late = stop - room  # how far the window reaches out
                begins = start < self.spatial[a] + low
                if late <= 0 or (self.ceil_mode and late < self.stride[a] and begins):
                    windows.append(o)
            found.append(windows)
        return found

    @property
    def output_shape(self) -> Index:
        """How many windows there are."""
        return tuple(map(len, self.outputs()))

    def held(self, o: Index) -> list[Index]:
        """The positions that window o holds, row by row; padding is left out."""
        return self._covered(o, beyond=0)

    def count(self, o: Index, *, count_padding: bool) -> int:
        """How many positions a mean over window o divides by."""
        return len(self._covered(o, beyond=count_padding))

    def _covered(self, o: Index, *, beyond: int) -> list[Index]:
        """Positions of window o within the input and, if wanted, its padding."""
        axes = []
        for a, (low, high) in enumerate(self._padding):
            spots = [
                self.stride[a] * o[a] + self._dilation[a] * k - low
                for k in range(self.window[a])
            ]
            first, last = -low * beyond, self.spatial[a] + high * beyond
            axes.append([i for i in spots if first <= i < last])
        return list(itertools.product(*axes))

    def forward(self, x: Array, merge: Any, empty: float) -> Array:
        """``merge`` of what each window holds, channel by channel."""
        y = np.full((x.shape[0], *self.output_shape, x.shape[-1]), empty, x.dtype)
        for o in np.ndindex(*self.output_shape):
            spots = self.held(o)
            if spots:
                values = [np.moveaxis(x, 0, -2)[i] for i in spots]
                np.moveaxis(y, 0, -2)[o] = merge(np.stack(values))
        return y

    def backward(self, x: Array, dy: Array, share: Any) -> Array:
        """Each window gives ``share(values, o)`` times its cotangent to what it holds.

        Args:
            x: the input.
            dy: one cotangent per window.
            share: from the values of one window and channel, and the window, to one
                weight per value.
        """
        dx = np.zeros(x.shape, np.result_type(dy, float))
        for o in np.ndindex(*self.output_shape):
            spots = self.held(o)
            for n, c in np.ndindex(x.shape[0], x.shape[-1]):
                values = [x[n, *i, c] for i in spots]
                for i, part in zip(spots, share(values, o), strict=True):
                    dx[n, *i, c] += part * dy[n, *o, c]
        return dx


def winners(values: list[float], ties: str) -> list[float]:
    """Which of a window's values receive the cotangent of their maximum.

    Examples:
        >>> [winners([1, 3, 3], ties) for ties in ("first", "all", "split")]
        [[0, 1, 0], [0, 1, 1], [0.0, 0.5, 0.5]]
    """
    lost = any(map(math.isnan, values))
    wins = [int(math.isnan(v) if lost else v == max(values)) for v in values]
    if ties == "first":
        return [int(win and not any(wins[:n])) for n, win in enumerate(wins)]
    return [win / sum(wins) for win in wins] if ties == "split" else list(wins)
