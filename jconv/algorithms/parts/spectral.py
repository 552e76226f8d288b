"""What ``dft`` and ``fft`` share: blocks, transforms of them, products, and back.

    out = "output", "input":  result = back( source^  kernel^ )
    out = "kernel":           kernel = back( sum over blocks of  source^  other^ )

where ^ is a transform of each axis and the products contract channels, one frequency at
a time. The source is the operand whose windows are read (``windowed``).

Memory: the spectra of some examples at a time, so that they take at most ``tile_bytes``
or what one example takes, and the kernel's. What would hold more than
``MEMORY_MULTIPLE`` times the three arrays and a tile is refused.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any, Protocol

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.algorithms.costs import FLOAT_BYTES
from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.buffers import carried, entry_at, function
from jconv.algorithms.parts.remembered import remembered
from jconv.algorithms.parts.spectral_plans import SpectralPlan, ways
from jconv.algorithms.parts.turns import largest_divisor, stacked
from jconv.algorithms.protocol import array_shapes, result_shape
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes

TILE_BYTES = 2**24
"""Memory of the spectra of the examples worked on at once."""

MEMORY_MULTIPLE = 4
"""Times the memory of source, kernel and result that spectra may take."""

MARGIN = 1.2
"""What a prediction is multiplied by. It errs by so much, and in a tie an algorithm is
to win that is exact on integers."""


class Transforms(Protocol):
    """There and back; spectra are arrays of their owner's choice."""

    def source(self, array: Array) -> list[Array]:
        """Of (e, *batch, *S, g, s)."""

    def other(self, array: Array) -> list[Array]:
        """Of (e, *batch, *R, g, o)."""

    def kernel(self, array: Array) -> list[Array]:
        """Of (e, *K, s, g, o)."""

    def product(
        self, first: list[Array], second: list[Array], names: tuple[str, ...]
    ) -> list[Array]:
        """Frequency by frequency, of named spectra: first, second, result."""

    def result_back(self, spectra: list[Array]) -> Array:
        """To (e, n, *R, g, o)."""

    def kernel_back(self, spectra: list[Array]) -> Array:
        """To (e, *K, s, g, o)."""


@dataclasses.dataclass(frozen=True)
class Spectral:
    """Blocks, spectra, products; tests make blocks and tiles tiny.

    Attributes:
        block: results of a block along each axis; None for the cheapest.
        tile_bytes: memory of the spectra of the examples worked on at once.
        platform: whose costs decide among blocks (``accelerators.on``).
    """

    block: int | None = None
    tile_bytes: int = TILE_BYTES
    platform: str | None = "cpu"
    exact_on_integers: bool = False
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
        """What has no spectrum, and what would take too much memory."""
        if not jnp.issubdtype(dtype, jnp.inexact):
            return "sines and cosines are no integers"
        if not geometry.rank:
            return "without spatial axes there is nothing to transform"
        if any(not isinstance(n, int) for shape in shapes.values() for n in shape):
            return "it must know every size, also the batch's"
        arrays = (*shapes.values(), result_shape(geometry, shapes, out))
        if not all(math.prod(shape) for shape in arrays):
            return "an array is empty"
        plan = self._plan(geometry, shapes, out, platform)
        objection = self._objection(plan)
        if objection:
            return objection
        item = numerics.accumulation_dtype(dtype).itemsize
        needed = item * self._entries(plan)
        allowed = MEMORY_MULTIPLE * item * plan.entries + self.tile_bytes
        if needed > allowed:
            return f"spectra would take {needed:,} bytes, more than {allowed:,}"
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
        """The contraction, some examples after the other."""
        shapes = array_shapes(out, first, second)
        plan = self._plan(geometry, shapes, out, self.platform)
        arrays = {
            role: array.astype(accumulate)
            for role, array in zip(OPERANDS[out], (first, second), strict=True)
        }
        source = arrays[plan.view.source]
        transforms = self._transforms(
            plan, windowed.source_precision(precision, plan.view, out), accumulate
        )
        item = np.dtype(accumulate).itemsize
        fit = self.tile_bytes // max(1, item * self._entries(plan) // plan.n)
        size = largest_divisor(plan.n, fit)
        parts = functools.partial(_examples, plan=plan, size=size)
        if out == "kernel":
            names = ("source", "other", "kernel")
            other = parts(arrays[plan.view.other])

            def product(source: Array, other: Array) -> list[Array]:
                x, y = transforms.source(source), transforms.other(other)
                return transforms.product(x, y, names)

            spectra = _summed(product, (parts(source), other))
            return plan.turned(transforms.kernel_back(spectra))
        kernel = transforms.kernel(plan.turned(arrays["kernel"]))
        split = parts(source)

        def result(part: Array, kernel: list[Array]) -> Array:
            y = transforms.product(
                transforms.source(part), kernel, ("source", "kernel", "other")
            )
            return transforms.result_back(y)

        if len(split) == 1:
            joined = result(split[0], kernel)
        else:
            every, of_all = carried(split), [carried(each) for each in kernel]
            many = stacked(
                len(split),
                lambda n: result(entry_at(every(), n), [whole() for whole in of_all]),
            )
            joined = jnp.moveaxis(many, 0, 1)
        return joined.reshape(result_shape(geometry, shapes, out))

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """Transforms, products and copies of the cheapest blocks."""
        plan = self._plan(geometry, shapes, out, platform)
        item = numerics.accumulation_dtype(dtype).itemsize
        factor = item / 4 * (4 if jnp.issubdtype(dtype, jnp.complexfloating) else 1)
        return MARGIN * factor * self._seconds(plan, out, platform)

    def _room(self, plan: SpectralPlan) -> int:
        """Numbers of single precision that the spectra may hold."""
        return MEMORY_MULTIPLE * plan.entries + self.tile_bytes // FLOAT_BYTES

    @remembered
    def _plan(
        self, geometry: Geometry, shapes: Shapes, out: Role, platform: str | None
    ) -> SpectralPlan:
        """The view and the blocks that take the least time, of those with room."""

        def preference(plan: SpectralPlan) -> tuple[bool, float]:
            too_large = self._entries(plan) > self._room(plan)
            return too_large, self._seconds(plan, out, platform)

        return min(ways(geometry, shapes, out, self.block), key=preference)

    def _objection(self, plan: SpectralPlan) -> str | None:
        """Why it cannot transform these blocks."""
        raise NotImplementedError

    def _transforms(
        self, plan: SpectralPlan, precision: Precision, dtype: DTypeLike
    ) -> Transforms:
        """How blocks are transformed."""
        raise NotImplementedError

    def _seconds(self, plan: SpectralPlan, out: Role, platform: str | None) -> float:
        """Predicted for float32."""
        raise NotImplementedError

    def _entries(self, plan: SpectralPlan) -> int:
        """Numbers that the spectra of all examples hold."""
        raise NotImplementedError


def _examples(array: Array, plan: SpectralPlan, size: int) -> Array:
    """(e, *batch, ...) -> (parts, e, size, ...)."""
    spatial = array.shape[array.ndim - 2 - plan.rank :]
    parts = array.reshape(plan.e, plan.n // size, size, *spatial)
    return jnp.moveaxis(parts, 1, 0)


def _summed(
    product: Callable[[Array, Array], list[Array]], parts: tuple[Array, Array]
) -> list[Array]:
    """The sums of a function's arrays over parts."""
    if len(parts[0]) == 1:
        return product(parts[0][0], parts[1][0])
    compiled_once = function(product)
    first = compiled_once(parts[0][0], parts[1][0])
    every = [carried(each) for each in parts]

    def add(number: Any, total: list[Array]) -> list[Array]:
        more = compiled_once(*(entry_at(each(), number) for each in every))
        return [lax.add(a, b) for a, b in zip(total, more, strict=True)]

    return lax.fori_loop(1, len(parts[0]), add, first)
