"""What a traced or lowered program is made of."""

from __future__ import annotations

from collections import Counter
from typing import Any


def primitives(jaxpr: Any) -> Counter[str]:
    """How often each primitive occurs in a (closed) jaxpr and all that it calls."""
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)
    found: Counter[str] = Counter()
    for equation in jaxpr.eqns:
        found[equation.primitive.name] += 1
        for value in equation.params.values():
            for inner in value if isinstance(value, (tuple, list)) else (value,):
                if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                    found += primitives(inner)
    return found


def conv_parameters(jaxpr: Any) -> list[dict[str, Any]]:
    """The parameters of every ``conv`` of a jaxpr, in order."""
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)
    found = []
    for equation in jaxpr.eqns:
        if equation.primitive.name == "conv":
            found.append(equation.params)
        for value in equation.params.values():
            if hasattr(value, "eqns") or hasattr(value, "jaxpr"):
                found += conv_parameters(value)
    return found
