"""What a jaxpr is made of, inner jaxprs included."""

from __future__ import annotations

from typing import Any

from jconv import compat

MOVEMENT = {
    "broadcast_in_dim",
    "convert_element_type",
    "copy",
    "pad",
    "pjit",
    "jit",
    "reshape",
    "rev",
    "slice",
    "squeeze",
    "transpose",
}
"""Primitives that only move data, and the calls that hold them."""

SUMS = {"add", "add_any", "mul", "neg", "reduce_sum", "sub"}
"""What the loss around a convolution is made of, and how its terms are added."""


def equations(closed: Any) -> list[Any]:
    """All equations of a jaxpr and of the jaxprs inside it."""
    found = []
    for equation in compat.open_jaxpr(closed).eqns:
        found.append(equation)
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                    found += equations(inner)
    return found


def names(closed: Any) -> set[str]:
    """Names of all primitives of a jaxpr."""
    return {equation.primitive.name for equation in equations(closed)}
