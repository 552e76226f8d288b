"""The dense layer, and what stands before it: flattening."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax.tree_util import register_static

from jconv.errors import GeometryError
from jconv.geometry.checks import at_least
from jconv.nn.initialisers import Initialiser, he_normal
from jconv.nn.layer import Layer, Params, Shape, State, checked_shape
from jconv.nn.weights import kernel_and_bias, with_bias

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike


@register_static
@dataclasses.dataclass(frozen=True)
class Dense(Layer):
    """Multiply x (batch, c) by a learned matrix (c, features), and add a bias.

    Attributes:
        features: numbers in the output.
        bias: whether a number per output is added.
        initialiser: of the matrix; the bias starts at 0.

    Examples:
        >>> from jconv.nn import parameter_count
        >>> parameter_count(Dense(10), (784,))
        7850
    """

    features: int
    bias: bool = True
    initialiser: Initialiser = he_normal

    def __post_init__(self) -> None:
        """Refuse what is no number of features."""
        super().__post_init__()
        at_least(1, features=self.features)

    def init(
        self, key: Array, input_shape: Shape, dtype: DTypeLike = jnp.float32
    ) -> tuple[Params, State]:
        """Make {"kernel", "bias"}."""
        shape = checked_shape(self, input_shape, "(c,)")
        if len(shape) != 1:
            raise GeometryError.of(
                "input_shape of Dense", shape, "(c,)", "Put a Flatten before it."
            )
        fans = {"fan_in": shape[0], "fan_out": self.features}
        kernel, bias = (shape[0], self.features), (self.features,)
        return kernel_and_bias(self, key, kernel, bias, fans, dtype), ()

    def forward(self, params: Params, x: Array) -> Array:
        """Multiply, and add the bias.

        Raises:
            GeometryError: if x has another width than the matrix.
        """
        width = params["kernel"].shape[0]
        if x.shape[-1] != width:
            expected = f"(batch, {width}), as the matrix has {width} rows"
            raise GeometryError.of("x.shape", x.shape, expected)
        return with_bias(x @ params["kernel"], params)

    def windows(self, input_shape: Shape) -> None:
        """Every output sees every input."""
        return

    def flop(self, input_shape: Shape) -> int:
        """Two for every weight."""
        return 2 * input_shape[-1] * self.features


@register_static
@dataclasses.dataclass(frozen=True)
class Flatten(Layer):
    """Turn x (batch, *spatial, c) into (batch, n), the channels running fastest.

    Examples:
        >>> Flatten().output_shape((4, 4, 8))
        (128,)
    """

    def forward(self, params: Params, x: Array) -> Array:
        """One axis for all but the batch's."""
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))

    def windows(self, input_shape: Shape) -> None:
        """Positions are no more; the vector stands for the whole picture."""
        return


@register_static
@dataclasses.dataclass(frozen=True)
class Permute(Layer):
    """Shuffle the positions of x (batch, *spatial, c), the same way for every example.

    The channels of a position stay together. Neighbours are neighbours no more: an
    experiment on what a network knows of them.

    Attributes:
        seed: of the permutation.

    Examples:
        The order, undone, brings every position back:

        >>> import jax.numpy as jnp
        >>> layer, x = Permute(seed=0), jnp.arange(6.0).reshape(1, 3, 2)
        >>> order = jnp.array(layer.order((3, 2)))
        >>> layer.forward((), x)[0, order.argsort()]
        Array([[0., 1.],
               [2., 3.],
               [4., 5.]], dtype=float32)
    """

    seed: int = 0

    def order(self, input_shape: Shape) -> tuple[int, ...]:
        """Which position comes to which.

        Examples:
            >>> sorted(Permute(3).order((2, 2, 1)))
            [0, 1, 2, 3]
        """
        count = math.prod(input_shape[:-1])
        return tuple(np.random.default_rng(self.seed).permutation(count).tolist())

    def forward(self, params: Params, x: Array) -> Array:
        """Take the positions in their new order."""
        # The number of positions is told: of an empty batch it cannot be inferred.
        flat = x.reshape(x.shape[0], math.prod(x.shape[1:-1]), x.shape[-1])
        order = jnp.asarray(self.order(x.shape[1:]))
        return jnp.take(flat, order, axis=1).reshape(x.shape)

    def windows(self, input_shape: Shape) -> tuple[()]:
        """Not told: what an output saw as a window is scattered."""
        return ()
