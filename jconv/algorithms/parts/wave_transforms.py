"""The transforms of ``dft``: blocks to their waves, axis by axis, and back.

Every axis is one matrix product with a matrix of ``waves``, for which its entries are
brought to the front.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts.buffers import materialised
from jconv.algorithms.parts.contraction import contract
from jconv.algorithms.parts.waves import (
    alone,
    first,
    further,
    last,
    partners,
    period,
    waves,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jax import Array

    from jconv.algorithms.parts.spectral_plans import SpectralPlan
    from jconv.algorithms.protocol import Precision
    from jconv.geometry import Role


@dataclasses.dataclass(frozen=True)
class Waves:
    """Spectra: arrays (waves, then as ``SpectralPlan.labels`` says).

    There is one for the frequencies that have a partner along the first axis, another
    for those of the rest that have one along the second, and so on. On the way, an
    array (2, r, ...) holds r cosines and r sines, an array (r, ...) what has no sines.
    """

    plan: SpectralPlan
    precision: Precision

    def source(self, array: Array) -> list[Array]:
        """Of (e, *batch, *S, g, s)."""
        array = self.plan.merged(array, "source_padding")

        def parts(array: Array, a: int, ahead: int) -> Array:
            return self.plan.axes[a].source_parts(array, ahead + 2 + a)

        return self._units(self._there(array[None], "input", parts))

    def other(self, array: Array) -> list[Array]:
        """Of (e, *batch, *R, g, o)."""
        array = self.plan.merged(array, "result_padding")

        def parts(array: Array, a: int, ahead: int) -> Array:
            return self.plan.axes[a].result_parts(array, ahead + 2 + a)

        return self._units(self._there(array[None], "output", parts))

    def kernel(self, array: Array) -> list[Array]:
        """Of (e, *K, s, g, o)."""

        def taps(array: Array, _: int, ahead: int) -> Array:
            return jnp.moveaxis(array, ahead + 1, 0)

        return self._there(array[None], "kernel", taps)

    def product(
        self, first: list[Array], second: list[Array], names: tuple[str, ...]
    ) -> list[Array]:
        """One matrix product of channels for each wave."""
        a, b, result = (("r", *self.plan.labels(name)) for name in names)
        return [
            contract(
                one,
                a,
                other,
                b,
                result,
                precision=self.precision,
                accumulate=one.dtype,
            )
            for one, other in zip(first, second, strict=True)
        ]

    def result_back(self, spectra: list[Array]) -> Array:
        """To (e, n, *R, g, o)."""
        plan = self.plan
        counts = [axis.count for axis in plan.axes]

        def joined(array: Array, a: int, ahead: int) -> Array:
            # (R_a, ahead ..., e, n, b_0 ... b_a, R_(a+1) ..., g, o)
            dim = ahead + 2 + a
            order = [*range(1, dim + 2), 0, *range(dim + 2, array.ndim)]
            moved = lax.transpose(array, order)
            moved = materialised(lambda: lax.collapse(moved, dim, dim + 2))
            return lax.slice_in_dim(moved, 0, plan.axes[a].whole.n_output, axis=dim)

        split = [
            each.reshape(*each.shape[:2], -1, *counts, *each.shape[3:])
            for each in spectra
        ]
        return self._back(iter(split), "output", joined)[0]

    def kernel_back(self, spectra: list[Array]) -> Array:
        """To (e, *K, s, g, o)."""

        def joined(array: Array, _: int, ahead: int) -> Array:
            return jnp.moveaxis(array, 0, ahead + 1)

        return self._back(iter(spectra), "kernel", joined)[0]

    def _units(self, spectra: list[Array]) -> list[Array]:
        """(waves, e, n, *b, g, s) -> (waves, e, u, g, s)."""
        return [lax.collapse(each, 2, 3 + self.plan.rank) for each in spectra]

    def _there(
        self,
        array: Array,
        role: Role,
        cut: Callable[[Array, int, int], Array],
        a: int = 0,
        *,
        paired: bool = False,
    ) -> list[Array]:
        """The spectra of an array of which axes up to ``a`` are transformed.

        ``cut`` brings the entries of an axis to the front, given how many dimensions
        are ahead of the array's own.
        """
        entries = cut(array, a, 1 + paired)
        flat = lax.collapse(entries, 0, 1 + paired)
        waves_here = _times(self._matrix(role, a, paired=paired), flat)
        if a == self.plan.rank - 1:
            return [lax.collapse(waves_here, 0, 2)]
        pairs, single = self._divided(a, paired=paired)
        spectra = []
        if pairs:
            both = lax.slice_in_dim(waves_here, 0, 2 * pairs)
            both = both.reshape(2, -1, *both.shape[2:])
            spectra += self._there(both, role, cut, a + 1, paired=True)
        if single:
            rest = lax.slice_in_dim(waves_here, 2 * pairs, 2 * pairs + single)
            spectra += self._there(lax.collapse(rest, 0, 2), role, cut, a + 1)
        return spectra

    def _back(
        self,
        spectra: Iterator[Array],
        role: Role,
        joined: Callable[[Array, int, int], Array],
        a: int = 0,
        *,
        paired: bool = False,
    ) -> Array:
        """The adjoint of ``_there``, of the spectra in their order.

        ``joined`` brings an axis from the front to its place.
        """
        matrix = self._matrix(role, a, paired=paired)
        if a == self.plan.rank - 1:
            spectrum = next(spectra)
            flat = spectrum.reshape(len(matrix), -1, *spectrum.shape[1:])
        else:
            pairs, single = self._divided(a, paired=paired)
            found = []
            if pairs:
                both = self._back(spectra, role, joined, a + 1, paired=True)
                found.append(both.reshape(2 * pairs, -1, *both.shape[2:]))
            if single:
                rest = self._back(spectra, role, joined, a + 1)
                found.append(rest.reshape(single, -1, *rest.shape[1:]))
            flat = found[0] if len(found) == 1 else lax.concatenate(found, 0)
        array = _times(matrix.T, flat)
        if paired:
            array = array.reshape(-1, 2, *array.shape[1:])
        return joined(array, a, 1 + paired)

    def _divided(self, a: int, *, paired: bool) -> tuple[int, int]:
        """(pairs, single ones) of an axis' frequencies that is not the last."""
        n = period(self.plan.axes[a].block)
        return (n, 0) if paired else (partners(n), alone(n))

    def _matrix(self, role: Role, a: int, *, paired: bool) -> np.ndarray:
        """(rows of all waves, columns of what ``cut`` brings to the front)."""
        block, final = self.plan.axes[a].block, a == self.plan.rank - 1
        if paired:
            matrix = (last if final else further)(block, role)
        else:
            matrix = (waves if final else first)(block, role)
        if role == "kernel" and self.plan.view.flip[a]:
            matrix = matrix[:, ::-1]
        return matrix.reshape(len(matrix), -1)


def _times(matrix: np.ndarray, array: Array) -> Array:
    """A matrix times the first dimension.

    With all the digits that there are: what is lost here is lost everywhere.
    """
    return lax.dot_general(
        jnp.asarray(matrix, array.dtype),
        array,
        (([1], [0]), ([], [])),
        precision=lax.Precision.HIGHEST,
        preferred_element_type=array.dtype,
    )
