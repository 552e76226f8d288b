"""Dtypes: promoted as JAX does, accumulated wide, and handed back to each operand."""

from __future__ import annotations

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import jconv
from jconv.geometry import OPERANDS
from jconv.verify.comparison import by_every_method
from jconv.verify.context import Context
from tests.abilities import by_able_methods
from tests.cases import Case, by_id, named, oracle, peer

CASE = named("groups-2")
ROLES = ("input", "kernel", "output")

FLOATS = ("float16", "bfloat16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
INTEGERS = ("int8", "uint8", "int16", "int32", "int64")


def arrays(case: Case, *dtypes):
    """x, w and dy of a case in three dtypes."""
    return [
        jnp.asarray(case.array(role, dtype=_exact(d)), d)
        for role, d in zip(ROLES, dtypes, strict=False)
    ]


def _exact(dtype):
    """A NumPy dtype of the same kind that holds small integers exactly."""
    kinds = {"c": "complex128", "u": "uint8"}
    return kinds.get(dtype[0], "int8")


def conv(x, w, **options):
    return jconv.conv(x, w, **CASE.arguments, **options)


def wide(array):
    """Exactly the same numbers in NumPy's widest dtype of the kind."""
    array = np.asarray(array)
    return array.astype("complex128" if array.dtype.kind == "c" else "float64")


@pytest.mark.parametrize("case", [CASE, named("full")], ids=by_id)
@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX, *INTEGERS])
def test_each_dtype_is_kept_and_exact_on_small_integers(dtype, case):
    """|sums| < 2^7, which int8 and even bfloat16 hold exactly."""
    halved = (
        array // 2 if dtype in INTEGERS else (array / 2).round()
        for array in arrays(case, dtype, dtype, dtype)
    )
    operands = dict(zip(ROLES, halved, strict=True))
    for (method, out), got in by_able_methods(case, dtype)(operands).items():
        exact = oracle(case, out, *(wide(operands[role]) for role in OPERANDS[out]))
        assert got.dtype == dtype
        assert abs(exact).max() < 128
        np.testing.assert_array_equal(wide(got), exact, err_msg=f"{method} {out}")


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_float8_is_summed_in_float32(dtype):
    x, w = jnp.ones((6, 1), dtype), jnp.ones((6, 1, 1), dtype)
    y = jax.jit(lambda x, w: jconv.conv(x, w, preferred_element_type="float32"))(x, w)
    assert y.dtype == "float32"
    assert y.item() == 6
    assert jconv.conv(x, w).dtype == dtype


# Promotion --------------------------------------------------------------------------

MIXED = [
    *itertools.permutations(("bfloat16", "float32"), 2),
    *itertools.permutations(("float16", "bfloat16"), 2),
    *itertools.permutations(("float32", "float64"), 2),
    *itertools.permutations(("float32", "complex64"), 2),
    *itertools.permutations(("float64", "complex64"), 2),
    *itertools.permutations(("int8", "float16"), 2),
    *itertools.permutations(("int32", "int8"), 2),
]


@pytest.mark.parametrize("pair", MIXED, ids="-".join)
def test_the_result_has_the_promoted_dtype(pair):
    x, w, _ = arrays(CASE, *pair, "float32")
    y = jax.jit(conv)(x, w)
    assert y.dtype == jnp.result_type(x, w)
    expected = oracle(CASE, "output", wide(x), wide(w))
    np.testing.assert_array_equal(wide(y), expected)


@pytest.mark.parametrize("pair", MIXED[:10], ids="-".join)
def test_every_cotangent_has_its_primals_dtype_as_in_lax_on_promoted_operands(pair):
    """The conversion is differentiated too: a real operand gets the real part."""
    dtype = jnp.result_type(*pair)
    x, w, dy = arrays(CASE, *pair, str(dtype))

    @jax.jit
    def program(x, w, dy):
        def promoted(x, w):
            return peer(
                CASE,
                lax.convert_element_type(x, dtype),
                lax.convert_element_type(w, dtype),
            )

        return jax.vjp(conv, x, w)[1](dy), jax.vjp(promoted, x, w)[1](dy)

    computed, expected = program(x, w, dy)
    for primal, got, wanted in zip((x, w), computed, expected, strict=True):
        assert got.dtype == primal.dtype
        np.testing.assert_array_equal(wide(got), wide(wanted))


def test_second_order_gradients_keep_the_dtypes():
    x, w, _ = arrays(CASE, "float32", "bfloat16", "float32")

    def loss(x, w):
        return (conv(x, w) ** 2).sum()

    hessian = jax.eval_shape(jax.hessian(loss, (0, 1)), x, w)
    # A second derivative has the dtype of the operand of its first (jacfwd of jacrev).
    assert [[each.dtype for each in row] for row in hessian] == [
        ["float32", "float32"],
        ["bfloat16", "bfloat16"],
    ]


def test_the_public_vjps_promote_as_conv_does():
    x, w, dy = arrays(CASE, "bfloat16", "float32", "bfloat16")
    dx = jconv.conv_input_vjp(dy, w, input_shape=x.shape, **CASE.arguments)
    dw = jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **CASE.arguments)
    assert (dx.dtype, dw.dtype) == ("float32", "bfloat16")


def test_weak_types_stay_weak_only_if_both_are():
    strong = jnp.ones((2, 1, 1), "float32")
    weak_jaxpr = jax.make_jaxpr(
        lambda: jconv.conv(lax.broadcast(1.0, (6, 1)), lax.broadcast(1.0, (2, 1, 1)))
    )()
    assert weak_jaxpr.out_avals[0].weak_type
    mixed = jax.make_jaxpr(lambda w: jconv.conv(lax.broadcast(1.0, (6, 1)), w))(strong)
    assert not mixed.out_avals[0].weak_type
    assert mixed.out_avals[0].dtype == "float32"


# Accumulation -----------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "big"), [("bfloat16", 256.0), ("float16", 2048.0)])
def test_narrow_floats_are_summed_in_float32(dtype, big):
    """``big`` and two ones, in separate steps: a narrow sum would stay at ``big``."""
    assert jnp.asarray(big, dtype) + jnp.asarray(1.0, dtype) == big
    assert jnp.asarray(big + 2, dtype) == big + 2
    down = jnp.asarray([[big], [1], [1], [0], [0], [0]], dtype)
    up = jnp.asarray([[1], [1], [big]], dtype)
    ones = jnp.ones((3, 1), dtype)

    w = ones[:, :, None]
    sums = {
        (0, 0): functools.partial(jconv.conv, down, w),
        (2, 0): functools.partial(jconv.conv_input_vjp, up, w, input_shape=(5, 1)),
        (0, 0, 0): functools.partial(
            jconv.conv_kernel_vjp, down, ones, kernel_shape=(4, 1, 1)
        ),
    }
    for place, function in sums.items():
        found = {
            m: float(got[place]) for m, got in by_every_method(Context(), function)
        }
        assert found == dict.fromkeys(found, big + 2)
        assert "loop" in found
        assert float(function()[place]) == big + 2


def test_integers_wrap_as_their_dtype_unless_a_wider_one_is_preferred():
    x, w = jnp.full((3, 1), 100, "int8"), jnp.full((3, 1, 1), 2, "int8")

    def both(x, w, *, method="auto"):
        wide_sum = jconv.conv(x, w, preferred_element_type="int32", method=method)
        return wide_sum, jconv.conv(x, w, method=method)

    for method, found in [
        ("auto", both(x, w)),
        *by_every_method(Context(), both, x, w),
    ]:
        sums = [(each.dtype, each.item()) for each in found]
        assert sums == [("int32", 600), ("int8", 600 - 512)], method


PREFERRED = [
    ("float16", "float32"),
    ("bfloat16", "float64"),
    ("float32", "float64"),
    ("int8", "int32"),
    ("int8", "float32"),
    ("uint8", "uint32"),
    ("complex64", "complex128"),
]


@pytest.mark.parametrize("pair", PREFERRED, ids="-".join)
def test_preferred_element_type_is_the_results_and_not_the_cotangents(pair):
    dtype, preferred = pair
    x, w, _ = arrays(CASE, dtype, dtype, dtype)
    y = jax.jit(lambda x, w: conv(x, w, preferred_element_type=preferred))(x, w)
    assert y.dtype == preferred
    np.testing.assert_array_equal(wide(y), oracle(CASE, "output", wide(x), wide(w)))
    if "int" not in dtype:
        dx, dw = jax.eval_shape(
            lambda x, w, dy: jax.vjp(
                lambda x, w: conv(x, w, preferred_element_type=preferred), x, w
            )[1](dy),
            x,
            w,
            y,
        )
        assert (dx.dtype, dw.dtype) == (dtype, dtype)


def test_a_dtype_of_keys_is_none():
    with pytest.raises(jconv.GeometryError, match=r"preferred_element_type=.*a dtype"):
        jconv.conv(
            jnp.ones((4, 1)),
            jnp.ones((2, 1, 1)),
            preferred_element_type=jax.dtypes.prng_key,
        )


def test_wide_arrays_are_refused_where_wide_dtypes_are_off():
    """What is computed of them would be narrower, and of another type than told."""
    with jax.enable_x64(True):  # noqa: FBT003
        x, w = jnp.ones((4, 1), "float64"), jnp.ones((2, 1, 1), "float64")
    with jax.enable_x64(False):  # noqa: FBT003
        for call in (jconv.conv, lambda x, _: jconv.avg_pool(x, (2,))):
            with pytest.raises(jconv.UnsupportedError, match=r"x is of float64.*x64"):
                call(x, w)
        assert jconv.conv(np.asarray(x), np.asarray(w)).dtype == "float32"
