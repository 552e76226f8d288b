"""Hyperparameters and shapes as users write them: accepted, or refused at once."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

from jconv import nn
from jconv.errors import GeometryError

KEY = jax.random.key(0)
WIDE = np.int64(3)

WRITTEN = {
    "conv": (
        nn.Conv(np.int32(2), [WIDE, 3], padding=[(1, 1), [1, 1]]),
        nn.Conv(2, (3, 3), padding=((1, 1), (1, 1))),
    ),
    "transposed": (nn.ConvTranspose(2, [3, 3]), nn.ConvTranspose(2, (3, 3))),
    "local": (nn.LocallyConnected(2, [3, 3]), nn.LocallyConnected(2, (3, 3))),
    "pool": (nn.MaxPool([2, 2], stride=[1, 1]), nn.MaxPool((2, 2), stride=(1, 1))),
}


@pytest.mark.parametrize(("layer", "usual"), WRITTEN.values(), ids=WRITTEN)
def test_lists_and_numpys_integers_are_tuples_and_ints(layer, usual):
    assert layer == usual
    assert hash(layer) == hash(usual)
    assert layer.output_shape((8, 8, 3)) == usual.output_shape((8, 8, 3))


def test_a_layer_of_ones_own_is_hashed_too():
    @jax.tree_util.register_static
    @dataclasses.dataclass(frozen=True)
    class Both(nn.Layer):
        ways: list[nn.Layer]

    layer = Both([nn.Flatten(), nn.Dense(2)])
    assert layer.ways == (nn.Flatten(), nn.Dense(2))
    assert isinstance(hash(layer), int)


def test_a_summary_takes_numpys_integers():
    console = Console(width=80, color_system=None)
    with console.capture() as shown:
        console.print(nn.summary(nn.Conv(4, WIDE), np.array([8, 8, 3])))
    assert "Conv 3 x 3" in shown.get()


@pytest.mark.parametrize(
    "layer", [nn.Conv(4, 3), nn.Flatten(), nn.Sequential((nn.BatchNorm(),))]
)
def test_numpys_sizes_are_a_shape(layer):
    shape = np.array([8, 8, 3])
    assert layer.output_shape(shape) == layer.output_shape((8, 8, 3))
    made = jax.tree.map(jnp.shape, layer.init(KEY, shape))
    assert made == jax.tree.map(jnp.shape, layer.init(KEY, (8, 8, 3)))


def forgetful():
    net = nn.Sequential((nn.Conv(2, 3), nn.BatchNorm()))
    params, _ = net.init(KEY, (4, 4, 1))
    return net.apply(params, jnp.ones((1, 4, 4, 1)))


def too_wide():
    layer = nn.Dense(3)
    params, _ = layer.init(KEY, (4,))
    return layer.apply(params, jnp.ones((1, 5)))


REFUSED = {
    "no state": (forgetful, r"state=\(\): expected .* Pass apply"),
    "another width": (too_wide, r"x.shape=\(1, 5\): expected \(batch, 4\)"),
    "a layer alone": (lambda: nn.Sequential(nn.Conv(3, 3)), "layers=.*a tuple of"),
    "a body of several": (lambda: nn.Residual([nn.Flatten()]), "body=.*Sequential"),
    "no shortcut": (lambda: nn.Residual(nn.Flatten(), "x"), "shortcut='x'"),
    "an int as shape": (lambda: nn.Dense(3).init(KEY, 4), "of Dense=4: expected"),
    "an int to tell": (lambda: nn.Flatten().output_shape(4), "of Flatten=4: expected"),
    "dense": (lambda: nn.Dense(-1), "features=-1"),
    "conv": (lambda: nn.Conv(0, 3), "features=0"),
    "transposed": (lambda: nn.ConvTranspose(0, 3), "features=0"),
    "local": (lambda: nn.LocallyConnected(0, 3), "features=0"),
    "padding mode": (lambda: nn.Conv(1, 3, padding_mode="mirror"), "'mirror'"),
    "method": (lambda: nn.Conv(1, 3, method="tap"), "method='tap'"),
    "transposed method": (
        lambda: nn.with_method("tap", nn.Sequential((nn.ConvTranspose(1, 3),))),
        "method='tap'",
    ),
    "even window": (lambda: nn.LocalResponseNorm(4), "size=4: expected an odd"),
    "no window": (lambda: nn.LocalResponseNorm(-1), "size=-1"),
    "momentum": (lambda: nn.BatchNorm(momentum=2.0), "momentum=2.0"),
}


@pytest.mark.parametrize(("make", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_refused_where_it_is_written(make, said):
    with pytest.raises(GeometryError, match=said):
        make()


def test_the_field_of_two_ways_is_the_larger_along_each_axis():
    wide, high = (nn.Conv(1, size, padding="same") for size in ((1, 5), (3, 1)))
    shape = (8, 8, 1)

    def field(*ways):
        return nn.tables.rows(nn.Residual(*ways), shape)[-1].field

    assert field(wide, high) == field(high, wide) == (3, 5)
    assert field(wide) == (1, 5)
    # Untold if either way is; all if either sees all.
    assert field(wide, nn.Permute(0)) == field(nn.Permute(0), wide) == ()
    everything = nn.GroupNorm()
    assert field(nn.Permute(0), everything) is field(everything) is None
