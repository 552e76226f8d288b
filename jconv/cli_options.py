"""How the command line writes a geometry: ``56x56``, ``64:128``, ``same``, ``0:1``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jconv.geometry import Padding


def sizes(option: str, text: str) -> tuple[int, ...]:
    """Read "56x56".

    Raises:
        GeometryError: naming the option.

    Examples:
        >>> sizes("--input", "56x56"), sizes("--input", "9")
        ((56, 56), (9,))
    """
    try:
        return tuple(int(part) for part in text.lower().split("x"))
    except ValueError:
        raise GeometryError.of(option, text, "sizes such as 9, or 56x56") from None


def per_axis(option: str, text: str) -> int | tuple[int, ...]:
    """Read "2" for all axes, or "2x1" for each.

    Raises:
        GeometryError: naming the option.
    """
    try:
        found = sizes(option, text)
    except GeometryError:
        expected = "an integer such as 2, or one per axis such as 2x1"
        raise GeometryError.of(option, text, expected) from None
    return found[0] if len(found) == 1 else found


def padding(text: str, rank: int) -> Padding:
    """Read a name, sizes, or LOW:HIGH pairs.

    Raises:
        GeometryError: if it is none of them.

    Examples:
        >>> padding("same", 2), padding("1x2", 2), padding("0:1x2", 2)
        ('same', (1, 2), ((0, 1), (2, 2)))
    """
    if text.isalpha() or "_" in text:
        return text
    parts = [part.partition(":") for part in text.lower().split("x")]
    try:
        entries = [(int(low), int(high or low)) for low, _, high in parts]
    except ValueError:
        expected = (
            "a name such as same, integers such as 1 or 1x2, or LOW:HIGH such as 0:1 "
            "or 0:1x1:2"
        )
        raise GeometryError.of("--padding", text, expected) from None
    if ":" not in text:
        return per_axis("--padding", text)
    return tuple(entries * rank if len(entries) == 1 else entries)


def channels(option: str, text: str) -> tuple[int, int]:
    """Read "64:128".

    Raises:
        GeometryError: if it is no pair, or a channel count is below 1.
    """
    try:
        first, second = (int(part) for part in text.split(":"))
    except ValueError:
        raise GeometryError.of(option, text, "IN:OUT, such as 64:128") from None
    if min(first, second) < 1:
        raise GeometryError.of(option, text, "at least one channel each")
    return first, second


def dtype(option: str, name: str) -> str:
    """The name of a dtype that jconv computes with.

    Raises:
        GeometryError: listing those that there are.
    """
    from jconv.cli_selection import DTYPES  # noqa: PLC0415

    if name not in DTYPES:
        raise GeometryError.of(option, name, f"one of {', '.join(DTYPES)}")
    return name


def refuse(
    options: Mapping[str, tuple[object, object]], expected: str, mend: str = ""
) -> None:
    """Refuse options that would be ignored: those not at their default.

    Args:
        options: name -> (what was given, its default).
        expected: what the message says was expected.
        mend: how to mend it.

    Raises:
        GeometryError: for the first of them.
    """
    for name, (given, default) in options.items():
        if given != default:
            raise GeometryError.of(name, given, expected, mend)
