"""The primitive ``conv``: one bilinear operation, closed under every derivative.

Let T[o, k, i] be 1 where the relation of ``geometry.axis`` holds and 0 elsewhere. With
x[e, b, i, g, c], w[e, k, c, g, m] and y[e, b, o, g, m] there are three contractions:

    out = "output":   y = sum T[o,k,i] x[e,b,i,g,c] w[e,k,c,g,m]    the convolution
    out = "input":    x = sum T[o,k,i] w[e,k,c,g,m] y[e,b,o,g,m]    its input VJP
    out = "kernel":   w = sum T[o,k,i] x[e,b,i,g,c] y[e,b,o,g,m]    its kernel VJP

``conv_p.bind(first, second, geometry=, out=, ...)`` computes any of them from the two
other roles, in the order input, kernel, output.

**Transposition.** All three are slots of one trilinear form ``sum T x w y``. Holding
all but two slots fixed, the transpose of "role r -> role out" is "role out -> role r":
the same primitive with ``out=r``, the cotangent in the place of the old result.

**Batching.** Each pair of roles shares a label of its own: (input, output) share b,
(input, kernel) share c, (kernel, output) share m; all three share e. If one operand is
mapped, the new axis joins the label that it shares with the result; if both are, it
joins e.

So no rule below flips, pads or regroups anything.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import jet
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from jconv import algorithms, compat, numerics
from jconv.geometry import OPERANDS, ROLES, Geometry, Role

if TYPE_CHECKING:
    from jax import Array

Params = Any

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""Each gets a lowering of its own, so that ``choose`` is told where it will run."""

SHARED_LABEL = {
    frozenset(("input", "output")): "b",
    frozenset(("input", "kernel")): "c",
    frozenset(("kernel", "output")): "m",
}
"""The label that two roles share and the third lacks."""

POSITION = {"input": {"c": -1}, "kernel": {"c": -3, "m": -1}, "output": {"m": -1}}
"""Where the channel labels stand in each role; e is 0 and b begins at 1."""

conv_p = Primitive("conv")


def contract(
    first: Array,
    second: Array,
    *,
    geometry: Geometry,
    out: Role,
    precision: algorithms.Precision = None,
    dtype: Any,  # noqa: ANN401
    method: str = algorithms.AUTO,
    sharding: Any = None,  # noqa: ANN401
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
    return conv_p.bind(  # type: ignore[no-any-return, no-untyped-call]
        first,
        second,
        geometry=geometry,
        out=out,
        precision=precision,
        dtype=jnp.dtype(dtype),
        method=method,
        sharding=sharding,
    )


# Abstract evaluation ----------------------------------------------------------------


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


# Derivatives ------------------------------------------------------------------------


def _transpose(position: int, cotangent: Array, *operands: Any, **params: Params) -> Array:  # noqa: ANN401
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
        sharding=compat.explicit_sharding(linear),
    )


ad.defbilinear(
    conv_p, functools.partial(_transpose, 0), functools.partial(_transpose, 1)
)


def _taylor(primals: Any, series: Any, **params: Params) -> Any:  # noqa: ANN401
    """Product rule for ``jax.experimental.jet``: a Cauchy product of coefficients."""
    first, second = ([primal, *terms] for primal, terms in zip(primals, series, strict=True))
    result = [
        functools.reduce(
            jnp.add,
            [conv_p.bind(first[j], second[k - j], **params) for j in range(k + 1)],
        )
        for k in range(len(first))
    ]
    return result[0], result[1:]


jet.jet_rules[conv_p] = _taylor


# Batching ---------------------------------------------------------------------------


def _batch(operands: Any, mapped: Any, **params: Params) -> Any:  # noqa: ANN401
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


def _with_axis(sharding: Any, position: int) -> Any:  # noqa: ANN401
    """A sharding with an unsharded dimension inserted."""
    if sharding is None:
        return None
    spec = list(sharding.spec)
    spec.insert(position, None)
    return jax.sharding.NamedSharding(sharding.mesh, jax.sharding.PartitionSpec(*spec))


batching.primitive_batchers[conv_p] = _batch


# Evaluation and lowering ------------------------------------------------------------


def execute(
    first: Array,
    second: Array,
    *,
    platform: str | None,
    geometry: Geometry,
    out: Role,
    precision: algorithms.Precision,
    dtype: Any,  # noqa: ANN401
    method: str,
) -> Array:
    """Choose an algorithm and run it in the accumulation dtype."""
    accumulate = numerics.accumulation_dtype(first.dtype, second.dtype, dtype)
    multiplied = jnp.promote_types(first.dtype, second.dtype)
    if jnp.issubdtype(accumulate, jnp.inexact) and not jnp.issubdtype(
        multiplied, jnp.inexact
    ):
        multiplied = accumulate  # integers summed in floats are multiplied as floats
    first, second = first.astype(multiplied), second.astype(multiplied)
    shapes = dict(zip(OPERANDS[out], (first.shape, second.shape), strict=True))
    chosen = algorithms.choose(geometry, shapes, out, multiplied, platform, method)
    result = chosen.run(
        first,
        second,
        geometry=geometry,
        out=out,
        precision=precision,
        accumulate=accumulate,
    )
    return result.astype(dtype)


def _lower(ctx: Any, *operands: Any, platform: str | None, **params: Params) -> Any:  # noqa: ANN401
    """Trace the algorithm on plain arrays; sharding is put back on its result."""
    params.pop("sharding")
    rule = mlir.lower_fun(
        functools.partial(execute, platform=platform, **params), multiple_results=False
    )
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
    static_argnames=(
        "geometry", "out", "precision", "dtype", "method", "sharding"
    ),
)
def _compiled(first: Array, second: Array, **params: Params) -> Array:
    return contract(first, second, **params)


@conv_p.def_impl
def _evaluate(first: Array, second: Array, **params: Params) -> Array:
    """Outside jit: through one jitted function, also under ``jax.disable_jit``."""
    with jax.disable_jit(False):  # noqa: FBT003
        return _compiled(first, second, **params)


def checkpoint_convs(primitive: Any, *_: Any, **__: Any) -> bool:  # noqa: ANN401
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
