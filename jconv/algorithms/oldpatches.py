"""Gather every window once, then one matrix product (im2col).

For role ``out`` computed from operands A and B, the patch array holds, for each result
index and each index of B, the entry of A that completes the triple, or zero where the
relation has none:

    out = "output":  patches of x over (o, k), contracted with w over k and channels
    out = "input":   patches of y over (i, k), contracted with w over k and channels
    out = "kernel":  patches of x over (k, o), contracted with y over o and batch

Here zeros are multiplied, so an infinity can meet one and become NaN, as in ``lax``.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from jconv import numerics
from jconv.algorithms import costs
from jconv.algorithms.contraction import contract
from jconv.algorithms.protocol import ArrayLabels, array_shapes, result_shape
from jconv.geometry import OPERANDS, Axis, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes

GATHER_PENALTY = 10
"""How much slower than a copy the gather of the patches runs."""

MAX_BYTES = 2**29
"""Patch arrays larger than this are not worth their memory."""


@dataclasses.dataclass(frozen=True)
class Patches:
    """Patches and one product; ``max_bytes`` bounds the patch array."""

    name: str = "patches"
    max_bytes: int = MAX_BYTES
    exact_on_integers: bool = True
    keeps_nonfinite_local: bool = False

    def refuses(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,  # noqa: ARG002
    ) -> str | None:
        """Too large a patch array."""
        size = _patch_bytes(geometry, shapes, out, dtype)
        if size <= self.max_bytes:
            return None
        return f"its patches would take {size} bytes, more than {self.max_bytes}"

    def run(
        self,
        first: Array,
        second: Array,
        *,
        geometry: Geometry,
        out: Role,
        precision: Precision,
        accumulate: DTypeLike,
    ) -> Array:
        """The contraction as one product of patches and the other operand."""
        patched, plain = gathered_roles(out)
        operands = dict(zip(OPERANDS[out], (first, second), strict=True))
        labels = ArrayLabels.of_call(geometry, out, first, second)
        shape = result_shape(geometry, array_shapes(out, first, second), out)
        if not math.prod(geometry.size(patched)):
            return jnp.zeros(shape, accumulate)
        patches = operands[patched]
        for a in reversed(range(geometry.rank)):
            table = index_table(geometry.axes[a], out, plain, patched)
            patches = jnp.take(
                patches,
                table,
                axis=labels.offset(patched) + a,
                mode="fill",
                fill_value=0,
            )
        pairs = [(f"{out}{a}", f"{plain}{a}") for a in range(geometry.rank)]
        patch_labels = labels.of(
            patched, tuple(name for pair in pairs for name in pair)
        )
        plain_labels = labels.of(plain, tuple(name for _, name in pairs))
        if precision and patched != OPERANDS[out][0]:
            precision = precision[::-1]
        return contract(
            patches,
            patch_labels,
            operands[plain],
            plain_labels,
            labels.of(out, tuple(name for name, _ in pairs)),
            precision=precision,
            accumulate=accumulate,
        )

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """One long sum; the extra terms are exact zeros."""
        return numerics.contraction_bound(geometry, shapes, out, dtype)

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """The whole product, zeros included, and the gather of the patches."""
        _, plain = gathered_roles(out)
        pairs = math.prod(axis.size(out) * axis.size(plain) for axis in geometry.axes)
        moved = GATHER_PENALTY * _patch_bytes(geometry, shapes, out, dtype)
        return costs.dot_seconds(
            geometry, shapes, out, pairs, platform
        ) + costs.traffic_seconds(moved, platform)


def gathered_roles(out: Role) -> tuple[Role, Role]:
    """(the operand whose patches are gathered, the operand left as it is)."""
    return (
        ("input", "output")
        if out == "kernel"
        else ("output" if out == "input" else "input", "kernel")
    )


def index_table(axis: Axis, rows: Role, columns: Role, entries: Role) -> np.ndarray:
    """``entries``' index for each (row, column) index; its size where there is none."""
    r, c = np.ogrid[: axis.size(rows), : axis.size(columns)]
    left = axis.low - axis.coefficient(rows) * r - axis.coefficient(columns) * c
    index, remainder = np.divmod(left, axis.coefficient(entries))
    absent = axis.size(entries)
    exists = (remainder == 0) & (index >= 0) & (index < absent)
    return np.where(exists, index, absent)


def _patch_bytes(
    geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
) -> int:
    """Size of the patch array."""
    patched, plain = gathered_roles(out)
    positions = math.prod(axis.size(out) * axis.size(plain) for axis in geometry.axes)
    spatial = max(1, math.prod(geometry.size(patched)))
    return positions * costs.bytes_of(shapes[patched], dtype) // spatial


PATCHES = Patches()
