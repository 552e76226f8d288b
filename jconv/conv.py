"""Convolution and its transpose, as users call them.

``x (*batch, *spatial, c_in)``, ``w (*kernel, c_in // groups, c_out)`` and
``y (*batch, *output, c_out)``, or any other order by ``dimension_numbers``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv import algorithms, operands
from jconv.call import evaluate
from jconv.options import Options
from jconv.plan import plan, plan_transpose
from jconv.shapes import as_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike, DTypeLike

    from jconv.geometry import Integers, Padding
    from jconv.layout import DimensionNumbers


def conv(
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
    method: algorithms.Method = algorithms.AUTO,
) -> Array:
    """Convolve x (*batch, *spatial, c_in) with w (*kernel, c_in // groups, c_out).

    As everywhere in deep learning this is cross-correlation; a negative
    ``kernel_dilation`` makes it true convolution.

    Args:
        x: input, with any number of leading batch axes, none included.
        w: kernel; ``w.ndim - 2`` is the number of spatial axes.
        stride: positions between neighbouring windows.
        padding: "valid", "same", "same_lower", "full", "causal", an int, one int per
            axis, or (low, high) pairs; negative padding crops.
        kernel_dilation: positions between neighbouring taps; negative reverses them.
        input_dilation: positions between neighbouring inputs.
        groups: into how many independent groups the channels are split.
        padding_mode: "zeros", "circular", "reflect" or "replicate".
        dimension_numbers: orders of x, w and y as in ``jax.lax``.
        precision: as in ``jax.lax``: None, a ``lax.Precision``, a name, or a pair.
            Where it is "highest", "auto" is "direct".
        preferred_element_type: dtype of the result.
        method: an algorithm's name, "auto", "fast", "direct", or ``jconv.tuned``'s. A
            name is of this convolution alone: derivatives choose for themselves.
            "fast" is "auto" that may lose more digits; "direct" is "auto" that only
            adds products up, so that a sum's error is relative to its own terms.

    Returns:
        y (*batch, *output, c_out).

    Raises:
        GeometryError: for any argument that is wrong.
        UnsupportedError: if ``method`` names an algorithm that refuses.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.arange(9.0).reshape(3, 3, 1)
        >>> w = jnp.arange(4.0).reshape(2, 2, 1, 1)
        >>> conv(x, w)[..., 0]
        Array([[19., 25.],
               [37., 43.]], dtype=float32)

    References:
        V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
        https://arxiv.org/abs/1603.07285, 2016.
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
        method=method,
    )
    understood = plan(x.shape, w.shape, options)
    return evaluate(x, w, "output", understood, precision, preferred_element_type)


def conv_transpose(
    y: ArrayLike,
    w: ArrayLike,
    *,
    stride: Integers = 1,
    padding: Padding = "valid",
    output_padding: Integers = 0,
    output_shape: Sequence[int] | None = None,
    kernel_dilation: Integers = 1,
    groups: int = 1,
    dimension_numbers: DimensionNumbers | None = None,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    method: algorithms.Method = algorithms.AUTO,
) -> Array:
    """Map y (*batch, *output, c_out) to (*batch, *spatial, c_in): the adjoint of conv.

    w (*kernel, c_in // groups, c_out) is the *forward* convolution's kernel, and all
    arguments are the forward convolution's.

    Args:
        y: what the forward convolution would put out.
        w: the forward convolution's kernel.
        stride: the forward convolution's; here it spreads y out.
        padding: the forward convolution's; "same" gives ``stride`` times y's size.
        output_padding: added to the size of the result, as in PyTorch: below the larger
            of stride and ``|kernel_dilation|``. Up to ``stride - 1`` inputs more give
            the same number of outputs; from there on ``conv`` of the result has more
            outputs than y, the first of which are y's.
        output_shape: spatial sizes of the result, instead of ``output_padding``; with
            "same" they determine the padding, as in ONNX.
        kernel_dilation: the forward convolution's.
        groups: the forward convolution's.
        dimension_numbers: the forward convolution's, for (x, w, y).
        precision: of (w, y).
        preferred_element_type: dtype of the result.
        method: an algorithm's name, "auto", "fast", "direct", or ``jconv.tuned``'s.

    Raises:
        GeometryError: for any argument that is wrong.

    Examples:
        >>> import jax.numpy as jnp
        >>> conv_transpose(jnp.ones((3, 1)), jnp.ones((3, 1, 1)), stride=2)[:, 0]
        Array([1., 1., 2., 1., 2., 1., 1.], dtype=float32)

    References:
        V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
        https://arxiv.org/abs/1603.07285, 2016 (chapter 4).
    """
    y, w = operands.as_array("y", y), operands.as_array("w", w)
    options = Options.of(
        stride=stride,
        padding=padding,
        kernel_dilation=kernel_dilation,
        groups=groups,
        dimension_numbers=dimension_numbers,
        method=method,
    )
    wanted = None if output_shape is None else as_shape("output_shape", output_shape)
    understood = plan_transpose(y.shape, w.shape, options, output_padding, wanted)
    return evaluate(w, y, "input", understood, precision, preferred_element_type)
