"""Shapes and sizes as users pass them: lists, arrays, symbolic sizes -> tuples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.export
import numpy as np

from jconv.errors import GeometryError
from jconv.geometry.checks import is_integer


def frozen(value: Any) -> Any:
    """Lists and arrays as tuples, so that a call can be hashed.

    Examples:
        >>> frozen([1, np.array([2, 3])]), frozen(np.array(2)), frozen("same")
        ((1, (2, 3)), 2, 'same')
    """
    if isinstance(value, (np.ndarray, jax.Array)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple(frozen(entry) for entry in value)
    return int(value) if is_integer(value) else value


def is_size(value: Any) -> bool:
    """Whether a value may be an array's size: a number, or one of ``jax.export``'s."""
    return value >= 0 if is_integer(value) else jax.export.is_symbolic_dim(value)


def as_shape(name: str, value: Sequence[int], ndim: int | None = None) -> Any:
    """A shape argument as a tuple of integers; symbolic sizes stay what they are.

    Args:
        name: the argument's.
        value: what was passed.
        ndim: how many dimensions it is to have, if that is known.

    Raises:
        GeometryError: if it is no sequence of so many sizes.
    """
    sizes = frozen(value)
    ordered = isinstance(sizes, Sequence) and not isinstance(sizes, (str, bytes))
    if not ordered or not all(map(is_size, sizes)) or ndim not in (None, len(sizes)):
        number = "" if ndim is None else f", {ndim} sizes in all"
        expected = f"a shape: one size of at least 0 per dimension{number}"
        raise GeometryError.of(name, value, expected)
    return tuple(sizes)
