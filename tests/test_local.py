"""Unshared kernels: the relation's sum, its derivatives, and the kernel they share."""

from __future__ import annotations

import string

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import jconv
from jconv import reference
from jconv.errors import GeometryError
from tests.cases import CASES, EMPTY_CASES, FEW, Case, by_id, integers, named

ROLES = ("input", "kernel", "output")


def kernels_of(case: Case, salt: int = 3) -> np.ndarray:
    return integers((*case.geometry.output_shape, *case.shapes["kernel"]), salt)


def oracle(case: Case, out: str, first, second) -> np.ndarray:
    """Role ``out`` of a case by one einsum over the relation, kernels unshared."""
    groups, geometry = case.groups, case.geometry
    letters = iter(string.ascii_lowercase)
    o, k, i = ("".join(next(letters) for _ in geometry.axes) for _ in range(3))
    batch = "".join(next(letters) for _ in case.batch)
    labels = {
        "input": f"{batch}{i}GC",
        "kernel": f"{o}{k}CGM",
        "output": f"{batch}{o}GM",
    }
    arrays = [
        each.reshape(*each.shape[:-1], groups, each.shape[-1] // groups)
        for each in (first, second)
    ]
    terms = [labels[role] for role in ROLES if role != out]
    terms += [f"{o[a]}{k[a]}{i[a]}" for a in range(geometry.rank)]
    tables = [reference.relation(axis).astype(float) for axis in geometry.axes]
    result = np.einsum(",".join(terms) + "->" + labels[out], *arrays, *tables)
    return result.reshape(*result.shape[:-2], result.shape[-2] * result.shape[-1])


@pytest.mark.parametrize("case", [*CASES, *EMPTY_CASES], ids=by_id)
def test_value_and_derivatives(case):
    x, w, dy = case.array("input"), kernels_of(case), case.array("output")

    @jax.jit
    def program(x, w, dy):
        options = case.arguments
        y, pull = jax.vjp(lambda x, w: jconv.conv_local(x, w, **options), x, w)
        dx = jconv.conv_local_input_vjp(dy, w, input_shape=x.shape, **options)
        dw = jconv.conv_local_kernel_vjp(x, dy, kernel_shape=w.shape, **options)
        return y, (dx, dw), pull(dy)

    y, (dx, dw), derived = program(x, w, dy)
    np.testing.assert_array_equal(y, oracle(case, "output", x, w))
    np.testing.assert_array_equal(dx, oracle(case, "input", w, dy))
    np.testing.assert_array_equal(dw, oracle(case, "kernel", x, dy))
    np.testing.assert_array_equal(derived[0], dx)
    np.testing.assert_array_equal(derived[1], dw)
    assert np.vdot(dy, y) == np.vdot(dx, x) == np.vdot(dw, w)


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_equal_kernels_make_a_convolution(case):
    """And the sum of the kernels' gradients is the gradient of the one they share."""
    x, w, dy = (case.array(role) for role in ROLES)
    tied = np.broadcast_to(w, (*case.geometry.output_shape, *w.shape))

    @jax.jit
    def program(x, w, tied, dy):
        options = case.arguments
        return (
            jconv.conv_local(x, tied, **options),
            jconv.conv(x, w, **options),
            jconv.conv_local_kernel_vjp(x, dy, kernel_shape=tied.shape, **options),
            jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **options),
        )

    y, expected, unshared, shared = program(x, w, tied, dy)
    np.testing.assert_array_equal(y, expected)
    summed = unshared.sum(tuple(range(case.geometry.rank)))
    np.testing.assert_array_equal(summed, shared)


def test_the_peers_local_convolution():
    x, w = integers((2, 6, 5, 3)), integers((3, 2, 2, 3, 3, 4), salt=1)
    options = {"stride": 2, "padding": ((1, 0), (0, 1))}
    y = jconv.conv_local(x, w, **options)
    peer = lax.conv_general_dilated_local(
        x,
        np.moveaxis(w, -2, 2).reshape(3, 2, 3 * 2 * 3, 4),
        (2, 2),
        options["padding"],
        (2, 3),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    np.testing.assert_array_equal(y, peer)


@pytest.mark.parametrize("case", FEW, ids=by_id)
def test_nothing_is_scattered_or_convolved(case):
    def loss(x, w):
        return (jconv.conv_local(x, w, **case.arguments) ** 2).sum()

    gradient = jax.jit(jax.grad(loss, (0, 1)))
    text = gradient.lower(case.array("input"), kernels_of(case)).as_text()
    assert "dot_general" in text
    for name in ("scatter", "gather", "convolution"):
        assert name not in text


def test_mapped_and_twice_differentiated():
    case = named("stride-2")
    x, w = case.array("input"), np.stack([kernels_of(case, n) for n in range(2)])

    def f(x, w):
        return jconv.conv_local(x, w, **case.arguments)

    mapped = jax.jit(jax.vmap(f, (None, 0)))(x, w)
    for n in range(2):
        np.testing.assert_array_equal(mapped[n], f(x, w[n]))
    second, y = jax.jit(lambda x, w: (jax.grad(lambda w: _twice(f, x, w))(w), f(x, w)))(
        x, w[0]
    )
    dw = jconv.conv_local_kernel_vjp(
        x, 4 * y, kernel_shape=w[0].shape, **case.arguments
    )
    np.testing.assert_array_equal(second, dw)


def _twice(f, x, w):
    """<x, gradient in x of |f(x, w)|^2> = 2 |f(x, w)|^2, f being linear in x."""
    return (jax.grad(lambda x: (f(x, w) ** 2).sum())(x) * x).sum()


@pytest.mark.parametrize(
    ("of_x", "of_w"),
    [("bfloat16", "float32"), ("float32", "complex64"), ("bfloat16", "bfloat16")],
)
def test_cotangents_have_their_primals_dtype(of_x, of_w):
    x = jnp.asarray(integers((4, 1))).astype(of_x)
    w = jnp.asarray(integers((3, 2, 1, 2))).astype(of_w)
    y, pull = jax.vjp(jconv.conv_local, x, w)
    assert y.dtype == jnp.promote_types(of_x, of_w)
    dx, dw = pull(jnp.ones_like(y))
    assert (dx.dtype, dw.dtype) == (of_x, of_w)
    expected = jconv.conv_local(x.astype(complex), w.astype(complex))
    np.testing.assert_array_equal(y.astype(complex), expected)


def test_integers_stay_and_narrow_floats_are_summed_in_float32():
    ones = jnp.ones((1, 3, 1, 1))
    x = jnp.array([256, 1, 1])[:, None]
    assert jconv.conv_local(x, ones.astype(int)).dtype == x.dtype
    narrow = jconv.conv_local(x.astype("bfloat16"), ones.astype("bfloat16"))
    assert narrow[0, 0] == 258
    wide = jconv.conv_local(
        x.astype("int8"), ones.astype("int8"), preferred_element_type="float32"
    )
    assert wide.dtype == "float32"


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_padding_modes_have_their_adjoints(mode):
    options = {"padding": 1, "padding_mode": mode}
    x, w, dy = integers((5, 2)), integers((5, 3, 2, 2)), integers((5, 2), salt=1)
    y = jconv.conv_local(x, w, **options)
    dx = jconv.conv_local_input_vjp(dy, w, input_shape=x.shape, **options)
    dw = jconv.conv_local_kernel_vjp(x, dy, kernel_shape=w.shape, **options)
    assert np.vdot(dy, y) == np.vdot(dx, x) == np.vdot(dw, w)


@pytest.mark.parametrize(
    ("kernels", "says"),
    [
        ((2, 2, 2, 1), "one kernel for each place"),
        ((3, 2, 1, 1), "2 // 1 input channels"),
        ((2, 2, 1), r"\*output, \*kernel"),
    ],
    ids=["places", "channels", "rank"],
)
def test_wrong_kernels(kernels, says):
    with pytest.raises(GeometryError, match=says):
        jconv.conv_local(jnp.zeros((4, 2)), jnp.zeros(kernels))


def test_a_cotangent_of_another_shape():
    w, dy = jnp.zeros((3, 2, 1, 1)), jnp.zeros((2, 1))
    with pytest.raises(GeometryError, match=r"dy=\(2, 1\)"):
        jconv.conv_local_input_vjp(dy, w, input_shape=(4, 1))
