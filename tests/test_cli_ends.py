"""How the command line ends where no command can begin."""

from __future__ import annotations

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
