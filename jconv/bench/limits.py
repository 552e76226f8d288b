"""The machine's own limits, measured in the same run: multiplying and moving.

A row cannot take less than ``max(flop / gemm, bytes / bandwidth)``: the roofline. The
bandwidth is that of copies of about the row's own size, for what fits in a cache moves
faster than what does not.

References:
    S. Williams, A. Waterman and D. Patterson, "Roofline: an insightful visual
    performance model for multicore architectures",
    https://doi.org/10.1145/1498765.1498785, 2009.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import time
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

if TYPE_CHECKING:
    from jconv.bench.row import Thunk

GEMM_SIZE = {"cpu": 2048}
ACCELERATOR_GEMM_SIZE = 8192
COPY_SIZES = {"cpu": tuple(n << 20 for n in (2, 8, 32, 128))}
ACCELERATOR_COPY_SIZES = tuple(n << 20 for n in (8, 32, 128, 512, 2048))
"""Bytes read and written by one copy, together: from what a cache holds on."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """What the machine can do at most.

    Attributes:
        flop_per_s: of a large float32 matrix product.
        bytes_per_s: of copies, reading and writing counted, by the bytes they touch.
    """

    flop_per_s: float
    bytes_per_s: dict[int, float]

    def bandwidth(self, n_bytes: int) -> float:
        """Of the smallest measured copy that is at least as large, or of the largest.

        Examples:
            >>> limits = Limits(1e12, {1000: 2e11, 9000: 4e10})
            >>> limits.bandwidth(10), limits.bandwidth(1001), limits.bandwidth(10**6)
            (200000000000.0, 40000000000.0, 40000000000.0)
        """
        sizes = sorted(self.bytes_per_s)
        fitting = (size for size in sizes if size >= n_bytes)
        return self.bytes_per_s[next(fitting, sizes[-1])]

    def seconds(self, flop: int, n_bytes: int) -> float:
        """The least time of some work.

        Examples:
            >>> limits = Limits(1e12, {1000: 1e11})
            >>> limits.seconds(2 * 10**12, 10**11), limits.seconds(0, 10**11)
            (2.0, 1.0)
        """
        return max(flop / self.flop_per_s, n_bytes / self.bandwidth(n_bytes))


def measure(budget_s: float = 2.0) -> Limits:
    """Measure both, the best of all repetitions: a limit is what was ever reached."""
    platform = jax.default_backend()
    sizes = COPY_SIZES.get(platform, ACCELERATOR_COPY_SIZES)
    share = budget_s / (1 + len(sizes))
    copy = host_copy if platform == "cpu" else device_copy
    copies = {size: copy(size, share) for size in sizes}
    best = 0.0
    for size in sorted(sizes, reverse=True):  # a smaller copy is no slower
        copies[size] = best = max(best, copies[size])
    size = GEMM_SIZE.get(platform, ACCELERATOR_GEMM_SIZE)
    return Limits(gemm(size, share), copies)


def gemm(size: int, budget_s: float) -> float:
    """Operations a second of a square matrix product."""
    a = jnp.ones((size, size), jnp.float32)
    product = jax.jit(lambda a: a @ a).lower(a).compile()
    jax.block_until_ready(product(a))
    return 2 * size**3 / _best(lambda: jax.block_until_ready(product(a)), budget_s)


def device_copy(n_bytes: int, budget_s: float) -> float:
    """Bytes a second of an accelerator that adds one, reading and writing."""
    x = jnp.zeros(n_bytes // 8, jnp.float32)
    add = jax.jit(lambda x: x + 1).lower(x).compile()
    jax.block_until_ready(add(x))
    return n_bytes / _best(lambda: jax.block_until_ready(add(x)), budget_s)


def host_copy(n_bytes: int, budget_s: float) -> float:
    """Bytes a second of all cores copying, each a part of its own."""
    cores = os.cpu_count() or 1
    repeats = max(1, (64 << 20) // n_bytes)
    parts = [np.ones((2, n_bytes // 8 // cores), np.float32) for _ in range(cores)]

    def copy(part: np.ndarray) -> None:
        for _ in range(repeats):
            np.copyto(part[0], part[1])

    with concurrent.futures.ThreadPoolExecutor(cores) as pool:
        seconds = _best(lambda: list(pool.map(copy, parts)), budget_s)
    return repeats * n_bytes / seconds


def _best(call: Thunk, budget_s: float) -> float:
    """The shortest of some calls; three at least."""
    started, best, count = time.perf_counter(), float("inf"), 0
    while count < 3 or time.perf_counter() - started < budget_s:
        start = time.perf_counter()
        call()
        best, count = min(best, time.perf_counter() - start), count + 1
    return best
