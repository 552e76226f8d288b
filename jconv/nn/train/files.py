"""Writing files so that each is whole or not there at all."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, content: bytes | str) -> Path:
    """Write a file beside its place, then put it there in one move.

    Args:
        path: where it goes; an older file is replaced, or stays whole on a failure.
        content: bytes, or text in UTF-8.

    Raises:
        OSError: if it cannot be written, as on a full disk.
    """
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        encoded = content.encode() if isinstance(content, str) else content
        with staged.open("wb") as file:
            file.write(encoded)
            file.flush()
            os.fsync(
                file.fileno()
            )  # else the move may survive a crash, and not the bytes
        staged.replace(path)
    finally:
        with contextlib.suppress(OSError):
            staged.unlink(missing_ok=True)
    return path


def write_json(path: Path, value: Any) -> Path:
    """Write strict JSON.

    Raises:
        OSError: if it cannot be written.
        ValueError: if the value holds a NaN or an infinity.
    """
    return write(path, json.dumps(value, allow_nan=False, indent=1) + "\n")


def prepare(folder: Path) -> None:
    """Create a folder and try to write to it, before any time is spent.

    Raises:
        OSError: if it cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
