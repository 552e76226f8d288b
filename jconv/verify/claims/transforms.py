"""What surrounds a convolution in JAX: mapping over an axis, and dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from jconv.geometry import ROLES
from jconv.verify import families, routes
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import by_every_method, equality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jax import Array

    from jconv.geometry import Role
    from jconv.verify.context import Context

MAPPED = 2
"""Size of the axis that is mapped over."""

ARGUMENTS: tuple[Role, ...] = ("input", "kernel", "output")
"""The roles of (x, w, dy)."""

OPERAND_DTYPES = (
    ("float32", "bfloat16"),
    ("bfloat16", "float32"),
    ("complex64", "float32"),
    ("float32", "complex64"),
    ("float16", "float16"),
)
"""Pairs of dtypes of x and w that JAX promotes."""


@claim(
    "transform.vmap",
    says="Mapping a convolution, or one of its derivatives, over a new axis of one or "
    "of both operands gives the single results, stacked.",
    formula="vmap(f)(a, b)[n] = f(a[n], b[n])",
    source="the labels e, b, c and m of the trilinear form",
    kind="exact",
    falsified_by="a mapped result that differs from the oracle's single ones",
)
def transform_vmap(context: Context) -> Iterator[Evidence]:
    """The three roles, mapped over the first, the second and both operands."""
    cases = families.sample(1)
    for case in cases[: 2 if context.quick else None]:
        shapes = {"input": case.x, "kernel": case.w, "output": case.y}
        stacks = {
            role: context.integers((MAPPED, *shape), "float64", n)
            for n, (role, shape) in enumerate(shapes.items())
        }
        single = routes.coded(case)
        singles = [
            routes.oracle(case, *(stacks[role][n] for role in shapes))
            for n in range(MAPPED)
        ]
        mixed = {
            first: routes.oracle(
                case, *(stacks[role][int(role == first)] for role in shapes)
            )
            for first in shapes
        }
        together, alone = _mapped(single, list(stacks.values()))
        for out in ROLES:
            expected = np.stack([each[out] for each in singles])
            what = f"{out}, both operands mapped, {case.geometry!r}"
            yield equality(what, together[out], expected, case=case.call)
            for role in set(ROLES) - {out}:
                expected = np.stack([singles[0][out], mixed[role][out]])
                what = f"{out}, {role} mapped, {case.geometry!r}"
                yield equality(what, alone[role][out], expected, case=case.call)


def _mapped(single: Any, stacks: list[Any]) -> tuple[Any, dict[Role, Any]]:
    """All three stacks mapped together, and each alone with the others' first entry.

    Together they are mapped over their first axis, alone over their last.
    """

    @jax.jit
    def mapped(stacks: list[Array], firsts: list[Array]) -> Any:
        alone = {}
        for n, role in enumerate(ARGUMENTS):
            last = jnp.moveaxis(stacks[n], 0, -1)
            arrays = [*firsts[:n], last, *firsts[n + 1 :]]
            axes = [-1 if m == n else None for m in range(3)]
            alone[role] = jax.vmap(single, axes)(*arrays)
        return jax.vmap(single)(*stacks), alone

    found: tuple[Any, dict[Role, Any]] = mapped(stacks, [each[0] for each in stacks])
    return found


@claim(
    "dtype.cotangent",
    says="Every cotangent has the dtype of what it is the cotangent of, also when the "
    "operands differ and JAX promotes them.",
    formula="dtype(dx) = dtype(x),  dtype(dw) = dtype(w)",
    source="JAX's contract for reverse mode",
    kind="exact",
    falsified_by="a cotangent of another dtype, or of another value than lax's",
)
def dtype_cotangent(context: Context) -> Iterator[Evidence]:
    """Mixed dtypes against lax on operands promoted by hand."""
    case = families.make_case(
        {name: values[0] for name, values in families.FACTORS.items()}
    )
    lax_conv = routes.peer(case)
    for of_x, of_w in OPERAND_DTYPES:
        wide = jnp.promote_types(of_x, of_w)
        x, w, dy = (
            routes.signs(context.integers(shape, dtype, n)).astype(jnp.dtype(dtype))
            for n, (shape, dtype) in enumerate(
                ((case.x, of_x), (case.w, of_w), (case.y, str(wide)))
            )
        )

        def by_hand(x: Array, w: Array, wide: Any = wide) -> Array:
            return lax_conv(x.astype(wide), w.astype(wide))

        for name, got, want in zip(
            ("x", "w"),
            jax.jit(_pullback(jconv.conv))(x, w, dy),
            jax.jit(_pullback(by_hand))(x, w, dy),
            strict=True,
        ):
            dtype = {"x": of_x, "w": of_w}[name]
            what = f"d{name} for x {of_x}, w {of_w}"
            yield Evidence(str(got.dtype) == dtype, f"{what}: dtype {dtype}", case=what)
            yield equality(f"{what}: value", got, want)


def _pullback(function: Any) -> Any:
    """(x, w, dy) -> (dx, dw)."""
    return lambda x, w, dy: jax.vjp(function, x, w)[1](dy)


@claim(
    "dtype.accumulation",
    says="Sums of narrow floats are kept in float32 and rounded once, at the end.",
    formula="256 + 1 + 1 = 258, where bfloat16 alone would stay at 256",
    source="the accumulation rule of numerics",
    kind="exact",
    falsified_by="an algorithm and a role for which the small terms get lost",
)
def dtype_accumulation(context: Context) -> Iterator[Evidence]:
    """Three terms of which two are lost, one by one, in bfloat16's eight bits.

    The arrays are such that ``taps`` and ``loop`` meet the three in separate steps.
    """
    down, up = np.array([256, 1, 1, 0, 0, 0.0]), np.array([1, 1, 256.0])

    def three_sums(down: Array, up: Array, *, method: str) -> Any:
        down, up = (each.astype("bfloat16")[:, None] for each in (down, up))
        ones = jnp.ones((3, 1), "bfloat16")
        kernel = ones[:, :, None]
        y = jconv.conv(down, kernel, method=method)
        dx = jconv.conv_input_vjp(up, kernel, input_shape=(5, 1), method=method)
        dw = jconv.conv_kernel_vjp(down, ones, kernel_shape=(4, 1, 1), method=method)
        return y[0, 0], dx[2, 0], dw[0, 0, 0]

    for method, sums in by_every_method(context, three_sums, down, up):
        for role, total in zip(("output", "input", "kernel"), sums, strict=True):
            numbers = {"sum": float(total)}
            what = f"256 + 1 + 1 = 258 for the {role}, by {method}"
            yield Evidence(float(total) == 258, what, numbers=numbers)
