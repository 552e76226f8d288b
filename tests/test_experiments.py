"""Every experiment runs and writes a figure and its data, the same ones each time."""

from __future__ import annotations

import functools
import importlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from experiments import speed_by_layer
from experiments._run import Missing
from jconv.verify import claims, device
from jconv.verify.claim import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[[str], tuple[Path, dict[str, Any]]]

assert claims  # imported, so that they are registered

ROOT = Path(__file__).parent.parent
NAMES = sorted(
    path.stem for path in (ROOT / "experiments").glob("*.py") if path.stem[0] != "_"
)
README = (ROOT / "experiments" / "README.md").read_text("utf-8")


def record() -> dict[str, Any]:
    """A tiny run of ``jconv bench``: one layer, one row of a pool, PyTorch in one."""
    row = {"family": "dense", "name": "net/layer", "flop": 8e9, "limit_s": 0.1}
    rows = [
        row | {"role": role, "jconv": {"median_s": 0.5}, "lax": {"median_s": 1.0}}
        for role in ("fwd", "dx", "dw")
    ]
    rows[0]["torch"] = {"median_s": 0.25}
    rows.append(row | {"family": "pool", "role": "fwd", "jconv": None, "lax": None})
    return {
        "schema": "jconv-bench/1",
        "created": "2026-01-02T03:04:05+00:00",
        "device": device.record("cpu"),
        "command": "jconv bench",
        "limits": {"flop_per_s": 1e11},
        "rows": rows,
    }


@pytest.fixture(scope="module", autouse=True)
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of recorded runs: the real one may be empty, and changes."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "cpu.json").write_text(json.dumps(record()), "utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(speed_by_layer, "RESULTS", folder)
        yield folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs an experiment once: its figure, and the numbers beside it."""

    @functools.cache
    def once(name: str) -> tuple[Path, dict[str, Any]]:
        module = importlib.import_module(f"experiments.{name}")
        figure, data = module.main(tmp_path_factory.mktemp(name), quick=True)
        assert figure.stem == data.stem == name.replace("_", "-")
        return figure, json.loads(data.read_text("utf-8"))

    return once


@pytest.mark.parametrize("name", NAMES)
def test_it_writes_its_figure_and_its_data(name: str, run: Run) -> None:
    figure, told = run(name)
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert told["claim"] == importlib.import_module(f"experiments.{name}").CLAIM
    assert len(told) > 2


@pytest.mark.parametrize("name", NAMES)
def test_it_is_listed_with_its_claim_and_told_how_to_run(name: str) -> None:
    module = importlib.import_module(f"experiments.{name}")
    (row,) = re.findall(rf"^\| `{name}` \|.*$", README, re.MULTILINE)
    assert row.endswith(f"| `{module.CLAIM}` |" if module.CLAIM else "| – |")
    assert not module.CLAIM or module.CLAIM in REGISTRY
    assert f"python -m experiments.{name} --out DIR" in module.__doc__


def test_nothing_is_listed_that_is_not_there() -> None:
    assert re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) == NAMES


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    module = importlib.import_module("experiments.bottleneck")
    first, second = (module.main(tmp_path / each) for each in ("a", "b"))
    assert [path.read_bytes() for path in first] == [
        path.read_bytes() for path in second
    ]


def test_the_derivative_in_the_figure_is_the_one_worked_by_hand(run: Run) -> None:
    found = run("derivative_of_a_strided_convolution")[1]
    assert found["dx"] == [2, 4, -1, 2, 2, 6, -3]


def test_the_numbers_are_those_of_the_literature(run: Run) -> None:
    alexnet = run("parameters_of_alexnet")[1]
    assert alexnet["convolution_weights"] == 2_332_704
    assert alexnet["dense_weights_and_biases"] == 58_631_144
    shapes = [row["y"] for row in run("channels_as_blocks")[1]["rows"]]
    assert shapes == [[28, 28, 1], [28, 28, 4]]
    assert run("convolution_step_by_step")[1]["y"] == [[19, 25], [37, 43]]


def test_what_the_figures_say_is_so(run: Run) -> None:
    ties = run("ties_of_a_max_pool")[1]
    assert [sum(ties[f"dx, {each}"]) for each in ("first", "all", "split")] == [
        12,
        30,
        12,
    ]
    border = run("border_of_two_padded_layers")[1]
    assert border["entries_that_differ_padded_once"] == 0
    assert border["entries_that_differ_padded_each_time"] > 0
    assert run("stride_and_padding")[1]["stride 3: the last input is unused"][
        "unused"
    ] == (1)
    for row in run("rounding_error_against_size")[1]["rows"]:
        assert row["error"] <= row["bound"]
    coarse, fine = run("derivative_of_a_continuous_convolution")[1]["apart"]
    name = "differences of f * g against f * g'"
    # Differences of second order: halving the step divides the error by nearly four.
    assert 3 < coarse[name] / fine[name] < 5


def test_nothing_beyond_the_receptive_field_and_the_heart_inside_it(run: Run) -> None:
    layers = run("receptive_fields")[1]["layers"]
    assert [layer["field"] for layer in layers] == [5, 6, 10, 14]
    for layer in layers:
        assert layer["last"] - layer["first"] + 1 == layer["field"]
        for when in ("before training", "after training"):
            assert layer[when]["outside"] == 0
            assert 0 < layer[when]["pixels_with_nine_tenths"] < layer["field"] ** 2


def test_training_keeps_gradients_within_their_bounds(run: Run) -> None:
    told = run("gradients_during_training")[1]
    steps = {row["step"] for row in told["rows"]}
    assert len(told["rows"]) == 6 * len(steps)
    assert len(steps) > 1
    assert all(row["error"] <= row["bound"] for row in told["rows"])


def test_every_example_is_counted_at_every_step(run: Run) -> None:
    told = run("per_example_gradient_norms")[1]
    rows = told["plain training"] + told["clipped, with noise"]
    assert {sum(row["counts"]) for row in rows} == {256}


def test_parameters_of_a_dense_and_of_a_convolutional_layer(run: Run) -> None:
    told = run("mlp_against_cnn")[1]
    assert told["one_layer"]["cnn"] == 80
    assert told["one_layer"]["mlp"] == 785 * 26 * 26 * 8
    assert told["network"]["cnn"] == pytest.approx(told["network"]["mlp"], rel=0.02)


def test_speeds_are_those_of_the_record(run: Run) -> None:
    (found,) = run("speed_by_layer")[1]["devices"]
    (layer,) = found["layers"]
    rates = {"limit": 8e10, "jconv": 1.6e10, "lax": 8e9, "torch": 3.2e10}
    assert layer["passes"]["fwd"] == rates
    assert layer["passes"]["dw"] == rates | {"torch": None}


def test_without_a_record_it_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.json").write_text('{"schema": "another/1"}', "utf-8")
    monkeypatch.setattr(speed_by_layer, "RESULTS", tmp_path)
    with pytest.raises(Missing, match="jconv bench --json benchmarks/results/"):
        speed_by_layer.measure(True)  # noqa: FBT003 (as it is called)
    assert not list(tmp_path.glob("*.png"))
