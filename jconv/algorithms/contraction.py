"""Sum over shared labels: the one place where algorithms multiply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jax import lax

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision

Labels = tuple[str, ...]


def contract(
    first: Array,
    first_labels: Labels,
    second: Array,
    second_labels: Labels,
    out_labels: Labels,
    *,
    precision: Precision,
    accumulate: DTypeLike,
) -> Array:
    """Multiply two labelled arrays and sum over the labels that ``out_labels`` lacks.

    Dimensions of size 1 are dropped first, so that a convolution without groups is a
    plain matrix product and not a batched one. A label in only one array must be in
    ``out_labels`` or have size 1; one that is in ``out_labels`` alone has size 1.
    """
    sizes: dict[str, int] = dict.fromkeys(out_labels, 1)
    sizes |= dict(zip(first_labels, first.shape, strict=True))
    sizes |= dict(zip(second_labels, second.shape, strict=True))
    first, first_labels = _drop_ones(first, first_labels)
    second, second_labels = _drop_ones(second, second_labels)
    shared = [label for label in first_labels if label in second_labels]
    batch = [label for label in shared if label in out_labels]
    summed = [label for label in shared if label not in out_labels]
    free_first = [label for label in first_labels if label not in shared]
    free_second = [label for label in second_labels if label not in shared]
    wanted = [label for label in out_labels if not _is_one(sizes[label])]
    if wanted == [*batch, *free_second, *free_first] and free_first:
        first, second = second, first
        first_labels, second_labels = second_labels, first_labels
        free_first, free_second = free_second, free_first
        precision = precision and precision[::-1]
    product = lax.dot_general(
        first,
        second,
        (
            (_positions(first_labels, summed), _positions(second_labels, summed)),
            (_positions(first_labels, batch), _positions(second_labels, batch)),
        ),
        precision=precision,
        preferred_element_type=accumulate,
    )
    have = [*batch, *free_first, *free_second]
    if have != wanted:
        product = lax.transpose(product, _positions(have, wanted))
    ones = [n for n, label in enumerate(out_labels) if _is_one(sizes[label])]
    return lax.expand_dims(product, ones) if ones else product


def _is_one(size: object) -> bool:
    """Whether a size is the number 1; a symbolic size never is."""
    return isinstance(size, int) and size == 1


def _drop_ones(array: Array, labels: Labels) -> tuple[Array, Labels]:
    """Squeeze away dimensions of size 1."""
    ones = [n for n, size in enumerate(array.shape) if _is_one(size)]
    kept = tuple(label for n, label in enumerate(labels) if n not in ones)
    return (lax.squeeze(array, ones) if ones else array), kept


def _positions(labels: Labels | list[str], chosen: list[str]) -> list[int]:
    """Where the chosen labels stand."""
    return [labels.index(label) for label in chosen]
