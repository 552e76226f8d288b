"""Every experiment runs and writes a figure and its data, the same ones each time."""

from __future__ import annotations

import functools
import importlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jconv.algorithms import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[[str], tuple[Path, dict[str, Any]]]

ROOT = Path(__file__).parent.parent
NAMES = sorted(
    path.stem for path in (ROOT / "experiments").glob("*.py") if path.stem[0] != "_"
)
README = (ROOT / "experiments" / "README.md").read_text("utf-8")


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
    assert row.endswith(f"| `{module.CLAIM}` |")
    assert f"python -m experiments.{name} --out DIR" in module.__doc__


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
        if REGISTRY[row["method"]].exact_on_integers:  # the bound is of direct sums
            assert row["error"] <= row["bound"]
    coarse, fine = run("derivative_of_a_continuous_convolution")[1]["apart"]
    name = "differences of f * g against f * g'"
    # Differences of second order: halving the step divides the error by nearly four.
    assert 3 < coarse[name] / fine[name] < 5
