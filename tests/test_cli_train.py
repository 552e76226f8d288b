"""``jconv train`` in this process: files, messages, exit codes."""

from __future__ import annotations

import inspect
import json
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest

from jconv import cli, cli_train, nn, rules
from jconv.nn import zoo
from jconv.nn.train import Settings, checkpoints, folders, pictures

QUICK = ("--model", "mlp", "--width", "4", "--epochs", "2", "--batch-size", "512")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small_cnn(monkeypatch):
    """Two convolutions in the place of ``cnn``: what is told of it stays the same."""

    def cnn(classes: int, width: int = 2) -> nn.Sequential:
        layers = (nn.Conv(width, 3), nn.BatchNorm(), nn.Activation(), nn.Conv(2, 3))
        return nn.Sequential((*layers, nn.Flatten(), nn.Dense(classes)))

    monkeypatch.setitem(zoo.MODELS, "cnn", cnn)


DRAWN = b"\x89PNG and nothing in it"


@pytest.fixture(autouse=True)
def drawn(monkeypatch, request):
    """Pictures take half of a small run's time, and one test looks at them."""
    if "test_a_run_writes_its_files" not in request.node.name:
        for name in ("curves", "filters"):
            monkeypatch.setattr(pictures, name, lambda *_: DRAWN)


def train(*arguments: str) -> int:
    return cli.main(["train", *map(str, arguments)])


def read(path: str) -> dict:
    return json.loads(Path(path).read_text())


def without_times(metrics: dict) -> dict:
    return {k: v for k, v in metrics.items() if k not in ("seconds", "examples_per_s")}


def test_a_run_writes_its_files_and_goes_on_to_nothing_new(capsys):
    assert train(*QUICK, "--seed", 3, "--out", "run") == 0
    told = capsys.readouterr().out
    assert "epoch 2/2" in told
    for name in ("metrics.json", "curves.json", "curves.png", "filters.png"):
        assert f"Written: run/{name}" in told
    for picture in Path("run").glob("*.png"):
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG")
        assert content != DRAWN
    metrics = read("run/metrics.json")
    assert 0 <= metrics["test_accuracy"] <= 1
    assert metrics["seed"] == 3
    assert len(read("run/curves.json")) == 2
    assert sorted(path.name for path in Path("run/checkpoints").iterdir()) == ["1", "2"]
    assert train("--resume", "--out", "run") == 0
    assert without_times(read("run/metrics.json")) == without_times(metrics)


@pytest.mark.usefixtures("small_cnn")
def test_a_comparison_reports_every_run_and_goes_on(capsys):
    assert train("--compare", "mlp,cnn", "--width", "2", *QUICK[4:], "--out", "c") == 0
    told = capsys.readouterr().out
    runs = read("c/metrics.json")["runs"]
    assert list(runs) == ["mlp", "cnn", "mlp-permuted", "cnn-permuted"]
    assert "pixels shuffled" in told
    assert Path("c/curves.png").read_bytes().startswith(b"\x89PNG")
    # One run of four was lost: the others are as they were.
    folders.clear(Path("c/mlp"))
    assert train("--resume", "--out", "c") == 0
    again = read("c/metrics.json")["runs"]
    assert without_times(again["mlp"]) == without_times(runs["mlp"])
    assert again["cnn"] == runs["cnn"]


def test_layers_are_shown_and_nothing_is_written(capsys):
    assert train("--model", "cnn", "--layers") == 0
    told = capsys.readouterr().out
    assert "Conv 3 x 3" in told
    assert "30,762" in told
    assert list(Path().iterdir()) == []


DECAY = ["--optimiser", "adamw", "--weight-decay"]

BAD = {
    "model": (["--model", "cnnn"], "Did you mean cnn?"),
    "data": (["--data", "digit"], "Did you mean digits?"),
    "optimiser": (["--optimiser", "lion"], "one of sgd, momentum, adam, adamw"),
    "batch": (["--batch-size", "2000"], "1 ... 1,438"),
    "method": (["--method", "loop"], "one of auto, fast"),
    "files": (["--data", "mnist"], "the folder with the files of mnist"),
    "folder": (["--data", "mnist", "--data-dir", "."], "train-images-idx3-ubyte"),
    "nothing to resume": (["--resume", "--out", "none"], "a run that was begun"),
    "resume and overwrite": (["--resume", "--overwrite"], "what this deletes"),
    "compare one": (["--compare", "cnn"], "two different models"),
    "compare and model": (["--compare", "mlp,cnn", "--model", "cnn"], "no --model"),
    "compare unknown": (["--compare", "mlp,cmn"], "Did you mean cnn?"),
    "small pictures": (["--model", "alexnet"], "window"),
    "weight decay": ([*DECAY, "nan"], "a finite number of at least 0"),
    "endless decay": ([*DECAY, "inf"], "a finite number of at least 0"),
    "idle decay": (["--weight-decay", "0.1"], "--optimiser adamw beside it"),
    "layers to train": (["--layers", "--epochs", "3"], "--epochs=3: expected nothing"),
    "layers written": (
        ["--layers", "--out", "x"],
        "expected nothing of a run",
    ),
    "seed": (["--seed", "99999999999999999999"], "at most 4294967294"),
    "layers of two": (
        ["--layers", "--compare", "mlp,cnn"],
        "nothing of a run beside --layers",
    ),
    "layers to resume": (["--layers", "--resume"], "nothing of a run"),
    "unknown option": (["--epoch", "3"], ""),
}


@pytest.mark.parametrize(("arguments", "said"), BAD.values(), ids=BAD)
def test_bad_usage_is_told_and_leaves_nothing(arguments, said, capsys):
    assert train(*arguments) == cli.BAD_USAGE
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert list(Path().iterdir()) == []


@pytest.fixture
def run(folder):
    """A run whose files must outlive what is done to it."""
    assert train(*QUICK, "--out", "run") == 0
    before = {p: p.read_bytes() for p in Path("run").rglob("*") if p.is_file()}
    yield
    after = {p: p.read_bytes() for p in Path("run").rglob("*") if p.is_file()}
    assert {p: after.get(p) for p in before} == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "run"], "Use another one, or --resume"),
        (["--compare", "mlp,cnn", "--out", "run"], "Use another one, or --resume"),
        (["--resume", "--out", "run", "--epochs", "9"], "2, with which the run began"),
        (["--resume", "--out", "run", "--seed", "1"], "0, with which the run began"),
        (["--resume", "--out", "run", "--method", "fast"], "'auto', with which the"),
    ],
    ids=["a second run", "a comparison", "other epochs", "another seed", "a method"],
)
@pytest.mark.usefixtures("run")
def test_a_run_is_not_changed_into_another_one(arguments, said, capsys):
    assert train(*arguments) == cli.BAD_USAGE
    assert said in capsys.readouterr().err


def test_overwriting_is_possible_when_asked_for(capsys):
    for seed in ("0", "1"):
        assert train(*QUICK, "--seed", seed, "--out", "run", "--overwrite") == 0
    assert read("run/metrics.json")["seed"] == 1


def test_a_disk_without_room_is_told_before_anything_is_written(monkeypatch, capsys):
    full = shutil.disk_usage(".")._replace(free=2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    assert train(*QUICK, "--out", "run") == cli.BAD_USAGE
    told = capsys.readouterr().err
    assert "epoch 1 could not be written: 1.1 MB are needed, 1.0 MB are left" in told
    assert list(Path("run/checkpoints").iterdir()) == []


def test_a_full_disk_is_told_and_earlier_checkpoints_are_whole(monkeypatch, capfd):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    right, saved = checkpoints.Checkpoints.save, []

    def fills(self, now, records, settings):
        if saved:  # from the second checkpoint on, no file may grow beyond 100 bytes
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            right(self, now, records, settings)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        saved.append(len(records))

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints.Checkpoints, "save", fills)
        assert train(*QUICK, "--out", "run") == cli.BAD_USAGE
    told = capfd.readouterr().err
    assert "the checkpoint of epoch 2 could not be written (" in told
    assert told.count("\n") == 1  # no tracebacks of orbax's threads
    assert saved == [1]
    assert train("--resume", "--out", "run") == 0
    assert "Going on after epoch 1" in capfd.readouterr().out
    assert train(*QUICK, "--out", "whole") == 0
    assert read("run/metrics.json")["digest"] == read("whole/metrics.json")["digest"]


def test_a_damaged_checkpoint_is_told_with_the_way_on(capsys):
    assert train(*QUICK, "--out", "run") == 0
    metrics = read("run/metrics.json")
    shutil.rmtree("run/checkpoints/2/state")
    assert train("--resume", "--out", "run") == cli.BAD_USAGE
    told = capsys.readouterr().err
    place = Path("run/checkpoints/2").resolve()
    assert "the checkpoint of epoch 2 could not be read" in told
    assert f"delete {place}: --resume will then go on after epoch 1" in told
    shutil.rmtree(place)
    assert train("--resume", "--out", "run") == 0
    assert read("run/metrics.json")["digest"] == metrics["digest"]


def test_a_folder_that_cannot_be_written_to_is_refused(capsys):
    Path("file").write_text("")
    assert train(*QUICK, "--out", "file/run") == cli.BAD_USAGE
    assert "file/run" in capsys.readouterr().err


def test_a_loss_that_diverges_stops_the_run(capsys):
    wild = ("--optimiser", "sgd", "--learning-rate", "1e30", "--schedule", "constant")
    assert train(*QUICK, *wild, "--out", "run") == cli.FAILED
    assert "a smaller --learning-rate may help" in capsys.readouterr().err
    assert not Path("run/metrics.json").exists()


def test_without_orbax_a_run_is_not_kept_and_that_is_said(monkeypatch, capsys):
    monkeypatch.setattr(checkpoints, "available", lambda: False)
    assert train(*QUICK, "--out", "run") == 0
    assert "pip install 'jconv[train]'" in capsys.readouterr().out
    assert not Path("run/checkpoints").exists()
    assert train("--resume", "--out", "run") == cli.BAD_USAGE
    assert "pip install 'jconv[train]'" in capsys.readouterr().err


AUDITED = ("--model", "cnn", "--width", "2", "--epochs", "1", "--batch-size", "256")


@pytest.mark.usefixtures("small_cnn")
def test_an_audit_stops_at_a_planted_fault(monkeypatch, capsys):
    right = rules.conv_kernel_vjp

    def planted(x, dy, **options):
        return right(x, dy, **options) * np.float32(1.001)

    monkeypatch.setattr(rules, "conv_kernel_vjp", planted)
    assert train(*AUDITED, "--audit", "3", "--out", "run") == cli.FAILED
    told = capsys.readouterr().err
    assert "the audit of step 3 found gradients that disagree" in told
    (audit,) = read("run/audit.json")["audits"]
    wrong = [found for found in audit["findings"] if not found["holds"]]
    # Every convolution, and every pair with the coded route: nothing else is blamed.
    assert {found["layer"] for found in wrong} == {0, 1}
    assert {found["derivative"] for found in wrong} == {"kernel"}
    pairs = {tuple(found["routes"]) for found in wrong}
    assert pairs == {("used", "coded"), ("derived", "coded"), ("coded", "peer")}
    assert not Path("run/metrics.json").exists()


def test_the_help_tells_the_settings_defaults():
    defaults, shown = Settings(), {}
    for name, parameter in inspect.signature(
        cli_train.train, eval_str=True
    ).parameters.items():
        (option,) = getattr(parameter.annotation, "__metadata__", (None,))
        text = (option.help or "") if option else ""
        if "Default: " in text:
            shown[name] = text.rpartition("Default: ")[2].removesuffix(".")
    words = {"the optimiser's usual one": None, "its usual one": None, "none": 0}
    for name, text in shown.items():
        value = getattr(defaults, name)
        assert words.get(text, text) in (value, str(value)), name
    assert {"epochs", "batch_size", "optimiser", "schedule", "seed"} <= set(shown)
