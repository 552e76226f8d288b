"""Measured choices: a hashable method, a file that is believed only where it holds."""

from __future__ import annotations

import functools
import json
import os
import pickle

import jax
import numpy as np
import pytest
from jax import lax

import jconv
from jconv import GeometryError, TuningWarning, tuning
from jconv.algorithms import DIRECT, Tuned, choose
from jconv.algorithms.tuned import describe
from jconv.geometry import OPERANDS, Geometry
from tests.cases import named, oracle

GEOMETRY = Geometry.from_call((6,), (3,), stride=2, padding=1)
SHAPES = {
    "input": (1, 2, 6, 1, 2),
    "kernel": (1, 3, 2, 1, 3),
    "output": (1, 2, 3, 1, 3),
}


def call(out, platform="cpu"):
    shapes = {role: SHAPES[role] for role in OPERANDS[out]}
    return GEOMETRY, shapes, out, "float64", platform


def tuned_to(name, *outs):
    return Tuned.of({describe(*call(out)): name for out in outs})


# The value --------------------------------------------------------------------------


def test_it_steers_what_was_measured_and_nothing_else():
    measured = tuned_to("loop", "output")
    assert choose(*call("output"), measured).name == "loop"
    for other in (call("input"), call("output", "cuda"), call("output", None)):
        assert choose(*other, measured) == choose(*other)


@pytest.mark.parametrize("name", ["mixed", "no-such-algorithm"])
def test_a_choice_that_refuses_or_is_gone_is_left_to_the_cost_model(name):
    assert choose(*call("kernel"), tuned_to(name, "kernel")) == choose(*call("kernel"))


def test_it_steers_mapped_calls_and_batches_of_any_number_of_axes():
    """As Equinox has it: a batch axis of one, mapped over the examples."""
    x, w = np.ones((2, 6, 2)), np.ones((3, 2, 3))
    options = {"stride": 2, "padding": 1, "method": tuned_to("loop", "output")}
    found = []

    def chosen(function, *arrays):
        text = jax.jit(function).lower(*arrays).as_text()
        found.append("stablehlo.while" in text)

    conv = functools.partial(jconv.conv, **options)
    chosen(conv, x, w)
    chosen(jax.vmap(lambda x, w: conv(x[None], w), (0, None)), x, w)
    chosen(conv, x[None, :, None], w)
    chosen(conv, np.ones((3, 6, 2)), w)
    assert found == [True, True, True, False]


def test_a_partitioned_program_keeps_batches_whole_whatever_was_measured():
    measured = tuned_to("patches", "output")
    assert choose(*call("output"), measured).name == "patches"
    assert choose(*call("output"), measured, partitioned=True).keeps_batch_whole


def test_thousands_of_measurements_are_hashed_once_and_are_plain_in_a_pickle():
    hashed = []

    class Counted(str):
        __slots__ = ()

        def __hash__(self):
            hashed.append(self)
            return super().__hash__()

    measured = Tuned(((Counted("a"), "taps"),))
    assert len({hash(measured) for _ in range(3)}) == len(hashed) == 1
    assert vars(pickle.loads(pickle.dumps(tuned_to("loop", "output")))) == {
        "entries": tuned_to("loop", "output").entries
    }


def test_highest_precision_takes_no_transform_that_was_measured():
    geometry = Geometry.from_call((28, 28), (3, 3), padding="same")
    shapes = {"input": (1, 1, 28, 28, 1, 256), "kernel": (1, 3, 3, 256, 1, 256)}
    question = (geometry, shapes, "output", "float32", "cpu")
    highest = (lax.Precision.HIGHEST,) * 2
    for name, kept in (("winograd", False), ("taps", True)):
        measured = Tuned.of({describe(*question): name})
        assert choose(*question, measured).name == name
        chosen = choose(*question, measured, precision=highest)
        assert chosen.exact_on_integers
        assert (chosen.name == name) is kept
        assert choose(*question, Tuned(), precision=highest) == choose(
            *question, DIRECT
        )


def test_equal_measurements_are_one_value_and_one_compilation():
    first, second = tuned_to("loop", "output"), tuned_to("loop", "output")
    assert first == second
    assert hash(first) == hash(second)
    assert repr(first) == repr(second)
    assert first != tuned_to("taps", "output")
    traced = []

    @jax.jit
    def program(x, w):
        traced.append(x.shape)
        return jconv.conv(x, w, method=first)

    other = jax.jit(program, static_argnames=())
    x, w = np.ones((1, 4, 1)), np.ones((2, 1, 1))
    program(x, w)
    other(x, w)
    assert len(traced) == 1


def test_derivatives_look_up_their_own_entries():
    """A name is of the primal alone; measurements are of every contraction."""
    case = named("plain")
    measured = Tuned.of({"nothing": "taps"})
    x, w = case.array("input"), case.array("kernel")

    def methods(method):
        def loss(x, w):
            return jconv.conv(x, w, **case.arguments, method=method).sum()

        jaxpr = jax.make_jaxpr(jax.grad(loss, (0, 1)))(x, w)
        return [e.params["method"] for e in jaxpr.eqns if e.primitive.name == "conv"]

    assert methods(measured) == [measured] * 3
    assert methods("loop") == ["loop", "auto", "auto"]


def test_results_do_not_change():
    case = named("plain")
    x, w = case.array("input"), case.array("kernel")
    y = jconv.conv(x, w, **case.arguments, method=Tuned())
    np.testing.assert_array_equal(y, oracle(case, "output", x, w))


# The file ---------------------------------------------------------------------------


def test_what_is_stored_comes_back(tmp_path):
    path = tmp_path / "tuned.json"
    choices = dict(tuned_to("loop", "output", "kernel").entries)
    tuning.store(path, choices)
    assert jconv.tuned(path) == Tuned.of(choices)
    assert [each.name for each in tmp_path.iterdir()] == ["tuned.json"]


DAMAGES = {
    "truncated": lambda text: text[: len(text) // 2],
    "no object": lambda _: "[]",
    "very deep": lambda _: "[" * 100_000,
    "older schema": lambda text: text.replace(tuning.SCHEMA, "jconv-tuned-0"),
    "other jaxlib": lambda text: json.dumps({**json.loads(text), "jaxlib": "0.0.1"}),
    "other device": lambda text: json.dumps({**json.loads(text), "device": "abacus"}),
    "unknown name": lambda text: text.replace('"loop"', '"lop"'),
    "no name": lambda text: text.replace('"loop"', '["loop"]'),
    "choices gone": lambda text: text.replace('"choices"', '"choice"'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_or_stale_file_is_ignored_with_a_warning(tmp_path, damage):
    path = tmp_path / "tuned.json"
    tuning.store(path, dict(tuned_to("loop", "output").entries))
    path.write_text(damage(path.read_text()))
    with pytest.warns(TuningWarning, match="is not used"):
        assert jconv.tuned(path) == Tuned()


def test_a_missing_file_is_an_error_that_names_the_command(tmp_path):
    with pytest.raises(GeometryError, match="jconv tune"):
        jconv.tuned(tmp_path / "none.json")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "tuned.json"
    tuning.store(path, {})
    before = path.read_text()
    monkeypatch.setattr(tuning.Path, "replace", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tuning.store(path, dict(tuned_to("loop", "output").entries))
    assert path.read_text() == before
    assert [each.name for each in tmp_path.iterdir()] == ["tuned.json"]


def test_the_file_has_the_mode_of_any_other(tmp_path):
    tuning.store(tmp_path / "tuned.json", {})
    (tmp_path / "other").touch()
    modes = {each.stat().st_mode for each in tmp_path.iterdir()}
    assert len(modes) == 1


def test_what_is_no_file_is_written_to(tmp_path):
    """A pipe is not replaced by a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    tuning.writable("FILE", pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    tuning.replace(pipe, "words")
    assert os.read(reader, 99) == b"words"
    os.close(reader)
    assert pipe.is_fifo()
