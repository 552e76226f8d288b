"""Folders of runs: nothing is taken for a part of another run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jconv.errors import GeometryError
from jconv.nn.train import Settings, compare, folders, session

SETTINGS = Settings("mlp")


def begun(folder: Path, *kept: str) -> None:
    """A run that has written some of its files."""
    session.open_new(folder, SETTINGS)
    (folder / "checkpoints" / "1").mkdir(parents=True)
    for name in kept:
        (folder / name).write_text("{}")


def test_neither_a_run_nor_a_comparison_takes_the_others_place(tmp_path):
    compare.open_new(tmp_path, ["mlp", "cnn"], SETTINGS)
    begun(tmp_path / "mlp", "metrics.json")
    begun(tmp_path / "cnn-permuted", "notes.txt")
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(GeometryError, match=r"a folder without a run. .*--overwrite"):
        session.open_new(tmp_path, SETTINGS)
    assert (tmp_path / "metrics.json").exists()
    session.open_new(tmp_path, SETTINGS, overwrite=True)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    # What is not the comparison's stays.
    assert left == {"settings.json", "cnn-permuted", "cnn-permuted/notes.txt"}
    with pytest.raises(GeometryError, match="a folder without a run"):
        compare.open_new(tmp_path, ["mlp", "cnn"], SETTINGS)
    compare.open_new(tmp_path, ["mlp", "cnn"], SETTINGS, overwrite=True)
    assert folders.has_comparison(tmp_path)
    assert not folders.has_run(tmp_path)


@pytest.mark.parametrize("kind", ["run", "comparison"])
def test_what_says_that_it_was_begun_is_deleted_last(kind, tmp_path, monkeypatch):
    run = tmp_path
    if kind == "comparison":
        compare.open_new(tmp_path, ["mlp", "cnn"], SETTINGS)
        run = tmp_path / "mlp"
    begun(run, "metrics.json")
    told, unlink, rmtree = [], Path.unlink, shutil.rmtree

    def unlinked(path, **options):
        if path.exists():
            told.append(str(path.relative_to(tmp_path)))
        unlink(path, **options)

    def removed(path):
        told.append(str(path.relative_to(tmp_path)))
        rmtree(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlinked)
        patched.setattr(shutil, "rmtree", removed)
        folders.clear(tmp_path)
    order = ["checkpoints", "metrics.json", "settings.json"]
    if kind == "comparison":
        order = [f"mlp/{name}" for name in order] + ["comparison.json"]
    assert told == order


def test_checkpoints_of_a_run_that_is_gone_are_not_gone_on_with(tmp_path):
    begun(tmp_path)
    (tmp_path / "settings.json").unlink()
    with pytest.raises(GeometryError, match="checkpoints of a run that is gone"):
        session.open_new(tmp_path, SETTINGS)
    session.open_new(tmp_path, SETTINGS, overwrite=True)
    assert not (tmp_path / "checkpoints").exists()


WRONG = {
    "epochs": 2.5,
    "batch_size": True,
    "seed": 2**32 - 1,
    "width": 4.0,
    "flip": 1,
    "weight_decay": float("nan"),
}


@pytest.mark.parametrize(("name", "value"), WRONG.items(), ids=WRONG)
def test_settings_of_another_kind_are_refused_also_from_a_file(name, value, tmp_path):
    with pytest.raises(GeometryError, match=f"^{name}="):
        Settings(**{name: value})
    written = json.dumps(SETTINGS.as_dict() | {name: value})
    (tmp_path / "settings.json").write_text(written)
    with pytest.raises(GeometryError, match=rf"settings=.*a run's \({name}="):
        session.read_settings(tmp_path)
