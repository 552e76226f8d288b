"""The oracle: the three contractions of the relation, summed literally in NumPy.

Readable and slow on purpose. It shares no code with the algorithms: the relation is
written out again below, and the sum over T is one ``numpy.einsum``. It is never
registered as an algorithm.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from jconv.geometry import Axis, Geometry, Role


def relation(axis: Axis) -> NDArray[np.bool_]:
    """T[o, k, i]: where ``stride o + kernel_dilation k = input_dilation i + low``."""
    o, k, i = np.ogrid[: axis.n_output, : axis.n_kernel, : axis.n_input]
    left = axis.stride * o + axis.kernel_dilation * k
    return left == axis.input_dilation * i + axis.low


def contract(
    first: NDArray[np.generic],
    second: NDArray[np.generic],
    geometry: Geometry,
    out: Role,
) -> NDArray[np.generic]:
    """One contraction of T, on arrays in the canonical axis order.

    Args:
        first: the first operand of ``OPERANDS[out]``.
        second: the second operand.
        geometry: the relation.
        out: the role computed. Shapes are x (e, *batch, *input, g, c), w (e, *kernel,
            c, g, m) and y (e, *batch, *output, g, m).

    Returns:
        The role's array. Narrow floats are widened to float64 first, so that the
        oracle's own rounding is far below what it judges.
    """
    first, second = (_widened(operand) for operand in (first, second))
    letters = iter(string.ascii_letters)
    rank = geometry.rank
    e, g, c, m = (next(letters) for _ in range(4))
    axes = {
        role: [next(letters) for _ in range(rank)]
        for role in ("output", "kernel", "input")
    }
    batched = second if out == "input" else first
    batch = [next(letters) for _ in range(batched.ndim - rank - 3)]
    labels = {
        "input": [e, *batch, *axes["input"], g, c],
        "kernel": [e, *axes["kernel"], c, g, m],
        "output": [e, *batch, *axes["output"], g, m],
    }
    operands = [role for role in ("input", "kernel", "output") if role != out]
    terms = ["".join(labels[role]) for role in operands]
    tables = []
    for a, axis in enumerate(geometry.axes):
        terms.append(axes["output"][a] + axes["kernel"][a] + axes["input"][a])
        tables.append(relation(axis).astype(first.dtype))
    arrays: list[Any] = [first, second, *tables]
    formula = ",".join(terms) + "->" + "".join(labels[out])
    return np.asarray(np.einsum(formula, *arrays, optimize=True))


def _widened(operand: NDArray[np.generic]) -> NDArray[np.generic]:
    """The operand in the widest dtype of its kind."""
    operand = np.asarray(operand)
    kind = {"i": np.int64, "u": np.int64, "c": np.complex128}
    return operand.astype(kind.get(operand.dtype.kind, np.float64))
