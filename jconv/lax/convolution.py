"""``conv_general_dilated`` and its two shorthands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.algorithms import AUTO
from jconv.lax.core import convolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.sharding import NamedSharding, PartitionSpec
    from jax.typing import DTypeLike

    from jconv.algorithms import Method
    from jconv.lax.core import Numbers, Pads


def conv_general_dilated(
    lhs: Array,
    rhs: Array,
    window_strides: Sequence[int],
    padding: Pads,
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: Numbers = None,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    out_sharding: NamedSharding | PartitionSpec | None = None,
    *,
    method: Method = AUTO,
) -> Array:
    """Convolve ``lhs (batch, feature, *spatial)`` with ``rhs (out, in, *kernel)``.

    The drop-in for ``jax.lax.conv_general_dilated``; other orders of the dimensions by
    ``dimension_numbers``.

    Args:
        lhs: the input.
        rhs: the kernel.
        window_strides: positions between neighbouring windows, per spatial dimension.
        padding: "SAME", "SAME_LOWER", "VALID", or (low, high) pairs, which may be
            negative.
        lhs_dilation: positions between neighbouring entries of lhs; needs explicit
            padding.
        rhs_dilation: positions between neighbouring taps.
        dimension_numbers: None, a triple of strings such as ("NHWC", "HWIO", "NHWC"),
            or a ``jax.lax.ConvDimensionNumbers``.
        feature_group_count: into how many independent groups the features are split.
        batch_group_count: into how many groups the batch is split, each of which meets
            its share of the output features.
        precision: None, a ``lax.Precision``, its name, or a pair of them.
        preferred_element_type: dtype of the result.
        out_sharding: sharding of the result on a mesh with explicit axes.
        method: as ``jconv.conv`` takes it; ``jax.lax`` has no such argument.

    Returns:
        The convolution (batch // batch_group_count, out, *output).

    Raises:
        GeometryError: for any argument that is wrong; also of the type that
            ``jax.lax`` raises.

    Examples:
        The first half of the batch meets the first kernel, the second half the second:

        >>> import jax.numpy as jnp
        >>> x = jnp.arange(8.0).reshape(2, 1, 4)
        >>> w = jnp.array([[[1.0, 1.0]], [[1.0, -1.0]]])
        >>> conv_general_dilated(x, w, (1,), "VALID", batch_group_count=2)
        Array([[[ 1.,  3.,  5.],
                [-1., -1., -1.]]], dtype=float32)
    """
    return convolve(
        lhs,
        rhs,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        dimension_numbers,
        feature_group_count,
        batch_group_count,
        precision,
        preferred_element_type,
        out_sharding,
        method=method,
    )


def conv(
    lhs: Array,
    rhs: Array,
    window_strides: Sequence[int],
    padding: str,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    *,
    method: Method = AUTO,
) -> Array:
    """Convolve ``lhs (batch, feature, *spatial)`` with ``rhs (out, in, *kernel)``.

    Args:
        lhs: the input.
        rhs: the kernel.
        window_strides: positions between neighbouring windows, per spatial dimension.
        padding: "SAME", "SAME_LOWER" or "VALID".
        precision: as in ``conv_general_dilated``.
        preferred_element_type: dtype of the result.
        method: as in ``conv_general_dilated``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> conv(jnp.ones((1, 1, 4)), jnp.ones((1, 1, 2)), (1,), "VALID")
        Array([[[2., 2., 2.]]], dtype=float32)
    """
    return convolve(
        lhs,
        rhs,
        window_strides,
        padding,
        precision=precision,
        preferred_element_type=preferred_element_type,
        method=method,
    )


def conv_with_general_padding(
    lhs: Array,
    rhs: Array,
    window_strides: Sequence[int],
    padding: Pads,
    lhs_dilation: Sequence[int] | None,
    rhs_dilation: Sequence[int] | None,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    *,
    method: Method = AUTO,
) -> Array:
    """Convolve ``lhs (batch, feature, *spatial)`` with ``rhs (out, in, *kernel)``.

    Args:
        lhs: the input.
        rhs: the kernel.
        window_strides: positions between neighbouring windows, per spatial dimension.
        padding: as in ``conv_general_dilated``, like all that follow.
        lhs_dilation: positions between neighbouring entries of lhs.
        rhs_dilation: positions between neighbouring taps.
        precision: None, a ``lax.Precision``, its name, or a pair of them.
        preferred_element_type: dtype of the result.
        method: as in ``conv_general_dilated``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> x, w = jnp.ones((1, 1, 2)), jnp.ones((1, 1, 2))
        >>> conv_with_general_padding(x, w, (1,), [(0, 1)], (3,), None)
        Array([[[1., 0., 1., 1.]]], dtype=float32)
    """
    return convolve(
        lhs,
        rhs,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        precision=precision,
        preferred_element_type=preferred_element_type,
        method=method,
    )
