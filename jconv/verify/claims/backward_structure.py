"""What the derivative of a convolution is made of: convolutions, at every order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from jconv.geometry import OPERANDS, Axis
from jconv.verify import jaxprs
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import by_every_method, equality
from jconv.verify.families import sample
from jconv.verify.routes import peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jax import Array

    from jconv.verify.context import Context

AXES = (
    Axis(5, 3, 3),
    Axis(7, 3, 4, stride=2, low=1),
    Axis(6, 2, 5, kernel_dilation=-2, input_dilation=3, low=1),
)
"""Axes on which the three contractions are held against one set of triples."""


@claim(
    "backward.is-conv",
    says="The derivative of a convolution is a convolution again, with respect to its "
    "input and with respect to its kernel.",
    formula="y = ΣT x w,  dx = ΣT w dy,  dw = ΣT x dy:  one T[o, k, i] for all three",
    source="S0, S2, S3",
    kind="exact",
    falsified_by="another operation than data movement and the conv primitive in a "
    "derivative's jaxpr, another index set, or XLA's own convolution in its lowering",
)
def backward_is_conv(context: Context) -> Iterator[Evidence]:
    """Read jaxprs; count index triples."""
    for axis in AXES:
        triples = {(o, k, i) for o, k, i in axis.triples()}
        for out in OPERANDS:
            rule = axis.as_convolution(out)
            found = {
                _original(axis, rule, out, triple) for triple in rule.axis.triples()
            }
            what = (
                f"the ordinary convolution for {out!r} pairs the same indices, {axis}"
            )
            yield Evidence(
                found == triples, what, cases=len(triples), size=len(triples)
            )
    cases = sample(1 if context.quick else 2)
    for case in cases:
        options = dict(case.options)

        def conv(x: Array, w: Array, options: Any = options) -> Array:
            return jconv.conv(x, w, **options)

        def pullback(x: Array, w: Array, dy: Array, conv: Any = conv) -> Any:
            return jax.vjp(conv, x, w)[1](dy)

        shapes = [
            jax.ShapeDtypeStruct(shape, "float32") for shape in (case.x, case.w, case.y)
        ]
        used = jaxprs.equations(jax.make_jaxpr(pullback)(*shapes))
        convs = [each.params for each in used if each.primitive.name == "conv"]
        outs = sorted({params["out"] for params in convs} - {"output"})
        geometries = {params["geometry"] for params in convs}
        foreign = {each.primitive.name for each in used} - jaxprs.MOVEMENT - {"conv"}
        numbers = {"foreign primitives": sorted(foreign)} if foreign else {}
        yield Evidence(
            outs == ["input", "kernel"]
            and geometries == {case.geometry}
            and not foreign,
            f"dx and dw are conv with out='input' and out='kernel' on one "
            f"{case.geometry!r}",
            case=case.call,
            size=case.size,
            numbers=numbers,
        )
        lowered = jax.jit(pullback).lower(*shapes).as_text()
        yield Evidence(
            "stablehlo.convolution" not in lowered,
            f"no XLA convolution in the lowering of dx and dw, {case.geometry!r}",
            case=case.call,
            size=case.size,
        )


def _original(axis: Axis, rule: Any, out: str, triple: tuple[int, int, int]) -> Any:
    """A triple of the ordinary convolution, in the original's (o, k, i)."""
    o, k, i = triple
    if rule.flip_kernel:
        k = rule.axis.n_kernel - 1 - k
    if rule.flip_result:
        o = rule.axis.n_output - 1 - o
    return {"output": (o, k, i), "input": (i, k, o), "kernel": (k, o, i)}[out]


@claim(
    "backward.dense-analogy",
    says="Backward, a convolution does what a dense layer does: cotangent times input "
    "gives the weight's gradient, cotangent times weight the input's; both are "
    "adjoints of the forward map.",
    formula="⟨δ, conv(x, w)⟩ = ⟨dx, x⟩ = ⟨dw, w⟩",
    source="S2",
    kind="exact",
    falsified_by="integer operands for which the three inner products differ, or a "
    "full-size kernel that differs from the dense layer",
)
def backward_dense_analogy(context: Context) -> Iterator[Evidence]:
    """Inner products on the family; the dense layer as a special convolution."""
    for case in sample(1 if context.quick else 2):
        options = dict(case.options)
        x, w, dy = (
            context.integers(shape, "float64", n)
            for n, shape in enumerate((case.x, case.w, case.y))
        )

        @jax.jit
        def products(x: Array, w: Array, dy: Array, options: Any = options) -> Any:
            dx = jconv.conv_input_vjp(dy, w, input_shape=x.shape, **options)
            dw = jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **options)
            y = jconv.conv(x, w, **options)
            return jnp.vdot(dy, y), jnp.vdot(dx, x), jnp.vdot(dw, w)

        found = [float(each) for each in products(x, w, dy)]
        yield Evidence(
            len(set(found)) == 1,
            f"⟨δ, y⟩ = ⟨dx, x⟩ = ⟨dw, w⟩ = {found[0]:g}",
            cases=2,
            case=case.call,
            size=case.size,
        )
    X, W = context.integers((4, 6)), context.integers((6, 5), "float64", 1)
    D = context.integers((4, 5), "float64", 2)

    def dense(x: Array, w: Array, d: Array, *, method: str) -> Any:
        """A window as wide as the input: every output sees everything."""
        x, w, dy = x[:, :, None], w[:, None, :], d[:, None, :]
        dx = jconv.conv_input_vjp(dy, w, input_shape=x.shape, method=method)
        dw = jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, method=method)
        return jconv.conv(x, w, method=method)[:, 0], dx[:, :, 0], dw[:, 0]

    for method, results in by_every_method(context, dense, X, W, D):
        sides = zip(
            ("X W", "δ Wᵀ", "Xᵀ δ"), results, (X @ W, D @ W.T, X.T @ D), strict=True
        )
        for name, got, expected in sides:
            yield equality(
                f"a full-width kernel is a dense layer: {name}, {method}", got, expected
            )


@claim(
    "backward.higher-order",
    says="Forward-mode, second and third derivatives of a convolution are convolutions "
    "too: the three contractions are closed under differentiation.",
    formula="∂ⁿ conv ∈ { ΣT x w, ΣT w dy, ΣT x dy }",
    source="the closure of the trilinear form",
    kind="exact",
    falsified_by="a derivative up to the third that differs from lax's on integers, or "
    "whose jaxpr holds something else than conv, movement and sums",
)
def backward_higher_order(context: Context) -> Iterator[Evidence]:
    """Derivatives of a cubic loss up to the third order, against lax's."""
    cases = sample(1)
    for case in cases[: 2 if context.quick else None]:
        options = dict(case.options)
        x, w, _ = (
            context.integers(shape, "float64", n)
            for n, shape in enumerate((case.x, case.w, case.y))
        )

        def ours(x: Array, w: Array, options: Any = options) -> Array:
            return jconv.conv(x, w, **options)

        found = jax.jit(_three_orders(ours))(x, w)
        expected = jax.jit(_three_orders(peer(case)))(x, w)
        names = ("jvp", "first", "second", "third")
        for name, got, want in zip(names, found, expected, strict=True):
            same = all(
                np.array_equal(a, b)
                for a, b in zip(
                    jax.tree.leaves(got), jax.tree.leaves(want), strict=True
                )
            )
            what = f"{name} derivative = lax's, {case.geometry!r}"
            yield Evidence(same, what, case=case.call, size=case.size)
        used = jaxprs.names(jax.make_jaxpr(_three_orders(ours))(x, w))
        foreign = used - jaxprs.MOVEMENT - jaxprs.SUMS - {"conv"}
        yield Evidence(
            not foreign,
            "only conv, data movement, sums and the loss's own products",
            case=str(sorted(foreign)),
            size=case.size,
        )


def _three_orders(conv: Any) -> Any:
    """JVP and derivatives of sum(conv(x, w)^2), a quartic, along a direction."""

    def loss(x: Array, w: Array) -> Array:
        y = conv(x, w)
        return jnp.sum(y * y)

    def derivatives(x: Array, w: Array) -> Any:
        point, direction = (x, w), (x + 1, w - 1)

        def along(function: Any) -> Any:
            return lambda *point: jax.jvp(function, point, direction)[1]

        first = jax.grad(loss, (0, 1))
        second = along(first)
        third = along(second)
        return along(conv)(*point), first(*point), second(*point), third(*point)

    return derivatives


@claim(
    "backward.bias",
    says="A bias is added to every position of its channel, so its gradient is the sum "
    "of the cotangent over all positions.",
    formula="∂L/∂bₘ = Σ δ[…, m]",
    source="the definition",
    kind="exact",
    falsified_by="a bias gradient that differs from the sum of the cotangent",
)
def backward_bias(context: Context) -> Iterator[Evidence]:
    """A layer with bias, differentiated by JAX, against NumPy's sum."""
    x, w = context.integers((2, 5, 6, 3)), context.integers((3, 2, 3, 4), "float64", 1)
    b, dy = (
        context.integers((4,), "float64", 2),
        context.integers((2, 3, 5, 4), "float64", 3),
    )

    def bias_vjp(x: Array, w: Array, b: Array, dy: Array, *, method: str) -> Array:
        def layer(b: Array) -> Array:
            return jconv.conv(x, w, method=method) + jnp.reshape(b, (1, 1, 1, -1))

        return jax.vjp(layer, b)[1](dy)[0]

    for method, db in by_every_method(context, bias_vjp, x, w, b, dy):
        yield equality(f"∂L/∂b with conv by {method}", db, dy.sum((0, 1, 2)))
