"""Sum over shared labels: the one place where algorithms multiply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jax import lax

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision

Labels = list[str]


def contract(
    first: Array,
    first_labels: tuple[str, ...],
    second: Array,
    second_labels: tuple[str, ...],
    out_labels: tuple[str, ...],
    *,
    precision: Precision,
    accumulate: DTypeLike,
) -> Array:
    """Multiply two labelled arrays and sum over the labels that ``out_labels`` lacks.

    Dimensions of size 1 are dropped first, so that a convolution without groups is a
    plain matrix product and not a batched one. What then is no matrix product at all,
    as in a depthwise convolution, is multiplied entry by entry: products of 1 x 1
    matrices run a hundred times slower.

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
    a, b = (labels for _, labels in operands)
    wanted = [label for label in out_labels if not _is_one(sizes[label])]
    rows, columns = (
        [label for label in a if label not in b],
        [label for label in b if label not in a],
    )
    summed = [label for label in a if label in b and label not in wanted]
    if (rows and columns) or (summed and (rows or columns)):
        if columns and wanted[-len(columns) :] != columns:
            operands = operands[::-1]
            precision = precision and precision[::-1]
        product, have = _matrix_product(operands, wanted, precision, accumulate)
        if have != wanted:
            product = lax.transpose(product, [have.index(label) for label in wanted])
    else:
        grid = [*wanted, *summed]
        shape = [sizes[label] for label in grid]
        left, right = (
            _spread(array.astype(accumulate), labels, grid, shape)
            for array, labels in operands
        )
        product = lax.reduce_sum(left * right, range(len(wanted), len(grid)))
    ones = [n for n, label in enumerate(out_labels) if _is_one(sizes[label])]
    return lax.expand_dims(product, ones) if ones else product


def _matrix_product(
    operands: list[tuple[Array, Labels]],
    wanted: Labels,
    precision: Precision,
    accumulate: DTypeLike,
) -> tuple[Array, Labels]:
    """``lax.dot_general`` by labels: (product, its labels)."""
    (first, a), (second, b) = operands
    batch = [label for label in a if label in b and label in wanted]
    summed = [label for label in a if label in b and label not in wanted]
    product = lax.dot_general(
        first,
        second,
        (
            (
                [a.index(label) for label in summed],
                [b.index(label) for label in summed],
            ),
            ([a.index(label) for label in batch], [b.index(label) for label in batch]),
        ),
        precision=precision,
        preferred_element_type=accumulate,
    )
    shared = {*batch, *summed}
    return product, [*batch, *(label for label in (*a, *b) if label not in shared)]


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
