"""Refusals that several pieces of shape arithmetic share."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence

from jconv.errors import GeometryError, UnsupportedError


def is_integer(value: object) -> bool:
    """Whether a value may stand for an int (NumPy's may, True may not)."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def not_symbolic(
    name: str, shape: Sequence[object], needed: Iterable[object], free: str
) -> None:
    """Refuse symbolic sizes of ``jax.export`` where the relation needs numbers.

    Args:
        name: what has the shape.
        shape: its sizes.
        needed: those that have to be numbers.
        free: which ones may be symbolic, in words.

    Raises:
        UnsupportedError: if one of those needed is symbolic.
    """
    if all(is_integer(n) for n in needed):
        return
    message = (
        f"{name} {tuple(shape)}: only {free} may be symbolic; the other sizes decide "
        "which indices meet. Export with numbers for them."
    )
    raise UnsupportedError(message)


def at_least(minimum: int, **arguments: object) -> None:
    """Refuse arguments that are no integers, or below a minimum.

    Raises:
        GeometryError: naming the first such argument.

    Examples:
        >>> at_least(1, stride=2, groups=1)
    """
    for name, value in arguments.items():
        if not is_integer(value) or value < minimum:  # type: ignore[operator]
            expected = f"an integer of at least {minimum}"
            raise GeometryError.of(name, value, expected, f"Use {max(minimum, 1)}.")


def sizes(name: str, value: object) -> tuple[int, ...]:
    """A sequence of sizes as a tuple.

    Raises:
        GeometryError: if it is no sequence of integers of at least 0.
    """
    entries = value if isinstance(value, Sequence) else ()
    if not isinstance(value, Sequence) or not all(
        is_integer(n) and n >= 0 for n in entries
    ):
        raise GeometryError.of(name, value, "one size of at least 0 per spatial axis")
    return tuple(int(n) for n in entries)


def not_zero(**arguments: object) -> None:
    """Refuse arguments that are no integers, or zero.

    Raises:
        GeometryError: naming the first such argument.
    """
    for name, value in arguments.items():
        if not is_integer(value) or value == 0:
            raise GeometryError.of(
                name,
                value,
                "a non-zero integer",
                "Use 1, or a negative number for true convolution.",
            )
