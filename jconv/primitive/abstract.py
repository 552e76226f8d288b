"""The type of a result: shape, dtype, weak type, sharding, varying axes."""

from __future__ import annotations

from typing import Any

import jax

from jconv import algorithms, compat
from jconv.geometry import OPERANDS, Role
from jconv.primitive.bind import conv_p

Params = Any


@conv_p.def_abstract_eval
def _abstract_eval(first: Any, second: Any, **params: Params) -> Any:  # noqa: ANN401
    out, dtype = params["out"], params["dtype"]
    shapes = dict(zip(OPERANDS[out], (first.shape, second.shape), strict=True))
    return compat.result_aval(
        algorithms.result_shape(params["geometry"], shapes, out),
        dtype,
        (first, second),
        weak_type=first.weak_type and second.weak_type and first.dtype == dtype,
        sharding=params["sharding"] or _derived_sharding(first, second, **params),
    )


def _derived_sharding(first: Any, second: Any, **params: Params) -> Any:  # noqa: ANN401
    """The result's explicit sharding: batch and channels follow the operands.

    Raises:
        ShardingTypeError: if a spatial or a summed dimension is sharded; then the
            result's sharding is a choice that only the caller can make.
    """
    shardings = [compat.explicit_sharding(aval) for aval in (first, second)]
    if not any(shardings):
        return None
    out, rank = params["out"], params["geometry"].rank
    found: dict[str, Any] = {}
    for role, aval, sharding in zip(
        OPERANDS[out], (first, second), shardings, strict=True
    ):
        if sharding is None:
            continue
        for label, name in zip(
            _labels(role, rank, aval.ndim), sharding.spec, strict=False
        ):
            if name is not None:
                found[label] = name
    n_batch = (second if out == "input" else first).ndim
    ndim = rank + 4 if out == "kernel" else n_batch
    labels = _labels(out, rank, ndim)
    if set(found) - set(labels):
        raise compat.ShardingTypeError(
            f"conv: dimensions {sorted(set(found) - set(labels))} of the operands are "
            "sharded and the result has none of them; reshard them first."
        )
    mesh = next(sharding.mesh for sharding in shardings if sharding)
    spec = jax.sharding.PartitionSpec(*(found.get(label) for label in labels))
    return jax.sharding.NamedSharding(mesh, spec)


def _labels(role: Role, rank: int, ndim: int) -> list[str]:
    """Names of one array's dimensions; spatial ones belong to their role alone."""
    spatial = [f"{role}{a}" for a in range(rank)]
    if role == "kernel":
        return ["e", *spatial, "c", "g", "m"]
    batch = [f"b{n}" for n in range(ndim - rank - 3)]
    return ["e", *batch, *spatial, "g", "c" if role == "input" else "m"]
