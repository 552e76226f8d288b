"""A target on all pairs of basis vectors: values, and both derivatives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import lax

from jconv.geometry import OPERANDS, ROLES
from jconv.verify.target.cases import Case, call, oracle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.geometry import Role
    from jconv.verify.target.load import Target

SMALL: tuple[dict[str, Any], ...] = (
    {"x": (1, 1, 4), "w": (1, 1, 2)},
    {"x": (1, 2, 4), "w": (2, 2, 3), "stride": (2,), "pads": ((1, 1),)},
    {"x": (1, 2, 5), "w": (2, 1, 2), "groups": 2, "rhs_dilation": (2,)},
    {"x": (1, 1, 3, 2), "w": (2, 1, 2, 2), "stride": (1, 2), "pads": ((1, 0), (0, 1))},
)
"""What the small convolutions have that the plainest one has not."""

QUICK = 2
"""How many of them a quick run takes."""


def small_cases(dtype: str) -> list[Case]:
    """The small convolutions."""
    cases = []
    for values in SMALL:
        rank = len(values["x"]) - 2
        ones = (1,) * rank
        plain: dict[str, Any] = {
            **dict.fromkeys(("stride", "lhs_dilation", "rhs_dilation"), ones),
            "pads": ((0, 0),) * rank,
        }
        cases.append(Case(**plain | values, dtype=dtype))
    return cases


def on_a_basis(
    target: Target, dtype: str, *, quick: bool
) -> Iterator[tuple[Case, int, str]]:
    """(case, number of pairs, what is wrong; empty if nothing is) for each case."""
    for case in small_cases(dtype)[: QUICK if quick else None]:
        pairs, wrong = 0, ""
        for out in ROLES:
            n_pairs, mistake = _one_role(target, case, out)
            pairs += n_pairs
            wrong = wrong or mistake
        yield case, pairs, wrong


def _one_role(target: Target, case: Case, out: Role) -> tuple[int, str]:
    """The number of pairs, and the first on which the target is wrong."""
    shapes = [case.shape(role) for role in OPERANDS[out]]
    p, q = (math.prod(shape) for shape in shapes)
    p, q = (math.prod(shape) for shape in shapes)
    units = [
        np.eye(size, dtype=case.dtype).reshape(size, *shape)
        for size, shape in zip((p, q), shapes, strict=True)
    ]
    first, second = np.divmod(np.arange(p * q), q)
    run = _computing(target, case, out)
    try:
        program = jax.jit(lambda *pairs: lax.map(lambda pair: run(*pair), pairs))
        got = np.asarray(program(units[0][first], units[1][second]))
    except Exception as error:  # a user's code may raise anything
        return 0, f"{out}: raises {type(error).__name__}"
    for n, result in enumerate(got):
        right = oracle(case, out, units[0][first[n]], units[1][second[n]])
        if not np.array_equal(result, right):
            one, other = OPERANDS[out]
            units_met = f"unit {first[n]} of {one} and unit {second[n]} of {other}"
            return len(got), f"{out} is wrong on {units_met}"
    return len(got), ""


def _computing(target: Target, case: Case, out: Role) -> Any:
    """One role through the target: the others are what it is differentiated in."""
    f = call(target, case)
    zeros = {role: np.zeros(case.shape(role), case.dtype) for role in ROLES}

    def run(first: Any, second: Any) -> Any:
        if out == "output":
            return f(first, second)
        if out == "input":
            return jax.vjp(lambda x: f(x, first), zeros["input"])[1](second)[0]
        return jax.vjp(lambda w: f(first, w), zeros["kernel"])[1](second)[0]

    return run
