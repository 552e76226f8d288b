"""Proof by basis: a bilinear routine is right if it is right on all pairs of units."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import algorithms, numerics, primitive, reference, rules
from jconv.geometry import OPERANDS
from jconv.verify.bilinear import why_not_bilinear

if TYPE_CHECKING:
    from jax import Array

    from jconv.algorithms import Algorithm
    from jconv.geometry import Role
    from jconv.verify.families import Case


def routines(case: Case, out: Role, dtype: str = "float32") -> dict[str, Any]:
    """Every way to compute one role: algorithms, the textbook, what JAX derives.

    All take and return canonical arrays.
    """
    fixed: dict[str, Any] = {"geometry": case.geometry, "precision": None}
    accumulate = numerics.accumulation_dtype(dtype)
    found: dict[str, Any] = {}
    for name, algorithm in algorithms.REGISTRY.items():
        if not algorithm.exact_on_integers:
            continue  # it rounds, also on units
        if _refuses(algorithm, case, out, dtype):
            continue
        run = functools.partial(algorithm.run, **fixed, accumulate=accumulate)
        found[name] = functools.partial(run, out=out)
        if out != "output" and not _refuses(algorithm, case, "output", dtype):
            found[f"derived from {name}"] = _derived(run, case, out, dtype)
    by_rule = functools.partial(primitive.contract, **fixed, dtype=dtype)
    found["primitive"] = functools.partial(by_rule, out=out)
    found["textbook"] = functools.partial(rules.contract, **fixed, out=out, dtype=dtype)
    return found


def _refuses(algorithm: Algorithm, case: Case, out: Role, dtype: str) -> str | None:
    """Why an algorithm cannot compute a role of a case."""
    shapes = {role: case.canonical(role) for role in OPERANDS[out]}
    return algorithm.refuses(case.geometry, shapes, out, dtype, None)


def _derived(run: Any, case: Case, out: Role, dtype: str) -> Any:
    """The transpose, by JAX, of an algorithm's forward run in one operand."""
    missing = jax.ShapeDtypeStruct(case.canonical(out), dtype)

    def transposed(first: Array, second: Array) -> Array:
        values = dict(zip(OPERANDS[out], (first, second), strict=True))

        def forward(unknown: Array) -> Array:
            arrays = values | {out: unknown}
            return run(arrays["input"], arrays["kernel"], out="output")

        (result,) = jax.linear_transpose(forward, missing)(values["output"])
        return result

    return transposed


def unit_pairs(case: Case, out: Role, dtype: str) -> tuple[Any, Any]:
    """All pairs of basis vectors of the two operands, stacked in front."""
    shapes = [case.canonical(role) for role in OPERANDS[out]]
    p, q = (int(np.prod(shape)) for shape in shapes)
    first, second = np.divmod(np.arange(p * q), q)
    return (
        np.eye(p, dtype=jnp.dtype(dtype))[first].reshape(p * q, *shapes[0]),
        np.eye(q, dtype=jnp.dtype(dtype))[second].reshape(p * q, *shapes[1]),
    )


def expected(case: Case, out: Role, first: Any, second: Any) -> Any:
    """The oracle's result for every pair; pairs take the place of the label e."""
    found = reference.contract(first[:, 0], second[:, 0], case.geometry, out)
    return found[:, None]


def check(case: Case, out: Role, dtype: str = "float32") -> tuple[int, dict[str, str]]:
    """Compare every routine with the oracle on all pairs of basis vectors.

    Returns:
        The number of pairs, and for each routine what speaks against a proof: "" if it
        is proved, "bilinearity ..." if it is only exact on the basis, else the mistake.
    """
    first, second = unit_pairs(case, out, dtype)
    found = routines(case, out, dtype)

    @jax.jit
    def on_all_pairs(first: Array, second: Array) -> dict[str, Array]:
        return {
            name: lax.map(lambda pair, run=run: run(*pair), (first, second))
            for name, run in found.items()
        }

    want = expected(case, out, first, second)
    shapes = [
        jax.ShapeDtypeStruct(array.shape[1:], array.dtype) for array in (first, second)
    ]
    verdicts = {}
    for name, got in on_all_pairs(first, second).items():
        mistake = _mistake(np.asarray(got), want, numerics.accumulation_dtype(dtype))
        doubt = why_not_bilinear(found[name], *shapes)
        unproved = "" if doubt is None else f"bilinearity not shown: {doubt}"
        verdicts[name] = mistake or unproved
    return len(first), verdicts


def _mistake(got: Any, want: Any, dtype: Any) -> str:
    """What is wrong with a routine's results for all pairs; empty if nothing is."""
    if got.shape != want.shape:
        return f"has shape {got.shape[1:]}, not {want.shape[1:]}"
    if got.dtype != dtype:
        return f"has dtype {got.dtype}, not {dtype}"
    wrong = np.any(got != want, axis=tuple(range(1, want.ndim)))
    if wrong.any():
        return f"wrong on {int(wrong.sum())} of {len(wrong)} pairs"
    return ""
