"""Reverse-mode derivatives: the oracle's, to any order, and only convolutions."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv.algorithms import REGISTRY
from jconv.geometry import OPERANDS
from tests.abilities import by_able_methods, roles_of
from tests.cases import CASES, EMPTY_CASES, FEW, Case, by_id, named, oracle, peer
from tests.programs import conv_parameters, primitives

ROLES = ("input", "kernel", "output")


def conv_of(case: Case, **options):
    return lambda x, w: jconv.conv(x, w, **case.arguments, **options)


def pullback(case: Case, **options):
    """(x, w, dy) -> (dx, dw)."""
    return lambda x, w, dy: jax.vjp(conv_of(case, **options), x, w)[1](dy)


@pytest.mark.parametrize("case", [*CASES, *EMPTY_CASES], ids=by_id)
def test_vjp_is_the_oracles(case):
    x, w, dy = (case.array(role) for role in ROLES)
    dx, dw = jax.jit(pullback(case))(x, w, dy)
    np.testing.assert_array_equal(dx, oracle(case, "input", w, dy))
    np.testing.assert_array_equal(dw, oracle(case, "kernel", x, dy))


@pytest.mark.parametrize("case", [*FEW, *EMPTY_CASES], ids=by_id)
def test_the_public_derivatives_of_each_method(case):
    arrays = {role: case.array(role) for role in ROLES}
    for (method, out), got in by_able_methods(case)(arrays).items():
        expected = oracle(case, out, *(arrays[role] for role in OPERANDS[out]))
        np.testing.assert_array_equal(got, expected, err_msg=f"{method} for {out}")


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_inner_products_agree(case):
    """<dy, conv(x, w)> = <conv_input_vjp(dy, w), x> = <conv_kernel_vjp(x, dy), w>."""
    x, w, dy = (case.array(role) for role in ROLES)

    @jax.jit
    def program(x, w, dy):
        arguments = case.arguments
        return (
            jnp.vdot(dy, jconv.conv(x, w, **arguments)),
            jnp.vdot(jconv.conv_input_vjp(dy, w, input_shape=x.shape, **arguments), x),
            jnp.vdot(
                jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **arguments), w
            ),
        )

    forward, inward, kernelward = program(x, w, dy)
    assert forward == inward == kernelward
    assert forward != 0


# Any order --------------------------------------------------------------------------


def derivatives(function, x, w, a, b):
    """Gradients of first, second and third order of a quartic in (x, w)."""

    def loss(x, w):
        return (function(x, w) ** 2).sum()

    def second(x, w):
        gx, gw = jax.grad(loss, (0, 1))(x, w)
        return (gx * a).sum() + (gw * b).sum()

    def third(x, w):
        gx, gw = jax.grad(second, (0, 1))(x, w)
        return (gx * a).sum() - (gw * b).sum()

    return [jax.grad(f, (0, 1))(x, w) for f in (loss, second, third)]


@pytest.mark.parametrize("case", [*FEW, named("0-D-groups"), named("gcd-2")], ids=by_id)
def test_gradients_to_third_order_equal_those_of_lax(case):
    x, w = case.array("input"), case.array("kernel")
    a, b = case.array("input", 1), case.array("kernel", 1)

    @jax.jit
    def program(x, w, a, b):
        return (
            derivatives(conv_of(case), x, w, a, b),
            derivatives(lambda x, w: peer(case, x, w), x, w, a, b),
        )

    computed, expected = program(x, w, a, b)
    jax.tree.map(np.testing.assert_array_equal, computed, expected)
    assert all(np.any(g) for g in jax.tree.leaves(computed))


@pytest.mark.parametrize("case", FEW, ids=by_id)
def test_the_vjps_transpose_into_each_other(case):
    """Each of the three contractions, pulled back in both operands."""
    x, w, dy = (case.array(role) for role in ROLES)
    cx, cw = case.array("input", 2), case.array("kernel", 2)

    def input_vjp(dy, w):
        return jconv.conv_input_vjp(dy, w, input_shape=x.shape, **case.arguments)

    def kernel_vjp(x, dy):
        return jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **case.arguments)

    @jax.jit
    def program():
        return jax.vjp(input_vjp, dy, w)[1](cx), jax.vjp(kernel_vjp, x, dy)[1](cw)

    (from_dy, from_w), (from_x, from_dy2) = program()
    np.testing.assert_array_equal(from_dy, oracle(case, "output", cx, w))
    np.testing.assert_array_equal(from_w, oracle(case, "kernel", cx, dy))
    np.testing.assert_array_equal(from_x, oracle(case, "input", cw, dy))
    np.testing.assert_array_equal(from_dy2, oracle(case, "output", x, cw))


def test_forward_over_reverse_equals_reverse_over_reverse():
    case = named("2-D")
    x, w = case.array("input"), case.array("kernel")

    def loss(x):
        return (conv_of(case)(x, w) ** 2).sum()

    v = case.array("input", 1)

    @jax.jit
    def program(x):
        forward = jax.jvp(jax.grad(loss), (x,), (v,))[1]
        backward = jax.grad(lambda x: (jax.grad(loss)(x) * v).sum())(x)
        return forward, backward

    np.testing.assert_array_equal(*program(x))


# What a gradient is made of ---------------------------------------------------------

DATA_MOVEMENT = {"reshape", "transpose", "jit", "pjit", "squeeze", "broadcast_in_dim"}
"""All that stands beside ``conv`` in a gradient."""


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_the_gradient_holds_only_conv_and_data_movement(case):
    arrays = [case.array(role) for role in ROLES]
    jaxpr = jax.make_jaxpr(pullback(case))(*arrays)
    found = primitives(jaxpr)
    assert found["conv"] >= 2
    assert set(found) <= {"conv"} | DATA_MOVEMENT
    out = [each["out"] for each in conv_parameters(jaxpr)]
    assert out.count("input") == out.count("kernel") == 1


def test_the_collector_of_primitives_sees_what_is_inside_calls():
    inner = jax.jit(lambda x: jnp.sin(x).sum())
    jaxpr = jax.make_jaxpr(lambda x: jax.lax.cond(True, inner, inner, x))(1.0)  # noqa: FBT003
    assert primitives(jaxpr)["sin"] == 2
    case = named("plain")
    arrays = (case.array("input"), case.array("kernel"))
    found = primitives(jax.make_jaxpr(lambda x, w: peer(case, x, w))(*arrays))
    assert "conv_general_dilated" in found


@pytest.mark.parametrize(
    ("method", "case"),
    [
        pytest.param(method, case, id=f"{method}-{case.id}")
        for method in ("auto", *REGISTRY)
        for case in FEW[:4]
        if "output" in roles_of(method, case)
    ],
)
def test_no_convolution_is_lowered(method, case):
    arrays = [case.array(role) for role in ROLES]
    text = jax.jit(pullback(case, method=method)).lower(*arrays).as_text()
    assert "dot_general" in text or "multiply" in text
    assert "convolution" not in text


def test_the_peer_lowers_to_a_convolution():
    case = named("plain")
    arrays = (case.array("input"), case.array("kernel"))
    text = jax.jit(lambda x, w: peer(case, x, w)).lower(*arrays).as_text()
    assert "stablehlo.convolution" in text
