"""Transforms of long blocks by the fast Fourier transform.

As ``dft`` does, but in n log n operations for a block of n: for kernels of hundreds of
taps and more. Transforms want an axis that lies together, so that channels and places
change places before and after; that, not arithmetic, is most of the work.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms import costs
from jconv.algorithms.accelerators import TRANSFORMS_SECONDS, is_accelerator
from jconv.algorithms.accuracy import fft_bound
from jconv.algorithms.parts.buffers import pad
from jconv.algorithms.parts.contraction import contract
from jconv.algorithms.parts.spectral import Spectral
from jconv.algorithms.parts.spectral_plans import SpectralPlan, product_seconds
from jconv.algorithms.parts.waves import period
from jconv.geometry import ROLES

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes
    from jconv.geometry import Axis, Geometry, Role

MAX_RANK = 3
"""Axes that one transform takes."""

ENTRIES_PER_SECOND = 6e8
"""Of a transform of float32 on a CPU with its copies, the slower way back included."""

START_SECONDS = 1e-4
"""What the shortest transforms take."""


@dataclasses.dataclass(frozen=True)
class Fft(Spectral):
    """Fast Fourier transforms of blocks."""

    name: str = "fft"

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """Of two transforms, products, and a transform back."""
        plan = self._plan(geometry, shapes, out, self.platform)
        terms = plan.terms(out)
        return fft_bound(plan.axes, lengths(plan), plan.computed(out), terms, dtype)

    def _objection(self, plan: SpectralPlan) -> str | None:
        """More axes than a transform takes."""
        if plan.rank > MAX_RANK:
            return f"it transforms at most {MAX_RANK} axes, not {plan.rank}"
        return None

    def _transforms(
        self, plan: SpectralPlan, precision: Precision, dtype: DTypeLike
    ) -> Frequencies:
        return Frequencies(plan, precision, dtype)

    def _entries(self, plan: SpectralPlan) -> int:
        s, o = plan.channels
        arrays = plan.e * plan.groups * (plan.blocks * (s + o) + s * o)
        return math.prod(lengths(plan)) * arrays

    def _seconds(self, plan: SpectralPlan, out: Role, platform: str | None) -> float:
        entries = self._entries(plan)
        rows = math.prod(lengths(plan)) // 2 + 1
        multiply = 3 * product_seconds(plan, rows, out, platform)
        if not is_accelerator(platform):
            copies = 1 if plan.depthwise else plan.rank
            seconds = copies * entries / ENTRIES_PER_SECOND
            return START_SECONDS + seconds + multiply
        moved = costs.copy_seconds(40.0 * entries, 4.0 * rows, platform)
        return TRANSFORMS_SECONDS + moved + multiply


@dataclasses.dataclass(frozen=True)
class Frequencies:
    """Spectra (as ``SpectralPlan.labels``, then one dimension of frequencies per axis).

    Transforms of real arrays hold the frequencies that the others follow from.
    """

    plan: SpectralPlan
    precision: Precision
    dtype: Any

    def source(self, array: Array) -> list[Array]:
        """Of (e, *batch, *S, g, s)."""
        array = self.plan.merged(array, "source_padding")
        for a, axis in enumerate(self.plan.axes):
            array = axis.source_parts(array, 2 * a + 2)
        return [self._transformed(self._units(array), "input")]

    def other(self, array: Array) -> list[Array]:
        """Of (e, *batch, *R, g, o)."""
        array = self.plan.merged(array, "result_padding")
        for a, axis in enumerate(self.plan.axes):
            array = axis.result_parts(array, 2 * a + 2)
        return [self._transformed(self._units(array), "output")]

    def kernel(self, array: Array) -> list[Array]:
        """Of (e, *K, s, g, o)."""
        rank = self.plan.rank
        array = lax.rev(array, self._flipped(1))
        array = jnp.moveaxis(array, range(1, 1 + rank), range(-rank, 0))
        return [self._transformed(array, "kernel")]

    def product(
        self, first: list[Array], second: list[Array], names: tuple[str, ...]
    ) -> list[Array]:
        """One complex matrix product of channels for each frequency.

        Three real ones make a complex one: of (a + bi)(c + di) the real part is
        ac - bd, and the imaginary one (a + b)(c + d) - ac - bd.
        """
        rank = self.plan.rank
        rows = tuple(f"f{a}" for a in range(rank))
        labels = [self.plan.labels(name) for name in names]
        (one,), (another,) = first, second
        if self.plan.depthwise:
            together = [(*each, *rows) for each in labels]
            return [self._contract(one, another, together)]
        order = [*range(4, 4 + rank), *range(4)]
        back = [*range(rank, 4 + rank), *range(rank)]
        labels = [(*rows, *each) for each in labels]
        one, another = (lax.transpose(each, order) for each in (one, another))
        a, b = lax.real(one), lax.imag(one)
        c, d = lax.real(another), lax.imag(another)
        ac, bd = self._contract(a, c, labels), self._contract(b, d, labels)
        both = self._contract(a + b, c + d, labels)
        real, imaginary = ac - bd, both - ac - bd
        return [lax.complex(lax.transpose(real, back), lax.transpose(imaginary, back))]

    def result_back(self, spectra: list[Array]) -> Array:
        """To (e, n, *R, g, o)."""
        plan, rank = self.plan, self.plan.rank
        array = self._sampled(spectra[0], "output")
        e, _, g, o, *sizes = array.shape
        counts = [axis.count for axis in plan.axes]
        array = array.reshape(e, -1, *counts, g, o, *sizes)
        pairs = [d for a in range(rank) for d in (2 + a, 4 + rank + a)]
        array = lax.transpose(array, [0, 1, *pairs, 2 + rank, 3 + rank])
        whole = [axis.count * axis.size for axis in plan.axes]
        array = array.reshape(*array.shape[:2], *whole, g, o)
        places = [axis.whole.n_output for axis in plan.axes]
        limits = [*array.shape[:2], *places, g, o]
        return lax.slice(array, [0] * array.ndim, limits)

    def kernel_back(self, spectra: list[Array]) -> Array:
        """To (e, *K, s, g, o)."""
        rank = self.plan.rank
        array = self._sampled(spectra[0], "kernel")
        array = jnp.moveaxis(array, range(-rank, 0), range(1, 1 + rank))
        return lax.rev(array, self._flipped(1))

    @property
    def _complex(self) -> bool:
        return jnp.issubdtype(self.dtype, jnp.complexfloating)

    def _flipped(self, first: int) -> list[int]:
        """Dimensions along which the kernel stands reversed."""
        return [first + a for a, flip in enumerate(self.plan.view.flip) if flip]

    def _contract(
        self, first: Array, second: Array, labels: list[tuple[str, ...]]
    ) -> Array:
        a, b, result = labels
        return contract(
            first,
            a,
            second,
            b,
            result,
            precision=self.precision,
            accumulate=first.dtype,
        )

    def _units(self, array: Array) -> Array:
        """(L_last ... L_0, e, n, *b, g, s) -> (e, u, g, s, L_0 ... L_last)."""
        rank = self.plan.rank
        order = [*range(rank, array.ndim), *reversed(range(rank))]
        return lax.collapse(lax.transpose(array, order), 1, 2 + rank)

    def _transformed(self, array: Array, role: Role) -> Array:
        """Entries at their places on the grid, zeros between and behind, transformed.

        Of the kernel, or of the other array, the conjugate frequencies: the product is
        a correlation.
        """
        config = [(0, 0, 0)] * 4
        n = lengths(self.plan)
        for axis, room, size in zip(self.plan.axes, n, array.shape[4:], strict=True):
            step = abs(axis.block.coefficient(role))
            config.append((0, room - step * (size - 1) - 1, step - 1))
        array = pad(array, np.zeros((), array.dtype), config)
        if not self._complex:
            spectrum = lax.fft(array, "RFFT", n)
            return spectrum if role == "input" else lax.conj(spectrum)
        if role == "input":
            return lax.fft(array, "FFT", n)
        return lax.fft(array, "IFFT", n) * math.prod(n)

    def _sampled(self, spectrum: Array, role: Role) -> Array:
        """Back, and only the places ``coefficient * index - low`` of each axis."""
        n = lengths(self.plan)
        array = lax.fft(spectrum, "IFFT" if self._complex else "IRFFT", n)
        for a, axis in enumerate(self.plan.axes):
            step = axis.block.coefficient(role)
            runs = _runs(axis.block.size(role), step, -axis.block.low, n[a])
            dim = array.ndim - self.plan.rank + a
            array = lax.concatenate(
                [lax.slice_in_dim(array, *run, step, dim) for run in runs], dim
            )
        return array


def lengths(plan: SpectralPlan) -> tuple[int, ...]:
    """Of transforms: fast ones, in which no block meets itself; the last is even."""
    short = [max(period(axis.block), _longest(axis.block)) for axis in plan.axes]
    return (*map(fast_length, short[:-1]), 2 * fast_length(-(-short[-1] // 2)))


def _longest(axis: Axis) -> int:
    """Places on the grid that the longest of the three arrays takes."""
    return max(abs(axis.coefficient(r)) * (axis.size(r) - 1) + 1 for r in ROLES)


def fast_length(n: int) -> int:
    """The smallest number from n on without a prime factor above 5.

    Examples:
        >>> [fast_length(n) for n in (1, 7, 59, 1025)]
        [1, 8, 60, 1080]
    """
    while _rest(n) > 1:
        n += 1
    return n


def _rest(n: int) -> int:
    """What is left of n without its factors 2, 3 and 5."""
    for prime in (2, 3, 5):
        while n % prime == 0:
            n //= prime
    return n


def _runs(size: int, step: int, start: int, n: int) -> list[tuple[int, int]]:
    """(start, stop) of the slices that read ``start + step * j`` modulo n, in order.

    Examples:
        >>> _runs(5, 2, -3, 20)
        [(17, 20), (1, 6)]
    """
    spots = [(start + step * j) % n for j in range(size)]
    breaks = [j for j in range(1, size) if spots[j] < spots[j - 1]]
    edges = [0, *breaks, size]
    return [(spots[a], spots[b - 1] + 1) for a, b in itertools.pairwise(edges)]


FFT = Fft()
