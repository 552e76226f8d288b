"""Convolution and correlation of plain N-D arrays, by scipy.signal's conventions.

    convolve:    y[o] = sum over k of x[o - k] w[k]
    correlate:   y[o] = sum over k of x[o - (n_k - 1) + k] conj(w[k])

Both are the relation ``o + d k = i + low`` with one channel; convolution has d = -1.
With n_i inputs and n_k taps the arrays overlap in n_i + n_k - 1 results, and the three
modes are windows of these: all of them, the middle n_i, or the |n_i - n_k| + 1 at which
the shorter array lies within the longer. So no mode swaps, flips or crops.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from jconv import algorithms, layout, operands, primitive
from jconv.errors import GeometryError
from jconv.geometry import Geometry
from jconv.geometry.checks import not_symbolic

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import ArrayLike

MODES = ("full", "same", "valid")


def convolve(
    x: ArrayLike,
    w: ArrayLike,
    *,
    mode: str = "full",
    method: algorithms.Method = algorithms.AUTO,
    precision: Any = None,
) -> Array:
    """True convolution of ``x (*n)`` and ``w (*m)``, arrays of the same rank.

    Args:
        x: the first array.
        w: the second; both are promoted to one dtype, and integers stay integers.
        mode: "full", all ``n + m - 1`` results per axis; "same", the middle n of them;
            or "valid", those where one array lies within the other.
        method: an algorithm's name, "auto", "fast", "direct", or ``jconv.tuned``'s.
        precision: as in ``jconv.conv``.

    Raises:
        GeometryError: for different ranks, an empty array, an unknown mode or method,
            and with "valid" if neither array is the larger one along every axis.

    Examples:
        The product of two polynomials, (1 + 2 t + 3 t^2) (1 + t):

        >>> import jax.numpy as jnp
        >>> convolve(jnp.array([1, 2, 3]), jnp.array([1, 1]))
        Array([1, 3, 5, 3], dtype=int32)

    References:
        P. Virtanen et al., "SciPy 1.0", https://doi.org/10.1038/s41592-019-0686-2,
        2020 (scipy.signal.convolve).
    """
    x, w = operands.as_array("x", x), operands.as_array("w", w)
    _check_mode(mode)
    geometry = _geometry(x.shape, w.shape, mode, -1)
    return _contract(x, w, geometry, method, precision)


def correlate(
    x: ArrayLike,
    w: ArrayLike,
    *,
    mode: str = "full",
    method: algorithms.Method = algorithms.AUTO,
    precision: Any = None,
) -> Array:
    """Cross-correlation of ``x (*n)`` and ``w (*m)``, arrays of the same rank.

    A complex w is conjugated.

    Args:
        x: the first array.
        w: the second, which slides along x.
        mode: "full", "same" or "valid", as in ``convolve``.
        method: an algorithm's name, "auto", "fast", "direct", or ``jconv.tuned``'s.
        precision: as in ``jconv.conv``.

    Raises:
        GeometryError: as in ``convolve``.

    Examples:
        The result is largest where the pattern is found:

        >>> import jax.numpy as jnp
        >>> x, pattern = jnp.array([0, 0, 1, 2, 3, 0]), jnp.array([1, 2, 3])
        >>> correlate(x, pattern, mode="valid")
        Array([ 3,  8, 14,  8], dtype=int32)

    References:
        P. Virtanen et al., "SciPy 1.0", https://doi.org/10.1038/s41592-019-0686-2,
        2020 (scipy.signal.correlate).
    """
    x, w = operands.as_array("x", x), operands.as_array("w", w)
    _check_mode(mode)
    geometry = _geometry(x.shape, w.shape, mode, 1)
    if jnp.issubdtype(w.dtype, jnp.complexfloating):
        w = jnp.conj(w)
    return _contract(x, w, geometry, method, precision)


def _check_mode(mode: object) -> None:
    """Refuse what is no mode, before a cache would have to hash it."""
    if not isinstance(mode, str) or mode not in MODES:
        raise GeometryError.of("mode", mode, f"one of {', '.join(MODES)}")


@functools.lru_cache(maxsize=1024)
def _geometry(
    x: tuple[int, ...], w: tuple[int, ...], mode: str, direction: int
) -> Geometry:
    """The relation of two arrays under a mode; ``direction`` is the kernel dilation."""
    if len(x) != len(w):
        raise GeometryError.of(
            "w",
            w,
            f"a shape with as many axes as that of x, {x}",
            "Add axes of size 1.",
        )
    for name, shape in (("x", x), ("w", w)):
        not_symbolic(f"{name} shape", shape, shape, "what jax.vmap maps over")
        if 0 in shape:
            raise GeometryError.of(name, shape, "at least one entry along each axis")
    longer = [n >= m for n, m in zip(x, w, strict=True)]
    shorter = [n <= m for n, m in zip(x, w, strict=True)]
    if mode == "valid" and not all(longer) and not all(shorter):
        raise GeometryError.of(
            "mode", mode, f"one of {x} and {w} to be the larger along every axis"
        )
    margins = {
        "full": lambda _, m: (m - 1, m - 1),
        "same": lambda _, m: (m // 2, (m - 1) // 2),
        "valid": lambda n, m: (max(0, m - n),) * 2,
    }
    return Geometry.from_call(
        x,
        w,
        padding=tuple(margins[mode](n, m) for n, m in zip(x, w, strict=True)),
        kernel_dilation=direction,
    )


def _contract(
    x: Array,
    w: Array,
    geometry: Geometry,
    method: algorithms.Method,
    precision: Any,
) -> Array:
    """Promote, then run the jitted core."""
    algorithms.check_method(method)
    x, w = operands.promoted(x, w)
    precision = operands.canonical_precision(precision)
    return _run(x, w, geometry=geometry, method=method, precision=precision)


@functools.partial(
    jax.jit, static_argnames=("geometry", "method", "precision"), inline=True
)
def _run(
    x: Array,
    w: Array,
    *,
    geometry: Geometry,
    method: algorithms.Method,
    precision: algorithms.Precision,
) -> Array:
    """One channel in, one channel out, no batch."""
    result = primitive.contract(
        layout.to_canonical(x[..., None], 1),
        layout.to_canonical(w[..., None, None], 1),
        geometry=geometry,
        out="output",
        precision=precision,
        dtype=x.dtype,
        method=method,
    )
    return layout.from_canonical(result)[..., 0]
