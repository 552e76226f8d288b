"""The textbook backward rules: dx and dw as ordinary forward convolutions, run.

With ``y = conv(x, w)``, stride s, kernel dilation d, input dilation e and K taps:

    dx = conv(dy with s - 1 zeros between its entries,
              w flipped in space, its input and output channels swapped,
              stride e, padding d (K - 1) - low, kernel dilation d)

    dw = conv(x with batch and channels swapped,
              dy as the kernel, its batch as input channels, dilated by s,
              stride d, the forward padding, input dilation e)

``geometry.textbook`` derives them from the relation; ``Geometry.as_convolution`` gives
them as data; here they are executed, and written out in words. Nothing of the
primitive's own derivative rules is used: every contraction below has ``out="output"``.

References:
    V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
    https://arxiv.org/abs/1603.07285, 2016.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Unpack

import jax.numpy as jnp
from jax import lax

from jconv import algorithms, operands, primitive
from jconv.call import check_cotangent, evaluate
from jconv.geometry import OPERANDS, Geometry, OrdinaryConvolution, Role
from jconv.options import Options
from jconv.plan import plan
from jconv.shapes import as_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike, DTypeLike

    from jconv.options import ConvArguments


def conv_input_vjp(
    dy: ArrayLike,
    w: ArrayLike,
    *,
    input_shape: Sequence[int],
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    **options: Unpack[ConvArguments],
) -> Array:
    """Compute dx (*batch, *spatial, c_in) from dy and w as one forward convolution.

    Args:
        dy: cotangent (*batch, *output, c_out).
        w: kernel (*kernel, c_in // groups, c_out).
        input_shape: the shape of x, whole.
        precision: of (w, dy).
        preferred_element_type: dtype of the result.
        **options: the other arguments of ``jconv.conv``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> dy, w = jnp.array([[1.0], [10.0]]), jnp.array([1.0, 2.0, 3.0])
        >>> conv_input_vjp(dy, w[:, None, None], input_shape=(5, 1), stride=2)[:, 0]
        Array([ 1.,  2., 13., 20., 30.], dtype=float32)
    """
    dy, w = operands.as_array("dy", dy), operands.as_array("w", w)
    shape = as_shape("input_shape", input_shape)
    understood = plan(shape, w.shape, Options.of(**options))
    check_cotangent(dy, understood)
    return evaluate(
        w, dy, "input", understood, precision, preferred_element_type, contract
    )


def conv_kernel_vjp(
    x: ArrayLike,
    dy: ArrayLike,
    *,
    kernel_shape: Sequence[int],
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    **options: Unpack[ConvArguments],
) -> Array:
    """Compute dw (*kernel, c_in // groups, c_out) from x and dy as one convolution.

    Args:
        x: input (*batch, *spatial, c_in).
        dy: cotangent (*batch, *output, c_out).
        kernel_shape: the shape of w, whole.
        precision: of (x, dy).
        preferred_element_type: dtype of the result.
        **options: the other arguments of ``jconv.conv``.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> x, dy = jnp.arange(1.0, 6.0)[:, None], jnp.array([[1.0], [10.0]])
        >>> conv_kernel_vjp(x, dy, kernel_shape=(3, 1, 1), stride=2)[:, 0, 0]
        Array([31., 42., 53.], dtype=float32)
    """
    x, dy = operands.as_array("x", x), operands.as_array("dy", dy)
    shape = as_shape("kernel_shape", kernel_shape)
    understood = plan(x.shape, shape, Options.of(**options))
    check_cotangent(dy, understood)
    return evaluate(
        x, dy, "kernel", understood, precision, preferred_element_type, contract
    )


def arguments(rule: OrdinaryConvolution) -> dict[str, Any]:
    """Keyword arguments with which ``jconv.conv`` executes a rule.

    Examples:
        >>> g = Geometry.from_call((5,), (3,), stride=2)
        >>> arguments(g.as_convolution("input"))["input_dilation"]
        (2,)
    """
    axes = rule.geometry.axes
    return {
        "stride": tuple(axis.stride for axis in axes),
        "padding": rule.geometry.padding,
        "kernel_dilation": tuple(axis.kernel_dilation for axis in axes),
        "input_dilation": tuple(axis.input_dilation for axis in axes),
        "groups": rule.geometry.groups,
    }


def describe(geometry: Geometry, out: Role) -> str:
    """One sentence: which ordinary convolution computes role ``out``.

    Examples:
        >>> print(describe(Geometry.from_call((5,), (3,), stride=2), "input"))
        dx = conv(dy with 1 zero between its entries, w flipped and its channels
        swapped, stride=(1,), padding=((2, 2),), kernel_dilation=(1,))

        With groups, what is said of channels happens inside of each:

        >>> print(describe(Geometry.from_call((5,), (3,), groups=2), "kernel"))
        for each of the 2 groups of channels: dw = conv(x with batch and channels
        swapped, dy as the kernel, its batch as channels, stride=(1,),
        padding=((0, 0),), kernel_dilation=(1,))

    What is flipped along some axes only names them, as the arrays count them:

        >>> mixed = Geometry.from_call((5, 4), (2, 2), kernel_dilation=(1, -1))
        >>> print(describe(mixed, "input"))
        dx = conv(dy, w flipped along axis 0 and its channels swapped, stride=(1, 1),
        padding=((1, 1), (1, 1)), kernel_dilation=(1, 1))
    """
    rule = geometry.as_convolution(out)
    given = arguments(rule)
    image = {"input": "x", "output": "dy"}[rule.image]
    kernel = {"kernel": "w", "output": "dy"}[rule.kernel]
    holes = [step - 1 for step in given["input_dilation"]]
    if any(holes):
        count = str(holes[0]) if len(set(holes)) == 1 else str(tuple(holes))
        noun = "zero" if count == "1" else "zeros"
        image += f" with {count} {noun} between its entries"
    if out == "kernel":
        image += " with batch and channels swapped"
        kernel += " as the kernel, its batch as channels"
    flip = any(rule.flip_kernel)
    kernel += f" flipped{along(rule.flip_kernel)}" if flip else ""
    groups = geometry.groups
    if out == "input":
        kernel += f" {'and' if flip else 'with'} its channels swapped"
        kernel += " within each group" if groups > 1 else ""
    result = {"output": "y", "input": "dx", "kernel": "dw"}[out]
    flipped = f" flipped{along(rule.flip_result)}" if any(rule.flip_result) else ""
    shown = ("stride", "padding", "kernel_dilation")
    numbers = ", ".join(f"{name}={given[name]}" for name in shown)
    if groups > 1 and out == "kernel":
        result = f"for each of the {groups} groups of channels: {result}"
    elif groups > 1:
        numbers += f", groups={groups}"
    return f"{result} = conv({image}, {kernel}, {numbers}){flipped}"


def along(marked: Sequence[bool]) -> str:
    """The marked axes in words; nothing where all are marked.

    Examples:
        >>> along((True, False, True)), along((False, True)), along((True, True))
        (' along axes 0 and 2', ' along axis 1', '')
    """
    if all(marked):
        return ""
    axes = [str(a) for a, mark in enumerate(marked) if mark]
    return f" along {'axis' if len(axes) == 1 else 'axes'} {' and '.join(axes)}"


def contract(
    first: Array,
    second: Array,
    *,
    geometry: Geometry,
    out: Role,
    precision: algorithms.Precision = None,
    dtype: Any,
    method: algorithms.Method = algorithms.AUTO,
) -> Array:
    """``primitive.contract`` by the textbook: a forward convolution, whatever ``out``.

    Arrays are in the canonical order; see ``layout``.
    """
    rule = geometry.as_convolution(out)
    pair = OPERANDS[out]
    values = dict(zip(pair, (first, second), strict=True))
    image, kernel = values[rule.image], values[rule.kernel]
    rank = geometry.rank
    if out == "input":
        kernel = jnp.swapaxes(kernel, -3, -1)
    if out == "kernel":
        image, kernel = _batch_as_channel(image, rank), _as_kernel(kernel, rank)
    if precision and rule.image != pair[0]:
        precision = precision[::-1]
    result = primitive.contract(
        image,
        _flip(kernel, 1, rule.flip_kernel),
        geometry=rule.geometry,
        out="output",
        precision=precision,
        dtype=dtype,
        method=method,
    )
    if out == "kernel":
        result = jnp.moveaxis(result, 1, -3)
        result = _flip(result, 1, rule.flip_result)
    return result


def _flip(array: Array, offset: int, axes: tuple[bool, ...]) -> Array:
    """Reverse the spatial axes that are marked."""
    marked = [offset + a for a, flip in enumerate(axes) if flip]
    return lax.rev(array, marked) if marked else array


def _batch_as_channel(x: Array, rank: int) -> Array:
    """(e, *batch, *input, g, c) -> (e, c, *input, g, batch)."""
    e, *batch = x.shape[: x.ndim - rank - 2]
    merged = x.reshape(e, math.prod(batch), *x.shape[-rank - 2 :])
    return jnp.swapaxes(merged, 1, -1)


def _as_kernel(y: Array, rank: int) -> Array:
    """(e, *batch, *output, g, m) -> (e, *output, batch, g, m)."""
    e, *batch = y.shape[: y.ndim - rank - 2]
    merged = y.reshape(e, math.prod(batch), *y.shape[-rank - 2 :])
    return jnp.moveaxis(merged, 1, -3)
