"""Rows of pools, forward and backward, against ``lax``'s windows and PyTorch.

The peers do what flax does: ``reduce_window``, and JAX's derivative of it. PyTorch's
backward pass of max-pooling is given the winners that its forward pass kept; jconv's
and JAX's find them again.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

import jconv
from jconv.bench import torch_pools
from jconv.bench.layer import ITEMSIZE
from jconv.bench.row import Row
from jconv.bench.scale import scaled
from jconv.geometry import Geometry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jax import Array

    from jconv.bench.row import Function


@dataclasses.dataclass(frozen=True)
class Pool:
    """A pool as it stands in a network, channels last.

    Attributes:
        name: network and pool.
        kind: "max" or "avg" (which counts padding, as flax and PyTorch do).
        batch: examples at once.
        input: spatial sizes of x.
        channels: of x and y.
        window: its spatial sizes.
        stride: of all axes.
        padding: on both sides of all axes.
    """

    name: str
    kind: str
    batch: int
    input: tuple[int, ...]
    channels: int
    window: tuple[int, ...]
    stride: int
    padding: int = 0

    @property
    def x(self) -> tuple[int, ...]:
        """The shape of x."""
        return (self.batch, *self.input, self.channels)

    @property
    def y(self) -> tuple[int, ...]:
        """The shape of y."""
        geometry = Geometry.from_call(
            self.input, self.window, stride=self.stride, padding=self.padding
        )
        return (self.batch, *geometry.output_shape, self.channels)

    @property
    def arguments(self) -> dict[str, Any]:
        """Those of jconv's pools."""
        counted = {"count_padding": True} if self.kind == "avg" else {}
        return {"stride": self.stride, "padding": self.padding} | counted

    @property
    def shape(self) -> str:
        """The pool in a few words."""
        sizes = ["x".join(map(str, sizes)) for sizes in (self.input, self.window)]
        padding = f" p{self.padding}" * bool(self.padding)
        return (
            f"{self.batch} × {sizes[0]}, {self.channels}, "
            f"{self.kind} {sizes[1]} s{self.stride}{padding}"
        )


POOLS: tuple[Pool, ...] = (
    Pool("pool/resnet_max3s2", "max", 8, (112, 112), 64, (3, 3), 2, 1),
    Pool("pool/vgg_max2", "max", 4, (112, 112), 128, (2, 2), 2),
    Pool("pool/vgg_max2_late", "max", 8, (14, 14), 512, (2, 2), 2),
    Pool("pool/alexnet_max3s2", "max", 8, (55, 55), 96, (3, 3), 2),
    Pool("pool/inception_max3s1", "max", 8, (28, 28), 256, (3, 3), 1, 1),
    Pool("pool/spp_max13", "max", 1, (20, 20), 256, (13, 13), 1, 6),
    Pool("pool/lenet_max2", "max", 64, (28, 28), 6, (2, 2), 2),
    Pool("pool/audio_max4", "max", 8, (16000,), 64, (4,), 4),
    Pool("pool/video_max2", "max", 2, (16, 56, 56), 64, (2, 2, 2), 2),
    Pool("pool/densenet_avg2", "avg", 8, (56, 56), 128, (2, 2), 2),
    Pool("pool/inception_avg3s1", "avg", 8, (35, 35), 192, (3, 3), 1, 1),
    Pool("pool/resnet_head", "avg", 8, (7, 7), 2048, (7, 7), 7),
    Pool("pool/audio_avg4", "avg", 8, (16000,), 64, (4,), 4),
    Pool("pool/video_avg2", "avg", 2, (16, 56, 56), 64, (2, 2, 2), 2),
)


def pool_rows() -> Iterator[Row]:
    """Two rows a pool."""
    for pool in scaled(POOLS):
        for role in ("fwd", "dx"):
            operands = _operands(pool, role)
            yield Row(
                name=pool.name,
                role=role,
                family="pool",
                tags=("pool", f"{pool.kind}-pool", f"{len(pool.input)}-D"),
                shape=pool.shape,
                operands=operands,
                ours=_ours(pool, role),
                lax=_lax(pool, role),
                torch=functools.partial(torch_pools.pool_calls, pool, role),
                flop=math.prod(pool.y) * math.prod(pool.window),
                n_bytes=ITEMSIZE
                * (
                    sum(map(math.prod, operands))
                    + math.prod(pool.y if role == "fwd" else pool.x)
                ),
            )


def lax_pool(
    x: Array,
    kind: str,
    window: tuple[int, ...],
    stride: int,
    padding: int,
) -> Array:
    """Pool x (n, *spatial, c) by ``lax.reduce_window``, as flax does."""
    sizes = (1, *window, 1)
    strides = (1, *(stride,) * len(window), 1)
    pads = [(0, 0), *[(padding, padding)] * len(window), (0, 0)]
    if kind == "max":
        return lax.reduce_window(x, -jnp.inf, lax.max, sizes, strides, pads)
    total = lax.reduce_window(x, 0.0, lax.add, sizes, strides, pads)
    return total / math.prod(window)


def _operands(pool: Pool, role: str) -> tuple[tuple[int, ...], ...]:
    """(x), (dy, x) or (dy): the mean's derivative needs no x."""
    if role == "fwd":
        return (pool.x,)
    return (pool.y, pool.x) if pool.kind == "max" else (pool.y,)


def _ours(pool: Pool, role: str) -> Function:
    """The pool, or its derivative, in jconv."""
    where: dict[str, Any] = {"window": pool.window, **pool.arguments}
    if role == "fwd":
        return functools.partial(getattr(jconv, f"{pool.kind}_pool"), **where)
    if pool.kind == "max":
        return functools.partial(jconv.max_pool_vjp, **where)
    return functools.partial(jconv.avg_pool_vjp, input_shape=pool.x, **where)


def _lax(pool: Pool, role: str) -> Function:
    """The pool, or its derivative, in lax."""

    def forward(x: Any) -> Any:
        return lax_pool(x, pool.kind, pool.window, pool.stride, pool.padding)

    def max_vjp(dy: Array, x: Array) -> Array:
        return jax.vjp(forward, x)[1](dy)[0]

    def avg_vjp(dy: Array) -> Array:
        like = jax.ShapeDtypeStruct(pool.x, "float32")
        return jax.linear_transpose(forward, like)(dy)[0]

    if role == "fwd":
        return forward
    return max_vjp if pool.kind == "max" else avg_vjp
