"""Layers: what they compute, what they make, what they refuse."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv import nn
from jconv.errors import GeometryError
from jconv.numerics import gamma

KEY = jax.random.key(0)
SHAPE = (6, 6, 4)

LAYERS: dict[str, tuple[nn.Layer, tuple[int, ...], tuple[int, ...]]] = {
    "conv": (nn.Conv(8, 3), SHAPE, (4, 4, 8)),
    "conv grouped": (
        nn.Conv(8, 3, groups=2, stride=2, padding="same"),
        SHAPE,
        (3, 3, 8),
    ),
    "conv 1-D circular": (
        nn.Conv(2, 3, padding="same", padding_mode="circular"),
        (5, 1),
        (5, 2),
    ),
    "conv 3-D": (nn.Conv(2, (1, 2, 3)), (3, 4, 5, 1), (3, 3, 3, 2)),
    "transposed": (nn.ConvTranspose(3, 4, stride=2, padding=1), SHAPE, (12, 12, 3)),
    "local": (nn.LocallyConnected(2, 3), SHAPE, (4, 4, 2)),
    "dense": (nn.Dense(5), (7,), (5,)),
    "max pool": (nn.MaxPool(2), SHAPE, (3, 3, 4)),
    "max pool, ceil": (nn.MaxPool(3, stride=2, ceil_mode=True), SHAPE, (3, 3, 4)),
    "average pool": (nn.AvgPool((3, 1)), SHAPE, (2, 6, 4)),
    "global max pool": (nn.GlobalMaxPool(), SHAPE, (4,)),
    "global average pool": (nn.GlobalAvgPool(), SHAPE, (4,)),
    "activation": (nn.Activation("gelu"), SHAPE, SHAPE),
    "own activation": (nn.Activation(jnp.sin), SHAPE, SHAPE),
    "batch norm": (nn.BatchNorm(), SHAPE, SHAPE),
    "group norm": (nn.GroupNorm(2), SHAPE, SHAPE),
    "response norm": (nn.LocalResponseNorm(), SHAPE, SHAPE),
    "dropout": (nn.Dropout(0.5), SHAPE, SHAPE),
    "flatten": (nn.Flatten(), SHAPE, (144,)),
    "permute": (nn.Permute(1), SHAPE, SHAPE),
    "residual": (nn.Residual(nn.Conv(4, 3, padding=1)), SHAPE, SHAPE),
    "projected": (
        nn.Residual(nn.Conv(8, 3, stride=2, padding=1), nn.Conv(8, 1, stride=2)),
        SHAPE,
        (3, 3, 8),
    ),
    "sequential": (nn.Sequential([nn.Conv(8, 3), nn.BatchNorm()]), SHAPE, (4, 4, 8)),
}

every_layer = pytest.mark.parametrize(
    ("layer", "shape", "expected"), LAYERS.values(), ids=LAYERS
)


@every_layer
def test_in_training_and_after_it_maps_to_the_shape_it_tells(layer, shape, expected):
    assert layer.output_shape(shape) == expected

    @jax.jit
    def both(layer, x):  # a layer is a static pytree: it enters jit as it is
        params, state = layer.init(KEY, shape)
        y, after = layer.apply(params, x, state=state, train=True, key=KEY)
        z, unchanged = layer.apply(params, x, state=after)
        same = jax.tree.map(lambda a, b: jnp.all(a == b), after, unchanged)
        return y, z, (state, after), same

    y, z, (state, after), same = both(layer, jnp.ones((3, *shape), jnp.float32))
    assert y.shape == z.shape == (3, *expected)
    assert y.dtype == z.dtype == jnp.float32
    assert bool(jnp.isfinite(y).all())
    assert jax.tree.structure(state) == jax.tree.structure(after)
    assert all(map(bool, jax.tree.leaves(same)))


@every_layer
def test_it_makes_as_many_parameters_as_it_tells(layer, shape, expected):
    params, _ = nn.shapes(layer, shape)
    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    assert count == nn.parameter_count(layer, shape)
    assert bool(count) == bool(params and jax.tree.leaves(params))
    # Only what multiplies by weights costs, and what costs has weights.
    assert bool(layer.flop(shape)) <= bool(count)


def test_the_key_alone_decides_the_parameters_and_every_layer_has_its_own():
    net = nn.Sequential((nn.Dense(3), nn.Dense(3), nn.Residual(nn.Dense(3))))
    init = jax.jit(lambda key: net.init(key, (3,))[0])
    first, again, other = (init(jax.random.key(seed)) for seed in (0, 0, 1))
    same = jax.tree.map(np.array_equal, first, again)
    assert all(jax.tree.leaves(same))
    kernels = [each[n]["kernel"] for each in (first, other) for n in (0, 1)]
    kernels += [each[2]["body"]["kernel"] for each in (first, other)]
    assert len({np.asarray(kernel).tobytes() for kernel in kernels}) == 6


def test_conv_is_the_convolution_and_a_bias():
    layer = nn.Conv(2, 2, stride=2, padding=1, kernel_dilation=1, groups=1)
    x = jnp.arange(32.0).reshape(1, 4, 4, 2)
    w = jnp.arange(16.0).reshape(2, 2, 2, 2)
    y, _ = layer.apply({"kernel": w, "bias": jnp.array([10.0, 20.0])}, x)
    expected = jconv.conv(x, w, stride=2, padding=1) + jnp.array([[[[10.0, 20.0]]]])
    assert np.array_equal(y, expected)


def test_transposed_layer_is_the_adjoint_of_the_convolution():
    layer = nn.ConvTranspose(2, 3, stride=2, bias=False)
    params, _ = layer.init(KEY, (3, 3, 5))
    y = jnp.arange(45.0).reshape(1, 3, 3, 5)
    x, _ = layer.apply(params, y)
    dx = jconv.conv_input_vjp(y, params["kernel"], input_shape=(1, 7, 7, 2), stride=2)
    assert np.array_equal(x, dx)
    # As many products as the convolution has; bias none.
    assert layer.flop((3, 3, 5)) == nn.Conv(5, 3, stride=2).flop((7, 7, 2))


def test_equal_local_kernels_are_a_convolution():
    x = jnp.arange(16.0).reshape(1, 4, 4, 1)
    w = jnp.arange(9.0).reshape(3, 3, 1, 1)
    tiled = jnp.broadcast_to(w, (2, 2, 3, 3, 1, 1))
    y, _ = nn.LocallyConnected(1, 3, bias=False).apply({"kernel": tiled}, x)
    assert np.array_equal(y, jconv.conv(x, w))


def test_batch_norm_moves_its_means_in_training_and_uses_them_afterwards():
    layer = nn.BatchNorm(momentum=0.75, epsilon=0.0)
    # Channel 0 holds 1 and 3: mean 2, variance 1; channel 1 holds 4 and 12: 8 and 16.
    x = jnp.array([[1.0, 4.0], [3.0, 12.0]])[:, None, :]
    params, state = layer.init(KEY, (1, 2), jnp.float64)
    y, after = layer.apply(params, x, state=state, train=True)
    assert y[:, 0].tolist() == [[-1.0, -1.0], [1.0, 1.0]]
    # A quarter of the way from (0, 1) to the batch's statistics:
    assert after["mean"].tolist() == [0.5, 2.0]
    assert after["variance"].tolist() == [1.0, 4.75]
    rested, unchanged = layer.apply(params, x, state=after)
    assert unchanged is after
    expected = (x - jnp.array([[[0.5, 2.0]]])) / np.sqrt([[[1.0, 4.75]]])
    # A reciprocal root and a product where this divides: three roundings each.
    assert float(jnp.abs(rested / expected - 1).max()) <= 6 * 2.0**-53


def test_the_state_of_a_batch_norm_has_no_gradient():
    layer = nn.BatchNorm()
    params, state = layer.init(KEY, (3,), jnp.float64)
    x = jnp.arange(6.0).reshape(2, 3)

    def moved(params):
        _, after = layer.apply(params, x, state=state, train=True)
        return sum(leaf.sum() for leaf in jax.tree.leaves(after))

    slopes = jax.grad(moved)(params)
    assert all(not leaf.any() for leaf in jax.tree.leaves(slopes))


def test_group_norm_normalises_each_examples_groups():
    layer = nn.GroupNorm(2, epsilon=0.0)
    params, _ = layer.init(KEY, (2, 4), jnp.float64)
    x = jnp.array([[[1.0, 3, 10, 30], [3, 1, 30, 10]]])  # (1, 2, 4)
    y, _ = layer.apply(params, x)
    expected = jnp.array([[[-1.0, 1, -1, 1], [1, -1, 1, -1]]])
    # A reciprocal root (an approximation and a step of Newton) and a product.
    assert float(jnp.abs(y - expected).max()) <= 4 * 2.0**-53


def test_response_norm_divides_by_the_neighbours_in_other_channels():
    x = jnp.array([[[1.0, 2.0, 4.0]]])
    y, _ = nn.LocalResponseNorm(size=3, bias=0.0, alpha=1.0, beta=1.0).apply((), x)
    assert y.ravel().tolist() == [1 / 5, 2 / 21, 4 / 20]


def test_dropout_drops_its_share_and_keeps_the_mean():
    rate, count = 0.25, 40_000
    x = jnp.ones((count,))
    y, _ = nn.Dropout(rate).apply((), x, train=True, key=KEY)
    dropped = int((y == 0).sum())
    assert set(np.unique(y).tolist()) == {0.0, 1 / 0.75}
    # Binomial: five standard deviations (a fixed key, so it either holds or never).
    assert abs(dropped - rate * count) <= 5 * (count * rate * (1 - rate)) ** 0.5
    rested, _ = nn.Dropout(rate).apply((), x)
    assert rested is x


def test_layers_of_a_network_draw_from_keys_of_their_own():
    net = nn.Sequential((nn.Dropout(0.5), nn.Dropout(0.5)))
    x = jnp.ones((2000,))
    y, _ = net.apply(((), ()), x, train=True, key=KEY)
    # With one key for both, nothing that the first kept could be dropped.
    assert 0.2 < float((y != 0).mean()) < 0.3


def test_permute_keeps_the_channels_of_a_position_together():
    x = jnp.arange(24).reshape(1, 4, 3, 2)
    y, _ = nn.Permute(5).apply((), x)
    assert not np.array_equal(x, y)
    pairs = {tuple(pair) for pair in np.asarray(y).reshape(-1, 2).tolist()}
    assert pairs == {(2 * n, 2 * n + 1) for n in range(12)}
    assert np.array_equal(y, nn.Permute(5).apply((), x)[0])


def test_residual_adds_its_two_ways():
    double = nn.Activation(lambda x: 2 * x)
    x = jnp.arange(3.0)[None]
    params = {"body": (), "shortcut": ()}
    assert nn.Residual(double).apply(params, x)[0].tolist() == [[0.0, 3.0, 6.0]]
    both = nn.Residual(double, nn.Activation(lambda x: x + 1))
    assert both.apply(params, x)[0].tolist() == [[1.0, 4.0, 7.0]]


def test_another_convolution_can_be_put_into_every_layer():
    calls = []

    def counted(x, w, **options):
        calls.append(options["stride"])
        return jconv.conv(x, w, **options)

    block = nn.Residual(nn.Conv(4, 3, stride=2, padding=1), nn.Conv(4, 1, stride=2))
    net = nn.Sequential((nn.Conv(4, 3, padding=1), block, nn.MaxPool(2)))
    changed = nn.with_conv(counted, net)
    x = jnp.ones((1, 8, 8, 1))
    params, state = net.init(KEY, (8, 8, 1), jnp.float64)
    y, _ = changed.apply(params, x, state=state)
    assert calls == [1, 2, 2]
    assert np.array_equal(y, net.apply(params, x, state=state)[0])
    assert nn.with_conv(jconv.conv, changed) == net


def test_a_method_reaches_every_convolution():
    up = nn.ConvTranspose(4, 2, stride=2)
    net = nn.Sequential((nn.Conv(4, 3), nn.Residual(nn.Conv(4, 1)), up))
    changed = nn.with_method("loop", net)
    x = jnp.arange(36.0).reshape(1, 6, 6, 1)
    params, _ = net.init(KEY, (6, 6, 1), jnp.float64)

    def methods(net):
        program = jax.make_jaxpr(lambda x: net.apply(params, x)[0])(x)
        found = [eqn.params.get("method") for eqn in program.eqns]
        return [each for each in found if each is not None]

    assert methods(net) == ["auto"] * 3
    assert methods(changed) == ["loop"] * 3
    # Sums of 9, 4 and 4 products and a shortcut, in either order; x is positive.
    terms, _ = net.apply(jax.tree.map(jnp.abs, params), x)
    apart = jnp.abs(changed.apply(params, x)[0] - net.apply(params, x)[0])
    assert (apart <= 2 * gamma(9 + 4 + 4 + 1, "float64") * terms).all()
    assert nn.with_method("auto", changed) == net
    with pytest.raises(GeometryError, match="method='lop'"):
        nn.with_method("lop", net).output_shape((6, 6, 1))


REFUSED = {
    "groups": (lambda: nn.Conv(3, 3, groups=2).init(KEY, (5, 5, 4)), "groups=2"),
    "kernel too large": (lambda: nn.Conv(1, 9).init(KEY, (5, 5, 1)), "window of 9"),
    "no channels": (lambda: nn.Conv(1, 1).init(KEY, ()), "input_shape of Conv"),
    "dense on a picture": (lambda: nn.Dense(3).init(KEY, (4, 4, 1)), "Flatten"),
    "uneven groups": (lambda: nn.GroupNorm(3).init(KEY, (4,)), "divisor of the 4"),
    "rate": (lambda: nn.Dropout(1.0), "rate=1.0"),
    "dropout without a key": (
        lambda: nn.Dropout(0.5).apply((), jnp.ones(2), train=True),
        "key=None",
    ),
    "activation": (lambda: nn.Activation("rleu"), "function='rleu'"),
    "no layer": (lambda: nn.Sequential((nn.Flatten(), "dense")), "layers='dense'"),
    "ways that do not meet": (
        lambda: nn.Residual(nn.Conv(8, 1)).init(KEY, (4, 4, 4)),
        "1 x 1 Conv",
    ),
}


@pytest.mark.parametrize(("make", "said"), REFUSED.values(), ids=REFUSED)
def test_what_describes_no_layer_is_refused(make, said):
    with pytest.raises(GeometryError, match=said):
        make()
