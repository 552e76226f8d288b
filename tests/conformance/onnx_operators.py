"""ONNX's operators by jconv's functions: the reading of a node's attributes.

Every operator takes its node's inputs, None for those left out, and its attributes,
and returns its outputs. Arrays are (n, c, *spatial), kernels as ONNX orders them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jconv

Arrays = tuple[Any, ...]
Attributes = dict[str, Any]


def numbers(x: Any) -> tuple[str, str, str]:
    """The orders of a convolution's arrays."""
    spatial = "DHW"[5 - x.ndim :]
    return f"NC{spatial}", f"OI{spatial}", f"NC{spatial}"


def padding(a: Attributes) -> Any:
    """``auto_pad`` and ``pads`` as jconv writes them."""
    named = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}
    if a.get("auto_pad", "NOTSET") != "NOTSET":
        return named[a["auto_pad"]]
    pads = a.get("pads")
    if pads is None:
        return "valid"
    half = len(pads) // 2
    return tuple(zip(pads[:half], pads[half:], strict=True))


def biased(y: Any, bias: Any) -> Any:
    """The result with a bias per channel added."""
    if bias is None:
        return y
    return y + jnp.reshape(bias, (1, -1) + (1,) * (y.ndim - 2))


def conv(x: Any, w: Any, bias: Any = None, **a: Any) -> Arrays:
    """``Conv``."""
    y = jconv.conv(
        x,
        w,
        stride=a.get("strides", 1),
        padding=padding(a),
        kernel_dilation=a.get("dilations", 1),
        groups=a.get("group", 1),
        dimension_numbers=numbers(x),
    )
    return (biased(y, bias),)


def conv_integer(
    x: Any, w: Any, x_zero: Any = None, w_zero: Any = None, **a: Any
) -> Arrays:
    """``ConvInteger``: the convolution of what remains above the zero points."""
    zero_x = 0 if x_zero is None else x_zero.astype("int32")
    zero_w = 0 if w_zero is None else w_zero.astype("int32")
    if np.ndim(zero_w):
        zero_w = zero_w.reshape(-1, *(1,) * (w.ndim - 1))
    return conv(x.astype("int32") - zero_x, w.astype("int32") - zero_w, **a)


def conv_transpose(y: Any, w: Any, bias: Any = None, **a: Any) -> Arrays:
    """``ConvTranspose``; its kernel is the forward convolution's."""
    where, shape = padding(a), a.get("output_shape")
    if shape is not None:
        # Then ONNX ignores pads; where no auto_pad asks otherwise, more go in front.
        where = where if isinstance(where, str) and "same" in where else "same_lower"
    x = jconv.conv_transpose(
        y,
        w,
        stride=a.get("strides", 1),
        padding=where,
        output_padding=0 if shape is not None else a.get("output_padding", 0),
        output_shape=shape,
        kernel_dilation=a.get("dilations", 1),
        groups=a.get("group", 1),
        dimension_numbers=numbers(y),
    )
    return (biased(x, bias),)


def causal_conv_with_state(
    x: Any, w: Any, bias: Any = None, past: Any = None, **a: Any
) -> Arrays:
    """``CausalConvWithState``: depthwise; what came before x is remembered."""
    before = w.shape[-1] - 1
    if past is None:
        past = jnp.zeros((*x.shape[:2], before), x.dtype)
    seen = jnp.concatenate([past, x], -1)
    y = conv(seen, w, bias, group=x.shape[1])[0]
    if a.get("activation", "none") in ("silu", "swish"):
        y = jax.nn.silu(y)
    return y, seen[..., seen.shape[-1] - before :]


def windows(a: Attributes) -> dict[str, Any]:
    """Where a pool's windows stand."""
    window = tuple(a["kernel_shape"])
    return {
        "window": window,
        "stride": tuple(a.get("strides", (1,) * len(window))),
        "padding": padding(a),
        "dilation": tuple(a.get("dilations", (1,) * len(window))),
        "ceil_mode": bool(a.get("ceil_mode", 0)),
        "channel_axis": 1,
    }


def max_pool(x: Any, **a: Any) -> Arrays:
    """``MaxPool``, with positions in the whole flattened input."""
    y, indices = jconv.max_pool(x, **windows(a), return_indices=True)
    spatial = x.shape[2:]
    if a.get("storage_order", 0):
        indices = np.ravel_multi_index(
            np.unravel_index(np.asarray(indices), spatial), spatial, order="F"
        )
    return y, indices + _first_of_planes(x.shape[:2], spatial)


def _first_of_planes(planes: Sequence[int], spatial: Sequence[int]) -> Any:
    """The flat position of each plane's first entry, to be broadcast."""
    first = np.arange(math.prod(planes)) * math.prod(spatial)
    return first.reshape(*planes, *(1,) * len(spatial))


def max_unpool(y: Any, indices: Any, shape: Any = None, **a: Any) -> Arrays:
    """``MaxUnpool``: positions are those of the smallest result; zeros are appended."""
    where = windows(a)
    pads = where["padding"]
    pads = ((0, 0),) * len(where["window"]) if isinstance(pads, str) else pads
    spatial = tuple(
        (n - 1) * stride + size - sum(pad)
        for n, stride, size, pad in zip(
            y.shape[2:], where["stride"], where["window"], pads, strict=True
        )
    )
    indices = jnp.asarray(indices) - _first_of_planes(y.shape[:2], spatial)
    whole = (*y.shape[:2], *spatial)
    x = jconv.max_unpool(
        y, indices, rank=len(spatial), output_shape=whole, channel_axis=1
    )
    wanted = whole if shape is None else tuple(map(int, shape))
    more = [(0, m - n) for n, m in zip(whole, wanted, strict=True)]
    return (jnp.pad(x, more),)


def average_pool(x: Any, **a: Any) -> Arrays:
    """``AveragePool``."""
    counted = bool(a.get("count_include_pad", 0))
    return (jconv.avg_pool(x, **windows(a), count_padding=counted),)


def lp_pool(x: Any, **a: Any) -> Arrays:
    """``LpPool``."""
    return (jconv.lp_pool(x, p=a.get("p", 2), **windows(a)),)


def over_all(pool: Callable[..., Any]) -> Callable[..., Arrays]:
    """A global pool, whose spatial axes stay."""

    def operator(x: Any) -> Arrays:
        return (pool(x, rank=x.ndim - 2, keepdims=True, channel_axis=1),)

    return operator


def col2im(columns: Any, image: Any, block: Any, **a: Any) -> Arrays:
    """``Col2Im``: columns (n, c * window, places)."""
    image, block = tuple(map(int, image)), tuple(map(int, block))
    options = {
        "stride": tuple(a.get("strides", (1,) * len(block))),
        "padding": padding(a),
        "kernel_dilation": tuple(a.get("dilations", (1,) * len(block))),
        "channel_axis": 1,
    }
    n, c = columns.shape[0], columns.shape[1] // math.prod(block)
    x = jax.ShapeDtypeStruct((n, c, *image), columns.dtype)
    patches = jax.eval_shape(lambda x: jconv.extract_patches(x, block, **options), x)
    places = patches.shape[2 : 2 + len(block)]
    apart = columns.reshape(n, c, *block, *places)
    rank = len(block)
    order = (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
    folded = jconv.fold_patches(apart.transpose(order), input_shape=x.shape, **options)
    return (folded,)


def along_axes(change: Callable[..., Any]) -> Callable[..., Arrays]:
    """``Squeeze`` or ``Unsqueeze``, which stand around some pools."""
    return lambda x, axes=None, **a: (
        change(x, tuple(map(int, a["axes"] if axes is None else axes))),
    )


OPERATORS: dict[str, Callable[..., Arrays]] = {
    "AveragePool": average_pool,
    "CausalConvWithState": causal_conv_with_state,
    "Col2Im": col2im,
    "Conv": conv,
    "ConvInteger": conv_integer,
    "ConvTranspose": conv_transpose,
    "GlobalAveragePool": over_all(jconv.global_avg_pool),
    "GlobalLpPool": over_all(jconv.global_lp_pool),
    "GlobalMaxPool": over_all(jconv.global_max_pool),
    "LpPool": lp_pool,
    "MaxPool": max_pool,
    "MaxUnpool": max_unpool,
    "Squeeze": along_axes(jnp.squeeze),
    "Unsqueeze": along_axes(jnp.expand_dims),
}
"""What the cases need."""
