"""Every planted fault is caught: by its claim, and by its test."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import jax
import pytest

from jconv.verify import claims as _registers_all  # noqa: F401
from jconv.verify.claim import REGISTRY
from jconv.verify.context import Context
from tests import faults as _registers_faults  # noqa: F401
from tests.planting import FAULTS, planted

ROOT = Path(__file__).parent.parent


CRASHES = {"negative-padding-ignored"}
"""What cannot be refuted but breaks the check: lax's result is of another size."""


def caught_by_claim(name: str) -> str:
    """How the fault's claim fell; empty if it still holds."""
    claim = REGISTRY[FAULTS[name].claim]
    context = dataclasses.replace(Context(quick=True), claim_id=claim.id)
    with planted(name), jax.enable_x64(True):  # noqa: FBT003  (as the engine does)
        try:
            for evidence in claim.check(context):
                if not evidence.holds:
                    return f"{claim.id}: {evidence.what}"
        except TypeError as error:
            if name not in CRASHES:
                raise
            return f"{claim.id}: {error}"
    return ""


NOTICED = ("AssertionError", "assert", "Failed: DID NOT RAISE")
"""How the message of a test begins that found a fault, and did not break on it."""


class Failures:
    """A plugin that hears which tests failed an assertion."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.heard: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        crash = getattr(report.longrepr, "reprcrash", None)
        if report.failed and report.when == "call" and crash is not None:
            self.heard.append(crash.message)
            if crash.message.startswith(NOTICED):
                self.found.append(report.nodeid)


@contextlib.contextmanager
def imported_anew() -> Iterator[None]:
    """What test modules made of the product when imported is made again inside.

    Else their tables would hold what the product without a fault gave, or the run
    that goes on would hold what it gave with one.
    """
    kept = {name: sys.modules.pop(name) for name in _test_modules()}
    try:
        yield
    finally:
        for name in _test_modules():
            del sys.modules[name]
        sys.modules.update(kept)


@contextlib.contextmanager
def first_failure() -> Iterator[None]:
    """Property tests stop at the first example that fails, however large it is."""
    now = hypothesis.settings.get_current_profile_name()
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("first failure", phases=phases)
    hypothesis.settings.load_profile("first failure")
    try:
        yield
    finally:
        hypothesis.settings.load_profile(now)


def _test_modules() -> list[str]:
    return [name for name in sys.modules if name.startswith("tests.test_")]


def caught_by_test(name: str) -> str:
    """Which test failed with the fault in.

    A run of pytest inside this one: to start another process for each fault takes
    longer than the tests.
    """
    heard = Failures()
    options = ["-x", "-q", "--no-header", "--assert=plain"]
    options += ["-p", "no:cacheprovider", "-p", "no:xdist"]
    with planted(name), imported_anew(), first_failure():
        pytest.main([*options, str(ROOT / FAULTS[name].test)], plugins=[heard])
    assert heard.found, heard.heard
    return heard.found[0]


@pytest.mark.parametrize("name", FAULTS)
def test_claim_catches(name: str) -> None:
    assert caught_by_claim(name)


@pytest.mark.parametrize("name", FAULTS)
def test_test_catches(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "")
    assert caught_by_test(name)


def test_there_are_enough() -> None:
    assert len(FAULTS) >= 15


@pytest.mark.parametrize("name", sorted({fault.claim for fault in FAULTS.values()}))
def test_claims_hold_without_a_fault(name: str) -> None:
    context = dataclasses.replace(Context(quick=True), claim_id=name)
    assert next(iter(REGISTRY[name].check(context))).holds
