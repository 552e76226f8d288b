"""The API of a package is its ``__all__``, so that no public name can be forgotten.

``<!-- api: jconv.nn -->`` on a line of its own documents every name of the package.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from typing import Any

MARK = re.compile(r"^<!-- api: ([\w.]+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Write mkdocstrings' directive for each name."""
    return MARK.sub(lambda found: "\n\n".join(directives(found[1])), markdown)


def directives(package: str) -> list[str]:
    """One directive a public name."""
    return [f"::: {address(package, name)}" for name in public(package)]


def address(package: str, name: str) -> str:
    """Where a name is found, also if a module of the same name hides it."""
    if importlib.util.find_spec(f"{package}.{name}"):
        return f"{package}.{name}.{name}"
    return f"{package}.{name}"


def public(package: str) -> list[str]:
    """The names of a package's ``__all__``, its rooms left out."""
    module = importlib.import_module(package)
    names = (name for name in module.__all__ if not _is_module(getattr(module, name)))
    return list(names)


def _is_module(value: object) -> bool:
    return type(value).__name__ == "module"
