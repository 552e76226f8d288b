"""What is wrong with a result, told so that the last bit is seen."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

NEAR = 1024
"""Up to so many ulps a distance is told in ulps: further off, the numbers tell it."""


def difference(got: Any, expected: Any, dtype: str) -> str:
    """What is wrong with a result; empty if nothing is.

    Shape and dtype are compared, then all entries as numbers: 0 and -0 are one.

    Examples:
        >>> one = np.ones(2, "float32")
        >>> difference(np.nextafter(one, np.float32(2)), one, "float32")
        '[0] = 1.0000001192092896, expected 1, which is 1 ulp away'
    """
    if told := _of_another_kind(got, expected, dtype):
        return told
    wrong = np.argwhere(got != expected.astype(got.dtype))
    if not len(wrong):
        return ""
    index = tuple(map(int, wrong[0]))
    found, right = got[index], expected[index].astype(got.dtype)
    told = f"{_place(index)} = {_exactly(found)}, expected {_exactly(right)}"
    return told + _in_ulps(found, right, dtype)


def swallowed(got: Any, expected: Any, dtype: str) -> str:
    """Where a result is a number and should be none; empty if nowhere.

    Elsewhere it may be anything: a NaN beside it may have been multiplied by a zero.

    Examples:
        >>> nan, one = np.full(1, np.nan), np.ones(1)
        >>> swallowed(one, nan, "float64"), swallowed(nan, nan, "float64")
        ('[0] = 1, expected no finite number', '')
    """
    if told := _of_another_kind(got, expected, dtype):
        return told
    wrong = np.argwhere(np.isnan(expected) & np.isfinite(got))
    if not len(wrong):
        return ""
    index = tuple(map(int, wrong[0]))
    return f"{_place(index)} = {_exactly(got[index])}, expected no finite number"


def _of_another_kind(got: Any, expected: Any, dtype: str) -> str:
    """Another shape, or another dtype."""
    if got.shape != expected.shape:
        return f" has shape {got.shape}, expected {expected.shape}"
    if got.dtype.name != dtype:
        return f" has dtype {got.dtype}, expected {dtype}"
    return ""


def _place(index: tuple[int, ...]) -> str:
    """An index as Python has it."""
    return f"[{', '.join(map(str, index))}]"


def _exactly(value: Any) -> str:
    """A number in as few digits as name it."""
    plain: Any = complex(value) if np.iscomplexobj(value) else float(value)
    short = f"{plain:g}"
    return short if type(plain)(short) == plain else repr(plain)


def _in_ulps(found: Any, right: Any, dtype: str) -> str:
    """A small distance, in units of the last place of the right number."""
    if not jnp.issubdtype(dtype, jnp.floating) or not float(right):
        return ""
    _, exponent = np.frexp(float(right))
    ulp = float(jnp.finfo(dtype).eps) * 2.0 ** (int(exponent) - 1)
    ulps = abs(float(found) - float(right)) / ulp
    # Written so that a NaN is told in no ulps.
    if not ulps <= NEAR:
        return ""
    return f", which is {ulps:g} ulp{'s' * (ulps != 1)} away"
