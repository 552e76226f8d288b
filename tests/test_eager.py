"""Outside jit: the second call of a kind finds its program."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import jconv
from jconv.algorithms import taps
from tests.cases import Case, oracle


@pytest.fixture
def runs(monkeypatch):
    """Counts how often an algorithm is traced."""
    counted = []
    original = taps.Taps.run

    def run(self, *operands, **options):
        counted.append(options["out"])
        return original(self, *operands, **options)

    monkeypatch.setattr(taps.Taps, "run", run)
    return counted


def test_a_second_eager_call_traces_nothing(runs):
    case = Case("eager", (13,), (3,))
    x, w, dy = (case.array(role) for role in ("input", "kernel", "output"))
    for call in range(3):
        y = jconv.conv(x + call, w, method="taps")
        dx = jconv.conv_input_vjp(dy + call, w, input_shape=x.shape, method="taps")
        dw = jconv.conv_kernel_vjp(x + call, dy, kernel_shape=w.shape, method="taps")
        assert runs == ["output", "input", "kernel"]
    np.testing.assert_array_equal(y, oracle(case, "output", x + 2, w))
    np.testing.assert_array_equal(dx, oracle(case, "input", w, dy + 2))
    np.testing.assert_array_equal(dw, oracle(case, "kernel", x + 2, dy))


def test_another_geometry_is_another_program(runs):
    case = Case("eager-strided", (17,), (3,))
    x, w = case.array("input"), case.array("kernel")
    for stride in (1, 2, 1, 2):
        jconv.conv(x, w, stride=stride, method="taps")
    assert runs == ["output", "output"]


def test_equal_arguments_written_differently_share_a_program(runs):
    case = Case("eager-written", (19,), (3,))
    x, w = case.array("input"), case.array("kernel")
    for padding in ("same", "SAME", 1, (1,), [(1, 1)], ((np.int64(1), 1),)):
        jconv.conv(x, w, padding=padding, method="taps")
    assert runs == ["output"]


def test_a_second_eager_gradient_compiles_nothing(caplog):
    case = Case("eager-gradient", (23,), (3,))
    x, w = case.array("input"), case.array("kernel")

    def gradients():
        _, pull = jax.vjp(lambda x, w: jconv.conv(x, w, padding="same"), x, w)
        return pull(np.ones((2, 23, 3)))

    with jax.log_compiles(), caplog.at_level("WARNING"):
        gradients()
        first = len(caplog.records)
        gradients()
        assert len(caplog.records) == first
    assert first > 0


def test_the_default_precision_is_not_forgotten_between_calls():
    """It steers the program, so it must be part of what the cache sees."""
    case = Case("eager-precision", (29,), (3,))
    x = case.array("input", dtype="float32")
    w = case.array("kernel", dtype="float32")

    def text():
        return jax.jit(jconv.conv).lower(x, w).as_text()

    assert "HIGHEST" not in text()
    with jax.default_matmul_precision("highest"):
        assert "HIGHEST" in text()
    assert "HIGHEST" not in text()


def test_numpy_arrays_give_jax_arrays():
    case = Case("numpy", (5,), (3,))
    x, w = case.array("input"), case.array("kernel")
    assert isinstance(jconv.conv(x, w), jax.Array)
