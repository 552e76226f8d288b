"""Pages that no one has put into the navigation are listed in its last section."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def on_config(config: Any, **_: Any) -> Any:
    """Add them, so that a new page needs no second edit to be found."""
    known = set(_pages(config.nav))
    folder = Path(config.docs_dir)
    others = sorted(path.name for path in folder.glob("*.md"))
    (last,) = config.nav[-1].values()
    last.extend(name for name in others if name not in known)
    return config


def _pages(entry: Any) -> list[str]:
    """All file names of a navigation."""
    if isinstance(entry, str):
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry
    return [name for part in parts for name in _pages(part)]
