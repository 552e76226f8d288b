"""What an algorithm is: a way to compute the three contractions of one relation.

Operands and results are in the canonical axis order:

    x (e, *batch, *input, g, c)
    w (e, *kernel, c, g, m)
    y (e, *batch, *output, g, m)
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax import Array, lax
    from jax.typing import DTypeLike

Precision = tuple["lax.Precision", "lax.Precision"] | None
Shape = tuple[Any, ...]
Shapes = dict[Role, Shape]


class Algorithm(Protocol):
    """One file of this package defines one of these; ``REGISTRY`` lists them."""

    @property
    def name(self) -> str:
        """What a user passes as ``method``."""

    @property
    def exact_on_integers(self) -> bool:
        """Whether integer operands give the exact result, if it is representable."""

    @property
    def keeps_nonfinite_local(self) -> bool:
        """Whether an infinity or NaN reaches only the sums that contain it."""

    @property
    def keeps_batch_whole(self) -> bool:
        """Whether batch axes stay as they are: not merged, not walked in tiles.

        Only then can the partitioner divide them among devices without moving data.
        """

    def refuses(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> str | None:
        """Why it cannot compute this, in words; None if it can."""

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
        """The contraction, in the dtype ``accumulate``."""

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """Factor B of ``numerics``: |error| <= B * sum of |terms|.

        Where it is not ``exact_on_integers``, of ``accuracy``: |error| <= B * the
        product of the operands' norms.
        """

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """Predicted seconds; ``choose`` takes the smallest."""


@dataclasses.dataclass(frozen=True)
class ArrayLabels:
    """Names of the dimensions of the three arrays, for ``contraction.contract``.

    Attributes:
        rank: number of spatial axes.
        n_batch: number of batch axes.
    """

    rank: int
    n_batch: int

    @classmethod
    def of_call(
        cls, geometry: Geometry, out: Role, first: Array, second: Array
    ) -> ArrayLabels:
        """Count the batch axes of the operand that has them."""
        batched = second if out == "input" else first
        return cls(geometry.rank, batched.ndim - geometry.rank - 3)

    def at_step(self, role: Role, fixed: tuple[Role, ...]) -> tuple[str, ...]:
        """Labels while one role's index is fixed per axis: the others run together."""
        return self.of(
            role,
            tuple(
                f"{role}{a}" if each == role else f"step{a}"
                for a, each in enumerate(fixed)
            ),
        )

    def of(self, role: Role, spatial: tuple[str, ...]) -> tuple[str, ...]:
        """All labels of one array, given those of its spatial axes."""
        if role == "kernel":
            return ("e", *spatial, "c", "g", "m")
        batch = tuple(f"b{n}" for n in range(self.n_batch))
        return ("e", *batch, *spatial, "g", "c" if role == "input" else "m")

    def offset(self, role: Role) -> int:
        """Position of the array's first spatial axis."""
        return 1 if role == "kernel" else 1 + self.n_batch


def array_shapes(out: Role, first: Array, second: Array) -> Shapes:
    """The shapes of the operands of a call, by role."""
    return dict(zip(OPERANDS[out], (first.shape, second.shape), strict=True))


def result_shape(geometry: Geometry, shapes: Shapes, out: Role) -> Shape:
    """Canonical shape of role ``out`` from those of its two operands."""
    if out == "kernel":
        x, y = shapes["input"], shapes["output"]
        return (x[0], *geometry.kernel_shape, x[-1], x[-2], y[-1])
    other: Role = "input" if out == "output" else "output"
    array, kernel = shapes[other], shapes["kernel"]
    leading = array[: len(array) - 2 - geometry.rank]
    channel = kernel[-1] if out == "output" else kernel[-3]
    return (*leading, *geometry.size(out), array[-2], channel)


NOMINAL_BATCH = 8
"""What a cost model takes a symbolic batch size to be."""


def concrete(shape: Shape) -> tuple[int, ...]:
    """A shape with its symbolic sizes replaced by a nominal one."""
    return tuple(n if isinstance(n, int) else NOMINAL_BATCH for n in shape)
