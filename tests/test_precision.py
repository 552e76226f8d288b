"""Precision: canonical in the primitive, seen by the cache, permuted with the roles."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import jconv
from jconv.algorithms import REGISTRY
from jconv.geometry import OPERANDS
from jconv.primitive.lowering import execute
from tests.abilities import PLATFORM, able_roles, shapes_of
from tests.cases import named
from tests.programs import conv_parameters
from tests.provenance import traced_back

CASE = named("groups-2")


def arrays(*dtypes):
    """x, w and dy, as many as there are dtypes."""
    roles = ("input", "kernel", "output")[: len(dtypes)]
    return [
        CASE.array(role, dtype=dtype) for role, dtype in zip(roles, dtypes, strict=True)
    ]


def conv(x, w, **options):
    return jconv.conv(x, w, **CASE.arguments, **options)


HIGH, HIGHEST, DEFAULT = (
    lax.Precision.HIGH,
    lax.Precision.HIGHEST,
    lax.Precision.DEFAULT,
)
PRECISIONS = [
    (None, None),
    ("highest", (HIGHEST, HIGHEST)),
    ("float32", (HIGHEST, HIGHEST)),
    (HIGH, (HIGH, HIGH)),
    (("high", "default"), (HIGH, DEFAULT)),
    ((HIGH, HIGHEST), (HIGH, HIGHEST)),
]


def bound_precision(function, *operands):
    """The precision of the one ``conv`` that a function binds."""
    (parameters,) = conv_parameters(jax.make_jaxpr(function)(*operands))
    return parameters["precision"]


@pytest.mark.parametrize(
    ("given", "bound"), PRECISIONS, ids=[str(given) for given, _ in PRECISIONS]
)
def test_precision_is_canonical_in_the_primitive(given, bound):
    x, w = arrays("float32", "float32")
    assert bound_precision(lambda x, w: conv(x, w, precision=given), x, w) == bound


def test_the_users_default_precision_is_seen():
    x, w = arrays("float32", "float32")
    with jax.default_matmul_precision("highest"):
        assert bound_precision(conv, x, w) == (HIGHEST, HIGHEST)
        assert bound_precision(lambda x, w: conv(x, w, precision="high"), x, w) == (
            HIGH,
            HIGH,
        )
    assert bound_precision(conv, x, w) is None


@pytest.mark.parametrize("preset", ["F16_F16_F32", "BF16_BF16_F32"])
def test_an_algorithm_for_dot_products_concerns_no_convolution(preset):
    """The first of them no CPU has: with it lax multiplies no matrices."""
    x, w, dy = arrays("float32", "float32", "float32")
    with jax.default_matmul_precision(preset):
        y, pull = jax.vjp(conv, x, w)
        assert bound_precision(conv, x, w) == (DEFAULT, DEFAULT)
        text = jax.jit(conv).lower(x, w).as_text()
        found = y, *pull(dy)
    assert "algorithm" not in text
    y, pull = jax.vjp(conv, x, w)
    for one, other in zip(found, (y, *pull(dy)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_pair_of_precisions_moves_with_the_roles():
    """Input high, kernel highest; a cotangent takes the linear operand's place."""
    x, w, dy = arrays("float32", "float32", "float32")

    def pull(x, w, dy):
        return jax.vjp(lambda x, w: conv(x, w, precision=(HIGH, HIGHEST)), x, w)[1](dy)

    bound = {
        each["out"]: each["precision"]
        for each in conv_parameters(jax.make_jaxpr(pull)(x, w, dy))
    }
    assert bound["output"] == (HIGH, HIGHEST)  # input, kernel
    assert bound["input"] == (HIGHEST, HIGH)  # kernel, output
    assert bound["kernel"] == (HIGH, HIGHEST)  # input, output


CASES = [named(each) for each in ("plain", "pointwise-narrowing", "2-D-holes", "3-D")]


def able(case, method):
    return able_roles(REGISTRY[method], case.geometry, shapes_of(case), "float32")


@pytest.mark.parametrize(
    ("case", "method", "out"),
    [
        pytest.param(case, method, out, id=f"{case.id}-{method}-{out}")
        for case in CASES
        for method in REGISTRY
        if "depthwise" not in method  # it makes no matrix products
        for out in able(case, method)
    ],
)
def test_every_product_multiplies_each_operand_in_its_precision(case, method, out):
    """What is changed of basis is so in the highest; the rest as the user says."""
    shapes = shapes_of(case)
    operands = [jax.ShapeDtypeStruct(shapes[role], "float32") for role in OPERANDS[out]]
    run = functools.partial(
        execute,
        platform=PLATFORM,
        geometry=case.geometry,
        out=out,
        precision=(HIGH, DEFAULT),
        dtype=np.dtype("float32"),
        method=method,
    )
    products = traced_back(jax.make_jaxpr(run)(*operands), "dot_general")
    own = {frozenset([0]): HIGH, frozenset([1]): DEFAULT}
    both = 0
    for product, sources in products:
        if frozenset() in sources:
            assert set(product.params["precision"]) == {HIGHEST}
        else:
            assert product.params["precision"] == tuple(own[each] for each in sources)
            both += 1
    assert both


def test_it_moves_with_operands_that_a_product_exchanges():
    """A wide input is not turned (``test_compiled``): the product has it second."""
    x, dy = (jnp.ones((8, 16, channels), "float32") for channels in (32, 4))
    rule = functools.partial(
        jconv.conv_kernel_vjp,
        kernel_shape=(1, 32, 4),
        precision=(HIGH, DEFAULT),
        method="matmul",
    )
    text = jax.jit(rule).trace(x, dy).lower(lowering_platforms=("cpu",)).as_text()
    (product,) = (line for line in text.splitlines() if "dot_general" in line)
    assert "[DEFAULT, HIGH]" in product
    assert "(tensor<128x4xf32>, tensor<128x32xf32>)" in product


@pytest.mark.parametrize("method", ["auto", jconv.algorithms.Tuned()], ids=str)
def test_highest_precision_keeps_to_sums(method):
    """Whole numbers come out as lax's, where the default takes Winograd's form."""
    rng = np.random.default_rng(0)
    x, w = (
        jnp.asarray(rng.integers(-400, 400, shape), "float32")
        for shape in ((1, 28, 28, 256), (3, 3, 256, 256))
    )
    dy = jnp.asarray(rng.integers(-400, 400, x.shape), "float32")

    def all_of(convolve, precision):
        y, pull = jax.vjp(functools.partial(convolve, precision=precision), x, w)
        return y, *pull(dy)

    ours = functools.partial(jconv.conv, padding="same", method=method)
    order = ("NHWC", "HWIO", "NHWC")

    def theirs(x, w, precision):
        return lax.conv_general_dilated(
            x, w, (1, 1), "SAME", dimension_numbers=order, precision=precision
        )

    right = all_of(theirs, None)
    for found, wanted in zip(all_of(ours, "highest"), right, strict=True):
        assert (found == wanted).all()
    y, dx, _ = all_of(ours, None)
    assert not (y == right[0]).all()
    assert not (dx == right[1]).all()
