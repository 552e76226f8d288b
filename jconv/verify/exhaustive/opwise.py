"""A routine's program, run operation by operation on all pairs of basis vectors.

Compiling dominates an exhaustive run: some 20 ms for one routine of one geometry, and
there are hundreds of thousands. So a routine is traced for one pair of operands, and
the equations of its jaxpr are run one by one, each mapped over all pairs: what
``operations`` writes out by NumPy, everything else by JAX on the device, through an
executable that all geometries share. That shows the program right. What the compiler
makes of programs is checked apart, by ``compiled``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv import compat
from jconv.verify.bilinear import adds
from jconv.verify.exhaustive import operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array

INLINED = {
    **dict.fromkeys(("jit", "pjit", "closed_call", "remat", "checkpoint"), "jaxpr"),
    **dict.fromkeys(("custom_jvp_call", "custom_vjp_call"), "call_jaxpr"),
}
"""Calls whose inner jaxpr is run in their place -> the parameter that holds it."""

Value = tuple[Any, bool]
"""An array, and whether its first axis runs over the pairs."""

EVERY_PLATFORM = object()
"""In the place of a platform's number: every platform's branch is run."""


def over_pairs(closed: Any, first: Any, second: Any) -> Any:
    """A routine's result for every pair (first[p], second[p]), stacked.

    Args:
        closed: the routine's jaxpr, of one pair.
        first: the first operands, stacked.
        second: the second operands, stacked.

    Examples:
        >>> import jax.numpy as jnp
        >>> closed = jax.make_jaxpr(lambda a, b: jnp.flip(a) * b)(*jnp.ones((2, 3)))
        >>> over_pairs(closed, np.arange(6.0).reshape(2, 3), np.ones((2, 3))).tolist()
        [[2.0, 1.0, 0.0], [5.0, 4.0, 3.0]]
    """
    ((result, mapped),) = _run(closed, [(first, True), (second, True)])
    if not mapped:  # no two indices meet: the result is zeros, whatever the operands
        return np.broadcast_to(result, (len(first), *np.shape(result)))
    return result


def executables() -> int:
    """How many distinct operations were compiled so far."""
    return _executable.cache_info().currsize


def _run(closed: Any, arguments: Sequence[Value]) -> list[Value]:
    """Run a closed jaxpr's equations one by one."""
    jaxpr = compat.open_jaxpr(closed)
    known: dict[Any, Value] = {
        variable: (value, False)
        for variable, value in zip(jaxpr.constvars, closed.consts, strict=True)
    }
    known |= dict(zip(jaxpr.invars, arguments, strict=True))

    def read(atom: Any) -> Value:
        return (atom.val, False) if hasattr(atom, "val") else known[atom]

    for equation in jaxpr.eqns:
        values = [read(atom) for atom in equation.invars]
        known |= dict(zip(equation.outvars, _equation(equation, values), strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _equation(equation: Any, values: Sequence[Value]) -> list[Value]:
    """Run one equation."""
    name, params = equation.primitive.name, equation.params
    if name in INLINED:
        return _run(params[INLINED[name]], values)
    if name == "scan":
        return _scan(params, values)
    if name == "xla_metadata_value":  # says something to the compiler
        return list(values)
    if name == "platform_index":
        return [(EVERY_PLATFORM, False)]
    if name == "cond" and not values[0][1]:
        return _cond(params["branches"], values)
    flags = [flag for _, flag in values]
    arrays = [array for array, _ in values]
    if name == "reduce" and adds(params):
        return _sums(params, values)
    found = _by_numpy(name, params, arrays, flags)
    if found is not None:
        return [(found, any(flags))]
    run = _executable(equation.primitive, _Hashed(params), tuple(flags))
    results = run(*arrays)
    if not equation.primitive.multiple_results:
        results = [results]
    return [(np.asarray(result), any(flags)) for result in results]


def _by_numpy(name: str, params: Any, arrays: list[Any], flags: list[bool]) -> Any:
    """The result as ``operations`` has it; None where it does not know."""
    lead = int(any(flags))
    values = 2 if name == "dynamic_update_slice" else 1
    if name in ("dynamic_slice", "dynamic_update_slice"):
        if any(flags[values:]):
            return None
        x, *update = _aligned(arrays[:values], flags[:values], lead)
        if update:
            return operations.dynamic_update_slice(lead, x, update[0], arrays[2:])
        return operations.dynamic_slice(params, lead, x, arrays[1:])
    if name == "gather" and not flags[1]:
        x, indices = map(np.asarray, arrays)
        return operations.gather(params, lead, x, indices)
    if name not in operations.OPERATIONS:
        return None
    if name == "pad":
        if flags[1]:
            return None
        return operations.OPERATIONS[name](params, lead, *arrays)
    if name == "select_n" and flags[0]:
        return None
    if name != "select_n":
        arrays = _aligned(arrays, flags, lead)
    else:
        arrays = [arrays[0], *_aligned(arrays[1:], flags[1:], lead)]
    return operations.OPERATIONS[name](params, lead, *arrays)


def _aligned(arrays: list[Any], flags: list[bool], lead: int) -> list[Any]:
    """Arrays that are not mapped get a leading axis of one, if others are mapped."""
    return [
        np.asarray(array) if flag or not lead else np.asarray(array)[None]
        for array, flag in zip(arrays, flags, strict=True)
    ]


def _scan(params: Any, values: Sequence[Value]) -> list[Value]:
    """A loop, turn by turn: its body's operations are shared as well."""
    n_consts, n_carry = compat.scan_counts(params)
    consts, rest = list(values[:n_consts]), list(values[n_consts:])
    carry, slices = rest[:n_carry], rest[n_carry:]
    rows = []
    turns = range(params["length"])
    for turn in reversed(turns) if params["reverse"] else turns:
        now = [
            (array[:, turn] if mapped else array[turn], mapped)
            for array, mapped in slices
        ]
        found = _run(params["jaxpr"], [*consts, *carry, *now])
        carry = found[:n_carry]
        rows.append(found[n_carry:])
    if params["reverse"]:
        rows.reverse()
    return [*carry, *(_stacked(column) for column in zip(*rows, strict=True))]


def _stacked(values: Sequence[Value]) -> Value:
    """What a loop gives turn by turn, as one array."""
    flags = [flag for _, flag in values]
    lead = int(any(flags))
    arrays = _aligned([array for array, _ in values], flags, lead)
    return operations.OPERATIONS["stack"]({"axis": 0}, lead, *arrays), any(flags)


def _sums(params: Any, values: Sequence[Value]) -> list[Value]:
    """Several arrays added up along the same axes, each from what it begins at."""
    count = len(values) // 2
    return [
        _equation_of("add", {}, [_equation_of("reduce_sum", axes, [array]), begin])
        for axes in [{"axes": params["dimensions"]}]
        for array, begin in zip(values[:count], values[count:], strict=True)
    ]


def _equation_of(name: str, params: Any, values: Sequence[Value]) -> Value:
    """One operation by NumPy."""
    flags = [flag for _, flag in values]
    return _by_numpy(name, params, [array for array, _ in values], flags), any(flags)


def _cond(branches: Sequence[Any], values: Sequence[Value]) -> list[Value]:
    """The branch that the index chooses, or every platform's: all give the same."""
    (index, _), *operands = values
    if index is not EVERY_PLATFORM:
        return _run(branches[min(max(int(index), 0), len(branches) - 1)], operands)
    found = [_run(branch, operands) for branch in branches]
    for other in found[1:]:
        for pair in zip(found[0], other, strict=True):
            flags = [flag for _, flag in pair]
            arrays = _aligned([array for array, _ in pair], flags, int(any(flags)))
            one, two = np.broadcast_arrays(*arrays)
            if not np.array_equal(one, two, equal_nan=True):
                message = "branches of different platforms give different results"
                raise ValueError(message)
    return found[0]


class _Hashed:
    """Parameters of a primitive as a key: equal if they print the same."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        try:
            self.key: Any = tuple(sorted(params.items()))
            self.hash = hash(self.key)
        except TypeError:  # lists, or values without an order
            self.key = str(sorted((k, str(v)) for k, v in params.items()))
            self.hash = hash(self.key)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and self.key == other.key


@functools.cache
def _executable(primitive: Any, params: _Hashed, mapped: tuple[bool, ...]) -> Any:
    """One operation, jitted; ``jax.jit`` itself tells shapes and dtypes apart."""

    def bind(*arrays: Array) -> Any:
        return primitive.bind(*arrays, **params.params)

    if any(mapped):
        bind = jax.vmap(bind, in_axes=[0 if flag else None for flag in mapped])
    return jax.jit(bind)
