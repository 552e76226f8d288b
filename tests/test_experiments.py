"""Every experiment runs and writes a figure and its data, the same ones each time."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
NAMES = sorted(
    path.stem for path in (ROOT / "experiments").glob("*.py") if path.stem[0] != "_"
)
README = (ROOT / "experiments" / "README.md").read_text("utf-8")


def numbers(name: str) -> dict[str, Any]:
    """What an experiment measures, without its figure."""
    return importlib.import_module(f"experiments.{name}").measure(True)  # noqa: FBT003


@pytest.mark.parametrize("name", NAMES)
def test_it_writes_its_figure_and_its_data(name: str, tmp_path: Path) -> None:
    module = importlib.import_module(f"experiments.{name}")
    figure, data = module.main(tmp_path, quick=True)
    assert figure.read_bytes().startswith(b"\x89PNG")
    told = json.loads(data.read_text("utf-8"))
    assert told["claim"] == module.CLAIM
    assert figure.stem == data.stem == name.replace("_", "-")


@pytest.mark.parametrize("name", NAMES)
def test_it_is_listed_with_its_claim_and_told_how_to_run(name: str) -> None:
    module = importlib.import_module(f"experiments.{name}")
    (row,) = re.findall(rf"^\| `{name}` \|.*$", README, re.MULTILINE)
    assert row.endswith(f"| `{module.CLAIM}` |")
    assert f"python -m experiments.{name} --out DIR" in module.__doc__


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    module = importlib.import_module("experiments.bottleneck")
    first, second = (module.main(tmp_path / each) for each in ("a", "b"))
    assert [path.read_bytes() for path in first] == [
        path.read_bytes() for path in second
    ]


def test_the_derivative_in_the_figure_is_the_one_worked_by_hand() -> None:
    found = numbers("derivative_of_a_strided_convolution")
    assert found["dx"] == [2, 4, -1, 2, 2, 6, -3]


def test_the_numbers_are_those_of_the_literature() -> None:
    alexnet = numbers("parameters_of_alexnet")
    assert alexnet["convolution_weights"] == 2_332_704
    assert alexnet["dense_weights_and_biases"] == 58_631_144
    shapes = [row["y"] for row in numbers("channels_as_blocks")["rows"]]
    assert shapes == [[28, 28, 1], [28, 28, 4]]
    assert numbers("convolution_step_by_step")["y"] == [[19, 25], [37, 43]]


def test_what_the_figures_say_is_so() -> None:
    ties = numbers("ties_of_a_max_pool")
    assert [sum(ties[f"dx, {each}"]) for each in ("first", "all", "split")] == [
        12,
        30,
        12,
    ]
    border = numbers("border_of_two_padded_layers")
    assert border["entries_that_differ_padded_once"] == 0
    assert border["entries_that_differ_padded_each_time"] > 0
    assert numbers("stride_and_padding")["stride 3: the last input is unused"][
        "unused"
    ] == (1)
    for row in numbers("rounding_error_against_size")["rows"]:
        assert row["error"] <= row["bound"]
    coarse, fine = numbers("derivative_of_a_continuous_convolution")["apart"]
    name = "differences of f * g against f * g'"
    # Differences of second order: halving the step divides the error by nearly four.
    assert 3 < coarse[name] / fine[name] < 5
