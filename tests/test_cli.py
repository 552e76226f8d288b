"""The command line: exit codes, which stream says what, errors in one message."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jconv
from jconv import cli, cli_selection
from jconv.errors import UnsupportedError
from jconv.verify import figures, report
from jconv.verify import registry as real_registry
from jconv.verify.claim import Check, Claim, Evidence
from jconv.verify.context import Context


def planted(name: str, check: Check) -> Claim:
    return Claim(name, f"What {name} says.", "exact", "a failure", "S0", "", check)


def holds(context: Context) -> Iterator[Evidence]:
    names = ",".join(context.dtypes)
    drawn = int(context.rng().integers(10**9))
    yield Evidence(True, f"quick={context.quick} {names} {drawn}")  # noqa: FBT003


def fails(context: Context) -> Iterator[Evidence]:
    yield Evidence(False, "one is two", case="1 == 2", size=1)  # noqa: FBT003


def breaks(context: Context) -> Iterator[Evidence]:
    message = "no [bold]way"
    raise RuntimeError(message)


def unsupported(context: Context) -> Iterator[Evidence]:
    message = "no such device here"
    raise UnsupportedError(message)


def interrupted(context: Context) -> Iterator[Evidence]:
    raise KeyboardInterrupt


CHECKS = {
    "good.one": holds,
    "good.two": holds,
    "bad.fails": fails,
    "bad.breaks": breaks,
    "other.unsupported": unsupported,
    "other.interrupted": interrupted,
}


@pytest.fixture(autouse=True)
def claims(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A registry of planted claims, and a working folder of the test's own."""
    registry = {name: planted(name, check) for name, check in CHECKS.items()}
    monkeypatch.setattr("jconv.verify.registry", lambda: registry)
    monkeypatch.chdir(tmp_path)


def verify(*arguments: str) -> int:
    return cli.main(["verify", *arguments])


@pytest.mark.parametrize(
    ("patterns", "code"),
    [
        (["good.*"], 0),
        (["good.one", "other.unsupported"], 0),
        (["other.unsupported"], 1),
        (["good.one", "bad.fails"], 1),
        (["bad.breaks"], 1),
        (["good.*", "other.interrupted"], 130),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_exit_code(patterns: list[str], code: int) -> None:
    arguments = [word for pattern in patterns for word in ("--claim", pattern)]
    assert verify(*arguments) == code


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"jconv {jconv.__version__}\n"


def test_report_is_written_and_its_paths_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert verify("--claim", "good.*") == 0
    told = capsys.readouterr()
    for name in ("report.html", "report.json"):
        assert (tmp_path / "jconv-report" / name).is_file()
        assert f"jconv-report/{name}" in told.out
    assert "2 of 2 claims hold" in told.out
    # Before each is checked: a process that dies or hangs has told by which.
    assert told.err == "checking good.one\nchecking good.two\n"


def test_what_does_not_hold_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    verify("--claim", "bad.*", "--claim", "other.uns*", "--seed", "5", "--quick")
    told = capsys.readouterr().out
    assert "one is two" in told
    assert "1 == 2" in told
    assert "RuntimeError: no [bold]way (in breaks, test_cli.py:" in told
    assert "no such device here" in told
    assert "jconv verify --claim bad.fails --seed 5 --quick" in told


def test_interruption_shows_what_was_checked_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert (
        verify("--claim", "good.*", "--claim", "*.interrupted", "--out", "here") == 130
    )
    told = capsys.readouterr().out
    assert "good.two" in told
    assert "Interrupted after 2 of 3 claims, in other.interrupted; no report" in told
    assert list((tmp_path / "here").iterdir()) == []


def test_json_is_alone_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("--json", "--claim", "bad.fails", "--claim", "good.one") == 1
    told = capsys.readouterr()
    read = json.loads(told.out)
    # In the registry's order, whatever the order of the patterns:
    assert [each["id"] for each in read["claims"]] == ["good.one", "bad.fails"]
    assert "FALSIFIED" in told.err


def test_options_reach_the_claims(capsys: pytest.CaptureFixture[str]) -> None:
    def evidence(*arguments: str) -> str:
        verify("--json", "--claim", "good.one", *arguments)
        read: dict[str, Any] = json.loads(capsys.readouterr().out)
        return str(read["claims"][0]["evidence"][0]["what"])

    words = evidence("--quick", "--dtype", "int32", "--dtype", "float64").split()
    assert words[:2] == ["quick=True", "int32,float64"]
    assert evidence() == evidence("--seed", "0", "--platform", "cpu")
    assert evidence() != evidence("--seed", "1")


def test_list_checks_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert verify("--list") == 0
    told = capsys.readouterr().out
    for name in CHECKS:
        assert name in told
        assert f"What {name} says." in told
    assert list(tmp_path.iterdir()) == []


WRONG = {
    "unknown claim": (["--claim", "god.one"], ["--claim='god.one'", "good.one"]),
    "unknown dtype": (["--dtype", "float23"], ["--dtype='float23'", "float32"]),
    "bool": (["--dtype", "bool"], ["--dtype='bool'", "float32"]),
    "absent platform": (["--platform", "tpu"], ["--platform='tpu'", "cpu"]),
    "unwritable": (["--out", "file/folder"], ["--out='file/folder'", "written"]),
    "folder is a file": (["--out", "file"], ["--out='file'", "written"]),
    "negative seed": (["--seed", "-1"], ["--seed"]),
    "unknown option": (["--sed"], ["--sed"]),
    "report is a folder": (["--out", "taken"], ["--out='taken'", "report.json"]),
    "list as JSON": (["--list", "--json"], ["--json=True", "--list"]),
    "list compared": (["--list", "--compare", "o.json"], ["--compare", "--list"]),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG)
def test_bad_usage_is_one_message(
    arguments: list[str],
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object) -> None:
        pytest.fail("a claim ran before the arguments were checked")

    monkeypatch.setattr("jconv.verify.engine.run", never)
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "report.json").mkdir(parents=True)
    assert verify(*arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert all(word in told.err for word in words)
    assert "Traceback" not in told.err


@pytest.mark.parametrize("where", ["render", "replace"])
def test_failure_to_write_keeps_the_old_report(
    where: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert verify("--claim", "good.one", "--out", "here") == 0
    before = {each: each.read_bytes() for each in (tmp_path / "here").iterdir()}

    def fault(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    target = "jconv.verify.page.render" if where == "render" else "os.replace"
    monkeypatch.setattr(target, fault)
    assert verify("--claim", "good.one", "--out", "here", "--seed", "9") == 2
    assert "No space left on device" in capsys.readouterr().err
    assert {each: each.read_bytes() for each in (tmp_path / "here").iterdir()} == before


def test_internal_error_is_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        message = "a bug"
        raise RuntimeError(message)

    monkeypatch.setattr("jconv.verify.report.document", broken)
    assert verify("--claim", "good.one") == 1
    told = capsys.readouterr().err
    assert "RuntimeError: a bug" in told
    assert "Traceback" not in told
    assert cli.TRACEBACK in told


@pytest.mark.parametrize(
    "arguments", [["--help"], ["verify", "-h"], ["info", "--help"]]
)
def test_help_teaches(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    assert "jconv " in capsys.readouterr().out


def test_module_runs_as_a_command(tmp_path: Path) -> None:
    """One real process: the exit code gets out, and nothing slow is loaded for it."""
    script = (
        "import sys; sys.argv = ['jconv', 'verify', '--help']; import jconv.cli as c; "
        "code = c.main(); slow = {'matplotlib', 'sklearn', 'jconv.verify.claims'}; "
        "sys.exit(code or len(slow & set(sys.modules)))"
    )
    root = Path(cli.__file__).parents[1]
    environment = {"PYTHONPATH": str(root), "PATH": "", "JAX_PLATFORMS": "cpu"}
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, check=False
    )
    assert ended.returncode == 0
    ended = subprocess.run(
        [sys.executable, "-m", "jconv", "verify", "--claim", "no.such"],
        env=environment,
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    assert ended.returncode == 2
    assert b"no.such" in ended.stderr


def test_every_figure_belongs_to_a_claim() -> None:
    assert set(figures.FIGURES) <= set(real_registry())


def test_dtypes_offered_include_the_default_ones() -> None:
    assert set(Context.dtypes) <= set(cli_selection.DTYPES)
    assert report.Options().context("cpu").dtypes == Context.dtypes


def test_interrupted_process_exits_with_130_and_says_so(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal; from jconv import cli, verify; "
        # A shell that starts tests in the background has them ignore the signal.
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from jconv.verify.claim import Claim; "
        "check = lambda context: iter([os.kill(os.getpid(), signal.SIGINT)]); "
        "claim = Claim('a.b', 'It waits.', 'exact', '', '', '', check); "
        "verify.registry = lambda: {'a.b': claim}; "
        "sys.argv = ['jconv', 'verify']; sys.exit(cli.main())"
    )
    root = Path(cli.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(root), "PATH": "", "JAX_PLATFORMS": "cpu"},
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    assert ended.returncode == 130
    assert b"Interrupted after 0 of 1 claims" in ended.stdout
