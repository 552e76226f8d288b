"""A run that is killed, or interrupted, goes on and ends in the same bits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jconv import cli
from jconv.nn.train import Settings, checkpoints, pictures, session

pytest.importorskip("orbax.checkpoint")

ROOT = Path(__file__).parent.parent
SETTINGS = (
    "--model",
    "mlp",
    "--width",
    "8",
    "--epochs",
    "5",
    "--optimiser",
    "momentum",
)


def stopped_at(epoch: int, stop: signal.Signals, *arguments: str) -> tuple[int, str]:
    """Run until the line of an epoch comes, stop it there; return code and output.

    The line comes just before the epoch's checkpoint is written, so that the signal
    arrives while it is.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "jconv", "train", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        told = []
        for line in process.stdout:
            told.append(line)
            if line.startswith(f"epoch {epoch}/"):
                process.send_signal(stop)
                break
        told.append(process.stdout.read())
    return process.returncode, "".join(told)


@pytest.fixture(scope="module", autouse=True)
def _undrawn():
    """In this process nothing is drawn: numbers and parameters are compared."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("curves", "filters"):
            patched.setattr(pictures, name, lambda *_: b"")
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict:
    """What the run comes to that nobody stops."""
    out = tmp_path_factory.mktemp("whole") / "run"
    assert cli.main(["train", *SETTINGS, "--out", str(out)]) == 0
    return told(out)


def told(out: Path) -> dict:
    """Numbers of every epoch, and the fingerprint of all parameters; no times."""
    curves = json.loads((out / "curves.json").read_text())
    for record in curves:
        del record["seconds"], record["examples_per_s"]
    return {
        "curves": curves,
        "digest": json.loads((out / "metrics.json").read_text())["digest"],
    }


def test_killed_twice_it_ends_in_the_same_bits(whole, tmp_path):
    out = ("--out", str(tmp_path))
    code, _ = stopped_at(2, signal.SIGKILL, *SETTINGS, *out)
    assert code == -signal.SIGKILL
    assert not (tmp_path / "metrics.json").exists()
    kept = checkpoints.latest(tmp_path)
    assert kept in (1, 2)  # at most the epoch that was being kept is lost
    code, again = stopped_at(4, signal.SIGKILL, "--resume", *out)
    assert code == -signal.SIGKILL
    assert f"Going on after epoch {kept}." in again
    assert checkpoints.latest(tmp_path) in (3, 4)
    assert cli.main(["train", "--resume", *out]) == 0
    assert told(tmp_path) == whole


def test_interrupted_it_ends_cleanly_and_goes_on(whole, tmp_path):
    code, said = stopped_at(3, signal.SIGINT, *SETTINGS, "--out", str(tmp_path))
    assert code == cli.INTERRUPTED
    assert f"Go on with: jconv train --resume --out {tmp_path}" in said
    assert "Traceback" not in said
    assert cli.main(["train", "--resume", "--out", str(tmp_path)]) == 0
    assert told(tmp_path) == whole


def test_killed_before_anything_was_kept_it_begins_anew(whole, tmp_path):
    out = ("--out", str(tmp_path))
    # As after a kill in the first epoch: settings are written, checkpoints are not,
    # and what orbax had begun to write lies about.
    names = (option.removeprefix("--") for option in SETTINGS[::2])
    asked = {
        name: int(v) if v.isdigit() else v
        for name, v in zip(names, SETTINGS[1::2], strict=True)
    }
    session.open_new(tmp_path, Settings(**asked))
    torn = tmp_path / "checkpoints" / "1.orbax-checkpoint-tmp-0"
    torn.mkdir(parents=True)
    (torn / "junk").write_text("half")
    assert cli.main(["train", "--resume", *out]) == 0
    assert told(tmp_path) == whole
