"""JAX's own test harnesses: convolutions and windowed reductions.

A harness is a function of ``jax.lax`` and a recipe for its arguments. jconv is given
the arguments of that call and must return what the call returns. Floats are rounded to
integers first, so that no sum rounds and results can be asked to be equal.
"""

from __future__ import annotations

import functools
import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from tests.conformance.suite import Case, quickly_compiled

GROUPS = (
    "conv_general_dilated",
    "reduce_window_",
    "select_and_scatter_add",
    "select_and_gather_add",
    "cum",
)
"""What the names of a harness' group begin with."""

FLAG = ("enablexla_False", "enablexla_True")
"""What the names of two harnesses differ in that make the same call of ``jax.lax``."""


def cases() -> Iterator[Case]:
    """All harnesses of these groups."""
    room = "jax._src.internal_test_util.test_harnesses"
    harnesses = importlib.import_module(room).all_harnesses
    names = {harness.fullname for harness in harnesses}
    for harness in harnesses:
        group = next((g for g in GROUPS if harness.group_name.startswith(g)), None)
        if group is None:
            continue
        reason = refusal(group, harness)
        twin = harness.fullname.replace(*FLAG)
        if reason is None and twin != harness.fullname and twin in names:
            reason = "jax2tf"
        if reason:
            yield Case(harness.fullname, reason=reason)
        else:
            yield Case(harness.fullname, functools.partial(check, harness, ours(group)))


def refusal(group: str, harness: Any) -> str | None:
    """Why a harness is not applicable."""
    settings = harness.params
    if group == "cum":
        return "running"
    if group == "conv_general_dilated":
        return None
    if settings.get("computation") is jax.lax.mul:
        return "product-window"
    if any(n != 1 for n in settings.get("base_dilation", ())):
        return "base-dilation"
    if harness.dtype == np.bool_:
        return "truth-values"
    ordered = settings.get("computation") is not jax.lax.add
    if ordered and np.issubdtype(harness.dtype, np.complexfloating):
        return "complex-order"
    return None


def ours(group: str) -> Callable[..., Any]:
    """The function of jconv that has a group's arguments."""
    return {
        "conv_general_dilated": jconv.lax.conv_general_dilated,
        "reduce_window_": reduce_window,
        "select_and_scatter_add": select_and_scatter_add,
        "select_and_gather_add": select_and_gather_add,
    }[group]


def reduce_window(
    x: Any,
    init: Any,
    computation: Any,
    window: Any,
    strides: Any,
    padding: Any,
    base_dilation: Any,
    dilation: Any,
) -> Any:
    """``lax.reduce_window`` by a pool over all dimensions of an x without channels."""
    del base_dilation
    pool = {
        jax.lax.max: jconv.max_pool,
        jax.lax.min: jconv.min_pool,
        jax.lax.add: jconv.sum_pool,
    }[computation]
    where = over_all(window, strides, padding) | {"dilation": tuple(dilation)}
    return computation(pool(x, **where), jnp.full((), init, x.dtype))


def select_and_scatter_add(
    dy: Any, x: Any, select: Any, window: Any, strides: Any, padding: Any
) -> Any:
    """Max- or min-pooling's VJP."""
    where = over_all(window, strides, padding)
    return jconv.max_pool_vjp(dy, x, smallest=smallest(select), **where)


def select_and_gather_add(
    x_dot: Any,
    x: Any,
    select: Any,
    window: Any,
    strides: Any,
    padding: Any,
    base_dilation: Any,
    dilation: Any,
) -> Any:
    """Max- or min-pooling's JVP."""
    del base_dilation
    where = over_all(window, strides, padding) | {"dilation": tuple(dilation)}
    pool = jconv.min_pool if smallest(select) else jconv.max_pool
    return jax.jvp(lambda x: pool(x, **where), (x,), (x_dot,))[1]


def smallest(select: Any) -> bool:
    """Whether what compares as <= is selected."""
    return {"ge": False, "le": True}[select.name]


def over_all(window: Any, strides: Any, padding: Any) -> dict[str, Any]:
    """A pool's arguments where every dimension is spatial."""
    return {
        "window": tuple(window),
        "stride": tuple(strides),
        "padding": padding if isinstance(padding, str) else tuple(padding),
        "channel_axis": None,
    }


def check(harness: Any, function: Callable[..., Any]) -> None:
    """The result of jconv is that of ``jax.lax``, dtype included."""
    rng = np.random.RandomState(zlib.crc32(harness.fullname.encode()))
    arrays = [rounded(a) for a in harness.dyn_args_maker(rng)]

    @quickly_compiled
    def program(*arrays: Any) -> Any:
        arguments = harness._args_from_dynargs(arrays)
        return function(*arguments), harness.dyn_fun(*arrays)

    found, expected = program(*arrays)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def rounded(array: Any) -> Any:
    """The nearest integers; of complex numbers, part by part."""
    return np.rint(array).astype(array.dtype) if array.dtype != np.bool_ else array
