"""One matrix product, with batch and positions as one of its dimensions.

That is a pointwise layer, or one whose window is as large as the image: ``taps`` with a
single step. ``taps`` leaves the dimensions as they are, so that a program may divide
them among devices. But a product over several of them is not one of matrices: compilers
transpose an operand first, and a CPU's does so in the very loop that computes it. In a
network, where the operand is a cotangent on its way through other layers, that costs
more than the product.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jconv.algorithms.taps import Taps, step_count

if TYPE_CHECKING:
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Shapes
    from jconv.geometry import Geometry, Role

JOINED = 0.95
"""What part of ``taps``' time it takes; in a network it is less."""


@dataclasses.dataclass(frozen=True)
class Matmul(Taps):
    """The single step."""

    name: str = "matmul"
    max_steps: int = 1
    joins: bool = True

    def refuses(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> str | None:
        """More than one step."""
        steps = step_count(geometry)
        if steps <= 1:
            return None
        return f"it would take {steps} matrix products, and 'taps' makes them"

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """That of the step, but for what transposing takes."""
        return JOINED * super().cost(geometry, shapes, out, dtype, platform)


MATMUL = Matmul()
