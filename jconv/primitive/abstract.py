"""The type of a result: shape, dtype, weak type, sharding, varying axes."""

from __future__ import annotations

from typing import Any

import jax

from jconv import algorithms, compat
from jconv.algorithms.protocol import ArrayLabels
from jconv.geometry import OPERANDS, Role
from jconv.primitive.bind import conv_p

Params = Any

WORDS = {
    "e": "vmapped axis",
    "g": "groups",
    "c": "input channels",
    "m": "output channels",
}


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

    What is summed over may be divided, if in both operands over the same mesh axis:
    devices then add up their sums, and the result is whole.

    Raises:
        ShardingTypeError: if a spatial dimension is sharded, or one that is summed over
            in one operand alone, or two over one mesh axis; then the result's sharding
            is a choice that only the caller can make.
    """
    out, geometry = params["out"], params["geometry"]
    labels = ArrayLabels.of_call(geometry, out, first, second)
    meshes, divided = [], []
    for role, aval in zip(OPERANDS[out], (first, second), strict=True):
        sharding = compat.explicit_sharding(aval)
        names: dict[str, Any] = {}
        if sharding is not None:
            meshes.append(sharding.mesh)
            names = dict(zip(_dimensions(labels, role), sharding.spec, strict=False))
        divided.append({label: axis for label, axis in names.items() if axis})
    if not meshes:
        return None
    result = _dimensions(labels, out)
    alike = {
        label for label, axis in divided[0].items() if divided[1].get(label) == axis
    }
    sharded = divided[0] | divided[1]
    if len(set(sharded.values())) < len(sharded):
        raise _ambiguous("one mesh axis divides different dimensions", sharded)
    lost = {label: sharded[label] for label in set(sharded) - set(result) - alike}
    if lost:
        raise _ambiguous("the result lacks divided dimensions of one operand", lost)
    spec = jax.sharding.PartitionSpec(*(sharded.get(label) for label in result))
    return jax.sharding.NamedSharding(meshes[0], spec)


def _ambiguous(why: str, sharded: dict[str, Any]) -> Exception:
    """The error, in words rather than labels."""
    where = ", ".join(
        f"{_in_words(label)} over {sharded[label]}" for label in sorted(sharded)
    )
    return compat.ShardingTypeError(
        f"conv: {why} ({where}); reshard an operand first (jax.sharding.reshard), or "
        "use jconv.sharding, which divides spatial axes too."
    )


def _in_words(label: str) -> str:
    """What a label stands for: "b0" is a batch axis, "c" are input channels."""
    return WORDS.get(label, f"batch axis {label[1:]}" if label[0] == "b" else label)


def _dimensions(labels: ArrayLabels, role: Role) -> tuple[str, ...]:
    """Labels of one array's dimensions; spatial ones belong to their role alone."""
    return labels.of(
        role, tuple(f"spatial axis {a} of the {role}" for a in range(labels.rank))
    )
