"""All taps' kernels side by side: the right factor of ``col2im``'s products.

Phases whose taps are equally many differ in where their taps begin alone. So one
function lays out the kernels of them all, and is compiled once.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.algorithms.parts import windowed
from jconv.algorithms.parts.buffers import function, materialised, slice_at
from jconv.algorithms.parts.steps import unseen_starts

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array

    from jconv.algorithms.parts.shifts import Shifts
    from jconv.algorithms.parts.windowed import Windowed


def side_by_side(
    shifts: Shifts, kernel: Array, view: Windowed
) -> dict[tuple[int, ...], Array]:
    """Per phase of the leading axes (e, c, taps * columns of the last axis * m)."""
    starts, found = unseen_starts(), {}
    layout = functools.cache(functools.partial(_layout, shifts.last_taps, view))
    for phases, taps in shifts.leading_taps.items():
        if taps:
            each = [sorted(set(numbers)) for numbers in zip(*taps, strict=True)]
            paces = tuple(k[1] - k[0] if len(k) > 1 else 1 for k in each)
            begin = [starts(a, k[0]) for a, k in enumerate(each)]
            found[phases] = layout(paces, tuple(map(len, each)))(kernel, *begin)
    return found


def _layout(
    last_taps: np.ndarray,
    view: Windowed,
    paces: tuple[int, ...],
    counts: tuple[int, ...],
) -> Callable[..., Array]:
    """A function of a kernel and the first tap along each leading axis.

    Args:
        last_taps: the last axis' tap in each column, or a number beyond them.
        view: of the kernel.
        paces: from tap to tap, along each leading axis.
        counts: of taps along each.
    """
    lead = len(counts)
    sizes = [pace * (n - 1) + 1 for pace, n in zip(paces, counts, strict=True)]

    def columns(kernel: Array, *first: Array) -> Array:
        ordinary = windowed.ordinary_kernel(kernel, view)
        e, last, c, m = (ordinary.shape[n] for n in (0, -3, -2, -1))
        zero = np.int32(0)
        begin: list[Any] = [zero, *first, zero, zero, zero]
        taps = slice_at(ordinary, begin, [e, *sizes, last, c, m])
        taps = lax.slice(taps, [0] * taps.ndim, taps.shape, [1, *paces, 1, 1, 1])
        wide = jnp.take(taps, last_taps, axis=lead + 1, mode="fill", fill_value=0)
        upright = lax.transpose(wide, (0, lead + 2, *range(1, lead + 2), lead + 3))
        return materialised(lambda: upright.reshape(e, c, -1))

    return function(columns)
