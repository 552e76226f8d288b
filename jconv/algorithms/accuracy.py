"""Error bounds of transforms, and how inexact a choice may be.

A transform mixes all entries of a block, so its error is *normwise*: an entry is off by

    |computed - exact|  <=  B  ||first||  ||second||

with the Frobenius norms of the two whole operands, however small the entry itself is,
barring overflow and underflow. A direct sum's is componentwise (``numerics``): next to
a large entry a small one keeps its digits. This holds of the algorithms that are not
``exact_on_integers``.

References:
    N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., SIAM, 2002,
    lemma 3.5 and chapter 24.
    J. C. Schatzman, "Accuracy of the discrete Fourier transform and the fast Fourier
    transform", https://doi.org/10.1137/S1064827593247023, 1996.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from jconv import numerics
from jconv.algorithms.parts.waves import period, wave_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax.typing import DTypeLike

    from jconv.algorithms.parts.overlap_save import OverlapSaveAxis
    from jconv.algorithms.parts.toom_cook import Tables
    from jconv.algorithms.protocol import Algorithm, Shapes
    from jconv.geometry import Geometry, Role

BOUND_RATIO = 8
"""``auto`` takes no algorithm whose bound is more times worse than the direct sum's."""

NARROWEST_DOUBLE = 8
"""Bytes of a real number from which on ``auto`` keeps to sums of products."""

COSINE_ERROR = 2.0**-48
"""Of a cosine in double precision, the argument's own rounding included."""


def acceptable(
    algorithm: Algorithm,
    geometry: Geometry,
    shapes: Shapes,
    out: Role,
    dtype: DTypeLike,
    *,
    ratio: float = BOUND_RATIO,
) -> bool:
    """Whether ``auto`` may take an algorithm (that does not refuse): it loses little.

    Sums of products always; transforms only of floats of single precision and less (who
    asks for double precision wants the digits), and only within ``ratio``.
    """
    if algorithm.exact_on_integers:
        return True
    if not jnp.issubdtype(dtype, jnp.inexact):
        return False
    if jnp.finfo(dtype).bits >= 8 * NARROWEST_DOUBLE:
        return False
    direct = numerics.contraction_bound(geometry, shapes, out, dtype)
    return algorithm.error_bound(geometry, shapes, out, dtype) <= ratio * direct


def waves_bound(
    axes: Sequence[OverlapSaveAxis], out: Role, terms: int, dtype: DTypeLike
) -> float:
    """Factor B of ``dft``, relative to the norms of the operands.

    Let U be the matrix of one role, of N waves' periods (of all axes multiplied). Its
    entries are at most h = (8 / 3N)^(1/3), and its columns are orthogonal but for waves
    that are their own partners, so that |U x| <= M |x| with M^2 = h^2 3N/4. An axis'
    own matrix has L columns, or 2 L where cosines and sines come in; a product with it
    is off by at most

        (gamma_L + e) |U| |x|     in norm at most  (gamma_L + e) sqrt(2 L) M |x|,

    e being the rounding of the matrix itself (Higham, section 3.5, and the norm of a
    matrix of entries below h). With cosines and sines L is twice as large, and what is
    lost before an axis may grow by sqrt(2) more than what is transformed: their
    frequencies have no partners left. Going back from ``r`` waves of each axis after
    sums of ``terms`` products makes gamma_(r ... + terms) of sums that are at most
    h |U x| |U' w| <= h M^2 |x| |w|, and h M^2 = 2; from the third axis on, cosines and
    sines of both signs may add sqrt(2). Sizes that exceed a period use columns twice.

    Args:
        axes: the blocks.
        out: "output" for results, "kernel" for the kernel's derivative.
        terms: products that are added for each wave.
        dtype: of operands and result.
    """
    accumulate = numerics.accumulation_dtype(dtype)
    entry = numerics.unit_roundoff(accumulate) + COSINE_ERROR
    pair = 2 if len(axes) > 1 else 1
    growth = 2.0 * math.sqrt(2) ** max(0, len(axes) - 2)
    kept, summed = 1.0, terms
    for axis in axes:
        n = period(axis.block)
        for role in _operands(out):
            size = pair * axis.block.size(role)
            off = numerics.gamma(size, accumulate) * (1 + entry) + entry
            kept *= 1 + math.sqrt(2 * pair * size) * off
            steps = max(0, axis.block.size(role) - 1)
            reach = abs(axis.block.coefficient(role)) * steps + 1
            growth *= math.sqrt(-(-reach // n))
        kept *= 1 + entry
        summed += pair * wave_count(axis.block)
    kept *= 1 + _sum_error(summed, accumulate)
    return _rounded(growth * _repeated(axes, out) * (kept - 1), dtype)


def fft_bound(
    axes: Sequence[OverlapSaveAxis],
    lengths: Sequence[int],
    out: Role,
    terms: int,
    dtype: DTypeLike,
) -> float:
    """Factor B of ``fft``, relative to the norms of the operands.

    A transform is off by a share of its own norm that grows with its stages (Higham,
    theorem 24.2); a stage of p points is taken as a product with a p by p matrix,

        sqrt(2 p) gamma_(p + 2)     and a twiddle factor,  u + sqrt(2) gamma_2,

    which for p = 2 is a little more than the theorem's. Back from the frequencies, the
    share is one of the norm of a whole block of results, which may be sqrt(L) times
    |first| |second|, L the entries of the smaller operand's block.

    Args:
        axes: the blocks.
        lengths: of the transform along each axis.
        out: "output" for results, "kernel" for the kernel's derivative.
        terms: complex products that are added for each frequency.
        dtype: of operands and result.
    """
    accumulate = numerics.accumulation_dtype(dtype)
    u = numerics.unit_roundoff(accumulate)
    twiddle = u + math.sqrt(2) * numerics.gamma(2, accumulate)
    kept = 1.0
    for p in (p for n in lengths for p in _primes(n)):
        kept *= 1 + math.sqrt(2 * p) * numerics.gamma(p + 2, accumulate) + twiddle
    # three real products make a complex one, each of sums up to twice as large
    multiplied = kept**2 * (1 + 4 * numerics.gamma(terms + 4, accumulate))
    smaller = min(
        math.prod(axis.block.size(role) for axis in axes) for role in _operands(out)
    )
    back = multiplied - 1 + (kept - 1) * multiplied * math.sqrt(smaller)
    return _rounded(_repeated(axes, out) * back, dtype)


def tiles_bound(
    axes: Sequence[Tables], out: Role, terms: int, dtype: DTypeLike
) -> float:
    """Factor B of ``winograd``, relative to the norms of the operands.

    A result is a sum of products of a kernel's, a source's and the matrices' entries,
    and no path from these to it has more than N roundings, one for each entry that a
    matrix' row adds, one for the entry itself, and ``terms`` in the sums of products.
    So it is off by at most gamma_N of the same sum of absolute values, which for result
    q of a tile is the bilinear form

        K_q = |G|' diag |A_q| |B|

    of the tile's source and the kernel: at most |K_q| times their norms, and for more
    axes the product of these. Sums over channels, and of a kernel's derivative over
    tiles, follow by Cauchy and Schwarz; tiles of the source overlap.

    Args:
        axes: the matrices along each axis.
        out: "output" for results, "kernel" for the kernel's derivative.
        terms: products that are added for each point.
        dtype: of operands and result.
    """
    accumulate = numerics.accumulation_dtype(dtype)
    roundings, growth = terms, 1.0
    for table in axes:
        matrices = (table.results, table.kernel, table.source)
        a, g, b = (np.abs(np.array(each, float)) for each in matrices)
        added = (a.T, g.T, b) if out == "kernel" else (a, g, b)
        roundings += sum(int((each > 0).sum(1).max()) + 1 for each in added)
        outer, inner = (g.T, a) if out == "kernel" else (a, g.T)
        growth *= max(float(np.linalg.norm((inner * row) @ b, 2)) for row in outer)
        if out == "kernel":
            growth *= math.sqrt(-(-table.points // table.tile))
    gamma = numerics.gamma(roundings, accumulate)
    if jnp.issubdtype(accumulate, jnp.complexfloating):
        gamma = numerics.COMPLEX_GROWTH * numerics.gamma(roundings + 1, accumulate)
    return _rounded(growth * gamma, dtype)


def _operands(out: Role) -> tuple[Role, Role]:
    """Roles of what is transformed, in the windows' own relation."""
    return ("input", "output") if out == "kernel" else ("input", "kernel")


def _repeated(axes: Sequence[OverlapSaveAxis], out: Role) -> float:
    """Growth of the source's norm by overlapping blocks, if they are summed."""
    if out != "kernel":
        return 1.0
    return math.sqrt(math.prod(axis.overlap for axis in axes))


def _sum_error(terms: int, accumulate: DTypeLike) -> float:
    """Of a sum of products."""
    return numerics.direct_sum_bound(terms, accumulate, accumulate)


def _rounded(bound: float, dtype: DTypeLike) -> float:
    """With the rounding to the result's dtype."""
    return bound + (1 + bound) * numerics.unit_roundoff(dtype)


def _primes(n: int) -> list[int]:
    """Prime factors."""
    found, p = [], 2
    while n > 1:
        while n % p == 0:
            found.append(p)
            n //= p
        p += 1
    return found
