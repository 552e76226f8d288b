"""Real numbers through a target: how far off, as a share of a sum's bound."""

from __future__ import annotations

import collections
import dataclasses
import functools
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from jconv import numerics
from jconv.verify.claim import Evidence
from jconv.verify.target import expected
from jconv.verify.target.counterexample import (
    NotSupportedError,
    breakage,
    code,
    computed,
)
from jconv.verify.target.parts import ALL_BITS
from jconv.verify.target.plan import PLANS
from jconv.verify.target.sampling import left_out, refused, spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.geometry import Role
    from jconv.verify.context import Context
    from jconv.verify.target.cases import Case
    from jconv.verify.target.load import Target
    from jconv.verify.target.parts import Arrays, Part

TINY = 1e-300
"""Keeps 0 / 0 out of the ratio of an error to a sum of no terms."""


def evidence(target: Target, dtype: str, context: Context) -> Iterator[Evidence]:
    """Normal numbers on each convolution, against the oracle's sums in double."""
    cases = PLANS["rounding"].cases(dtype, quick=context.quick, cropped=False)
    refusals: collections.Counter[str] = collections.Counter()
    underived: collections.Counter[str] = collections.Counter()
    for case in cases:
        arrays = _normal(case, context)
        try:
            try:
                yield _measured(target, ALL_BITS, case, arrays)
            except NotSupportedError as error:
                assert ALL_BITS.alone is not None
                found = _measured(target, ALL_BITS.alone, case, arrays)
                underived[str(error)] += 1
                yield found
        except NotSupportedError as error:
            refusals[str(error)] += 1
    yield from refused(target, refusals, len(cases))
    yield from left_out(target, "derivatives", underived, len(cases))


def _measured(target: Target, part: Part, case: Case, arrays: Arrays) -> Evidence:
    """The entry that is furthest off, as a share of its bound.

    Raises:
        NotSupportedError: if the target refuses the case.
    """
    told = Evidence(holds=False, what="", size=case.size, cases=len(part.code))
    shown = functools.partial(code, target, part, case, arrays)
    exact = part.expected(case, arrays)
    sizes = part.expected(case, {name: np.abs(a) for name, a in arrays.items()})
    try:
        got = computed(target, part, case, arrays)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's code may raise anything
        where = f"through {target.name}, on {case.geometry!r} in {case.dtype}"
        what = f"rounding {where}: {breakage(error, part)}"
        return dataclasses.replace(told, what=what, case=shown())
    shares = {}
    for name, right in exact.items():
        if (kind := _kind(got[name], right.shape, case.dtype)) is not None:
            what = f"rounding: {name} {kind}, {spoken(target, case)}"
            return dataclasses.replace(told, what=what, case=shown())
        bound = _bound(case, expected.SUMS[name][0])
        off = np.abs(got[name].astype(right.dtype) - right) / (sizes[name] + TINY)
        # A NaN is an error without end: ``max`` would pass it over.
        worst = float(np.max(np.where(np.isnan(off), np.inf, off), initial=0))
        shares[name] = (worst / bound, worst, bound)
    name = max(shares, key=lambda each: shares[each][0])
    _, worst, bound = shares[name]
    u = numerics.unit_roundoff(case.dtype)
    holds = worst <= bound
    return dataclasses.replace(
        told,
        holds=holds,
        case="" if holds else shown(),
        what=f"{name} errs by {worst / u:.2g} of {bound / u:.3g} unit roundoffs of its "
        f"terms, which is {_ulps(got[name], exact[name], case.dtype):.3g} ulps of the "
        f"largest entry: {spoken(target, case)}",
        error=worst,
        bound=bound,
    )


def _normal(case: Case, context: Context) -> Arrays:
    """Normal numbers for x, w and dy, as their dtype has them."""
    shapes = {"x": case.x, "w": case.w, "dy": case.y}
    made: Arrays = {}
    for n, (name, shape) in enumerate(shapes.items()):
        numbers: Any = context.rng(n, *shape).normal(size=shape)
        if jnp.issubdtype(case.dtype, jnp.complexfloating):
            numbers = numbers + 1j * context.rng(n, *shape, 1).normal(size=shape)
        made[name] = numbers.astype(jnp.dtype(case.dtype))
    return made


def _kind(got: Any, shape: tuple[int, ...], dtype: str) -> str | None:
    """Another shape or dtype, in words."""
    if got.shape != shape:
        return f"has shape {got.shape}, expected {shape}"
    return None if got.dtype.name == dtype else f"has dtype {got.dtype}"


def _bound(case: Case, out: Role) -> float:
    """Of a plain sum in the dtype, and of the oracle's own in double."""
    g, (n, c, *x), (m, _, *w) = case.groups, case.x, case.w
    y = case.geometry.output_shape
    shapes: dict[Role, tuple[int, ...]] = {
        "input": (1, n, *x, g, c // g),
        "kernel": (1, *w, c // g, g, m // g),
        "output": (1, n, *y, g, m // g),
    }
    complex_ = jnp.issubdtype(case.dtype, jnp.complexfloating)
    wide = "complex128" if complex_ else "float64"
    return sum(
        numerics.contraction_bound(case.geometry, shapes, out, dtype)
        for dtype in (case.dtype, wide)
    )


def _ulps(got: Any, exact: Any, dtype: str) -> float:
    """The largest error, in units of the last place of the largest entry."""
    if not exact.size:
        return 0.0
    off = np.max(np.abs(got.astype(exact.dtype) - exact))
    _, exponent = np.frexp(np.max(np.abs(exact)))
    return float(off / (float(jnp.finfo(dtype).eps) * 2.0 ** (int(exponent) - 1)))
