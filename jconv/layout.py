"""Any order of dimensions <-> the canonical one that the primitive speaks.

    x (e, *batch, *input, g, c)
    w (e, *kernel, c, g, m)
    y (e, *batch, *output, g, m)

e has size 1 outside vmap. For the default channels-last order every step is a reshape
that adds an axis or splits the channels: no data moves, and nothing is summed when it
is transposed.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from jax import lax

from jconv.errors import GeometryError
from jconv.geometry.checks import is_integer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array

    from jconv.geometry import Role

DimensionNumbers = tuple[str, str, str]
"""Orders of x, w and y as in ``jax.lax``, e.g. ("NHWC", "HWIO", "NHWC")."""

_CHANNELS: dict[Role, str] = {"input": "NC", "kernel": "IO", "output": "NC"}


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where the dimensions of the three arrays are.

    Attributes:
        input: dimensions of x in the order batch, spatial, channel; None if x already
            is in the default order, with any number of batch dimensions.
        kernel: dimensions of w in the order spatial, in, out; or None.
        output: as ``input``, of y.
    """

    input: tuple[int, ...] | None = None
    kernel: tuple[int, ...] | None = None
    output: tuple[int, ...] | None = None

    def of(self, role: Role) -> tuple[int, ...] | None:
        """The permutation of one role."""
        return getattr(self, role)


def parse(dimension_numbers: Any, rank: int) -> Layout:
    """Read ``dimension_numbers``; spatial dimensions are ordered as in the kernel.

    Raises:
        GeometryError: if it is no triple of strings, a letter repeats or lacks, or the
            spatial letters differ.

    Examples:
        >>> parse(("NCHW", "OIHW", "NCHW"), 2)
        Layout(input=(0, 2, 3, 1), kernel=(2, 3, 1, 0), output=(0, 2, 3, 1))
    """
    if dimension_numbers is None:
        return Layout()
    wrong = functools.partial(GeometryError.of, "dimension_numbers", dimension_numbers)
    mend = "Use e.g. ('NHWC', 'HWIO', 'NHWC')."
    if (
        not isinstance(dimension_numbers, (tuple, list))
        or len(dimension_numbers) != 3
        or not all(isinstance(spec, str) for spec in dimension_numbers)
    ):
        raise wrong("three strings, for x, w and y", mend)
    spatial = [c for c in dimension_numbers[1] if c not in "IO"]
    permutations = []
    for role, spec in zip(_CHANNELS, dimension_numbers, strict=True):
        if len(spec) != rank + 2:
            raise wrong(f"strings of {rank + 2} letters for {rank} spatial axes", mend)
        if len(set(spec)) != len(spec):
            raise wrong(f"each letter once, which {spec!r} breaks", mend)
        before, after = tuple(_CHANNELS[role])
        order = (
            [*spatial, before, after] if role == "kernel" else [before, *spatial, after]
        )
        if set(order) != set(spec):
            raise wrong(
                f"the letters {''.join(order)} in {spec!r} (the {role}'s channel "
                "letters and the kernel's spatial letters)",
                mend,
            )
        permutations.append(tuple(spec.index(letter) for letter in order))
    return Layout(*permutations)


def to_default(array: Array, role: Role, layout: Layout) -> Array:
    """Bring one array into the default (channels-last) order.

    Dimensions in front of those that the layout knows stay there.
    """
    permutation = layout.of(role)
    return array if permutation is None else _permuted(array, permutation)


def from_default(array: Array, role: Role, layout: Layout) -> Array:
    """Bring one array from the default order into the user's."""
    permutation = layout.of(role)
    if permutation is None:
        return array
    inverse = sorted(range(len(permutation)), key=permutation.__getitem__)
    return _permuted(array, inverse)


def _permuted(array: Array, permutation: Sequence[int]) -> Array:
    """The last dimensions in another order."""
    lead = array.ndim - len(permutation)
    return lax.transpose(array, (*range(lead), *(lead + n for n in permutation)))


def channel_dim(channel_axis: Any, ndim: int) -> int | None:
    """Which of x's dimensions is the channels', counted from the front; None if none.

    Raises:
        GeometryError: if ``channel_axis`` is no dimension of x.

    Examples:
        >>> channel_dim(-1, 4), channel_dim(1, 4)
        (3, 1)
    """
    if channel_axis is None:
        return None
    if not is_integer(channel_axis) or not -ndim <= channel_axis < ndim:
        raise GeometryError.of(
            "channel_axis",
            channel_axis,
            f"None or a dimension of x, which has {ndim}",
        )
    return int(channel_axis) % ndim


def to_canonical(array: Array, groups: int) -> Array:
    """Default order -> canonical order: add e, split the channels into (g, .)."""
    array = split_groups(array, groups)
    return lax.reshape(array, (1, *array.shape))


def from_canonical(array: Array) -> Array:
    """Canonical order -> default order: drop e, merge (g, .) into one channel."""
    _, *shape, groups, rest = array.shape
    # Two steps: explicit sharding knows each alone, not both in one reshape.
    array = lax.reshape(array, (*shape, groups, rest))
    return lax.reshape(array, (*shape, groups * rest))


def split_groups(array: Array, groups: int) -> Array:
    """Split the last axis into (groups, rest)."""
    rest = array.shape[-1] // groups
    return lax.reshape(array, (*array.shape[:-1], groups, rest))
