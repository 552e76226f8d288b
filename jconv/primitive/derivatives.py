"""Every derivative of the primitive is the primitive: transposition, JVP, Taylor."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from jax.experimental import jet
from jax.interpreters import ad

from jconv import algorithms, compat
from jconv.geometry import OPERANDS
from jconv.primitive.bind import contract, conv_p

if TYPE_CHECKING:
    from jax import Array

Params = Any


def _transpose(
    position: int, cotangent: Array, *operands: Any, **params: Params
) -> Array:
    """The same primitive with ``out`` = the linear operand's role.

    The cotangent takes the old result's place, and the linear operand's precision.
    """
    out, pair = params["out"], OPERANDS[params["out"]]
    wanted, kept = pair[position], pair[1 - position]
    linear, constant = operands[position].aval, operands[1 - position]
    values = {out: cotangent, kept: constant}
    precision = params["precision"]
    if precision:
        inherited = {out: precision[position], kept: precision[1 - position]}
        precision = tuple(inherited[role] for role in OPERANDS[wanted])
    return contract(
        *(values[role] for role in OPERANDS[wanted]),
        geometry=params["geometry"],
        out=wanted,
        precision=precision,
        dtype=linear.dtype,
        method=algorithms.for_derivatives(params["method"]),
        sharding=compat.explicit_sharding(linear),
    )


ad.defbilinear(
    conv_p, functools.partial(_transpose, 0), functools.partial(_transpose, 1)
)


def _taylor(primals: Any, series: Any, **params: Params) -> Any:
    """Product rule for ``jax.experimental.jet``: a Cauchy product of coefficients."""
    first, second = (
        [primal, *terms] for primal, terms in zip(primals, series, strict=True)
    )
    result = [
        functools.reduce(
            jnp.add,
            [conv_p.bind(first[j], second[k - j], **params) for j in range(k + 1)],
        )
        for k in range(len(first))
    ]
    return result[0], result[1:]


jet.jet_rules[conv_p] = _taylor  # type: ignore[assignment]


def checkpoint_convs(primitive: Any, *_: Any, **__: Any) -> bool:
    """Policy for ``jax.checkpoint`` that saves the results of convolutions.

    The counterpart of ``jax.checkpoint_policies.checkpoint_dots``.

    Examples:
        >>> import jax, jconv
        >>> block = jax.checkpoint(
        ...     lambda x, w: jax.nn.relu(jconv.conv(x, w)).sum(),
        ...     policy=jconv.checkpoint_convs,
        ... )
    """
    return primitive is conv_p
