"""Patches and the unshared ("local") convolution that is made of them.

A patch is copied, not multiplied by an identity kernel as in ``jax.lax``; how, stands
in ``algorithms.parts.unfolding``. So integers, infinities and NaN come out as they are,
at any ``precision``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from jconv import layout, numerics, operands
from jconv.algorithms.parts.unfolding import take
from jconv.errors import GeometryError
from jconv.geometry.checks import is_integer
from jconv.lax import arguments, dimensions
from jconv.lax.errors import WrongTypeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from jax import Array
    from jax.typing import ArrayLike, DTypeLike

    from jconv.algorithms import Precision
    from jconv.geometry import Geometry
    from jconv.lax.core import Numbers, Pads
    from jconv.layout import Layout


def conv_general_dilated_patches(
    lhs: ArrayLike,
    filter_shape: Sequence[int],
    window_strides: Sequence[int],
    padding: Pads,
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: Numbers = None,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
    """Cut ``lhs (batch, feature, *spatial)`` into ``(batch, feature * window, *out)``.

    The drop-in for ``jax.lax.conv_general_dilated_patches``. Along the result's channel
    dimension lhs's feature varies slowest, then the window's spatial dimensions in the
    order of ``dimension_numbers[1]``.

    Args:
        lhs: the input.
        filter_shape: spatial sizes of the window.
        window_strides: as in ``conv_general_dilated``, like all that follow.
        padding: as in ``conv_general_dilated``.
        lhs_dilation: as in ``conv_general_dilated``.
        rhs_dilation: positions between neighbouring entries of a window.
        dimension_numbers: as in ``conv_general_dilated``; of the second string only the
            order of the spatial letters matters.
        precision: checked, and without effect: patches are exact.
        preferred_element_type: dtype of the result.

    Raises:
        GeometryError: for any argument that is wrong; also of the type that
            ``jax.lax`` raises.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[[1, 2, 3], [10, 20, 30]]])
        >>> conv_general_dilated_patches(x, (2,), (1,), "VALID")[0]
        Array([[ 1,  2],
               [ 2,  3],
               [10, 20],
               [20, 30]], dtype=int32)
    """
    x = jnp.asarray(lhs)
    operands.canonical_precision(precision)
    arrangement, geometry = _understand(
        x,
        filter_shape,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        dimension_numbers,
    )
    dtype = arguments.result_dtype(preferred_element_type, x.dtype)
    return _patches(x, geometry=geometry, arrangement=arrangement, dtype=dtype)


def conv_general_dilated_local(
    lhs: ArrayLike,
    rhs: ArrayLike,
    window_strides: Sequence[int],
    padding: Pads,
    filter_shape: Sequence[int],
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: Numbers = None,
    precision: Any = None,
) -> Array:
    """Convolve with a kernel of its own at each place, rhs (out, in * window, *output).

    The drop-in for ``jax.lax.conv_general_dilated_local``: the locally connected layer.
    Zeros of the padding are multiplied here, as in ``jax.lax``.

    Args:
        lhs: the input (batch, feature, *spatial).
        rhs: the kernels; their spatial dimensions are the result's, and their input
            dimension is ordered as the channels of ``conv_general_dilated_patches``.
        window_strides: as in ``conv_general_dilated``, like all that follow.
        padding: as in ``conv_general_dilated``.
        filter_shape: spatial sizes of the window.
        lhs_dilation: as in ``conv_general_dilated``.
        rhs_dilation: positions between neighbouring entries of a window.
        dimension_numbers: as in ``conv_general_dilated``.
        precision: None, a ``lax.Precision``, its name, or a pair of them.

    Raises:
        GeometryError: for any argument that is wrong; also of the type that
            ``jax.lax`` raises.

    Examples:
        Three places, three kernels:

        >>> import jax.numpy as jnp
        >>> x = jnp.array([[[1.0, 2.0, 3.0, 4.0]]])
        >>> w = jnp.array([[[1.0, 0.0, 10.0], [0.0, 1.0, 10.0]]])
        >>> conv_general_dilated_local(x, w, (1,), "VALID", (2,))
        Array([[[ 1.,  3., 70.]]], dtype=float32)
    """
    x, w = operands.as_array("lhs", lhs), operands.as_array("rhs", rhs)
    pair = operands.canonical_precision(precision)
    arrangement, geometry = _understand(
        x,
        filter_shape,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        dimension_numbers,
    )
    channels = x.shape[(arrangement.input or ())[-1]]
    expected = (*geometry.output_shape, channels * math.prod(geometry.kernel_shape))
    order = arrangement.kernel or ()
    if w.ndim != x.ndim or tuple(w.shape[n] for n in order[:-1]) != expected:
        raise WrongTypeError.of(
            "rhs",
            w.shape,
            f"spatial sizes {expected[:-1]}, the result's, and {expected[-1]} input "
            f"features, {channels} of lhs in each of a window's places",
        )
    return _local(x, w, geometry=geometry, arrangement=arrangement, precision=pair)


def _understand(
    x: Array,
    filter_shape: Sequence[int],
    window_strides: Sequence[int],
    padding: Pads,
    lhs_dilation: Sequence[int] | None,
    rhs_dilation: Sequence[int] | None,
    dimension_numbers: Numbers,
) -> tuple[Layout, Geometry]:
    """Layout and geometry of a window that slides over x."""
    rank = max(x.ndim - 2, 0)
    shape = _window_sizes(filter_shape, rank)
    arrangement = dimensions.numbers(dimension_numbers, x.shape, (1, 1, *shape))
    window = list(shape)
    for size, a in zip(shape, _by_position(arrangement), strict=True):
        window[a] = size
    spatial = tuple(x.shape[n] for n in (arrangement.input or ())[1:-1])
    return arrangement, arguments.geometry(
        spatial, tuple(window), window_strides, padding, lhs_dilation, rhs_dilation
    )


def _window_sizes(filter_shape: Any, rank: int) -> tuple[int, ...]:
    """The window's sizes.

    Raises:
        WrongTypeError: if they are no integers, or not one per spatial dimension.
        GeometryError: for a negative one.
    """
    sizes = tuple(filter_shape) if isinstance(filter_shape, Iterable) else (None,)
    if len(sizes) != rank or not all(map(is_integer, sizes)):
        raise WrongTypeError.of(
            "filter_shape",
            filter_shape,
            f"a sequence of {rank} integers, one size per spatial dimension of lhs",
            f"Use e.g. {(3,) * rank}.",
        )
    if any(size < 0 for size in sizes):
        raise GeometryError.of("filter_shape", filter_shape, "sizes of at least 0")
    return sizes


def _by_position(arrangement: Layout) -> list[int]:
    """Spatial axes in the order of their dimensions in rhs: that of ``filter_shape``.

    A string names them in this order; a ``ConvDimensionNumbers`` may name another.
    """
    positions = (arrangement.kernel or ())[:-2]
    return sorted(range(len(positions)), key=positions.__getitem__)


@functools.partial(
    jax.jit, static_argnames=("geometry", "arrangement", "dtype"), inline=True
)
def _patches(
    x: Array, *, geometry: Geometry, arrangement: Layout, dtype: np.dtype[Any]
) -> Array:
    """Patches in the user's order."""
    x = layout.to_default(x, "input", arrangement)
    patches = _gathered(x, geometry, arrangement).astype(dtype)
    return layout.from_default(patches, "output", arrangement)


@functools.partial(
    jax.jit, static_argnames=("geometry", "arrangement", "precision"), inline=True
)
def _local(
    x: Array,
    w: Array,
    *,
    geometry: Geometry,
    arrangement: Layout,
    precision: Precision,
) -> Array:
    """One product of patches and kernels, a batched one over the places."""
    rank = geometry.rank
    x = layout.to_default(x, "input", arrangement)
    patches = _gathered(x, geometry, arrangement)
    kernels = layout.to_default(w, "kernel", arrangement)
    result = lax.dot_general(
        patches,
        kernels,
        (((rank + 1,), (rank,)), (tuple(range(1, rank + 1)), tuple(range(rank)))),
        precision=precision,
        preferred_element_type=numerics.accumulation_dtype(x.dtype, w.dtype),
    )
    result = jnp.moveaxis(result, rank, 0).astype(jnp.result_type(x, w))
    return layout.from_default(result, "output", arrangement)


def _gathered(x: Array, geometry: Geometry, arrangement: Layout) -> Array:
    """(batch, *spatial, c) -> (batch, *output, c * window), c varying slowest.

    In the accumulation dtype, although only data moves: the transpose adds in it.
    """
    rank, channels = geometry.rank, x.shape[-1]
    wide = x.astype(numerics.accumulation_dtype(x.dtype))
    patches = take(wide, geometry).astype(x.dtype)
    offsets = [1 + rank + a for a in _by_position(arrangement)]
    patches = lax.transpose(patches, (*range(1 + rank), 1 + 2 * rank, *offsets))
    window = math.prod(geometry.kernel_shape)
    return lax.reshape(patches, (*patches.shape[: 1 + rank], channels * window))
