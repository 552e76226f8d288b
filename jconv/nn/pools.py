"""Pooling layers: they have no parameters."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jax.tree_util import register_static

from jconv.geometry import Integers, Padding, Windows
from jconv.geometry.padding import per_axis
from jconv.nn.layer import Layer, Params, Shape, Window
from jconv.pool import avg_pool, global_avg_pool, global_max_pool, max_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array


@dataclasses.dataclass(frozen=True)
class _Pool(Layer):
    """What both pools over windows share."""

    window: Integers
    stride: Integers | None = None
    padding: Padding = "valid"
    dilation: Integers = 1
    ceil_mode: bool = False

    def _by(self, pool: Callable[..., Any], x: Array, **more: Any) -> Array:
        """The pool with one window size per spatial axis."""
        return pool(
            x,
            per_axis("window", self.window, x.ndim - 2),
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            ceil_mode=self.ceil_mode,
            **more,
        )

    def windows(self, input_shape: Shape) -> tuple[Window, ...]:
        """The pool's."""
        found = Windows.from_call(
            input_shape[:-1],
            self.window,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            ceil_mode=self.ceil_mode,
        )
        return tuple((a.n_kernel, a.stride, a.kernel_dilation) for a in found.axes)


@register_static
@dataclasses.dataclass(frozen=True)
class MaxPool(_Pool):
    """Keep the largest entry of each window: ``jconv.max_pool``.

    Attributes:
        window: its size, one int for all axes.
        stride: None for the window's size.
        padding: as in ``jconv.max_pool``, like all that follow.
        dilation: see there.
        ceil_mode: see there.
        ties: see there.

    Examples:
        >>> MaxPool(2).output_shape((28, 28, 6))
        (14, 14, 6)
    """

    ties: str = "first"

    def forward(self, params: Params, x: Array) -> Array:
        """Pool."""
        return self._by(max_pool, x, ties=self.ties)


@register_static
@dataclasses.dataclass(frozen=True)
class AvgPool(_Pool):
    """Keep the mean of each window: ``jconv.avg_pool``.

    Attributes:
        window: its size, one int for all axes.
        stride: None for the window's size.
        padding: as in ``jconv.avg_pool``, like all that follow.
        dilation: see there.
        ceil_mode: see there.
        count_padding: see there.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([1.0, 3.0, 5.0, 9.0])[None, :, None]
        >>> AvgPool(2).forward((), x)[0, :, 0]
        Array([2., 7.], dtype=float32)
    """

    count_padding: bool = False

    def forward(self, params: Params, x: Array) -> Array:
        """Pool."""
        return self._by(avg_pool, x, count_padding=self.count_padding)


@dataclasses.dataclass(frozen=True)
class _GlobalPool(Layer):
    """What both pools over everything share."""

    def windows(self, input_shape: Shape) -> None:
        """Every output sees every input of its channel."""
        return


@register_static
@dataclasses.dataclass(frozen=True)
class GlobalMaxPool(_GlobalPool):
    """Keep the largest entry of each channel: x (batch, *spatial, c) -> (batch, c).

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[[1.0, 40.0], [2.0, 20.0], [6.0, 30.0]]])
        >>> GlobalMaxPool().forward((), x)
        Array([[ 6., 40.]], dtype=float32)
    """

    def forward(self, params: Params, x: Array) -> Array:
        """Pool."""
        return global_max_pool(x, rank=x.ndim - 2)


@register_static
@dataclasses.dataclass(frozen=True)
class GlobalAvgPool(_GlobalPool):
    """Keep the mean of each channel: x (batch, *spatial, c) -> (batch, c).

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[[1.0, 40.0], [2.0, 20.0], [6.0, 30.0]]])
        >>> GlobalAvgPool().forward((), x)
        Array([[ 3., 30.]], dtype=float32)

    References:
        M. Lin, Q. Chen and S. Yan, "Network in network",
        https://arxiv.org/abs/1312.4400, 2013 (section 3.2).
    """

    def forward(self, params: Params, x: Array) -> Array:
        """Pool."""
        return global_avg_pool(x, rank=x.ndim - 2)
