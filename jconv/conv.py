"""The public convolution functions: parse, bring into canonical order, bind.

``x (*batch, *spatial, c_in)``, ``w (*kernel, c_in // groups, c_out)`` and
``y (*batch, *output, c_out)``, or any other order by ``dimension_numbers``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax

from jconv import algorithms, borders, layout, operands, primitive
from jconv.errors import GeometryError
from jconv.plan import Options, Plan, plan, plan_transpose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from jax import Array
    from jax.typing import ArrayLike, DTypeLike

    from jconv.geometry import Padding, Role
    from jconv.layout import DimensionNumbers

    Integers = int | Sequence[int]


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
    precision: Any = None,  # noqa: ANN401
    preferred_element_type: DTypeLike | None = None,
    method: str = algorithms.AUTO,
) -> Array:
    """Convolve ``x (*batch, *spatial, c_in)`` with ``w (*kernel, c_in//groups, c_out)``.

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
        preferred_element_type: dtype of the result.
        method: an algorithm's name, or "auto". Derivatives choose for themselves.

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
    return _contract(x, w, "output", understood, precision, preferred_element_type)


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
    precision: Any = None,  # noqa: ANN401
    preferred_element_type: DTypeLike | None = None,
    method: str = algorithms.AUTO,
) -> Array:
    """Pull ``dy (*batch, *output, c_out)`` back to ``dx (*batch, *spatial, c_in)``.

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
        method: an algorithm's name, or "auto".

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
    understood = plan(_shape("input_shape", input_shape), w.shape, options)
    check_cotangent(dy, understood)
    return _contract(w, dy, "input", understood, precision, preferred_element_type)


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
    precision: Any = None,  # noqa: ANN401
    preferred_element_type: DTypeLike | None = None,
    method: str = algorithms.AUTO,
) -> Array:
    """Pull ``dy (*batch, *output, c_out)`` back to ``dw (*kernel, c_in//groups, c_out)``.

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
        method: an algorithm's name, or "auto".

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
    understood = plan(x.shape, _shape("kernel_shape", kernel_shape), options)
    check_cotangent(dy, understood)
    return _contract(x, dy, "kernel", understood, precision, preferred_element_type)


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
    precision: Any = None,  # noqa: ANN401
    preferred_element_type: DTypeLike | None = None,
    method: str = algorithms.AUTO,
) -> Array:
    """Map ``y (*batch, *output, c_out)`` to ``(*batch, *spatial, c_in)``: conv's adjoint.

    ``w (*kernel, c_in // groups, c_out)`` is the *forward* convolution's kernel, and all
    arguments are the forward convolution's.

    Args:
        y: what the forward convolution would put out.
        w: the forward convolution's kernel.
        stride: the forward convolution's; here it spreads y out.
        padding: the forward convolution's; "same" gives ``stride`` times y's size.
        output_padding: added to the size of the result, as in PyTorch; up to
            ``stride - 1`` inputs more give the same number of outputs.
        output_shape: spatial sizes of the result, instead of ``output_padding``; with
            "same" they determine the padding, as in ONNX.
        kernel_dilation: the forward convolution's.
        groups: the forward convolution's.
        dimension_numbers: the forward convolution's, for (x, w, y).
        precision: of (w, y).
        preferred_element_type: dtype of the result.
        method: an algorithm's name, or "auto".

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
    wanted = None if output_shape is None else _shape("output_shape", output_shape)
    understood = plan_transpose(y.shape, w.shape, options, output_padding, wanted)
    return _contract(w, y, "input", understood, precision, preferred_element_type)


def check_cotangent(dy: Array, understood: Plan) -> None:
    """Refuse a cotangent that is not of the output's shape."""
    expected = understood.shape("output")
    if dy.shape != expected:
        raise GeometryError.of(
            "dy", dy.shape, f"the shape of the output, {expected}, for this geometry"
        )


def _shape(name: str, value: Sequence[int]) -> tuple[Any, ...]:
    """A shape argument as a tuple."""
    if not hasattr(value, "__len__"):
        raise GeometryError.of(name, value, "a shape: one size per dimension")
    return tuple(value)


def _contract(
    first: Array,
    second: Array,
    out: Role,
    understood: Plan,
    precision: Any,  # noqa: ANN401
    preferred: DTypeLike | None,
) -> Array:
    """Promote, then run the jitted core."""
    first, second = operands.promoted(first, second)
    return run(
        first,
        second,
        out=out,
        understood=understood,
        precision=operands.canonical_precision(precision),
        dtype=operands.result_dtype(preferred, first.dtype),
        contract=primitive.contract,
    )


@functools.partial(
    jax.jit,
    static_argnames=("out", "understood", "precision", "dtype", "contract"),
    inline=True,
)
def run(
    first: Array,
    second: Array,
    *,
    out: Role,
    understood: Plan,
    precision: algorithms.Precision,
    dtype: np.dtype[Any],
    contract: Callable[..., Array],
) -> Array:
    """User's order -> canonical order -> ``contract`` -> user's order.

    One jitted function for all calls, so that a second eager call finds its program;
    inlined, so that an outer jaxpr shows the primitive itself.
    """
    geometry, arrangement = understood.geometry, understood.layout
    arrays = []
    for role, array in zip(
        primitive.OPERANDS[out], (first, second), strict=True
    ):
        array = layout.to_default(array, role, arrangement)
        if role == "input":
            array = borders.extend(array, understood.border, understood.mode)
        arrays.append(layout.to_canonical(array, geometry.groups))
    result = contract(
        *arrays,
        geometry=geometry,
        out=out,
        precision=precision,
        dtype=dtype,
        method=understood.method,
    )
    result = layout.from_canonical(result)
    if out == "input":
        result = borders.extend_transpose(
            result, understood.input, understood.border, understood.mode
        )
    return layout.from_default(result, out, arrangement)
