"""How far two routes to one derivative may lie apart: what rounding can explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jconv import algorithms, compat, numerics
from jconv.geometry import OPERANDS, ROLES

if TYPE_CHECKING:
    from jconv.algorithms import Method
    from jconv.geometry import Role
    from jconv.verify.families import Case

WIDE = "float64"
"""The dtype of all routes but the one that training uses."""


def allowed(case: Case, method: Method, out: Role, pair: tuple[str, str]) -> float:
    """What rounding can explain of a difference between two routes to a derivative.

    That is the factors of both routes, and of the sum of terms. lax, and what JAX
    derives of plain operations, sum the same products in an order of their own: theirs
    is the factor of any sum. The other two may use any algorithm that adds products up;
    or the one that is chosen, if that is another, with a bound that may hide more.

    Args:
        case: the convolution.
        method: of the layer.
        out: which derivative.
        pair: the routes, two of ``audit.NAMES``.
    """
    shapes: dict[Role, tuple[int, ...]] = {each: case.canonical(each) for each in ROLES}
    operands = {each: shapes[each] for each in OPERANDS[out]}
    platform = compat.lowering_platform()

    def largest(dtype: str, method: Method) -> float:
        call = (case.geometry, operands, out, dtype, platform)
        chosen = algorithms.choose(*call, algorithms.for_derivatives(method))
        direct = algorithms.candidates(*call, method=algorithms.DIRECT).values()
        return max(
            each.error_bound(case.geometry, shapes, out, dtype)
            for each in (*direct, chosen)
        )

    plain = numerics.contraction_bound(case.geometry, shapes, out, WIDE)
    factors = {
        "used": largest(case.dtype, method),
        "derived": plain,
        "coded": largest(WIDE, algorithms.AUTO),
        "peer": plain,
    }
    return sum(factors[name] for name in pair) / (1 - plain)
