"""What was raised, in words: a user's code may raise anything, even what has none."""

from __future__ import annotations


def message(error: BaseException) -> str:
    """What an error says of itself; one that breaks when asked is said to.

    Examples:
        >>> message(ValueError("no such kernel"))
        'no such kernel'
    """
    try:
        return str(error)
    except Exception as another:  # its ``__str__`` is the user's, too
        return f"(its message cannot be read: {type(another).__name__})"


def first_line(error: BaseException) -> str:
    r"""The first line of what an error says; empty if it says nothing.

    Examples:
        >>> first_line(ValueError("no such kernel\nin all of it"))
        'no such kernel'
    """
    return (message(error).strip().splitlines() or [""])[0]
