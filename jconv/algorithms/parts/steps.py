"""What takes part in a step along an index, and where its result belongs.

With one index of an axis held fixed, the other two form an arithmetic progression
(``Axis.progression``): what a step reads and what it adds to are strided slices.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import jax.numpy as jnp
from jax import lax

from jconv.algorithms.parts.buffers import carried, materialised, unseen

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array

    from jconv.algorithms.protocol import ArrayLabels
    from jconv.geometry import Geometry, Progression, Role

    Starts = Callable[[int, int], Array]
    Step = tuple[Progression, ...]


def unseen_starts() -> Starts:
    """(dimension, number) -> the number, as a compiler for CPUs does not see it.

    Slices of one size then are one loop, which is compiled once, wherever they begin.
    Each dimension has numbers of its own: a loop that is given one number twice is
    another loop than one that is given two.

    What is traced inside a function asks anew, since numbers belong to one trace.
    """
    return functools.cache(lambda _, number: unseen(number))


def taken(
    array: Array,
    step: Step,
    role: Role,
    labels: ArrayLabels,
    starts: Starts | None,
    *,
    own: bool,
) -> Array:
    """What of one operand takes part in a step: itself, or a strided slice.

    Args:
        array: the operand.
        step: per axis the progression of the step.
        role: the operand's.
        labels: of the dimensions of all arrays.
        starts: how the slice is told where it begins; None if it is part of the loop
            that reads it.
        own: whether it is to be an array of its own.
    """
    start, limit, stride = [0] * array.ndim, list(array.shape), [1] * array.ndim
    backwards = []
    for a, each in enumerate(step, labels.offset(role)):
        first, pace = each.of(role)
        length = each.length if pace else 1
        last = first + pace * (length - 1)
        start[a], limit[a] = min(first, last), max(first, last) + 1
        stride[a] = abs(pace) or 1
        if pace < 0:
            backwards.append(a)
    if (start, limit) == ([0] * array.ndim, [*array.shape]) and max(stride) == 1:
        return lax.rev(array, backwards) if backwards else array
    sizes = [end - begin for begin, end in zip(start, limit, strict=True)]
    begins = [starts(*at) for at in enumerate(start)] if starts else []

    def cut(whole: Array) -> Array:
        if begins and max(stride) == 1:
            # As ``slice_at``; the proofs put another ``lax`` into this module.
            piece = lax.dynamic_slice(
                whole, begins, sizes, allow_negative_indices=False
            )
        else:
            piece = lax.slice(whole, start, limit, stride)
        return lax.rev(piece, backwards) if backwards else piece

    if not own:
        return cut(array)
    inside = carried(array)
    return materialised(lambda: cut(inside()))


def placed(
    product: Array, step: Step, out: Role, labels: ArrayLabels, geometry: Geometry
) -> Array:
    """The adjoint of ``taken``: a step's result where it belongs, zeros elsewhere."""
    config = [(0, 0, 0)] * product.ndim
    backwards = []
    for n, each in enumerate(step):
        a = labels.offset(out) + n
        first, pace = each.of(out)
        last = first + pace * (each.length - 1)
        low, high = min(first, last), max(first, last)
        config[a] = (low, geometry.axes[n].size(out) - 1 - high, max(abs(pace) - 1, 0))
        if pace < 0:
            backwards.append(a)
    if backwards:
        product = lax.rev(product, backwards)
    return lax.pad(product, jnp.zeros((), product.dtype), config)
