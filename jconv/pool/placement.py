"""Where unpooled entries may go: the arguments of ``max_unpool``, understood."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from jconv.errors import GeometryError
from jconv.pool.arguments import (
    Pooling,
    WindowArguments,
    check_cotangent,
    check_numbers,
    dims_of_rank,
    understand,
)
from jconv.shapes import as_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from numpy.typing import NDArray

    from jconv.geometry import Axis, Integers


@dataclasses.dataclass(frozen=True)
class Placement:
    """A hashable static argument.

    Attributes:
        shape: of the unpooled result.
        dims: its spatial dimensions.
        pooling: whose windows the indices lie in; None if they are free.
    """

    shape: tuple[int, ...]
    dims: tuple[int, ...]
    pooling: Pooling | None


def understand_placement(
    named: str | None,
    y: Array,
    indices: Array,
    window: Integers | None,
    shape_name: str,
    shape: Sequence[int],
    rank: int | None,
    where: WindowArguments,
) -> Placement:
    """The placement that a call describes.

    Args:
        named: what y is called; None if it stands for the indices themselves.
        y: what is placed.
        indices: where.
        window: as the user gave it.
        shape_name: what the shape of the result is called.
        shape: of the result.
        rank: as the user gave it.
        where: the other arguments of the window.

    Raises:
        GeometryError: for any argument that is wrong.
    """
    if not jnp.issubdtype(indices.dtype, jnp.integer):
        raise GeometryError.of("indices.dtype", str(indices.dtype), "integers")
    if named is not None:
        _check_same(indices, y.shape)
    sizes = as_shape(shape_name, shape, y.ndim)
    if window is None:
        placement = _free(y, shape_name, sizes, rank, where)
    else:
        placement = _in_windows(named or "indices", y, window, sizes, rank, where)
    _check_values(indices, placement)
    return placement


def _check_same(indices: Array, shape: tuple[int, ...]) -> None:
    """Refuse indices that are not one for each entry."""
    if indices.shape != shape:
        raise GeometryError.of(
            "indices", indices.shape, f"one for each entry of y: the shape {shape}"
        )


def _free(
    y: Array,
    shape_name: str,
    shape: tuple[int, ...],
    rank: int | None,
    where: WindowArguments,
) -> Placement:
    """No window: whatever is not spatial has to agree."""
    lonely = sorted(set(where) - {"channel_axis"})
    if lonely:
        raise GeometryError.of(
            lonely[0],
            dict(where)[lonely[0]],
            "nothing without a window, to which it belongs",
            "Give window, or leave it out for free indices.",
        )
    dims = dims_of_rank(shape, rank, where.get("channel_axis", -1))
    check_numbers(shape, dims)
    check_numbers(y.shape, dims, "indices")
    if any(shape[n] != y.shape[n] for n in range(y.ndim) if n not in dims):
        raise GeometryError.of(
            shape_name,
            shape,
            f"the batch axes and channels of the indices' shape, {y.shape}",
            "Use rank to say how many axes are spatial.",
        )
    return Placement(shape, dims, None)


def _in_windows(
    name: str,
    y: Array,
    window: Integers,
    shape: tuple[int, ...],
    rank: int | None,
    where: WindowArguments,
) -> Placement:
    """The windows of the pool that made the indices."""
    if rank is not None:
        raise GeometryError.of(
            "rank", rank, "None with a window, which tells by its length"
        )
    pooling = understand(shape, window, **where)
    check_cotangent(y, pooling.output_shape(shape), name)
    return Placement(shape, pooling.dims, pooling)


def _check_values(indices: Array, placement: Placement) -> None:
    """Refuse what is no index; what is traced has no value to look at."""
    if isinstance(indices, jax.core.Tracer) or not indices.size:
        return
    spatial = tuple(placement.shape[dim] for dim in placement.dims)
    size = int(np.prod(spatial, dtype=int))
    values = np.asarray(indices)
    wrong = values[(values < -1) | (values >= size)]
    if wrong.size:
        raise GeometryError.of(
            "indices",
            int(wrong[0]),
            f"positions in the flattened spatial axes, 0 to {size - 1}, or -1",
        )
    if placement.pooling is not None:
        wrong = values[~_in_own_window(values, placement.pooling, spatial)]
        if wrong.size:
            raise GeometryError.of(
                "indices",
                int(wrong[0]),
                f"a position that its own window {placement.pooling.windows} holds",
                "Leave window out to unpool free indices.",
            )


def _in_own_window(
    values: NDArray[Any], pooling: Pooling, spatial: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Whether each index is one that its window holds, or -1."""
    good = np.ones(values.shape, bool)
    spots = np.unravel_index(np.maximum(values, 0), spatial) if spatial else ()
    numbers = np.indices(values.shape, sparse=True)
    steps = cast("Sequence[tuple[int, Axis]]", pooling.steps)[::-1]
    for spot, (dim, axis) in zip(spots, steps, strict=True):
        entry = spot + axis.low - axis.stride * numbers[dim]
        good &= (entry >= 0) & (entry < axis.span) & (entry % axis.kernel_dilation == 0)
    return good | (values < 0)
