"""Two pictures of a run: how much faster than the peers, and how near the machine."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from jconv.bench import bars, roofline
from jconv.verify.figures.style import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from matplotlib.figure import Figure

DRAWN: dict[str, Callable[[Mapping[str, Any]], Figure]] = {
    "ratios": bars.draw,
    "roofline": roofline.draw,
}
"""Each picture by its name."""


def write(folder: Path, document: Mapping[str, Any]) -> list[Path]:
    """Write every picture as PNG and SVG.

    Args:
        folder: an existing folder.
        document: of ``results.document``, or read from its file.
    """
    written = []
    for name, draw in DRAWN.items():
        for suffix in ("png", "svg"):
            path = folder / f"{name}.{suffix}"
            path.write_bytes(_rendered(draw, document, suffix))
            written.append(path)
    return written


def _rendered(
    draw: Callable[[Mapping[str, Any]], Figure],
    document: Mapping[str, Any],
    suffix: str,
) -> bytes:
    """A picture as a file holds it."""
    import matplotlib as mpl  # noqa: PLC0415 (slow to load)

    text = io.BytesIO()
    with mpl.rc_context(SETTINGS):
        metadata = {"Date": None} if suffix == "svg" else None
        draw(document).savefig(
            text, format=suffix, dpi=150, bbox_inches="tight", metadata=metadata
        )
    return text.getvalue()
