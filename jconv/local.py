"""Convolution without weight sharing: a kernel of its own at every place.

    y[o, g, m]     = sum over k, c of  P[o, k, g, c] w[o, k, c, g, m]

P being the patches of x. The contraction is bilinear, and so are its derivatives:

    dP[o, k, g, c]    = sum over m of      dy[o, g, m] w[o, k, c, g, m]
    dw[o, k, c, g, m] = sum over batch of  dy[o, g, m] P[o, k, g, c]

dx is the fold of dP. A convolution ties all kernels to one, w[o] = w, so its kernel
derivative is the sum of dw over the places o.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp

from jconv import borders, layout, numerics, operands
from jconv.algorithms.parts.contraction import contract
from jconv.algorithms.parts.unfolding import put, take
from jconv.call import check_cotangent
from jconv.errors import GeometryError
from jconv.geometry import OPERANDS
from jconv.options import Options
from jconv.plan import plan
from jconv.shapes import as_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from jax import Array
    from jax.typing import ArrayLike, DTypeLike

    from jconv.algorithms import Precision
    from jconv.geometry import Integers, Padding, Role
    from jconv.layout import DimensionNumbers
    from jconv.options import GeometryArguments
    from jconv.plan import Plan, Shape


NOT_OF_LOCAL = ("method",)
"""Keywords of ``conv`` that have no meaning where each place has its own kernel."""


def conv_local(
    x: ArrayLike,
    w: ArrayLike,
    *,
    stride: Integers = 1,
    padding: Padding = "valid",
    kernel_dilation: Integers = 1,
    input_dilation: Integers = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    dimension_numbers: DimensionNumbers | None = None,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
    """Apply w (*output, *kernel, c_in // groups, c_out) to x (*batch, *spatial, c_in).

    As ``jconv.conv``, but every output position has its own kernel: the locally
    connected layer. Zeros of the padding are multiplied.

    Args:
        x: input, with any number of leading batch axes, none included.
        w: the kernels, one for each position of the output.
        stride: as in ``jconv.conv``, like all that follow.
        padding: as in ``jconv.conv``.
        kernel_dilation: as in ``jconv.conv``.
        input_dilation: as in ``jconv.conv``.
        groups: as in ``jconv.conv``.
        padding_mode: as in ``jconv.conv``.
        dimension_numbers: orders of x, of one place's kernel, and of y, as in
            ``jconv.conv``; exactly one batch axis then. The places lead in w, in the
            order of the kernel's spatial letters: (*output, c_out, c_in, *kernel) for
            ("NCHW", "OIHW", "NCHW").
        precision: of (x, w).
        preferred_element_type: dtype of the result.

    Returns:
        y (*batch, *output, c_out).

    Raises:
        GeometryError: for any argument that is wrong, and if w has not one kernel for
            each output position.

    Examples:
        Three places, three kernels:

        >>> import jax.numpy as jnp
        >>> x = jnp.array([1.0, 2.0, 3.0, 4.0])[:, None]
        >>> w = jnp.array([[1.0, 0.0], [0.0, 1.0], [10.0, 10.0]])[..., None, None]
        >>> conv_local(x, w)[:, 0]
        Array([ 1.,  3., 70.], dtype=float32)

    References:
        K. Gregor and Y. LeCun, "Emergence of complex-like cells in a temporal product
        network with local receptive fields", https://arxiv.org/abs/1006.0448, 2010.
    """
    x, w = operands.as_array("x", x), operands.as_array("w", w)
    options = Options.of(
        stride=stride,
        padding=padding,
        kernel_dilation=kernel_dilation,
        input_dilation=input_dilation,
        groups=groups,
        padding_mode=padding_mode,
        dimension_numbers=dimension_numbers,
    )
    understood = _plan("w", x.shape, w.shape, options)
    return _evaluate(x, w, "output", understood, precision, preferred_element_type)


def conv_local_input_vjp(
    dy: ArrayLike,
    w: ArrayLike,
    *,
    input_shape: Sequence[int],
    precision: Any = None,
    **options: Unpack[GeometryArguments],
) -> Array:
    """Pull dy (*batch, *output, c_out) back to dx (*batch, *spatial, c_in).

    Args:
        dy: cotangent of the output.
        w: kernels (*output, *kernel, c_in // groups, c_out).
        input_shape: the shape of x, whole.
        precision: of (w, dy).
        **options: the geometry arguments of ``conv_local``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        The middle one of three inputs is seen through w1 of one place, w0 of another:

        >>> import jax.numpy as jnp
        >>> w = jnp.array([[1.0, 2.0], [3.0, 4.0]])[..., None, None]
        >>> dy = jnp.array([[1.0], [10.0]])
        >>> conv_local_input_vjp(dy, w, input_shape=(3, 1))[:, 0]
        Array([ 1., 32., 40.], dtype=float32)
    """
    dy, w = operands.as_array("dy", dy), operands.as_array("w", w)
    shape = as_shape("input_shape", input_shape)
    understood = _plan("w", shape, w.shape, Options.of(lacks=NOT_OF_LOCAL, **options))
    check_cotangent(dy, understood)
    return _evaluate(w, dy, "input", understood, precision, None)


def conv_local_kernel_vjp(
    x: ArrayLike,
    dy: ArrayLike,
    *,
    kernel_shape: Sequence[int],
    precision: Any = None,
    **options: Unpack[GeometryArguments],
) -> Array:
    """Pull dy (*batch, *output, c_out) back to dw, one kernel for each place.

    Args:
        x: input (*batch, *spatial, c_in).
        dy: cotangent of the output.
        kernel_shape: the shape (*output, *kernel, c_in // groups, c_out) of w, whole.
        precision: of (x, dy).
        **options: the geometry arguments of ``conv_local``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> x, dy = jnp.array([[1.0], [2.0], [3.0]]), jnp.array([[1.0], [10.0]])
        >>> conv_local_kernel_vjp(x, dy, kernel_shape=(2, 2, 1, 1))[..., 0, 0]
        Array([[ 1.,  2.],
               [20., 30.]], dtype=float32)
    """
    x, dy = operands.as_array("x", x), operands.as_array("dy", dy)
    shape = as_shape("kernel_shape", kernel_shape)
    understood = _plan(
        "kernel_shape", x.shape, shape, Options.of(lacks=NOT_OF_LOCAL, **options)
    )
    check_cotangent(dy, understood)
    return _evaluate(x, dy, "kernel", understood, precision, None)


def _plan(argument: str, x: Shape, w: Shape, options: Options) -> Plan:
    """Understand a call as the convolution that shares one place's kernel."""
    rank = (len(w) - 2) // 2
    if len(w) < 2 or len(w) % 2:
        raise GeometryError.of(
            argument, tuple(w), "dimensions (*output, *kernel, c_in // groups, c_out)"
        )
    understood = plan(tuple(x), tuple(w[rank:]), options)
    if tuple(w[:rank]) != understood.geometry.output_shape:
        raise GeometryError.of(
            argument,
            tuple(w),
            f"output sizes {understood.geometry.output_shape} in front: one kernel for "
            "each place",
        )
    return understood


def _evaluate(
    first: Array,
    second: Array,
    out: Role,
    understood: Plan,
    precision: Any,
    preferred: DTypeLike | None,
) -> Array:
    """Promote the operands, then run the jitted core."""
    first, second = operands.promoted(first, second)
    return _run(
        first,
        second,
        out=out,
        understood=understood,
        precision=operands.canonical_precision(precision),
        dtype=operands.result_dtype(preferred, first.dtype),
    )


@functools.partial(
    jax.jit, static_argnames=("out", "understood", "precision", "dtype"), inline=True
)
def _run(
    first: Array,
    second: Array,
    *,
    out: Role,
    understood: Plan,
    precision: Precision,
    dtype: np.dtype[Any],
) -> Array:
    """One contraction of patches, kernels and outputs, with the places o as batch."""
    geometry, arrangement = understood.geometry, understood.layout
    pair = OPERANDS[out]
    first = layout.to_default(first, pair[0], arrangement)
    second = layout.to_default(second, pair[1], arrangement)
    accumulate = numerics.accumulation_dtype(first.dtype, dtype)
    if not jnp.issubdtype(first.dtype, jnp.inexact):
        first, second = first.astype(accumulate), second.astype(accumulate)
    if out != "input":
        extended = borders.extend(first, understood.border, understood.mode)
        first = take(extended, geometry)
    labels = _labels(geometry.rank, len(understood.output) - geometry.rank - 1)
    result = contract(
        layout.split_groups(first, geometry.groups),
        labels[pair[0]],
        layout.split_groups(second, geometry.groups),
        labels[pair[1]],
        labels[out],
        precision=precision,
        accumulate=accumulate,
    )
    result = result.reshape(*result.shape[:-2], result.shape[-2] * result.shape[-1])
    if out == "input":
        result = borders.extend_transpose(
            put(result, geometry),
            understood.input,
            understood.border,
            understood.mode,
        )
    return layout.from_default(result.astype(dtype), out, arrangement)


def _labels(rank: int, n_batch: int) -> dict[Role, tuple[str, ...]]:
    """Names of the dimensions, the groups split off; the input's are its patches'."""
    batch = tuple(f"b{n}" for n in range(n_batch))
    places = tuple(f"o{a}" for a in range(rank))
    taps = tuple(f"k{a}" for a in range(rank))
    return {
        "input": (*batch, *places, *taps, "g", "c"),
        "kernel": (*places, *taps, "c", "g", "m"),
        "output": (*batch, *places, "g", "m"),
    }
