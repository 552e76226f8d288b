"""Halos: entries of neighbours, sent along one axis of a mesh.

What lies outside the whole array is zero: a device that nobody sends to receives zeros,
and that is zero padding. The transpose of an exchange sends what came back to where it
came from, and adds it: JAX derives it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jax import lax

from jconv.geometry.checks import at_least

if TYPE_CHECKING:
    from jax import Array

    AxisName = str | tuple[str, ...]


def halo_exchange(
    block: Array, axis_name: AxisName, *, dimension: int, low: int, high: int
) -> Array:
    """Extend a device's block by entries of its neighbours, inside ``shard_map``.

    Args:
        block: what lies on this device of an array that is divided along ``dimension``
            among the devices of ``axis_name``.
        axis_name: a name of the mesh, or several that divide it together.
        dimension: which dimension is divided.
        low: entries of the devices before this one; they may be more than one holds.
        high: entries of the devices after it.

    Returns:
        The block with ``low + high`` more entries along ``dimension``, zeros where the
        whole array has none.

    Raises:
        GeometryError: for a negative ``low`` or ``high``.

    Examples:
        >>> import jax, jax.numpy as jnp
        >>> from jax.sharding import Mesh, PartitionSpec as P
        >>> rows = Mesh(jax.devices()[:1], ("rows",))
        >>> jax.shard_map(
        ...     lambda x: halo_exchange(x, "rows", dimension=0, low=1, high=2),
        ...     mesh=rows,
        ...     in_specs=P("rows"),
        ...     out_specs=P("rows"),
        ... )(jnp.array([1.0, 2.0]))
        Array([0., 1., 2., 0., 0.], dtype=float32)
    """
    at_least(0, low=low, high=high)
    size, devices = block.shape[dimension], lax.axis_size(axis_name)
    there = size * (devices - 1)
    pieces = [block]
    for hop, wanted in enumerate(_amounts(min(low, there), size), 1):
        last = lax.slice_in_dim(block, size - wanted, size, axis=dimension)
        pieces.insert(0, _shifted(last, axis_name, devices, hop))
    for hop, wanted in enumerate(_amounts(min(high, there), size), 1):
        leading = lax.slice_in_dim(block, 0, wanted, axis=dimension)
        pieces.append(_shifted(leading, axis_name, devices, -hop))
    extended = lax.concatenate(pieces, dimension) if len(pieces) > 1 else block
    config = [(0, 0, 0)] * block.ndim
    config[dimension] = (max(0, low - there), max(0, high - there), 0)
    return lax.pad(extended, np.zeros((), block.dtype), config)


def _amounts(wanted: int, size: int) -> list[int]:
    """How much of so many entries the neighbours hold, the nearest one first."""
    if not wanted:
        return []
    full, rest = divmod(wanted, size)
    return [size] * full + [rest] * bool(rest)


def _shifted(piece: Array, axis_name: AxisName, devices: int, by: int) -> Array:
    """Every device's piece, sent to the one that is ``by`` later; zeros at the ends."""
    there = [(p, p + by) for p in range(devices) if 0 <= p + by < devices]
    return lax.ppermute(piece, axis_name, there)
