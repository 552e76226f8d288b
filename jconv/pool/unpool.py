"""Max-unpooling: put each window's entry back where it came from."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jconv import operands
from jconv.errors import GeometryError
from jconv.pool import held
from jconv.pool.arguments import (
    Pooling,
    WindowArguments,
    check_cotangent,
    understand,
)
from jconv.pool.winners import positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Integers


def max_unpool(
    y: ArrayLike,
    indices: ArrayLike,
    window: Integers,
    *,
    output_shape: Sequence[int],
    **where: Unpack[WindowArguments],
) -> Array:
    """Place y (*batch, *output, c) at ``indices``, with zeros elsewhere.

    The window's arguments are those of the ``max_pool`` that made the indices. An index
    outside its own window is ignored. Where several windows name one position, the
    last one in row-major order is kept, so that the result is the same on every
    device; after ``max_pool`` they all hold the same value anyway.

    Args:
        y: one entry per window.
        indices: where they belong in the flattened spatial axes; -1 for nowhere.
        window: as in ``max_pool``.
        output_shape: the result's shape, whole: that of the pool's input.
        where: ``stride``, ``padding``, ``dilation``, ``ceil_mode`` and
            ``channel_axis``, as in ``max_pool``.

    Raises:
        GeometryError: for any argument that is wrong, and for indices out of range if
            they are known.

    Examples:
        >>> import jax.numpy as jnp
        >>> from jconv import max_pool
        >>> x = jnp.array([1.0, 3.0, 4.0, 2.0])[:, None]
        >>> y, indices = max_pool(x, (2,), return_indices=True)
        >>> max_unpool(y, indices, (2,), output_shape=x.shape)[:, 0]
        Array([0., 3., 4., 0.], dtype=float32)
    """
    y, indices = operands.as_array("y", y), operands.as_array("indices", indices)
    shape = tuple(output_shape)
    if len(shape) != y.ndim:
        raise GeometryError.of(
            "output_shape", shape, f"the shape of x: {y.ndim} sizes, as y has"
        )
    pooling = understand(shape, window, **where)
    check_cotangent(y, pooling.output_shape(shape), "y")
    check_cotangent(indices, y.shape, "indices")
    _check_indices(indices, pooling)
    return _unpool(y, indices.astype("int32"), pooling, shape)


def _check_indices(indices: Array, pooling: Pooling) -> None:
    """Refuse what is no index; what is traced has no value to look at."""
    if not jnp.issubdtype(indices.dtype, jnp.integer):
        raise GeometryError.of("indices.dtype", str(indices.dtype), "integers")
    if isinstance(indices, jax.core.Tracer) or not indices.size:
        return
    size = int(np.prod(pooling.windows.input_shape))
    values = np.asarray(indices)
    wrong = values[(values < -1) | (values >= size)]
    if wrong.size:
        raise GeometryError.of(
            "indices",
            int(wrong[0]),
            f"positions in the flattened spatial axes, 0 to {size - 1}, or -1",
        )


@functools.partial(jax.jit, static_argnums=(2, 3))
def _unpool(
    y: Array, indices: Array, pooling: Pooling, shape: tuple[int, ...]
) -> Array:
    """Ask each input which of the windows that hold it names it."""
    own = positions(shape, pooling)
    counts = held.holder_counts(pooling)

    def receive(q: tuple[Any, ...], found: Array) -> Array:
        # From the first window that holds the input to the last.
        q = tuple(count - 1 - each for count, each in zip(counts, q, strict=True))
        named = held.all_beside_inputs(indices, pooling, q, -1)
        return jnp.where(named == own, held.all_beside_inputs(y, pooling, q, 0), found)

    # q counts the last axis first; rows are to be visited before columns.
    return held.over_windows(receive, jnp.zeros(shape, y.dtype), counts)
