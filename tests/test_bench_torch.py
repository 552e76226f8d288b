"""PyTorch's side of the benchmark computes the same; skipped where it is missing."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

from jconv.bench import conv_rows, models, step_rows, torch_peers, torch_steps
from jconv.bench.layer import Layer
from jconv.bench.pool_rows import Pool, pool_rows
from jconv.numerics import gamma

pytest.importorskip("torch")

TINY = (
    Layer("plain", 2, (5, 4), 3, 2, (3, 2), padding=1),
    Layer("strided", 2, (7, 6), 2, 4, (3, 3), stride=2, padding=1),
    Layer("grouped", 1, (5, 5), 4, 6, (3, 3), groups=2),
    Layer("line", 1, (9,), 2, 3, (3,), 1, 2, dilation=2),
    Layer("volume", 1, (3, 4, 4), 2, 2, (2, 2, 3), (1, 2, 1), (1, 0, 1)),
)
POOLS = (
    Pool("plane", "max", 2, (6, 6), 3, (3, 3), 2, 1),
    Pool("line", "max", 2, (8,), 3, (2,), 2),
    Pool("volume", "max", 1, (4, 4, 4), 2, (2, 2, 2), 2),
    Pool("plane mean", "avg", 2, (6, 6), 3, (2, 2), 2, 1),
    Pool("line mean", "avg", 2, (8,), 3, (4,), 4),
)


def integers(shapes):
    """Small whole numbers: sums of their products are exact in float32."""
    rng = np.random.default_rng(0)
    return [rng.integers(-4, 5, shape).astype(np.float32) for shape in shapes]


def channels_last(result, *, is_kernel):
    """PyTorch's order as jconv's."""
    axes = (0, 1), (-1, -2)
    array = result.detach().numpy()
    return np.moveaxis(array, *axes) if is_kernel else np.moveaxis(array, 1, -1)


@pytest.mark.parametrize("layer", TINY, ids=lambda layer: layer.name)
def test_every_pass_in_every_memory_layout(layer):
    for pass_ in conv_rows.PASSES:
        operands = integers(layer.operand_shapes(pass_))
        ours = jax.jit(conv_rows.our_pass(layer, pass_))(*operands)
        calls = torch_peers.conv_calls(layer, pass_, operands)
        assert len(calls) == (1 if layer.rank == 1 else 2)
        for call in calls.values():
            assert np.array_equal(channels_last(call(), is_kernel=pass_ == "dw"), ours)


def test_per_example_gradients(monkeypatch):
    monkeypatch.setattr(conv_rows, "PER_EXAMPLE", TINY[:3])
    for row in conv_rows.per_example_rows():
        operands = integers(row.operands)
        ours = jax.jit(row.ours)(*operands)
        for call in row.torch(operands).values():
            found = [channels_last(each, is_kernel=True) for each in call()]
            assert np.array_equal(found, ours)


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.name)
def test_pools_in_every_memory_layout(pool, monkeypatch):
    monkeypatch.setattr("jconv.bench.pool_rows.POOLS", (pool,))
    for row in pool_rows():
        rng = np.random.default_rng(0)  # distinct numbers: no rule for ties
        operands = [
            rng.permutation(math.prod(shape)).reshape(shape).astype(np.float32)
            for shape in row.operands
        ]
        ours = jax.jit(row.ours)(*operands)
        for call in row.torch(operands).values():
            found = channels_last(call(), is_kernel=False)
            # Windows of 4: the division is exact.
            assert np.array_equal(found.reshape(ours.shape), ours)


@pytest.mark.parametrize("model", models.MODELS, ids=lambda model: model.name)
def test_training_steps_go_the_same_way(model):
    operands = [model.initial(), *model.examples()]
    step = jax.jit(model.step(step_rows.LAX))
    parameters, first = step(*operands)
    _, second = step(parameters, *operands[1:])
    # float32 in another order of summation: some 20 layers of sums of up to 5000 terms;
    # the steps differ by far more.
    tolerance = 20 * gamma(5000, "float32")
    assert abs(first - second) > 10 * tolerance
    for call in torch_steps.step_calls(model, operands).values():
        assert call() == pytest.approx(float(first), abs=tolerance)
        assert call() == pytest.approx(float(second), abs=tolerance)
