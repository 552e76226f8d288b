"""Numbers to try a target on: whole ones, whose sums a dtype holds exactly.

Nothing then depends on the order of a sum, so that equality can be asked for. That a
sum is exact is not hoped for: the oracle adds up the terms' magnitudes first.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from jconv import reference
from jconv.geometry import OPERANDS
from jconv.verify.routes import signs
from jconv.verify.target.cases import oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from jconv.geometry import Role
    from jconv.verify.context import Context
    from jconv.verify.target.cases import Case
    from jconv.verify.target.parts import Arrays, Part

    Draw = Callable[[Case, Part, Context], Arrays]

ORACLE_BITS = 53
"""The oracle itself sums in float64."""

ADDED = 3
"""A part adds up to so many contractions."""


def exact_up_to(dtype: str) -> int:
    """The number up to which a dtype, and the oracle, has all whole ones.

    Examples:
        >>> exact_up_to("bfloat16"), exact_up_to("complex64"), exact_up_to("int8")
        (256, 16777216, 128)
    """
    if jnp.issubdtype(dtype, jnp.inexact):
        bits = jnp.finfo(dtype).nmant + 1
    else:
        bits = jnp.iinfo(dtype).bits - (not _unsigned(dtype))
    return 2 ** min(int(bits), ORACLE_BITS)


def small(case: Case, part: Part, context: Context) -> Arrays:
    """Integers from -4 to 4; smaller or fewer where the dtype could not hold a sum.

    So small that no multiplier rounds them, whatever precision it multiplies in.
    """
    arrays = _plain(case, context)
    if _largest_sum(case, part, arrays) > exact_up_to(case.dtype):
        arrays = {name: signs(array) for name, array in arrays.items()}
    return _cast(case, _thinned(case, part, context, arrays, exact_up_to(case.dtype)))


def wide(case: Case, part: Part, context: Context, *, names: tuple[str, ...]) -> Arrays:
    """Odd numbers of as many bits as leave every sum exact.

    Args:
        case: the call.
        part: what is computed.
        context: of the claim.
        names: the operands that share the bits: one, or all, of which two are
            multiplied. The others are -1, 0 and 1.
    """
    limit = exact_up_to(case.dtype)
    arrays = {name: signs(array) for name, array in _plain(case, context).items()}
    # Half of the bits at the least are for the operands, and not for the sum.
    arrays = _thinned(case, part, context, arrays, math.isqrt(limit))
    room = limit / max(1, _largest_sum(case, part, arrays))
    bits = math.floor(math.log2(room)) // min(2, len(names))
    for n, name in enumerate(arrays):
        if name in names and bits > 1:
            odd = functools.partial(_odd, context, bits, arrays[name].shape, n)
            scale: Any = odd(0)
            if np.iscomplexobj(arrays[name]):
                array = arrays[name]
                arrays[name] = array.real * scale + 1j * array.imag * odd(1)
            else:
                arrays[name] = arrays[name] * scale
    return _cast(case, arrays)


def not_finite(
    case: Case, part: Part, context: Context, *, name: str, value: float
) -> Arrays:
    """The numbers -1 and 1, and in one operand one entry that is no finite number.

    Of the entries that any sum has as a term, the one in the middle.
    """
    arrays = {n: signs(array) for n, array in _plain(case, context).items()}
    arrays = {n: np.where(array == 0, 1, array) for n, array in arrays.items()}
    arrays = _cast(case, arrays)
    role = ROLE[name]
    others = (np.ones(case.shape(each)) for each in OPERANDS[role])
    (used,) = np.nonzero(np.ravel(oracle(case, role, *others)))
    if len(used):
        arrays[name].flat[used[len(used) // 2]] = value
    return arrays


ROLE: dict[str, Role] = {"x": "input", "w": "kernel", "dy": "output"}
"""What each operand is in the relation."""

WIDE: tuple[Draw, ...] = tuple(
    functools.partial(wide, names=names)
    for names in (("x",), ("w",), ("dy",), ("x", "w", "dy"))
)

NOT_FINITE: tuple[Draw, ...] = tuple(
    functools.partial(not_finite, name=name, value=value)
    for name in ("x", "w", "dy")
    for value in (math.nan, math.inf)
)


def _plain(case: Case, context: Context) -> Arrays:
    """Operands, cotangent, and directions u and v, in a dtype that holds negatives."""
    shapes = {"x": case.x, "w": case.w, "dy": case.y, "u": case.x, "v": case.w}
    complex_ = jnp.issubdtype(case.dtype, jnp.complexfloating)
    dtype = "complex128" if complex_ else "int64"
    drawn = {
        name: context.integers(shape, dtype, n)
        for n, (name, shape) in enumerate(shapes.items())
    }
    return {name: abs(a) if _unsigned(case.dtype) else a for name, a in drawn.items()}


def _cast(case: Case, arrays: Arrays) -> Arrays:
    """The operands in the case's dtype."""
    return {name: array.astype(jnp.dtype(case.dtype)) for name, array in arrays.items()}


def _thinned(
    case: Case, part: Part, context: Context, arrays: Arrays, limit: int
) -> Arrays:
    """The operands with so many zeros that the terms of no sum exceed a limit."""
    for n in itertools.count(len(arrays)):
        if _largest_sum(case, part, arrays) <= limit:
            return arrays
        arrays = {
            name: np.where(context.integers(array.shape, "int64", n, k) > 0, array, 0)
            for k, (name, array) in enumerate(arrays.items())
        }
    raise AssertionError  # it counts on


def _largest_sum(case: Case, part: Part, arrays: Arrays) -> float:
    """A sum of the terms' magnitudes that no entry of a part exceeds.

    Each part is a sum of products, so that its oracle adds magnitudes as well. A
    complex number's is |real| + |imaginary|, which bounds all products of either. The
    oracle is asked only where counting the terms does not do.
    """
    sizes = {name: abs(array.real) + abs(array.imag) for name, array in arrays.items()}
    largest = sorted(float(np.max(each, initial=0)) for each in sizes.values())
    bound = ADDED * _most_terms(case) * largest[-1] * largest[-2]
    if bound <= math.isqrt(exact_up_to(case.dtype)):
        return bound
    sums = part.expected(case, sizes).values()
    return max(float(np.max(each, initial=0)) for each in sums)


def _most_terms(case: Case) -> int:
    """The number of products in the longest of all sums."""
    met = [reference.relation(axis) for axis in case.geometry.axes]
    others = {"output": (1, 2), "kernel": (0, 2), "input": (0, 1)}
    windows = {
        role: math.prod(int(np.max(t.sum(axes), initial=0)) for t in met)
        for role, axes in others.items()
    }
    channels = {"output": case.w[1], "kernel": case.x[0]}
    channels["input"] = case.w[0] // case.groups
    return max(windows[role] * channels[role] for role in windows)


def _odd(
    context: Context, bits: int, shape: tuple[int, ...], *salt: int
) -> np.ndarray[Any, Any]:
    """Random odd numbers of just so many bits: the last of them matters, too."""
    half = 2 ** (bits - 1)
    return context.rng(*salt, *shape).integers(half, 2 * half, shape) | 1


def _unsigned(dtype: str) -> bool:
    return bool(jnp.issubdtype(dtype, jnp.unsignedinteger))
