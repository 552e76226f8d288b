"""Forward-mode derivatives, against the oracle (they are convolutions) and lax."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import jconv
from jconv.geometry import OPERANDS, ROLES
from tests.abilities import able_methods, public
from tests.cases import CASES, EMPTY_CASES, FEW, Case, by_id, named, oracle, peer
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


@pytest.mark.parametrize("out", ROLES)
@pytest.mark.parametrize("case", FEW, ids=by_id)
def test_jvp_of_each_method_and_of_the_derivatives(out, case):
    """The vjps are bilinear themselves; their jvp is again a product rule."""
    pair = [case.array(role) for role in OPERANDS[out]]
    tangents = [case.array(role, 1) for role in OPERANDS[out]]
    methods = able_methods(case, out)

    @jax.jit
    def program():
        return {
            method: jax.jvp(public(case, out, method=method), pair, tangents)[1]
            for method in methods
        }

    expected = oracle(case, out, tangents[0], pair[1])
    expected = expected + oracle(case, out, pair[0], tangents[1])
    for method, got in program().items():
        np.testing.assert_array_equal(got, expected, err_msg=method)


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
