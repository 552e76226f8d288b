"""Initial weights have the mean and the variance that they promise."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

from jconv import nn
from jconv.errors import GeometryError

INITIALISERS = {
    "he_normal": (nn.he_normal, 2 / 36),
    "he_uniform": (nn.he_uniform, 2 / 36),
    "glorot_normal": (nn.glorot_normal, 2 / (36 + 72)),
    "glorot_uniform": (nn.glorot_uniform, 2 / (36 + 72)),
    "lecun_normal": (nn.lecun_normal, 1 / 36),
    "lecun_uniform": (nn.lecun_uniform, 1 / 36),
}
KURTOSIS = {"normal": 3.0, "uniform": 9 / 5}
"""Fourth central moment over the squared variance."""

DEVIATIONS = 5
"""Chance of a false alarm below 1e-6; the key is fixed, so there is none twice."""


@pytest.mark.parametrize(("draw", "variance"), INITIALISERS.values(), ids=INITIALISERS)
def test_mean_and_variance(draw, variance):
    count = 50_000
    drawn = draw(jax.random.key(1), (count,), fan_in=36, fan_out=72, dtype="float64")
    values = np.asarray(drawn)
    assert draw.variance(36, 72) == pytest.approx(variance, rel=1e-15)
    # The mean of n draws deviates by sqrt(variance / n), their mean square by
    # variance * sqrt((kurtosis - 1) / n).
    assert abs(values.mean()) <= DEVIATIONS * math.sqrt(variance / count)
    spread = math.sqrt((KURTOSIS[draw.distribution] - 1) / count)
    assert abs((values**2).mean() / variance - 1) <= DEVIATIONS * spread
    # And the distribution is the one it is called after.
    kurtosis = (values**4).mean() / (values**2).mean() ** 2
    assert abs(kurtosis - KURTOSIS[draw.distribution]) < 0.3


FANS = {
    "conv": (nn.Conv(8, 3), (5, 5, 4), 36, 72),
    "conv in groups": (nn.Conv(8, 3, groups=4), (5, 5, 4), 9, 18),
    "transposed, stride 2": (nn.ConvTranspose(8, 4, stride=2), (5, 5, 4), 16, 128),
    "local": (nn.LocallyConnected(8, 3), (5, 5, 4), 36, 72),
    "dense": (nn.Dense(7), (30,), 30, 7),
}


@pytest.mark.parametrize(
    ("layer", "shape", "fan_in", "fan_out"), FANS.values(), ids=FANS
)
def test_every_layer_tells_its_fans(layer, shape, fan_in, fan_out):
    told = {}

    def spy(key, shape, *, fan_in, fan_out, dtype):
        told.update(fan_in=fan_in, fan_out=fan_out)
        return nn.he_normal(key, shape, fan_in=fan_in, fan_out=fan_out, dtype=dtype)

    type(layer)(**{**vars(layer), "initialiser": spy}).init(jax.random.key(0), shape)
    assert told == {"fan_in": fan_in, "fan_out": fan_out}


def test_he_keeps_the_signals_size_through_many_relus():
    # Var of x' = relu(x) w is E[relu(x)^2] = Var(x) / 2 times fan_in 2 / fan_in.
    net = nn.Sequential((nn.Dense(256), nn.Activation("relu")) * 8)

    @jax.jit
    def mean_square(key):
        params, state = net.init(key, (256,))
        x = jax.random.normal(jax.random.fold_in(key, 9), (64, 256))
        return (net.apply(params, x, state=state)[0] ** 2).mean()

    assert 0.2 < float(mean_square(jax.random.key(0))) < 1.25  # 0.5 is expected


@pytest.mark.parametrize(
    "arguments", [(0.0, "in", "normal"), (1.0, "both", "normal"), (1.0, "in", "cauchy")]
)
def test_what_is_no_initialiser_is_refused(arguments):
    with pytest.raises(GeometryError):
        nn.VarianceScaling(*arguments)
