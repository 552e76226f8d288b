"""Convolutions to hand to ``jconv verify --target``: a right one, and wrong ones."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import jconv

NOT_CALLABLE = 3


@jax.custom_vjp
def _not_flipped(x: Any, w: Any) -> Any:
    return lax.conv_general_dilated(x, w, (1,), [(0, 0)])


def _forward(x: Any, w: Any) -> Any:
    return _not_flipped(x, w), (x, w)


def _backward(saved: Any, dy: Any) -> Any:
    """The classic mistake: dx takes the kernel as it is."""
    x, w = saved
    reach = w.shape[2] - 1
    swapped = jnp.swapaxes(w, 0, 1)  # and not jnp.flip(swapped, 2)
    dx = lax.conv_general_dilated(dy, swapped, (1,), [(reach, reach)])
    dw = jax.vjp(lambda w: lax.conv_general_dilated(x, w, (1,), [(0, 0)]), w)[1](dy)[0]
    return dx, dw


_not_flipped.defvjp(_forward, _backward)


def unflipped(
    lhs: Any,
    rhs: Any,
    window_strides: Any,
    padding: Any,
    lhs_dilation: Any = None,
    rhs_dilation: Any = None,
    dimension_numbers: Any = None,
    feature_group_count: int = 1,
) -> Any:
    """Right values, and a kernel that is not flipped in the backward rule."""
    if dimension_numbers is not None or feature_group_count > 1 or lhs.ndim > 3:
        message = "only ungrouped 1-D convolutions with channels first"
        raise NotImplementedError(message)
    (low, high), (hole,), (tap,) = (
        padding[0],
        lhs_dilation or (1,),
        rhs_dilation or (1,),
    )
    zero = jnp.zeros((), lhs.dtype)
    x = lax.pad(lhs, zero, [(0, 0, 0), (0, 0, 0), (low, high, hole - 1)])
    w = lax.pad(rhs, zero, [(0, 0, 0), (0, 0, 0), (0, 0, tap - 1)])
    return _not_flipped(x, w)[:, :, :: window_strides[0]]


def unpadded(lhs: Any, rhs: Any, window_strides: Any, padding: Any, **more: Any) -> Any:
    """Ignores its padding: a wrong shape wherever there is some."""
    del padding
    return lax.conv_general_dilated(lhs, rhs, window_strides, "VALID", **more)


def widened(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Returns another dtype."""
    result = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    return result.astype("float16")


def biased(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Affine and not bilinear: it adds one."""
    return lax.conv_general_dilated(lhs, rhs, *arguments, **more) + 1


def raising(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Breaks on the first call."""
    message = "no such kernel"
    raise RuntimeError(message)


def exiting(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Ends the process, as scripts do."""
    raise SystemExit(0)


def closing(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Raises what ends generators, and no Exception is."""
    raise GeneratorExit


class SpeechlessError(Exception):
    """Breaks when it is asked what it says."""

    def __str__(self) -> str:
        raise ValueError


def speechless(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Raises an error that cannot be told."""
    raise SpeechlessError


def refusing(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Supports nothing."""
    message = "not written yet"
    raise NotImplementedError(message)


@jax.custom_vjp
def _underived(y: Any) -> Any:
    return y


def _no_backward(saved: Any, dy: Any) -> Any:
    message = "no derivative yet"
    raise NotImplementedError(message)


_underived.defvjp(lambda y: (y, None), _no_backward)


def only_values(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Right values; derivatives are refused."""
    return _underived(lax.conv_general_dilated(lhs, rhs, *arguments, **more))


def only_float32(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Refuses every other dtype."""
    if lhs.dtype != "float32":
        message = "only float32"
        raise NotImplementedError(message)
    return lax.conv_general_dilated(lhs, rhs, *arguments, **more)


def only_lines(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Refuses every other rank."""
    if lhs.ndim > 3:
        message = "only one axis"
        raise NotImplementedError(message)
    return lax.conv_general_dilated(lhs, rhs, *arguments, **more)


def returning_nothing(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Forgets its return statement."""
    lax.conv_general_dilated(lhs, rhs, *arguments, **more)


def one_ulp_off(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """The last bit of every float32 is wrong."""
    y = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    return jnp.where(y == 0, y, jnp.nextafter(y, jnp.inf))


def one_dilation(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Dilates every axis as the first."""
    rank = lhs.ndim - 2
    more["rhs_dilation"] = more["rhs_dilation"][:1] * rank
    more["lhs_dilation"] = more["lhs_dilation"][:1] * rank
    return lax.conv_general_dilated(lhs, rhs, *arguments, **more)


def one_stride(
    lhs: Any, rhs: Any, window_strides: Any, *arguments: Any, **more: Any
) -> Any:
    """Strides every axis as the first."""
    strides = window_strides[:1] * len(window_strides)
    return lax.conv_general_dilated(lhs, rhs, strides, *arguments, **more)


def third_example_lost(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Of more than two examples the third is the first again."""
    x = lhs.at[2:3].set(lhs[:1]) if lhs.shape[0] > 2 else lhs
    return lax.conv_general_dilated(x, rhs, *arguments, **more)


def last_tile_lost(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """What is left over of the first axis after tiles of 32 is zero."""
    y = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    whole = y.shape[2] // 32 * 32
    return y.at[:, :, whole:].set(0) if whole else y


def last_channels_lost(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """What is left over of the channels after tiles of 64 is zero."""
    y = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    whole = y.shape[1] // 64 * 64
    return y.at[:, whole:].set(0) if whole else y


def five_taps_cut(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Of five taps and more the last is lost."""
    w = rhs.at[..., 4:].set(0) if more["dimension_numbers"] is None else rhs
    return lax.conv_general_dilated(lhs, w, *arguments, **more)


def empty_is_nan(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """A sum of no terms is NaN."""
    y = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    return y if lhs.size and rhs.size else jnp.full_like(y, jnp.nan)


def narrow_operands(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Multiplies no more than eight bits."""
    x, w = lhs.astype("bfloat16"), rhs.astype("bfloat16")
    more["preferred_element_type"] = lhs.dtype
    return lax.conv_general_dilated(x, w, *arguments, **more)


def half_operands(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Multiplies no more than eleven bits."""
    x, w = lhs.astype("float16"), rhs.astype("float16")
    more["preferred_element_type"] = lhs.dtype
    return lax.conv_general_dilated(x, w, *arguments, **more)


def narrow_sums(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Sums are kept in eight bits."""
    y = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    return y.astype("bfloat16").astype(y.dtype)


def clipped(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Saturates as int8 does."""
    y = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    return jnp.clip(y, -127, 127)


def swallowing(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Takes NaN for zero."""
    x, w = (jnp.where(jnp.isnan(each), 0, each) for each in (lhs, rhs))
    return lax.conv_general_dilated(x, w, *arguments, **more)


def _first_time_wrong(y: Any) -> Any:
    CALLS.append(y.shape)
    return np.asarray(y) + (len(CALLS) == 1)


CALLS: list[tuple[int, ...]] = []
"""Of ``unsteady``; empty it, and the next call is wrong."""


def unsteady(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Wrong once, as a kernel with a race is now and then."""
    y = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    like = jax.ShapeDtypeStruct(y.shape, y.dtype)
    return jax.pure_callback(_first_time_wrong, like, y)


def blaming_forward_mode(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Breaks, in words that JAX has for what is no mistake."""
    message = "can't apply forward-mode differentiation (jvp) to a custom_vjp function."
    raise ValueError(message)


def wrong_channels_last(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Of another sign where channels are last."""
    y = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    return y if more["dimension_numbers"] is None else -y


@jax.custom_batching.custom_vmap
def _reversed_in_batches(y: Any) -> Any:
    return y


@_reversed_in_batches.def_vmap
def _reverse(axis_size: int, batched: Any, y: Any) -> Any:
    return y[::-1], True


def wrong_mapped(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Under vmap, the results are in the other order."""
    y = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    return _reversed_in_batches(y)


def wrapped(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Is lax's own under another name."""
    return lax.conv_general_dilated(lhs, rhs, *arguments, **more)


def rounded_sums(lhs: Any, rhs: Any, *arguments: Any, **more: Any) -> Any:
    """Right on whole numbers below 2^16; of others the last bits are lost."""
    y = lax.conv_general_dilated(lhs, rhs, *arguments, **more)
    return jnp.round(y * 2.0**12) / 2.0**12


def two_arguments(x: Any, w: Any) -> Any:
    """Lacks the geometry."""
    return x, w


ours = jconv.lax.conv_general_dilated
