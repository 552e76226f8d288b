"""The layers to measure, as data: real networks, scaled to one machine.

Shapes are those of oneDNN's benchdnn, DeepBench, convnet-benchmarks and of the papers
named. The scaling rule: at most 8 examples, halved until the direct sum needs at most
``FLOP_CEILING`` (so that ``lax`` takes some 20 to 100 ms a call); where one example is
still too much, the image shrinks, its channels and its kernel never do. Where ``lax``
is up to a thousand times slower than the machine (grouped and depthwise layers, strided
derivatives in three axes) even less is kept, so that no call takes more than about a
second (``GROUPED_FLOP_CEILING``).

References:
    oneDNN's benchdnn inputs, https://github.com/uxlfoundation/oneDNN, 2026.
    Baidu Research, "DeepBench", https://github.com/baidu-research/DeepBench, 2017.
    S. Chintala, "convnet-benchmarks",
    https://github.com/soumith/convnet-benchmarks, 2016.
"""

from __future__ import annotations

from jconv.bench.layer import Layer

FLOP_CEILING = 5_000_000_000
GROUPED_FLOP_CEILING = 500_000_000

LAYERS: tuple[Layer, ...] = (
    # ResNet-50 v1.5 (MLPerf)
    Layer("resnet50/conv1", 8, (224, 224), 3, 64, (7, 7), stride=2, padding=3),
    Layer("resnet50/res2a_branch2b", 8, (56, 56), 64, 64, (3, 3), padding=1),
    Layer("resnet50/res2a_branch1", 8, (56, 56), 64, 256, (1, 1)),
    Layer("resnet50/res3a_branch2b", 8, (56, 56), 128, 128, (3, 3), 2, 1),
    Layer("resnet50/res4b_branch2b", 8, (14, 14), 256, 256, (3, 3), padding=1),
    Layer("resnet50/res4a_branch1", 8, (28, 28), 512, 1024, (1, 1), stride=2),
    Layer("resnet50/res5b_branch2b", 8, (7, 7), 512, 512, (3, 3), padding=1),
    # VGG-19, AlexNet, Inception, YOLO
    Layer("vgg19/conv1_2", 1, (224, 224), 64, 64, (3, 3), padding=1),
    Layer("vgg19/conv4_2", 1, (28, 28), 512, 512, (3, 3), padding=1),
    Layer("alexnet/conv1", 8, (227, 227), 3, 96, (11, 11), stride=4),
    Layer("inception3/mixed7_1x7", 8, (17, 17), 192, 192, (1, 7), padding=(0, 3)),
    Layer("yolo2/conv9", 1, (21, 21), 512, 1024, (3, 3)),
    # Depthwise and what stands beside it
    Layer("mobilenet/conv3_1dw", 8, (56, 56), 128, 128, (3, 3), 1, 1, groups=128),
    Layer("mobilenet/conv2_2dw", 8, (112, 112), 64, 64, (3, 3), 2, 1, groups=64),
    Layer("mobilenet2/expand", 8, (56, 56), 24, 144, (1, 1)),
    Layer("mobilenet2/dw144", 8, (56, 56), 144, 144, (3, 3), 1, 1, groups=144),
    Layer("convnext/dw7", 8, (56, 56), 96, 96, (7, 7), 1, 3, groups=96),
    Layer("convnext/dw7_late", 8, (14, 14), 384, 384, (7, 7), 1, 3, groups=384),
    Layer("efficientdet/dw5", 1, (16, 16), 1152, 1152, (5, 5), 1, 2, groups=1152),
    Layer("movinet/dw3d", 1, (8, 14, 14), 184, 184, (5, 3, 3), 1, (2, 1, 1), 1, 184),
    # Grouped
    Layer("alexnet/conv2", 1, (27, 27), 96, 256, (5, 5), padding=2, groups=2),
    Layer("resnext50/conv3", 2, (28, 28), 256, 256, (3, 3), padding=1, groups=32),
    Layer("resnext101/conv3", 1, (28, 28), 512, 512, (3, 3), padding=1, groups=32),
    # Dilated
    Layer("rfcn/dilated", 1, (19, 28), 512, 512, (3, 3), 1, 3, dilation=3),
    Layer("deeplab/d12", 1, (33, 33), 512, 512, (3, 3), 1, 12, dilation=12),
    # Segmentation and diffusion
    Layer("unet/conv5", 4, (140, 140), 32, 64, (3, 3)),
    Layer("sd_unet/conv30", 1, (48, 48), 320, 320, (3, 3), padding=1),
    Layer("sd_unet/conv28", 1, (8, 8), 2560, 1280, (3, 3), padding=1),
    Layer("sd_vae/conv1", 1, (128, 128), 128, 128, (3, 3), padding=1),
    # Large kernels
    Layer("convnet_bench/L1", 4, (128, 128), 3, 96, (11, 11)),
    Layer("convnet_bench/L2", 1, (64, 64), 64, 128, (9, 9)),
    Layer("convnet_bench/L3", 2, (32, 32), 128, 128, (9, 9)),
    Layer("convnet_bench/L4", 8, (16, 16), 128, 128, (7, 7)),
    Layer("convnet_bench/L5", 8, (13, 13), 384, 384, (3, 3)),
    # Patches
    Layer("vit/patch16", 8, (224, 224), 3, 768, (16, 16), stride=16),
    Layer("convnext/stem", 8, (224, 224), 3, 96, (4, 4), stride=4),
    # Few channels
    Layer("deepbench/speech1", 8, (161, 700), 1, 32, (5, 20), stride=2),
    Layer("deepbench/speech2", 4, (79, 341), 32, 32, (5, 10), stride=2),
    Layer("deepbench/ocr", 8, (24, 240), 16, 32, (3, 3), padding=1),
    Layer("cifar/conv1", 8, (32, 32), 3, 32, (5, 5), padding=2),
    # One axis
    Layer("wavenet/conv1d_1", 1, (84350,), 32, 32, (2,)),
    Layer("wavenet/d512", 4, (16000,), 64, 64, (2,), dilation=512),
    Layer("wav2vec2/k10s5", 4, (16000,), 1, 512, (10,), stride=5),
    Layer("conv1d/k3", 8, (300,), 512, 512, (3,)),
    Layer("longconv/k65", 1, (8192,), 64, 64, (65,), padding=32),
    Layer("hyena/dw1025", 1, (1024,), 64, 64, (1025,), padding=512, groups=64),
    # Three axes
    Layer("unet3d/conv2", 1, (32, 32, 32), 32, 64, (3, 3, 3)),
    Layer("unet3d/conv6", 1, (10, 14, 14), 128, 256, (3, 3, 3)),
    Layer("i3d/conv1", 1, (8, 32, 32), 3, 64, (7, 7, 7), stride=2, padding=3),
)
"""What the cost model may be fitted to."""

QUICK = (
    "resnet50/res2a_branch2b",
    "resnet50/res3a_branch2b",
    "resnet50/res5b_branch2b",
    "mobilenet2/dw144",
    "efficientdet/dw5",
    "resnext50/conv3",
    "convnext/stem",
    "conv1d/k3",
    "unet3d/conv6",
    "per_example/cifar32",
    "pool/resnet_max3s2",
)
"""One of each kind, for a run of a minute."""
