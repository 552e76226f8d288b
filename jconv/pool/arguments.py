"""A pool's arguments, understood: every user error is raised here."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypedDict

import jax.numpy as jnp

from jconv import operands
from jconv.errors import GeometryError
from jconv.geometry import Windows
from jconv.geometry.checks import is_integer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.typing import ArrayLike

    from jconv.geometry import Axis, Integers, Padding


class WindowArguments(TypedDict, total=False):
    """Where the windows stand: keywords that all pools and their derivatives share."""

    stride: Integers | None
    padding: Padding
    dilation: Integers
    ceil_mode: bool
    channel_axis: int | None


@dataclasses.dataclass(frozen=True)
class Pooling:
    """What a pool does to an array of a given shape: a hashable static argument.

    Attributes:
        windows: the relation of each spatial axis.
        dims: the array's dimension of each spatial axis.
    """

    windows: Windows
    dims: tuple[int, ...]

    @property
    def steps(self) -> tuple[tuple[int, Axis], ...]:
        """(dimension, relation) per spatial axis, the last one first.

        A pool goes through one axis after the other. Last first keeps row-major order:
        the first of equal rows wins, and in it the first of equal entries.
        """
        pairs = zip(self.dims, self.windows.axes, strict=True)
        return tuple(reversed(tuple(pairs)))

    def output_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of the result, for an input of a shape."""
        return self._replaced(shape, self.windows.output_shape)

    def input_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of the input, for a result of a shape."""
        return self._replaced(shape, self.windows.input_shape)

    def _replaced(self, shape: Sequence[int], sizes: tuple[int, ...]) -> Any:  # noqa: ANN401
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
) -> Pooling:
    """The pool that a call describes.

    Raises:
        GeometryError: for any argument that is wrong.
    """
    dims = spatial_dims(shape, "window", window, channel_axis)
    windows = Windows.from_call(
        [shape[dim] for dim in dims],
        window,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
    )
    return Pooling(windows, dims)


def spatial_dims(
    shape: Sequence[int],
    name: str,
    value: Any,  # noqa: ANN401
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
    if channel_axis is not None:
        if not is_integer(channel_axis) or not -len(shape) <= channel_axis < len(shape):
            raise GeometryError.of(
                "channel_axis",
                channel_axis,
                f"None or a dimension of x, which has {len(shape)}",
            )
        rest.pop(channel_axis)
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


def as_ordered(name: str, x: ArrayLike) -> Array:
    """A JAX array of numbers that have an order.

    Raises:
        GeometryError: if the numbers are complex.
    """
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


def as_cotangent(dy: ArrayLike) -> Array:
    """A cotangent as an array."""
    return operands.as_array("dy", dy)


def check_cotangent(dy: Array, expected: tuple[int, ...], name: str = "dy") -> None:
    """Refuse a cotangent that is not of the output's shape."""
    if dy.shape != expected:
        raise GeometryError.of(
            name, dy.shape, f"the shape of the output, {expected}, for this geometry"
        )
