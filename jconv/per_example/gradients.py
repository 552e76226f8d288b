"""The kernel derivative of every example by itself: one batched contraction."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, Unpack

import jax

from jconv import borders, layout, operands, primitive
from jconv.call import check_cotangent
from jconv.options import Options
from jconv.plan import plan
from jconv.shapes import as_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from jax import Array
    from jax.typing import ArrayLike

    from jconv.algorithms import Precision
    from jconv.options import ConvArguments, GeometryArguments
    from jconv.plan import Plan


def per_example_kernel_vjp(
    x: ArrayLike,
    dy: ArrayLike,
    *,
    kernel_shape: Sequence[int],
    precision: Any = None,
    **options: Unpack[ConvArguments],
) -> Array:
    """Pull each example of dy back to dw (*batch, *kernel, c_in // groups, c_out).

    Its sum over the batch is ``jconv.conv_kernel_vjp``. All examples are one batched
    contraction; none is computed twice.

    Args:
        x: input (*batch, *spatial, c_in).
        dy: cotangent (*batch, *output, c_out).
        kernel_shape: the shape (*kernel, c_in // groups, c_out) of w, whole.
        precision: of (x, dy).
        **options: the geometry arguments of ``jconv.conv``, and its ``method``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])[..., None]
        >>> dy = jnp.array([[1.0, 0.0], [0.0, 10.0]])[..., None]
        >>> per_example_kernel_vjp(x, dy, kernel_shape=(2, 1, 1))[..., 0, 0]
        Array([[ 1.,  2.],
               [50., 60.]], dtype=float32)

    References:
        G. Rochette, A. Manoel and E. W. Tramel, "Efficient per-example gradient
        computations in convolutional neural networks",
        https://arxiv.org/abs/1912.06015, 2019.
    """
    x, dy, understood = understand(x, dy, kernel_shape, options)
    pair = operands.canonical_precision(precision)
    return gradients(x, dy, understood=understood, precision=pair, dtype=x.dtype)


def understand(
    x: ArrayLike,
    dy: ArrayLike,
    kernel_shape: Sequence[int],
    options: ConvArguments | GeometryArguments,
) -> tuple[Array, Array, Plan]:
    """The operands, promoted, and what the call means."""
    x, dy = operands.as_array("x", x), operands.as_array("dy", dy)
    shape = as_shape("kernel_shape", kernel_shape)
    understood = plan(x.shape, shape, Options.of(**options))
    check_cotangent(dy, understood)
    return *operands.promoted(x, dy), understood


def as_examples(x: Array, dy: Array, understood: Plan) -> tuple[Array, Array]:
    """Canonical order with the examples as e, where both operands have their own."""
    groups, rank = understood.geometry.groups, understood.geometry.rank
    x = layout.to_default(x, "input", understood.layout)
    x = borders.extend(x, understood.border, understood.mode)
    dy = layout.to_default(dy, "output", understood.layout)
    examples = math.prod(batch_of(understood))
    x = x.reshape(examples, *x.shape[x.ndim - rank - 1 :])
    dy = dy.reshape(examples, *dy.shape[dy.ndim - rank - 1 :])
    return layout.split_groups(x, groups), layout.split_groups(dy, groups)


def batch_of(understood: Plan) -> tuple[Any, ...]:
    """Sizes of the batch axes."""
    return understood.input[: len(understood.input) - understood.geometry.rank - 1]


@functools.partial(
    jax.jit, static_argnames=("understood", "precision", "dtype"), inline=True
)
def gradients(
    x: Array,
    dy: Array,
    *,
    understood: Plan,
    precision: Precision,
    dtype: np.dtype[Any],
) -> Array:
    """The primitive's third contraction: label e keeps the examples apart."""
    x, dy = as_examples(x, dy, understood)
    dw = primitive.contract(
        x,
        dy,
        geometry=understood.geometry,
        out="kernel",
        precision=precision,
        dtype=dtype,
        method=understood.method,
    )
    dw = dw.reshape(x.shape[0], *understood.kernel)
    ordered = functools.partial(
        layout.from_default, role="kernel", layout=understood.layout
    )
    dw = jax.vmap(ordered)(dw)
    return dw.reshape(*batch_of(understood), *dw.shape[1:])
