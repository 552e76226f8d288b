"""``dimension_numbers`` and ``out_sharding`` in lax's order -> jconv's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
from jax.lax import ConvDimensionNumbers

from jconv import layout
from jconv.errors import GeometryError
from jconv.lax.errors import WrongTypeError
from jconv.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

Shape = tuple[Any, ...]


def numbers(
    dimension_numbers: Any,
    lhs_shape: Shape,
    rhs_shape: Shape,
) -> Layout:
    """Where the dimensions of lhs, rhs and the result are.

    Args:
        dimension_numbers: None (batch, feature, spatial; out, in, spatial), a triple of
            strings, or a ``ConvDimensionNumbers``.
        lhs_shape: shape of lhs.
        rhs_shape: shape of rhs.

    Raises:
        WrongTypeError: for ranks that do not fit, and for anything else that is wrong.

    Examples:
        >>> numbers(None, (1, 2, 5), (3, 2, 4))
        Layout(input=(0, 2, 1), kernel=(2, 1, 0), output=(0, 2, 1))
    """
    ndim = len(lhs_shape)
    if len(rhs_shape) != ndim or ndim < 2:
        raise WrongTypeError.of(
            "rhs",
            tuple(rhs_shape),
            f"a shape with as many dimensions (2 or more) as lhs {tuple(lhs_shape)}",
        )
    if dimension_numbers is None:
        iota = tuple(range(ndim))
        return _layout(ConvDimensionNumbers(iota, iota, iota))
    if isinstance(dimension_numbers, ConvDimensionNumbers):
        for spec in dimension_numbers:
            if sorted(spec) != list(range(ndim)):
                raise WrongTypeError.of(
                    "dimension_numbers",
                    dimension_numbers,
                    f"each of the dimensions 0 to {ndim - 1} once in each of its parts",
                )
        return _layout(dimension_numbers)
    if isinstance(dimension_numbers, list):
        dimension_numbers = tuple(dimension_numbers)
    try:
        return layout.parse(dimension_numbers, ndim - 2)
    except GeometryError as error:
        raise WrongTypeError(str(error)) from None


def specs(arrangement: Layout) -> ConvDimensionNumbers:
    """The layout in lax's words: the inverse of what ``numbers`` does."""
    parts = []
    for role in ("input", "kernel", "output"):
        order = arrangement.of(role) or ()
        if role == "kernel":
            *spatial, first, second = order
            parts.append((second, first, *spatial))
        else:
            first, *spatial, second = order
            parts.append((first, second, *spatial))
    return ConvDimensionNumbers(*parts)


def _layout(numbers: ConvDimensionNumbers) -> Layout:
    """(batch, feature, *spatial) and (out, in, *spatial) -> jconv's order."""
    (batch, feature, *lhs), (out, into, *rhs), (rows, columns, *result) = numbers
    return Layout((batch, *lhs, feature), (*rhs, into, out), (rows, *result, columns))


def sharding_in_default_order(
    out_sharding: Any,
    arrangement: Layout,
) -> jax.sharding.NamedSharding | None:
    """``out_sharding`` with the result's dimensions as (batch, *spatial, channel).

    Raises:
        WrongTypeError: if it is neither a sharding nor a partition spec.
        GeometryError: for a partition spec without a mesh.
    """
    if out_sharding is None:
        return None
    mesh, spec = jax.sharding.get_abstract_mesh(), out_sharding
    if isinstance(out_sharding, jax.sharding.NamedSharding):
        if out_sharding.mesh.empty:
            return None
        mesh, spec = out_sharding.mesh.abstract_mesh, out_sharding.spec
    elif not isinstance(out_sharding, jax.sharding.PartitionSpec):
        raise WrongTypeError.of(
            "out_sharding", out_sharding, "None, a NamedSharding or a PartitionSpec"
        )
    if mesh.empty:
        raise GeometryError.of(
            "out_sharding",
            out_sharding,
            "a mesh that the PartitionSpec can refer to",
            "Use a NamedSharding, or call within jax.set_mesh(...).",
        )
    order: Sequence[int] = arrangement.output or ()
    names = [*spec, *(None,) * (len(order) - len(spec))]
    return jax.sharding.NamedSharding(
        mesh, jax.sharding.PartitionSpec(*(names[n] for n in order))
    )
