"""SciPy's own tests of convolve and correlate, run on ``jconv.signal``.

The installed test module is imported, ``scipy.signal``'s four functions in it are
replaced by jconv's for the duration of a test, and the test's own method is called on
NumPy arrays. So the expected values, tolerances and errors are SciPy's.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import types
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np

from jconv import signal
from tests.conformance.suite import Case

MODULE = "scipy.signal.tests.test_signaltools"

MARKED = (MODULE, "scipy._lib._array_api")
"""Modules whose marks pytest meets when the first is imported."""

CLASSES = (
    "TestConvolve",
    "TestConvolve2d",
    "TestCorrelateReal",
    "TestCorrelate",
    "TestCorrelateComplex",
    "TestCorrelate2d",
)

NOT_APPLICABLE = {
    "TestConvolve.test_convolve_method": "truth-value-arrays",
    "TestConvolve2d.test_boundary_extension_full": "boundary",
    "TestConvolve2d.test_boundary_extension_same": "boundary",
    "TestConvolve2d.test_fillvalue": "boundary",
    "TestConvolve2d.test_fillvalue_empty": "boundary",
    "TestConvolve2d.test_fillvalue_errors": "boundary",
    "TestConvolve2d.test_invalid_dims": "all-2d",
    "TestConvolve2d.test_same_with_boundary": "boundary",
    "TestConvolve2d.test_sym_boundary": "boundary",
    "TestConvolve2d.test_wrap_boundary": "boundary",
}


def cases() -> Iterator[Case]:
    """The tests of these classes, one for each set of parameters."""
    module = importlib.import_module(MODULE)
    for owner in (getattr(module, name) for name in CLASSES):
        for name in (name for name in dir(owner) if name.startswith("test")):
            method = getattr(owner, name)
            marks = [*_marks(owner), *_marks(method)]
            slow = any(mark.name == "slow" for mark in marks)
            reason = NOT_APPLICABLE.get(f"{owner.__name__}.{name}")
            reason = "slow" if slow else reason
            for values in _parameters(marks):
                told = "-".join(str(getattr(v, "__name__", v)) for v in values.values())
                label = f"{owner.__name__}.{name}" + (f"[{told}]" if told else "")
                if reason:
                    yield Case(label, reason=reason)
                else:
                    check = functools.partial(run, module, owner, method, values)
                    yield Case(label, check)


def _marks(owner: Any) -> list[Any]:
    """What pytest was told about a class or a method."""
    return list(getattr(owner, "pytestmark", ()))


def _parameters(marks: list[Any]) -> Iterator[dict[str, Any]]:
    """All combinations of what the marks parametrise."""
    choices = []
    for mark in marks:
        if mark.name != "parametrize":
            continue
        names, values = mark.args[:2]
        if isinstance(names, str):
            names = [name.strip() for name in names.split(",")]
        choices.append(
            [
                dict(zip(names, _as_tuple(value, len(names)), strict=True))
                for value in values
            ]
        )
    for chosen in itertools.product(*choices):
        yield {name: value for each in chosen for name, value in each.items()}


def _as_tuple(value: Any, length: int) -> tuple[Any, ...]:
    """One entry of a parametrisation; ``pytest.param`` keeps its values apart."""
    if hasattr(value, "marks"):
        return tuple(value.values)
    return (value,) if length == 1 else tuple(value)


def run(module: Any, owner: Any, method: Any, values: dict[str, Any]) -> None:
    """Call one test with jconv's functions in the place of SciPy's."""
    np.random.seed(0)  # noqa: NPY002  # the tests draw from the global generator
    with mock.patch.multiple(module, **substitutes(module.signal)):
        method(owner(), xp=np, **values)


def substitutes(original: Any) -> dict[str, Any]:
    """What stands for what in the test module."""
    ours = {
        "convolve": adapted(signal.convolve),
        "convolve2d": adapted(signal.convolve),
        "correlate": adapted(signal.correlate),
        "correlate2d": adapted(signal.correlate),
    }
    return ours | {"signal": types.SimpleNamespace(**(vars(original) | ours))}


def adapted(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of jconv under SciPy's signature: sequences in, NumPy arrays out.

    SciPy's two methods, "fft" and "direct", are no names of jconv's; any other word is
    left for jconv to refuse.
    """

    def call(x: Any, w: Any, mode: str = "full", method: str = "auto") -> Any:
        method = "auto" if method in ("fft", "direct") else method
        x, w = np.asarray(x), np.asarray(w)
        return np.asarray(function(x, w, mode=mode, method=method))[()]

    return call
