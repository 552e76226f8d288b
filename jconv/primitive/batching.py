"""vmap: the new axis joins the label that the mapped operands share with the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.interpreters import batching

from jconv import compat
from jconv.geometry import OPERANDS
from jconv.primitive.bind import contract, conv_p

if TYPE_CHECKING:
    from jax import Array

Params = Any

SHARED_LABEL = {
    frozenset(("input", "output")): "b",
    frozenset(("input", "kernel")): "c",
    frozenset(("kernel", "output")): "m",
}
"""The label that two roles share and the third lacks."""

POSITION = {
    "input": {"e": 0, "c": -1},
    "kernel": {"e": 0, "c": -3, "m": -1},
    "output": {"e": 0, "m": -1},
}
"""Where a label that the new axis becomes a part of stands; of b it is a dimension."""


def _batch(axis: Any, operands: Any, mapped: Any, **params: Params) -> Any:
    """One row per pair of roles: the new axis joins the label that they share."""
    out, sharding = params["out"], params["sharding"]
    arrays = dict(zip(OPERANDS[out], operands, strict=True))
    moved = {
        role: jnp.moveaxis(arrays[role], dim, 0)
        for role, dim in zip(OPERANDS[out], mapped, strict=True)
        if dim is not None
    }
    if not moved:
        return contract(*operands, **params), None
    label = "e" if len(moved) == 2 else SHARED_LABEL[frozenset((*moved, out))]
    if label == "b":
        arrays |= {role: jnp.moveaxis(array, 0, 1) for role, array in moved.items()}
        if sharding is not None:
            names = list(sharding.spec)
            names.insert(1, axis.explicit_mesh_axis)
            params["sharding"] = _divided(sharding, names)
        return contract(*arrays.values(), **params), 1

    dims = {role: POSITION[role][label] for role in (*moved, out)}
    inner_names = [_names(array)[dims[role]] for role, array in moved.items()]
    if sharding is not None:
        names = list(sharding.spec)
        inner_names.append(names[dims[out]])
    # Where one part is divided among devices, it has to be the outer one.
    outer = axis.explicit_mesh_axis is not None or not any(inner_names)
    if sharding is not None and outer:
        names[dims[out]] = axis.explicit_mesh_axis
        params["sharding"] = _divided(sharding, names)
    sizes = {array.shape[1:][dims[role]] for role, array in moved.items()}
    arrays |= {
        role: _merge(array, dims[role], outer=outer) for role, array in moved.items()
    }
    result = contract(*arrays.values(), **params)
    return _split(result, dims[out], axis.size, sizes.pop(), outer=outer)


def _merge(array: Array, dim: int, *, outer: bool) -> Array:
    """Dimension 0 and one of the others as one; ``outer`` if 0 is to be the outer."""
    dim %= array.ndim - 1
    sizes = list(array.shape[1:])
    sizes[dim] *= array.shape[0]
    return lax.reshape(jnp.moveaxis(array, 0, dim + (not outer)), sizes)


def _split(
    array: Array, dim: int, size: int, inner: int, *, outer: bool
) -> tuple[Array, int]:
    """The inverse of ``_merge``, but for where the new dimension is: the second."""
    dim %= array.ndim
    before, (_, *after) = array.shape[:dim], array.shape[dim:]
    parts = (size, inner) if outer else (inner, size)
    return lax.reshape(array, (*before, *parts, *after)), dim + (not outer)


def _names(array: Array) -> Any:
    """The mesh axes that divide each dimension of a mapped array but the mapped one."""
    sharding = compat.explicit_sharding(jax.typeof(array))
    return (None,) * (array.ndim - 1) if sharding is None else sharding.spec[1:]


def _divided(sharding: Any, names: list[Any]) -> Any:
    """A sharding over the same mesh."""
    spec = jax.sharding.PartitionSpec(*names)
    return jax.sharding.NamedSharding(sharding.mesh, spec)


batching.fancy_primitive_batchers[conv_p] = _batch
