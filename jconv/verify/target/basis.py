"""A target on all pairs of basis vectors: values, and both derivatives."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.geometry import OPERANDS, ROLES
from jconv.verify.entries import difference
from jconv.verify.target.cases import Case, call, oracle
from jconv.verify.target.counterexample import (
    Mismatch,
    NotSupportedError,
    breakage,
    code,
)
from jconv.verify.target.family import single
from jconv.verify.target.parts import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.geometry import Role
    from jconv.verify.target.load import Target

NAMES = {"input": "x", "kernel": "w", "output": "dy"}
"""What a counterexample calls each role's array."""

PART = {"output": "values", "input": "input-vjp", "kernel": "kernel-vjp"}
"""The part of ``PARTS`` that computes each role."""

SMALL: tuple[dict[str, Any], ...] = (
    {"x": (1, 1, 4), "w": (1, 1, 2)},
    {"x": (1, 2, 4), "w": (2, 2, 3), "stride": (2,), "pads": ((1, 1),)},
    {"x": (1, 2, 5), "w": (2, 1, 2), "groups": 2, "rhs_dilation": (2,)},
    {"x": (1, 1, 3, 2), "w": (2, 1, 2, 2), "stride": (1, 2), "pads": ((1, 0), (0, 1))},
    {
        "x": (1, 1, 2, 3),
        "w": (1, 1, 2, 2),
        "lhs_dilation": (2, 1),
        "rhs_dilation": (1, 2),
    },
)
"""What the small convolutions have that the plainest one has not."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one small convolution.

    Attributes:
        case: the convolution.
        pairs: how many pairs of basis vectors were compared.
        wrong: the first mistake; empty if there is none.
        code: the mistake as Python that can be typed in.
        refused: role -> why the target refuses it, in its own words.
    """

    case: Case
    pairs: int
    wrong: str
    code: str
    refused: dict[str, str]

    @property
    def left_out(self) -> list[str]:
        """The roles that were not compared, each with the reason."""
        reasons = dict(self.refused)
        if not _has_derivatives(self.case.dtype):
            reasons["derivatives"] = f"JAX has none in {self.case.dtype}"
        return [f"{role}: {reason}" for role, reason in reasons.items()]


def on_a_basis(target: Target, dtype: str) -> Iterator[Outcome]:
    """The outcome of each small convolution."""
    roles: tuple[Role, ...] = ROLES if _has_derivatives(dtype) else ("output",)
    for case in single(dtype, SMALL):
        pairs, wrong, told = 0, "", ""
        refused: dict[str, str] = {}
        for out in roles:
            try:
                n_pairs, mistake = _one_role(target, case, out)
            except NotSupportedError as error:
                refused[out] = str(error)
                continue
            pairs += n_pairs
            if mistake is not None and not wrong:
                wrong = mistake.what
                told = code(target, PARTS[PART[out]], case, mistake.arrays)
        yield Outcome(case, pairs, wrong, told, refused)


def _has_derivatives(dtype: str) -> bool:
    """Whether JAX derives in a dtype: integers have the tangents float0."""
    return bool(jnp.issubdtype(dtype, jnp.inexact))


def _one_role(target: Target, case: Case, out: Role) -> tuple[int, Mismatch | None]:
    """The number of pairs, and the first on which the target is wrong.

    Raises:
        NotSupportedError: if the target refuses.
    """
    shapes = [case.shape(role) for role in OPERANDS[out]]
    p, q = (math.prod(shape) for shape in shapes)
    units = [
        np.eye(size, dtype=jnp.dtype(case.dtype)).reshape(size, *shape)
        for size, shape in zip((p, q), shapes, strict=True)
    ]
    first, second = np.divmod(np.arange(p * q), q)
    run = _computing(target, case, out)

    def arrays(n: int) -> dict[str, Any]:
        """A pair by the names that a counterexample uses."""
        zeros = {NAMES[role]: _zeros(case, role) for role in ("input", "kernel")}
        pair = (units[0][first[n]], units[1][second[n]])
        names = (NAMES[role] for role in OPERANDS[out])
        return zeros | dict(zip(names, pair, strict=True))

    try:
        program = jax.jit(lambda *pairs: lax.map(lambda pair: run(*pair), pairs))
        got = np.asarray(program(units[0][first], units[1][second]))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's code may raise anything
        return 0, Mismatch(f"{out}: {breakage(error, PARTS[PART[out]])}", arrays(0))
    for n, result in enumerate(got):
        right = oracle(case, out, units[0][first[n]], units[1][second[n]])
        if told := difference(result, right, case.dtype):
            one, other = OPERANDS[out]
            met = f"on unit {first[n]} of {one} and unit {second[n]} of {other}"
            return len(got), Mismatch(f"{out}{told}, {met}", arrays(n))
    return len(got), None


def _zeros(case: Case, role: Role) -> Any:
    """What a target is differentiated at: it is bilinear, so that any place will do."""
    return np.zeros(case.shape(role), jnp.dtype(case.dtype))


def _computing(target: Target, case: Case, out: Role) -> Any:
    """One role through the target: the others are what it is differentiated in."""
    f = call(target, case)

    def run(first: Any, second: Any) -> Any:
        if out == "output":
            return f(first, second)
        if out == "input":
            x = _zeros(case, "input")
            return jax.vjp(lambda x: f(x, first), x)[1](second)[0]
        w = _zeros(case, "kernel")
        return jax.vjp(lambda w: f(first, w), w)[1](second)[0]

    return run
