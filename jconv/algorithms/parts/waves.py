"""The relation of one axis as a sum of products of three waves.

For three angles a, b, c and the three phases p = 0, 2 pi / 3, 4 pi / 3,

    cos(a + b + c)  =  4/3  sum over p of  cos(a + p) cos(b + p) cos(c + p),

because ``4 cos a cos b cos c`` is the sum of the cosines of a + b + c, a + b - c,
a - b + c and -a + b + c: adding p to each angle leaves the first as it is (3 p is a
whole turn) and turns the others by p, so that over the three phases they cancel.

For three indices let z be ``stride o + kernel_dilation k - input_dilation i - low``. It
lies between -n and n for some n, so that the relation, which says z = 0, is

    T[o, k, i]  =  1/n  sum over f = 0 ... n - 1 of  cos(2 pi f z / n),

the discrete Fourier transform's orthogonality; frequencies f and n - f are the same.
With a share of each angle for each role this makes

    T[o, k, i]  =  sum over r of  Y[r, o] W[r, k] X[r, i]        about 3 n / 2 waves r,

three real matrices, in which no role is special: each contraction of T transforms two
operands by theirs, multiplies wave by wave, and goes back by the third.

References:
    S. Winograd, "Arithmetic complexity of computations", SIAM, 1980 (algorithms of this
    bilinear form).
    J. W. Cooley, P. A. W. Lewis and P. D. Welch, "Application of the fast Fourier
    transform to computation of Fourier integrals, Fourier series, and convolution
    integrals", https://doi.org/10.1109/TAU.1967.1161904, 1967.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jconv.geometry import Axis, Role


def period(axis: Axis) -> int:
    """The smallest n for which no two indices meet but those of the relation.

    Examples:
        >>> from jconv.geometry import Axis
        >>> period(Axis(n_input=10, n_kernel=3, n_output=8))
        10
    """
    first = min(0, axis.reach) - axis.low
    last = axis.stride * (axis.n_output - 1) + max(0, axis.reach) - axis.low
    return max(last, axis.input_dilation * (axis.n_input - 1) - first, 0) + 1


def wave_count(axis: Axis) -> int:
    """How many waves there are: one for each real frequency, three for each other."""
    n = period(axis)
    return 3 * n // 2 - 1 if n % 2 == 0 else (3 * n - 1) // 2


@functools.lru_cache(maxsize=64)
def waves(axis: Axis, role: Role) -> np.ndarray:
    """The role's matrix, (waves, indices), in double precision.

    Examples:
        >>> from jconv.geometry import Axis
        >>> axis = Axis(n_input=4, n_kernel=2, n_output=3)
        >>> roles = [waves(axis, role) for role in ("output", "kernel", "input")]
        >>> relation = np.einsum("ro,rk,ri->oki", *roles)
        >>> [tuple(map(int, spot)) for spot in np.argwhere(relation.round(9))]
        [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2), (2, 0, 2), (2, 1, 3)]
    """
    n = period(axis)
    place = np.arange(axis.size(role))
    if role == "output":
        angle = axis.stride * place
    elif role == "kernel":
        angle = axis.kernel_dilation * place - axis.low
    else:
        angle = -axis.input_dilation * place
    pairs = np.arange(1, (n + 1) // 2)
    turns = pairs[:, None] * angle % n / n  # exact before the division
    phases = np.arange(3)[:, None, None] / 3
    rows = [np.full((1, len(place)), (1 / n) ** (1 / 3))]
    triples = (8 / (3 * n)) ** (1 / 3) * np.cos(2 * np.pi * (turns + phases))
    rows.append(triples.reshape(3 * len(pairs), len(place)))
    if n % 2 == 0:
        rows.append((1 / n) ** (1 / 3) * (1 - 2.0 * (angle % 2))[None])
    return np.concatenate(rows)
