"""Transforms of short blocks as matrix products (``waves``).

The source is cut into blocks that overlap by the kernel's reach, so that every block of
results has a part of the source of its own (``spectral``). All arithmetic is real, and
nearly all of it is in matrix products with long rows, which is what a processor does
best; about 3 n / 2 products of channels for a part of n, in place of one for every tap
of every result.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from typing import TYPE_CHECKING

import jax.numpy as jnp
from jax import lax

from jconv.algorithms import costs
from jconv.algorithms.accelerators import TRANSFORMS_SECONDS, is_accelerator
from jconv.algorithms.accuracy import waves_bound
from jconv.algorithms.parts.blocked import Blocked, product_seconds
from jconv.algorithms.parts.contraction import contract
from jconv.algorithms.parts.spectral import Spectral
from jconv.algorithms.parts.waves import period, wave_count, waves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes
    from jconv.geometry import Geometry, Role

MAX_PERIOD = 512
"""Of a block; the matrices are constants of the program, their size its square."""

COPIES = 8
"""Times an array is copied for each further axis."""


@dataclasses.dataclass(frozen=True)
class Dft(Spectral):
    """Discrete Fourier transforms as products with matrices."""

    name: str = "dft"

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """Of three changes of basis."""
        plan = self._plan(geometry, shapes, out, "cpu")
        return waves_bound(plan.axes, plan.computed(out), plan.terms(out), dtype)

    def _objection(self, plan: Blocked) -> str | None:
        """A block that would need large matrices."""
        longest = max(period(axis.block) for axis in plan.axes)
        if longest > MAX_PERIOD:
            return f"a block's period would be {longest}, more than {MAX_PERIOD}"
        return None

    def _transforms(
        self,
        plan: Blocked,
        precision: Precision,
        dtype: DTypeLike,  # noqa: ARG002
    ) -> Waves:
        return Waves(plan, precision)

    def _entries(self, plan: Blocked) -> int:
        rows = math.prod(wave_count(axis.block) for axis in plan.axes)
        s, o = plan.channels
        return rows * plan.e * plan.groups * (plan.blocks * (s + o) + s * o)

    def _seconds(self, plan: Blocked, out: Role, platform: str | None) -> float:
        if max(period(axis.block) for axis in plan.axes) > MAX_PERIOD:
            return math.inf
        s, o = (plan.e * plan.groups * channels for channels in plan.channels)
        blocks = [axis.block for axis in plan.axes]
        counts = [axis.count for axis in plan.axes]
        ones = [1] * plan.rank
        kernel = s * plan.channels[1]
        seconds = (
            _change(plan, plan.n * s, [b.n_input for b in blocks], counts, platform)
            + _change(plan, plan.n * o, [b.n_output for b in blocks], counts, platform)
            + _change(plan, kernel, [b.n_kernel for b in blocks], ones, platform)
        )
        if is_accelerator(platform):
            seconds += TRANSFORMS_SECONDS
        rows = math.prod(wave_count(block) for block in blocks)
        return seconds + product_seconds(plan, rows, out, platform)


@dataclasses.dataclass(frozen=True)
class Waves:
    """Spectra (r_last, ..., r_0, then as ``Blocked.labels`` says)."""

    plan: Blocked
    precision: Precision

    def source(self, array: Array) -> Array:
        """Of (e, *batch, *S, g, s)."""
        array = self.plan.merged(array, "source_padding")
        for a, axis in enumerate(self.plan.axes):
            # (r_(a-1) ... r_0, e, n, b_0 ... b_(a-1), S_a, S_(a+1) ..., g, s)
            array = axis.source_parts(array, 2 * a + 2)
            array = self._changed(array, 0, "input", a)
        return self._units(array)

    def other(self, array: Array) -> Array:
        """Of (e, *batch, *R, g, o)."""
        array = self.plan.merged(array, "result_padding")
        for a, axis in enumerate(self.plan.axes):
            array = axis.result_parts(array, 2 * a + 2)
            array = self._changed(array, 0, "output", a)
        return self._units(array)

    def kernel(self, array: Array) -> Array:
        """Of (e, *K, c, g, m)."""
        for a in range(self.plan.rank):
            array = self._changed(array, a + 1, "kernel", a)
        return array

    def product(self, first: Array, second: Array, names: tuple[str, ...]) -> Array:
        """One matrix product of channels for each wave."""
        rows = tuple(f"r{a}" for a in reversed(range(self.plan.rank)))
        a, b, result = ((*rows, *self.plan.labels(name)) for name in names)
        return contract(
            first,
            a,
            second,
            b,
            result,
            precision=self.precision,
            accumulate=first.dtype,
        )

    def result_back(self, spectrum: Array) -> Array:
        """To (e, n, *R, g, o)."""
        plan, rank = self.plan, self.plan.rank
        *rows, e, _, g, o = spectrum.shape
        counts = [axis.count for axis in plan.axes]
        array = spectrum.reshape(*rows, e, -1, *counts, g, o)
        for a in reversed(range(rank)):
            # (r_a ... r_0, e, n, b_0 ... b_a, R_(a+1) ..., g, o)
            array = self._changed(array, 0, "output", a, back=True)
            array = jnp.moveaxis(array, 0, 2 * a + 3)
            array = lax.collapse(array, 2 * a + 2, 2 * a + 4)
            places = plan.axes[a].whole.n_output
            array = lax.slice_in_dim(array, 0, places, axis=2 * a + 2)
        return array

    def kernel_back(self, spectrum: Array) -> Array:
        """To (e, *K, c, g, m)."""
        for a in reversed(range(self.plan.rank)):
            spectrum = self._changed(spectrum, 0, "kernel", a, back=True)
            spectrum = jnp.moveaxis(spectrum, 0, a + 1)
        return spectrum

    def _units(self, array: Array) -> Array:
        """(*rows, e, n, *b, g, s) -> (*rows, e, u, g, s)."""
        rank = self.plan.rank
        return lax.collapse(array, rank + 1, 2 * rank + 2)

    def _changed(
        self, array: Array, dim: int, role: Role, a: int, *, back: bool = False
    ) -> Array:
        """Multiply one dimension by a matrix; what comes of it stands in front.

        With all the digits that there are: what is lost here is lost everywhere.
        """
        matrix = waves(self.plan.axes[a].block, role)
        if role == "kernel" and self.plan.view.flip[a]:
            matrix = matrix[:, ::-1]
        return lax.dot_general(
            jnp.asarray(matrix.T if back else matrix, array.dtype),
            array,
            (([1], [dim]), ([], [])),
            precision=lax.Precision.HIGHEST,
            preferred_element_type=array.dtype,
        )


def _change(
    plan: Blocked,
    width: int,
    lengths: Sequence[int],
    counts: Sequence[int],
    platform: str | None,
) -> float:
    """Seconds of the products and copies that transform ``width`` arrays.

    Going back takes the same products in the opposite order.
    """
    seconds, rows, done = 0.0, 1, 1
    for a, length in enumerate(lengths):
        done *= counts[a]
        ahead = math.prod(map(operator.mul, lengths[a + 1 :], counts[a + 1 :]))
        columns = rows * width * done * ahead
        waves_here = wave_count(plan.axes[a].block)
        seconds += costs.gemm_seconds(1, waves_here, length, columns, platform)
        copies = COPIES if a else 1  # rows come between what lies together
        n_bytes = 4.0 * copies * length * columns
        seconds += costs.copy_seconds(n_bytes, 4 * width, platform)
        rows *= waves_here
    return seconds


DFT = Dft()
