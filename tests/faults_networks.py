"""Planted faults of networks and their training; ``tests.faults`` registers them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jconv import rules
from jconv.nn import Permute, convolution, models, zoo
from jconv.nn.train import step
from tests.planting import fault

LAYERS, MODELS = "tests/test_nn_layers.py", "tests/test_nn_models.py"
COUNTS = f"{MODELS}::test_published_counts"


@fault(convolution, "kernel_and_bias", claim="net.parameters", test=COUNTS)
def kernel_for_each_position(right: Any) -> Any:
    """A kernel for every position of the first axis, as if none were shared."""

    def wrong(layer: Any, key: Any, kernel: Any, *rest: Any) -> Any:
        return right(layer, key, (*kernel[:-1], kernel[-1] * kernel[0]), *rest)

    return wrong


@fault(
    models,
    "alexnet",
    claim="net.alexnet",
    test=f"{MODELS}::test_alexnets_convolutions_and_dense_layers",
)
def groups_forgotten(right: Any) -> Any:
    """AlexNet's convolutions see all channels, whatever is asked for."""
    return lambda *sizes, **options: right(*sizes, **options | {"groups": 1})


@fault(models, "MaxPool", claim="net.structure", test=COUNTS)
def pools_that_keep_the_resolution(right: Any) -> Any:
    """The pools of all models move by one position."""
    return lambda window, **options: right(window, **options | {"stride": 1})


@fault(
    zoo,
    "fit_width",
    claim="net.mlp-vs-cnn",
    test=f"{MODELS}::test_the_nearest_width_is_taken",
)
def twice_as_wide(right: Any) -> Any:
    """The network that is to be equally large is made larger."""

    def wrong(name: str, classes: int, shape: Any, parameters: int) -> Any:
        return right(name, classes, shape, 2 * parameters)

    return wrong


@fault(
    Permute,
    "order",
    claim="net.flatten-order",
    test=f"{LAYERS}::test_permute_keeps_the_channels_of_a_position_together",
)
def pixels_that_stay(right: Any) -> Any:
    """The permutation leaves everything where it is."""
    return lambda self, shape: tuple(sorted(right(self, shape)))


@fault(
    step,
    "cross_entropy",
    claim="net.training",
    test="tests/test_nn_train.py::"
    "test_a_step_descends_the_mean_cross_entropy_of_the_batch",
)
def the_neighbouring_answer(right: Any) -> Any:
    """Every example is taught the next class."""
    return lambda logits, labels: right(logits, (labels + 1) % logits.shape[-1])


@fault(
    rules,
    "conv_kernel_vjp",
    claim="net.same-curve",
    test="tests/test_audit.py::test_all_routes_agree_on_every_convolution",
)
def kernel_derivative_mirrored(right: Any) -> Any:
    """The textbook's kernel derivative comes out backwards."""
    return lambda *arrays, **options: jnp.flip(right(*arrays, **options), 0)
