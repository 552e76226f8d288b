"""The exhaustive run: its journal, its budget, its report and its command."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from jconv import algorithms, cli
from jconv.algorithms.taps import Taps
from jconv.verify import engine, exhaustive
from jconv.verify.context import Context
from jconv.verify.exhaustive import journal, running
from jconv.verify.exhaustive.geometries import every_geometry
from tests.test_exhaustive import SMALL, Wrong


@pytest.fixture
def only_taps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of one algorithm, so that runs are short."""
    monkeypatch.setattr(algorithms, "REGISTRY", {"taps": Taps()})


def plan(folder: Path, **changes: Any) -> running.Plan:
    return running.Plan(folder, SMALL, batch=20, **changes)


@pytest.mark.usefixtures("only_taps")
def test_a_stopped_run_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    total = len(every_geometry(SMALL))
    told: list[int] = []

    def stop(done: int, total: int) -> None:
        told.append(done)
        if len(told) == 3:  # after the start and two batches
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        running.run(plan(tmp_path), "cpu", stop)
    assert told == [0, 20, 40]
    path = tmp_path / journal.NAME
    path.write_text(path.read_text() + '{"batch": 40, "geom')  # cut off while written
    found = running.run(plan(tmp_path), "cpu")
    assert (found.resumed, found.done, found.total) == (40, total, total)
    assert found.proved == total
    assert found.wrong == []
    whole = running.run(plan(tmp_path), "cpu")
    assert whole.resumed == total
    assert whole.pairs == found.pairs


@pytest.mark.usefixtures("only_taps")
def test_a_budget_ends_a_run_and_says_what_is_left(tmp_path: Path) -> None:
    claim = exhaustive.claim(plan(tmp_path, budget_s=0.0))
    (result,) = engine.run([claim], Context())
    total = len(every_geometry(SMALL))
    assert result.verdict == "UNSUPPORTED"
    assert result.reason == f"0 of {total} geometries proved; the same command goes on"
    assert (result.proved, result.cases) == (0, 0)
    assert result.evidence[-1].what == "`taps`: not tried yet"
    assert result.evidence[0].numbers["still to do"] == total
    assert f"0 of {total}" in result.evidence[0].what


def test_worker_processes_find_the_same(tmp_path: Path) -> None:
    tiny = dataclasses.replace(SMALL, n_input=(1,), n_kernel=(2,), planes=0)
    alone, together = (
        running.run(running.Plan(tmp_path / str(jobs), tiny, jobs=jobs), "cpu")
        for jobs in (0, 1)
        if not (tmp_path / str(jobs)).mkdir()
    )
    assert together.proved == together.total > 0
    assert dataclasses.replace(together, seconds=0.0) == (
        dataclasses.replace(alone, seconds=0.0)
    )


@pytest.mark.usefixtures("only_taps")
def test_other_circumstances_are_not_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = running.Plan(tmp_path, dataclasses.replace(SMALL, n_input=(1,)))
    running.run(tiny, "cpu")
    before = journal.fingerprint("cpu", tiny.ranges)
    monkeypatch.setattr(
        journal, "fingerprint", lambda *_: before | {"code": "another", "jax": "0"}
    )
    monkeypatch.setattr(running, "fingerprint", journal.fingerprint)
    found = running.run(tiny, "cpu")
    assert found.resumed == 0
    assert found.dropped == ["code", "jax"]


@pytest.mark.usefixtures("only_taps")
def test_a_wrong_algorithm_falsifies_the_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"taps": Wrong(mistake="shifted")}
    monkeypatch.setattr(algorithms, "REGISTRY", wrong)
    tiny = running.Plan(tmp_path, dataclasses.replace(SMALL, n_input=(3,), planes=0))
    (result,) = engine.run([exhaustive.claim(tiny)], Context())
    assert result.verdict == "FALSIFIED"
    assert result.proved < len(every_geometry(tiny.ranges))
    row = result.evidence[-1]
    assert not row.holds
    assert row.what.startswith("`taps`: wrong for ")
    rows = [each for each in result.evidence if not each.case]
    assert [each.holds for each in rows] == [False, False, False]
    assert all(" wrong" in each.what for each in rows[1:])


@pytest.mark.usefixtures("only_taps")
def test_wrong_programs_and_wrong_compilations_are_counted_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(place: str, value: Any) -> list[bool]:
        folder = tmp_path / place
        folder.mkdir()
        tiny = running.Plan(folder, dataclasses.replace(SMALL, n_input=(1,), planes=0))
        with monkeypatch.context() as patched:
            patched.setattr(running.compiled, "check", value)
            (result,) = engine.run([exhaustive.claim(tiny)], Context())
        return [each.holds for each in result.evidence if not each.case]

    def wrong(share: Any, *_: Any) -> Any:
        return 1, {share[0][1]: "wrong"}

    assert told("compiled", wrong) == [True, False, True]
    monkeypatch.setattr(algorithms, "REGISTRY", {"taps": Wrong(mistake="affine")})
    assert told("programs", lambda *_: (1, {})) == [False, True, False]


def test_what_is_not_shown_bilinear_is_not_the_whole_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(algorithms, "REGISTRY", {"taps": Wrong(mistake="squared")})
    tiny = running.Plan(tmp_path, dataclasses.replace(SMALL, n_input=(1,), planes=0))
    (result,) = engine.run([exhaustive.claim(tiny)], Context())
    assert result.verdict == "UNSUPPORTED"
    assert "something is not shown" in result.reason


def test_a_proof_depends_on_the_code_of_the_variants() -> None:
    matched = {path for each in journal.SOURCES for path in journal.PACKAGE.glob(each)}
    assert journal.PACKAGE / "verify" / "variants.py" in matched


UNSOUND: dict[str, Any] = {
    "batch of another size": {"geometries": 7},
    "no such batch": {"batch": 1},
    "batch that is no number": {"batch": [0]},
    "more proved than there are": {"proved": 9918},
    "more tried than there are": {"by_routine": {"tried": {"taps": 9918}}},
    "no words": {"wrong": "all"},
    "seconds": {"seconds": "many"},
    "key": None,
}


@pytest.mark.usefixtures("only_taps")
@pytest.mark.parametrize("damage", UNSOUND.values(), ids=UNSOUND)
def test_a_line_that_no_run_can_have_written_is_dropped(
    tmp_path: Path, damage: Any
) -> None:
    tiny = running.Plan(tmp_path, dataclasses.replace(SMALL, n_input=(1,), planes=0))
    before = running.run(tiny, "cpu")
    path = tmp_path / journal.NAME
    head, line = path.read_text().splitlines()
    read = json.loads(line)
    read = {"batch": 0} if damage is None else read | damage
    path.write_text(f"{head}\n{json.dumps(read)}\n")
    found = running.run(tiny, "cpu")
    assert found.resumed == 0
    assert (found.proved, found.total) == (before.proved, before.total)


@pytest.mark.usefixtures("only_taps")
@pytest.mark.parametrize("text", ['{"circumstances": "x"}', "{}", "[]", "[" * 100_000])
def test_a_journal_that_is_none_is_not_taken_up(tmp_path: Path, text: str) -> None:
    (tmp_path / journal.NAME).write_text(text + "\n")
    tiny = running.Plan(tmp_path, dataclasses.replace(SMALL, n_input=(1,), planes=0))
    assert running.run(tiny, "cpu").resumed == 0


USAGE = {
    "target": ["--exhaustive", "--target", "jax.lax:conv_general_dilated"],
    "claim": ["--exhaustive", "--claim", "size.*"],
    "budget": ["--budget", "5"],
    "negative": ["--exhaustive", "--budget", "-1"],
    "quick": ["--exhaustive", "--quick"],
    "seed": ["--exhaustive", "--seed", "3"],
    "dtype": ["--exhaustive", "--dtype", "bfloat16"],
    "list": ["--exhaustive", "--list"],
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE)
def test_options_that_exclude_each_other(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("jconv.cli_verify.exhaust", None)
    assert cli.main(["verify", *arguments]) == 2


@pytest.mark.usefixtures("only_taps")
def test_the_command_reports_n_of_n(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = dataclasses.replace(SMALL, n_input=(1,), planes=0)
    monkeypatch.setattr(
        "jconv.verify.exhaustive.Plan",
        lambda folder, budget_s, jobs: running.Plan(folder, tiny, budget_s, 0),
    )
    out = tmp_path / "out"
    assert cli.main(["verify", "--exhaustive", "--out", str(out)]) == 0
    (claim,) = json.loads((out / "report.json").read_text())["claims"]
    total = len(every_geometry(tiny))
    assert claim["proved"] == total
    words = f"proved for {total} of {total} geometries, 1 algorithms"
    assert words in claim["evidence"][0]["what"]
    # What sums up others counts nothing:
    assert claim["cases"] == sum(each["cases"] for each in claim["evidence"][:2])


@pytest.mark.usefixtures("only_taps")
def test_a_command_that_is_not_through_does_not_exit_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--exhaustive", "--budget", "0", "--out", str(tmp_path)]
    assert cli.main(["verify", *words]) == 1
    told = capsys.readouterr().out
    assert "geometries proved; the same command goes on" in told
    assert "· taps: not tried yet" in told
