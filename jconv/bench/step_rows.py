"""Rows of whole training steps: forward, both gradients, update."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import jax

import jconv
from jconv.algorithms import AUTO
from jconv.bench import torch_steps
from jconv.bench.layer import ITEMSIZE, Layer
from jconv.bench.models import MODELS, Model, Operations
from jconv.bench.peers import lax_conv
from jconv.bench.pool_rows import lax_pool
from jconv.bench.row import Row
from jconv.bench.scale import scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.algorithms import Method


def ours(method: Method) -> Operations:
    """Jconv's operations."""
    conv = functools.partial(jconv.conv, method=method)
    return Operations(conv=conv, max_pool=jconv.max_pool)


def _lax_conv(
    x: Any,
    w: Any,
    *,
    stride: int,
    padding: int = 0,
    groups: int = 1,
) -> Any:
    """Convolve by ``lax``, one stride and padding for both axes."""
    return lax_conv(x, w, stride=(stride,) * 2, padding=(padding,) * 2, groups=groups)


LAX = Operations(conv=_lax_conv, max_pool=functools.partial(lax_pool, kind="max"))


def step_rows(method: Method = AUTO) -> Iterator[Row]:
    """One row a model, our convolutions by a method."""
    for model in scaled(MODELS):
        parameters = sum(map(math.prod, model.parameters.values()))
        yield Row(
            name=model.name,
            role="step",
            family="step",
            tags=("step",),
            shape=_shape(model, parameters),
            operands=functools.partial(_operands, model),
            ours=model.step(ours(method)),
            lax=model.step(LAX),
            torch=functools.partial(torch_steps.step_calls, model),
            flop=3 * forward_flop(model),
            n_bytes=3 * ITEMSIZE * parameters,
            tolerance=0.05,  # relative to the largest entry, after a whole network
        )


def forward_flop(model: Model) -> int:
    """Operations of the model's convolutions and products; the shapes are traced."""
    found = 0

    def conv(
        x: Any,
        w: Any,
        *,
        stride: int,
        padding: int = 0,
        groups: int = 1,
    ) -> Any:
        nonlocal found
        sizes = (x.shape[0], x.shape[1:-1], x.shape[-1], w.shape[-1], w.shape[:-2])
        found += Layer("", *sizes, stride, padding, 1, groups).flop
        return _lax_conv(x, w, stride=stride, padding=padding, groups=groups)

    def product(x: Any, w: Any) -> Any:
        nonlocal found
        found += 2 * x.size * w.shape[-1]
        return x @ w

    operations = Operations(conv, LAX.max_pool, product)
    forward = functools.partial(model.forward, operations)
    images = (model.batch, model.image, model.image, 3)
    shapes = {**model.parameters, "": images}
    like = {name: jax.ShapeDtypeStruct(s, "float32") for name, s in shapes.items()}
    jax.eval_shape(forward, like, like.pop(""))
    return found


def _shape(model: Model, parameters: int) -> str:
    """The model's sizes in words."""
    return f"{model.batch} × {model.image}x{model.image}, {parameters:,} weights"


def _operands(model: Model) -> list[Any]:
    """Parameters, images and labels."""
    return [model.initial(), *model.examples()]
