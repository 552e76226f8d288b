"""Networks of the literature, each a function from its sizes to layers.

References:
    Y. LeCun et al., "Gradient-based learning applied to document recognition",
    http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf, 1998.
    A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet classification with deep
    convolutional neural networks", NeurIPS, 2012.
    K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale
    image recognition", https://arxiv.org/abs/1409.1556, 2014.
    K. He et al., "Deep residual learning for image recognition",
    https://arxiv.org/abs/1512.03385, 2015.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jconv.errors import GeometryError
from jconv.nn.compose import Residual, Sequential
from jconv.nn.convolution import Conv
from jconv.nn.dense import Dense, Flatten
from jconv.nn.initialisers import lecun_normal
from jconv.nn.norms import BatchNorm, LocalResponseNorm
from jconv.nn.pointwise import Activation, Dropout
from jconv.nn.pools import AvgPool, GlobalAvgPool, MaxPool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jconv.nn.layer import Layer

RELU, TANH = Activation("relu"), Activation("tanh")


def mlp(classes: int = 10, width: int = 128, depth: int = 2) -> Sequential:
    """Dense layers alone: it sees no neighbourhood.

    Args:
        classes: numbers in the output.
        width: of every hidden layer.
        depth: how many hidden layers.
    """
    hidden: list[Layer] = [Flatten()]
    for _ in range(depth):
        hidden += [Dense(width), RELU]
    return Sequential((*hidden, _head(classes)))


def cnn(classes: int = 10, width: int = 32) -> Sequential:
    """Two convolutions and a pool, a third and a pool, dense: for small pictures.

    Args:
        classes: numbers in the output.
        width: channels of the first convolutions; the third has twice as many.
    """
    return Sequential(
        (
            *_conv_norm_relu(width),
            *_conv_norm_relu(width),
            MaxPool(2, ceil_mode=True),
            *_conv_norm_relu(2 * width),
            MaxPool(2, ceil_mode=True),
            Flatten(),
            Dropout(0.5),
            _head(classes),
        )
    )


def lenet5(classes: int = 10) -> Sequential:
    """LeNet-5 as it is taught: 61,706 parameters on 32 x 32 pictures.

    The original (1998) has 60,000: its third layer is connected in part (1,516 for
    2,416), its pools have 44 weights, and its output layer has none.
    """
    return Sequential(
        (
            Conv(6, 5, initialiser=lecun_normal),
            TANH,
            AvgPool(2),
            Conv(16, 5, initialiser=lecun_normal),
            TANH,
            AvgPool(2),
            Flatten(),
            Dense(120, initialiser=lecun_normal),
            TANH,
            Dense(84, initialiser=lecun_normal),
            TANH,
            _head(classes),
        )
    )


VGG16 = (2, 2, 3, 3, 3)
"""Convolutions in each of the five stages of VGG-16."""


def vgg(
    classes: int = 10,
    width: int = 32,
    stages: Sequence[int] = (2, 2, 2),
    dense: Sequence[int] = (),
) -> Sequential:
    """3 x 3 convolutions in stages; a stage halves the sides and doubles the channels.

    ``vgg(1000, 64, VGG16, (4096, 4096))`` is VGG-16, with 138,357,544 parameters on
    224 x 224 pictures.

    Args:
        classes: numbers in the output.
        width: channels of the first stage; no stage has more than eight times as many.
        stages: convolutions in each stage.
        dense: widths of hidden dense layers.
    """
    layers: list[Layer] = []
    for n, count in enumerate(stages):
        features = width * min(2**n, 8)
        for _ in range(count):
            layers += [Conv(features, 3, padding="same"), RELU]
        layers.append(MaxPool(2))
    layers.append(Flatten())
    for features in dense:
        layers += [Dense(features), RELU, Dropout(0.5)]
    return Sequential((*layers, _head(classes)))


def resnet18(classes: int = 10, width: int = 64, stem: str = "small") -> Sequential:
    """ResNet-18: a stem, then four stages of two residual blocks.

    With ``stem="imagenet"``, 1000 classes and 3 channels it has 11,689,512 parameters;
    with the small stem and 10 classes 11,173,962.

    Args:
        classes: numbers in the output.
        width: channels of the first stage; the last has eight times as many.
        stem: "imagenet" (7 x 7 with stride 2, and a pool) or "small" (3 x 3).

    Raises:
        GeometryError: for any other stem.
    """
    if stem not in ("small", "imagenet"):
        raise GeometryError.of("stem", stem, "'small' or 'imagenet'")
    layers: list[Layer] = []
    if stem == "imagenet":
        layers += [*_conv_norm(width, 7, 2, padding=3), RELU]
        layers.append(MaxPool(3, stride=2, padding=1))
    else:
        layers += [*_conv_norm(width, 3), RELU]
    for stage in range(4):
        features = width * 2**stage
        for block in range(2):
            first = bool(stage) and not block
            layers += [basic_block(features, stride=2 if first else 1), RELU]
    return Sequential((*layers, GlobalAvgPool(), _head(classes)))


def basic_block(features: int, stride: int = 1) -> Residual:
    """Two 3 x 3 convolutions and a way around; with a stride, 1 x 1 around.

    Args:
        features: channels of the output, and without a stride also of the input.
        stride: of the first convolution.
    """
    body = (*_conv_norm(features, 3, stride), RELU, *_conv_norm(features, 3))
    around = Sequential(_conv_norm(features, 1, stride)) if stride != 1 else None
    return Residual(Sequential(body), around)


def bottleneck(
    features: int, inner: int | None = None, *, reduce: bool = True
) -> Residual:
    """A 3 x 3 convolution between two 1 x 1, which take channels away and put back.

    Args:
        features: channels of the input and of the output.
        inner: channels that the 3 x 3 convolution sees; a fourth by default.
        reduce: whether the 1 x 1 convolutions are there; without them the 3 x 3 one
            sees all channels.

    Examples:
        The kernels for 256 channels: together 69,632 numbers, without 1 x 1 589,824.

        >>> from jconv.nn.tables import rows
        >>> for reduce in (True, False):
        ...     found = rows(bottleneck(256, reduce=reduce), (8, 8, 256))
        ...     print([row.parameters for row in found if "Conv" in row.name])
        [16384, 36864, 16384]
        [589824]
    """
    inner = features // 4 if inner is None else inner
    if not reduce:
        return Residual(Sequential(_conv_norm(features, 3)))
    body = (
        *_conv_norm(inner, 1),
        RELU,
        *_conv_norm(inner, 3),
        RELU,
        *_conv_norm(features, 1),
    )
    return Residual(Sequential(body))


def alexnet(
    classes: int = 1000, width: int = 96, dense: int = 4096, groups: int = 2
) -> Sequential:
    """AlexNet on 227 x 227 pictures: 60,965,224 parameters as published.

    Of these are 2,332,704 weights of convolutions (3,745,824 with ``groups=1``, that
    is, as if it had been trained on one device) and 58,631,144 of dense layers, biases
    included.

    Args:
        classes: numbers in the output.
        width: channels of the first convolution; 96 gives 256, 384, 384 and 256 after.
            Where it does not split into the groups it is rounded up.
        dense: width of both hidden dense layers.
        groups: of the second, fourth and fifth convolution.
    """
    width += -width % groups
    second, third = width * 8 // 3 // groups * groups, width * 4
    return Sequential(
        (
            Conv(width, 11, stride=4),
            RELU,
            LocalResponseNorm(),
            MaxPool(3, stride=2),
            Conv(second, 5, padding=2, groups=groups),
            RELU,
            LocalResponseNorm(),
            MaxPool(3, stride=2),
            Conv(third, 3, padding=1),
            RELU,
            Conv(third, 3, padding=1, groups=groups),
            RELU,
            Conv(second, 3, padding=1, groups=groups),
            RELU,
            MaxPool(3, stride=2),
            Flatten(),
            Dropout(0.5),
            Dense(dense),
            RELU,
            Dropout(0.5),
            Dense(dense),
            RELU,
            _head(classes),
        )
    )


def _head(classes: int) -> Dense:
    """The last layer: no ReLU follows, so the variance is kept and not doubled."""
    return Dense(classes, initialiser=lecun_normal)


def _conv_norm(
    features: int, size: int, stride: int = 1, padding: int | None = None
) -> tuple[Layer, Layer]:
    """A convolution without the bias that the normalisation would take away."""
    pads = size // 2 if padding is None else padding
    return Conv(features, size, stride=stride, padding=pads, bias=False), BatchNorm()


def _conv_norm_relu(features: int) -> tuple[Layer, ...]:
    """A 3 x 3 convolution, normalised and activated."""
    return *_conv_norm(features, 3), RELU
