"""vmap: the new axis joins the label that the mapped operand shares with the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.interpreters import batching

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

POSITION = {"input": {"c": -1}, "kernel": {"c": -3, "m": -1}, "output": {"m": -1}}
"""Where the channel labels stand in each role; e is 0 and b begins at 1."""


def _batch(operands: Any, mapped: Any, **params: Params) -> Any:
    """One row per pair of roles: the new axis joins the label that they share."""
    out, pair = params["out"], OPERANDS[params["out"]]
    if None not in mapped:
        size = operands[0].shape[mapped[0]]
        merged = [
            _merge(operand, axis, 0)
            for operand, axis in zip(operands, mapped, strict=True)
        ]
        inner = operands[0].shape[0 if mapped[0] else 1]
        params["sharding"] = None
        return _split(contract(*merged, **params), 0, size, inner), 0
    which = 0 if mapped[0] is not None else 1
    role, axis = pair[which], mapped[which]
    size = operands[which].shape[axis]
    label = SHARED_LABEL[frozenset((role, out))]
    operands = list(operands)
    if label == "b":
        operands[which] = jnp.moveaxis(operands[which], axis, 1)
        params["sharding"] = _with_axis(params["sharding"], 1)
        return contract(*operands, **params), 1
    moved = jnp.moveaxis(operands[which], axis, 0)
    inner = moved.shape[POSITION[role][label]]
    operands[which] = _merge(moved, 0, moved.ndim - 1 + POSITION[role][label])
    result = contract(*operands, **params)
    position = result.ndim + POSITION[out][label]
    return _split(result, position, size, inner), position


def _merge(array: Array, axis: int, position: int) -> Array:
    """Move an axis in front of a position and merge the two."""
    array = jnp.moveaxis(array, axis, position)
    before, (outer, inner, *after) = array.shape[:position], array.shape[position:]
    return lax.reshape(array, (*before, outer * inner, *after))


def _split(array: Array, position: int, size: int, inner: int) -> Array:
    """The inverse of ``_merge``: split one dimension into (size, inner)."""
    before, (_, *after) = array.shape[:position], array.shape[position:]
    return lax.reshape(array, (*before, size, inner, *after))


def _with_axis(sharding: Any, position: int) -> Any:
    """A sharding with an unsharded dimension inserted."""
    if sharding is None:
        return None
    spec = list(sharding.spec)
    spec.insert(position, None)
    return jax.sharding.NamedSharding(sharding.mesh, jax.sharding.PartitionSpec(*spec))


batching.primitive_batchers[conv_p] = _batch
