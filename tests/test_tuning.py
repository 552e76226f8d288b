"""Measured choices: a hashable method, a file that is believed only where it holds."""

from __future__ import annotations

import functools
import itertools
import json
import os
import pickle
import re
import warnings
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from jax import lax

import jconv
from jconv import GeometryError, TuningWarning, cli_tune, tuning
from jconv.algorithms import DIRECT, REGISTRY, Tuned, choose
from jconv.algorithms.tuned import describe
from jconv.bench import candidates, timing
from jconv.bench.held_out import HELD_OUT
from jconv.bench.layers import LAYERS
from jconv.bench.random_layers import random_layers
from jconv.cli import main
from jconv.geometry import OPERANDS, Geometry
from tests.cases import named, oracle

LISTED = (*LAYERS, *HELD_OUT)
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


# Measuring --------------------------------------------------------------------------


def test_every_able_algorithm_is_measured_and_the_fastest_wins(monkeypatch):
    forward, dx, dw = candidates.contractions(GEOMETRY, (2, 2, 3), "float32", "layer")
    assert [each.out for each in (forward, dx, dw)] == ["output", "input", "kernel"]
    assert forward.shapes == SHAPES
    asked = []

    def pretend(calls, _):
        asked.extend(calls)
        return {name: [1.0, 2.0 if name != "loop" else 0.5] for name in calls}

    monkeypatch.setattr(timing, "interleaved", pretend)
    measured = candidates.measure(forward, "cpu", timing.Effort(0.1))
    able = [n for n, e in REGISTRY.items() if not e.refuses(*forward.call("cpu"))]
    assert set(asked) <= set(able)
    assert "taps" in asked
    assert measured.fastest == "loop"
    assert measured.predicted.keys() <= set(able)


def test_the_command_stores_and_the_method_takes(tmp_path, capsys):
    path = tmp_path / "tuned.json"
    sizes = ["--input", "5", "--kernel", "2", "--channels", "1:1"]
    command = ["tune", *sizes, "--seconds", "0.05", "--out", str(path)]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "3 choices" in told
    assert not any(line.rstrip().endswith("ms  ;") for line in told.splitlines())
    assert main([*command, "--stride", "2"]) == 0
    assert "6 choices" in capsys.readouterr().out
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(jconv.tuned(path).entries) == 6
    kept = json.loads(path.read_text())
    assert kept["samples"].keys() == kept["choices"].keys()


def test_a_line_of_one_algorithm_has_no_stray_spaces():
    forward, *_ = candidates.contractions(GEOMETRY, (2, 2, 3), "float32", "layer")
    measured = candidates.Measured(
        forward, {"taps": [1e-5]}, dict.fromkeys(("taps", "loop", "mixed"), 1.0)
    )
    assert cli_tune._line(measured).endswith("ms[/green]  [dim]2 not tried[/dim]")


def test_random_layers_tell_how_well_the_choice_does(tmp_path, monkeypatch, capsys):
    def pretend(calls, _):
        return {name: [1.0 if name == "loop" else 2.0] for name in calls}

    monkeypatch.setattr(timing, "interleaved", pretend)
    monkeypatch.setattr(candidates, "compiled", lambda run, _: SimpleNamespace(call=id))
    monkeypatch.setattr(candidates, "ORDER", ("kernel",))
    command = ["tune", "--random", "2", "--out", str(tmp_path / "random.json")]
    assert main(command) == 0
    told = capsys.readouterr().out
    first, second = itertools.islice(random_layers(), 2)
    assert told.startswith(f"{first.shape} kernel")
    assert f"\n{second.shape} kernel" in told
    slow = len(re.findall("unmeasured: (?!loop)", told))
    assert slow
    assert f"they take {2 ** (slow / 2):.3f} times as long" in told
    assert f"(geometric mean of 2); {slow} of them" in " ".join(told.split())


def test_random_layers_are_of_every_kind_and_the_same_each_time():
    layers = list(itertools.islice(random_layers(), 200))
    assert layers == list(itertools.islice(random_layers(), 200))
    assert layers[0] != next(random_layers(seed=1))
    assert not {each.shape for each in layers} & {each.shape for each in LISTED}
    assert {each.rank for each in layers} == {1, 2, 3}
    assert {each.family for each in layers} == {"dense", "grouped", "depthwise"}
    assert {"strided", "dilated", "pointwise"} < {
        tag for each in layers for tag in each.tags
    }
    assert all(min(each.geometry.output_shape) > 0 for each in layers)


@pytest.mark.parametrize("text", ["my thesis", '{"schema": "other"}', "[]"])
def test_another_file_is_not_replaced(tmp_path, text, capsys):
    path = tmp_path / "thesis.txt"
    path.write_text(text)
    assert main(["tune", "--input", "5", "--kernel", "2", "--out", str(path)]) == 2
    assert path.read_text() == text
    assert "a new file, or one of tune's" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["--input", "5"], ["--batch", "2"], ["--groups", "2"], ["--padding", "same"]],
    ids=" ".join,
)
def test_sizes_beside_layers_are_refused(words, capsys):
    for whose in (["--layers", "resnet50/*"], ["--random", "2"]):
        assert main(["tune", *whose, *words]) == 2
        assert f"nothing beside {whose[0]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--input"),
        (["--layers", "no/such"], "--layers"),
        (["--layers", "resnet50/*", "--random", "2"], "--random"),
        (["--random", "0"], "--random"),
        (["--input", "5", "--kernel", "2", "--dtype", "float1"], "--dtype"),
        (["--input", "5", "--kernel", "2", "--groups", "2"], "groups"),
        (["--input", "5", "--kernel", "2", "--out", "no/folder/t.json"], "--out"),
        (["--input", "5", "--kernel", "2", "--out", "/proc/t.json"], "--out"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_bad_usage_says_what_is_wrong(words, message, capsys):
    assert main(["tune", *words]) == 2
    assert message in capsys.readouterr().err
