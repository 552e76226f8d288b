"""The rows of ``jconv bench``: their data, and that both sides compute the same."""

from __future__ import annotations

import collections
import math

import jax
import numpy as np
import pytest

from jconv.bench import conv_rows, models, peers, step_rows
from jconv.bench.held_out import HELD_OUT
from jconv.bench.layer import ROLE_OF, Layer
from jconv.bench.layers import (
    FLOP_CEILING,
    GROUPED_FLOP_CEILING,
    LAYERS,
    QUICK,
)
from jconv.bench.pool_rows import POOLS, Pool, pool_rows
from jconv.bench.selection import TABLES, Selection
from jconv.errors import GeometryError
from jconv.nn import models as networks
from jconv.nn.layer import shapes

EVERY = [*LAYERS, *HELD_OUT, *conv_rows.PER_EXAMPLE]

TINY = (
    Layer("plain", 2, (5, 4), 3, 2, (3, 2), padding=1),
    Layer("strided", 2, (7, 6), 2, 4, (3, 3), stride=2, padding=1),
    Layer("grouped", 1, (5, 5), 4, 6, (3, 3), groups=2),
    Layer("depthwise", 2, (6, 5), 3, 3, (3, 3), 1, (1, 0), groups=3),
    Layer("dilated", 1, (9,), 2, 3, (3,), 1, 2, dilation=2),
    Layer("volume", 1, (3, 4, 4), 2, 2, (2, 2, 3), (1, 2, 1), (1, 0, 1)),
)


def integers(shapes, seed=0):
    """Small whole numbers: sums of their products are exact in float32."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, shape).astype(np.float32) for shape in shapes]


def test_there_are_enough_layers_of_every_kind():
    assert len(LAYERS) >= 40
    tags = collections.Counter(tag for layer in LAYERS for tag in layer.tags)
    expected = {"dense", "grouped", "depthwise", "1-D", "2-D", "3-D", "pointwise"}
    expected |= {"patch", "strided", "dilated", "long"}
    assert {tag for tag, count in tags.items() if count >= 2} == expected
    for network in ("resnet50", "vgg", "mobilenet", "efficientdet", "convnext"):
        assert any(layer.name.startswith(network) for layer in LAYERS)


def test_names_are_unique_and_nothing_held_out_is_fitted_to():
    names = [layer.name for layer in EVERY] + [pool.name for pool in POOLS]
    assert max(collections.Counter(names).values()) == 1
    sizes = {layer.canonical_shapes.__repr__() + layer.shape for layer in LAYERS}
    assert not sizes & {h.canonical_shapes.__repr__() + h.shape for h in HELD_OUT}
    assert set(QUICK) <= set(names)


@pytest.mark.parametrize("layer", EVERY, ids=lambda layer: layer.name)
def test_layers_follow_the_scaling_rule(layer):
    ceiling = FLOP_CEILING if layer.groups == 1 else GROUPED_FLOP_CEILING
    assert 0 < layer.flop <= ceiling
    assert layer.batch <= 64 if layer in conv_rows.PER_EXAMPLE else layer.batch <= 8


def test_operations_and_bytes_of_a_layer_counted_by_hand():
    layer = Layer("by hand", 2, (4, 4), 3, 5, (2, 2), stride=2)
    assert layer.flop == 2 * 2 * (2 * 2) * (2 * 2) * 3 * 5
    assert layer.n_bytes == 4 * (2 * 4 * 4 * 3 + 2 * 2 * 3 * 5 + 2 * 2 * 2 * 5)


@pytest.mark.parametrize("layer", TINY, ids=lambda layer: layer.name)
def test_the_peer_computes_the_same(layer):
    for pass_ in conv_rows.PASSES:
        operands = integers(layer.operand_shapes(pass_))
        ours = jax.jit(conv_rows.our_pass(layer, pass_))(*operands)
        theirs = jax.jit(peers.lax_pass(layer, pass_))(*operands)
        assert ours.shape == layer.shapes[ROLE_OF[pass_]]
        assert np.array_equal(ours, theirs)


def test_the_peer_of_per_example_gradients_computes_the_same(monkeypatch):
    monkeypatch.setattr(conv_rows, "PER_EXAMPLE", (TINY[0], TINY[3]))
    rows = list(conv_rows.per_example_rows())
    assert len(rows) == 2
    for row in rows:
        operands = integers(row.operands)
        ours, theirs = jax.jit(row.ours)(*operands), jax.jit(row.lax)(*operands)
        assert np.array_equal(ours, theirs)
        moved = sum(map(math.prod, row.operands)) + ours.size
        assert row.n_bytes == 4 * moved


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_the_peer_of_a_pool_computes_the_same(kind, monkeypatch):
    tiny = Pool("tiny", kind, 2, (6, 6), 3, (2, 2), 2)
    monkeypatch.setattr("jconv.bench.pool_rows.POOLS", (tiny,))
    for row in pool_rows():
        # Distinct numbers, so that no rule for ties is needed:
        rng = np.random.default_rng(0)
        shapes = row.operands
        operands = [
            rng.permutation(math.prod(shape)).reshape(shape).astype(np.float32)
            for shape in shapes
        ]
        ours, theirs = jax.jit(row.ours)(*operands), jax.jit(row.lax)(*operands)
        assert np.array_equal(ours, theirs)  # divided by 4: exact


@pytest.mark.parametrize("model", models.MODELS, ids=lambda model: model.name)
def test_a_training_step_returns_its_parameters_and_a_loss(model):
    operands = (model.initial(), *model.examples())
    assert operands[2].max() < models.CLASSES
    for operations in (step_rows.ours("auto"), step_rows.LAX):
        updated, loss = jax.eval_shape(model.step(operations), *operands)
        assert {name: p.shape for name, p in updated.items()} == model.parameters
        assert loss.shape == ()


def test_the_vgg_of_the_table_is_the_one_that_is_trained():
    (model,) = (each for each in models.MODELS if each.name == "step/vgg")
    shape = (model.image, model.image, 3)
    params, _ = shapes(networks.vgg(), shape)
    trained = sorted(leaf.shape for leaf in jax.tree.leaves(params))
    assert sorted(model.parameters.values()) == trained
    # Equal sizes in equal order, so equal operations; counted by the layers themselves.
    assert step_rows.forward_flop(model) == networks.vgg().flop(shape) * model.batch


def test_operations_of_a_model_counted_by_hand():
    def forward(ops, p, images):
        return ops.product(ops.conv(images, p["w"], stride=2), p["head"])

    shapes = {"w": (2, 2, 3, 5), "head": (5, 7)}
    model = models.Model("by hand", forward, shapes, batch=2, image=4)
    conv = Layer("", 2, (4, 4), 3, 5, (2, 2), stride=2).flop
    assert step_rows.forward_flop(model) == conv + 2 * (2 * 2 * 2) * 5 * 7


# Selecting ---------------------------------------------------------------------------

SELECTIONS = {
    "everything but the held-out layers": (
        Selection(),
        3 * len(LAYERS)
        + len(conv_rows.PER_EXAMPLE)
        + 2 * len(POOLS)
        + len(models.MODELS),
    ),
    "quick": (Selection(quick=True), 3 * 9 + 1 + 2),
    "held out": (Selection(("held-out",)), 3 * len(HELD_OUT)),
    "pools and steps": (
        Selection(("pools", "steps")),
        2 * len(POOLS) + len(models.MODELS),
    ),
    "one row by its id": (Selection(patterns=("alexnet/conv1.dx",)), 1),
    "a layer by its name": (Selection(patterns=("alexnet/conv1",)), 3),
    "a pattern finds held-out layers too": (Selection(patterns=("replknet/*",)), 3),
    "a pattern beside quick": (Selection(patterns=("hyena/*",), quick=True), 3),
    "family and role": (Selection(families=("3-D",), roles=("dw",)), 4),
}


@pytest.mark.parametrize(
    ("selection", "count"), SELECTIONS.values(), ids=SELECTIONS.keys()
)
def test_selected_rows(selection, count):
    rows = selection.rows()
    assert len(rows) == count
    assert len({row.id for row in rows}) == count


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(patterns=("resnet5/conv1",)), ("--only", "resnet50/conv1")),
        (Selection(patterns=("*.dx", "nothing")), ("--only='nothing'", "expected")),
        (Selection(families=("depth",)), ("--family", "depthwise")),
        (Selection(("pools",), roles=("dw",)), ("--role", "dx, fwd")),
        (Selection(("steps",), quick=True), ("--quick",)),
        (Selection(families=("long",), roles=("step",)), ("--role",)),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else " ".join(value.words()),
)
def test_what_matches_nothing_is_told(selection, words):
    with pytest.raises(GeometryError) as caught:
        selection.rows()
    for word in words:
        assert word in str(caught.value)


def test_every_table_has_rows_and_an_algorithm_is_named_for_every_convolution():
    for name, table in TABLES.items():
        rows = list(table("auto"))
        assert rows, name
        convolutions = {"dense", "grouped", "depthwise", "per-example"}
        for row in rows:
            assert bool(row.algorithm) == (row.family in convolutions)
