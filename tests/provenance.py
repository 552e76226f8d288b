"""Which arguments of a traced program each operand of an operation is made of."""

from __future__ import annotations

from typing import Any

Sources = frozenset[int]
"""Numbers of arguments."""

CALLEES = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""What a call's parameter is named that takes its operands one by one."""


def traced_back(closed: Any, name: str) -> list[tuple[Any, tuple[Sources, ...]]]:
    """Every equation of a primitive, and the sources of each of its operands."""
    found: list[tuple[Any, tuple[Sources, ...]]] = []
    program = _open(closed)
    _walk(program, [frozenset([n]) for n in range(len(program.invars))], name, found)
    return found


def _walk(program: Any, given: list[Sources], name: str, found: list[Any]) -> Any:
    """Sources of a program's results, from those of its arguments."""
    known = dict(zip(program.invars, given, strict=True))

    def of(atom: Any) -> Sources:
        return frozenset() if hasattr(atom, "val") else known.get(atom, frozenset())

    for equation in program.eqns:
        sources = [of(atom) for atom in equation.invars]
        if equation.primitive.name == name:
            found.append((equation, tuple(sources)))
        results = _through(equation, sources, name, found)
        known |= dict(zip(equation.outvars, results, strict=True))
    return [of(atom) for atom in program.outvars]


def _through(
    equation: Any, sources: list[Sources], name: str, found: list[Any]
) -> list[Sources]:
    """Sources of an equation's results."""
    params, kind = equation.params, equation.primitive.name
    if kind == "cond":
        results = [
            _walk(_open(branch), sources[1:], name, found)
            for branch in params["branches"]
        ]
        return [sources[0].union(*each) for each in zip(*results, strict=True)]
    if kind == "scan":
        consts = params["num_consts"]
        carried = slice(consts, consts + params["num_carry"])
        body = _open(params["jaxpr"])
    elif kind == "while":
        consts = params["cond_nconsts"]
        carried = slice(params["body_nconsts"], None)
        sources, body = sources[consts:], _open(params["body_jaxpr"])
    else:
        for callee in CALLEES:
            if callee in params:
                return _walk(_open(params[callee]), sources, name, found)
        return [frozenset().union(*sources)] * len(equation.outvars)
    return _around(body, sources, carried, name, found)


def _around(
    body: Any, sources: list[Sources], carried: slice, name: str, found: list[Any]
) -> list[Sources]:
    """Of a loop's results: what is carried may be made of what a turn before made."""
    while True:
        results = _walk(body, sources, name, [])
        before = sources[carried]
        after = [a | b for a, b in zip(before, results, strict=False)]
        if after == before:
            return _walk(body, sources, name, found)
        sources[carried] = after


def _open(closed: Any) -> Any:
    """The jaxpr of a closed one."""
    return getattr(closed, "jaxpr", closed)
