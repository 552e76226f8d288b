"""The same convolutions in ``jax.lax``, as a user of JAX writes them.

Channels last (NHWC, HWIO), which is what XLA:CPU runs best. Derivatives are those that
JAX derives: ``jax.linear_transpose`` of a bilinear operation is its VJP without the
forward pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
from jax import lax

if TYPE_CHECKING:
    from jax import Array

    from jconv.bench.layer import Layer, Pass
    from jconv.bench.row import Function

SPACE = {1: "W", 2: "HW", 3: "DHW"}
"""Letters of the spatial axes."""


def lax_conv(
    x: Array,
    w: Array,
    *,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    kernel_dilation: int = 1,
    groups: int = 1,
) -> Array:
    """``jconv.conv``'s arguments, of one example axis, given to ``jax.lax``."""
    space = SPACE[w.ndim - 2]
    return lax.conv_general_dilated(
        x,
        w,
        window_strides=stride,
        padding=[(p, p) for p in padding],
        rhs_dilation=(kernel_dilation,) * len(space),
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
        feature_group_count=groups,
    )


def lax_pass(layer: Layer, pass_: Pass) -> Function:
    """One pass of a layer as a function of its operands."""
    like = {role: _like(shape) for role, shape in layer.shapes.items()}

    def forward(x: Any, w: Any) -> Any:
        return lax_conv(x, w, **layer.arguments)

    def input_vjp(dy: Array, w: Array) -> Array:
        return jax.linear_transpose(lambda x: forward(x, w), like["input"])(dy)[0]

    def kernel_vjp(x: Array, dy: Array) -> Array:
        return jax.linear_transpose(lambda w: forward(x, w), like["kernel"])(dy)[0]

    return {"fwd": forward, "dx": input_vjp, "dw": kernel_vjp}[pass_]


def lax_per_example(layer: Layer) -> Function:
    """The kernel derivative of every example: ``jax.vmap`` of the derivative."""
    kernel = _like(layer.shapes["kernel"])

    def single(x: Array, dy: Array) -> Array:
        def forward(w: Array) -> Array:
            return lax_conv(x[None], w, **layer.arguments)[0]

        return jax.linear_transpose(forward, kernel)(dy)[0]

    return jax.vmap(single)


def _like(shape: tuple[int, ...]) -> Any:
    """An abstract float32 array."""
    return jax.ShapeDtypeStruct(shape, "float32")
