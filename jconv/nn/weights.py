"""What layers with a kernel share: their parameters, and adding the bias."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from jconv.nn.layer import Params, Shape, along_channels

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

EXPECTED = "(*spatial, c): sizes of at least 1"
"""What a convolution takes."""


def kernel_and_bias(
    layer: Any,
    key: Array,
    kernel: Shape,
    bias: Shape,
    fans: dict[str, Any],
    dtype: DTypeLike,
) -> dict[str, Array]:
    """The parameters of a layer with a kernel."""
    params = {"kernel": layer.initialiser(key, kernel, **fans, dtype=dtype)}
    if layer.bias:
        params["bias"] = jnp.zeros(bias, dtype)
    return params


def with_bias(y: Array, params: Params) -> Array:
    """A number added to every channel."""
    return y + along_channels(params["bias"], y) if "bias" in params else y
