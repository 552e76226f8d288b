"""Under JAX's strict promotion nothing of ours mixes dtypes that the user did not."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import pytest

import jconv
from jconv import nn
from jconv.nn.train.step import Problem

WINDOW = {"window": (3, 2), "stride": (2, 1), "padding": ((1, 1), (0, 1))}
FORWARD = {
    **{
        f"{name}-{ties}": functools.partial(getattr(jconv, name), ties=ties, **WINDOW)
        for name in ("max_pool", "min_pool")
        for ties in ("first", "all", "split")
    },
    **{
        name: functools.partial(getattr(jconv, name), **WINDOW)
        for name in ("sum_pool", "avg_pool", "lp_pool", "logsumexp_pool")
    },
    "lp_pool-large": functools.partial(jconv.lp_pool, p=20.5, **WINDOW),
    "adaptive_max_pool": functools.partial(
        jconv.adaptive_max_pool, output_shape=(3, 4), ties="split"
    ),
    "adaptive_avg_pool": functools.partial(
        jconv.adaptive_avg_pool, output_shape=(3, 4)
    ),
    "global_max_pool": functools.partial(jconv.global_max_pool, ties="split"),
    "extract_patches": functools.partial(jconv.extract_patches, window=(3, 2)),
    "conv": lambda x: jconv.conv(x, x[0, :3, :3, :, None]),
    "conv_transpose": lambda x: jconv.conv_transpose(x, x[0, :3, :3, None], stride=2),
    "conv_local": lambda x: jconv.conv_local(x, jnp.ones((4, 3, 2, 2, 3, 2), x.dtype)),
    "conv-preferred": lambda x: jconv.conv(
        x, x[0, :3, :3, :, None], preferred_element_type="float64"
    ),
}
BACKWARD = {
    **{
        f"{name}-{ties}": lambda x, y, name=name, ties=ties: getattr(jconv, name)(
            y, x, ties=ties, **WINDOW
        )
        for name in ("max_pool_vjp", "min_pool_vjp")
        for ties in ("first", "all", "split")
    },
    "avg_pool_vjp": lambda x, y: jconv.avg_pool_vjp(y, input_shape=x.shape, **WINDOW),
    "lp_pool_vjp": lambda x, y: jconv.lp_pool_vjp(y, x, **WINDOW),
    "logsumexp_pool_vjp": lambda x, y: jconv.logsumexp_pool_vjp(y, x, **WINDOW),
    "conv_kernel_vjp": lambda x, y: jconv.conv_kernel_vjp(
        x, x[:, 2:, 2:], kernel_shape=(3, 3, 3, 3)
    ),
    "conv_input_vjp": lambda x, y: jconv.conv_input_vjp(
        x[:, 2:, 2:], x[0, :3, :3, :, None] + y[0, :3, :3, None], input_shape=x.shape
    ),
    **{
        f"norms-{method}": lambda x, y, method=method: jconv.per_example_kernel_norms(
            x, x[:, 2:, 2:], kernel_shape=(3, 3, 3, 3), method=method
        )
        for method in ("gradient", "gram")
    },
}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "int8"])
@pytest.mark.parametrize("run", FORWARD.values(), ids=FORWARD)
def test_nothing_is_promoted_unasked_forward_or_in_a_gradient(run, dtype):
    x = jnp.ones((2, 5, 4, 3), dtype)

    def both(x):
        if dtype == "int8":
            return run(x)
        y, pull = jax.vjp(run, x)
        return y, pull(y)

    with jax.numpy_dtype_promotion("strict"):
        jax.jit(both).lower(x)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "int8"])
@pytest.mark.parametrize("run", BACKWARD.values(), ids=BACKWARD)
def test_nothing_is_promoted_unasked_in_a_backward_function(run, dtype):
    x, y = jnp.ones((2, 5, 4, 3), dtype), jnp.ones((2, 3, 4, 3), dtype)
    with jax.numpy_dtype_promotion("strict"):
        jax.jit(run).lower(x, y)


LAYERS = {
    "conv": nn.Conv(4, 3),
    "conv-transpose": nn.ConvTranspose(4, 3),
    "local": nn.LocallyConnected(2, 3),
    "batch-norm": nn.BatchNorm(),
    "group-norm": nn.GroupNorm(),
    "response-norm": nn.LocalResponseNorm(3),
    "max-pool": nn.MaxPool(2),
    "average-pool": nn.AvgPool(2),
    "dense": nn.Sequential((nn.Flatten(), nn.Dense(2))),
    "dropout": nn.Dropout(0.3),
    "gelu": nn.Activation("gelu"),
}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_no_layer_promotes_unasked(layer, dtype):
    x = jnp.ones((2, 5, 4, 3), dtype)

    def both(x):
        params, state = layer.init(jax.random.key(0), x.shape[1:], dtype)

        def run(params, x):
            return layer.apply(
                params, x, state=state, train=True, key=jax.random.key(1)
            )[0]

        y, pull = jax.vjp(run, params, x)
        return y, pull(y)

    with jax.numpy_dtype_promotion("strict"):
        y, _ = jax.eval_shape(both, x)
    assert y.dtype == dtype


def test_whole_numbers_are_normalised_as_floats():
    x = jnp.ones((2, 3), "int8")
    with jax.numpy_dtype_promotion("strict"):
        assert nn.LocalResponseNorm(3).forward((), x).dtype == jnp.result_type(float)


@pytest.mark.parametrize("precision", ["bfloat16", "float16", "float32", "float64"])
def test_the_loss_of_a_training_step_promotes_nothing_unasked(precision):
    problem = Problem(LAYERS["dense"], precision=precision)
    images, labels = jnp.ones((2, 4, 4, 1), "float32"), jnp.zeros(2, int)

    def slope():
        params, state = problem.model.init(jax.random.key(0), (4, 4, 1))
        run = jax.value_and_grad(problem.loss, has_aux=True)
        return run(params, state, images, labels, jax.random.key(1))

    with jax.numpy_dtype_promotion("strict"):
        (loss, _), _ = jax.eval_shape(slope)
    assert loss.dtype == ("float64" if precision == "float64" else "float32")
