"""``convolve`` and ``correlate`` equal scipy.signal's, exactly on integers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal

import jconv
from jconv import signal
from jconv.verify.comparison import by_every_method
from jconv.verify.context import Context
from tests.cases import integers

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPES = (
    ((1,), (1,)),
    ((5,), (3,)),
    ((6,), (4,)),
    ((5,), (4,)),
    ((3,), (5,)),
    ((4,), (7,)),
    ((4,), (4,)),
    ((4, 5), (2, 3)),
    ((2, 3), (4, 3)),
    ((3, 2, 4), (2, 2, 1)),
)
FUNCTIONS = {
    "convolve": (signal.convolve, scipy.signal.convolve),
    "correlate": (signal.correlate, scipy.signal.correlate),
}
MODES = ("full", "same", "valid")


@pytest.mark.parametrize("functions", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("dtype", ["int64", "float64", "complex128"])
def test_equals_scipy(functions: tuple[Callable[..., Any], ...], dtype: str) -> None:
    """Every mode of every pair of shapes, the second larger than the first too."""
    ours, scipys = functions
    pairs = [(integers(a, 0, dtype), integers(b, 1, dtype)) for a, b in SHAPES]
    got = jax.jit(
        lambda pairs: [[ours(x, w, mode=mode) for mode in MODES] for x, w in pairs]
    )(pairs)
    for (x, w), results in zip(pairs, got, strict=True):
        for mode, result in zip(MODES, results, strict=True):
            want = scipys(x, w, mode=mode, method="direct")
            np.testing.assert_array_equal(
                result, want, err_msg=f"{mode} {x.shape} {w.shape}", strict=True
            )


def test_every_exact_algorithm() -> None:
    x, w = integers((5, 4)), integers((3, 2), 1)
    convolve = functools.partial(jconv.convolve, mode="same")
    results = dict(by_every_method(Context(), convolve, x, w))
    expected = scipy.signal.convolve(x, w, "same", "direct")
    for method, got in results.items():
        np.testing.assert_array_equal(got, expected, err_msg=method)
    assert {"taps", "loop", "patches"} <= set(results)


def test_narrow_integers_stay_and_mixed_dtypes_are_promoted() -> None:
    x, w = integers((5,), 0, "int8"), integers((3,), 1, "int32")
    assert jconv.convolve(x, x).dtype == "int8"
    assert jconv.correlate(x, w).dtype == "int32"
    assert jconv.correlate(
        x.astype("float32"), integers((2,), 2, "complex64")
    ).dtype == ("complex64")


def test_without_axes_it_is_a_product() -> None:
    x, w = jnp.asarray(2 + 3j), jnp.asarray(5 - 1j)
    assert jconv.convolve(x, w) == x * w
    assert jconv.correlate(x, w) == x * w.conj()


def test_the_transpose_of_convolving_is_correlating() -> None:
    """In the result's "full" window, and back in the "valid" one."""
    x, w, y = integers((5,)), integers((3,), 1), integers((7,), 2)
    (pulled,) = jax.linear_transpose(lambda x: jconv.convolve(x, w), x)(jnp.asarray(y))
    np.testing.assert_array_equal(pulled, jconv.correlate(y, w, mode="valid"))


def test_vmap_and_second_order() -> None:
    x, w = integers((3, 5)), integers((3, 2), 1)

    @jax.jit
    def run(x: jax.Array, w: jax.Array) -> Any:
        def f(x: jax.Array, w: jax.Array) -> jax.Array:
            return (jconv.convolve(x, w) ** 2).sum() / 2

        return jax.vmap(jconv.convolve)(x, w), jax.hessian(f)(x[0], w[0])

    rows, hessian = run(x, w)
    for row, a, b in zip(rows, x, w, strict=True):
        np.testing.assert_array_equal(row, np.convolve(a, b))
    columns = [np.convolve(unit, w[0]) for unit in np.eye(5)]
    np.testing.assert_array_equal(hessian, np.inner(columns, columns))


MISTAKES = {
    "mode": ((5,), (3,), {"mode": "reflect"}, "mode='reflect': expected one of full"),
    "method": ((5,), (3,), {"method": "magic"}, "method='magic': expected one of auto"),
    "ranks": ((5, 1), (3,), {}, r"w=\(3,\): expected a shape with as many axes"),
    "empty-x": ((0,), (3,), {}, r"x=\(0,\): expected at least one entry"),
    "empty-w": ((5, 2), (3, 0), {}, r"w=\(3, 0\): expected at least one entry"),
    "neither-larger": ((5, 2), (3, 4), {"mode": "valid"}, "larger along every axis"),
}


@pytest.mark.parametrize("function", [jconv.convolve, jconv.correlate])
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(
    function: Callable[..., Any], mistake: tuple[Any, Any, dict[str, str], str]
) -> None:
    x, w, keywords, message = mistake
    with pytest.raises(jconv.GeometryError, match=message):
        function(np.ones(x), np.ones(w), **keywords)
