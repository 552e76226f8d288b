"""Show from a jaxpr that a function of (first, second) is bilinear.

Two bilinear maps that agree on all pairs of basis vectors are equal, so equality on a
basis *proves* a routine, provided that it is bilinear. Every value of its jaxpr gets a
degree in each argument; data movement keeps degrees, addition wants equal ones,
multiplication adds them. A function is bilinear if its result has degree (1, 1).

A primitive that is not in the tables below, used on anything but constants, leaves the
question open: then the answer is that primitive's name, not a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv import compat

if TYPE_CHECKING:
    from collections.abc import Callable

Degree = tuple[int, int] | None
"""Degree in either argument; None for exact zeros, which may be added to anything."""

CONSTANT: Degree = (0, 0)

MOVEMENT = {
    "broadcast_in_dim",
    "convert_element_type",
    "copy",
    "dynamic_slice",
    "expand_dims",
    "gather",
    "pad",
    "reduce_sum",
    "reshape",
    "rev",
    "slice",
    "split",
    "squeeze",
    "transpose",
    "unstack",
}
"""Linear in their first operand; the others place it, or pad it with zeros."""

ADDITION = {"add", "add_any", "concatenate", "stack", "sub"}
"""Linear in all operands together."""

PLACEMENT = {"dynamic_update_slice": (0, 1), "scatter-add": (0, 2)}
"""Linear in these two operands together; the others are indices."""

MULTIPLICATION = {"conv", "dot_general", "mul"}
"""Bilinear in their two operands."""


class UnknownDegreeError(Exception):
    """The analysis cannot follow this value; the message says at which primitive."""


def why_not_bilinear(function: Callable[..., Any], *shapes: Any) -> str | None:
    """None if ``function`` is shown to be bilinear in two arrays, else the reason.

    Examples:
        >>> import jax.numpy as jnp
        >>> pair = (jax.ShapeDtypeStruct((2,), "float32"),) * 2
        >>> why_not_bilinear(lambda a, b: jnp.flip(a) * b, *pair)
        >>> why_not_bilinear(lambda a, b: a * a, *pair)
        'the result has degree (2, 0), not (1, 1)'
    """
    return why_not(jax.make_jaxpr(function)(*shapes))


def why_not(closed: Any) -> str | None:
    """``why_not_bilinear`` for the closed jaxpr of a function of two arrays."""
    try:
        degrees = _degrees(closed, [(1, 0), (0, 1)])
    except UnknownDegreeError as error:
        return str(error)
    for degree in degrees:
        if degree not in ((1, 1), None):
            return f"the result has degree {degree}, not (1, 1)"
    return None


def _degrees(closed: Any, arguments: list[Degree]) -> list[Degree]:
    """Degrees of a closed jaxpr's results."""
    jaxpr = compat.open_jaxpr(closed)
    known: dict[Any, Degree] = {}
    for variable, value in zip(jaxpr.constvars, closed.consts, strict=True):
        known[variable] = _of_value(value)
    known |= dict(zip(jaxpr.invars, arguments, strict=True))

    def read(atom: Any) -> Degree:
        return _of_value(atom.val) if hasattr(atom, "val") else known[atom]

    for equation in jaxpr.eqns:
        results = _rule(equation, [read(atom) for atom in equation.invars])
        known |= dict(zip(equation.outvars, results, strict=False))
    return [read(atom) for atom in jaxpr.outvars]


def _of_value(value: Any) -> Degree:
    """Zeros belong to every degree; other constants have degree 0."""
    return None if not np.any(np.asarray(value)) else CONSTANT


def _rule(equation: Any, degrees: list[Degree]) -> list[Degree]:
    """Degrees of one equation's results."""
    name, params = equation.primitive.name, equation.params
    if name in ("jit", "pjit", "closed_call"):
        return _degrees(params["jaxpr"], degrees)
    if name in CONTROL:
        return CONTROL[name](params, degrees)
    if name in ("optimization_barrier", "xla_metadata_value"):
        return degrees  # each result is one of the operands
    if name == "reduce" and adds(params):
        return _reduce(degrees)
    if name in MOVEMENT and _only_moves(equation, degrees):
        return [degrees[0]] * len(equation.outvars)
    if name == "select_n" and degrees[0] in (CONSTANT, None):
        return [_joined(name, degrees[1:])]
    if name in MULTIPLICATION:
        first, second = degrees
        if first is None or second is None:
            return [None]
        return [(first[0] + second[0], first[1] + second[1])]
    if all(degree in (CONSTANT, None) for degree in degrees):
        keeps_zeros = name in ADDITION or name == "convert_element_type"
        zero = keeps_zeros and set(degrees) == {None}
        if name in PLACEMENT:
            zero = all(degrees[n] is None for n in PLACEMENT[name])
        return [None if zero else CONSTANT] * len(equation.outvars)
    if name in ADDITION:
        return [_joined(name, degrees)]
    if name in PLACEMENT and _indices_are_constant(degrees, PLACEMENT[name]):
        return [_joined(name, [degrees[n] for n in PLACEMENT[name]])]
    raise UnknownDegreeError(f"{name} is not known to be linear")


def _only_moves(equation: Any, degrees: list[Degree]) -> bool:
    """Whether a movement adds nothing but zeros, and moves by constant indices."""
    name, params = equation.primitive.name, equation.params
    if name == "pad":
        return degrees[1] is None
    if name == "convert_element_type":  # narrowing would round
        return bool(np.can_cast(equation.invars[0].aval.dtype, params["new_dtype"]))
    if name == "gather" and "FILL" in str(params["mode"]):
        return params["fill_value"] == 0 and _indices_are_constant(degrees, (0,))
    return _indices_are_constant(degrees, (0,))


def _indices_are_constant(degrees: list[Degree], values: tuple[int, ...]) -> bool:
    """Whether all operands but the given ones have degree 0."""
    others = [degree for n, degree in enumerate(degrees) if n not in values]
    return all(degree in (CONSTANT, None) for degree in others)


def _joined(name: str, degrees: list[Degree]) -> Degree:
    """The one degree of values that are added or stand side by side."""
    found = {degree for degree in degrees if degree is not None}
    if len(found) > 1:
        raise UnknownDegreeError(f"{name} joins the degrees {sorted(found)}")
    return found.pop() if found else None


def adds(params: Any) -> bool:
    """Whether a ``reduce`` of several arrays is a sum of each."""
    jaxpr = compat.open_jaxpr(params["jaxpr"])
    count = len(jaxpr.outvars)
    pairs = list(zip(jaxpr.invars[:count], jaxpr.invars[count:], strict=True))
    return [
        (each.primitive.name, tuple(each.invars), each.outvars[0])
        for each in jaxpr.eqns
    ] == [("add", pair, out) for pair, out in zip(pairs, jaxpr.outvars, strict=True)]


def _reduce(degrees: list[Degree]) -> list[Degree]:
    """Sums, each with what it begins at."""
    count = len(degrees) // 2
    pairs = zip(degrees[:count], degrees[count:], strict=True)
    return [_joined("reduce", list(pair)) for pair in pairs]


def _cond(params: Any, degrees: list[Degree]) -> list[Degree]:
    """Branches of one degree each, taken by an index that no argument decides."""
    index, *operands = degrees
    if index not in (CONSTANT, None):
        raise UnknownDegreeError("cond takes a branch that depends on an argument")
    results = [_degrees(branch, operands) for branch in params["branches"]]
    return [_joined("cond", list(each)) for each in zip(*results, strict=True)]


def _while(params: Any, degrees: list[Degree]) -> list[Degree]:
    """A loop whose number of turns no argument decides, else as ``_scan``."""
    n_condition, n_body = params["cond_nconsts"], params["body_nconsts"]
    condition, rest = degrees[:n_condition], degrees[n_condition:]
    consts, carry = rest[:n_body], rest[n_body:]
    for _ in range(3):
        results = _degrees(params["body_jaxpr"], [*consts, *carry])
        joined = [
            _joined("while", [before, after])
            for before, after in zip(carry, results, strict=True)
        ]
        if joined == carry:
            (turns,) = _degrees(params["cond_jaxpr"], [*condition, *carry])
            if turns not in (CONSTANT, None):
                raise UnknownDegreeError("while turns as often as an argument says")
            return carry
        carry = joined
    raise UnknownDegreeError("the loop's carry changes its degree at every turn")


def _scan(params: Any, degrees: list[Degree]) -> list[Degree]:
    """A loop: its carry's degrees are those that one more turn does not change."""
    n_consts, n_carry = compat.scan_counts(params)
    consts, rest = degrees[:n_consts], degrees[n_consts:]
    carry, slices = rest[:n_carry], rest[n_carry:]
    for _ in range(3):  # zero -> its first degree -> confirmed
        results = _degrees(params["jaxpr"], [*consts, *carry, *slices])
        joined = [
            _joined("scan", [before, after])
            for before, after in zip(carry, results, strict=False)
        ]
        if joined == carry:
            return [*carry, *results[n_carry:]]
        carry = joined
    raise UnknownDegreeError("the loop's carry changes its degree at every turn")


CONTROL = {"cond": _cond, "scan": _scan, "while": _while}
"""Primitives that run others."""
