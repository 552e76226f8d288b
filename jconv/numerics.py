"""Rounding: unit roundoffs, accumulation dtypes and a-priori error bounds.

All bounds here are *componentwise and relative to the absolute convolution*: a result
with terms ``t_1 ... t_n`` computed by an algorithm with factor B satisfies (transforms
have bounds of their own, in ``algorithms.accuracy``)

    |computed - exact|  <=  B * (|t_1| + ... + |t_n|),

barring overflow and underflow.

References:
    N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., SIAM, 2002,
    sections 2.2 and 3.1.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from jconv.geometry import OPERANDS, Geometry, Role

if TYPE_CHECKING:
    from jax.typing import DTypeLike

NARROW_BYTES = 4
"""Floats narrower than this many bytes are accumulated in float32."""

COMPLEX_GROWTH = 2 * math.sqrt(2)
"""A complex product is two real products a part: Higham's lemma 3.5 for gamma_2."""


def unit_roundoff(dtype: DTypeLike) -> float:
    """Half the distance from 1 to the next float; 0 for exact (integer) dtypes.

    Examples:
        >>> unit_roundoff("float32") == 2.0**-24, unit_roundoff("int32")
        (True, 0.0)
    """
    if not jnp.issubdtype(dtype, jnp.inexact):
        return 0.0
    return float(jnp.finfo(dtype).eps) / 2


def gamma(n: int, dtype: DTypeLike) -> float:
    """Higham's ``n u / (1 - n u)``: the growth of n roundings in one dtype.

    Infinite where n u reaches 1: then nothing is promised.
    """
    product = n * unit_roundoff(dtype)
    return product / (1 - product) if product < 1 else math.inf


def accumulation_dtype(*dtypes: DTypeLike) -> jnp.dtype:
    """The dtype that sums of products of these dtypes are kept in.

    Narrow floats accumulate in float32, everything else in its own promotion.

    Examples:
        >>> accumulation_dtype("bfloat16", "bfloat16"), accumulation_dtype("int8")
        (dtype('float32'), dtype('int8'))
    """
    wide = [_widened(jnp.dtype(dtype)) for dtype in dtypes]
    # Nothing implicit, as who asks for strict promotion has named every one of them.
    with jax.numpy_dtype_promotion("standard"):
        return functools.reduce(jnp.promote_types, wide)


def _widened(dtype: jnp.dtype) -> jnp.dtype:
    """float32 in the place of a narrow float."""
    narrow = dtype.itemsize < NARROW_BYTES and jnp.issubdtype(dtype, jnp.floating)
    return jnp.dtype("float32") if narrow else dtype


def term_count(
    geometry: Geometry, shapes: dict[Role, tuple[int, ...]], out: Role
) -> int:
    """At most so many products meet in one entry of role ``out``.

    Args:
        geometry: the relation.
        shapes: canonical shapes of the two operands, by role.
        out: the role computed.
    """
    spatial = math.prod(
        min(axis.size(role) for role in OPERANDS[out]) for axis in geometry.axes
    )
    if out == "kernel":
        leading = shapes["input"][: -2 - geometry.rank]
        return spatial * math.prod(leading[1:])
    kernel = shapes["kernel"]
    return spatial * (kernel[-3] if out == "output" else kernel[-1])


def direct_sum_bound(terms: int, accumulate: DTypeLike, result: DTypeLike) -> float:
    """Factor B of a sum of ``terms`` rounded products, in any order of summation.

    A product suffers one rounding and at most ``terms - 1`` additions, so
    gamma(terms) covers it (Higham, section 3.1); the conversion to the result's dtype
    is one rounding of at most (1 + B) times the sum. Products of narrow floats are
    exact in float32, which only helps.

    Examples:
        >>> direct_sum_bound(9, "float32", "float32") < 1e-6
        True
    """
    bound = gamma(max(terms, 1), accumulate)
    if jnp.issubdtype(accumulate, jnp.complexfloating):
        bound = COMPLEX_GROWTH * gamma(max(terms, 1) + 1, accumulate)
    if jnp.dtype(accumulate) == jnp.dtype(result):
        return bound
    return bound + (1 + bound) * unit_roundoff(result)


def contraction_bound(
    geometry: Geometry,
    shapes: dict[Role, tuple[int, ...]],
    out: Role,
    dtype: DTypeLike,
) -> float:
    """Factor B of one contraction that sums its products directly, in any order.

    Structural zeros that an algorithm adds to the sum are exact and do not count.
    """
    terms = term_count(geometry, shapes, out)
    return direct_sum_bound(terms, accumulation_dtype(dtype), dtype)


def operand_rounding(dtype: DTypeLike, bits: int) -> float:
    """Factor by which products err whose operands are rounded to so many bits first.

    Matrix units multiply fewer bits than float32 has: 8 (bfloat16) or 11 (TF32), or
    those of two or three such parts added up. Either operand then errs by a unit
    roundoff 2^-bits, or nearly two where it is cut off instead of rounded, so with
    v = 2^(1 - bits) a product errs by (1 + v)^2 - 1; what exists in full bits is exact.

    Args:
        dtype: of the operands.
        bits: significant bits that are multiplied, the leading one included.

    Examples:
        >>> operand_rounding("float32", 24), operand_rounding("float32", 11) < 2**-8.9
        (0.0, True)

    References:
        M. Fasi, N. J. Higham, M. Mikaitis and S. Pranesh, "Numerical behavior of NVIDIA
        tensor cores", https://doi.org/10.7717/peerj-cs.330, 2021.
        G. Henry, P. T. P. Tang and A. Heinecke, "Leveraging the bfloat16 artificial
        intelligence datatype for higher-precision computations",
        https://arxiv.org/abs/1904.06376, 2019.
    """
    if 2.0**-bits <= unit_roundoff(dtype):
        return 0.0
    return (1 + 2.0 ** (1 - bits)) ** 2 - 1
