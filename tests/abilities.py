"""Who can compute what, as data: tests ask every algorithm that does not refuse."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

import jconv
from jconv import reference
from jconv.algorithms import REGISTRY
from jconv.geometry import OPERANDS, ROLES
from jconv.verify.variants import variants
from tests.cases import EXACT, integers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jconv.algorithms import Algorithm, Shapes
    from jconv.geometry import Geometry, Role
    from tests.cases import Case

PLATFORM = {"gpu": "cuda"}.get(jax.default_backend(), jax.default_backend())
"""Where the tests run, as algorithms are told it."""

LIMITED: dict[str, Algorithm] = {
    label: variant
    for name in EXACT
    for label, variant in variants(REGISTRY[name]).items()
}
"""The same algorithms with tiny limits."""


def canonical_shapes(
    geometry: Geometry,
    batch: tuple[Any, ...] = (2,),
    c_in: int = 2,
    c_out: int = 3,
    examples: int = 2,
) -> Shapes:
    """Shapes of the three roles in the primitive's order; examples is e."""
    c, m = c_in // geometry.groups, c_out // geometry.groups
    return {
        "input": (examples, *batch, *geometry.input_shape, geometry.groups, c),
        "kernel": (examples, *geometry.kernel_shape, c, geometry.groups, m),
        "output": (examples, *batch, *geometry.output_shape, geometry.groups, m),
    }


def shapes_of(case: Case, examples: int = 2) -> Shapes:
    """Canonical shapes of a case."""
    return canonical_shapes(case.geometry, case.batch, case.c_in, case.c_out, examples)


def operand_shapes(shapes: Shapes, out: Role) -> Shapes:
    """The two that a role is computed from."""
    return {role: shapes[role] for role in OPERANDS[out]}


def refusal(
    algorithm: Algorithm,
    geometry: Geometry,
    shapes: Shapes,
    out: Role,
    dtype: str = "float64",
) -> str | None:
    """Why an algorithm cannot compute a role here."""
    wanted = operand_shapes(shapes, out)
    return algorithm.refuses(geometry, wanted, out, dtype, PLATFORM)


def able_roles(
    algorithm: Algorithm, geometry: Geometry, shapes: Shapes, dtype: str = "float64"
) -> tuple[Role, ...]:
    """The roles that an algorithm can compute."""
    return tuple(
        out for out in ROLES if refusal(algorithm, geometry, shapes, out, dtype) is None
    )


def roles_of(method: str, case: Case, dtype: str = "float64") -> tuple[Role, ...]:
    """The roles for which a public call may name a method."""
    if method == "auto":
        return ROLES
    return able_roles(REGISTRY[method], case.geometry, shapes_of(case, 1), dtype)


def able_methods(case: Case, out: Role, dtype: str = "float64") -> tuple[str, ...]:
    """The exact algorithms that a public call for a role may name."""
    return tuple(name for name in EXACT if out in roles_of(name, case, dtype))


def public(case: Case, out: Role, **options: Any) -> Callable[..., jax.Array]:
    """The public function of a role, taking its two operands in the fixed order."""
    arguments = {**case.arguments, **options}
    if out == "output":
        return functools.partial(jconv.conv, **arguments)
    if out == "input":
        shape = case.shapes["input"]
        return lambda w, dy: jconv.conv_input_vjp(dy, w, input_shape=shape, **arguments)
    shape = case.shapes["kernel"]
    return lambda x, dy: jconv.conv_kernel_vjp(x, dy, kernel_shape=shape, **arguments)


def by_able_methods(
    case: Case, dtype: str = "float64", methods: Iterable[str] = ("auto", *EXACT)
) -> Callable[[dict[Role, Any]], dict[Routine, Any]]:
    """All three public functions by every method that can, as one program of arrays."""
    chosen = [
        (method, out) for method in methods for out in roles_of(method, case, dtype)
    ]

    def program(arrays: dict[Role, Any]) -> list[Any]:
        return [
            public(case, out, method=method)(*(arrays[role] for role in OPERANDS[out]))
            for method, out in chosen
        ]

    compiled = jax.jit(program)
    return lambda arrays: dict(zip(chosen, compiled(arrays), strict=True))


Routine = tuple[str, "Role"]
"""(label of an algorithm, role)."""


def routines(
    algorithms: dict[str, Algorithm],
    geometry: Geometry,
    shapes: Shapes,
    dtype: str = "float64",
) -> dict[Routine, Algorithm]:
    """Everything that the algorithms can compute of one relation."""
    return {
        (label, out): algorithm
        for label, algorithm in algorithms.items()
        for out in able_roles(algorithm, geometry, shapes, dtype)
    }


def contraction(
    algorithm: Algorithm, geometry: Geometry, out: Role
) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """An algorithm's contraction in float32 as a function of its operands."""

    def run(first: jax.Array, second: jax.Array) -> jax.Array:
        return algorithm.run(
            first,
            second,
            geometry=geometry,
            out=out,
            precision=None,
            accumulate=np.dtype("float32"),
        )

    return run


def compiled(
    chosen: dict[Routine, Algorithm], geometry: Geometry, dtype: str = "float64"
) -> Callable[[dict[Role, Any]], dict[Routine, np.ndarray]]:
    """All of it as one program of the three arrays: compiling dominates."""

    def run(label: str, out: Role, arrays: dict[Role, Any]) -> Any:
        return chosen[label, out].run(
            *(arrays[role] for role in OPERANDS[out]),
            geometry=geometry,
            out=out,
            precision=None,
            accumulate=dtype,
        )

    @jax.jit
    def program(arrays: dict[Role, Any]) -> list[Any]:
        return [run(label, out, arrays) for label, out in chosen]

    def results(arrays: dict[Role, Any]) -> dict[Routine, np.ndarray]:
        return dict(zip(chosen, map(np.asarray, program(arrays)), strict=True))

    return results


def check_all(
    algorithms: dict[str, Algorithm],
    geometry: Geometry,
    shapes: Shapes,
    dtype: str = "float64",
) -> set[Routine]:
    """Assert that all they can compute equals the oracle; who computed what."""
    arrays = {role: integers(shape, 5, dtype) for role, shape in shapes.items()}
    chosen = routines(algorithms, geometry, shapes, dtype)
    expected = {
        out: reference.contract(*(arrays[r] for r in OPERANDS[out]), geometry, out)
        for out in ROLES
    }
    results = compiled(chosen, geometry, dtype)(arrays)
    wrong = [
        f"{label} for {out}: {_difference(result, expected[out], dtype)}"
        for (label, out), result in results.items()
        if _difference(result, expected[out], dtype)
    ]
    assert not wrong, "\n".join([repr(geometry), *wrong])
    return set(chosen)


def _difference(result: np.ndarray, expected: np.ndarray, dtype: str) -> str:
    """What is wrong with a result; empty if it equals bit for bit."""
    if (result.dtype, result.shape) != (np.dtype(dtype), expected.shape):
        return f"{result.dtype}{result.shape}, not {dtype}{expected.shape}"
    different = result != expected
    if not different.any():
        return ""
    first = tuple(int(n) for n in np.argwhere(different)[0])
    return (
        f"{different.sum()} of {different.size} differ, first at {first}: "
        f"{result[first]}, not {expected[first]}"
    )


def all_of(names: Iterable[str]) -> dict[str, Algorithm]:
    """Algorithms by name."""
    return {name: REGISTRY[name] for name in names}


def is_value(algorithm: Algorithm) -> bool:
    """Whether an algorithm is a frozen dataclass that equals its copy."""
    copy = dataclasses.replace(algorithm)  # type: ignore[type-var]
    return dataclasses.is_dataclass(algorithm) and hash(copy) == hash(algorithm)
