"""Training: reproducible, resumable, and refused where it cannot be."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jconv import nn
from jconv.errors import GeometryError
from jconv.nn import data, zoo
from jconv.nn.data.dataset import Dataset, Examples
from jconv.nn.train import (
    EpochDone,
    Problem,
    Run,
    Settings,
    checkpoints,
    compare,
    files,
    fit,
    optimisers,
    pictures,
    step,
)

SETTINGS = Settings("mlp", epochs=3, batch_size=8, width=4, shift=1, flip=True)


def tiny(count: int = 20) -> Dataset:
    rng = np.random.default_rng(0)
    images = rng.random((count, 4, 4, 1), np.float32)
    # A label that can be learned: whether the left half is the brighter one.
    labels = images[:, :, :2].sum((1, 2, 3)) > images[:, :, 2:].sum((1, 2, 3))
    examples = Examples(images, labels.astype(np.int32))
    return Dataset("tiny", examples, examples.take(slice(0, 7)), ("right", "left"))


@pytest.fixture(autouse=True)
def as_on_the_command_line():
    with jax.enable_x64(False):  # noqa: FBT003
        yield


def ended(run, *given):
    return [event for event in fit(run, *given) if isinstance(event, EpochDone)]


def numbers(record):
    return {k: v for k, v in record.items() if k not in ("seconds", "examples_per_s")}


def test_equal_seeds_end_in_equal_bits_and_other_seeds_do_not():
    digests, records = [], []
    first, other = (
        Run.of(dataclasses.replace(SETTINGS, seed=seed), tiny()) for seed in (0, 1)
    )
    for run in (first, first, other):
        events = ended(run)
        digests.append(checkpoints.digest(events[-1].now))
        records.append([numbers(event.record) for event in events])
    assert digests[0] == digests[1] != digests[2]
    assert records[0] == records[1]
    assert [each["epoch"] for each in records[0]] == [1, 2, 3]


def all_kinds_of_state(classes: int) -> nn.Sequential:
    """Running means, and something drawn in each step, behind a convolution."""
    layers = (nn.Conv(2, 3), nn.BatchNorm(), nn.Dropout(), nn.Flatten())
    return nn.Sequential((*layers, nn.Dense(classes)))


def test_a_kept_run_goes_on_in_the_same_bits(tmp_path, monkeypatch):
    pytest.importorskip("orbax.checkpoint")
    monkeypatch.setitem(zoo.MODELS, "cnn", all_kinds_of_state)
    settings = dataclasses.replace(
        SETTINGS, model="cnn", width=None, optimiser="momentum"
    )
    # One run, which is compiled once; test_cli_train_killed has a process for each.
    run = Run.of(settings, tiny(17))
    whole = ended(run)
    with checkpoints.opened(tmp_path) as kept:
        for event in fit(run):
            if isinstance(event, EpochDone):
                kept.save(event.now, [event.record], settings)
                break  # killed after the first epoch
    with checkpoints.opened(tmp_path) as kept:
        found = kept.restore(run)
    assert found.settings == settings
    rest = ended(run, found.now, 1)
    assert checkpoints.digest(rest[-1].now) == checkpoints.digest(whole[-1].now)
    assert [numbers(each.record) for each in rest] == [
        numbers(each.record) for each in whole[1:]
    ]


def test_a_step_descends_the_mean_cross_entropy_of_the_batch():
    net = nn.Sequential((nn.Flatten(), nn.Dense(2)))
    problem = Problem(net)
    images, labels = jnp.ones((1, 1, 1, 1)), jnp.array([1])
    optimiser = optimisers.build("sgd", "constant", 0.5, 1)
    now = step.begin(problem, optimiser, (1, 1, 1), 0)
    zero = jax.tree.map(jnp.zeros_like, now.params)
    now = dataclasses.replace(now, params=zero)
    after, measured = step.make_step(problem, optimiser, 0)(now, images, labels)
    # Logits (0, 0): p = (1/2, 1/2), so the slope of the biases is (1/2, -1/2).
    assert after.params[1]["bias"].tolist() == [-0.25, 0.25]
    assert after.params[1]["kernel"].tolist() == [[-0.25, 0.25]]
    assert float(measured["loss"]) == pytest.approx(np.log(2), rel=2.0**-22)
    assert int(after.step) == 1


def test_judging_counts_every_example_once():
    problem = Problem(nn.Flatten())  # the pictures are the logits
    logits = np.array([[3.0, 0], [0, 3], [3, 0], [3, 0], [0, 3]], np.float32)
    whole = Examples(logits[:, None, :, None], np.array([0, 1, 1, 0, 1], np.int32))
    for size in (1, 2, 5, 9):
        found = step.judge(problem, (), (), whole, size)
        assert found["accuracy"] == 4 / 5
        assert found["loss"] == pytest.approx((5 * np.log1p(np.exp(-3)) + 3) / 5)


@pytest.mark.parametrize("precision", ["bfloat16", "float64"])
def test_precision_is_that_of_the_products_and_parameters_stay_wide(precision):
    seen = []

    def spy(x):
        seen.append(x.dtype)
        return x

    net = nn.Sequential((nn.Conv(2, 3), nn.Activation(spy), nn.Flatten(), nn.Dense(2)))
    with jax.enable_x64(precision == "float64"):
        problem = Problem(net, precision=precision)
        optimiser = optimisers.build("adam", "cosine", None, 2)
        begun = step.begin(problem, optimiser, (4, 4, 1), 0)
        batch = tiny().train.take(slice(0, 8)).arrays()
        seen.clear()  # shapes were traced so far
        after, measured = jax.eval_shape(
            step.make_step(problem, optimiser, 0), begun, *batch
        )
    assert seen
    assert set(seen) == {jnp.dtype(precision)}
    wide = "float64" if precision == "float64" else "float32"
    assert {leaf.dtype for leaf in jax.tree.leaves(after.params)} == {jnp.dtype(wide)}
    assert measured["loss"].dtype == jnp.dtype(wide)


@pytest.mark.parametrize("schedule", optimisers.SCHEDULES)
@pytest.mark.parametrize("name", optimisers.OPTIMISERS)
def test_every_optimiser_descends_under_every_schedule(name, schedule):
    made = optimisers.build(name, schedule, 0.125, 10, weight_decay=0.0)
    params = jnp.ones(2, jnp.float32)
    state = made.init(params)
    moved = []
    for _ in range(2):  # a warm-up begins with a step of nothing
        change, state = made.update(jnp.array([1.0, -2.0], jnp.float32), state, params)
        moved.append(change)
    assert np.sign(moved[-1]).tolist() == [-1.0, 1.0]


def test_schedules_end_where_they_should():
    rate = {name: optimisers._schedule(name, 1.0, 100) for name in optimisers.SCHEDULES}
    ends = {name: (float(each(0)), float(each(100))) for name, each in rate.items()}
    assert ends == {
        "constant": (1.0, 1.0),
        "cosine": (1.0, 0.0),
        "warmup-cosine": (0.0, 0.0),
        "exponential": (1.0, pytest.approx(0.01)),
        "linear": (1.0, 0.0),
    }
    assert float(rate["warmup-cosine"](10)) == 1.0


WRONG = {
    "model": {"model": "cnnn"},
    "optimiser": {"optimiser": "adamm"},
    "schedule": {"schedule": "cosin"},
    "learning_rate": {"learning_rate": 0.0},
    "precision": {"precision": "float8"},
    "epochs": {"epochs": 0},
    "batch_size": {"batch_size": 0},
    "seed": {"seed": -1},
    "weight_decay": {"weight_decay": -1.0},
}


@pytest.mark.parametrize(("name", "wrong"), WRONG.items(), ids=WRONG)
def test_settings_of_no_run_are_refused_by_name(name, wrong):
    with pytest.raises(GeometryError, match=f"^{name}="):
        Settings(**wrong)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch_size": 21}, r"batch_size=21: expected 1 \.\.\. 20"),
        ({"crop": 5}, "crop=5"),
        ({"model": "lenet5", "width": None}, "window"),
        ({"model": "lenet5"}, "width=4: expected none"),
    ],
)
def test_what_does_not_fit_the_data_is_refused(changes, said):
    with pytest.raises(GeometryError, match=said):
        Run.of(dataclasses.replace(SETTINGS, **changes), tiny())


def test_settings_survive_a_file_and_unknown_ones_do_not():
    assert Settings.from_dict(json.loads(json.dumps(SETTINGS.as_dict()))) == SETTINGS
    with pytest.raises(GeometryError, match="epoch_count"):
        Settings.from_dict({"epoch_count": 3})
    with pytest.raises(GeometryError, match="epochs=4: expected 3, with which"):
        checkpoints.check_same(dataclasses.replace(SETTINGS, epochs=4), SETTINGS)


def test_a_comparison_is_planned_at_equal_parameters():
    digits = data.digits()
    runs = compare.plan(["mlp", "cnn"], Settings(width=8), digits)
    counts = {
        name: nn.parameter_count(Run.of(own, digits).problem.model, (8, 8, 1))
        for name, own in runs.items()
    }
    assert counts["cnn"] == counts["cnn-permuted"]
    assert counts["mlp"] == counts["mlp-permuted"]
    # One more unit in both hidden layers is the step between two widths.
    assert abs(counts["mlp"] - counts["cnn"]) < 2 * runs["mlp"].width + 64 + 10 + 2


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = files.write_json(tmp_path / "x.json", {"old": 1})
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, {"new": float("nan")})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_json(path, {"new": 2})
    assert json.loads(path.read_text()) == {"old": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["x.json"]


def test_pictures_are_drawn_for_grey_colour_and_dense_kernels():
    record = {"epoch": 1, "train_loss": 1.0, "test_loss": 2.0}
    record |= {"train_accuracy": 0.5, "test_accuracy": 0.25}
    rng = np.random.default_rng(0)
    drawn = [
        pictures.curves({"a": [record], "b": [record, record | {"epoch": 2}]}),
        pictures.filters(rng.normal(size=(3, 3, 1, 5))),
        pictures.filters(rng.normal(size=(3, 3, 3, 2))),
    ]
    assert all(each.startswith(b"\x89PNG") for each in drawn)
    with pytest.raises(GeometryError):
        pictures.filters(np.ones((3, 3)))
    params = ((), {"kernel": np.ones((6, 4)), "bias": np.ones(4)})
    assert pictures.first_kernel(params) is None
    assert pictures.dense_kernel(params, (2, 3, 1)).shape == (2, 3, 1, 4)
    assert pictures.dense_kernel(params, (4, 4, 1)) is None


def test_importing_jconv_loads_nothing_that_only_training_needs():
    code = "import jconv, sys; print([n for n in sys.argv[1:] if n in sys.modules])"
    names = ["optax", "orbax", "sklearn", "matplotlib", "rich", "PIL"]
    found = subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
