"""Arrays, dtypes and precisions as users pass them -> what the primitive takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv.errors import GeometryError, UnsupportedError

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import ArrayLike, DTypeLike

    from jconv.algorithms import Precision


WIDE = tuple(map(np.dtype, ("int64", "uint64", "float64", "complex128")))
"""What arrays made where ``jax_enable_x64`` holds may be of, wherever they are used."""


def as_array(name: str, value: ArrayLike) -> Array:
    """A JAX array of numbers.

    Raises:
        GeometryError: if the value is no array, or one of booleans.
        UnsupportedError: if it is of a dtype that JAX is told not to use.
    """
    if not isinstance(value, (jax.Array, np.ndarray)):
        raise GeometryError.of(
            name,
            value,
            f"a JAX or NumPy array, not {type(value).__name__}",
            f"Use jnp.asarray({name}).",
        )
    if isinstance(value, jax.Array) and not _is_enabled(value.dtype):
        message = (
            f"{name} is of {value.dtype}, and jax_enable_x64 is off: what is computed "
            "of it would be narrower. Use it where 64 bits are enabled, or convert it."
        )
        raise UnsupportedError(message)
    if value.dtype == bool:
        raise GeometryError.of(
            f"{name}.dtype",
            "bool",
            "numbers: a sum of products of truth values has no agreed meaning",
            f"Use {name}.astype('int32') to count, or a float dtype.",
        )
    if not jnp.issubdtype(value.dtype, jnp.number):
        raise GeometryError.of(f"{name}.dtype", str(value.dtype), "numbers")
    return jnp.asarray(value)


def _is_enabled(dtype: Any) -> bool:
    """Whether JAX computes in a dtype: in wide ones only if it is told to."""
    return dtype not in WIDE or jax.dtypes.canonicalize_dtype(dtype) == dtype


def promoted(first: Array, second: Array) -> tuple[Array, Array]:
    """Both arrays in the dtype that JAX promotes them to.

    The conversion is part of the differentiated program: its transpose brings each
    cotangent back to its own dtype, and takes the real part where the operand was real.
    """
    dtype = jnp.result_type(first, second)
    return _converted(first, dtype), _converted(second, dtype)


def _converted(array: Array, dtype: DTypeLike) -> Array:
    """The array in a dtype; left alone, weak type included, if it has it already."""
    return array if array.dtype == dtype else lax.convert_element_type(array, dtype)


def result_dtype(preferred: DTypeLike | None, dtype: DTypeLike) -> np.dtype[Any]:
    """The dtype of the result.

    Raises:
        GeometryError: if ``preferred_element_type`` is of another kind than the
            operands, or narrower.
    """
    if preferred is None:
        return np.dtype(dtype)
    try:
        wanted = jnp.dtype(jax.dtypes.canonicalize_dtype(preferred))
    except (TypeError, ValueError) as error:
        raise GeometryError.of(
            "preferred_element_type", preferred, "a dtype or the name of one"
        ) from error
    kinds = (jnp.signedinteger, jnp.unsignedinteger, jnp.floating, jnp.complexfloating)
    same_kind = any(
        jnp.issubdtype(dtype, kind) and jnp.issubdtype(wanted, kind) for kind in kinds
    )
    to_float = jnp.issubdtype(dtype, jnp.integer) and jnp.issubdtype(
        wanted, jnp.floating
    )
    if not (same_kind or to_float) or wanted.itemsize < np.dtype(dtype).itemsize:
        raise GeometryError.of(
            "preferred_element_type",
            str(wanted),
            f"a dtype of the same kind as {dtype} and at least as wide",
        )
    return wanted


def canonical_precision(precision: Any) -> Precision:
    """One ``lax.Precision`` per operand, or None for the platform's default.

    None is resolved here, where the user's ``jax.default_matmul_precision`` is visible.

    Raises:
        GeometryError: if it is no precision.
        UnsupportedError: for a dot algorithm, which is no pair of precisions.
    """
    if precision is None:
        precision = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
        if precision is None:
            return None
        if precision in lax.DotAlgorithmPreset.__members__:
            # A setting for dot products does not concern convolutions, ours neither,
            # though they are made of some: None would have these look it up again.
            return lax.Precision.DEFAULT, lax.Precision.DEFAULT
    if isinstance(precision, (lax.DotAlgorithm, lax.DotAlgorithmPreset)) or (
        isinstance(precision, str) and precision in lax.DotAlgorithmPreset.__members__
    ):
        message = (
            f"precision={precision}: convolutions take one lax.Precision per operand, "
            "not an algorithm for a dot product."
        )
        raise UnsupportedError(message)
    pair = precision if isinstance(precision, (tuple, list)) else (precision, precision)
    try:
        first, second = (lax.Precision(each) for each in pair)
    except (ValueError, KeyError, TypeError) as error:
        raise GeometryError.of(
            "precision",
            precision,
            "None, a lax.Precision, its name, or a pair of them",
            "Use e.g. 'highest'.",
        ) from error
    return first, second
