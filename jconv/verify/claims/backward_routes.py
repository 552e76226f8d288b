"""Five routes to one derivative, and the proof on a basis."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jconv import algorithms, numerics
from jconv.errors import UnsupportedError
from jconv.geometry import OPERANDS, ROLES
from jconv.verify import basis, families, routes
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import error_scale
from jconv.verify.entries import difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.geometry import Role
    from jconv.verify.context import Context
    from jconv.verify.families import Case

PLAIN: dict[str, Any] = {
    "rank": 1,
    "stride": 1,
    "padding": "valid",
    "kernel_dilation": 1,
    "input_dilation": 1,
    "groups": "one",
    "batch": (),
}

PROVED: tuple[dict[str, Any], ...] = (
    {},
    {"stride": 2, "padding": "same", "kernel_dilation": -2},
    {"rank": 2, "groups": "depthwise", "stride": 2},
    {"stride": 3, "padding": "asymmetric", "input_dilation": 2},
    {"padding": "negative", "groups": "two", "batch": (2,)},
    {"padding": "full", "kernel_dilation": -1},
    {"rank": 0, "groups": "two"},
    {"padding": "causal", "kernel_dilation": 2, "groups": "depthwise"},
    {"stride": 2, "input_dilation": 3, "padding": "same"},
    {"rank": 2, "padding": "negative", "kernel_dilation": -1, "groups": "two"},
    {"rank": 2, "padding": "same", "stride": 2, "kernel_dilation": -2},
    {"padding": "full", "groups": "depthwise", "kernel_dilation": 2},
)
"""What distinguishes each geometry of the proof by basis from the plainest one."""

ROUNDED: tuple[dict[str, Any], ...] = tuple(
    {"rank": 2, "padding": "same", "batch": (2,)} | changes
    for changes in (
        {"stride": 2},
        {"kernel_dilation": 2},
        {"groups": "depthwise"},
        {"rank": 0},
    )
)
"""Of the measure of rounding: what one algorithm refuses, another one takes."""

QUICK_FACTORS: dict[str, tuple[Any, ...]] = {
    "rank": (1, 2, 0),
    "padding": ("same", "asymmetric", "negative"),
    "kernel_dilation": (1, -2),
    "input_dilation": (1, 2),
    "batch": ((2,), ()),
}
"""What a quick run tries of the factors that have more values."""

QUICK_WITHOUT = ("float64", "int32")
"""Dtypes that a quick run leaves to the other claims."""

QUICK_PROOFS = 2
"""How many of them a quick run takes."""

TINY = 1e-300
"""Keeps 0 / 0 out of the ratio of an error to a sum of no terms."""


@claim(
    "backward.derived-equals-coded",
    says="What JAX derives from plain lax operations, the primitive's relabelling "
    "rule, the coded derivatives, the textbook's transposed convolutions and lax's own "
    "derivative are the same numbers.",
    formula="vjp(plain) = vjp(conv) = conv_…_vjp = textbook = vjp(lax) = ΣT",
    source="the trilinear form",
    kind="exact",
    falsified_by="a geometry, dtype and algorithm for which one route differs from the "
    "sum over T in one number, on integer operands whose sums are representable",
)
def backward_derived_equals_coded(context: Context) -> Iterator[Evidence]:
    """All routes on a t-wise sample of the family, with dtypes and algorithms."""
    exact = [
        name for name, each in algorithms.REGISTRY.items() if each.exact_on_integers
    ]
    strength = 2 if context.quick else 3
    factors = {"dtype": context.dtypes}
    if context.quick:
        few = tuple(each for each in context.dtypes if each not in QUICK_WITHOUT)
        factors = QUICK_FACTORS | {"dtype": few or context.dtypes}
    cases = families.sample(strength, **factors)
    cases = families.with_methods(cases, exact)
    sizes = f"{strength}-wise sample of {len(cases)} cases"
    broken: dict[str, list[str]] = {}
    for n, case in enumerate(cases):
        x, w, dy = routes.operand_arrays(case, context.integers)
        expected = routes.oracle(case, x, w, dy)
        found, missing = _all_routes(case, x, w, dy)
        wrong = {
            f"{name} route to {role}": told
            for (role, name), got in found.items()
            if (told := _difference(got, expected[role], case.dtype))
        }
        yield Evidence(
            not wrong,
            f"{case.method}, {case.dtype}: {case.geometry!r}",
            cases=len(found),
            case=case.call,
            size=case.size,
            numbers=wrong | ({"family": sizes} if n == 0 else {}),
        )
        broken.setdefault(case.dtype, [])
        if missing:
            broken[case.dtype].append(f"{case.call}: {missing}")
    # Told for every dtype, so that a limit of lax that ``limits`` knows can go stale.
    for dtype, failures in broken.items():
        what = f"lax's own convolutions in {dtype} run here"
        yield Evidence(not failures, what, case="; ".join(failures[:1]))


def _all_routes(case: Case, x: Any, w: Any, dy: Any) -> tuple[routes.Found, str]:
    """Every route's results; if the peer breaks, all others', and how it broke."""
    try:
        return jax.jit(routes.every_route(case))(x, w, dy), ""
    except jax.errors.JaxRuntimeError as error:
        missing = str(error).splitlines()[0][:80]
        return jax.jit(routes.every_route(case, with_peer=False))(x, w, dy), missing


def _difference(got: Any, expected: Any, dtype: str) -> str:
    """What is wrong with an array; empty if it equals the oracle's."""
    got = np.asarray(got)
    if got.shape != expected.shape:
        return f"shape {got.shape}, not {expected.shape}"
    if got.dtype.name != dtype:
        return f"dtype {got.dtype}, not {dtype}"
    if np.array_equal(got, expected.astype(got.dtype)):
        return ""
    wide = np.complex128 if np.iscomplexobj(expected) else np.float64
    most = f"off by up to {np.abs(got.astype(wide) - expected).max():g}"
    return f"{most}, first at {difference(got, expected, dtype)}"


@claim(
    "backward.proof-by-basis",
    says="On these geometries every routine is proved right: it is bilinear, which its "
    "jaxpr shows, and right on all pairs of basis vectors, which leaves no other pair "
    "to be wrong on.",
    formula="f bilinear and f(eᵢ, eⱼ) = ΣT eᵢ eⱼ for all i, j  ⟹  f = ΣT",
    source="linear algebra",
    kind="exact",
    falsified_by="a pair of basis vectors on which a routine differs from the relation",
)
def backward_proof_by_basis(context: Context) -> Iterator[Evidence]:
    """The three roles, by every algorithm, by the textbook and as JAX derives them."""
    for changes in PROVED[: QUICK_PROOFS if context.quick else None]:
        case = families.make_case(PLAIN | changes)
        mistakes: dict[str, str] = {}
        doubts: dict[str, str] = {}
        n_pairs, n_routines = 0, 0
        for out in ROLES:
            pairs, verdicts = basis.check(case, out)
            n_pairs += pairs * len(verdicts)
            n_routines += len(verdicts)
            for name, against in verdicts.items():
                kind = doubts if against.startswith("bilinearity") else mistakes
                if against:
                    kind[f"{name} for {out}"] = against
        proved = not mistakes and not doubts
        yield Evidence(
            not mistakes,
            f"{n_routines} routines for three roles, {case.geometry!r}: "
            + ("proved" if proved else "exact on a basis"),
            cases=n_pairs,
            case=case.call,
            size=case.size,
            proved=int(proved),
            numbers=mistakes | doubts,
        )


@claim(
    "backward.rounding",
    says="With real numbers the routes differ by rounding alone, and by no more than "
    "the a-priori bound of a sum of that many products.",
    formula="|computed − exact| ≤ B Σ|terms|,  B = γₙ plus the result's rounding; "
    "of transforms  ≤ B ‖first‖ ‖second‖",
    source="N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2002",
    kind="bounded",
    falsified_by="an entry whose error exceeds the bound",
)
def backward_rounding(context: Context) -> Iterator[Evidence]:
    """Random normal operands in each float dtype, against the oracle in double.

    Each algorithm is measured on the first of ``ROUNDED`` that it takes.
    """
    floats = [each for each in context.dtypes if jnp.issubdtype(each, jnp.inexact)]
    if not floats:
        message = f"integers do not round, and only {context.dtypes} are asked for"
        raise UnsupportedError(message)
    for n, dtype in enumerate(floats):
        rest = list(algorithms.REGISTRY)
        if context.quick:  # every algorithm in one of the dtypes
            rest = rest[n :: len(floats)]
        for changes in ROUNDED:
            case = families.make_case(PLAIN | changes | {"dtype": dtype})
            able = [method for method in rest if _roles(case, method)]
            rest = [method for method in rest if method not in able]
            if able:
                yield from _rounding(context, case, able)
        yield Evidence(
            not rest,
            f"every algorithm is measured in {dtype}",
            numbers={"missing": ", ".join(rest)} if rest else {},
        )


def _rounding(context: Context, case: Case, methods: list[str]) -> Iterator[Evidence]:
    """Every role that some algorithms compute, against its bound."""
    dtype = case.dtype
    x, w, dy = (
        context.rng(n).normal(size=shape).astype(jnp.dtype(dtype))
        for n, shape in enumerate((case.x, case.w, case.y))
    )
    arrays = {"input": x, "kernel": w, "output": dy}
    expected = routes.oracle(case, x, w, dy)
    absolute = routes.oracle(case, *(np.abs(each) for each in (x, w, dy)))
    for method, found in _by_algorithms(case, methods, x, w, dy).items():
        for role in _roles(case, method):
            bound = _bound(case, role, method)
            error = np.abs(_wide(found[role]) - expected[role])
            a, b = (_wide(arrays[each]) for each in OPERANDS[role])
            algorithm = algorithms.REGISTRY[method]
            scale = error_scale(algorithm, a, b, absolute[role])
            ratio = float((error / np.maximum(scale, TINY)).max())
            yield Evidence(
                ratio <= bound,
                f"{method}, {dtype}, {role}",
                case=dataclasses.replace(case, method=method).call,
                size=case.size,
                error=ratio,
                bound=bound,
                numbers={"roundoffs": ratio / numerics.unit_roundoff(dtype)},
            )


def _roles(case: Case, method: str) -> list[Role]:
    """The roles of a case that an algorithm computes."""
    named = dataclasses.replace(case, method=method)
    return [role for role in ROLES if named.method_for(role) == method]


def _by_algorithms(case: Case, methods: list[str], *arrays: Any) -> dict[str, Any]:
    """y, dx and dw by several algorithms, in one program: compiling dominates."""
    options = {"precision": "highest"}  # the bound is that of the dtype itself
    computed = {
        method: routes.coded(dataclasses.replace(case, method=method), **options)
        for method in methods
    }
    return jax.jit(
        lambda x, w, dy: {name: each(x, w, dy) for name, each in computed.items()}
    )(*arrays)


def _bound(case: Case, role: Role, method: str) -> float:
    """The algorithm's bound, and the rounding of the oracle's own double sum."""
    shapes = {each: case.canonical(each) for each in ROLES}
    algorithm = algorithms.REGISTRY[method]
    return algorithm.error_bound(
        case.geometry, shapes, role, case.dtype
    ) + algorithm.error_bound(case.geometry, shapes, role, "float64")


def _wide(array: Any) -> Any:
    """The array in double precision, complex if it is complex."""
    array = np.asarray(array)
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
