"""How a target's failure is told: as Python that runs, and beside lax's own."""

from __future__ import annotations

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tests.targets
from jconv.verify import limits
from jconv.verify.entries import difference
from jconv.verify.target import load, of_lax
from jconv.verify.target.load import Target
from tests.test_target import judged

PRINTED = {
    "wrong_channels_last": "values",
    "wrong_mapped": "vmap",
    "biased": "bilinear",
    "swallowing": "not-finite",
    "narrow_operands": "bits",
    "empty_is_nan": "values",
    "third_example_lost": "kernel-vjp",
}


@pytest.mark.parametrize(("name", "part"), PRINTED.items(), ids=PRINTED)
def test_a_printed_case_runs_and_shows_what_is_told(name: str, part: str) -> None:
    worst = judged(name, part)[part].worst
    assert worst is not None
    told = re.search(r"\[([\d, ]+)\] = ([^ ,]+), expected", worst.what)
    assert told or "raises" in worst.what or "has shape" in worst.what, worst.what
    statements, _, last = worst.case.rpartition("; ")
    names: dict[str, Any] = {}
    before = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
    try:
        exec(statements, names)
        result = eval(last, names) if told else None
    finally:  # the case may have set it
        jax.config.update("jax_default_matmul_precision", before)
    if told and result is not None:
        (array,) = result if isinstance(result, tuple) else (result,)
        found = array[tuple(map(int, told[1].split(", ")))]
        np.testing.assert_equal(float(found), float(told[2]))


def test_the_printed_case_of_channels_last_says_so() -> None:
    worst = judged("wrong_channels_last", "values")["values"].worst
    assert worst is not None
    assert "'NWC'" in worst.case


def test_a_mistake_that_is_not_made_again_is_a_mistake() -> None:
    tests.targets.CALLS.clear()
    result = judged("unsteady", "values")["values"]
    assert result.verdict == "FALSIFIED"
    assert result.worst is not None
    assert "differs between two runs of the same call: y[0, 0, 0] =" in (
        result.worst.what
    )


def test_where_lax_fails_too_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    own = judged("biased", "values")["values"].worst
    assert own is not None
    assert own.numbers == {}, "lax is right there"

    def wrong(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
        return tests.targets.biased(lhs, rhs, *arguments, **more)

    lax = load("jax.lax:conv_general_dilated")
    monkeypatch.setattr(of_lax, "load", lambda name: Target(lax.name, wrong))
    known = limits.Limit(
        claim="target.values",
        case=r"jax\.lax\.conv_general_dilated",
        where="planted devices",
        applies=lambda device: device["platform"] == jax.default_backend(),
        reason="it adds one",
        link="https://example.org/issue",
    )
    for listed, told in (
        ((), "expected"),
        ((known,), "known limit on planted devices"),
    ):
        monkeypatch.setattr(limits, "LIMITS", listed)
        result = judged("biased", "values")["values"]
        assert result.verdict == "FALSIFIED"
        assert result.worst is not None
        assert told in result.worst.numbers["lax fails here too"]


DIFFERENCES = {
    "0 and -0 are one number": ([0.0, 1], [-0.0, 1], "float32", ""),
    "nan": ([np.nan], [1.0], "float32", "[0] = nan, expected 1"),
    "far": ([3.0], [1.0], "float32", "[0] = 3, expected 1"),
    "narrow": ([1.0078125], [1.0], "bfloat16", "= 1.0078125, expected 1, which is 1 u"),
    "from zero": ([1e-30], [0.0], "float64", "[0] = 1e-30, expected 0"),
    "complex": ([1 + 2j], [1 + 0j], "complex64", "[0] = 1+2j, expected 1+0j"),
    "integers": ([7], [8], "int8", "[0] = 7, expected 8"),
}


@pytest.mark.parametrize(
    ("got", "right", "dtype", "told"), DIFFERENCES.values(), ids=DIFFERENCES
)
def test_a_difference_is_told_to_the_last_digit(
    got: list[complex], right: list[complex], dtype: str, told: str
) -> None:
    found = difference(np.array(got, jnp.dtype(dtype)), np.array(right), dtype)
    assert told in found
    assert bool(told) == bool(found)
