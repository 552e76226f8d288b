"""The keywords of a convolution, as a user writes them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypedDict

from jconv.algorithms import AUTO, Method
from jconv.errors import GeometryError
from jconv.shapes import frozen

if TYPE_CHECKING:
    from jconv.geometry import Integers, Padding
    from jconv.layout import DimensionNumbers


class GeometryArguments(TypedDict, total=False):
    """Keywords that say which entries meet, as ``conv`` has them."""

    stride: Integers
    padding: Padding
    kernel_dilation: Integers
    input_dilation: Integers
    groups: int
    padding_mode: str
    dimension_numbers: DimensionNumbers | None


class ConvArguments(GeometryArguments, total=False):
    """Keywords that a convolution and its derivatives share."""

    method: Method


@dataclasses.dataclass(frozen=True)
class Options:
    """The geometry arguments of a call, hashable; the names are the user's."""

    stride: Any = 1
    padding: Any = "valid"
    kernel_dilation: Any = 1
    input_dilation: Any = 1
    groups: Any = 1
    padding_mode: Any = "zeros"
    dimension_numbers: Any = None
    method: Any = AUTO

    @classmethod
    def of(cls, *, lacks: tuple[str, ...] = (), **arguments: Any) -> Options:
        """Freeze lists and the like into tuples.

        Args:
            lacks: names that the function does not have, whose call this is.
            **arguments: what was passed to it.

        Raises:
            GeometryError: for a name that is none of its.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        known = [name for name in names if name not in lacks]
        for name, value in arguments.items():
            if name not in known:
                raise GeometryError.of(
                    name, value, f"one of the keywords {', '.join(known)}"
                )
        return cls(**{name: frozen(value) for name, value in arguments.items()})
