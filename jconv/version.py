"""Which jconv this is: its version, and a digest of its code."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path


def version() -> str:
    """The installed version; from a bare checkout there is none."""
    try:
        return importlib.metadata.version("jconv")
    except importlib.metadata.PackageNotFoundError:
        return "checkout"


@functools.cache
def source_digest() -> str:
    """Twelve hexadecimal digits of all Python files: which code a record is of.

    Examples:
        >>> len(source_digest())
        12
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.rglob("*.py")):
        digest.update(path.relative_to(here).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
