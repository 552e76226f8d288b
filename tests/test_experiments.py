"""Every experiment runs and writes a figure and its data, the same ones each time."""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments import speed_by_layer
from experiments._run import Missing
from jconv.verify import claims, device
from jconv.verify.claim import REGISTRY
from jconv.verify.claims import learning

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


Check = Callable[[dict[str, Any]], None]
CHECKS: dict[str, Check] = {}
"""What must be so of an experiment's numbers, beyond that there are some."""


def of(name: str) -> Callable[[Check], Check]:
    """Register what is asserted of an experiment's numbers."""

    def register(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return register


@pytest.mark.parametrize("name", NAMES)
def test_it_writes_its_figure_and_numbers_that_are_right(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"experiments.{name}")
    with trained_briefly(monkeypatch):
        figure, data = module.main(tmp_path, quick=True)
    assert figure.stem == data.stem == name.replace("_", "-")
    assert figure.read_bytes().startswith(b"\x89PNG")
    told = json.loads(data.read_text("utf-8"))
    assert told["claim"] == module.CLAIM
    assert len(told) > 2
    if check := CHECKS.get(name):
        check(told)


@contextlib.contextmanager
def trained_briefly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One epoch where a claim takes several; the claim's own are kept apart."""
    caches = (learning.outcome, learning._step)
    with monkeypatch.context() as patched:
        patched.setattr(learning, "EPOCHS", 1)
        for each in caches:
            patched.setattr(learning, each.__name__, functools.cache(each.__wrapped__))
        yield


def test_checks_are_of_experiments_that_there_are() -> None:
    assert set(CHECKS) <= set(NAMES)
    assert len(CHECKS) > 10


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


# What their numbers say --------------------------------------------------------------


@of("derivative_of_a_strided_convolution")
def the_derivative_is_the_one_worked_by_hand(told: dict[str, Any]) -> None:
    assert told["dx"] == [2, 4, -1, 2, 2, 6, -3]


@of("parameters_of_alexnet")
def parameters_are_those_of_the_literature(told: dict[str, Any]) -> None:
    assert told["convolution_weights"] == 2_332_704
    assert told["dense_weights_and_biases"] == 58_631_144


@of("channels_as_blocks")
def shapes_are_those_of_the_course(told: dict[str, Any]) -> None:
    assert [row["y"] for row in told["rows"]] == [[28, 28, 1], [28, 28, 4]]


@of("convolution_step_by_step")
def results_are_those_of_the_course(told: dict[str, Any]) -> None:
    assert told["y"] == [[19, 25], [37, 43]]


@of("ties_of_a_max_pool")
def ties_go_to_the_first_to_all_or_are_split(told: dict[str, Any]) -> None:
    sums = [sum(told[f"dx, {each}"]) for each in ("first", "all", "split")]
    assert sums == [12, 30, 12]


@of("border_of_two_padded_layers")
def padding_once_is_exact(told: dict[str, Any]) -> None:
    assert told["entries_that_differ_padded_once"] == 0
    assert told["entries_that_differ_padded_each_time"] > 0


@of("stride_and_padding")
def a_stride_leaves_an_input_out(told: dict[str, Any]) -> None:
    assert told["stride 3: the last input is unused"]["unused"] == 1


@of("rounding_error_against_size")
def errors_are_within_their_bounds(told: dict[str, Any]) -> None:
    assert told["rows"]
    assert all(row["error"] <= row["bound"] for row in told["rows"])


@of("gradients_during_training")
def so_they_are_at_every_step(told: dict[str, Any]) -> None:
    errors_are_within_their_bounds(told)
    steps = {row["step"] for row in told["rows"]}
    assert len(told["rows"]) == 6 * len(steps) > 6


@of("derivative_of_a_continuous_convolution")
def differences_are_of_second_order(told: dict[str, Any]) -> None:
    coarse, fine = told["apart"]
    name = "differences of f * g against f * g'"
    # Halving the step divides the error by nearly four.
    assert 3 < coarse[name] / fine[name] < 5


@of("receptive_fields")
def nothing_beyond_the_field_and_the_heart_inside_it(told: dict[str, Any]) -> None:
    assert [layer["field"] for layer in told["layers"]] == [5, 6, 10, 14]
    for layer in told["layers"]:
        assert layer["last"] - layer["first"] + 1 == layer["field"]
        for when in ("before training", "after training"):
            assert layer[when]["outside"] == 0
            assert 0 < layer[when]["pixels_with_nine_tenths"] < layer["field"] ** 2


@of("per_example_gradient_norms")
def every_example_is_counted_at_every_step(told: dict[str, Any]) -> None:
    rows = told["plain training"] + told["clipped, with noise"]
    assert {sum(row["counts"]) for row in rows} == {256}


@of("mlp_against_cnn")
def both_networks_have_as_many_parameters(told: dict[str, Any]) -> None:
    assert told["one_layer"]["cnn"] == 80
    assert told["one_layer"]["mlp"] == 785 * 26 * 26 * 8
    assert told["network"]["cnn"] == pytest.approx(told["network"]["mlp"], rel=0.02)


@of("speed_by_layer")
def speeds_are_those_of_the_record(told: dict[str, Any]) -> None:
    (found,) = told["devices"]
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
