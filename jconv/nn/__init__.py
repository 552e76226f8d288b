"""Networks: layers as frozen values, models, data and training.

    net = nn.Sequential((nn.Conv(8, 3), nn.Activation("relu"), nn.Flatten(), ...))
    params, state = net.init(jax.random.key(0), (28, 28, 1))
    logits, state = net.apply(params, images, state=state, train=True, key=key)

Read in this order: ``layer`` (what a layer is), ``initialisers``, ``convolution`` and
its siblings, ``compose``, ``models``, ``tables``; then ``data`` and ``train``.
"""

from jconv.nn.compose import Residual, Sequential
from jconv.nn.convolution import Conv, with_conv
from jconv.nn.dense import Dense, Flatten, Permute
from jconv.nn.initialisers import (
    VarianceScaling,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)
from jconv.nn.layer import Layer, map_layers, parameter_count, shapes
from jconv.nn.local import LocallyConnected
from jconv.nn.norms import BatchNorm, GroupNorm, LocalResponseNorm
from jconv.nn.pointwise import ACTIVATIONS, Activation, Dropout
from jconv.nn.pools import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from jconv.nn.tables import summary
from jconv.nn.transposed import ConvTranspose, with_method

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "AvgPool",
    "BatchNorm",
    "Conv",
    "ConvTranspose",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "Layer",
    "LocalResponseNorm",
    "LocallyConnected",
    "MaxPool",
    "Permute",
    "Residual",
    "Sequential",
    "VarianceScaling",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "map_layers",
    "parameter_count",
    "shapes",
    "summary",
    "with_conv",
    "with_method",
]
