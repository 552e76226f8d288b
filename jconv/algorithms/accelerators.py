"""What is different on accelerators: how long the pieces take, and how large tiles are.

A CPU works in tiles that stay in its cache, and pays little for a turn of a loop. On an
accelerator every operation waits for its launch, a loop waits for each turn, and memory
is fast: there it is best to copy all windows at once and to multiply them in one
product. The rates are read off an H100 (``benchmarks/results``), in float32, whose
products take TF32 by default. Until they are measured, other accelerators are taken to
be alike but for a common factor, on which no choice depends.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jconv.algorithms.protocol import Algorithm

FLOPS_PER_SECOND = 2e14
"""Operations per second of products with long rows."""

BYTES_PER_SECOND = 2.2e12
"""What a copy writes, its source's bytes not counted."""

PRODUCT_BYTES_PER_SECOND = 3e12
"""What a product reads and writes beside its operations."""

ADDS_PER_SECOND = 1.2e12
"""Multiply-adds of sums over taps, entry by entry."""

LAUNCH_SECONDS = 5e-6
"""What a product, or a loop over entries, waits for its start with what it needs."""

TURN_SECONDS = 3e-5
"""What each turn of a loop waits for."""

TRANSFORMS_SECONDS = 20 * LAUNCH_SECONDS
"""What the operations of transforms wait for, there and back."""

GRANULE = 16
"""Rows and columns that are multiplied together: fewer take as long."""

SHORT_RUN = 16
"""Bytes of a run at which a copy reaches half of its speed."""

FLOAT_BYTES = 4

TILE_BYTES = 2**30
"""Memory of the windows that are copied before they are multiplied."""

WHOLE = 1.5
"""Windows that take so many tiles' memory are copied at once, in no loop."""


def is_accelerator(platform: str | None) -> bool:
    """Whether a platform is no CPU; None stands for any, and is taken to be a CPU."""
    return platform not in (None, "cpu")


def product_seconds(b: float, m: float, k: float, n: float) -> float:
    """``b`` products of (m, k) and (k, n): multiplying, and passing what they touch.

    Examples:
        >>> f"{product_seconds(1, 8192, 8192, 8192):.1g}"
        '0.006'
    """
    flops = 2.0 * b * max(m, GRANULE) * max(k, GRANULE) * max(n, GRANULE)
    n_bytes = FLOAT_BYTES * b * (m * k + k * n + m * n)
    return LAUNCH_SECONDS + (
        flops / FLOPS_PER_SECOND + n_bytes / PRODUCT_BYTES_PER_SECOND
    )


def copy_seconds(n_bytes: float, run_bytes: float) -> float:
    """A copy of so many bytes, in runs that lie together."""
    return n_bytes * (1 + SHORT_RUN / max(1, run_bytes)) / BYTES_PER_SECOND


def sums_seconds(adds: float, n_bytes: float) -> float:
    """Multiply-adds in one loop over entries, which passes so many bytes."""
    return LAUNCH_SECONDS + adds / ADDS_PER_SECOND + n_bytes / BYTES_PER_SECOND


def on(algorithm: Algorithm, platform: str | None) -> Algorithm:
    """The algorithm as it works there: by that platform's costs, in its tiles.

    Examples:
        >>> from jconv.algorithms import PATCHES
        >>> on(PATCHES, "cuda").tile_bytes == TILE_BYTES, on(PATCHES, "cpu") is PATCHES
        (True, True)
    """
    if not is_accelerator(platform):
        return algorithm
    value: Any = algorithm
    wanted: dict[str, Any] = {
        "platform": platform,
        "tile_bytes": TILE_BYTES,
        "whole": WHOLE,
        "block_bytes": None,
    }
    names = {field.name for field in dataclasses.fields(value)}
    changes = {name: wanted[name] for name in names & wanted.keys()}
    if "inner" in names:
        changes["inner"] = tuple(on(each, platform) for each in value.inner)
    return dataclasses.replace(value, **changes)
