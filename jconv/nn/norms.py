"""Layers that normalise: to mean 0 and variance 1, or by their neighbours' size."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jax.tree_util import register_static

from jconv import numerics
from jconv.errors import GeometryError
from jconv.geometry.checks import is_integer
from jconv.nn.layer import Layer, Params, Shape, State, along_channels, checked_shape
from jconv.pool import sum_pool
from jconv.pool.arguments import as_inexact

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike


@register_static
@dataclasses.dataclass(frozen=True)
class BatchNorm(Layer):
    """Normalise each channel over the batch and all positions, then scale and shift.

    In training the statistics are the batch's, and the state {"mean", "variance"} moves
    a little towards them; afterwards the state is what is used.

    Attributes:
        momentum: the share of the old state that a step keeps.
        epsilon: added to the variance.

    Examples:
        The batch has mean 3 and variance 4; the state moves half-way from 0 and 1:

        >>> import jax, jax.numpy as jnp
        >>> layer = BatchNorm(momentum=0.5)
        >>> params, state = layer.init(jax.random.key(0), (1,))
        >>> x = jnp.array([[1.0], [5.0]])
        >>> y, state = layer.apply(params, x, state=state, train=True)
        >>> y[:, 0].round()
        Array([-1.,  1.], dtype=float32)
        >>> state["mean"], state["variance"]
        (Array([1.5], dtype=float32), Array([2.5], dtype=float32))

    References:
        S. Ioffe and C. Szegedy, "Batch normalization", https://arxiv.org/abs/1502.03167,
        2015.
    """

    momentum: float = 0.9
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        super().__post_init__()
        if not 0 <= self.momentum <= 1:
            raise GeometryError.of("momentum", self.momentum, "a number in [0, 1]")

    def init(
        self,
        key: Array,
        input_shape: Shape,
        dtype: DTypeLike = jnp.float32,
    ) -> tuple[Params, State]:
        """Make {"scale", "shift"}, and the state."""
        shape = (checked_shape(self, input_shape, "(*spatial, c)")[-1],)
        params = {"scale": jnp.ones(shape, dtype), "shift": jnp.zeros(shape, dtype)}
        # A narrow float would not notice a tenth of a small change, and overflow soon.
        wide = numerics.accumulation_dtype(dtype)
        # Arrays of their own: a training step gives its buffers away, each one once.
        state = {"mean": jnp.zeros(shape, wide), "variance": jnp.ones(shape, wide)}
        return params, state

    def apply(
        self,
        params: Params,
        x: Array,
        *,
        state: State = (),
        train: bool = False,
        key: Array | None = None,
    ) -> tuple[Array, State]:
        """Normalise by the batch in training, by the state otherwise.

        Raises:
            GeometryError: if there is no state.
        """
        if not state:
            expected = "the means and variances that BatchNorm carries"
            mend = "Pass apply(..., state=state) what init or the last apply gave."
            raise GeometryError.of("state", state, expected, mend)
        wide = x.astype(numerics.accumulation_dtype(x.dtype))
        mean, variance = (
            along_channels(state[name], x).astype(wide.dtype)
            for name in ("mean", "variance")
        )
        if train:
            mean, variance = _moments(wide, tuple(range(x.ndim - 1)))
            found = {"mean": mean.reshape(-1), "variance": variance.reshape(-1)}
            kept = self.momentum
            state = jax.tree.map(
                lambda old, new: kept * old + (1 - kept) * new.astype(old.dtype),
                state,
                jax.lax.stop_gradient(found),
            )
        y = (wide - mean) * jax.lax.rsqrt(variance + self.epsilon)
        return _scaled(y.astype(x.dtype), params), state


@register_static
@dataclasses.dataclass(frozen=True)
class GroupNorm(Layer):
    """Normalise each example's groups of channels over all positions; scale and shift.

    One group is layer normalisation, as many as channels instance normalisation.

    Attributes:
        groups: into how many groups the channels are split.
        epsilon: added to the variance.

    Examples:
        The groups (1, 3) and (10, 30) come to the same:

        >>> import jax, jax.numpy as jnp
        >>> layer = GroupNorm(groups=2)
        >>> params, state = layer.init(jax.random.key(0), (4,))
        >>> layer.forward(params, jnp.array([[1.0, 3.0, 10.0, 30.0]])).round()
        Array([[-1.,  1., -1.,  1.]], dtype=float32)

    References:
        Y. Wu and K. He, "Group normalization", https://arxiv.org/abs/1803.08494, 2018.
    """

    groups: int = 1
    epsilon: float = 1e-5

    def init(
        self,
        key: Array,
        input_shape: Shape,
        dtype: DTypeLike = jnp.float32,
    ) -> tuple[Params, State]:
        """Make {"scale", "shift"}."""
        channels = checked_shape(self, input_shape, "(*spatial, c)")[-1]
        if self.groups < 1 or channels % self.groups:
            expected = f"a divisor of the {channels} channels"
            raise GeometryError.of("groups", self.groups, expected)
        shape = (channels,)
        return {"scale": jnp.ones(shape, dtype), "shift": jnp.zeros(shape, dtype)}, ()

    def forward(self, params: Params, x: Array) -> Array:
        """Normalise by the example itself."""
        wide = x.astype(numerics.accumulation_dtype(x.dtype))
        split = wide.reshape(*x.shape[:-1], self.groups, x.shape[-1] // self.groups)
        axes = (*range(1, x.ndim - 1), x.ndim)
        mean, variance = _moments(split, axes)
        y = (split - mean) * jax.lax.rsqrt(variance + self.epsilon)
        return _scaled(y.reshape(x.shape).astype(x.dtype), params)

    def windows(self, input_shape: Shape) -> None:
        """Every output depends on every position."""
        return


@register_static
@dataclasses.dataclass(frozen=True)
class LocalResponseNorm(Layer):
    """Divide each number by the size of its neighbours in other channels.

        y = x / (bias + alpha · Σ over the window of x²)^beta

    Attributes:
        size: channels in a window, an odd number.
        bias: see above.
        alpha: see above.
        beta: see above.

    Examples:
        The neighbours 3 and 4 have the size 5, and are divided by a tenth of it:

        >>> import jax.numpy as jnp
        >>> layer = LocalResponseNorm(size=3, bias=0.0, alpha=0.01, beta=0.5)
        >>> layer.forward((), jnp.array([[3.0, 4.0, 0.0, -2.0]])).round()
        Array([[  6.,   8.,   0., -10.]], dtype=float32)

    References:
        A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet classification with deep
        convolutional neural networks", NeurIPS, 2012 (section 3.3).
    """

    size: int = 5
    bias: float = 2.0
    alpha: float = 1e-4
    beta: float = 0.75

    def __post_init__(self) -> None:
        """Refuse a window without a middle."""
        super().__post_init__()
        if not is_integer(self.size) or self.size < 1 or self.size % 2 == 0:
            expected = "an odd number of channels, of which one is in the middle"
            raise GeometryError.of("size", self.size, expected)

    def forward(self, params: Params, x: Array) -> Array:
        """A pool along the channels: they are the one spatial axis here."""
        x = as_inexact("x", x)
        wide = x.astype(numerics.accumulation_dtype(x.dtype))  # squares overflow soon
        pads = ((self.size // 2, self.size // 2),)
        total = sum_pool(
            jnp.square(wide), (self.size,), stride=1, padding=pads, channel_axis=None
        )
        y = wide / (self.bias + self.alpha * total) ** self.beta
        return y.astype(x.dtype)


def _moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and variance; of the deviations, as a difference of squares cancels."""
    mean = jnp.mean(x, axis=axes, keepdims=True)
    return mean, jnp.mean(jnp.square(x - mean), axis=axes, keepdims=True)


def _scaled(y: Array, params: Params) -> Array:
    """Scaled and shifted by channel."""
    scale = along_channels(params["scale"], y)
    return y * scale + along_channels(params["shift"], y)
