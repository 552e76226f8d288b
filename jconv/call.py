"""From a planned call to the primitive: canonical order, bind, and back."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax

from jconv import borders, layout, operands, primitive
from jconv.errors import GeometryError
from jconv.geometry import OPERANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms import Precision
    from jconv.geometry import Role
    from jconv.plan import Plan


def check_cotangent(dy: Array, understood: Plan) -> None:
    """Refuse a cotangent that is not of the output's shape."""
    expected = understood.shape("output")
    if dy.shape != expected:
        raise GeometryError.of(
            "dy", dy.shape, f"the shape of the output, {expected}, for this geometry"
        )


def evaluate(
    first: Array,
    second: Array,
    out: Role,
    understood: Plan,
    precision: Any,
    preferred: DTypeLike | None,
    contract: Callable[..., Array] = primitive.contract,
) -> Array:
    """Promote the operands of a planned call, then run the jitted core."""
    first, second = operands.promoted(first, second)
    return run(
        first,
        second,
        out=out,
        understood=understood,
        precision=operands.canonical_precision(precision),
        dtype=operands.result_dtype(preferred, first.dtype),
        contract=contract,
    )


@functools.partial(
    jax.jit,
    static_argnames=("out", "understood", "precision", "dtype", "contract"),
    inline=True,
)
def run(
    first: Array,
    second: Array,
    *,
    out: Role,
    understood: Plan,
    precision: Precision,
    dtype: np.dtype[Any],
    contract: Callable[..., Array],
) -> Array:
    """User's order -> canonical order -> ``contract`` -> user's order.

    One jitted function for all calls, so that a second eager call finds its program.
    Older JAX inlines it into an outer jaxpr, from 0.12 on it stays a call there.
    """
    geometry, arrangement = understood.geometry, understood.layout
    arrays = []
    for role, array in zip(OPERANDS[out], (first, second), strict=True):
        default = layout.to_default(array, role, arrangement)
        if role == "input":
            default = borders.extend(default, understood.border, understood.mode)
        arrays.append(layout.to_canonical(default, geometry.groups))
    result = contract(
        *arrays,
        geometry=geometry,
        out=out,
        precision=precision,
        dtype=dtype,
        method=understood.method,
    )
    result = layout.from_canonical(result)
    if out == "input":
        result = borders.extend_transpose(
            result, understood.input, understood.border, understood.mode
        )
    return layout.from_default(result, out, arrangement)
