"""Layers that nothing is fitted to: they show whether the choice generalises.

The scaling rule is that of ``layers``. Whoever fits a cost model leaves these alone.
"""

from __future__ import annotations

from jconv.bench.layer import Layer

HELD_OUT: tuple[Layer, ...] = (
    # Dense, two axes
    Layer("cifar_resnet/16", 8, (32, 32), 16, 16, (3, 3), padding=1),
    Layer("lenet/conv2", 8, (14, 14), 6, 16, (5, 5)),
    Layer("densenet/growth32", 8, (28, 28), 128, 32, (3, 3), padding=1),
    Layer("inception3/5x5", 8, (35, 35), 48, 64, (5, 5), padding=2),
    Layer("odd/48-80", 3, (31, 45), 48, 80, (3, 3), padding=1),
    Layer("vgg16/conv3_1", 1, (56, 56), 128, 256, (3, 3), padding=1),
    Layer("resnet50/res4a_2b", 8, (28, 28), 256, 256, (3, 3), stride=2, padding=1),
    Layer("densenet/transition", 8, (28, 28), 512, 256, (1, 1)),
    Layer("mobilenet2/project", 8, (28, 28), 192, 32, (1, 1)),
    Layer("yolo8/p5", 1, (20, 20), 576, 576, (3, 3), stride=2, padding=1),
    Layer("gan/k4s2", 8, (32, 32), 64, 128, (4, 4), stride=2, padding=1),
    Layer("deeplab/d2", 2, (33, 33), 256, 256, (3, 3), 1, 2, dilation=2),
    Layer("espnet/d16", 2, (64, 64), 25, 25, (3, 3), 1, 16, dilation=16),
    Layer("superres/9x9", 1, (96, 96), 64, 3, (9, 9), padding=4),
    Layer("vit/patch14", 8, (224, 224), 3, 384, (14, 14), stride=14),
    Layer("swin/merge2", 8, (28, 28), 192, 384, (2, 2), stride=2),
    # Depthwise and grouped
    Layer("efficientnet/dw5s2", 8, (56, 56), 144, 144, (5, 5), 2, 2, groups=144),
    Layer("mobilenet3/dw3", 8, (14, 14), 480, 480, (3, 3), 1, 1, groups=480),
    Layer("replknet/dw31", 1, (28, 28), 128, 128, (31, 31), 1, 15, groups=128),
    Layer("convmixer/dw9", 4, (32, 32), 256, 256, (9, 9), 1, 4, groups=256),
    Layer("regnet/g16", 4, (28, 28), 320, 320, (3, 3), stride=2, padding=1, groups=20),
    Layer("shufflenet/g3", 8, (28, 28), 240, 240, (1, 1), groups=3),
    Layer("multiplier/x2", 2, (28, 28), 64, 128, (3, 3), padding=1, groups=64),
    # One axis
    Layer("hifigan/k11d5", 2, (4096,), 128, 128, (11,), 1, 25, dilation=5),
    Layer("wav2vec2/k3s2", 2, (3000,), 512, 512, (3,), stride=2),
    Layer("encodec/k7", 4, (24000,), 1, 32, (7,), padding=3),
    Layer("tcn/d32", 8, (1024,), 64, 64, (3,), padding=32, dilation=32),
    Layer("mamba/dw4", 1, (1024,), 256, 256, (4,), padding=3, groups=256),
    Layer("longconv/k257", 2, (4096,), 32, 32, (257,), padding=128),
    # Three axes
    Layer("r2plus1d/spatial", 1, (8, 28, 28), 128, 128, (1, 3, 3), 1, (0, 1, 1)),
    Layer("r2plus1d/temporal", 1, (8, 28, 28), 128, 128, (3, 1, 1), 1, (1, 0, 0)),
    Layer("vivit/tubelet", 1, (16, 112, 112), 3, 384, (2, 16, 16), (2, 16, 16)),
)
