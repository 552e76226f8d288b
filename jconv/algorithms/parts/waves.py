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

Of several axes the relation is the product of theirs, a sum of cosines of

    2 pi (f z / n + f' z' / n' + ...)

over all frequencies of all axes, where those and their negatives are the same: again
three waves for each pair, 3/2 n n' ... of them. Their matrices are made axis by axis:

    first     cosines, and sines of the frequencies that have a partner
    further   of each pair (cosine, sine) that of the sum of its angle and another one
    last      of each pair the three phases

and where a frequency has been its own partner so far, there is no sine, and the next
axis is like the first.

References:
    S. Winograd, "Arithmetic complexity of computations", SIAM, 1980 (algorithms of this
    bilinear form).
    J. W. Cooley, P. A. W. Lewis and P. D. Welch, "Application of the fast Fourier
    transform to computation of Fourier integrals, Fourier series, and convolution
    integrals", https://doi.org/10.1109/TAU.1967.1161904, 1967.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from jconv.geometry import Axis, Role


PAIR = (8 / 3) ** (1 / 3)
"""Each role's share of a pair's weight: there are two, and 4/3 before the phases."""


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


def partners(n: int) -> int:
    """How many of n frequencies have a negative that is another one, each pair once."""
    return (n - 1) // 2


def alone(n: int) -> int:
    """How many frequencies are their own negative: 0, and n / 2."""
    return n - 2 * partners(n)


def wave_count(*axes: Axis) -> int:
    """How many waves there are: one for each real frequency, three for each pair.

    Examples:
        >>> from jconv.geometry import Axis
        >>> axis = Axis(n_input=8, n_kernel=3, n_output=6)
        >>> wave_count(axis), wave_count(axis, axis)
        (11, 94)
    """
    sizes = [period(axis) for axis in axes]
    real = math.prod(map(alone, sizes))
    return real + 3 * (math.prod(sizes) - real) // 2


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
    angles = _angles(axis, role)
    n = len(angles)
    own, paired = _split(angles)
    triples = PAIR * _three(paired)
    return np.concatenate([triples, np.cos(own)]) * _share(n)


@functools.lru_cache(maxsize=64)
def first(axis: Axis, role: Role) -> np.ndarray:
    """(frequencies, indices): cosines of those with partners, their sines, the rest."""
    angles = _angles(axis, role)
    own, paired = _split(angles)
    return _share(len(angles)) * np.concatenate(
        [np.cos(paired), np.sin(paired), np.cos(own)]
    )


@functools.lru_cache(maxsize=64)
def further(axis: Axis, role: Role) -> np.ndarray:
    """(cosines and sines of all frequencies, indices, cosine and sine before)."""
    angles = _angles(axis, role)
    cos, sin = np.cos(angles), np.sin(angles)
    both = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)])
    return _share(len(angles)) * both.reshape(2 * len(angles), *both.shape[2:])


@functools.lru_cache(maxsize=64)
def last(axis: Axis, role: Role) -> np.ndarray:
    """(three phases of all frequencies, indices, cosine and sine before)."""
    angles = _angles(axis, role)
    three = np.stack([_three(angles), -_three(angles, np.sin)], -1)
    return PAIR * _share(len(angles)) * three


def _share(n: int) -> float:
    """Each role's share of 1/n."""
    return (1 / n) ** (1 / 3)


def _three(
    angles: np.ndarray, wave: Callable[[np.ndarray], np.ndarray] = np.cos
) -> np.ndarray:
    """(three phases of all frequencies, indices)."""
    phases = 2 * np.pi * np.arange(3) / 3
    found = wave(angles[:, None] + phases[:, None])
    return found.reshape(3 * len(angles), angles.shape[1])


def _split(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of frequencies that are their own partners, and of one of each pair."""
    n = len(angles)
    paired = angles[1 : 1 + partners(n)]
    return angles[[0, n // 2][: alone(n)]], paired


def _angles(axis: Axis, role: Role) -> np.ndarray:
    """(frequencies, indices): the role's share of each angle."""
    n = period(axis)
    place = np.arange(axis.size(role))
    if role == "output":
        angle = axis.stride * place
    elif role == "kernel":
        angle = axis.kernel_dilation * place - axis.low
    else:
        angle = -axis.input_dilation * place
    turns = np.arange(n)[:, None] * angle % n / n  # exact before the division
    return 2 * np.pi * turns
