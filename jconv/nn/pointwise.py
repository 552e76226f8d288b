"""Layers that look at one number at a time: activations and dropout."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jax.tree_util import register_static

from jconv.errors import GeometryError
from jconv.nn.layer import Layer, Params, State

if TYPE_CHECKING:
    from jax import Array

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "gelu": jax.nn.gelu,
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
}


@register_static
@dataclasses.dataclass(frozen=True)
class Activation(Layer):
    """Apply a function to every number; without one, a stack of layers is one layer.

    Attributes:
        function: a name in ``ACTIVATIONS``, or a function of your own.

    Raises:
        GeometryError: for an unknown name.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[-2.0, 3.0]])
        >>> Activation("relu").forward((), x)
        Array([[0., 3.]], dtype=float32)
        >>> Activation(jnp.square).forward((), x)
        Array([[4., 9.]], dtype=float32)
    """

    function: str | Callable[[Array], Array] = "relu"

    def __post_init__(self) -> None:
        """Refuse unknown names."""
        super().__post_init__()
        if isinstance(self.function, str) and self.function not in ACTIVATIONS:
            expected = f"one of {', '.join(ACTIVATIONS)}, or a function"
            raise GeometryError.of("function", self.function, expected)

    def forward(self, params: Params, x: Array) -> Array:
        """Apply it."""
        function = self.function
        return (ACTIVATIONS[function] if isinstance(function, str) else function)(x)


@register_static
@dataclasses.dataclass(frozen=True)
class Dropout(Layer):
    """In training, put 0 in the place of a share of all numbers, and scale the rest.

    The scale 1 / (1 - rate) keeps the mean, so that nothing needs doing afterwards.

    Attributes:
        rate: the share that is dropped.

    Raises:
        GeometryError: for a rate outside [0, 1).

    Examples:
        A quarter of the ones is kept, four times as large; after training, all pass:

        >>> import jax, jax.numpy as jnp
        >>> layer, x = Dropout(0.75), jnp.ones((1, 1000))
        >>> y, _ = layer.apply((), x, train=True, key=jax.random.key(0))
        >>> jnp.unique(y)
        Array([0., 4.], dtype=float32)
        >>> jnp.unique(layer.apply((), x)[0])
        Array([1.], dtype=float32)

    References:
        N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
        overfitting", https://jmlr.org/papers/v15/srivastava14a.html, 2014.
    """

    rate: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        super().__post_init__()
        if not 0 <= self.rate < 1:
            raise GeometryError.of("rate", self.rate, "a number in [0, 1)")

    def apply(
        self,
        params: Params,
        x: Array,
        *,
        state: State = (),
        train: bool = False,
        key: Array | None = None,
    ) -> tuple[Array, State]:
        """Drop in training, pass through otherwise."""
        if not train or not self.rate:
            return x, state
        if key is None:
            expected = "a PRNG key, as Dropout draws in training"
            raise GeometryError.of("key", None, expected, "Pass apply(..., key=key).")
        kept = jax.random.bernoulli(key, 1 - self.rate, x.shape)
        return jnp.where(kept, x / (1 - self.rate), jnp.zeros((), x.dtype)), state
