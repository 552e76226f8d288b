"""Layers that nobody listed, to ask how well algorithms are chosen for any.

Their sizes are drawn as those of networks are spread: mostly two axes and three taps,
channels from one to a thousand, strides and dilations now and then, up to a quarter of
them in groups. The same seed draws the same layers.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from jconv.bench.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANNELS = (1, 3, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)

SIZES = {
    1: (64, 128, 300, 512, 1000, 2048, 4000, 8000, 16_000),
    2: (4, 7, 8, 10, 14, 16, 20, 28, 32, 40, 56, 64, 80, 112, 128, 224),
    3: (4, 8, 16, 32),
}
"""Of each axis, by rank."""

TAPS = {
    1: (2, 3, 3, 4, 5, 8, 10, 16, 32),
    2: (1, 2, 3, 3, 3, 3, 5, 7),
    3: (1, 2, 3, 3),
}
"""Along each axis, by rank."""

FLOP = (1e7, 3e9)
"""The least and the most: some tenth of a millisecond to some ten."""

LARGEST_BYTES = 6e7
"""Of x, w and y together."""


def random_layers(seed: int = 0) -> Iterator[Layer]:
    """Layers without end.

    Args:
        seed: of the sequence.

    Examples:
        >>> first = next(random_layers())
        >>> first == next(random_layers()), first.name
        (True, 'random/1')
    """
    rng = random.Random(seed)
    number = 0
    while True:
        layer = _drawn(rng, f"random/{number + 1}")
        if layer is not None and _is_fit(layer):
            number += 1
            yield layer


def _drawn(rng: random.Random, name: str) -> Layer | None:
    """A layer of any size; None if its window is larger than the image."""
    rank = rng.choice((1, 2, 2, 2, 2, 2, 2, 3))
    c_in = rng.choice(CHANNELS)
    c_out = rng.choice((c_in, rng.choice(CHANNELS)))
    size, taps = rng.choice(SIZES[rank]), rng.choice(TAPS[rank])
    kernel = (taps,) * rank
    if rank == 2 and rng.random() < 0.1:
        kernel = rng.choice(((1, taps), (taps, 1)))
    stride = rng.choice([s for s in (1, 1, 1, 2, 4) if s == 1 or s <= taps])
    dilation = rng.choice((1, 1, 1, 1, 2, 4)) if stride == 1 and taps > 1 else 1
    reach = (taps - 1) * dilation + 1
    if reach > size:
        return None
    shared = [g for g in (2, 4, 8, 16, 32) if math.gcd(c_in, c_out) % g == 0]
    groups = rng.choice((1, 1, 1, rng.choice(shared or [1])))
    pads = tuple((k - 1) * dilation // 2 for k in kernel)
    return Layer(
        name,
        rng.choice((1, 2, 4, 8, 16, 32)),
        (size,) * rank,
        c_in,
        c_out,
        kernel,
        stride,
        pads[0] if len(set(pads)) == 1 else pads,
        dilation,
        groups,
    )


def _is_fit(layer: Layer) -> bool:
    """Whether it takes neither no time nor all of it."""
    least, most = FLOP
    return least < layer.flop < most and layer.n_bytes < LARGEST_BYTES
