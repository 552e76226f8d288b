"""Derivatives of single examples: each by itself, their sum, their norms."""

from __future__ import annotations

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

import jconv
from jconv.errors import GeometryError
from jconv.options import Options
from jconv.per_example.norms import multiplications
from jconv.plan import plan
from tests.cases import CASES, EMPTY_CASES, Case, by_id, integers, named, oracle
from tests.programs import conv_parameters

METHODS = ("auto", "gradient", "gram")


def one_by_one(case: Case, x, dy) -> np.ndarray:
    """The oracle's kernel derivative of each example."""
    found = np.zeros((*case.batch, *case.shapes["kernel"]), x.dtype)
    for example in np.ndindex(*case.batch):
        found[example] = oracle(case, "kernel", x[example], dy[example])
    return found


def norms_of(dw: np.ndarray, n_batch: int) -> np.ndarray:
    squares = dw.real**2 + dw.imag**2
    return np.sqrt(squares.sum(tuple(range(n_batch, dw.ndim))))


@pytest.mark.parametrize("case", [*CASES, *EMPTY_CASES], ids=by_id)
def test_each_is_its_examples_and_norms_agree(case):
    x, dy = case.array("input"), case.array("output")
    options = {"kernel_shape": case.shapes["kernel"], **case.arguments}

    @jax.jit
    def program(x, dy):
        return (
            jconv.per_example_kernel_vjp(x, dy, **options),
            jconv.conv_kernel_vjp(x, dy, **options),
            [
                jconv.per_example_kernel_norms(x, dy, method=m, **options)
                for m in METHODS
            ],
        )

    each, whole, norms = program(x, dy)
    expected = one_by_one(case, x, dy)
    np.testing.assert_array_equal(each, expected)
    batch = tuple(range(len(case.batch)))
    np.testing.assert_array_equal(np.sum(each, batch), whole)
    # The squares are integers below 2^53, and a root is rounded correctly.
    for found in norms:
        np.testing.assert_array_equal(found, norms_of(expected, len(batch)))


def test_dimension_numbers():
    numbers = ("NCHW", "OIHW", "NCHW")
    x, dy = integers((3, 4, 5, 5)), integers((3, 6, 3, 3))
    options = {"groups": 2, "stride": 2, "padding": 1, "dimension_numbers": numbers}
    options["kernel_shape"] = (6, 2, 3, 3)
    each = jconv.per_example_kernel_vjp(x, dy, **options)
    for n in range(3):
        one = jconv.conv_kernel_vjp(x[n : n + 1], dy[n : n + 1], **options)
        np.testing.assert_array_equal(each[n], one)
    for method in METHODS[1:]:
        norms = jconv.per_example_kernel_norms(x, dy, method=method, **options)
        np.testing.assert_array_equal(norms, norms_of(np.asarray(each), 1))


@pytest.mark.parametrize("mode", ["circular", "reflect"])
def test_padding_modes(mode):
    x, dy = integers((3, 5, 2)), integers((3, 5, 1))
    options = {"kernel_shape": (3, 2, 1), "padding": "same", "padding_mode": mode}
    each = jconv.per_example_kernel_vjp(x, dy, **options)
    expected = [jconv.conv_kernel_vjp(x[n], dy[n], **options) for n in range(3)]
    np.testing.assert_array_equal(each, expected)
    norms = jconv.per_example_kernel_norms(x, dy, method="gram", **options)
    np.testing.assert_array_equal(norms, norms_of(np.asarray(each), 1))


def test_it_is_one_contraction_with_the_examples_as_e():
    """No product runs over pairs of examples: e is a batch dimension of every dot."""
    n = 7
    x, dy = jnp.zeros((n, 6, 2)), jnp.zeros((n, 4, 3))

    def program(x, dy):
        return jconv.per_example_kernel_vjp(x, dy, kernel_shape=(3, 2, 3))

    (params,) = conv_parameters(jax.make_jaxpr(program)(x, dy))
    assert (params["out"], params["geometry"].groups) == ("kernel", 1)
    text = jax.jit(program).lower(x, dy).as_text()
    assert "convolution" not in text
    dots = re.findall(r"dot_general.*batching_dims = \[0\] x \[0\].*-> (.*)", text)
    assert len(dots) == text.count("stablehlo.dot_general") > 0
    # Channels, taps and blocks of one example, of which nothing is seven; never n x n.
    assert all(re.match(r"tensor<7(x[1-689])+xf64>", dot) for dot in dots)


def test_the_gram_form_holds_no_kernel_derivative():
    x, dy = jnp.zeros((5, 4, 11)), jnp.zeros((5, 2, 13))

    def text(method):
        def program(x, dy):
            return jconv.per_example_kernel_norms(
                x, dy, kernel_shape=(3, 11, 13), method=method
            )

        return jax.jit(program).lower(x, dy).as_text()

    derivative = re.compile(r"11x13|13x11")
    assert derivative.search(text("gradient"))
    assert not derivative.search(text("gram"))
    assert text("auto") == text("gram")


@pytest.mark.parametrize(
    ("places", "kernel", "cheaper"),
    [((64,), (3, 2, 2), "gradient"), ((3,), (3, 16, 16), "gram")],
    ids=["many places", "large kernel"],
)
def test_auto_multiplies_least(places, kernel, cheaper):
    shape = (2, places[0] + 2, kernel[1])
    taken = multiplications(plan(shape, kernel, Options()))
    taps, c_in, c_out = kernel
    assert taken["gradient"] == places[0] * taps * c_in * c_out
    assert taken["gram"] == places[0] ** 2 * (taps * c_in + c_out)
    assert min(taken, key=taken.get) == cheaper


CHANNELS = (None, None, None)
DIVISIONS = {
    "x": (P(*CHANNELS, "one"), P()),
    "dy": (P(), P(*CHANNELS, "one")),
    "both": (P(*CHANNELS, "one"), P(*CHANNELS, "two")),
    "batch-and-x": (P("one", None, None, "two"), P("one")),
}


@pytest.mark.skipif(jax.device_count() < 4, reason="needs four devices")
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("specs", DIVISIONS.values(), ids=DIVISIONS)
def test_norms_of_channels_that_explicit_axes_divide(specs, groups):
    x, dy = integers((4, 3, 3, 4)), integers((4, 2, 2, 8))
    run = functools.partial(
        jconv.per_example_kernel_norms,
        kernel_shape=(2, 2, 4 // groups, 8),
        groups=groups,
    )
    expected = run(x, dy, method="gradient")
    explicit = (jax.sharding.AxisType.Explicit,) * 2
    mesh = jax.make_mesh((2, 2), ("one", "two"), axis_types=explicit)
    with jax.set_mesh(mesh):
        divided = [
            jax.device_put(array, NamedSharding(mesh, spec))
            for array, spec in zip((x, dy), specs, strict=True)
        ]
        for method in ("gradient", "auto"):
            found = jax.jit(functools.partial(run, method=method))(*divided)
            np.testing.assert_array_equal(found, expected)
            assert jax.typeof(found).sharding.spec == P(
                specs[0][0] if specs[0] else None
            )
        if groups == 1:
            with pytest.raises(jconv.UnsupportedError, match=r"'gram'.*'gradient'"):
                run(*divided, method="gram")


@pytest.mark.parametrize("method", ["gradient", "gram"])
def test_complex_norms_are_real(method):
    x, dy = (integers(s, dtype="complex128") for s in ((2, 5, 2), (2, 3, 2)))
    options = {"kernel_shape": (3, 2, 2)}
    each = np.asarray(jconv.per_example_kernel_vjp(x, dy, **options))
    norms = jconv.per_example_kernel_norms(x, dy, method=method, **options)
    assert norms.dtype == "float64"
    np.testing.assert_array_equal(norms, norms_of(each, 1))


@pytest.mark.parametrize("method", ["gradient", "gram"])
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("int32", "float64"), ("bfloat16", "bfloat16"), ("float32", "float32")],
)
def test_norms_of_other_dtypes(method, dtype, expected):
    """3-4-5, also where int8 or bfloat16 could not hold the square."""
    x = 16 * jnp.array([[3, 4]], dtype)[..., None]
    dy = jnp.ones((1, 1, 1), dtype)
    norms = jconv.per_example_kernel_norms(x, dy, kernel_shape=(2, 1, 1), method=method)
    assert (norms.dtype, norms[0]) == (expected, 80)


@pytest.mark.parametrize("method", ["gradient", "gram"])
def test_gradients_of_norms(method):
    """d|dw|/d dy is linear in dw; at a norm of 0 it is 0 and not NaN."""
    x = jnp.array([[3.0, 4.0], [3.0, 4.0]])[..., None]
    dy = jnp.array([2.0, 0.0])[:, None, None]

    def total(dy):
        norms = jconv.per_example_kernel_norms(
            x, dy, kernel_shape=(2, 1, 1), method=method
        )
        return norms.sum()

    slope = jax.jit(jax.grad(total))(dy)
    np.testing.assert_array_equal(slope[:, 0, 0], [5.0, 0.0])


def test_mapped_and_differentiated():
    case = named("2-D")
    x, dy = (np.stack([case.array(r, n) for n in (0, 1)]) for r in ("input", "output"))

    def f(x, dy):
        return jconv.per_example_kernel_vjp(
            x, dy, kernel_shape=case.shapes["kernel"], **case.arguments
        )

    mapped = jax.jit(jax.vmap(f))(x, dy)
    for n in range(2):
        np.testing.assert_array_equal(mapped[n], one_by_one(case, x[n], dy[n]))
    each, tangent = jax.jit(lambda x, t: jax.jvp(lambda x: f(x, dy[0]), (x,), (t,)))(
        x[0], x[1]
    )
    np.testing.assert_array_equal(each, mapped[0])
    np.testing.assert_array_equal(tangent, one_by_one(case, x[1], dy[0]))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "ghost"}, "method='ghost'.*gradient, gram"),
        ({"stride": 3}, r"dy=\(2, 3, 1\)"),
        ({"groups": 2}, "groups=2"),
    ],
    ids=["method", "cotangent", "groups"],
)
def test_wrong_arguments(options, says):
    x, dy = jnp.zeros((2, 5, 1)), jnp.zeros((2, 3, 1))
    with pytest.raises(GeometryError, match=says):
        jconv.per_example_kernel_norms(x, dy, kernel_shape=(3, 1, 1), **options)
