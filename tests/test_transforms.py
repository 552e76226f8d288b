"""What else JAX does to functions: the primitive takes part in all of it."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.ad_checkpoint import print_saved_residuals
from jax.experimental import checkify, jet

import jconv
from tests.abilities import able_methods
from tests.cases import FEW, by_id, named, oracle
from tests.programs import primitives

CASE = named("2-D")
ROLES = ("input", "kernel", "output")


def conv(x, w):
    return jconv.conv(x, w, **CASE.arguments)


@pytest.mark.parametrize("case", FEW, ids=by_id)
def test_linear_transpose_in_each_operand(case):
    """Whatever computes the convolution, its transposes choose afresh."""
    x, w, dy = (case.array(role) for role in ROLES)

    @jax.jit
    def program(x, w, dy):
        found = {}
        for method in able_methods(case, "output"):
            arguments = {**case.arguments, "method": method}
            in_x = jax.linear_transpose(lambda x: jconv.conv(x, w, **arguments), x)  # noqa: B023
            in_w = jax.linear_transpose(lambda w: jconv.conv(x, w, **arguments), w)  # noqa: B023
            found[method] = in_x(dy)[0], in_w(dy)[0]
        return found

    for method, (dx, dw) in program(x, w, dy).items():
        expected = oracle(case, "input", w, dy)
        np.testing.assert_array_equal(dx, expected, err_msg=method)
        expected = oracle(case, "kernel", x, dy)
        np.testing.assert_array_equal(dw, expected, err_msg=method)


def test_transposing_twice_gives_the_convolution_back():
    x, w = CASE.array("input"), CASE.array("kernel")
    shape = jax.ShapeDtypeStruct(CASE.shapes["output"], "float64")
    once = jax.linear_transpose(lambda x: conv(x, w), x)
    twice = jax.linear_transpose(lambda dy: once(dy)[0], shape)
    np.testing.assert_array_equal(twice(x)[0], oracle(CASE, "output", x, w))


def test_scan_over_kernels_and_its_gradient():
    case = named("same")
    x = case.array("input")[..., :2]
    ws = np.stack([np.ones((4, 2, 2)), 2 * np.ones((4, 2, 2)), np.ones((4, 2, 2))])

    def layer(x, w):
        return jconv.conv(x, w, padding="same"), None

    @jax.jit
    def scanned(x, ws):
        return jax.value_and_grad(
            lambda x, ws: lax.scan(layer, x, ws)[0].sum(), (0, 1)
        )(x, ws)

    @jax.jit
    def unrolled(x, ws):
        def loss(x, ws):
            for w in ws:
                x, _ = layer(x, w)
            return x.sum()

        return jax.value_and_grad(loss, (0, 1))(x, ws)

    computed, expected = scanned(x, ws), unrolled(x, ws)
    jax.tree.map(np.testing.assert_array_equal, computed, expected)
    assert np.any(computed[1][1])


def test_control_flow():
    x, w = CASE.array("input"), CASE.array("kernel")

    @jax.jit
    def program(x, w, flag):
        chosen = lax.cond(flag, conv, lambda x, w: 2 * conv(x, w), x, w)
        looped = lax.fori_loop(0, 3, lambda _, total: total + conv(x, w), 0 * chosen)
        return chosen, looped

    y = oracle(CASE, "output", x, w)
    for flag, factor in ((True, 1), (False, 2)):
        chosen, looped = program(x, w, flag)
        np.testing.assert_array_equal(chosen, factor * y)
        np.testing.assert_array_equal(looped, 3 * y)


# Rematerialisation ------------------------------------------------------------------


def conv_count(policy):
    """Convolutions in the gradient of a two-layer block under a policy."""
    case = named("same")
    x, w = case.array("input"), np.ones((4, 2, 2))

    def block(x, w):
        hidden = jconv.conv(x, w, padding="same") ** 2
        return (jconv.conv(hidden, w, padding="same") ** 2).sum()

    gradient = jax.grad(jax.checkpoint(block, policy=policy), (0, 1))
    jaxpr = jax.make_jaxpr(gradient)(x, w)
    return (
        primitives(jaxpr)["conv"],
        jax.jit(gradient)(x, w),
        jax.jit(jax.grad(block, (0, 1)))(x, w),
    )


def test_checkpoint_convs_saves_the_convolutions_and_plain_checkpoint_repeats_them():
    saved, values, expected = conv_count(jconv.checkpoint_convs)
    repeated, same_values, _ = conv_count(None)
    assert repeated - saved == 2
    for computed in (values, same_values):
        jax.tree.map(np.testing.assert_array_equal, computed, expected)


def test_checkpoint_convs_keeps_the_convolutions_as_residuals(capsys):
    x, w = CASE.array("input"), CASE.array("kernel")

    def residuals(policy):
        block = jax.checkpoint(lambda x, w: jnp.sin(conv(x, w)).sum(), policy=policy)
        print_saved_residuals(block, x, w)
        return capsys.readouterr().out.splitlines()

    beyond_arguments = [
        [line for line in residuals(policy) if "from the argument" not in line]
        for policy in (jconv.checkpoint_convs, None)
    ]
    (saved,), nothing = beyond_arguments
    sizes = ",".join(map(str, CASE.geometry.output_shape))
    assert sizes in saved
    assert nothing == []


# Tracing without computing ----------------------------------------------------------


def test_eval_shape_computes_nothing():
    case = named("groups-2")
    x, w = (jax.ShapeDtypeStruct(case.shapes[r], "bfloat16") for r in ROLES[:2])
    y = jax.eval_shape(lambda x, w: jconv.conv(x, w, **case.arguments), x, w)
    assert (y.shape, y.dtype) == (case.shapes["output"], "bfloat16")


def test_disable_jit_computes_the_same():
    x, w, dy = (CASE.array(role) for role in ROLES)
    with jax.disable_jit():
        y, pull = jax.vjp(conv, x, w)
        dx, dw = pull(jnp.asarray(dy))
        mapped = jax.vmap(conv, (0, None))(np.stack([x, 2 * x]), w)
    np.testing.assert_array_equal(y, oracle(CASE, "output", x, w))
    np.testing.assert_array_equal(dx, oracle(CASE, "input", w, dy))
    np.testing.assert_array_equal(dw, oracle(CASE, "kernel", x, dy))
    np.testing.assert_array_equal(mapped[1], 2 * y)


def test_make_jaxpr_shows_the_primitive():
    jaxpr = jax.make_jaxpr(conv)(CASE.array("input"), CASE.array("kernel"))
    assert primitives(jaxpr)["conv"] == 1
    assert "conv[" in str(jaxpr)


# Taylor mode ------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3])
def test_jet_equals_nested_jvps(order):
    """Derivatives at 0 of t -> conv(x(t), w(t)), x and w polynomials in t."""
    point = [CASE.array(role) for role in ROLES[:2]]
    coefficients = [
        [CASE.array(role, salt) for salt in range(1, order + 1)] for role in ROLES[:2]
    ]

    def along(t):
        return conv(
            *(
                start + sum(c * t**n for n, c in enumerate(each, 1))
                for start, each in zip(point, coefficients, strict=True)
            )
        )

    @jax.jit
    def program():
        derivatives, function = [], along
        for _ in range(order):
            function = _derivative(function)
            derivatives.append(function(0.0))
        # Unscaled, series are Taylor coefficients; scaling them would round.
        expansion = jet.jet(conv, point, coefficients, factorial_scaled=False)
        return expansion, derivatives

    (y, series), derivatives = program()
    np.testing.assert_array_equal(y, oracle(CASE, "output", *point))
    for n, (computed, expected) in enumerate(zip(series, derivatives, strict=True), 1):
        np.testing.assert_array_equal(math.factorial(n) * computed, expected)


def _derivative(function):
    return lambda t: jax.jvp(function, (t,), (1.0,))[1]


def test_jet_of_one_operand():
    x, w, v = CASE.array("input"), CASE.array("kernel"), CASE.array("input", 1)
    series = [v, jnp.zeros_like(v)]
    # Scaling by factorials would round.
    y, (first, second) = jet.jet(
        lambda x: conv(x, w), (x,), (series,), factorial_scaled=False
    )
    np.testing.assert_array_equal(y, oracle(CASE, "output", x, w))
    np.testing.assert_array_equal(first, oracle(CASE, "output", v, w))
    np.testing.assert_array_equal(second, 0 * first)


# Many devices -----------------------------------------------------------------------

many_devices = pytest.mark.skipif(
    jax.device_count() < 2, reason="one device alone; the suite forces four on a CPU"
)


@many_devices
def test_pmap():
    n = jax.device_count()
    x = np.stack([CASE.array("input", salt) for salt in range(n)])
    w, dy = CASE.array("kernel"), CASE.array("output")

    def step(x):
        dx, dw = jax.vjp(conv, x, w)[1](dy)
        return dx, lax.psum(dw, "devices")

    dx, dw = jax.pmap(step, axis_name="devices")(x)
    np.testing.assert_array_equal(dx[1], oracle(CASE, "input", w, dy))
    total = sum(oracle(CASE, "kernel", each, dy) for each in x)
    np.testing.assert_array_equal(dw[0], total)


@pytest.mark.parametrize("role", ["input", "kernel"])
def test_checkify_names_the_convolution_that_made_a_nan(role):
    arrays = {each: jnp.asarray(CASE.array(each)) for each in ("input", "kernel")}
    check = jax.jit(checkify.checkify(conv, errors=checkify.float_checks))
    error, _ = check(*arrays.values())
    assert error.get() is None
    arrays[role] = arrays[role].at[(0,) * arrays[role].ndim].set(jnp.nan)
    error, _ = check(*arrays.values())
    assert "primitive: conv" in error.get()
