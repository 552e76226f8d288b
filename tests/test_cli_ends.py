"""How the command line ends where no command can begin, or say what it found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jconv import cli


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
