"""Batched matrix products, as plain ones where there is one of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jax import lax

if TYPE_CHECKING:
    from jax import Array

    from jconv.algorithms.protocol import Precision


@dataclasses.dataclass(frozen=True)
class Product:
    """Batched products of (source, other) in one precision."""

    precision: Precision
    accumulate: Any

    def __call__(self, left: Array, right: Array) -> Array:
        """(e, a, b) times (e, b, c), as a plain product if there is one of them."""
        return self._product(left, right, (1, 0))

    def upon_rows(self, left: Array, right: Array) -> Array:
        """(e, a, b) times (e, c, b): the second operand transposed."""
        return self._product(left, right, (1, 1))

    def transposed(self, left: Array, right: Array, *, swapped: bool = False) -> Array:
        """(e, b, a) times (e, b, c): the first operand transposed."""
        return self._product(left, right, (0, 0), swapped=swapped)

    def _product(
        self,
        left: Array,
        right: Array,
        summed: tuple[int, int],
        *,
        swapped: bool = False,
    ) -> Array:
        """Both, summed over one dimension of the two last of each."""
        precision = self.precision
        if precision is not None and swapped:
            precision = precision[::-1]
        one = left.shape[0] == 1
        if one:
            left, right = left[0], right[0]
        first = left.ndim - 2
        numbers = (
            ([first + summed[0]], [first + summed[1]]),
            ([], []) if one else ([0], [0]),
        )
        product = lax.dot_general(
            left,
            right,
            numbers,
            precision=precision,
            preferred_element_type=self.accumulate,
        )
        return product[None] if one else product
