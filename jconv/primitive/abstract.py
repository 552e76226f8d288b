"""The type of a result: shape, dtype, weak type, sharding, varying axes."""

from __future__ import annotations

from typing import Any

import jax

from jconv import algorithms, compat
from jconv.algorithms.protocol import ArrayLabels
from jconv.geometry import OPERANDS, Role
from jconv.primitive.bind import conv_p

Params = Any


@conv_p.def_abstract_eval
def _abstract_eval(first: Any, second: Any, **params: Params) -> Any:
    out, dtype = params["out"], params["dtype"]
    shapes = dict(zip(OPERANDS[out], (first.shape, second.shape), strict=True))
    return compat.result_aval(
        algorithms.result_shape(params["geometry"], shapes, out),
        dtype,
        (first, second),
        weak_type=first.weak_type and second.weak_type and first.dtype == dtype,
        sharding=params["sharding"] or _derived_sharding(first, second, **params),
    )


def _derived_sharding(first: Any, second: Any, **params: Params) -> Any:
    """The result's explicit sharding: batch and channels follow the operands.

    Raises:
        ShardingTypeError: if a spatial or a summed dimension is sharded, or two
            dimensions over one mesh axis; then the result's sharding is a choice that
            only the caller can make.
    """
    out, geometry = params["out"], params["geometry"]
    labels = ArrayLabels.of_call(geometry, out, first, second)
    meshes = []
    sharded: dict[str, Any] = {}
    for role, aval in zip(OPERANDS[out], (first, second), strict=True):
        sharding = compat.explicit_sharding(aval)
        if sharding is not None:
            meshes.append(sharding.mesh)
            names = _dimension_names(labels, role)
            sharded |= dict(zip(names, sharding.spec, strict=False))
    if not meshes:
        return None
    sharded = {label: axis for label, axis in sharded.items() if axis is not None}
    result = _dimension_names(labels, out)
    if len(set(sharded.values())) < len(sharded):
        raise compat.ShardingTypeError(
            f"conv: the operands are sharded over the same mesh axis in different "
            f"dimensions, {sharded}; reshard one of them first."
        )
    lost = sorted(set(sharded) - set(result))
    if lost:
        raise compat.ShardingTypeError(
            f"conv: dimensions {lost} of the operands are sharded and the result has "
            "none of them; reshard them first."
        )
    spec = jax.sharding.PartitionSpec(*(sharded.get(label) for label in result))
    return jax.sharding.NamedSharding(meshes[0], spec)


def _dimension_names(labels: ArrayLabels, role: Role) -> tuple[str, ...]:
    """Labels of one array's dimensions; spatial ones belong to their role alone."""
    return labels.of(role, tuple(f"{role} axis {a}" for a in range(labels.rank)))
