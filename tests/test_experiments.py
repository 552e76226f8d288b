"""Every experiment runs and writes a figure and its data."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMES = sorted(
    path.stem for path in (ROOT / "experiments").glob("*.py") if path.stem[0] != "_"
)


@pytest.mark.parametrize("name", NAMES)
def test_it_writes_its_figure_and_its_data(name: str, tmp_path: Path) -> None:
    figure, data = importlib.import_module(f"experiments.{name}").main(tmp_path)
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert json.loads(data.read_text())


def test_the_derivative_in_the_figure_is_the_one_worked_by_hand(tmp_path: Path) -> None:
    module = importlib.import_module("experiments.derivative_of_a_strided_convolution")
    _, data = module.main(tmp_path)
    assert json.loads(data.read_text())["dx"] == [2, 4, -1, 2, 2, 6, -3]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_listed(name: str) -> None:
    assert f"`{name}`" in (ROOT / "experiments" / "README.md").read_text()
