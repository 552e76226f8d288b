"""``jconv prove``: exit codes, JSON, and what is told when something is wrong."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import typer

pytest.importorskip("z3", reason="the extra 'prove' is not installed")

from jconv import cli
from jconv.verify import symbolic
from jconv.verify.symbolic import STATEMENTS, WRONG_RULES, solver

QUICK = "symbolic.kernel-size"


def prove(*arguments: str) -> int:
    return cli.main(["prove", "--statement", QUICK, *arguments])


def test_statement_and_wrong_rule_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert prove() == 0
    told = capsys.readouterr()
    assert f"✓ proved  {QUICK}" in told.out
    assert "K gives O outputs or more  ⇔  K ≤ I − s·(O−1)" in told.out
    assert "✓ refuted  kernel-size-one-stride-short" in told.out
    assert "1 of 1 statements proved for all sizes by z3" in told.out
    assert "1 of 1 wrong rules refuted" in told.out
    assert told.err == ""


def test_json_stands_alone_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert prove("--json") == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert told.err == ""
    assert document["schema"] == "jconv-proofs/1"
    assert document["summary"]["holds"] is True
    (statement,) = document["statements"]
    assert (statement["id"], statement["verdict"]) == (QUICK, "PROVED")
    assert statement["statement"] == STATEMENTS[QUICK].formula
    assert statement["seconds"] >= 0
    (refuted,) = document["refuted"]
    assert refuted["confirmed"] is True
    assert refuted["counterexample"]["values"]["n_input"] == 2
    assert refuted["right"] != refuted["got"]


def test_json_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "proofs.json"
    assert prove("--json", str(file)) == 0
    assert "✓ proved" in capsys.readouterr().out
    assert json.loads(file.read_text())["statements"][0]["id"] == QUICK


@pytest.mark.parametrize("code", [0, 1])
def test_the_exhaustive_proof_follows(
    code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[dict[str, Any]] = []

    def verify(**options: Any) -> None:
        asked.append(options)
        raise typer.Exit(code)

    monkeypatch.setattr("jconv.cli_verify.verify", verify)
    assert prove("--exhaustive") == code
    assert asked == [{"exhaustive": True}]
    assert "✓ proved" in capsys.readouterr().out
    assert prove("--exhaustive", "--json") == 2


def test_statement_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = WRONG_RULES["kernel-size-one-stride-short"].subject
    planted = dataclasses.replace(STATEMENTS[QUICK], subject=wrong)
    monkeypatch.setitem(STATEMENTS, QUICK, planted)
    assert prove() == 1
    told = capsys.readouterr().out
    assert f"✗ refuted  {QUICK}" in told
    assert "not proved: a kernel gives O or more iff no larger" in told
    assert "fails for n_input=2, n_output=1, stride=2, K=2" in told
    assert "0 of 1 statements proved" in told


def test_wrong_rule_that_stands_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "kernel-size-one-stride-short"
    right = dataclasses.replace(WRONG_RULES[name], subject=STATEMENTS[QUICK].subject)
    monkeypatch.setitem(WRONG_RULES, name, right)
    assert prove() == 1
    assert f"✗ not refuted  {name}" in capsys.readouterr().out


def test_without_the_solver(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(solver, "z3", None)
    assert prove("--json") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "pip install 'jconv[prove]'" in told.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--statement", "symbolic.nothing"], "symbolic.progressions"),
        (["nowhere/proofs.json"], "an existing folder"),
        (["--frobnicate"], "No such option"),
    ],
    ids=["statement", "file", "option"],
)
def test_bad_usage(
    arguments: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["prove", *arguments]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("where", ["folder", "/proc/proofs.json"])
def test_a_file_that_cannot_be_written_is_refused_before_the_proofs(
    where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(symbolic, "prove", None)
    assert prove(where) == 2


def test_a_failed_write_leaves_the_old_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "proofs.json"
    file.write_text("old")

    def fault(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fault)
    assert prove(str(file)) == 2
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_interruption(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(statement: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(symbolic, "prove", interrupted)
    assert prove(str(tmp_path / "proofs.json")) == 130
    assert list(tmp_path.iterdir()) == []
    assert "Interrupted" in capsys.readouterr().out
