"""Choosing and running an algorithm: when lowered for a platform, or called eagerly."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax.interpreters import mlir

from jconv import algorithms, compat, numerics
from jconv.algorithms.parts.platforms import traced_for
from jconv.geometry import OPERANDS, Geometry, Role
from jconv.primitive.bind import contract, conv_p

if TYPE_CHECKING:
    from jax import Array

Params = Any

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""Each gets a lowering of its own, so that ``choose`` is told where it will run."""


def dtypes(first: Any, second: Any, result: Any) -> tuple[Any, Any]:
    """The dtypes in which operands are multiplied and summed.

    Operands of two dtypes (a wide cotangent meets a narrow kernel), and integers that
    are summed in floats, are multiplied in the dtype of the sum.
    """
    accumulate = numerics.accumulation_dtype(first.dtype, second.dtype, result)
    to_float = jnp.issubdtype(accumulate, jnp.inexact) and not jnp.issubdtype(
        first.dtype, jnp.inexact
    )
    mixed = first.dtype != second.dtype
    return (accumulate if mixed or to_float else first.dtype), accumulate


def chosen(
    first: Any,
    second: Any,
    *,
    platform: str | None,
    geometry: Geometry,
    out: Role,
    precision: algorithms.Precision,
    dtype: Any,
    method: algorithms.Method,
    partitioned: bool = False,
) -> algorithms.Algorithm:
    """The algorithm for two arrays, or what has their shapes and dtypes."""
    multiplied, _ = dtypes(first, second, dtype)
    shapes = dict(zip(OPERANDS[out], (first.shape, second.shape), strict=True))
    return algorithms.choose(
        geometry,
        shapes,
        out,
        multiplied,
        platform,
        method,
        precision=precision,
        partitioned=partitioned,
    )


def execute(
    first: Array,
    second: Array,
    *,
    platform: str | None,
    partitioned: bool = False,
    **params: Params,
) -> Array:
    """Choose an algorithm and run it in the accumulation dtype."""
    algorithm = chosen(
        first, second, platform=platform, partitioned=partitioned, **params
    )
    multiplied, accumulate = dtypes(first, second, params["dtype"])
    with traced_for(platform, partitioned=partitioned):
        result = algorithm.run(
            first.astype(multiplied),
            second.astype(multiplied),
            geometry=params["geometry"],
            out=params["out"],
            precision=params["precision"],
            accumulate=accumulate,
        )
    return result.astype(params["dtype"])


def _lower(ctx: Any, *operands: Any, platform: str | None, **params: Params) -> Any:
    """Trace the algorithm on plain arrays; sharding is put back on its result."""
    params.pop("sharding")
    run = functools.partial(
        execute,
        platform=platform,
        partitioned=compat.is_partitioned(ctx),
        **params,
    )
    rule = mlir.lower_fun(run, multiple_results=False)
    plain = ctx.replace(avals_in=[compat.plain_aval(aval) for aval in ctx.avals_in])
    with compat.no_mesh():
        (result,) = rule(plain, *operands)
    ctx.set_tokens_out(plain.tokens_out)
    return [compat.annotate_sharding(ctx, result, ctx.avals_out[0])]


mlir.register_lowering(conv_p, functools.partial(_lower, platform=None))
for _platform in PLATFORMS:
    mlir.register_lowering(
        conv_p, functools.partial(_lower, platform=_platform), platform=_platform
    )


@functools.partial(
    jax.jit,
    static_argnames=("geometry", "out", "precision", "dtype", "method", "sharding"),
)
def _compiled(first: Array, second: Array, **params: Params) -> Array:
    return contract(first, second, **params)


@conv_p.def_impl
def _evaluate(first: Array, second: Array, **params: Params) -> Array:
    """Outside jit: through one jitted function, also under ``jax.disable_jit``."""
    with jax.disable_jit(False):  # noqa: FBT003
        return _compiled(first, second, **params)
