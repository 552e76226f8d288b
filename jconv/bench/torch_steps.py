"""The same networks in PyTorch: eager, with autograd, updated in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jconv.bench.models import (
    CONVNEXT_BLOCKS,
    CONVNEXT_WIDTHS,
    EPSILON,
    LEARNING_RATE,
    RESNET_BLOCKS,
    RESNET_WIDTHS,
    VGG_LAYERS,
    VGG_WIDTHS,
)
from jconv.bench.torch_peers import as_it_is, kernel_tensor, layouts, load, tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jconv.bench.models import Model
    from jconv.bench.row import Thunk


def step_calls(model: Model, operands: Sequence[Any]) -> Mapping[str, Thunk]:
    """One training step, by memory layout; the parameters go on from step to step."""
    torch = load()
    parameters, images, labels = operands
    forward = FORWARD[model.name]
    target = as_it_is(np.asarray(labels)).long()
    calls: dict[str, Thunk] = {}
    for name, layout in layouts(2).items():
        p = {key: _parameter(array, layout) for key, array in parameters.items()}
        x = tensor(images, layout)

        def call(p: dict[str, Any] = p, x: Any = x) -> float:
            loss = torch.nn.functional.cross_entropy(forward(p, x), target)
            slopes = torch.autograd.grad(loss, list(p.values()))
            with torch.no_grad():
                for parameter, slope in zip(p.values(), slopes, strict=True):
                    parameter.sub_(LEARNING_RATE * slope)
            return float(loss.detach())

        calls[name] = call
    return calls


def vgg(p: Mapping[str, Any], images: Any) -> Any:
    """``models.vgg``, channels second but where they are flattened."""
    functional = load().nn.functional
    x = images
    for stage in range(len(VGG_WIDTHS)):
        for layer in range(VGG_LAYERS):
            name = f"{stage}.{layer}"
            y = functional.conv2d(x, p[name], p[f"{name}.shift"], 1, 1)
            x = functional.relu(y)
        x = functional.max_pool2d(x, 2)
    return x.permute(0, 2, 3, 1).flatten(1) @ p["head"] + p["head.shift"]


def resnet18(p: Mapping[str, Any], images: Any) -> Any:
    """``models.resnet18``, channels second."""
    functional = load().nn.functional
    conv = functional.conv2d
    x = functional.relu(_batch_norm(conv(images, p["stem"], None, 2, 3), p, "stem"))
    x = functional.max_pool2d(x, 3, 2, 1)
    for stage in range(len(RESNET_WIDTHS)):
        for block in range(RESNET_BLOCKS):
            name = f"{stage}.{block}"
            stride = 2 if stage and not block else 1
            y = conv(x, p[f"{name}.a"], None, stride, 1)
            y = functional.relu(_batch_norm(y, p, f"{name}.a"))
            y = _batch_norm(conv(y, p[f"{name}.b"], None, 1, 1), p, f"{name}.b")
            if f"{name}.skip" in p:
                x = conv(x, p[f"{name}.skip"], None, stride)
                x = _batch_norm(x, p, f"{name}.skip")
            x = functional.relu(x + y)
    return x.mean((2, 3)) @ p["head"]


def convnext(p: Mapping[str, Any], images: Any) -> Any:
    """``models.convnext``, channels second but in the pointwise layers."""
    functional = load().nn.functional
    conv = functional.conv2d
    x = _layer_norm(conv(images, p["stem"], None, 4), p, "stem")
    for stage, width in enumerate(CONVNEXT_WIDTHS):
        if stage:
            x = _layer_norm(x, p, f"{stage}.down")
            x = conv(x, p[f"{stage}.down"], None, 2)
        for block in range(CONVNEXT_BLOCKS):
            name = f"{stage}.{block}"
            y = conv(x, p[f"{name}.dw"], None, 1, 3, 1, width)
            y = _layer_norm(y, p, f"{name}.dw").permute(0, 2, 3, 1)
            y = functional.gelu(y @ p[f"{name}.up"], approximate="tanh")
            x = x + (y @ p[f"{name}.out"]).permute(0, 3, 1, 2)
    return x.mean((2, 3)) @ p["head"]


FORWARD = {"step/vgg": vgg, "step/resnet18": resnet18, "step/convnext": convnext}
"""By the name of the row."""


def _parameter(array: np.ndarray, layout: Any) -> Any:
    """A parameter: kernels in PyTorch's order and in a layout, the rest as it is."""
    if array.ndim == 4:
        return kernel_tensor(array, layout).requires_grad_()
    return as_it_is(array.copy()).requires_grad_()


def _batch_norm(x: Any, p: Mapping[str, Any], name: str) -> Any:
    """Normalise every channel over the batch."""
    scale, shift = p[f"{name}.scale"], p[f"{name}.shift"]
    normalise = load().nn.functional.batch_norm
    return normalise(x, None, None, scale, shift, training=True, eps=EPSILON)


def _layer_norm(x: Any, p: Mapping[str, Any], name: str) -> Any:
    """Normalise every position over its channels, as ConvNeXt's own code does."""
    scale, shift = p[f"{name}.scale"], p[f"{name}.shift"]
    normalise = load().nn.functional.layer_norm
    last = x.permute(0, 2, 3, 1)
    last = normalise(last, last.shape[-1:], scale, shift, EPSILON)
    return last.permute(0, 3, 1, 2)
