"""The primitive, and the function that binds it for everyone else.

Only its Taylor rule binds it without, as all its operands are ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from jax.extend.core import Primitive

from jconv import algorithms, compat

if TYPE_CHECKING:
    from jax import Array

    from jconv.geometry import Geometry, Role

conv_p = Primitive("conv")
compat.check_for_nan(conv_p)


def contract(
    first: Array,
    second: Array,
    *,
    geometry: Geometry,
    out: Role,
    precision: algorithms.Precision = None,
    dtype: Any,
    method: algorithms.Method = algorithms.AUTO,
    sharding: Any = None,
) -> Array:
    """Bind the primitive: one contraction of canonical arrays.

    Args:
        first: the first of ``OPERANDS[out]``.
        second: the second.
        geometry: the relation.
        out: the role to compute.
        precision: one ``lax.Precision`` per operand, or None.
        dtype: of the result.
        method: the algorithm, or "auto".
        sharding: the result's explicit sharding, or None to derive it.
    """
    first, second = compat.auto_insert_reshard(first, second)
    return conv_p.bind(
        first,
        second,
        geometry=geometry,
        out=out,
        precision=precision,
        dtype=jnp.dtype(dtype),
        method=method,
        sharding=sharding,
    )
