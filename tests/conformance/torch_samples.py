"""PyTorch's sample inputs of convolutions, pools and unfold, by jconv.

Where PyTorch is installed, its own results are asked for too; else convolutions are
compared with ``jax.lax``, and pools with loops in NumPy.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import jconv
from jconv.numerics import unit_roundoff
from jconv.verify.pool_loops import PoolLoop
from tests.cases import integers
from tests.conformance.suite import Case, quickly_compiled
from tests.conformance.torch_settings import AVERAGE, CONV, MAXIMUM, UNFOLD, Setting

Words = dict[str, Any]


def per_axis(rank: int, value: Any) -> tuple[int, ...]:
    """One number for all axes, or a tuple with one or ``rank`` of them."""
    value = value if isinstance(value, tuple) else (value,)
    return value * rank if len(value) == 1 else value


def cases() -> Iterator[Case]:
    """One case for each setting."""
    for name, settings in CONV.items():
        check = conv_transpose if "transpose" in name else conv
        yield from _numbered(name, settings, functools.partial(check, name))
    for name, settings in AVERAGE.items():
        yield from _numbered(name, settings, functools.partial(average, name))
    batches = itertools.cycle([(1,), (2,), ()])
    for name, settings in MAXIMUM.items():
        batched = [((*next(batches), *s), *rest) for s, *rest in settings]
        yield from _numbered(name, batched, functools.partial(maximum, name))
    yield from _numbered("unfold", UNFOLD, unfold)


def _numbered(
    name: str, settings: list[Any], check: Callable[[Setting], None]
) -> Iterator[Case]:
    """Names of settings that have none."""
    for n, setting in enumerate(settings):
        yield Case(f"{name}/{n:02}", functools.partial(check, setting))


def by_torch(name: str, *arguments: Any, **words: Any) -> Any:
    """PyTorch's own result as NumPy arrays; None where it is not installed."""
    if not importlib.util.find_spec("torch"):
        return None
    import torch

    tensors = [torch.tensor(a) if hasattr(a, "dtype") else a for a in arguments]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may warn that it copies its input
        result = getattr(torch.nn.functional, name)(*tensors, **words)
    if isinstance(result, tuple):
        return tuple(each.numpy() for each in result)
    return result.numpy()


def conv(name: str, setting: Setting) -> None:
    """A convolution with a batch and of one example."""
    (x_shape, w_shape, words), rank = setting, len(setting[0]) - 2
    x, w = integers(x_shape), integers(w_shape, 1)
    each = functools.partial(per_axis, rank)
    stride = each(words.get("stride", 1))
    dilation = each(words.get("dilation", 1))
    padding = words.get("padding", 0)
    if not isinstance(padding, str):
        padding = [(n, n) for n in each(padding)]

    @quickly_compiled
    def program(x: Any, w: Any) -> Any:
        expected = lax.conv_general_dilated(
            x,
            w,
            stride,
            padding.upper() if isinstance(padding, str) else padding,
            rhs_dilation=dilation,
            feature_group_count=words.get("groups", 1),
        )
        return ours(jconv.conv, x, w, words), ours(jconv.conv, x[0], w, words), expected

    y, single, expected = program(x, w)
    compare(y, expected, by_torch(name, x, w, **words))
    np.testing.assert_array_equal(single, expected[0])


def conv_transpose(name: str, setting: Setting) -> None:
    """A transposed convolution, compared with the convolution of a spread input."""
    (y_shape, w_shape, words), rank = setting, len(setting[0]) - 2
    y, w = integers(y_shape), integers(w_shape, 1)
    each = functools.partial(per_axis, rank)
    dilation = each(words.get("dilation", 1))
    padding = each(words.get("padding", 0))
    extra = each(words.get("output_padding", 0))
    groups = words.get("groups", 1)
    reach = [d * (k - 1) for d, k in zip(dilation, w_shape[2:], strict=True)]
    around = [(r - p, r - p + e) for r, p, e in zip(reach, padding, extra, strict=True)]
    spatial = tuple(range(2, 2 + rank))

    @quickly_compiled
    def program(y: Any, w: Any) -> Any:
        split = w.reshape(groups, w_shape[0] // groups, *w_shape[1:])
        kernel = split.swapaxes(1, 2).reshape(-1, w_shape[0] // groups, *w_shape[2:])
        expected = lax.conv_general_dilated(
            y,
            lax.rev(kernel, spatial),
            (1,) * rank,
            around,
            lhs_dilation=each(words.get("stride", 1)),
            rhs_dilation=dilation,
            feature_group_count=groups,
        )
        function = jconv.conv_transpose
        return ours(function, y, w, words), ours(function, y[0], w, words), expected

    x, single, expected = program(y, w)
    compare(x, expected, by_torch(name, y, w, **words))
    np.testing.assert_array_equal(single, expected[0])


def ours(function: Callable[..., Any], x: Any, w: Any, words: Words) -> Any:
    """The convolution of x (*batch, c, *spatial), with PyTorch's keywords."""
    rank = w.ndim - 2
    named = {"dilation": "kernel_dilation"}
    options = {named.get(name, name): value for name, value in words.items()}
    last = function(
        jnp.moveaxis(x, -rank - 1, -1),
        w.transpose((*range(2, 2 + rank), 1, 0)),
        **{"padding": 0} | options,
    )
    return jnp.moveaxis(last, -1, -rank - 1)


def compare(found: Any, expected: Any, torchs: Any, rtol: float = 0.0) -> None:
    """What was found is what was expected, by either."""
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=rtol)
    if torchs is not None:
        assert found.shape == torchs.shape
        np.testing.assert_allclose(found, torchs, rtol=rtol)


def loop_of(setting: Setting, rank: int) -> PoolLoop:
    """The pool written out in NumPy."""
    shape, window, words = setting
    window = per_axis(rank, window)
    stride = words.get("stride")
    return PoolLoop(
        tuple(shape[len(shape) - rank :]),
        window,
        window if stride is None else per_axis(rank, stride),
        tuple((n, n) for n in per_axis(rank, words.get("padding", 0))),
        per_axis(rank, words.get("dilation", 1)),
        words.get("ceil_mode", False),
    )


def average(name: str, setting: Setting) -> None:
    """A mean, or with a divisor of one's own a sum divided by it.

    Both quotients are of the same integers, and each is rounded once.
    """
    (shape, window, words), rank = setting, len(setting[0]) - 2
    x, loop = integers(shape), loop_of(setting, rank)
    counted, divisor = (
        words.get("count_include_pad", True),
        words.get("divisor_override"),
    )
    options = loop.options | {"channel_axis": 1}

    @quickly_compiled
    def program(x: Any) -> Any:
        if divisor is None:
            return jconv.avg_pool(x, loop.window, count_padding=counted, **options)
        return jconv.sum_pool(x, loop.window, **options) / divisor

    totals = loop.forward(np.moveaxis(x, 1, -1), functools.partial(np.sum, axis=0), 0)
    for o in np.ndindex(*loop.output_shape):
        count = divisor or loop.count(o, count_padding=counted)
        totals[(slice(None), *o)] /= max(count, 1) if divisor is None else count
    torchs = by_torch(name, x, window, **words)
    compare(
        program(x), np.moveaxis(totals, -1, 1), torchs, rtol=2 * unit_roundoff(x.dtype)
    )


def maximum(name: str, setting: Setting) -> None:
    """A maximum and where it stands."""
    (shape, window, words), rank = setting, int(name[-2])
    x, loop = integers(shape), loop_of(setting, rank)
    axis = len(shape) - rank - 1
    pool = functools.partial(
        jconv.max_pool,
        window=loop.window,
        channel_axis=axis,
        return_indices=True,
        **loop.options,
    )
    y, indices = quickly_compiled(pool)(x)
    whole = np.moveaxis(x.reshape(-1, *shape[axis:]), 1, -1)
    values = loop.forward(whole, functools.partial(np.max, axis=0), -np.inf)
    places = np.zeros(values.shape, int)
    for n, c in np.ndindex(values.shape[0], values.shape[-1]):
        for o in np.ndindex(*loop.output_shape):
            spots = loop.held(o)
            best = max(spots, key=lambda i: whole[n, *i, c])  # the first of equal ones
            places[n, *o, c] = np.ravel_multi_index(best, loop.spatial)
    torchs = by_torch(name, x, window, **words, return_indices=True) or (None, None)
    for found, expected, theirs in zip(
        (y, indices), (values, places), torchs, strict=True
    ):
        expected = np.moveaxis(expected, -1, 1).reshape(found.shape)  # noqa: PLW2901
        compare(found, expected, theirs)


def unfold(setting: Setting) -> None:
    """Patches, also of an empty batch."""
    shape, window, words = setting
    x, window = integers(shape), per_axis(2, window)
    options = {"stride": words.get("stride", 1), "padding": words.get("padding", 0)}
    options |= {"kernel_dilation": words.get("dilation", 1), "channel_axis": 1}

    def columns(x: Any) -> Any:
        patches = jconv.extract_patches(x, window, **options)
        n, c, *places = patches.shape[:4]
        order = (0, 1, 4, 5, 2, 3)
        channels = c * window[0] * window[1]
        return patches.transpose(order).reshape(n, channels, places[0] * places[1])

    each = functools.partial(per_axis, 2)

    @quickly_compiled
    def program(x: Any) -> Any:
        cut = lax.conv_general_dilated_patches(
            x,
            window,
            each(options["stride"]),
            [(n, n) for n in each(options["padding"])],
            rhs_dilation=each(options["kernel_dilation"]),
        )
        return columns(x), cut.reshape(*cut.shape[:2], cut.shape[2] * cut.shape[3])

    found, expected = program(x)
    torchs = by_torch("unfold", x, window, **words)
    compare(found, expected, torchs)
    empty = jax.eval_shape(columns, jax.ShapeDtypeStruct((0, *shape[1:]), x.dtype))
    assert empty.shape == (0, *found.shape[1:])
