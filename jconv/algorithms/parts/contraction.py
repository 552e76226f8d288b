"""A product of two labelled arrays, summed over the labels that they share.

Blocks that are transformed are multiplied by ``products``; ``tapwise`` and the
transforms have products of their own.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from jax import lax

from jconv.algorithms.parts.matrix_product import Kinds, matrix_product

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.parts.matrix_product import Labels
    from jconv.algorithms.protocol import Precision


def contract(
    first: Array,
    first_labels: tuple[str, ...],
    second: Array,
    second_labels: tuple[str, ...],
    out_labels: tuple[str, ...],
    *,
    precision: Precision,
    accumulate: DTypeLike,
    joins: bool = False,
) -> Array:
    """Multiply two labelled arrays and sum over the labels that ``out_labels`` lacks.

    Dimensions of size 1 are dropped first, so that a convolution without groups is a
    plain matrix product and not a batched one. What then is no matrix product at all,
    as in a depthwise convolution, is multiplied entry by entry: products of 1 x 1
    matrices run a hundred times slower.

    What ``joins`` makes one dimension of those that stand together in every array. A
    product over several is transposed first, along with the loop that computes its
    operand; what is cut out of an array has to be copied to be joined.

    A label in only one array must be in ``out_labels`` or have size 1; one that is in
    ``out_labels`` alone has size 1.
    """
    sizes: dict[str, Any] = dict.fromkeys(out_labels, 1)
    sizes |= dict(zip(first_labels, first.shape, strict=True))
    sizes |= dict(zip(second_labels, second.shape, strict=True))
    operands = [
        _drop_ones(first, first_labels),
        _drop_ones(second, second_labels),
    ]
    wanted = [label for label in out_labels if not _is_one(sizes[label])]
    shape = [sizes[label] for label in wanted]
    if joins:
        operands, wanted = _joined(operands, wanted)
        for array, labels in operands:
            sizes |= dict(zip(labels, array.shape, strict=True))
    (_, a), (_, b) = operands
    kinds = Kinds.of(a, b, wanted)
    rows, columns = kinds.rows, kinds.columns
    if (rows and columns) or (kinds.summed and (rows or columns)):
        if columns and wanted[-len(columns) :] != columns:
            operands, kinds = operands[::-1], kinds.exchanged
            precision = precision and precision[::-1]
        product = matrix_product(operands, kinds, wanted, precision, accumulate)
    else:
        grid = [*wanted, *kinds.summed]
        spread = [sizes[label] for label in grid]
        left, right = (
            _spread(array.astype(accumulate), labels, grid, spread)
            for array, labels in operands
        )
        product = lax.reduce_sum(left * right, range(len(wanted), len(grid)))
    if len(wanted) < len(shape):
        product = lax.reshape(product, shape)
    ones = [n for n, label in enumerate(out_labels) if _is_one(sizes[label])]
    return lax.expand_dims(product, ones) if ones else product


def _joined(
    operands: list[tuple[Array, Labels]], wanted: Labels
) -> tuple[list[tuple[Array, Labels]], Labels]:
    """Operands in which labels that always follow each other are one, the first."""
    everywhere = [*(labels for _, labels in operands), wanted]
    follows = {
        label: before
        for labels in everywhere
        for before, label in itertools.pairwise(labels)
        if all(
            _after(before, each) == [label]
            for each in everywhere
            if before in each or label in each
        )
    }
    joined = []
    for array, labels in operands:
        heads = [n for n, label in enumerate(labels) if label not in follows]
        runs = itertools.pairwise([*heads, len(labels)])
        shape = [math.prod(array.shape[start:end]) for start, end in runs]
        joined.append((lax.reshape(array, shape), [labels[n] for n in heads]))
    return joined, [label for label in wanted if label not in follows]


def _after(label: str, labels: Labels) -> Labels:
    """The label that follows, if the label is there and not the last."""
    return labels[labels.index(label) + 1 :][:1] if label in labels else []


def _spread(array: Array, labels: Labels, grid: Labels, shape: list[Any]) -> Array:
    """Broadcast a labelled array over a grid of labels."""
    order = sorted(range(len(labels)), key=lambda n: grid.index(labels[n]))
    array = lax.transpose(array, order)
    return lax.broadcast_in_dim(array, shape, [grid.index(labels[n]) for n in order])


def _is_one(size: object) -> bool:
    """Whether a size is the number 1; a symbolic size never is."""
    return isinstance(size, int) and size == 1


def _drop_ones(array: Array, labels: tuple[str, ...]) -> tuple[Array, Labels]:
    """Squeeze away dimensions of size 1."""
    ones = [n for n, size in enumerate(array.shape) if _is_one(size)]
    kept = [label for n, label in enumerate(labels) if n not in ones]
    return (lax.squeeze(array, ones) if ones else array), kept
