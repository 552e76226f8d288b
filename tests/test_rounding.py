"""Bounds are Higham's, bits are counted right, and looseness is noticed."""

from __future__ import annotations

import numpy as np
import pytest

import jconv
from jconv import numerics
from jconv.verify import families
from jconv.verify.claims import rounding
from jconv.verify.context import Context

U = 2.0**-24


def test_the_bound_of_a_sum_is_highams() -> None:
    for n in (2, 9, 1000):
        bound = numerics.direct_sum_bound(n, "float32", "float32")
        assert bound == n * U / (1 - n * U)
    narrow = numerics.direct_sum_bound(9, "float32", "bfloat16")
    assert narrow == pytest.approx(2**-8 + 9 * U, rel=0.01)


def test_products_keep_every_bit() -> None:
    """On a device whose float32 is float32: a single product with one is exact."""
    last = np.full((5, 2), 1 + 2.0**-23, np.float32)
    w = np.zeros((1, 2, 2), np.float32)
    w[0] = np.eye(2)
    y = jconv.conv(last, w, method="taps", precision="highest")
    np.testing.assert_array_equal(y, last)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_this_device_multiplies_all_bits(dtype: str) -> None:
    """Tests run on the CPU, which has no reduced products."""
    bits = rounding.multiplied_bits(dtype, "highest")
    assert bits == -np.log2(numerics.unit_roundoff(dtype))
    assert "what it says" in rounding.in_words(dtype, bits)


WORDS = {11: "TF32", 8: "bfloat16", 16: "a format of 16 bits"}


@pytest.mark.parametrize(("bits", "name"), WORDS.items(), ids=WORDS.values())
def test_a_float32_that_is_none_is_said_in_words(bits: int, name: str) -> None:
    assert rounding.in_words("float32", bits).endswith(f'"float32" is {name}')


@pytest.mark.parametrize("bits", [8, 11, 16])
def test_operands_of_few_bits_err_by_no_more_than_the_bound(bits: int) -> None:
    """Both operands cut off at the worst place, which doubles a rounding's error."""
    x = np.float64(2 - 2.0**-30)
    cut = np.floor(x * 2.0 ** (bits - 1)) / 2.0 ** (bits - 1)
    bound = numerics.operand_rounding("float32", bits)
    assert abs(cut * cut - x * x) <= bound * x * x
    assert abs(cut * cut - x * x) > bound * x * x / 4, "and it is not idle"
    assert numerics.operand_rounding("float32", 24) == 0.0


def test_the_search_finds_more_than_random_operands() -> None:
    """The adverse half of the candidates does worse than the normal half."""
    case = families.make_case(rounding.PLAIN | {"dtype": "float32"})
    x, _, _ = rounding.candidates(case, Context(claim_id="any"))
    assert len(x) == rounding.CANDIDATES
    assert (x[1::2] > 0).all()
    assert (x[::2] < 0).any()
