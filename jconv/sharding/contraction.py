"""One contraction of the relation on a mesh: halos, then each device for itself."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import lax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jconv import numerics, primitive
from jconv.geometry import OPERANDS, Geometry, Role, Slab
from jconv.sharding.halo import halo_exchange

if TYPE_CHECKING:
    from jax import Array
    from jax.sharding import AbstractMesh, Mesh

    from jconv.algorithms import Method, Precision
    from jconv.algorithms.protocol import Shape

Names = tuple[str, ...]
"""Names of a mesh that divide one dimension; none if every device has all of it."""


@dataclasses.dataclass(frozen=True)
class ShardedContraction:
    """What ``primitive.contract`` computes, by the devices of a mesh.

    Input and output are divided alike: along batch axes, where devices have nothing to
    tell each other, and along spatial axes. The kernel is on every device.

    Attributes:
        mesh: the devices.
        batch: the names that divide each batch axis.
        spatial: the names that divide each spatial axis.
    """

    mesh: Mesh | AbstractMesh
    batch: tuple[Names, ...]
    spatial: tuple[Names, ...]

    def __call__(
        self,
        first: Array,
        second: Array,
        *,
        geometry: Geometry,
        out: Role,
        precision: Precision,
        dtype: Any,
        method: Method,
    ) -> Array:
        """Contract canonical arrays; the result is divided as the operands are."""
        if 0 in first.shape or 0 in second.shape:
            # Nothing is to be divided, and XLA refuses to divide only empty arrays.
            return primitive.contract(
                first,
                second,
                geometry=geometry,
                out=out,
                precision=precision,
                dtype=dtype,
                method=method,
            )
        # A kernel's derivative is divided as its outputs are, each with its inputs.
        result: Role = "input" if out == "input" else "output"
        source: Role = "output" if out == "input" else "input"
        slabs = self._slabs(geometry, result)
        axes = list(geometry.axes)
        for a, slab in slabs.items():
            axes[a] = slab.axis
        local = Geometry(tuple(axes), geometry.groups)
        roles = OPERANDS[out]
        held = {
            source: {a: slab.held for a, slab in slabs.items()},
            result: {a: slab.axis.size(result) for a, slab in slabs.items()},
        }
        operands = [
            array if role == "kernel" else self._filled(array, held[role])
            for role, array in zip(roles, (first, second), strict=True)
        ]
        summed = out == "kernel"
        wide = numerics.accumulation_dtype(first.dtype, second.dtype, dtype)

        def on_each(*blocks: Array) -> Array:
            mine = dict(zip(roles, blocks, strict=True))
            for a, slab in slabs.items():
                mine[source] = self._met(mine[source], a, slab)
            part = primitive.contract(
                *(mine[role] for role in roles),
                geometry=local,
                out=out,
                precision=precision,
                dtype=wide if summed else dtype,
                method=method,
            )
            return lax.psum(part, self._names).astype(dtype) if summed else part

        computed = jax.shard_map(
            on_each,
            mesh=self.mesh,
            in_specs=tuple(self._spec(role) for role in roles),
            out_specs=self._spec(out),
        )(
            *(
                self._placed(array, self._spec(role))
                for role, array in zip(roles, operands, strict=True)
            )
        )
        if summed:
            return computed
        given = first if roles[0] == source else second
        batch = given.shape[1 : 1 + len(self.batch)]
        return self._cut(computed, (*batch, *geometry.size(out)))

    @property
    def _names(self) -> Names:
        """All names that divide anything."""
        return tuple(name for names in (*self.batch, *self.spatial) for name in names)

    def _devices(self, names: Names) -> int:
        """How many devices divide a dimension."""
        return math.prod(self.mesh.shape[name] for name in names)

    def _slabs(self, geometry: Geometry, result: Role) -> dict[int, Slab]:
        """Axis -> its slabs, of the axes that more than one device divides."""
        return {
            a: Slab.of(geometry.axes[a], result, self._devices(names))
            for a, names in enumerate(self.spatial)
            if self._devices(names) > 1
        }

    def _spec(self, role: Role) -> PartitionSpec:
        """How a canonical array is divided."""
        if role == "kernel":
            return PartitionSpec()
        divided = [names or None for names in (*self.batch, *self.spatial)]
        return PartitionSpec(None, *divided, None, None)

    def _filled(self, array: Array, each: dict[int, int]) -> Array:
        """Zeros behind the last entries, so that devices hold ``each`` so many."""
        config = [(0, 0, 0)] * array.ndim
        for n, names in enumerate(self.batch, 1):
            config[n] = (0, -array.shape[n] % self._devices(names), 0)
        for a, size in each.items():
            n = 1 + len(self.batch) + a
            whole = size * self._devices(self.spatial[a])
            config[n] = (0, whole - array.shape[n], 0)
        if not any(high for _, high, _ in config):
            return array
        return lax.pad(array, np.zeros((), array.dtype), config)

    def _placed(self, array: Array, spec: PartitionSpec) -> Array:
        """The same array, divided; if no axis is explicit, the compiler divides it."""
        if AxisType.Explicit not in self.mesh.axis_types:
            return array
        return jax.reshard(array, NamedSharding(self.mesh, spec))

    def _cut(self, result: Array, sizes: Shape) -> Array:
        """Only the entries that exist, of so many per batch and spatial axis.

        On explicit axes, what does not divide is whole on every device.
        """
        shape = (1, *sizes, *result.shape[-2:])
        if result.shape == shape:
            return result
        names = (None, *self.batch, *self.spatial, None, None)
        even = [
            name or None if size == whole else None
            for name, size, whole in zip(names, shape, result.shape, strict=True)
        ]
        result = self._placed(result, PartitionSpec(*even))
        return lax.slice(result, [0] * result.ndim, shape)

    def _met(self, block: Array, a: int, slab: Slab) -> Array:
        """The sources along one axis that this device's results meet."""
        dimension, names, (low, high) = (
            1 + len(self.batch) + a,
            self.spatial[a],
            slab.halo,
        )
        block = halo_exchange(block, names, dimension=dimension, low=low, high=high)
        begin = slab.first + low
        if not slab.drift:
            return lax.slice_in_dim(block, begin, begin + slab.met, axis=dimension)
        later = begin + slab.drift * lax.axis_index(names)
        return lax.dynamic_slice_in_dim(block, later, slab.met, axis=dimension)
