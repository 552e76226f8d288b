"""What is installed is whole: data come with the modules, examples with the names."""

from __future__ import annotations

import importlib.metadata
import inspect
import subprocess
import sys
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import jconv
from jconv.version import source_digest, version

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


def without_example(room: ModuleType) -> list[str]:
    """Public callables of a room whose docstring has nothing that runs."""
    public = {name: getattr(room, name) for name in room.__all__}
    return [
        name
        for name, each in public.items()
        if callable(each) and ">>>" not in (each.__doc__ or "")
    ]


@pytest.mark.parametrize(
    "room", [jconv, jconv.lax, jconv.nn], ids=lambda room: room.__name__
)
def test_every_public_name_has_an_example(room: ModuleType) -> None:
    assert without_example(room) == []


def test_a_name_without_example_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def described() -> None:
        """Examples: none that runs."""

    planted = {"conv": described, "max_pool": lambda: None, "lp_pool": jconv.lp_pool}
    for name, each in planted.items():
        monkeypatch.setattr(jconv, name, each)
    assert without_example(jconv) == ["conv", "max_pool"]


# Types ------------------------------------------------------------------------------


def of_any_type(room: ModuleType) -> list[str]:
    """Public functions of a room whose result a type checker knows nothing of."""
    public = {name: getattr(room, name) for name in room.__all__}
    return [
        name
        for name, each in public.items()
        if inspect.isfunction(each) and each.__annotations__.get("return") == "Any"
    ]


@pytest.mark.parametrize("room", [jconv, jconv.lax, jconv.nn, jconv.sharding])
def test_every_public_function_says_what_it_returns(room: ModuleType) -> None:
    assert of_any_type(room) == []


def test_a_function_that_returns_anything_is_found(monkeypatch) -> None:
    def anything() -> Any: ...

    monkeypatch.setattr(jconv, "max_pool", anything)
    assert of_any_type(jconv) == ["max_pool"]


@pytest.mark.parametrize(
    "pool",
    [jconv.max_pool, jconv.min_pool, jconv.adaptive_max_pool],
    ids=lambda pool: pool.__name__,
)
def test_a_flag_decides_on_the_type_of_a_pool(pool: Any) -> None:
    """For a type checker: indices come if and only if they are asked for."""
    found = {
        each.__annotations__["return_indices"]: each.__annotations__["return"]
        for each in typing.get_overloads(pool)
    }
    assert found == {
        "Literal[False]": "Array",
        "Literal[True]": "tuple[Array, Array]",
        "bool": "Extremes",
    }


# Names that are imported when they are asked for -------------------------------------


def test_verify_is_there_after_importing_jconv() -> None:
    lazily = "import sys, jconv; assert 'jconv.verify' not in sys.modules; "
    program = lazily + "jconv.verify.registry; print(jconv.__version__)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == version()
    assert {"verify", "__version__"} <= set(dir(jconv))


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'veryfi'"):
        _ = jconv.veryfi


def test_the_digest_tells_codes_apart(tmp_path: Path, monkeypatch) -> None:
    here = source_digest.__wrapped__()
    assert here == source_digest()
    (tmp_path / "version.py").write_text("x = 1")
    monkeypatch.setattr("jconv.version.__file__", str(tmp_path / "version.py"))
    one = source_digest.__wrapped__()
    (tmp_path / "version.py").write_text("x = 2")
    assert len({here, one, source_digest.__wrapped__()}) == 3
