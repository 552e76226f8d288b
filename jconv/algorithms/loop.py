"""The steps of ``taps`` in a loop: any number of them compiles as fast as one.

A loop needs windows of one static size, so per axis one role is laid out on a *grid* on
which the relation becomes a plain shift. Let f be the role that the step fixes, n the
natural one, taken whole, and r the one on the grid, and write the relation as
``a_f f + a_n n + a_r r = low``. Index r stands at grid position ``|a_r| r`` plus a
margin, and at step f the whole range of n meets the positions ``start(f) + |a_n| n'``,
where n' is n or, if the signs say so, n reversed. Holes and margins of the grid are
zeros, and here they are multiplied: an infinity can meet such a zero and become NaN, as
it does in ``lax``.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics
from jconv.algorithms import costs
from jconv.algorithms.contraction import contract
from jconv.algorithms.protocol import ArrayLabels, array_shapes, result_shape
from jconv.algorithms.taps import fixed_roles, step_count
from jconv.geometry import OPERANDS, Axis, Geometry, Role

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms.protocol import Precision, Shapes


@dataclasses.dataclass(frozen=True)
class Window:
    """How one axis is walked: which role is fixed, which natural, which on the grid.

    Attributes:
        axis: the relation.
        fixed: the role whose index counts the steps.
    """

    axis: Axis
    fixed: Role

    @property
    def grid(self) -> Role:
        """The role on the grid: the input, or the output where the input is fixed."""
        return "output" if self.fixed == "input" else "input"

    @property
    def natural(self) -> Role:
        """The role that every step takes whole."""
        return "output" if self.fixed == "kernel" else "kernel"

    @property
    def sign(self) -> int:
        """Sign of the grid role's factor in the relation."""
        return 1 if self.axis.coefficient(self.grid) > 0 else -1

    @property
    def hole(self) -> int:
        """Distance between neighbours on the grid."""
        return abs(self.axis.coefficient(self.grid))

    @property
    def pace(self) -> int:
        """Grid distance between neighbouring natural indices; negative if reversed."""
        return -self.sign * self.axis.coefficient(self.natural)

    @property
    def length(self) -> int:
        """Grid positions that one step covers."""
        return abs(self.pace) * (self.axis.size(self.natural) - 1) + 1

    def starts(self) -> np.ndarray:
        """First grid position of every step, before the margin is added."""
        steps = np.arange(self.axis.size(self.fixed))
        origin = self.axis.low - self.axis.coefficient(self.fixed) * steps
        lowest = min(0, self.pace * (self.axis.size(self.natural) - 1))
        return self.sign * origin + lowest

    def margins(self) -> tuple[int, int]:
        """Zeros to add before and after the grid so that every step stays inside."""
        starts = self.starts()
        last = self.hole * (self.axis.size(self.grid) - 1)
        return (
            max(0, -int(starts.min())),
            max(0, int(starts.max()) + self.length - 1 - last),
        )

    def spread(self, role: Role) -> tuple[int, int, int]:
        """``lax.pad``'s (low, high, interior) that lays this axis of an array out."""
        return (*self.margins(), self.hole - 1) if role == self.grid else (0, 0, 0)

    def extent(self, role: Role) -> int:
        """Size of a step's window into this axis of an array."""
        sizes = {self.fixed: 1, self.grid: self.length}
        return sizes.get(role, self.axis.size(role))

    def begin(self, role: Role) -> np.ndarray:
        """Where the windows of all steps begin along this axis of an array."""
        if role == self.grid:
            return self.starts() + self.margins()[0]
        steps = np.arange(self.axis.size(self.fixed))
        return steps if role == self.fixed else np.zeros_like(steps)


@dataclasses.dataclass(frozen=True)
class Loop:
    """The looped form of ``taps``."""

    name: str = "loop"
    exact_on_integers: bool = True
    keeps_nonfinite_local: bool = False

    def refuses(
        self,
        geometry: Geometry,  # noqa: ARG002
        shapes: Shapes,  # noqa: ARG002
        out: Role,  # noqa: ARG002
        dtype: DTypeLike,  # noqa: ARG002
        platform: str | None,  # noqa: ARG002
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
            _lay_out(operand, windows, role, labels)
            for role, operand in zip(roles, (first, second), strict=True)
        ]
        begins = {role: _begin_table(windows, role) for role in (*roles, out)}

        def body(step: Array, total: Array) -> Array:
            slices = [
                _look(operand, windows, role, labels, begins[role][step])
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
            return _add(total, product, windows, out, labels, begins[out][step])

        total = _lay_out(jnp.zeros(shape, accumulate), windows, out, labels)
        total = lax.fori_loop(0, steps, body, total)
        return _gather_back(total, windows, out, labels)

    def error_bound(
        self, geometry: Geometry, shapes: Shapes, out: Role, dtype: DTypeLike
    ) -> float:
        """As for ``taps``: the extra terms are exact zeros."""
        terms = numerics.term_count(geometry, shapes, out)
        accumulate = numerics.accumulation_dtype(dtype)
        return numerics.direct_sum_bound(terms, accumulate, dtype)

    def cost(
        self,
        geometry: Geometry,
        shapes: Shapes,
        out: Role,
        dtype: DTypeLike,
        platform: str | None,
    ) -> float:
        """Whole windows, zeros included, and all three arrays copied at each step."""
        steps = step_count(geometry)
        pairs = steps * math.prod(
            axis.size(Window(axis, role).natural)
            for axis, role in zip(geometry.axes, fixed_roles(geometry), strict=True)
        )
        arrays = [*shapes.values(), result_shape(geometry, shapes, out)]
        moved = 2 * steps * sum(costs.bytes_of(shape, dtype) for shape in arrays)
        return costs.dot_seconds(
            geometry, shapes, out, pairs, platform
        ) + costs.traffic_seconds(moved, platform)


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
    return lax.pad(array, jnp.zeros((), array.dtype), config)


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
    seen = lax.dynamic_slice(array, starts, sizes)
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
    seen = lax.dynamic_slice(total, starts, sizes)
    return lax.dynamic_update_slice(total, seen + product, starts)


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
