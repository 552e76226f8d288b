"""A dilated axis as two, so that its windows are made of neighbours.

With a kernel dilation d, a result reads entries of one remainder modulo d only, and
those of every remainder are a dense convolution by themselves:

    position p = d q + r:   result[q, r] = sum over k of  source[q + k, r]  kernel[k]

So along q windows are dense, and along r there are as many independent ones. In memory
an array whose length d divides has both axes already: nothing is moved but to pad it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jax import lax

from jconv.algorithms.parts.buffers import pad_to
from jconv.geometry import Axis

if TYPE_CHECKING:
    from jax import Array

    from jconv.geometry import Role


def remainders(axis: Axis) -> int:
    """How many dense convolutions an axis holds; one tap is dense at any dilation."""
    return axis.kernel_dilation if axis.n_kernel > 1 else 1


@dataclasses.dataclass(frozen=True)
class Undilated:
    """Arrays of a relation without strides, with dilated axes as two.

    Attributes:
        axes: the relation of source ("input"), kernel and result ("output") per axis.

    Examples:
        >>> both = Undilated((Axis(9, 3, 5, kernel_dilation=2), Axis(4, 2, 3)))
        >>> [(axis.n_input, axis.n_kernel, axis.n_output) for axis in both.apart]
        [(5, 3, 3), (2, 1, 2), (4, 2, 3)]
    """

    axes: tuple[Axis, ...]

    @property
    def apart(self) -> tuple[Axis, ...]:
        """The relation per axis, where every dilated one has become two."""
        found: list[Axis] = []
        for axis in self.axes:
            d = remainders(axis)
            if d == 1:
                found.append(dataclasses.replace(axis, kernel_dilation=1))
                continue
            results = -(-axis.n_output // d)
            found.append(Axis(results + axis.n_kernel - 1, axis.n_kernel, results))
            found.append(Axis(d, 1, d))
        return tuple(found)

    def source(self, source: Array) -> Array:
        """(e, n, *S, c) with its axes apart; those that are stay unpadded."""
        return self._parted(source, "input")

    def other(self, other: Array) -> Array:
        """(e, n, *R, m) with its axes apart, where there is no result a zero."""
        return self._parted(other, "output")

    def result(self, result: Array) -> Array:
        """The inverse of ``other``."""
        joined = self._joined("output")
        whole = lax.reshape(result, (*result.shape[:2], *joined, result.shape[-1]))
        stop = [axis.n_output for axis in self.axes]
        limit = [*whole.shape[:2], *stop, whole.shape[-1]]
        return lax.slice(whole, [0] * whole.ndim, limit)

    def kernel(self, kernel: Array) -> Array:
        """(e, *K, c, m) with one tap along the second of two axes."""
        window = [axis.n_kernel for axis in self.apart]
        return lax.reshape(kernel, (kernel.shape[0], *window, *kernel.shape[-2:]))

    def kernel_back(self, kernel: Array) -> Array:
        """The inverse of ``kernel``."""
        window = [axis.n_kernel for axis in self.axes]
        return lax.reshape(kernel, (kernel.shape[0], *window, *kernel.shape[-2:]))

    def _parted(self, array: Array, role: Role) -> Array:
        """An array, padded along dilated axes to what d divides, and cut there."""
        config, sizes = [(0, 0)] * array.ndim, []
        joined = self._joined(role)
        for n, (axis, length) in enumerate(zip(self.axes, joined, strict=True)):
            d = remainders(axis)
            if d == 1:
                sizes.append(array.shape[2 + n])
                continue
            low = axis.low if role == "input" else 0
            config[2 + n] = (low, length - array.shape[2 + n] - low)
            sizes += [length // d, d]
        padded = pad_to(array, config)
        return lax.reshape(padded, (*array.shape[:2], *sizes, array.shape[-1]))

    def _joined(self, role: Role) -> list[int]:
        """Lengths per axis, of both axes of a dilated one together."""
        apart, found = iter(self.apart), []
        for axis in self.axes:
            length = next(apart).size(role)
            if remainders(axis) > 1:
                length *= next(apart).n_output
            found.append(length)
        return found
