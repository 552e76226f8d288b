"""Models have the literature's parameters; nothing large is ever computed."""

from __future__ import annotations

import io

import jax
import jax.numpy as jnp
import pytest
from rich.console import Console

from jconv import nn
from jconv.errors import GeometryError
from jconv.nn import models, tables, zoo

PUBLISHED = {
    "one kernel 5 x 5 x 3": (nn.Conv(1, 5, bias=False), (32, 32, 3), 75),
    "the same on a large picture": (nn.Conv(1, 5, bias=False), (512, 512, 3), 75),
    "3 x 3, 128 to 64": (nn.Conv(64, 3, bias=False), (28, 28, 128), 73_728),
    "LeNet-5 as taught": (models.lenet5(), (32, 32, 1), 61_706),
    "VGG-16": (
        models.vgg(1000, 64, models.VGG16, (4096, 4096)),
        (224, 224, 3),
        138_357_544,
    ),
    "ResNet-18": (models.resnet18(1000, 64, "imagenet"), (224, 224, 3), 11_689_512),
    "ResNet-18, small stem": (models.resnet18(), (32, 32, 3), 11_173_962),
    "AlexNet as published": (models.alexnet(), (227, 227, 3), 60_965_224),
    "AlexNet ungrouped": (models.alexnet(groups=1), (227, 227, 3), 62_378_344),
    # Kernels of 1 x 1, 3 x 3, 1 x 1, and two numbers per normalised channel.
    "bottleneck": (
        models.bottleneck(256),
        (8, 8, 256),
        16_384 + 36_864 + 16_384 + 2 * (64 + 64 + 256),
    ),
    "no bottleneck": (
        models.bottleneck(256, reduce=False),
        (8, 8, 256),
        589_824 + 2 * 256,
    ),
}


@pytest.mark.parametrize(("net", "shape", "count"), PUBLISHED.values(), ids=PUBLISHED)
def test_published_counts(net, shape, count):
    assert nn.parameter_count(net, shape) == count


@pytest.mark.parametrize(("groups", "weights"), [(2, 2_332_704), (1, 3_745_824)])
def test_alexnets_convolutions_and_dense_layers(groups, weights):
    rows = tables.rows(models.alexnet(groups=groups), (227, 227, 3))
    convs = sum(row.parameters for row in rows if row.name.startswith("Conv"))
    dense = sum(row.parameters for row in rows if row.name.startswith("Dense"))
    biases = 96 + 256 + 384 + 384 + 256
    assert (convs - biases, dense) == (weights, 58_631_144)


def test_flop_counts_are_twice_the_multiplications_of_the_papers():
    # He et al. (2015), table 1: ResNet-18 takes 1.8e9 multiply-adds; padding's products
    # are counted there and not here.
    net = models.resnet18(1000, 64, "imagenet")
    flop = sum(row.flop for row in tables.rows(net, (224, 224, 3)))
    assert 2 * 1.65e9 < flop < 2 * 1.82e9


SMALL = {
    "mlp": ((8, 8, 1), 4),
    "cnn": ((8, 8, 1), 4),
    "lenet5": ((28, 28, 1), None),
    "vgg": ((16, 16, 3), 4),
    "resnet18": ((16, 16, 3), 4),
    "alexnet": ((67, 67, 3), 6),
}


def small(name):
    shape, width = SMALL[name]
    if name == "alexnet":
        return models.alexnet(10, width, dense=16), shape
    return zoo.build(name, 10, width), shape


@pytest.mark.parametrize("name", zoo.MODELS)
def test_every_model_has_a_gradient_for_every_parameter(name):
    net, shape = small(name)
    assert net.output_shape(shape) == (10,)

    def slopes(key):
        params, state = net.init(key, shape)
        x = jax.random.normal(key, (2, *shape), jnp.float32)

        def loss(params):
            y, after = net.apply(params, x, state=state, train=True, key=key)
            return (y**2).mean(), after

        slope, after = jax.grad(loss, has_aux=True)(params)
        return params, slope, state, after

    # By shapes alone: compiling all of them would take a minute.
    params, slope, state, after = jax.eval_shape(slopes, jax.random.key(0))
    assert params == slope
    assert state == after


def test_alexnet_runs_at_reduced_size():
    net, shape = small("alexnet")

    @jax.jit
    def logits(key):
        params, state = net.init(key, shape)
        x = jax.random.normal(key, (2, *shape), jnp.float32)
        return net.apply(params, x, state=state)[0]

    found = logits(jax.random.key(0))
    assert found.shape == (2, 10)
    assert bool(jnp.isfinite(found).all())
    assert float(found.std()) > 0


@pytest.mark.parametrize("name", ["mlp", "cnn", "vgg", "alexnet"])
def test_a_width_is_found_for_a_number_of_parameters(name):
    shape = (67, 67, 3) if name == "alexnet" else (16, 16, 3)
    count = nn.parameter_count(zoo.build(name, 10, 6), shape)
    found = zoo.fit_width(name, 10, shape, count)
    assert found.parameters == count
    assert nn.parameter_count(zoo.build(name, 10, found.width), shape) == count


def test_the_nearest_width_is_taken():
    found = zoo.fit_width("mlp", 10, (8, 8, 1), 30_762)
    other = [
        nn.parameter_count(zoo.build("mlp", 10, found.width + n), (8, 8, 1))
        for n in (-1, 1)
    ]
    assert all(abs(found.parameters - 30_762) <= abs(n - 30_762) for n in other)


@pytest.mark.parametrize(
    "make",
    [
        lambda: zoo.build("cnnn", 10),
        lambda: zoo.build("lenet5", 10, 8),
        lambda: zoo.build("cnn", 10, 0),
        lambda: models.resnet18(stem="large"),
        lambda: models.alexnet().output_shape((32, 32, 3)),
    ],
    ids=["name", "no width", "width 0", "stem", "picture too small"],
)
def test_what_is_no_model_is_refused(make):
    with pytest.raises(GeometryError):
        make()


def test_the_table_tells_every_layer():
    net = nn.Sequential((nn.Conv(6, 5), models.basic_block(12, 2), nn.Flatten()))
    rows = tables.rows(net, (32, 32, 1))
    assert [(row.name, row.field) for row in rows if "Conv" in row.name] == [
        ("Conv 5 x 5", (5, 5)),
        ("Conv 3 x 3 /2", (7, 7)),
        ("Conv 3 x 3", (11, 11)),
        ("around: Conv 1 x 1 /2", (5, 5)),
    ]
    assert rows[-2].name == "added"
    assert rows[-2].field == (11, 11)
    assert sum(row.parameters for row in rows) == nn.parameter_count(net, (32, 32, 1))
    assert sum(row.flop for row in rows) == net.flop((32, 32, 1))
    text = io.StringIO()
    Console(file=text, width=90).print(nn.summary(net, (32, 32, 1), "net"))
    assert "28 × 28 × 6" in text.getvalue()
    assert f"{nn.parameter_count(net, (32, 32, 1)):,}" in text.getvalue()
