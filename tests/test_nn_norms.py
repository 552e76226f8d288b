"""Normalising narrow floats, and batches of nothing."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jconv import GeometryError, nn

KEY = jax.random.key(0)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_running_statistics_are_kept_in_a_wide_float(dtype):
    layer = nn.BatchNorm(momentum=0.999)
    params, state = layer.init(KEY, (1,), dtype)
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype(dtype)}
    # Mean 512, variance 512^2, which float16 does not hold; a step moves the state
    # by a thousandth, which bfloat16 does not see.
    x = jnp.array([[0.0], [1024.0]], dtype)
    step = jax.jit(lambda state: layer.apply(params, x, state=state, train=True))
    for _ in range(100):
        y, state = step(state)
    assert y.dtype == dtype
    kept = 0.999**100
    assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {jnp.dtype("float32")}
    assert state["mean"] == pytest.approx(512 * (1 - kept), rel=1e-4)
    assert state["variance"] == pytest.approx(512**2 * (1 - kept) + kept, rel=1e-4)
    assert layer.apply(params, x, state=state)[0].dtype == dtype


def test_response_norm_squares_in_a_wide_float():
    x = jnp.array([[300.0, -400.0, 0.0]], "float16")
    layer = nn.LocalResponseNorm(size=3, bias=0.0, alpha=1.0, beta=0.5)
    y = layer.forward((), x)
    assert y.dtype == "float16"
    np.testing.assert_allclose(y, [[0.6, -0.8, 0.0]], rtol=2.0**-10)


@pytest.mark.parametrize("layer", [nn.GroupNorm(2), nn.Permute(2)], ids=str)
def test_a_batch_of_nothing_comes_to_nothing(layer):
    params, state = layer.init(KEY, (4, 4, 4))
    y, _ = layer.apply(params, jnp.ones((0, 4, 4, 4)), state=state)
    assert y.shape == (0, 4, 4, 4)


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize(("channels", "given"), [(1, 3), (3, 1)])
@pytest.mark.parametrize("layer", [nn.BatchNorm(), nn.GroupNorm()], ids=repr)
def test_other_channels_are_refused_and_not_broadcast(layer, channels, given, train):
    params, state = layer.init(KEY, (channels,))
    with pytest.raises(GeometryError, match=f"x.shape=.*{channels} channels last"):
        layer.apply(params, jnp.ones((2, given)), state=state, train=train)
