"""Roundoffs and bounds: the formulas, and that a measured error never exceeds them."""

from __future__ import annotations

import math
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jconv import numerics
from jconv.geometry import OPERANDS, ROLES
from tests.cases import CASES, by_id, canonical

ROUNDOFF = {
    "float64": 2.0**-53,
    "float32": 2.0**-24,
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
    "complex64": 2.0**-24,
    "complex128": 2.0**-53,
    "int32": 0.0,
    "uint8": 0.0,
}


@pytest.mark.parametrize(("dtype", "expected"), ROUNDOFF.items(), ids=ROUNDOFF)
def test_unit_roundoff(dtype, expected):
    assert numerics.unit_roundoff(dtype) == expected


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_unit_roundoff_is_the_largest_that_rounding_does(dtype):
    u = numerics.unit_roundoff(dtype)
    one = jnp.asarray(1.0, dtype)
    assert float(jnp.asarray(1.0 + u, dtype)) == 1.0  # a tie, to even
    assert float(jnp.asarray(1.0 + 2 * u, dtype)) > float(one)


def test_gamma_grows_with_the_roundings_and_then_promises_nothing():
    values = [numerics.gamma(n, "bfloat16") for n in (0, 1, 2, 100, 255)]
    assert values == sorted(values)
    assert values[0] == 0
    assert numerics.gamma(256, "bfloat16") == math.inf
    assert numerics.gamma(10**9, "int32") == 0


ACCUMULATION = [
    (("bfloat16",), "float32"),
    (("float16", "float16"), "float32"),
    (("bfloat16", "float32"), "float32"),
    (("float16", "bfloat16"), "float32"),
    (("float32",), "float32"),
    (("float64", "float32"), "float64"),
    (("complex64",), "complex64"),
    (("complex64", "float64"), "complex128"),
    (("int8",), "int8"),
    (("int8", "int8", "int32"), "int32"),
    (("uint8", "uint8"), "uint8"),
]


@pytest.mark.parametrize(
    ("dtypes", "expected"), ACCUMULATION, ids=["+".join(d) for d, _ in ACCUMULATION]
)
def test_accumulation_dtype(dtypes, expected):
    assert numerics.accumulation_dtype(*dtypes) == expected


@pytest.mark.parametrize("out", ROLES)
@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_term_count_is_never_less_than_the_most_terms_of_an_entry(case, out):
    shapes = {
        role: canonical(case.array(role), case.groups).shape for role in OPERANDS[out]
    }
    spatial = math.prod(
        max(
            (axis.progression(out, n).length for n in range(axis.size(out))),
            default=0,
        )
        for axis in case.geometry.axes
    )
    channels = {
        "output": case.c_in // case.groups,
        "input": case.c_out // case.groups,
        "kernel": math.prod(case.batch),
    }[out]
    assert numerics.term_count(case.geometry, shapes, out) >= spatial * channels


def test_term_count_of_an_interior_output_is_exact():
    case = next(case for case in CASES if case.id == "plain")
    shapes = {
        role: canonical(case.array(role), 1).shape for role in ("input", "kernel")
    }
    assert numerics.term_count(case.geometry, shapes, "output") == 3 * case.c_in


narrow = st.floats(-100, 100, width=16)


@given(st.lists(st.tuples(narrow, narrow), min_size=1, max_size=40), st.randoms())
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_no_order_of_summation_exceeds_the_bound(dtype, pairs, random):
    """Componentwise: |computed - exact| <= B sum |t|, in exact rational arithmetic."""
    random.shuffle(pairs)
    total = np.zeros((), dtype)
    for a, b in pairs:
        with np.errstate(over="ignore", invalid="ignore"):
            total = total + np.dtype(dtype).type(a) * np.dtype(dtype).type(b)
    if not np.isfinite(total):
        return
    terms = [Fraction(a) * Fraction(b) for a, b in pairs]
    error = abs(Fraction(float(total)) - sum(terms))
    bound = Fraction(numerics.direct_sum_bound(len(pairs), dtype, dtype))
    # Higham's model excludes underflow: half the smallest subnormal a product.
    underflow = len(pairs) * Fraction(float(np.finfo(dtype).smallest_subnormal))
    assert error <= bound * sum(map(abs, terms)) + underflow


def test_bound_of_a_narrow_result_adds_one_rounding():
    wide = numerics.direct_sum_bound(10, "float32", "float32")
    assert numerics.direct_sum_bound(10, "float32", "bfloat16") == pytest.approx(
        wide + (1 + wide) * 2.0**-8, rel=1e-15
    )
    assert numerics.direct_sum_bound(10, "int32", "int32") == 0
