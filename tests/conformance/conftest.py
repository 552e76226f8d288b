"""SciPy's tests are marked with names that a strict pytest must be told."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.conformance.scipy_tests import MARKED


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks that stand in SciPy's files."""
    for name in MARKED:
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            spec = None
        if spec is None or spec.origin is None:
            continue
        text = Path(spec.origin).read_text("utf-8")
        for mark in sorted(set(re.findall(r"pytest\.mark\.(\w+)", text))):
            config.addinivalue_line("markers", f"{mark}: of SciPy's tests")
