"""Runs the Python of the pages: what a page says it prints is what it prints.

A page whose front matter says ``executed: true`` is run from top to bottom in one
namespace. ``pycon`` blocks are doctests; ``python`` blocks are executed. A block that
fails, or prints something else, fails the build. A page that ``requires`` a package is
run where that is installed.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = re.compile(r"^```(pycon|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> None:
    """Run a page that asks for it; its text stays as it is."""
    required = page.meta.get("requires", "jconv")
    if page.meta.get("executed") and importlib.util.find_spec(required):
        run(markdown, page.file.src_path)


def blocks(markdown: str) -> Iterator[tuple[str, str, int]]:
    """(language, code, line) of every block of Python in a page."""
    for block in BLOCK.finditer(markdown):
        yield block[1], block[2], markdown.count("\n", 0, block.start(2))


def run(markdown: str, name: str) -> int:
    """Run a page's blocks in order, and say how many there were.

    Raises:
        AssertionError: with doctest's account of the first block that is wrong.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    for language, code, line in blocks(markdown):
        count += 1
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile("\n" * line + code, name, "exec"), namespace)
            continue
        test = doctest.DocTestParser().get_doctest(code, namespace, name, name, line)
        told = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        failed = runner.run(test, out=told.write, clear_globs=False).failed
        namespace.update(test.globs)
        assert not failed, told.getvalue()
    return count
