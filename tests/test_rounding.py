"""Bounds are Higham's, bits are counted right, and looseness is noticed."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import jconv
from jconv import numerics
from jconv.verify import families, multiplied
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
@pytest.mark.parametrize("precision", rounding.PRECISIONS)
def test_this_device_multiplies_all_bits(dtype: str, precision: str) -> None:
    """Tests run on the CPU, which has no reduced products."""
    found = multiplied.multiplied(dtype, precision)
    assert found == multiplied.Multiplied(multiplied.all_bits(dtype))
    assert "what it says" in multiplied.in_words(dtype, found)


WORDS = {11: "TF32", 8: "bfloat16", 16: "a format of 16 bits"}


@pytest.mark.parametrize(("bits", "name"), WORDS.items(), ids=WORDS.values())
@pytest.mark.parametrize("to_whole", [np.floor, np.rint, np.ceil])
def test_a_float32_that_is_none_is_said_in_words(
    to_whole: Any, bits: int, name: str
) -> None:
    """Whether what is too long is cut off, rounded or rounded up."""
    numbers = multiplied.probes(24)
    short = to_whole(numbers * 2.0 ** (bits - 1)) / 2.0 ** (bits - 1)
    found = multiplied.judged(numbers, short)
    assert found == multiplied.Multiplied(bits)
    assert multiplied.in_words("float32", found).endswith(f'"float32" is {name}')


def test_two_parts_of_few_bits_are_not_all_bits() -> None:
    """bfloat16 and the rest in bfloat16, as matrix units split their operands."""
    numbers = multiplied.probes(24)
    high = np.rint(numbers * 2.0**7) / 2.0**7
    rest = numbers - high
    _, exponent = np.frexp(rest)
    low = np.rint(np.ldexp(rest, 8 - exponent)) * np.ldexp(1.0, exponent - 8)
    assert multiplied.judged(numbers, high + low).bits in (16, 17)


MISTAKES = {
    "zeros": lambda y: y * 0,
    "one ulp more": lambda y: np.nextafter(np.float32(y), np.float32(np.inf)),
    "NaN": lambda y: y * np.nan,
    "seven bits": lambda y: np.floor(y * 64) / 64,
    "no neighbour": lambda y: np.where(y == np.float32(y * 256) // 1 / 256, y, 1.0),
    "the last bits": lambda y: np.where(np.arange(len(y)) > 20, np.nan, y),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_wrong_products_are_no_format_of_few_bits(mistake: Any) -> None:
    numbers = multiplied.probes(24)
    found = multiplied.judged(numbers, mistake(numbers))
    assert found.bits == 24, "a mistake must not widen its own bound"
    assert "no format multiplies so" in multiplied.in_words("float32", found)


def test_a_matrix_unit_that_returns_zeros_is_falsified(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the probe meets it: convolutions are right, and yet the claim falls."""
    right = multiplied.lax.dot
    monkeypatch.setattr(
        multiplied.lax, "dot", lambda *a, **options: 0 * right(*a, **options)
    )
    found = multiplied.multiplied("float32", "highest")
    assert found.wrong == "1.0 × 1, of 1 bits, comes out as 0.0"
    monkeypatch.setattr(rounding, "_worst_error", lambda *_: 0.0)
    first = next(rounding.dtype_precision(Context(dtypes=("float32",))))
    assert not first.holds
    assert first.bound is not None
    assert first.bound < 1e-5


def test_nan_is_the_largest_error() -> None:
    exact, size = np.ones(3), np.ones(3)
    assert rounding.worst_ratio(np.array([1, np.nan, 1]), exact, size) == np.inf
    assert rounding.worst_ratio(np.array([1, np.inf, 1]), exact, size) == np.inf
    assert rounding.worst_ratio(np.array([1, 3.0, 1]), exact, size) == 2.0


def test_one_nan_among_the_candidates_falsifies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python's ``max`` passes over a NaN that does not come first."""
    computed = rounding._computed

    def broken(*arguments: Any) -> Any:
        found = jax.tree.map(np.array, computed(*arguments))
        found["taps"]["output"][-1, 0, 0, 0] = np.nan
        return found

    monkeypatch.setattr(rounding, "_computed", broken)
    context = Context(dtypes=("float32",), quick=True, claim_id="dtype.rounding")
    (bad,) = (each for each in rounding.dtype_rounding(context) if not each.holds)
    assert bad.what.startswith("taps, float32, output: inf of")
    assert "method='taps'" in bad.case
    assert "auto" not in bad.case, "a case names one method"


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
