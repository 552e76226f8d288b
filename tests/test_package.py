"""What is installed is whole: templates and other data come with the modules."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def lacking(installed: set[str]) -> set[str]:
    """Files of the package that are no modules, and were not installed."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "jconv").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    } - installed


def test_data_is_installed_with_the_modules() -> None:
    try:
        files = importlib.metadata.files("jconv") or ()
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("jconv is run from its folder, not installed")
    installed = {path.as_posix() for path in files if path.parts[0] == "jconv"}
    if not installed:
        pytest.skip("an editable installation copies nothing")
    assert lacking(installed) == set()


def test_what_was_not_installed_is_found() -> None:
    assert {"jconv/py.typed", "jconv/verify/templates/report.html.j2"} <= lacking(set())
