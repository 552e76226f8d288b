"""How much rounding to expect on this device, by dtype, precision and algorithm."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jconv import algorithms, numerics
from jconv.errors import UnsupportedError
from jconv.geometry import OPERANDS, ROLES
from jconv.verify import families, multiplied, routes
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import QUICK as QUICK_METHODS
from jconv.verify.comparison import error_scale, in_turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jconv.geometry import Role
    from jconv.verify.context import Context
    from jconv.verify.families import Case

PLAIN: dict[str, Any] = {
    "rank": 1,
    "stride": 1,
    "padding": "same",
    "kernel_dilation": 1,
    "input_dilation": 1,
    "groups": "one",
    "batch": (2,),
}
PRECISIONS = ("default", "high", "highest")
CANDIDATES = 24
"""Operands that are tried in the search for the worst rounding."""

LOOSE = 64
"""A bound this many times the worst rounding found is suspicious.

A bound counts every rounding as if all were largest and of one sign. Sums that run in
16 lanes, as vector units sum, reach a sixteenth of it on operands that are made for it,
and searching finds these only within a factor of about 4.
"""

QUICK = 1
"""How many dtypes a quick run takes: each is a program of all algorithms and roles."""


@claim(
    "dtype.rounding",
    says="Every algorithm's rounding error stays within its bound; in floats narrower "
    "than float64, a direct sum's comes near enough to it that the bound says "
    "something.",
    formula="|computed − exact| ≤ B Σ|terms|,  B ≤ 64 × the worst that is found",
    source="N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2002, 3.1",
    kind="bounded",
    falsified_by="operands whose error exceeds the bound, or a direct sum's bound "
    "64 times the largest error that a search finds",
)
def dtype_rounding(context: Context) -> Iterator[Evidence]:
    """Random and adverse operands, all at once, by every algorithm and role."""
    for dtype in _floats(context)[: QUICK if context.quick else None]:
        case = families.make_case(PLAIN | {"dtype": dtype})
        operands = candidates(case, context)
        exact = [routes.oracle(case, *each) for each in zip(*operands, strict=True)]
        sizes = [
            routes.oracle(case, *map(np.abs, each))
            for each in zip(*operands, strict=True)
        ]
        found = _computed(case, operands, "highest", algorithms.REGISTRY)
        by_role = dict(zip(("input", "kernel", "output"), operands, strict=True))
        for method, algorithm in algorithms.REGISTRY.items():
            named = dataclasses.replace(case, method=method)
            for role in ROLES:
                if named.method_for(role) != method:
                    continue  # it refuses
                first, second = (by_role[each] for each in OPERANDS[role])
                errors = [
                    worst_ratio(
                        found[method][role][n],
                        exact[n][role],
                        error_scale(algorithm, first[n], second[n], sizes[n][role]),
                    )
                    for n in range(CANDIDATES)
                ]
                bound = bound_of(case, role, method)
                yield _judged(case, method, role, float(np.max(errors)), bound)


def _judged(
    case: Case, method: str, role: Role, worst: float, bound: float
) -> Evidence:
    """Within the bound; and, for direct sums, not far below it.

    The oracle sums in double, so for float64 the worst found is partly its own; bounds
    of transforms (FFT, Winograd) are over whole arrays and loose for single entries.
    """
    direct = algorithms.REGISTRY[method].exact_on_integers
    u = numerics.unit_roundoff(case.dtype)
    judged = direct and u > numerics.unit_roundoff("float64")
    loose = judged and bound > LOOSE * worst
    return Evidence(
        worst <= bound and not loose,
        f"{method}, {case.dtype}, {role}: {worst / u:.2g} of {bound / u:.3g} unit "
        "roundoffs" + (": the bound is suspiciously loose" if loose else ""),
        cases=CANDIDATES,
        case=dataclasses.replace(case, method=method).call,
        size=case.size,
        error=worst,
        bound=bound,
    )


def candidates(case: Case, context: Context) -> tuple[Any, Any, Any]:
    """Stacks of x, w and dy: normal numbers, and sums in which all roundings add up.

    In the adverse ones a large term meets many that are just too small to change it,
    so that each is lost: the first entries are 1, the others near a unit roundoff.
    """
    stacks = []
    u = numerics.unit_roundoff(case.dtype)
    for n, shape in enumerate((case.x, case.w, case.y)):
        rng = context.rng(n)
        normal = rng.normal(size=(CANDIDATES, *shape))
        column = (CANDIDATES, *[1] * len(shape))
        tiny = rng.random(normal.shape) < rng.random(column)
        size = np.sqrt(u) * rng.uniform(0.5, 1.0, normal.shape)
        adverse = np.where(tiny, size, rng.uniform(1, 2, normal.shape))
        odd = np.arange(CANDIDATES).reshape(column) % 2
        mixed = np.where(odd, adverse, normal)
        stacks.append(mixed.astype(jnp.dtype(case.dtype)))
    return stacks[0], stacks[1], stacks[2]


def _computed(
    case: Case,
    operands: Any,
    precision: str,
    methods: Iterable[str],
) -> Any:
    """y, dx and dw of every candidate by several algorithms, in one program."""
    by_method = {
        method: routes.coded(
            dataclasses.replace(case, method=method), precision=precision
        )
        for method in methods
    }
    return jax.jit(
        lambda x, w, dy: {
            name: jax.vmap(each)(x, w, dy) for name, each in by_method.items()
        }
    )(*operands)


def worst_ratio(got: Any, exact: Any, size: Any) -> float:
    """The largest error over the sum of the terms' magnitudes.

    A NaN is an error without end: ``max`` would pass it over.
    """
    wide = np.complex128 if np.iscomplexobj(exact) else np.float64
    error = np.abs(np.asarray(got).astype(wide) - exact)
    ratio = np.max(error / np.maximum(size, 1e-300))
    return math.inf if np.isnan(ratio) else float(ratio)


def bound_of(case: Case, role: Role, method: str) -> float:
    """The algorithm's bound, and the oracle's own rounding."""
    shapes = {each: case.canonical(each) for each in ROLES}
    algorithm = algorithms.REGISTRY[method]
    return sum(
        algorithm.error_bound(case.geometry, shapes, role, dtype)
        for dtype in (case.dtype, "float64")
    )


@claim(
    "dtype.precision",
    says="At every precision that can be asked for, errors stay within the bound that "
    "follows from how many bits of its operands this device multiplies.",
    formula="|computed − exact| ≤ (B + P) Σ|terms|,  P = (1 + 2⁻ᵇ)² − 1 for b bits",
    source="M. Fasi, N. J. Higham, M. Mikaitis, S. Pranesh, Numerical behavior of "
    "NVIDIA tensor cores, https://doi.org/10.7717/peerj-cs.330, 2021",
    kind="bounded",
    falsified_by="a precision at which an error exceeds the bound of its bits, at "
    "which fewer bits are multiplied than at a lower one, or at which a product with 1 "
    "is what no format of 8 bits or more makes of it",
)
def dtype_precision(context: Context) -> Iterator[Evidence]:
    """Count the bits that survive a product; then hold convolutions to them."""
    dtypes = [each for each in _floats(context) if each in ("float32", "bfloat16")]
    if not dtypes:
        message = "precision concerns float32 and bfloat16, and neither is asked for"
        raise UnsupportedError(message)
    for dtype in dtypes[: QUICK if context.quick else None]:
        case = families.make_case(PLAIN | {"dtype": dtype})
        before = 0
        for precision in PRECISIONS:
            found = multiplied.multiplied(dtype, precision)
            ratio = _worst_error(case, context, precision)
            bound = _bound_at(case, found.bits)
            words = multiplied.in_words(dtype, found)
            words += "; an error is beyond their bound" if ratio > bound else ""
            yield Evidence(
                not found.wrong and ratio <= bound and found.bits >= before,
                f"{dtype} at precision {precision!r}: {words}",
                case=f"{case.call}, precision={precision!r}",
                error=ratio,
                bound=bound,
                numbers={}
                if found.wrong
                else {
                    "bits multiplied": found.bits,
                    "expect a relative error up to": bound,
                    "found": ratio,
                },
            )
            before = found.bits


def _worst_error(case: Case, context: Context, precision: str) -> float:
    """Over all candidates, algorithms that sum directly, and roles."""
    operands = candidates(case, context)
    methods = in_turn(context, precision)[: QUICK_METHODS if context.quick else None]
    found = _computed(case, operands, precision, methods)
    ratios = []
    for n, each in enumerate(zip(*operands, strict=True)):
        exact, size = (
            routes.oracle(case, *each),
            routes.oracle(case, *map(np.abs, each)),
        )
        ratios += [
            worst_ratio(found[method][role][n], exact[role], size[role])
            for method in methods
            for role in ROLES
        ]
    return float(np.max(ratios))


def _bound_at(case: Case, bits: int) -> float:
    """The largest direct bound of a role, with operands of so many bits."""
    shapes = {each: case.canonical(each) for each in ROLES}
    direct = max(
        numerics.contraction_bound(case.geometry, shapes, role, case.dtype)
        for role in ROLES
    )
    return direct + (1 + direct) * numerics.operand_rounding(case.dtype, bits)


def _floats(context: Context) -> list[str]:
    """The float dtypes that are asked for."""
    found = [each for each in context.dtypes if jnp.issubdtype(each, jnp.inexact)]
    if not found:
        message = f"integers do not round, and only {context.dtypes} are asked for"
        raise UnsupportedError(message)
    return found
