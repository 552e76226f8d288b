"""Networks: how many parameters they have, and how their layers follow each other."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from jconv import nn
from jconv.nn import models, tables
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import equality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.context import Context

ALEXNET = {
    "convolutions, in two groups as published": 2_332_704,
    "convolutions, ungrouped": 3_745_824,
    "dense layers, with biases": 58_631_144,
}


@claim(
    "net.parameters",
    says="The parameters of a convolutional layer are those of its kernels; as they "
    "are shared, the size of the image does not enter.",
    formula="N = K₁ ⋯ Kₙ · C_in · C_out",
    source="S1, S3, S4",
    kind="exact",
    falsified_by="a layer that makes another number of them, or one that makes more "
    "for a larger image",
)
def net_parameters(context: Context) -> Iterator[Evidence]:
    """The sources' numbers, by the shapes of the arrays that are made."""
    for layer, shape, count in (
        (nn.Conv(1, 5, bias=False), (32, 32, 3), 75),
        (nn.Conv(64, 3, bias=False), (16, 16, 128), 73_728),
        (nn.Conv(64, 3), (16, 16, 128), 73_728 + 64),
        (nn.Conv(64, 3, groups=4, bias=False), (16, 16, 128), 73_728 // 4),
        (nn.Conv(4, 3, bias=False), (9, 9, 9, 2), 27 * 2 * 4),
    ):
        yield equality(f"{layer} on {shape}", nn.parameter_count(layer, shape), count)
    sizes = (8, 32) if context.quick else (8, 32, 64, 227)
    shared = [nn.parameter_count(nn.Conv(2, 3), (n, n, 1)) for n in sizes]
    yield equality("two maps on any image", shared, [20] * len(sizes))
    unshared = [nn.parameter_count(nn.LocallyConnected(2, 3), (n, n, 1)) for n in sizes]
    expected = [20 * (n - 2) ** 2 for n in sizes]
    yield equality("as many again for every place, unshared", unshared, expected)


@claim(
    "net.alexnet",
    says="AlexNet's dense layers hold far more parameters than its convolutions.",
    source="S4; Krizhevsky, Sutskever and Hinton, 2012",
    kind="exact",
    falsified_by="any other number than the published ones",
)
def net_alexnet(context: Context) -> Iterator[Evidence]:
    """Counted in full by shapes alone: nothing of this size is made."""
    del context
    found = {}
    for groups, words in ((2, "in two groups as published"), (1, "ungrouped")):
        rows = tables.rows(models.alexnet(groups=groups), (227, 227, 3))
        convs = [row for row in rows if row.name.startswith("Conv")]
        dense = [row for row in rows if row.name.startswith("Dense")]
        biases = sum(row.output_shape[-1] for row in convs)
        weights = sum(row.parameters for row in convs) - biases
        found[f"convolutions, {words}"] = weights
        found["dense layers, with biases"] = sum(row.parameters for row in dense)
    for name, count in ALEXNET.items():
        yield equality(name, found[name], count, show="parameters")
    grouped, _, whole = ALEXNET.values()
    ratio = round(whole / grouped, 1)
    yield Evidence(
        whole > 20 * grouped, "dense layers over convolutions", numbers={"ratio": ratio}
    )


@claim(
    "net.structure",
    says="Convolutions and pools take turns: the first keep the resolution and add "
    "channels, the second keep the channels and lower the resolution; dense layers "
    "come last. Doubling the channels while halving both sides halves what a layer "
    "holds.",
    formula="2C · (H/2) · (W/2) = CHW / 2",
    source="S2",
    kind="exact",
    falsified_by="a stage of VGG that does otherwise",
)
def net_structure(context: Context) -> Iterator[Evidence]:
    """VGG-16 in full, by shapes, and the small one."""
    del context
    networks = {
        "VGG-16": (models.vgg(1000, 64, models.VGG16, (4096, 4096)), 224),
        "the small VGG": (models.vgg(), 32),
    }
    for name, (net, side) in networks.items():
        before: tuple[int, ...] = (side, side, 3)
        held, dense = [], False
        for row in tables.rows(net, before):
            after = row.output_shape
            if row.name.startswith("Conv"):
                holds = after[:2] == before[:2] and after[2] >= before[2] and not dense
                yield Evidence(holds, f"{name}: {row.name}, {before} to {after}")
            elif row.name.startswith("MaxPool"):
                holds = after == (before[0] // 2, before[1] // 2, before[2])
                held.append(math.prod(before))
                yield Evidence(holds, f"{name}: {row.name}, {before} to {after}")
            elif row.name.startswith("Dense"):
                dense = True
            before = after
        yield Evidence(dense, f"{name}: dense layers come last")
        # Up to the stage after which VGG-16 adds no channels any more.
        halves = [a == 2 * b for a, b in itertools.pairwise(held[:4])]
        yield Evidence(
            all(halves),
            f"{name}: a stage holds half of what the one before held",
            cases=len(halves),
            numbers={"numbers per stage": held},
        )
