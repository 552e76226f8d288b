"""Keeping standard output for a report alone, whatever is printed meanwhile."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def output_to_stderr() -> Iterator[None]:
    """Send what is printed to stderr: by Python, and by native code, which asks nobody.

    A user's kernel may print while it is traced, and a compiler while it compiles.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        with contextlib.suppress(OSError, ValueError, io.UnsupportedOperation):
            stack.enter_context(_descriptor_to_stderr())
        yield


@contextlib.contextmanager
def _descriptor_to_stderr() -> Iterator[None]:
    """File descriptor 1 is what 2 is; in the end it is what it was."""
    kept = os.dup(1)
    try:
        _flush()
        os.dup2(2, 1)
        yield
    finally:
        # What native code has printed but not written yet belongs to stderr, too.
        _flush()
        os.dup2(kept, 1)
        os.close(kept)


def _flush() -> None:
    """Write what Python and the C library hold back."""
    for stream in (sys.__stdout__, sys.stderr):
        if stream is not None:
            stream.flush()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)
