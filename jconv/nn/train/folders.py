"""What a folder may hold: a run, a comparison of runs, or what is left of either."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from jconv.errors import GeometryError
from jconv.nn.train import checkpoints
from jconv.nn.train.files import prepare
from jconv.nn.zoo import MODELS

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS, CURVES, METRICS = "settings.json", "curves.json", "metrics.json"
COMPARISON = "comparison.json"
PERMUTED = "-permuted"
"""What the name of a comparison's run ends with if its pixels are shuffled."""
TOLD = (CURVES, METRICS, "curves.png", "filters.png", "audit.json")
"""What is written of a run besides its settings; of a comparison, the first three."""


def has_run(folder: Path) -> bool:
    """Whether a run was begun in a folder."""
    return (folder / SETTINGS).exists()


def has_comparison(folder: Path) -> bool:
    """Whether a comparison was begun in a folder."""
    return (folder / COMPARISON).exists()


def make_room(folder: Path, *, overwrite: bool) -> None:
    """Make a folder ready for a new run or a new comparison.

    Args:
        folder: made if there is none.
        overwrite: whether what is there may be deleted.

    Raises:
        GeometryError: if something is there that may not be deleted.
        OSError: if it cannot be written to, or what is there cannot be deleted.
    """
    prepare(folder)
    begun = has_run(folder) or has_comparison(folder)
    if not begun and not _has_checkpoints(folder):
        return
    if overwrite:
        clear(folder)
        return
    if begun:
        expected = "a folder without a run"
        mend = "Use another one, or --resume to go on, or --overwrite to begin anew."
    else:
        expected = f"a folder without the {checkpoints.FOLDER} of a run that is gone"
        mend = "Use another one, or --overwrite to delete them."
    raise GeometryError.of("out", str(folder), expected, mend)


def clear(folder: Path) -> None:
    """Delete a run or a comparison, and nothing else.

    What says that it was begun goes last: a folder that was cleared half-way is refused
    or cleared again, and no new run goes on from an old one's checkpoints.

    Raises:
        OSError: if it cannot be deleted.
    """
    if has_comparison(folder):
        for name in MODELS:
            for run in (folder / name, folder / f"{name}{PERMUTED}"):
                clear(run)
                with contextlib.suppress(OSError):
                    run.rmdir()  # stays if something else is in it
    if (folder / checkpoints.FOLDER).exists():
        shutil.rmtree(folder / checkpoints.FOLDER)
    for name in (*TOLD, COMPARISON, SETTINGS):
        (folder / name).unlink(missing_ok=True)


def told(folder: Path) -> list[str]:
    """Names of the files that tell of the run, those that are there."""
    return [name for name in TOLD if (folder / name).exists()]


def _has_checkpoints(folder: Path) -> bool:
    """Whether there is anything among the checkpoints."""
    kept = folder / checkpoints.FOLDER
    return kept.is_dir() and any(kept.iterdir())
