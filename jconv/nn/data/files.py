"""Reading files that users have on disk: found, whole, and what they claim to be."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GZIP = b"\x1f\x8b"


class DataError(GeometryError):
    """A file is missing, cut short, or not what its name says."""


def found(folder: Path, names: Sequence[str], what: str) -> Path:
    """The first of some files that exists.

    Raises:
        DataError: naming all of them, if none does.
    """
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError.of(
        "data folder",
        str(folder),
        f"a folder with {' or '.join(names)}",
        f"Download {what} and pass the folder that holds it.",
    )


def read(path: Path) -> bytes:
    """The bytes of a file, unpacked if they are gzip's, whatever its name.

    Raises:
        DataError: if the packed file is damaged; gzip has a checksum and a length.
    """
    content = path.read_bytes()
    if not content.startswith(GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise _wrong(path, f"an undamaged gzip file ({error})") from error


def check_length(path: Path, content: bytes, expected: int) -> None:
    """Refuse a file that is not exactly as long as it must be.

    Raises:
        DataError: telling both lengths.
    """
    if len(content) != expected:
        state = "cut short" if len(content) < expected else "too long"
        expectation = f"{expected:,} bytes; it is {state}, with {len(content):,}"
        raise _wrong(path, expectation)


def check(path: Path, holds: bool, expected: str) -> None:  # noqa: FBT001
    """Refuse a file of which something does not hold.

    Raises:
        DataError: saying what was expected.
    """
    if not holds:
        raise _wrong(path, expected)


def _wrong(path: Path, expected: str) -> GeometryError:
    """What is wrong with a file, and what to do."""
    mend = "Delete it and download it again."
    return DataError.of("file", str(path), expected, mend)
