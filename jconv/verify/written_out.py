"""Convolution written out in NumPy, for the claims to compare with.

``sliding_sum`` shares nothing with the product, not even shape arithmetic: what is
absent is skipped, position by position, so that no formula for a size or a padding is
assumed. ``tied_matrix`` is about the relation, which it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jconv import reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from jconv.geometry import Geometry

    Array = NDArray[Any]


def sliding_sum(
    x: Array,
    w: Array,
    *,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[tuple[int, int]] = 0,
    kernel_dilation: int = 1,
) -> Array:
    """The definition, y[o] = sum over k of x[s o + d k - low] w[k], as two loops.

    Args:
        x: input (*spatial, c_in).
        w: kernel (*kernel, c_in, c_out).
        stride: s.
        padding: (low, high) per axis, or one number for all.
        kernel_dilation: d, positive.

    Returns:
        y (*output, c_out): as many windows per axis as fit.

    Examples:
        >>> x, w = np.arange(9).reshape(3, 3, 1), np.arange(4).reshape(2, 2, 1, 1)
        >>> sliding_sum(x, w)[..., 0].tolist()
        [[19, 25], [37, 43]]
    """
    rank = w.ndim - 2
    s = np.broadcast_to(stride, rank)
    pads = np.broadcast_to(padding, (rank, 2))
    n_input, n_kernel = np.array(x.shape[:rank]), np.array(w.shape[:rank])
    window = kernel_dilation * (n_kernel - 1) + 1
    n_output = [
        len(range(-low, n + high - span + 1, pace))
        for n, span, pace, (low, high) in zip(n_input, window, s, pads, strict=True)
    ]
    y = np.zeros((*n_output, w.shape[-1]), np.result_type(x, w))
    for o in np.ndindex(*n_output):
        for k in np.ndindex(*n_kernel):
            i = s * o + kernel_dilation * np.array(k, int) - pads[:, 0]
            if all((i >= 0) & (i < n_input)):
                y[o] += x[tuple(i)] @ w[k]
    return y


def tied_matrix(w: Array, geometry: Geometry) -> Array:
    """The dense matrix (*output, c_out, *input, c_in) of x -> conv(x, w).

    Its entry is the weight w[k] where T[o, k, i] holds and 0 elsewhere, with T from the
    oracle. Along each axis one (o, i) meets at most one k, so the sum is a selection.

    Args:
        w: kernel (*kernel, c_in, c_out).
        geometry: the relation; without groups.

    Examples:
        >>> from jconv.geometry import Axis, Geometry
        >>> w = np.array([1, 2, 3]).reshape(3, 1, 1)
        >>> tied_matrix(w, Geometry((Axis(5, 3, 3),)))[:, 0, :, 0]
        array([[1, 2, 3, 0, 0],
               [0, 1, 2, 3, 0],
               [0, 0, 1, 2, 3]])
    """
    rank = geometry.rank
    o, k, i = (range(n * rank, (n + 1) * rank) for n in range(3))
    c, m = 3 * rank, 3 * rank + 1
    terms: list[Any] = [w, [*k, c, m]]
    for a, axis in enumerate(geometry.axes):
        terms += [reference.relation(axis).astype(w.dtype), [o[a], k[a], i[a]]]
    return np.asarray(np.einsum(*terms, [*o, m, *i, c]))


def composed_kernel(first: Array, second: Array, stride: int = 1) -> Array:
    """The kernel of "first, then second": their full convolution.

    Args:
        first: kernel (*kernel, c_in, c) of a convolution with this stride.
        second: kernel (*kernel, c, c_out) of the convolution after it.
        stride: of the first; it spreads the second kernel's taps.

    Returns:
        (*kernel, c_in, c_out), with ``K1 + stride (K2 - 1)`` taps per axis.
    """
    rank = first.ndim - 2
    sizes = [
        n + stride * (m - 1)
        for n, m in zip(first.shape[:rank], second.shape[:rank], strict=True)
    ]
    kernel = np.zeros((*sizes, first.shape[-2], second.shape[-1]), first.dtype)
    for j in np.ndindex(*first.shape[:rank]):
        for k in np.ndindex(*second.shape[:rank]):
            kernel[tuple(np.add(j, np.multiply(stride, k)))] += first[j] @ second[k]
    return kernel
