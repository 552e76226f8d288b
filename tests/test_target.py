"""``jconv verify --target``: right convolutions hold, wrong ones are told apart."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tests.targets
from jconv import GeometryError, cli, reference
from jconv.geometry import Geometry
from jconv.verify import engine, target
from jconv.verify.claim import Result
from jconv.verify.context import Context
from jconv.verify.target import cases, family, load
from jconv.verify.target.smaller import smaller


def judged(name: str, *parts: str) -> dict[str, Result]:
    """Verdicts on some claims about one of ``tests.targets``, in a quick run."""
    claims = target.claims(name if ":" in name else f"tests.targets:{name}")
    chosen = [claims[f"target.{part}"] for part in parts]
    results = engine.run(chosen, Context(quick=True))
    return {each.claim.id.partition(".")[2]: each for each in results}


def test_laxs_own_convolution_holds(tmp_path: Path) -> None:
    arguments = ["--target", "jax.lax:conv_general_dilated", "--quick"]
    chosen = [f"--claim=target.{part}" for part in ("values", "input-vjp", "basis")]
    out = tmp_path / "out"
    assert cli.main(["verify", *arguments, *chosen, "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["options"]["target"] == "jax.lax:conv_general_dilated"
    assert report["options"]["dtypes"] == ["float32"], "those that were tried"
    assert (
        "claims about jax.lax:conv_general_dilated hold"
        in (report["summary"]["sentence"])
    )
    assert "--target jax.lax:conv_general_dilated" in report["claims"][0]["repeat"]


def test_our_own_is_proved_on_a_basis() -> None:
    result = judged("ours", "basis")["basis"]
    assert result.verdict == "HOLDS"
    assert result.proved == len(result.evidence) > 1


def test_what_is_not_shown_to_be_bilinear_is_not_called_proved() -> None:
    result = judged("jax.lax:conv_general_dilated", "basis")["basis"]
    assert result.verdict == "HOLDS"
    assert result.proved == 0
    assert "exact on a basis, bilinearity sampled" in result.evidence[0].what


def test_a_kernel_not_flipped_is_caught_with_a_minimal_counterexample() -> None:
    found = judged("unflipped", "values", "input-vjp", "kernel-vjp", "basis")
    verdicts = {name: each.verdict.value for name, each in found.items()}
    assert verdicts == {
        "values": "HOLDS",
        "kernel-vjp": "HOLDS",
        "input-vjp": "FALSIFIED",
        "basis": "FALSIFIED",
    }
    worst = found["input-vjp"].worst
    assert worst is not None
    # Two taps are the fewest with which a flip can be seen; one window suffices.
    assert "Geometry(2 input, 2 kernel, 1 output)" in worst.what
    assert "dx[0, 0, 0] = 0, expected 1" in worst.what
    names = {"jax": jax, "jnp": jnp, "tests": tests}
    statements, _, last = worst.case.rpartition("; ")
    exec(statements, names)  # the counterexample is code that runs
    (dx,) = eval(last, names)
    assert dx.tolist() == [[[0.0, 1.0]]]


WRONG = {
    "unpadded": ("values", "has shape"),
    "widened": ("values", "has dtype float16, expected float32"),
    "biased": ("bilinear", "expected"),
    "raising": ("values", "raises RuntimeError: no such kernel"),
    "blaming_forward_mode": ("jvp", "raises ValueError: can't apply forward-mode"),
    "exiting": ("values", "raises SystemExit: 0"),
    "closing": ("values", "raises GeneratorExit"),
    "speechless": ("values", "raises SpeechlessError: (its message cannot be read"),
}


@pytest.mark.parametrize(("name", "told"), WRONG.items(), ids=WRONG)
def test_a_wrong_target_is_falsified(name: str, told: tuple[str, str]) -> None:
    part, words = told
    result = judged(name, part)[part]
    assert result.verdict == "FALSIFIED"
    assert result.worst is not None
    assert words in result.worst.what
    assert f"tests.targets.{name}(x, w" in result.worst.case


def test_what_a_target_refuses_is_not_held_against_it() -> None:
    result = judged("refusing", "values")["values"]
    assert result.verdict == "UNSUPPORTED"
    assert "not written yet" in result.reason


def test_a_refusal_on_a_basis_is_not_held_against_a_target() -> None:
    result = judged("refusing", "basis")["basis"]
    assert result.verdict == "UNSUPPORTED"
    assert "refuses: not written yet" in result.reason


def test_what_is_refused_of_a_basis_is_told_beside_what_holds() -> None:
    whole = judged("only_values", "basis")["basis"]
    assert whole.verdict == "HOLDS"
    assert whole.proved == 0
    told = whole.evidence[0]
    assert told.cases > 0
    assert "input: no derivative yet" in told.numbers["left out"]


def test_a_dtype_that_is_refused_does_not_hide_the_next_one() -> None:
    found = target.claims("tests.targets:only_float32", ("float16", "float32"))
    (result,) = engine.run([found["target.values"]], Context(quick=True))
    assert result.verdict == "UNSUPPORTED", "for it was asked for"
    assert result.cases > 0
    assert "float16: " in result.reason
    assert "only float32" in result.reason


def test_what_is_refused_is_told_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--claim", "target.values", "--claim", "target.bits", "--quick"]
    name = "tests.targets:only_lines"
    out = tmp_path / "out"
    assert cli.main(["verify", "--target", name, *words, "--out", str(out)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    count = re.search(rf"note target.values: {name} refuses (\d+) of (\d+) cases", told)
    assert count
    assert "cases: only one axis" in told
    report = json.loads((out / "report.json").read_text())
    refused = [each["refused"] for each in report["claims"]]
    assert refused[0] == int(count[1]) > 0
    assert f"{sum(refused)} cases were refused, and not checked" in told


def test_derivatives_that_are_refused_are_told_beside_the_values() -> None:
    found = judged("only_values", "bits", "basis")
    for result in found.values():
        assert result.verdict == "HOLDS"
        assert result.refused > 0
        assert "no derivative yet" in result.evidence[-1].what


@pytest.mark.parametrize("name", ["exiting", "closing", "speechless"])
def test_nothing_that_a_target_raises_ends_the_run(name: str) -> None:
    result = judged(name, "basis")["basis"]
    assert result.verdict == "FALSIFIED"
    assert result.worst is not None
    assert "raises" in result.worst.what


@pytest.mark.parametrize("part", ["values", "input-vjp", "basis"])
def test_what_returns_no_array_is_falsified_in_words(part: str) -> None:
    result = judged("returning_nothing", part)[part]
    assert result.verdict == "FALSIFIED"
    assert result.worst is not None
    assert "returns a NoneType, not one array" in result.worst.what


def test_integers_have_values_and_no_derivatives() -> None:
    found = target.claims("jax.lax:conv_general_dilated", ("int8",))
    chosen = [found[f"target.{part}"] for part in ("values", "input-vjp", "basis")]
    values, vjp, basis = engine.run(chosen, Context(quick=True))
    assert values.verdict == "HOLDS"
    assert vjp.verdict == "UNSUPPORTED"
    assert "JAX derives nothing in int8" in vjp.reason
    assert basis.verdict == "HOLDS"
    assert basis.evidence[0].numbers == {
        "left out": "derivatives: JAX has none in int8"
    }


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("jax.lax:conv_general_dilated", "complex64"),
        # XLA of jaxlib 0.10.2 ends the process at lax's own gradients in 64 bits.
        ("tests.targets:ours", "complex128"),
    ],
)
def test_complex_numbers_hold(name: str, dtype: str) -> None:
    found = target.claims(name, (dtype,))
    chosen = [found[f"target.{part}"] for part in ("values", "jvp", "bits", "basis")]
    results = engine.run(chosen, Context(quick=True))
    assert {each.verdict.value for each in results} == {"HOLDS"}


@pytest.mark.parametrize("part", ["values", "basis"])
def test_one_ulp_is_seen_in_the_numbers(part: str) -> None:
    worst = judged("one_ulp_off", part)[part].worst
    assert worst is not None
    assert "= 1.0000001192092896, expected 1, which is 1 ulp away" in worst.what


def test_the_counterexample_of_a_basis_is_python_that_runs() -> None:
    worst = judged("unflipped", "basis")["basis"].worst
    assert worst is not None
    assert "input[0, 0, 0] = 0, expected 1, on unit 0 of kernel" in worst.what
    names = {"jax": jax, "jnp": jnp, "tests": tests}
    statements, _, last = worst.case.rpartition("; ")
    exec(statements, names)
    (dx,) = eval(last, names)
    assert dx[0, 0, 0] == 0


def test_a_custom_vjp_without_jvp_is_no_mistake() -> None:
    result = judged("unflipped", "jvp")["jvp"]
    assert result.verdict == "UNSUPPORTED"
    assert "custom_vjp" in result.reason


USAGE = {
    "no colon": ("jax.lax", "module:function"),
    "no module": (":conv", "module:function"),
    "absent module": ("no.such.module:conv", "ModuleNotFoundError"),
    "absent name": ("jax.lax:conv_general_dilate", "conv_general_dilated"),
    "not callable": ("tests.targets:NOT_CALLABLE", "not a int"),
    "signature": ("tests.targets:two_arguments", "it takes (x, w)"),
}


@pytest.mark.parametrize(("name", "words"), USAGE.values(), ids=USAGE)
def test_what_is_no_target_is_bad_usage(
    name: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", "--target", name]) == 2
    told = capsys.readouterr()
    assert "--target=" in told.err
    assert words in told.err
    assert "Traceback" not in told.err


def test_a_module_that_breaks_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "breaks_on_import.py").write_text("raise SystemExit('gone')")
    with pytest.raises(GeometryError, match="SystemExit: gone"):
        load("breaks_on_import:conv")


def test_the_working_folder_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "from jax.lax import conv_general_dilated as mine"
    (tmp_path / "kernel_in_this_folder.py").write_text(text)
    assert load("kernel_in_this_folder:mine").function is jax.lax.conv_general_dilated


def test_the_oracle_speaks_laxs_order() -> None:
    case = cases.Case((1, 2, 3), (3, 2, 2), (1,), ((0, 0),), (1,), (1,))
    x, w = np.arange(6.0).reshape(case.x), np.arange(12.0).reshape(case.w)
    by_hand = [[[np.sum(x[0, :, o : o + 2] * w[m]) for o in (0, 1)] for m in range(3)]]
    np.testing.assert_array_equal(cases.oracle(case, "output", x, w), by_hand)
    assert reference.relation(Geometry.from_call((3,), (2,)).axes[0]).sum() == 4


def test_every_simplification_is_simpler() -> None:
    for case in family.sampled("float32", 2)[::3]:
        for candidate in smaller(case):
            assert candidate != case
            operands, before = (
                math.prod(each.x) + math.prod(each.w) for each in (candidate, case)
            )
            assert operands < before or candidate.text != case.text
