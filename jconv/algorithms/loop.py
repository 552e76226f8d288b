"""The steps of ``taps`` in a loop: any number of them compiles as fast as a few.

``grid.Window`` lays each axis out so that every step takes a window of one static
size. Holes and margins of that layout are zeros, and here they are multiplied: an
infinity can meet such a zero and become NaN, as it does in ``lax``.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.algorithms import costs
from jconv.algorithms.accelerators import TURN_SECONDS, is_accelerator
from jconv.algorithms.parts.buffers import (
    carried,
    entry_at,
    pad,
    settled,
    slice_at,
    update_at,
)
from jconv.algorithms.parts.contraction import contract
from jconv.algorithms.parts.grid import Window
from jconv.algorithms.parts.platforms import by_platform
from jconv.algorithms.parts.turns import looped
from jconv.algorithms.protocol import ArrayLabels, array_shapes, result_shape
from jconv.algorithms.taps import fixed_roles, step_count
from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes


TOGETHER = 9
"""Steps of a turn at the most: their products are added in one pass over the total."""

PASSES = 1.5
"""How often a product is moved, beside being made: read, and its share of the total."""

LAYOUT = 4
ACCELERATOR_LAYOUT = 2
"""How often an array is moved to lie on the grid."""

OVERHEAD = 1.2
"""What a loop costs over the same steps unrolled, where the compiler sees them all."""

ACCELERATOR_OVERHEAD = 1.6
"""The same where what is cut out is copied to be multiplied."""


@dataclasses.dataclass(frozen=True)
class Loop:
    """The looped form of ``taps``."""

    name: str = "loop"
    exact_on_integers: bool = True
    keeps_nonfinite_local: bool = False
    keeps_batch_whole: bool = True

    def refuses(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> str | None:
        """Nothing."""
        return None

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
        """The contraction, one step per iteration of a ``lax.fori_loop``."""
        roles = OPERANDS[out]
        labels = ArrayLabels.of_call(geometry, out, first, second)
        fixed = fixed_roles(geometry)
        shape = result_shape(geometry, array_shapes(out, first, second), out)
        steps = step_count(geometry)
        if not steps or not math.prod(geometry.size(out)):
            return jnp.zeros(shape, accumulate)
        windows = [Window(*each) for each in zip(geometry.axes, fixed, strict=True)]
        operands = [
            carried(_lay_out(operand, windows, role, labels))
            for role, operand in zip(roles, (first, second), strict=True)
        ]
        begins = {role: _begin_table(windows, role) for role in (*roles, out)}

        def body(step: Array, total: Array) -> Array:
            slices = [
                _look(operand(), windows, role, labels, entry_at(begins[role], step))
                for role, operand in zip(roles, operands, strict=True)
            ]
            product = contract(
                slices[0],
                labels.at_step(roles[0], fixed),
                slices[1],
                labels.at_step(roles[1], fixed),
                labels.at_step(out, fixed),
                precision=precision,
                accumulate=accumulate,
            )
            return _add(
                total, product, windows, out, labels, entry_at(begins[out], step)
            )

        total = _lay_out(jnp.zeros(shape, accumulate), windows, out, labels)
        # On a CPU a turn of several steps compiles for longer, and is not faster.
        total = by_platform(
            total,
            cpu=functools.partial(looped, steps, body),
            default=functools.partial(looped, steps, body, unroll=_unroll(steps)),
        )
        return _gather_back(total, windows, out, labels)

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """As for ``taps``: the extra terms are exact zeros."""
        return numerics.contraction_bound(geometry, shapes, out, dtype)

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """Whole windows, zeros included, and the layout on the grid."""
        fixed, steps = fixed_roles(geometry), step_count(geometry)
        windows = [Window(*each) for each in zip(geometry.axes, fixed, strict=True)]
        whole = tuple(float(each.axis.size(each.natural)) for each in windows)
        step = costs.StepCost.of(geometry, shapes, out, fixed, whole)
        arrays = shapes | {out: result_shape(geometry, shapes, out)}
        moves = ACCELERATOR_LAYOUT if is_accelerator(platform) else LAYOUT
        laid_out = sum(
            costs.copy_seconds(moves * costs.bytes_of(shape, dtype), run, platform)
            for shape, run in zip(arrays.values(), step.runs, strict=True)
        )
        seconds = costs.steps_seconds(
            step, steps, _unroll(steps), dtype, platform, passes=PASSES
        )
        if is_accelerator(platform):
            turns = -(-steps // _unroll(steps))
            return ACCELERATOR_OVERHEAD * (seconds + laid_out) + turns * TURN_SECONDS
        return OVERHEAD * (seconds + laid_out)


def _unroll(steps: int) -> int:
    """Steps of a turn: if none is left over, the compiler sees the body only once."""
    fitting = max(n for n in range(1, TOGETHER + 1) if steps % n == 0)
    return fitting if 2 * fitting >= TOGETHER or steps <= TOGETHER else TOGETHER


def _begin_table(windows: list[Window], role: Role) -> Array:
    """Where each step's window begins in one array: (steps, rank) integers."""
    columns = np.meshgrid(*(window.begin(role) for window in windows), indexing="ij")
    if not columns:
        return jnp.zeros((1, 0), jnp.int32)
    return jnp.asarray(np.stack([column.ravel() for column in columns], -1), jnp.int32)


def _lay_out(
    array: Array, windows: list[Window], role: Role, labels: ArrayLabels
) -> Array:
    """Put the axes that this role has on a grid onto it."""
    config = [(0, 0, 0)] * array.ndim
    for a, window in enumerate(windows, labels.offset(role)):
        config[a] = window.spread(role)
    return pad(array, jnp.zeros((), array.dtype), config)


def _starts_and_sizes(
    array: Array,
    windows: list[Window],
    role: Role,
    labels: ArrayLabels,
    begin: Array,
) -> tuple[list[Array], list[int]]:
    """Arguments of a dynamic slice that cuts one step's window out."""
    starts = [jnp.zeros((), begin.dtype)] * array.ndim
    sizes = list(array.shape)
    for n, window in enumerate(windows):
        starts[labels.offset(role) + n] = begin[n]
        sizes[labels.offset(role) + n] = window.extent(role)
    return starts, sizes


def _look(
    array: Array,
    windows: list[Window],
    role: Role,
    labels: ArrayLabels,
    begin: Array,
) -> Array:
    """One operand's window at a step, in the order of the natural index."""
    starts, sizes = _starts_and_sizes(array, windows, role, labels, begin)
    seen = slice_at(array, starts, sizes)
    return _thin(seen, windows, role, labels)


def _thin(
    array: Array, windows: list[Window], role: Role, labels: ArrayLabels
) -> Array:
    """Keep every ``pace``-th grid position, in the order of the natural index."""
    stride = [1] * array.ndim
    backwards = []
    for a, window in enumerate(windows, labels.offset(role)):
        if role == window.grid:
            stride[a] = abs(window.pace)
            backwards += [a] if window.pace < 0 else []
    if max(stride) > 1:
        array = settled(array)
    thin = lax.slice(array, [0] * array.ndim, array.shape, stride)
    return lax.rev(thin, backwards) if backwards else thin


def _add(
    total: Array,
    product: Array,
    windows: list[Window],
    role: Role,
    labels: ArrayLabels,
    begin: Array,
) -> Array:
    """The adjoint of ``_look``: add a step's result to its window of the total."""
    starts, sizes = _starts_and_sizes(total, windows, role, labels, begin)
    config = [(0, 0, 0)] * product.ndim
    backwards = []
    for a, window in enumerate(windows, labels.offset(role)):
        if role == window.grid:
            config[a] = (0, 0, abs(window.pace) - 1)
            backwards += [a] if window.pace < 0 else []
    product = lax.rev(product, backwards) if backwards else product
    product = lax.pad(product, jnp.zeros((), product.dtype), config)
    seen = slice_at(total, starts, sizes)
    return update_at(total, seen + product, starts)


def _gather_back(
    total: Array, windows: list[Window], out: Role, labels: ArrayLabels
) -> Array:
    """Take the result off the grid: the adjoint of ``_lay_out``."""
    start, limit, stride = [0] * total.ndim, list(total.shape), [1] * total.ndim
    for a, window in enumerate(windows, labels.offset(out)):
        low, high, interior = window.spread(out)
        start[a], limit[a], stride[a] = low, total.shape[a] - high, interior + 1
    return lax.slice(total, start, limit, stride)


LOOP = Loop()
