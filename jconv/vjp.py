"""The two derivatives of a convolution, explicit: each is a convolution itself.

They take the arguments of ``conv``, so that a call and its derivatives differ in one
name. ``jax.grad`` of ``conv`` computes the same through the same primitive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv import algorithms, operands
from jconv.call import check_cotangent, evaluate
from jconv.options import Options
from jconv.plan import plan
from jconv.shapes import as_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike, DTypeLike

    from jconv.geometry import Integers, Padding
    from jconv.layout import DimensionNumbers


def conv_input_vjp(
    dy: ArrayLike,
    w: ArrayLike,
    *,
    input_shape: Sequence[int],
    stride: Integers = 1,
    padding: Padding = "valid",
    kernel_dilation: Integers = 1,
    input_dilation: Integers = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    dimension_numbers: DimensionNumbers | None = None,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    method: algorithms.Method = algorithms.AUTO,
) -> Array:
    """Pull dy (*batch, *output, c_out) back to dx (*batch, *spatial, c_in).

    It is the adjoint of ``conv`` in x: <dy, conv(x, w)> = <dx, x> for every x.

    Args:
        dy: cotangent of the output.
        w: the kernel.
        input_shape: the shape of x, whole; strides make it ambiguous otherwise.
        stride: as in ``conv``, like all that follow.
        padding: as in ``conv``.
        kernel_dilation: as in ``conv``.
        input_dilation: as in ``conv``.
        groups: as in ``conv``.
        padding_mode: as in ``conv``.
        dimension_numbers: as in ``conv``.
        precision: of (w, dy).
        preferred_element_type: dtype of the result.
        method: an algorithm's name, "auto", "fast", "direct", or ``jconv.tuned``'s.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        The middle one of five inputs reaches three outputs, through w3, w2 and w1:

        >>> import jax.numpy as jnp
        >>> dy, w = jnp.array([1.0, 10.0, 100.0]), jnp.array([1.0, 2.0, 3.0])
        >>> dx = conv_input_vjp(dy[:, None], w[:, None, None], input_shape=(5, 1))
        >>> dx[:, 0]
        Array([  1.,  12., 123., 230., 300.], dtype=float32)
    """
    dy, w = operands.as_array("dy", dy), operands.as_array("w", w)
    options = Options.of(
        stride=stride,
        padding=padding,
        kernel_dilation=kernel_dilation,
        input_dilation=input_dilation,
        groups=groups,
        padding_mode=padding_mode,
        dimension_numbers=dimension_numbers,
        method=method,
    )
    understood = plan(as_shape("input_shape", input_shape), w.shape, options)
    check_cotangent(dy, understood)
    return evaluate(w, dy, "input", understood, precision, preferred_element_type)


def conv_kernel_vjp(
    x: ArrayLike,
    dy: ArrayLike,
    *,
    kernel_shape: Sequence[int],
    stride: Integers = 1,
    padding: Padding = "valid",
    kernel_dilation: Integers = 1,
    input_dilation: Integers = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    dimension_numbers: DimensionNumbers | None = None,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    method: algorithms.Method = algorithms.AUTO,
) -> Array:
    """Pull dy (*batch, *output, c_out) back to dw (*kernel, c_in // groups, c_out).

    It is the adjoint of ``conv`` in w: <dy, conv(x, w)> = <dw, w> for every w.

    Args:
        x: the input.
        dy: cotangent of the output.
        kernel_shape: the shape of w, whole.
        stride: as in ``conv``, like all that follow.
        padding: as in ``conv``.
        kernel_dilation: as in ``conv``.
        input_dilation: as in ``conv``.
        groups: as in ``conv``.
        padding_mode: as in ``conv``.
        dimension_numbers: as in ``conv``.
        precision: of (x, dy).
        preferred_element_type: dtype of the result.
        method: an algorithm's name, "auto", "fast", "direct", or ``jconv.tuned``'s.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.

    Examples:
        >>> import jax.numpy as jnp
        >>> x, dy = jnp.arange(1.0, 6.0), jnp.array([1.0, 10.0, 100.0])
        >>> dw = conv_kernel_vjp(x[:, None], dy[:, None], kernel_shape=(3, 1, 1))
        >>> dw[:, 0, 0]
        Array([321., 432., 543.], dtype=float32)
    """
    x, dy = operands.as_array("x", x), operands.as_array("dy", dy)
    options = Options.of(
        stride=stride,
        padding=padding,
        kernel_dilation=kernel_dilation,
        input_dilation=input_dilation,
        groups=groups,
        padding_mode=padding_mode,
        dimension_numbers=dimension_numbers,
        method=method,
    )
    understood = plan(x.shape, as_shape("kernel_shape", kernel_shape), options)
    check_cotangent(dy, understood)
    return evaluate(x, dy, "kernel", understood, precision, preferred_element_type)
