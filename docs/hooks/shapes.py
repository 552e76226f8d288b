"""Shapes in docstrings are code: ``(*batch, *spatial, c)`` has stars, not emphasis."""

from __future__ import annotations

import re
from typing import Any

import griffe

SHAPE = re.compile(r"(?<!`)\((?:[\w/ ]+, )*\*[^()]*\)(?!`)")
SECTION = re.compile(r"[A-Z]\w+:$")


class Shapes(griffe.Extension):
    """Put shapes of all docstrings into backticks, outside of code."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite one docstring."""
        if obj.docstring:
            obj.docstring.value = in_code(obj.docstring.value)


def in_code(text: str) -> str:
    """A docstring with its shapes in backticks.

    Indented lines are code, unless a section (``Args:`` and the like) indents them.
    """
    lines, section = [], False
    for line in text.split("\n"):
        indented = line.startswith("    ")
        if line and not indented:
            section = bool(SECTION.match(line))
        prompt = line.lstrip().startswith((">>>", "..."))
        plain = not prompt and (section or not indented)
        lines.append(SHAPE.sub(r"`\g<0>`", line) if plain else line)
    return "\n".join(lines)
