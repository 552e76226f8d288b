"""One product of two labelled matrices, of which a CPU turns the narrower one.

In a kernel's derivative the labels that are summed stand first in both operands, so the
first one is turned. The compiler for CPUs multiplies up to eight times slower if that
is the wider one. Then the other is turned, and the result afterwards.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from jax import lax

from jconv.algorithms.parts.buffers import function
from jconv.algorithms.parts.platforms import by_platform

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision

Labels = list[str]

WIDER = 2
"""Times as wide as the second operand the first is, from which the second is turned."""

LONGER = 2
"""Times as many terms as columns, from which that gains more than it takes to turn the
result."""


def is_second_turned(terms: float, rows: float, columns: float) -> bool:
    """Whether that pays, on a CPU, in a product whose sums stand first."""
    return rows >= WIDER * columns and terms >= LONGER * columns


@dataclasses.dataclass(frozen=True)
class Kinds:
    """What each label of a product does.

    Attributes:
        batch: both operands and the result have it.
        summed: both operands have it alone.
        rows: the first operand and the result have it.
        columns: the second and the result.
    """

    batch: Labels
    summed: Labels
    rows: Labels
    columns: Labels

    @classmethod
    def of(cls, first: Labels, second: Labels, wanted: Labels) -> Kinds:
        """By the labels of the operands and of the result."""
        shared = [label for label in first if label in second]
        return cls(
            [label for label in shared if label in wanted],
            [label for label in shared if label not in wanted],
            [label for label in first if label not in second],
            [label for label in second if label not in first],
        )

    @property
    def exchanged(self) -> Kinds:
        """The same with the second operand first."""
        return Kinds(self.batch, self.summed, rows=self.columns, columns=self.rows)


def matrix_product(
    operands: list[tuple[Array, Labels]],
    kinds: Kinds,
    wanted: Labels,
    precision: Precision,
    accumulate: DTypeLike,
) -> Array:
    """The product of two labelled arrays, with its labels in the wanted order."""
    if _fails(operands, kinds):
        operands, kinds = operands[::-1], kinds.exchanged
        precision = precision and precision[::-1]
    (first, a), (second, b) = operands

    def plain(first: Array, second: Array) -> Array:
        pair = [(first, a), (second, b)]
        product, have = _product(pair, kinds, precision, accumulate)
        return _in_order(product, have, wanted)

    def second_turned(first: Array, second: Array) -> Array:
        pair, swapped = [(second, b), (first, a)], precision and precision[::-1]
        product, have = _product(pair, kinds.exchanged, swapped, accumulate)
        # By a function, or the compiler exchanges the operands again.
        return function(lambda product: _in_order(product, have, wanted))(product)

    if _pays(operands, kinds) and not _fails(operands[::-1], kinds.exchanged):
        return by_platform(first, second, cpu=second_turned, default=plain)
    return plain(first, second)


def _fails(operands: list[tuple[Array, Labels]], kinds: Kinds) -> bool:
    """Whether a CPU may not be able to run it, though its compiler compiles it.

    If in bfloat16 sums stand first, and the second operand has several columns for a
    first one without (jaxlib 0.10.2 and 0.12.0).
    """
    narrow = all(array.dtype == jnp.bfloat16 for array, _ in operands)
    return narrow and len(kinds.rows) == 1 < len(kinds.columns)


def _pays(operands: list[tuple[Array, Labels]], kinds: Kinds) -> bool:
    """Whether sums stand first in both operands, and the second is better turned."""
    (first, a), (second, b) = operands
    if a[-1] not in kinds.rows or b[-1] not in kinds.columns:
        return False
    sizes: dict[str, Any] = dict(zip(a, first.shape, strict=True))
    sizes |= dict(zip(b, second.shape, strict=True))
    if not all(isinstance(size, int) for size in sizes.values()):
        return False
    parts = (kinds.summed, kinds.rows, kinds.columns)
    terms, rows, columns = (math.prod(sizes[label] for label in part) for part in parts)
    return is_second_turned(terms, rows, columns)


def _product(
    operands: list[tuple[Array, Labels]],
    kinds: Kinds,
    precision: Precision,
    accumulate: DTypeLike,
) -> tuple[Array, Labels]:
    """``lax.dot_general`` by labels: (product, its labels)."""
    (first, a), (second, b) = operands
    product = lax.dot_general(
        first,
        second,
        (
            (_places(kinds.summed, a), _places(kinds.summed, b)),
            (_places(kinds.batch, a), _places(kinds.batch, b)),
        ),
        precision=precision,
        preferred_element_type=accumulate,
    )
    return product, [*kinds.batch, *kinds.rows, *kinds.columns]


def _places(labels: Labels, among: Labels) -> list[int]:
    """The dimensions that have some labels."""
    return [among.index(label) for label in labels]


def _in_order(array: Array, have: Labels, wanted: Labels) -> Array:
    """Its dimensions as wanted."""
    return array if have == wanted else lax.transpose(array, _places(wanted, have))
