"""Mapped over any axis: one program, equal to the oracle run example by example."""

from __future__ import annotations

import functools

import jax
import numpy as np
import pytest

import jconv
from jconv.geometry import OPERANDS, ROLES
from tests.cases import EXACT, Case, by_id, integers, named, oracle
from tests.programs import conv_parameters, primitives

MAPPED_CASES = [
    named(name)
    for name in (
        "plain",
        "true-convolution-dilated",
        "gcd-2",
        "groups-2",
        "no-batch",
        "two-batch-axes",
        "0-D-groups",
        "2-D",
    )
]

AXES = {
    "x-0": (0, None),
    "x-last": (-1, None),
    "w-0": (None, 0),
    "w-1": (None, 1),
    "w-last": (None, -1),
    "both-0": (0, 0),
    "both-1-0": (1, 0),
    "both-last-1": (-1, 1),
}
"""in_axes of the two operands, whatever their roles are."""

SIZE = 3


def contraction(case: Case, out, **options):
    """The public function of a role, taking its two operands in the fixed order."""
    arguments = {**case.arguments, **options}
    if out == "output":
        return functools.partial(jconv.conv, **arguments)
    if out == "input":
        shape = case.shapes["input"]
        return lambda w, dy: jconv.conv_input_vjp(dy, w, input_shape=shape, **arguments)
    shape = case.shapes["kernel"]
    return lambda x, dy: jconv.conv_kernel_vjp(x, dy, kernel_shape=shape, **arguments)


def stacked(case: Case, role, axis):
    """An operand, with a mapped axis if there is one."""
    if axis is None:
        return case.array(role)
    return np.stack([case.array(role, salt) for salt in range(SIZE)], axis)


def one_by_one(case: Case, out, operands, in_axes):
    """The oracle on each example, stacked."""
    return np.stack(
        [
            oracle(
                case,
                out,
                *(
                    array if axis is None else np.take(array, n, axis)
                    for array, axis in zip(operands, in_axes, strict=True)
                ),
            )
            for n in range(SIZE)
        ]
    )


@pytest.mark.parametrize("out", ROLES)
@pytest.mark.parametrize("case", MAPPED_CASES, ids=by_id)
def test_every_role_mapped_over_any_axis(case, out):
    function = contraction(case, out)
    operands = {
        name: [
            stacked(case, role, axis)
            for role, axis in zip(OPERANDS[out], axes, strict=True)
        ]
        for name, axes in AXES.items()
    }

    @jax.jit
    def program(operands):
        return {
            name: jax.vmap(function, AXES[name])(*pair)
            for name, pair in operands.items()
        }

    computed = program(operands)
    for name, axes in AXES.items():
        expected = one_by_one(case, out, operands[name], axes)
        np.testing.assert_array_equal(computed[name], expected, err_msg=name)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("out", ROLES)
def test_every_method_is_mapped(method, out):
    case = named("groups-2")
    function = contraction(case, out, method=method)
    pairs = [(0, None), (None, 0), (0, 0)]
    operands = [
        [
            stacked(case, role, axis)
            for role, axis in zip(OPERANDS[out], pair, strict=True)
        ]
        for pair in pairs
    ]

    @jax.jit
    def program(operands):
        return [
            jax.vmap(function, pair)(*each)
            for pair, each in zip(pairs, operands, strict=True)
        ]

    for pair, each, computed in zip(pairs, operands, program(operands), strict=True):
        np.testing.assert_array_equal(computed, one_by_one(case, out, each, pair))


NESTED = {
    "x then w": ((0, None), (None, 0)),
    "w then x": ((None, 0), (0, None)),
    "both then both": ((0, 0), (0, 0)),
    "x then both": ((0, None), (0, 0)),
    "both then w": ((0, 0), (None, 0)),
    "w then w": ((None, 0), (None, 0)),
}


@pytest.mark.parametrize("out", ROLES)
@pytest.mark.parametrize("nest", NESTED.values(), ids=NESTED)
def test_nested(nest, out):
    """Outer and inner maps over operands with leading axes, in each combination."""
    case = named("groups-2")
    outer, inner = nest
    operands = []
    for role, *axes in zip(OPERANDS[out], outer, inner, strict=True):
        leading = [
            size for size, axis in zip((2, 3), axes, strict=True) if axis is not None
        ]
        operands.append(integers((*leading, *case.shapes[role])))

    @jax.jit
    def program(first, second):
        return jax.vmap(jax.vmap(contraction(case, out), inner), outer)(first, second)

    computed = program(*operands)
    assert computed.shape == (2, 3, *case.shapes[out])
    for place in np.ndindex(2, 3):
        chosen = [
            array[
                tuple(
                    n for n, axis in zip(place, axes, strict=True) if axis is not None
                )
            ]
            for array, *axes in zip(operands, outer, inner, strict=True)
        ]
        np.testing.assert_array_equal(computed[place], oracle(case, out, *chosen))


@pytest.mark.parametrize("out_axes", [0, 1, -1])
def test_out_axes(out_axes):
    case = named("plain")
    operands = stacked(case, "input", 0), stacked(case, "kernel", 0)
    computed = jax.jit(jax.vmap(contraction(case, "output"), out_axes=out_axes))(
        *operands
    )
    expected = one_by_one(case, "output", operands, (0, 0))
    np.testing.assert_array_equal(computed, np.moveaxis(expected, 0, out_axes))


@pytest.mark.parametrize("out", ROLES)
@pytest.mark.parametrize(
    "in_axes", [(0, None), (None, 0), (0, 0)], ids=["first", "second", "both"]
)
def test_a_mapped_axis_of_size_zero_gives_an_empty_result(in_axes, out):
    case = named("groups-2")
    operands = [
        case.array(role) if axis is None else np.zeros((0, *case.shapes[role]))
        for role, axis in zip(OPERANDS[out], in_axes, strict=True)
    ]
    computed = jax.jit(jax.vmap(contraction(case, out), in_axes))(*operands)
    assert computed.shape == (0, *case.shapes[out])


@pytest.mark.parametrize("case", [named("groups-2"), named("2-D")], ids=by_id)
def test_per_example_gradients(case):
    """Vmap of grad: one kernel gradient for each example, w shared."""
    w = case.array("kernel")
    x, dy = stacked(case, "input", 0), stacked(case, "output", 0)

    def gradient(x, dy):
        return jax.grad(
            lambda x, w: (jconv.conv(x, w, **case.arguments) * dy).sum(), (0, 1)
        )(x, w)

    dx, dw = jax.jit(jax.vmap(gradient))(x, dy)
    for n in range(SIZE):
        np.testing.assert_array_equal(dx[n], oracle(case, "input", w, dy[n]))
        np.testing.assert_array_equal(dw[n], oracle(case, "kernel", x[n], dy[n]))


def test_gradient_of_a_mapped_convolution():
    """Grad of vmap: the shared kernel's gradient sums over the examples."""
    case = named("groups-2")
    w, x, dy = (
        case.array("kernel"),
        stacked(case, "input", 0),
        stacked(case, "output", 0),
    )

    @jax.jit
    def program(x, w, dy):
        mapped = jax.vmap(lambda x, w: jconv.conv(x, w, **case.arguments), (0, None))
        return jax.vjp(mapped, x, w)[1](dy)

    dx, dw = program(x, w, dy)
    total = sum(oracle(case, "kernel", x[n], dy[n]) for n in range(SIZE))
    np.testing.assert_array_equal(dw, total)
    np.testing.assert_array_equal(dx[2], oracle(case, "input", w, dy[2]))


@pytest.mark.parametrize("in_axes", [(0, None), (None, 0), (0, 0)])
def test_a_mapped_convolution_is_one_convolution(in_axes):
    """No loop over examples, no padding of anything: relabelling alone."""
    case = named("groups-2")
    operands = [
        stacked(case, role, axis)
        for role, axis in zip(("input", "kernel"), in_axes, strict=True)
    ]
    jaxpr = jax.make_jaxpr(jax.vmap(contraction(case, "output"), in_axes))(*operands)
    found = primitives(jaxpr)
    assert found["conv"] == 1
    assert set(found) <= {"conv", "reshape", "transpose", "jit", "pjit"}
    (parameters,) = conv_parameters(jaxpr)
    assert parameters["geometry"] == case.geometry


def test_each_operand_mapped_over_its_own_axis_in_a_kernel_ensemble():
    """Doubly mapped: every kernel meets every input."""
    case = named("plain")
    xs, ws = stacked(case, "input", 1), stacked(case, "kernel", -1)
    function = contraction(case, "output")
    every = jax.jit(jax.vmap(jax.vmap(function, (None, -1)), (1, None)))(xs, ws)
    for a in range(SIZE):
        for b in range(SIZE):
            expected = oracle(case, "output", xs[:, a], ws[..., b])
            np.testing.assert_array_equal(every[a, b], expected)
