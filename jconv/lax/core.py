"""One call in lax's terms, understood, and run on the primitive.

**Two kinds of groups are one.** The canonical label g splits the features of lhs with
``feature_group_count``, and its batch with ``batch_group_count``; the output features
of rhs and of the result are split by g either way. After lhs has been brought into
canonical order, nothing below knows which kind it was.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from jconv import layout, operands, primitive
from jconv.algorithms import AUTO, check_method
from jconv.lax import arguments, dimensions
from jconv.lax.errors import WrongTypeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from jax import Array
    from jax.sharding import NamedSharding
    from jax.typing import DTypeLike

    from jconv.algorithms import Method, Precision
    from jconv.geometry import Geometry
    from jconv.layout import Layout

    Numbers = tuple[str, str, str] | lax.ConvDimensionNumbers | None
    Pads = str | Sequence[tuple[int, int]]


@dataclasses.dataclass(frozen=True)
class Call:
    """What a call means: everything but the arrays, hashable.

    Attributes:
        geometry: the relation; its groups are of either kind.
        arrangement: where the dimensions of lhs, rhs and the result are.
        batch_groups: into how many groups the batch is split.
        precision: one per operand, or None.
        dtype: of the result.
        sharding: of the result as (batch, *spatial, channel), or None.
        method: as ``jconv.conv`` takes it.
    """

    geometry: Geometry
    arrangement: Layout
    batch_groups: int
    precision: Precision
    dtype: np.dtype[Any]
    sharding: NamedSharding | None
    method: Method


def convolve(
    lhs: Array,
    rhs: Array,
    window_strides: Sequence[int],
    padding: Pads,
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: Numbers = None,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    backwards: bool = False,
    method: Method = AUTO,
) -> Array:
    """``conv_general_dilated``, whose kernel may also run ``backwards``."""
    check_method(method)
    lhs, rhs = operands.as_array("lhs", lhs), operands.as_array("rhs", rhs)
    arrangement = dimensions.numbers(dimension_numbers, lhs.shape, rhs.shape)
    if lhs.dtype != rhs.dtype:
        raise WrongTypeError.of(
            "rhs.dtype",
            str(rhs.dtype),
            f"lhs's dtype, {lhs.dtype}",
            "Convert one of them; jconv.conv promotes by itself.",
        )
    batch, *spatial, c_in = (lhs.shape[n] for n in arrangement.input or ())
    *kernel, kernel_in, c_out = (rhs.shape[n] for n in arrangement.kernel or ())
    arguments.channels(
        batch, c_in, kernel_in, c_out, feature_group_count, batch_group_count
    )
    call = Call(
        geometry=arguments.geometry(
            tuple(spatial),
            tuple(kernel),
            window_strides,
            padding,
            lhs_dilation,
            rhs_dilation,
            max(feature_group_count, batch_group_count),
            backwards=backwards,
        ),
        arrangement=arrangement,
        batch_groups=batch_group_count,
        precision=operands.canonical_precision(precision),
        dtype=arguments.result_dtype(preferred_element_type, lhs.dtype),
        sharding=dimensions.sharding_in_default_order(out_sharding, arrangement),
        method=method,
    )
    return _run(lhs, rhs, call=call)


@functools.partial(jax.jit, static_argnames=("call",), inline=True)
def _run(lhs: Array, rhs: Array, *, call: Call) -> Array:
    """The user's order -> canonical order -> the primitive -> the user's order."""
    groups = call.geometry.groups
    x = layout.to_default(lhs, "input", call.arrangement)
    w = layout.to_default(rhs, "kernel", call.arrangement)
    if call.batch_groups > 1:
        x = _split_batch(x, call.batch_groups)
    else:
        x = layout.to_canonical(x, groups)
    result = primitive.contract(
        x,
        layout.to_canonical(w, groups),
        geometry=call.geometry,
        out="output",
        precision=call.precision,
        dtype=call.dtype,
        sharding=_canonical_sharding(call),
        method=call.method,
    )
    result = layout.from_canonical(result)
    return layout.from_default(result, "output", call.arrangement)


def _split_batch(x: Array, groups: int) -> Array:
    """(batch, *spatial, c) -> (1, batch / g, *spatial, g, c), the groups outermost."""
    batch, *rest = x.shape
    x = lax.reshape(x, (groups, batch // groups, *rest))
    return lax.expand_dims(jnp.moveaxis(x, 0, -2), (0,))


def _canonical_sharding(call: Call) -> NamedSharding | None:
    """The result's sharding in canonical order; the groups take the channels'."""
    if call.sharding is None:
        return None
    *names, channel = call.sharding.spec
    pair = (None, channel) if call.geometry.groups == 1 else (channel, None)
    return jax.sharding.NamedSharding(
        call.sharding.mesh, jax.sharding.PartitionSpec(None, *names, *pair)
    )
