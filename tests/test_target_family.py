"""What a target is tried on: options and sizes that meet, and exact numbers."""

from __future__ import annotations

import numpy as np
import pytest

from jconv.verify import engine, target
from jconv.verify.context import Context
from jconv.verify.target import counterexample, family, operands
from jconv.verify.target.parts import PARTS
from tests.test_target import judged

UNUSUAL = {
    "one_dilation": ("values", "basis"),
    "one_stride": ("values", "basis"),
    "third_example_lost": ("values",),
    "last_tile_lost": ("values",),
    "last_channels_lost": ("values",),
    "five_taps_cut": ("values",),
    "empty_is_nan": ("values",),
    "narrow_operands": ("bits",),
    "half_operands": ("bits",),
    "narrow_sums": ("bits",),
    "clipped": ("bits",),
    "swallowing": ("not-finite",),
}
"""Wrong only where an option, a size or a number is one that is seldom tried."""


@pytest.mark.parametrize(("name", "parts"), UNUSUAL.items(), ids=UNUSUAL)
def test_a_quick_run_sees_what_is_wrong_in_few_cases(
    name: str, parts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counterexample, "STEPS", 3)
    for part, result in judged(name, *parts).items():
        assert result.verdict == "FALSIFIED", part


@pytest.mark.parametrize("name", ["rounded_sums", "narrow_operands", "one_stride"])
def test_real_numbers_beyond_their_bound_are_wrong(name: str) -> None:
    result = judged(name, "rounding")["rounding"]
    assert result.verdict == "FALSIFIED"
    assert result.worst is not None
    if result.worst.error is not None:
        assert result.worst.bound is not None
        assert result.worst.error > result.worst.bound


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "complex64"])
def test_real_numbers_are_within_their_bound(dtype: str) -> None:
    claim = target.claims("tests.targets:ours", (dtype,))["target.rounding"]
    (result,) = engine.run([claim], Context(quick=True))
    assert result.verdict == "HOLDS"
    assert result.worst is not None
    assert "unit roundoffs" in result.worst.what
    assert "ulps" in result.worst.what


@pytest.mark.parametrize("part", ["bits", "not-finite"])
def test_right_kernels_keep_bits_and_nan(part: str) -> None:
    assert judged("ours", part)[part].verdict == "HOLDS"


@pytest.mark.parametrize("strength", [2, 3])
def test_axes_differ_and_sizes_meet_every_option(strength: int) -> None:
    found = family.sampled("float32", strength)
    planes = [case for case in found if case.rank == 2]
    for name in ("stride", "pads", "lhs_dilation", "rhs_dilation"):
        assert any(len(set(getattr(case, name))) == 2 for case in planes), name
    assert {case.x[0] for case in found} == {1, 2, 3}
    assert {n for case in found for n in case.w[2:]} == {1, 2, 3, 5}
    assert any(case.groups == case.x[1] > 1 for case in found)
    met = {(case.rank, case.w[2], case.groups) for case in found}
    assert {(rank, taps) for rank, taps, _ in met} >= {
        (rank, taps) for rank in (1, 2, 3) for taps in (1, 2, 3, 5)
    }
    assert all(min(case.geometry.output_shape) > 1 for case in found)


DTYPES = ("bfloat16", "float16", "float32", "float64", "complex64", "int8", "uint8")


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_sum_of_the_operands_is_exact(dtype: str) -> None:
    """By the oracle in Python's integers, of magnitudes: no order of a sum rounds."""
    limit = operands.exact_up_to(dtype)
    context = Context(claim_id="some")
    tried = [*family.sampled(dtype, 2)[::7], *family.single(dtype, family.LARGE[2:3])]
    for case in tried:
        for name, part in PARTS.items():
            if name == "not-finite":
                continue
            draws = operands.WIDE if name == "bits" else (operands.small,)
            for draw in draws:
                arrays = {
                    key: abs(np.real(a).astype(float)) + abs(np.imag(a).astype(float))
                    for key, a in draw(case, part, context).items()
                }
                for sums in part.expected(case, arrays).values():
                    assert np.max(sums, initial=0) <= limit, (case, name)


def test_wide_operands_have_more_bits_than_tf32_keeps() -> None:
    for case in (
        *family.sampled("float32", 2),
        *family.single("float32", family.LARGE),
    ):
        drawn = operands.WIDE[0](case, PARTS["bits"], Context(claim_id="some"))
        assert np.abs(drawn["x"]).max() > 2**11, case
        assert np.all(drawn["x"] % 2 == (drawn["x"] != 0))
