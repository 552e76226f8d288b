"""``jconv tune``: what it measures, of listed and of random layers, and its file."""

from __future__ import annotations

import itertools
import json
import re
import warnings
from types import SimpleNamespace

import pytest

import jconv
from jconv import cli_tune
from jconv.algorithms import REGISTRY
from jconv.bench import candidates, timing
from jconv.bench.held_out import HELD_OUT
from jconv.bench.layers import LAYERS
from jconv.bench.random_layers import random_layers
from jconv.cli import main
from jconv.geometry import Geometry

LISTED = (*LAYERS, *HELD_OUT)
GEOMETRY = Geometry.from_call((6,), (3,), stride=2, padding=1)
SHAPES = {
    "input": (1, 2, 6, 1, 2),
    "kernel": (1, 3, 2, 1, 3),
    "output": (1, 2, 3, 1, 3),
}


def test_every_able_algorithm_is_measured_and_the_fastest_wins(monkeypatch):
    forward, dx, dw = candidates.contractions(GEOMETRY, (2, 2, 3), "float32", "layer")
    assert [each.out for each in (forward, dx, dw)] == ["output", "input", "kernel"]
    assert forward.shapes == SHAPES
    asked = []

    def pretend(calls, _):
        asked.extend(calls)
        return {name: [1.0, 2.0 if name != "loop" else 0.5] for name in calls}

    monkeypatch.setattr(timing, "interleaved", pretend)
    measured = candidates.measure(forward, "cpu", timing.Effort(0.1))
    able = [n for n, e in REGISTRY.items() if not e.refuses(*forward.call("cpu"))]
    assert set(asked) <= set(able)
    assert "taps" in asked
    assert measured.fastest == "loop"
    assert measured.predicted.keys() <= set(able)


def test_the_command_stores_and_the_method_takes(tmp_path, capsys):
    path = tmp_path / "tuned.json"
    sizes = ["--input", "5", "--kernel", "2", "--channels", "1:1"]
    command = ["tune", *sizes, "--seconds", "0.05", "--out", str(path)]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "3 choices" in told
    assert not any(line.rstrip().endswith("ms  ;") for line in told.splitlines())
    assert main([*command, "--stride", "2"]) == 0
    assert "6 choices" in capsys.readouterr().out
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(jconv.tuned(path).entries) == 6
    kept = json.loads(path.read_text())
    assert kept["samples"].keys() == kept["choices"].keys()


def test_a_line_of_one_algorithm_has_no_stray_spaces():
    forward, *_ = candidates.contractions(GEOMETRY, (2, 2, 3), "float32", "layer")
    measured = candidates.Measured(
        forward, {"taps": [1e-5]}, dict.fromkeys(("taps", "loop", "mixed"), 1.0)
    )
    assert cli_tune._line(measured).endswith("ms[/green]  [dim]2 not tried[/dim]")


def test_random_layers_tell_how_well_the_choice_does(tmp_path, monkeypatch, capsys):
    def pretend(calls, _):
        return {name: [1.0 if name == "loop" else 2.0] for name in calls}

    monkeypatch.setattr(timing, "interleaved", pretend)
    monkeypatch.setattr(candidates, "compiled", lambda run, _: SimpleNamespace(call=id))
    monkeypatch.setattr(candidates, "ORDER", ("kernel",))
    command = ["tune", "--random", "2", "--out", str(tmp_path / "random.json")]
    assert main(command) == 0
    told = capsys.readouterr().out
    first, second = itertools.islice(random_layers(), 2)
    assert told.startswith(f"{first.shape} kernel")
    assert f"\n{second.shape} kernel" in told
    slow = len(re.findall("unmeasured: (?!loop)", told))
    assert slow
    assert f"they take {2 ** (slow / 2):.3f} times as long" in told
    assert f"(geometric mean of 2); {slow} of them" in " ".join(told.split())


def test_random_layers_are_of_every_kind_and_the_same_each_time():
    layers = list(itertools.islice(random_layers(), 200))
    assert layers == list(itertools.islice(random_layers(), 200))
    assert layers[0] != next(random_layers(seed=1))
    assert not {each.shape for each in layers} & {each.shape for each in LISTED}
    assert {each.rank for each in layers} == {1, 2, 3}
    assert {each.family for each in layers} == {"dense", "grouped", "depthwise"}
    assert {"strided", "dilated", "pointwise"} < {
        tag for each in layers for tag in each.tags
    }
    assert all(min(each.geometry.output_shape) > 0 for each in layers)


@pytest.mark.parametrize("text", ["my thesis", '{"schema": "other"}', "[]"])
def test_another_file_is_not_replaced(tmp_path, text, capsys):
    path = tmp_path / "thesis.txt"
    path.write_text(text)
    assert main(["tune", "--input", "5", "--kernel", "2", "--out", str(path)]) == 2
    assert path.read_text() == text
    assert "a new file, or one of tune's" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["--input", "5"], ["--batch", "2"], ["--groups", "2"], ["--padding", "same"]],
    ids=" ".join,
)
def test_sizes_beside_layers_are_refused(words, capsys):
    for whose in (["--layers", "resnet50/*"], ["--random", "2"]):
        assert main(["tune", *whose, *words]) == 2
        assert f"nothing beside {whose[0]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--input"),
        (["--layers", "no/such"], "--layers"),
        (["--layers", "resnet50/*", "--random", "2"], "--random"),
        (["--random", "0"], "--random"),
        (["--input", "5", "--kernel", "2", "--dtype", "float1"], "--dtype"),
        (["--input", "5", "--kernel", "2", "--groups", "2"], "groups"),
        (["--input", "5", "--kernel", "2", "--out", "no/folder/t.json"], "--out"),
        (["--input", "5", "--kernel", "2", "--out", "/proc/t.json"], "--out"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_bad_usage_says_what_is_wrong(words, message, capsys):
    assert main(["tune", *words]) == 2
    assert message in capsys.readouterr().err
