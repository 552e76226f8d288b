"""lax's way of describing a convolution -> a geometry, and the dtype of its result.

An error is a ``GeometryError`` and, where
``jax.lax`` raises something else for the same mistake, of that type too.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jconv.errors import GeometryError
from jconv.geometry import Geometry
from jconv.geometry.checks import is_integer, not_symbolic
from jconv.geometry.extents import dilated_size
from jconv.geometry.padding import resolve_padding
from jconv.lax.errors import PaddingNameError, WrongTypeError

Shape = tuple[Any, ...]

PADDING_NAMES = ("SAME", "SAME_LOWER", "VALID")


def channels(
    batch: Any,
    c_in: int,
    kernel_in: int,
    c_out: int,
    feature_groups: Any,
    batch_groups: Any,
) -> None:
    """Check how the two kinds of groups divide batch and channels.

    Raises:
        GeometryError: if they do not, or if both kinds are used at once.
    """
    for name, count in (
        ("feature_group_count", feature_groups),
        ("batch_group_count", batch_groups),
    ):
        if not is_integer(count) or count < 1:
            raise GeometryError.of(name, count, "an integer of at least 1", "Use 1.")
        if c_out % count:
            raise GeometryError.of(
                name, count, f"a divisor of the {c_out} output features of rhs"
            )
    if feature_groups > 1 and batch_groups > 1:
        raise GeometryError.of(
            "batch_group_count",
            batch_groups,
            f"1, because feature_group_count is {feature_groups}",
            "Use one kind of groups at a time.",
        )
    if batch_groups > 1 and batch % batch_groups:
        raise GeometryError.of(
            "batch_group_count", batch_groups, f"a divisor of lhs's batch size, {batch}"
        )
    if c_in % feature_groups:
        raise GeometryError.of(
            "feature_group_count",
            feature_groups,
            f"a divisor of the {c_in} features of lhs",
        )
    if kernel_in * feature_groups != c_in:
        raise GeometryError.of(
            "rhs",
            kernel_in,
            f"{c_in} // {feature_groups} input features, because lhs has {c_in} and "
            f"feature_group_count is {feature_groups}",
        )


def geometry(
    lhs: Shape,
    rhs: Shape,
    window_strides: Any,
    padding: Any,
    lhs_dilation: Any,
    rhs_dilation: Any,
    groups: int = 1,
    *,
    backwards: bool = False,
) -> Geometry:
    """The relation, from spatial sizes and lax's arguments.

    A window larger than its padded input gives an empty result, as in lax.

    Args:
        lhs: spatial sizes of lhs, in the order of rhs's spatial dimensions.
        rhs: spatial sizes of rhs.
        window_strides: one integer per spatial dimension.
        padding: "SAME", "SAME_LOWER", "VALID", or (low, high) pairs.
        lhs_dilation: None, or one integer per spatial dimension.
        rhs_dilation: None, or one integer per spatial dimension.
        groups: of either kind.
        backwards: whether the kernel runs backwards.

    Raises:
        GeometryError: for any argument that is wrong; see the module's docstring.
        UnsupportedError: for a symbolic size.
    """
    rank = len(rhs)
    for name, sizes in (("lhs", lhs), ("rhs", rhs)):
        numbers(name, sizes)
    strides = integers("window_strides", window_strides, rank, GeometryError)
    ones = (1,) * rank
    holes = (
        ones
        if lhs_dilation is None
        else integers("lhs_dilation", lhs_dilation, rank, WrongTypeError)
    )
    taps = (
        ones
        if rhs_dilation is None
        else integers("rhs_dilation", rhs_dilation, rank, WrongTypeError)
    )
    if not isinstance(padding, str):
        padding = pairs(padding, rank)
    return _geometry(lhs, rhs, strides, padding, holes, taps, groups, backwards)


@functools.lru_cache(maxsize=4096)
def _geometry(
    lhs: Shape,
    rhs: Shape,
    strides: Shape,
    padding: str | tuple[tuple[int, int], ...],
    holes: Shape,
    taps: Shape,
    groups: int,
    backwards: bool,  # noqa: FBT001
) -> Geometry:
    """``geometry`` of checked, hashable arguments."""
    if isinstance(padding, str):
        if padding.upper() not in PADDING_NAMES:
            raise PaddingNameError.of(
                "padding", padding, f"one of {', '.join(PADDING_NAMES)}, or pairs"
            )
        if any(hole != 1 for hole in holes):
            raise GeometryError.of(
                "padding",
                padding,
                f"(low, high) pairs, because lhs_dilation is {holes}",
                "Give the padding in numbers, or use conv_transpose.",
            )
        padding = resolve_padding(padding, lhs, rhs, strides, taps)
    for n, hole, (low, high) in zip(lhs, holes, padding, strict=True):
        if dilated_size(n, hole) + low + high < 0:
            raise GeometryError.of(
                "padding", padding, f"to crop no more than there is: lhs has {lhs}"
            )
    return Geometry.from_call(
        lhs,
        rhs,
        stride=strides,
        padding=padding,
        kernel_dilation=tuple(-tap for tap in taps) if backwards else taps,
        input_dilation=holes,
        groups=groups,
        allow_empty=True,
    )


def numbers(name: str, spatial: Iterable[Any]) -> None:
    """Refuse symbolic spatial sizes.

    Raises:
        UnsupportedError: if there is one.
    """
    sizes = tuple(spatial)
    not_symbolic(f"{name}'s spatial sizes", sizes, sizes, "batch sizes and channels")


def integers(
    argument: str,
    value: Any,
    rank: int,
    too_small: type[GeometryError],
) -> tuple[int, ...]:
    """One positive integer per spatial dimension.

    Raises:
        WrongTypeError: if it is no sequence, or its entries are no integers.
        GeometryError: for a wrong length; ``too_small`` for an entry below 1.
    """
    if not isinstance(value, Iterable) or isinstance(value, str):
        raise WrongTypeError.of(argument, value, f"a sequence of {rank} integers")
    entries = tuple(value)
    if not all(is_integer(entry) for entry in entries):
        raise WrongTypeError.of(argument, value, f"a sequence of {rank} integers")
    if len(entries) != rank:
        raise GeometryError.of(
            argument, value, f"one integer per spatial dimension ({rank} of them)"
        )
    if any(entry < 1 for entry in entries):
        raise too_small.of(argument, value, "integers of at least 1")
    return tuple(int(entry) for entry in entries)


def pairs(padding: Any, rank: int) -> tuple[tuple[int, int], ...]:
    """(low, high) per spatial dimension.

    Raises:
        GeometryError: if these are no pairs of integers.
        WrongTypeError: for a wrong number of pairs.
    """
    try:
        found = tuple((_index(low), _index(high)) for low, high in padding)
    except (TypeError, ValueError):
        raise GeometryError.of(
            "padding",
            padding,
            f"one of {', '.join(PADDING_NAMES)}, or (low, high) pairs of integers",
        ) from None
    if len(found) != rank:
        raise WrongTypeError.of(
            "padding", padding, f"one pair per spatial dimension ({rank} of them)"
        )
    return found


def _index(entry: Any) -> int:
    """An integer of any kind, JAX's included, but no truth value."""
    if isinstance(entry, bool):
        raise TypeError
    return operator.index(entry)


def result_dtype(preferred: Any, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the result.

    Raises:
        WrongTypeError: if ``preferred_element_type`` is of a kind that this dtype is
            not summed in, or narrower.
    """
    if preferred is None:
        return dtype
    wanted = np.dtype(jax.dtypes.canonicalize_dtype(preferred))
    signed = jnp.issubdtype(dtype, jnp.signedinteger)
    kinds = (jnp.signedinteger if signed else jnp.integer, jnp.floating)
    fits = {
        kind: jnp.issubdtype(dtype, kind) and jnp.issubdtype(wanted, kind)
        for kind in (*kinds, jnp.complexfloating)
    }
    to_float = jnp.issubdtype(dtype, jnp.integer) and jnp.issubdtype(
        wanted, jnp.floating
    )
    if not (any(fits.values()) or to_float) or wanted.itemsize < dtype.itemsize:
        raise WrongTypeError.of(
            "preferred_element_type",
            str(wanted),
            f"a dtype at least as wide as {dtype} and of its kind (an integer may be "
            "summed in a float, an unsigned one in a signed one)",
        )
    return wanted
