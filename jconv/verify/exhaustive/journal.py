"""What is already proved: a file that a stopped run leaves, and the next takes up.

One line of JSON for the circumstances, then one per batch, appended whole and flushed
to the disk. A line that was cut off, or that no run can have written, is dropped. What
was found under other circumstances (code, versions, device, ranges) counts for nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax

import jconv.geometry
from jconv.verify import device as devices
from jconv.verify.exhaustive.line import sound

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "exhaustive.jsonl"
PACKAGE = Path(jconv.geometry.__file__).parents[1]
SOURCES = (
    *("geometry/**/*.py", "algorithms/**/*.py", "numerics.py", "reference.py"),
    *(
        "compat.py",
        "verify/bilinear.py",
        "verify/variants.py",
        "verify/exhaustive/*.py",
    ),
)
"""The code on which a proof depends."""


def fingerprint(platform: str, ranges: object) -> dict[str, str]:
    """The circumstances under which a proof was made."""
    code = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(PACKAGE.glob(pattern)):
            code.update(path.name.encode() + path.read_bytes())
    described = devices.record(platform)
    kept = ("platform", "kind", "cpu", "python", "jax", "jaxlib", "numpy", "xla_flags")
    told = {name: str(described[name]) for name in kept}
    precision = str(described["default_matmul_precision"])
    told |= {"precision": precision, "x64": str(jax.config.jax_enable_x64)}  # type: ignore[attr-defined]
    return told | {"code": code.hexdigest()[:16], "ranges": repr(ranges)}


class Journal:
    """The journal in a folder.

    Args:
        folder: where it is.
        circumstances: those of now.
        sizes: number of geometries by the number of the batch.

    Attributes:
        batches: results so far, by the number of their batch.
        dropped: what differs from the circumstances of an older journal that is not
            taken up; empty if there was none.
    """

    def __init__(
        self, folder: Path, circumstances: dict[str, str], sizes: Mapping[int, int]
    ) -> None:
        self.path = folder / NAME
        self.batches: dict[int, dict[str, Any]] = {}
        self.dropped: list[str] = []
        lines = _lines(self.path)
        if lines and lines[0] == {"circumstances": circumstances}:
            believed = [line for line in lines[1:] if sound(line, sizes)]
            self.batches = {line["batch"]: line for line in believed}
        elif lines:
            old = lines[0].get("circumstances")
            old = old if isinstance(old, dict) else {}
            names = {*old, *circumstances}
            self.dropped = sorted(
                name for name in names if old.get(name) != circumstances.get(name)
            )
        # Rewritten whole: what was cut off is gone, what counts is kept.
        kept = [{"circumstances": circumstances}, *self.batches.values()]
        temporary = self.path.with_suffix(f".{os.getpid()}")
        temporary.write_text("".join(json.dumps(line) + "\n" for line in kept))
        os.replace(temporary, self.path)  # noqa: PTH105

    def lines(self) -> list[dict[str, Any]]:
        """The batches' results in the order of their numbers."""
        return [self.batches[start] for start in sorted(self.batches)]

    def append(self, batch: dict[str, Any]) -> None:
        """Keep a batch's results, for good."""
        self.batches[batch["batch"]] = batch
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(batch) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _lines(path: Path) -> list[dict[str, Any]]:
    """The journal's lines up to the first that is not whole."""
    if not path.is_file():
        return []
    found: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            read = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not isinstance(read, dict):
            break
        found.append(read)
    return found
