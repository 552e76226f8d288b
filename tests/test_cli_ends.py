"""How the command line ends where no command can begin, or say what it found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jconv import cli, starting


def test_an_absent_backend_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def devices(*_: object) -> None:
        message = "Unable to initialize backend 'rocm': it is not in the list."
        raise RuntimeError(message)

    monkeypatch.setattr("jax.devices", devices)
    assert cli.main(["info"]) == 2
    told = capsys.readouterr().err
    assert "'rocm'" in told
    assert "error in jconv" not in told


def test_interruption_before_a_command_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupts(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupts)
    assert cli.main([]) == 130


def command(words: str, shell: str = "", **environment: str) -> tuple[int, str, str]:
    """A real process: what it exits with, and what it says."""
    root = Path(cli.__file__).parents[1]
    ended = subprocess.run(
        ["sh", "-c", f'"$0" -m jconv {words} {shell}', sys.executable],
        env=os.environ
        | {"PYTHONPATH": str(root), "JAX_PLATFORMS": "cpu"}
        | environment,
        check=False,
        capture_output=True,
    )
    return ended.returncode, ended.stdout.decode("latin-1"), ended.stderr.decode()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_sign_that_the_encoding_lacks_is_replaced(encoding: str) -> None:
    words = "explain --input 7 --kernel 3 --stride 2 --code none"
    code, told, complaint = command(words, PYTHONIOENCODING=encoding)
    assert (code, complaint) == (0, "")
    assert "outputs = ?(7 " in told


@pytest.mark.parametrize(
    "words", ["explain --code none", "explain --json", "--version"]
)
def test_a_closed_stdout_is_no_error(words: str) -> None:
    assert command(words, ">&-") == (0, "", "")


def test_a_closed_stderr_keeps_the_exit_code() -> None:
    assert command("explain --input 3", "2>&-") == (2, "", "")


INTERRUPTS = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "jax":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""
"""Presses Ctrl-C as soon as jax is imported."""

STARTS = {
    "module": ["-m", "jconv", "info"],
    "module, joined": ["-X", "utf8", "-mjconv", "info"],
    "script": ["jconv", "info"],
    "library": ["-c", "import jconv"],
}


@pytest.mark.parametrize("start", STARTS)
def test_interruption_while_the_command_is_imported(start: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTS)
    (tmp_path / "jconv").write_text("from jconv.cli import main\nmain()\n")
    root = Path(cli.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, *STARTS[start]],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"},
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    if start == "library":  # a program's own handling of Ctrl-C is left as it is
        assert ended.returncode == -signal.SIGINT
        assert b"KeyboardInterrupt" in ended.stderr
        return
    assert (ended.returncode, ended.stderr) == (130, b"jconv: interrupted.\n")


def test_ctrl_c_is_an_exception_again_where_a_command_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr("sys.argv", ["jconv"])
    try:
        starting.begin()
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert cli.main(["--version"]) == 0
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
