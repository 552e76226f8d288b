"""Forward-mode derivatives, against the oracle (they are convolutions) and lax."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import jconv
from tests.cases import CASES, EMPTY_CASES, EXACT, FEW, Case, by_id, named, oracle, peer
from tests.programs import primitives


def conv_of(case: Case, **options):
    return lambda x, w: jconv.conv(x, w, **case.arguments, **options)


def operands(case: Case, salt: int = 0):
    return case.array("input", salt), case.array("kernel", salt)


@pytest.mark.parametrize("case", [*CASES, *EMPTY_CASES], ids=by_id)
def test_jvp_is_the_product_rule(case):
    (x, w), (dx, dw) = operands(case), operands(case, salt=1)

    @jax.jit
    def program(x, w, dx, dw):
        return jax.jvp(conv_of(case), (x, w), (dx, dw))

    y, dy = program(x, w, dx, dw)
    np.testing.assert_array_equal(y, oracle(case, "output", x, w))
    expected = oracle(case, "output", dx, w) + oracle(case, "output", x, dw)
    np.testing.assert_array_equal(dy, expected)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("case", FEW, ids=by_id)
def test_jvp_of_each_method_and_of_the_derivatives(method, case):
    """The vjps are bilinear themselves; their jvp is again a product rule."""
    x, w, dy = (case.array(role) for role in ("input", "kernel", "output"))
    tx, tw, ty = (case.array(role, 1) for role in ("input", "kernel", "output"))
    arguments = {**case.arguments, "method": method}

    def input_vjp(dy, w):
        return jconv.conv_input_vjp(dy, w, input_shape=x.shape, **arguments)

    def kernel_vjp(x, dy):
        return jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **arguments)

    @jax.jit
    def program():
        return (
            jax.jvp(conv_of(case, method=method), (x, w), (tx, tw))[1],
            jax.jvp(input_vjp, (dy, w), (ty, tw))[1],
            jax.jvp(kernel_vjp, (x, dy), (tx, ty))[1],
        )

    forward, inward, kernelward = program()
    np.testing.assert_array_equal(
        forward, oracle(case, "output", tx, w) + oracle(case, "output", x, tw)
    )
    np.testing.assert_array_equal(
        inward, oracle(case, "input", tw, dy) + oracle(case, "input", w, ty)
    )
    np.testing.assert_array_equal(
        kernelward, oracle(case, "kernel", tx, dy) + oracle(case, "kernel", x, ty)
    )


@pytest.mark.parametrize("case", FEW, ids=by_id)
def test_jacobians_equal_those_of_lax(case):
    x, w = operands(case)

    def jacobians(function):
        return jax.jacfwd(function, (0, 1))(x, w), jax.jacrev(function, (0, 1))(x, w)

    @jax.jit
    def program():
        return jacobians(conv_of(case)), jacobians(lambda x, w: peer(case, x, w))

    computed, expected = program()
    jax.tree.map(np.testing.assert_array_equal, computed, expected)
    jax.tree.map(np.testing.assert_array_equal, *computed)


def test_linearize_gives_the_same_map_as_jvp():
    case = named("2-D")
    (x, w), (dx, dw) = operands(case), operands(case, salt=1)
    y, push = jax.linearize(jax.jit(conv_of(case)), x, w)
    np.testing.assert_array_equal(y, oracle(case, "output", x, w))
    expected = oracle(case, "output", dx, w) + oracle(case, "output", x, dw)
    np.testing.assert_array_equal(push(dx, dw), expected)


def test_a_tangent_of_one_operand_alone_makes_one_convolution_besides_the_primal():
    case = named("plain")
    x, w = operands(case)

    def tangents(dx):
        return jax.jvp(lambda x: conv_of(case)(x, w), (x,), (dx,))

    assert primitives(jax.make_jaxpr(tangents)(x))["conv"] == 2
