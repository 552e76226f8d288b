"""``conv_transpose``: a convolution of the dilated input, padded as its forward one.

lax describes it by the strides and the padding of the *forward* convolution. A window
of span K that steps by s over y with padding (a, b) is undone by spreading y out with
s - 1 zeros between its entries and padding it by (K - 1 - a, K - 1 - b).

With ``transpose_kernel`` the kernel is flipped and its in and out features trade
places: then the result is exactly the adjoint of the forward convolution. Nothing is
flipped for that here. A kernel that runs backwards is a geometry with a negative kernel
dilation, and trading places is reading I for O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jax.lax import ConvDimensionNumbers

from jconv.algorithms import AUTO
from jconv.errors import GeometryError
from jconv.geometry.extents import window_span
from jconv.lax import arguments, dimensions
from jconv.lax.core import convolve
from jconv.lax.errors import WrongTypeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import DTypeLike

    from jconv.algorithms import Method
    from jconv.lax.core import Numbers, Pads

DEFAULTS = (
    ("NC", "IO", "NC"),
    ("NHC", "HIO", "NHC"),
    ("NHWC", "HWIO", "NHWC"),
    ("NHWDC", "HWDIO", "NHWDC"),
)
"""``conv_transpose`` alone is channels-last by default; one entry per spatial rank."""


def conv_transpose(
    lhs: Array,
    rhs: Array,
    strides: Sequence[int],
    padding: Pads,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: Numbers = None,
    transpose_kernel: bool = False,  # noqa: FBT001, FBT002  (lax's signature)
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    use_consistent_padding: bool = False,  # noqa: FBT001, FBT002
    *,
    method: Method = AUTO,
) -> Array:
    """Spread ``lhs (batch, *spatial, feature)`` by ``rhs (*kernel, in, out)``.

    The drop-in for ``jax.lax.conv_transpose``; note its channels-last default.

    Args:
        lhs: the input.
        rhs: the kernel.
        strides: positions between neighbouring entries of lhs in the result.
        padding: "SAME" or "VALID", of the forward convolution; or (low, high) pairs, of
            this one, or of the forward one with ``use_consistent_padding``.
        rhs_dilation: positions between neighbouring taps.
        dimension_numbers: as in ``conv_general_dilated``.
        transpose_kernel: whether rhs is the forward convolution's kernel, so that this
            is exactly its adjoint.
        precision: None, a ``lax.Precision``, its name, or a pair of them.
        preferred_element_type: dtype of the result.
        use_consistent_padding: whether pairs, too, are the forward convolution's.
        method: as in ``conv_general_dilated``.

    Raises:
        GeometryError: for any argument that is wrong; also of the type that
            ``jax.lax`` raises.

    Examples:
        >>> import jax.numpy as jnp
        >>> y, w = jnp.ones((1, 3, 1)), jnp.array([1.0, 10.0, 100.0]).reshape(3, 1, 1)
        >>> conv_transpose(y, w, (2,), "VALID")[0, :, 0]
        Array([100.,  10., 101.,  10., 101.,  10.,   1.], dtype=float32)
        >>> conv_transpose(y, w, (2,), "VALID", transpose_kernel=True)[0, :, 0]
        Array([  1.,  10., 101.,  10., 101.,  10., 100.], dtype=float32)
    """
    ndim = len(lhs.shape)
    if dimension_numbers is None:
        if not 2 <= ndim <= len(DEFAULTS) + 1:
            raise GeometryError.of(
                "dimension_numbers",
                None,
                f"a triple of strings, because lhs has {ndim} dimensions",
                "Without one, lhs may have 2 to 5.",
            )
        dimension_numbers = DEFAULTS[ndim - 2]
    arrangement = dimensions.numbers(dimension_numbers, lhs.shape, rhs.shape)
    rank = ndim - 2
    taps = (
        (1,) * rank
        if rhs_dilation is None
        else arguments.integers("rhs_dilation", rhs_dilation, rank, WrongTypeError)
    )
    if strides is not None:
        strides = arguments.integers("strides", strides, rank, WrongTypeError)
    named = isinstance(padding, str) and padding in ("SAME", "VALID")
    if use_consistent_padding or named:
        kernel = [rhs.shape[n] for n in (arrangement.kernel or ())[:rank]]
        arguments.numbers("rhs", kernel)
        spans = [window_span(k, d) for k, d in zip(kernel, taps, strict=True)]
        padding = _undone(padding, spans, strides)
    lhs_spec, (out, into, *spatial), out_spec = dimensions.specs(arrangement)
    rhs_spec = (into, out, *spatial) if transpose_kernel else (out, into, *spatial)
    return convolve(
        lhs,
        rhs,
        (1,) * rank,
        padding,
        strides,
        taps,
        ConvDimensionNumbers(lhs_spec, rhs_spec, out_spec),
        precision=precision,
        preferred_element_type=preferred_element_type,
        backwards=transpose_kernel,
        method=method,
    )


def _undone(
    padding: Pads, spans: list[int], strides: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """The padding that undoes a forward padding, per spatial dimension."""
    steps = arguments.integers("strides", strides, len(spans), WrongTypeError)
    if not isinstance(padding, str):
        forward = arguments.pairs(padding, len(spans))
        return tuple(
            (span - 1 - low, span - 1 - high)
            for span, (low, high) in zip(spans, forward, strict=True)
        )
    if padding not in ("SAME", "VALID"):
        raise GeometryError.of(
            "padding", padding, "'SAME', 'VALID', or (low, high) pairs"
        )
    return tuple(
        _undone_name(padding, span, step)
        for span, step in zip(spans, steps, strict=True)
    )


def _undone_name(padding: str, span: int, step: int) -> tuple[int, int]:
    """The rule of lax (and of Keras) for the two names.

    "VALID" restores every entry the forward windows could have seen, and at least one
    step per window; "SAME" restores ``step`` entries per window.
    """
    total = span + step - 2
    if padding == "VALID":
        low = span - 1
        return low, total + max(span - step, 0) - low
    low = span - 1 if step > span - 1 else -(-total // 2)
    return low, total - low
