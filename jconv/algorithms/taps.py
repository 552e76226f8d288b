"""Slice, multiply, place, add: one matrix product for each step along an index.

With one index of an axis held fixed, the other two form an arithmetic progression
(``Axis.progression``), so the operands of a step are strided slices and its result is a
strided slice. Usually the fixed index is the kernel's, "one product per tap"; along
each axis it is the index with the fewest values, so that a kernel derivative with a
14 x 14 window of cotangents and a 3 x 3 result takes 9 steps and not 196.

No padding is materialised, nothing is multiplied by an inserted zero: what is absent
from the relation is absent from the arithmetic.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
from jax import lax

from jconv import numerics
from jconv.algorithms import costs
from jconv.algorithms.accelerators import is_accelerator
from jconv.algorithms.parts.buffers import materialised, settled
from jconv.algorithms.parts.contraction import contract
from jconv.algorithms.parts.steps import placed, taken, unseen_starts
from jconv.algorithms.protocol import ArrayLabels, array_shapes, result_shape
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.parts.steps import Starts, Step
    from jconv.algorithms.protocol import Precision, Shapes

PASSES = 0.7
ACCELERATOR_PASSES = 1
"""How often a product is moved, beside being made: all are added in one loop."""

TOGETHER = 9
"""Products that are added in one loop; so many are in memory at once."""

QUICKLY_COMPILED = 27
"""Steps that take half a second to compile."""

COMPILING = 1e-4
"""Seconds that ``cost`` adds for each further step, so that ``loop`` is taken then."""

MAX_STEPS = 128
"""Steps that are unrolled at the most; beyond, compiling takes too long."""

FEW_STEPS = 12
"""Steps up to which a loop over all of them runs along the channels."""

MANY_STEPS_SLOWNESS = 8
"""How much slower each of more steps is."""


def fixed_roles(geometry: Geometry) -> tuple[Role, ...]:
    """Per axis the role with the fewest indices, the kernel first among equals."""
    preference: tuple[Role, ...] = ("kernel", "output", "input")
    return tuple(min(preference, key=axis.size) for axis in geometry.axes)


def step_count(geometry: Geometry) -> int:
    """How many products a contraction takes: the fewest indices, over all axes."""
    return math.prod(
        axis.size(role)
        for axis, role in zip(geometry.axes, fixed_roles(geometry), strict=True)
    )


@dataclasses.dataclass(frozen=True)
class Taps:
    """The unrolled form; tests make ``max_steps`` tiny.

    Attributes:
        name: what a user passes as ``method``.
        max_steps: products at the most.
        joins: whether dimensions that stand together become one (``matmul``).
        exact_on_integers: see ``protocol``.
        keeps_nonfinite_local: see there.
    """

    name: str = "taps"
    max_steps: int = MAX_STEPS
    joins: bool = False
    exact_on_integers: bool = True
    keeps_nonfinite_local: bool = True

    @property
    def keeps_batch_whole(self) -> bool:
        """Whether batch axes are not merged with others."""
        return not self.joins

    def refuses(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> str | None:
        """Too many steps to unroll."""
        steps = step_count(geometry)
        if steps <= self.max_steps:
            return None
        return (
            f"it would unroll {steps} matrix products, more than {self.max_steps}; "
            "'loop' does the same in a loop"
        )

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
        """The contraction as a sum of placed products."""
        roles = OPERANDS[out]
        labels = ArrayLabels.of_call(geometry, out, first, second)
        fixed = fixed_roles(geometry)
        columns = [
            [axis.progression(role, index) for index in range(axis.size(role))]
            for axis, role in zip(geometry.axes, fixed, strict=True)
        ]
        shapes = array_shapes(out, first, second)
        shape = result_shape(geometry, shapes, out)
        steps = [
            step
            for step in itertools.product(*columns)
            if all(each.length for each in step)
        ]

        first, second = (
            settled(array) if _strided(steps, role) else array
            for array, role in zip((first, second), roles, strict=True)
        )

        # Where positions are summed, a slice that is joined is transposed as well: a
        # third faster from an array of its own. Elsewhere that is as much slower.
        own = self.joins and out == "kernel"
        # A matrix product reads arrays: every slice is a loop to compile.
        alone = _mean_step(geometry, shapes, out).is_matrix_product
        new_starts = unseen_starts if alone else lambda: None

        def product(step: Step, starts: Starts | None) -> Array:
            return contract(
                taken(first, step, roles[0], labels, starts, own=own),
                labels.at_step(roles[0], fixed),
                taken(second, step, roles[1], labels, starts, own=own),
                labels.at_step(roles[1], fixed),
                labels.at_step(out, fixed),
                precision=precision,
                accumulate=accumulate,
                joins=self.joins,
            )

        def add(total: Array, some: list[Step]) -> Array:
            starts = new_starts()
            for step in some:
                term = placed(product(step, starts), step, out, labels, geometry)
                total = lax.add(total, term)
            return total

        whole = 0 < len(steps) == step_count(geometry)
        if whole and all(role == out for role in fixed):
            starts = new_starts()
            products = [product(step, starts) for step in steps]
            return lax.reshape(jnp.stack(products, labels.offset(out)), shape)
        total = add(jnp.zeros(shape, accumulate), steps[:TOGETHER])
        for start in range(TOGETHER, len(steps), TOGETHER):
            some = steps[start : start + TOGETHER]
            total = materialised(functools.partial(add, total, some))
        return total

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """Products summed in some order: ``numerics.direct_sum_bound``."""
        return numerics.contraction_bound(geometry, shapes, out, dtype)

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """The products that exist, each placed and added."""
        steps = step_count(geometry)
        if not steps:
            return 0.0
        step = _mean_step(geometry, shapes, out)
        if not is_accelerator(platform) and not step.is_matrix_product:
            return self._one_loop_seconds(step, steps, shapes, dtype)
        if steps == 1:
            return step.seconds(dtype, platform, passes=0)
        passes = ACCELERATOR_PASSES if is_accelerator(platform) else PASSES
        return costs.steps_seconds(
            step, steps, TOGETHER, dtype, platform, passes=passes
        ) + COMPILING * max(0, steps - QUICKLY_COMPILED)

    def _one_loop_seconds(
        self, step: costs.StepCost, steps: int, shapes: Shapes, dtype: DTypeLike
    ) -> float:
        """Steps entry by entry, which a CPU's compiler makes one loop of.

        With few steps it runs along the channels; with many it looks at every entry
        which of them there are.
        """
        copied = 2 * max(costs.bytes_of(shape, dtype) for shape in shapes.values())
        slowness = 1 if steps <= FEW_STEPS or step.summed > 1 else MANY_STEPS_SLOWNESS
        adds = steps * slowness * step.entrywise_seconds("cpu")
        return costs.copy_seconds(copied, copied, "cpu") + adds


def _mean_step(geometry: Geometry, shapes: Shapes, out: Role) -> costs.StepCost:
    """A step as large as they are in the mean."""
    fixed = fixed_roles(geometry)
    met = tuple(
        axis.pair_count / max(1, axis.size(role))
        for axis, role in zip(geometry.axes, fixed, strict=True)
    )
    return costs.StepCost.of(geometry, shapes, out, fixed, met)


def _strided(steps: list[Step], role: Role) -> bool:
    """Whether any step takes a strided slice of an array."""
    return any(abs(each.of(role)[1]) > 1 for step in steps for each in step)


TAPS = Taps()
