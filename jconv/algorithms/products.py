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

    def __call__(
        self, left: Array, right: Array, *, swapped: bool = False
    ) -> Array:
        """(e, a, b) times (e, b, c), as a plain product if there is one of them."""
        precision = self.precision
        if precision is not None and swapped:
            precision = precision[::-1]
        one = left.shape[0] == 1
        if one:
            left, right = left[0], right[0]
        a = left.ndim
        numbers = (([a - 1], [a - 2]), ([], []) if one else ([0], [0]))
        product = lax.dot_general(
            left,
            right,
            numbers,
            precision=precision,
            preferred_element_type=self.accumulate,
        )
        return product[None] if one else product
