"""Three small networks, written once: the convolution and the pool are parameters.

So that jconv and ``lax`` run the same model, the rest (normalisation, activation, the
products of pointwise layers, the loss, the update) is the same JAX program for both.

References:
    K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale
    image recognition", https://arxiv.org/abs/1409.1556, 2014.
    K. He et al., "Deep residual learning for image recognition",
    https://arxiv.org/abs/1512.03385, 2015.
    Z. Liu et al., "A ConvNet for the 2020s", https://arxiv.org/abs/2201.03545, 2022.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jconv.nn.layer import along_channels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jax import Array

CLASSES = 10
LEARNING_RATE = 0.01
EPSILON = 1e-5

Parameters = dict[str, Any]


def rows_times(x: Array, w: Array) -> Array:
    """X (..., c) times w (c, m), as one matrix product.

    Of a product over several dimensions the compiler for CPUs transposes an operand of
    the derivative, and in the same loop computes it: the step takes 1.4 times as long.
    """
    return (x.reshape(-1, x.shape[-1]) @ w).reshape(*x.shape[:-1], w.shape[-1])


@dataclasses.dataclass(frozen=True)
class Operations:
    """What differs between the libraries.

    Attributes:
        conv: of x (n, h, w, c) and w, with ``stride``, ``padding`` and ``groups``.
        max_pool: of x, with ``window``, ``stride`` and ``padding``.
        product: of x (..., c) and w (c, m); the same for all.
    """

    conv: Callable[..., Any]
    max_pool: Callable[..., Any]
    product: Callable[[Any, Any], Any] = rows_times


@dataclasses.dataclass(frozen=True)
class Model:
    """A network, its sizes, and what it needs.

    Attributes:
        name: of the row.
        forward: from operations, parameters and images to logits.
        parameters: shapes by name.
        batch: examples at once.
        image: height and width.
    """

    name: str
    forward: Callable[[Operations, Mapping[str, Any], Any], Any]
    parameters: Mapping[str, tuple[int, ...]]
    batch: int
    image: int

    def initial(self, seed: int = 0) -> dict[str, np.ndarray]:
        """Parameters: He-scaled kernels, ones as scales, zeros as shifts."""
        rng = np.random.default_rng(seed)
        made = {}
        for name, shape in self.parameters.items():
            if name.endswith("scale"):
                made[name] = np.ones(shape, np.float32)
            elif name.endswith("shift"):
                made[name] = np.zeros(shape, np.float32)
            else:
                drawn = rng.standard_normal(shape, dtype=np.float32)
                made[name] = drawn * np.float32((2 / math.prod(shape[:-1])) ** 0.5)
        return made

    def examples(self, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Images and labels."""
        rng = np.random.default_rng(seed)
        shape = (self.batch, self.image, self.image, 3)
        images = rng.standard_normal(shape, dtype=np.float32)
        return images, rng.integers(CLASSES, size=self.batch).astype(np.int32)

    def step(self, operations: Operations) -> Callable[..., tuple[Parameters, Array]]:
        """One training step: loss, both gradients of every layer, SGD."""

        def loss(parameters: Parameters, images: Array, labels: Array) -> Array:
            logits = self.forward(operations, parameters, images)
            chosen = jax.nn.one_hot(labels, CLASSES, dtype=logits.dtype)
            return -jnp.mean(jnp.sum(jax.nn.log_softmax(logits) * chosen, axis=-1))

        def step(
            parameters: Parameters, images: Array, labels: Array
        ) -> tuple[Parameters, Array]:
            value, slope = jax.value_and_grad(loss)(parameters, images, labels)
            updated = jax.tree.map(
                lambda p, g: p - LEARNING_RATE * g, parameters, slope
            )
            return updated, value

        return step


def normalised(x: Array, p: Mapping[str, Any], name: str, axes: Any) -> Array:
    """Zero mean and unit variance over some axes, then scaled and shifted."""
    centred = x - jnp.mean(x, axis=axes, keepdims=True)
    variance = jnp.mean(centred * centred, axis=axes, keepdims=True)
    scale = along_channels(p[f"{name}.scale"], x)
    shift = along_channels(p[f"{name}.shift"], x)
    return centred * jax.lax.rsqrt(variance + EPSILON) * scale + shift


BATCH_AXES, CHANNEL_AXIS = (0, 1, 2), -1

VGG_WIDTHS, VGG_LAYERS, VGG_IMAGE = (32, 64, 128), 2, 32
RESNET_WIDTHS, RESNET_BLOCKS = (64, 128, 256, 512), 2
CONVNEXT_WIDTHS, CONVNEXT_BLOCKS = (64, 128, 256), 2


def vgg(ops: Operations, p: Mapping[str, Any], images: Any) -> Any:
    """``jconv train --model vgg``: stages of two 3x3 convolutions and a pool."""
    x = images
    for stage in range(len(VGG_WIDTHS)):
        for layer in range(VGG_LAYERS):
            name = f"{stage}.{layer}"
            x = ops.conv(x, p[name], stride=1, padding=1)
            x = jax.nn.relu(x + along_channels(p[f"{name}.shift"], x))
        x = ops.max_pool(x, window=(2, 2), stride=2, padding=0)
    logits = ops.product(x.reshape(len(x), -1), p["head"])
    return logits + along_channels(p["head.shift"], logits)


def resnet18(ops: Operations, p: Mapping[str, Any], images: Any) -> Any:
    """ResNet-18: four stages of two blocks of two 3x3 convolutions."""
    x = ops.conv(images, p["stem"], stride=2, padding=3)
    x = jax.nn.relu(normalised(x, p, "stem", BATCH_AXES))
    x = ops.max_pool(x, window=(3, 3), stride=2, padding=1)
    for stage in range(len(RESNET_WIDTHS)):
        for block in range(RESNET_BLOCKS):
            name = f"{stage}.{block}"
            stride = 2 if stage and not block else 1
            y = ops.conv(x, p[f"{name}.a"], stride=stride, padding=1)
            y = jax.nn.relu(normalised(y, p, f"{name}.a", BATCH_AXES))
            y = ops.conv(y, p[f"{name}.b"], stride=1, padding=1)
            y = normalised(y, p, f"{name}.b", BATCH_AXES)
            if f"{name}.skip" in p:
                x = ops.conv(x, p[f"{name}.skip"], stride=stride, padding=0)
                x = normalised(x, p, f"{name}.skip", BATCH_AXES)
            x = jax.nn.relu(x + y)
    return jnp.mean(x, axis=(1, 2)) @ p["head"]


def convnext(ops: Operations, p: Mapping[str, Any], images: Any) -> Any:
    """ConvNeXt: a depthwise 7x7 convolution, then two pointwise layers, per block."""
    x = normalised(ops.conv(images, p["stem"], stride=4), p, "stem", CHANNEL_AXIS)
    for stage, width in enumerate(CONVNEXT_WIDTHS):
        if stage:
            x = normalised(x, p, f"{stage}.down", CHANNEL_AXIS)
            x = ops.conv(x, p[f"{stage}.down"], stride=2)
        for block in range(CONVNEXT_BLOCKS):
            name = f"{stage}.{block}"
            y = ops.conv(x, p[f"{name}.dw"], stride=1, padding=3, groups=width)
            y = normalised(y, p, f"{name}.dw", CHANNEL_AXIS)
            y = jax.nn.gelu(ops.product(y, p[f"{name}.up"]))
            x = x + ops.product(y, p[f"{name}.out"])
    return jnp.mean(x, axis=(1, 2)) @ p["head"]


def _vgg_shapes() -> dict[str, tuple[int, ...]]:
    """Parameters of ``vgg``."""
    shapes: dict[str, tuple[int, ...]] = {}
    before, side = 3, VGG_IMAGE // 2 ** len(VGG_WIDTHS)
    for stage, width in enumerate(VGG_WIDTHS):
        for layer in range(VGG_LAYERS):
            shapes[f"{stage}.{layer}"] = (3, 3, before, width)
            before = width
    shapes["head"] = (side * side * before, CLASSES)
    return shapes | {f"{name}.shift": shape[-1:] for name, shape in shapes.items()}


def _resnet_shapes() -> dict[str, tuple[int, ...]]:
    """Parameters of ``resnet18``."""
    shapes: dict[str, tuple[int, ...]] = {"stem": (7, 7, 3, RESNET_WIDTHS[0])}
    before = RESNET_WIDTHS[0]
    for stage, width in enumerate(RESNET_WIDTHS):
        for block in range(RESNET_BLOCKS):
            shapes[f"{stage}.{block}.a"] = (3, 3, before, width)
            shapes[f"{stage}.{block}.b"] = (3, 3, width, width)
            if before != width:
                shapes[f"{stage}.{block}.skip"] = (1, 1, before, width)
            before = width
    return _with_norms(shapes) | {"head": (before, CLASSES)}


def _convnext_shapes() -> dict[str, tuple[int, ...]]:
    """Parameters of ``convnext``."""
    shapes: dict[str, tuple[int, ...]] = {"stem": (4, 4, 3, CONVNEXT_WIDTHS[0])}
    pointwise: dict[str, tuple[int, ...]] = {}
    before = CONVNEXT_WIDTHS[0]
    for stage, width in enumerate(CONVNEXT_WIDTHS):
        if stage:
            shapes[f"{stage}.down"] = (2, 2, before, width)
        for block in range(CONVNEXT_BLOCKS):
            shapes[f"{stage}.{block}.dw"] = (7, 7, 1, width)
            pointwise[f"{stage}.{block}.up"] = (width, 4 * width)
            pointwise[f"{stage}.{block}.out"] = (4 * width, width)
        before = width
    return _with_norms(shapes) | pointwise | {"head": (before, CLASSES)}


def _with_norms(kernels: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """A scale and a shift for each kernel; of what goes in where a layer is "down"."""
    shapes = dict(kernels)
    for name, shape in kernels.items():
        channels = shape[-2] if name.endswith("down") else shape[-1]
        shapes[f"{name}.scale"] = shapes[f"{name}.shift"] = (channels,)
    return shapes


MODELS: tuple[Model, ...] = (
    Model("step/vgg", vgg, _vgg_shapes(), batch=64, image=VGG_IMAGE),
    Model("step/resnet18", resnet18, _resnet_shapes(), batch=8, image=96),
    Model("step/convnext", convnext, _convnext_shapes(), batch=8, image=96),
)
