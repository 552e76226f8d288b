"""Ctrl-C while the command line is imported: one message, and no traceback.

Python imports the package, and with it JAX, before ``cli`` could catch anything. And a
``KeyboardInterrupt`` that is raised while JAX cleans up after a garbage collection is
dropped, and the command would go on. So until ``cli.main`` begins the signal ends the
process itself; in a program that only imports jconv it does what it did.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
"""What the process exits with: what a shell gives a program that SIGINT ended."""


def is_command(arguments: Sequence[str], original: Sequence[str]) -> bool:
    """Whether ``jconv`` or ``python -m jconv`` was called, by the process's words.

    Args:
        arguments: ``sys.argv``; while a package is imported for ``-m``, it begins so.
        original: ``sys.orig_argv``.

    Examples:
        >>> is_command(["/bin/jconv", "info"], ["python", "/bin/jconv", "info"])
        True
        >>> is_command(["-m", "info"], ["python", "-m", "jconv", "info"])
        True
        >>> is_command(["-m"], ["python", "-m", "pytest"]), is_command([""], ["python"])
        (False, False)
    """
    program = arguments[0] if arguments else ""
    if program == "-m":
        before = original[: len(original) - len(arguments) + 1]
        return before[-1] in ("jconv", "-mjconv")
    return Path(program).stem == "jconv"


def begin() -> None:
    """From here on Ctrl-C ends the process, if it is the command and heeds Ctrl-C."""
    if (
        is_command(sys.argv, sys.orig_argv)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        signal.signal(signal.SIGINT, _end)


def done() -> None:
    """From here on Ctrl-C is a ``KeyboardInterrupt`` again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: object) -> None:
    """End here: nothing has begun that would have to be finished."""
    os.write(2, b"jconv: interrupted.\n")
    os._exit(INTERRUPTED)


begin()
