"""A pool's arguments, understood: what is wrong with those of all pools is raised here.

What one pool has alone, as p or ties, is checked where that pool is.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypedDict

import jax.numpy as jnp
import numpy as np

from jconv import layout, operands
from jconv.errors import GeometryError
from jconv.geometry import Windows
from jconv.geometry.checks import is_integer, not_symbolic
from jconv.geometry.padding import per_axis
from jconv.pool.fitted import FittedWindows
from jconv.shapes import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Axis, Integers, Padding
    from jconv.pool.fitted import FittedAxis


class WindowArguments(TypedDict, total=False):
    """Where the windows stand: keywords that all pools and their derivatives share."""

    stride: Integers | None
    padding: Padding
    dilation: Integers
    ceil_mode: bool
    channel_axis: int | None


Step = tuple[int, "Axis | FittedAxis"]
"""A dimension, and the relation that tells its windows."""


@dataclasses.dataclass(frozen=True)
class Pooling:
    """What a pool does to an array of a given shape: a hashable static argument.

    Attributes:
        windows: where they stand along each spatial axis.
        dims: the array's dimension of each spatial axis.
    """

    windows: Windows | FittedWindows
    dims: tuple[int, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """(dimension, relation) per spatial axis, the last one first.

        A pool goes through one axis after the other. Last first keeps row-major order:
        the first of equal rows wins, and in it the first of equal entries.
        """
        return tuple(zip(self.dims, self.windows.axes, strict=True))[::-1]

    def output_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of the result, for an input of a shape."""
        return self._replaced(shape, self.windows.output_shape)

    def input_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of the input, for a result of a shape."""
        return self._replaced(shape, self.windows.input_shape)

    def _replaced(self, shape: Sequence[int], sizes: tuple[int, ...]) -> Any:
        """The shape with other spatial sizes."""
        spatial = dict(zip(self.dims, sizes, strict=True))
        return tuple(spatial.get(n, size) for n, size in enumerate(shape))


def understand(
    shape: Sequence[int],
    window: Integers,
    *,
    stride: Integers | None = None,
    padding: Padding = "valid",
    dilation: Integers = 1,
    ceil_mode: bool = False,
    channel_axis: int | None = -1,
    **unknown: Any,
) -> Pooling:
    """The pool that a call describes.

    Raises:
        GeometryError: for any argument that is wrong.
        UnsupportedError: for a symbolic spatial size.
    """
    for name, value in unknown.items():
        known = ", ".join(WindowArguments.__annotations__)
        raise GeometryError.of(name, value, f"one of the keywords {known}")
    check_flag(ceil_mode=ceil_mode)
    window, stride, padding, dilation = map(frozen, (window, stride, padding, dilation))
    dims = spatial_dims(shape, "window", window, channel_axis)
    check_numbers(shape, dims)
    windows = Windows.from_call(
        [shape[dim] for dim in dims],
        window,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
    )
    return Pooling(windows, dims)


def understand_fitted(
    shape: Sequence[int], output_shape: Integers, *, channel_axis: int | None = -1
) -> Pooling:
    """The pool that a call of an adaptive one describes.

    Raises:
        GeometryError: for any argument that is wrong.
    """
    output_shape = frozen(output_shape)
    dims = spatial_dims(shape, "output_shape", output_shape, channel_axis)
    sizes = per_axis("output_shape", output_shape, len(dims))
    spatial = tuple(shape[dim] for dim in dims)
    check_not_empty(shape, dims)
    return Pooling(FittedWindows(spatial, sizes), dims)


def spatial_dims(
    shape: Sequence[int],
    name: str,
    value: Any,
    channel_axis: int | None,
) -> tuple[int, ...]:
    """Which dimensions are spatial: the last ones that are not the channels'.

    Args:
        shape: of an array (*batch, *spatial, c), or with its channels elsewhere.
        name: the argument that tells how many spatial axes there are.
        value: its value: a sequence has one entry per spatial axis; one int means that
            there is one batch axis, and that all the others are spatial.
        channel_axis: the channels' dimension; None if there is none.

    Raises:
        GeometryError: if there are fewer dimensions than that.
    """
    rest = list(range(len(shape)))
    channels = layout.channel_dim(channel_axis, len(shape))
    if channels is not None:
        rest.pop(channels)
    rank = len(value) if hasattr(value, "__len__") else len(rest) - 1
    if not (rank <= len(rest) if hasattr(value, "__len__") else rank >= 1):
        raise GeometryError.of(
            name,
            value,
            "one entry per spatial axis, or one int for an x with one batch axis; x "
            f"has shape {tuple(shape)}",
            f"Use e.g. {name}=(2,) for one spatial axis.",
        )
    return tuple(rest[len(rest) - rank :])


def check_numbers(shape: Sequence[int], dims: Sequence[int], name: str = "x") -> None:
    """Refuse symbolic spatial sizes: windows stand where numbers tell.

    Raises:
        UnsupportedError: if there is one.
    """
    spatial = [shape[dim] for dim in dims]
    not_symbolic(f"{name}'s shape", shape, spatial, "batch sizes and channels")


def check_not_empty(shape: Sequence[int], dims: Sequence[int]) -> None:
    """Refuse an x without entries, where windows are as large as x."""
    check_numbers(shape, dims)
    if any(shape[dim] == 0 for dim in dims):
        raise GeometryError.of(
            "x.shape", tuple(shape), "at least one entry along each spatial axis"
        )


def dims_of_rank(
    shape: Sequence[int], rank: int | None, channel_axis: int | None
) -> tuple[int, ...]:
    """The spatial dimensions, where only their number is told.

    Raises:
        GeometryError: for a wrong rank or channel axis, or an x of too few dimensions.
    """
    rest = len(shape) - (layout.channel_dim(channel_axis, len(shape)) is not None)
    if rank is None and rest < 2:
        raise GeometryError.of(
            "x.shape",
            tuple(shape),
            "a batch axis and at least one spatial axis, besides the channels",
            "Use rank to say how many axes are spatial, e.g. rank=1 for an x without "
            "a batch axis.",
        )
    if rank is not None and not (is_integer(rank) and 0 <= rank <= rest):
        raise GeometryError.of(
            "rank",
            rank,
            f"None, or an integer from 0 to {rest}: x, of shape {tuple(shape)}, has "
            f"{rest} dimensions besides the channels",
        )
    each: Any = 1 if rank is None else (1,) * rank
    return spatial_dims(shape, "rank", each, channel_axis)


def as_ordered(name: str, x: ArrayLike) -> Array:
    """A JAX array of numbers that have an order.

    Raises:
        GeometryError: if they are truth values, or complex.
    """
    if jnp.issubdtype(getattr(x, "dtype", float), jnp.bool_):
        raise GeometryError.of(
            f"{name}.dtype",
            "bool",
            "numbers",
            f"Use {name}.astype('int8'): 1 is the largest where any is true.",
        )
    x = operands.as_array(name, x)
    if jnp.issubdtype(x.dtype, jnp.complexfloating):
        raise GeometryError.of(
            f"{name}.dtype",
            str(x.dtype),
            "numbers that have an order, which complex ones lack",
            f"Use abs({name}), or its real and imaginary parts.",
        )
    return x


def as_inexact(name: str, x: ArrayLike) -> Array:
    """A JAX array of real or complex floats; integers become JAX's default float."""
    x = operands.as_array(name, x)
    if jnp.issubdtype(x.dtype, jnp.inexact):
        return x
    return x.astype(jnp.result_type(float))


def as_real(x: ArrayLike) -> Array:
    """Real floats."""
    x = as_inexact("x", x)
    if jnp.issubdtype(x.dtype, jnp.complexfloating):
        raise GeometryError.of(
            "x.dtype", str(x.dtype), "real numbers", "Use abs(x): the norm is the same."
        )
    return x


def check_flag(**arguments: object) -> None:
    """Refuse what is neither True nor False, as a word is that means no.

    Raises:
        GeometryError: naming the first such argument.
    """
    for name, value in arguments.items():
        if not isinstance(value, (bool, np.bool_)):
            raise GeometryError.of(name, value, "True or False")


def check_cotangent(dy: Array, expected: tuple[int, ...], name: str = "dy") -> None:
    """Refuse a cotangent that is not of the output's shape."""
    if dy.shape != expected:
        raise GeometryError.of(
            name, dy.shape, f"the shape of the output, {expected}, for this geometry"
        )
