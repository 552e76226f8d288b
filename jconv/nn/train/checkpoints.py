"""Checkpoints with orbax: the state after an epoch, and what the epochs came to.

orbax writes a checkpoint under another name and renames it when it is whole, so that a
run which is killed at any moment leaves the last whole one. Of these the last two are
kept.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.util
import io
import logging
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv.errors import GeometryError, UnsupportedError
from jconv.nn.train.settings import Settings
from jconv.nn.train.step import TrainState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jconv.nn.train.fit import Epoch, Run

FOLDER = "checkpoints"
KEPT = 2
SPARE_BYTES = 2**20
"""What a checkpoint takes beyond its numbers, and then some."""
ABSENT = (
    "checkpoints need orbax, which is not installed here. "
    "Install it with: pip install 'jconv[train]'"
)


class CheckpointError(OSError):
    """A checkpoint could not be written or read; earlier ones are whole."""


def available() -> bool:
    """Whether orbax is installed."""
    return importlib.util.find_spec("orbax") is not None and (
        importlib.util.find_spec("orbax.checkpoint") is not None
    )


@dataclasses.dataclass(frozen=True)
class Kept:
    """What a checkpoint holds.

    Attributes:
        now: the state after its last epoch.
        records: one for every epoch.
        settings: of the run.
    """

    now: TrainState
    records: list[Epoch]
    settings: Settings


@dataclasses.dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one run; open them with ``opened``."""

    manager: Any

    def latest(self) -> int | None:
        """The number of the last epoch that was kept."""
        return self.manager.latest_step()

    def save(self, now: TrainState, records: list[Epoch], settings: Settings) -> None:
        """Keep the state after an epoch.

        Raises:
            CheckpointError: if it cannot be written; earlier checkpoints stay.
        """
        import orbax.checkpoint as ocp  # noqa: PLC0415  (only who keeps needs it)

        self._check_room(now, len(records))
        kept = ocp.args.Composite(
            state=ocp.args.StandardSave(_named(now)),
            record=ocp.args.JsonSave(
                {"records": records, "settings": settings.as_dict()}
            ),
        )
        # orbax and its storage raise errors of many kinds.
        try:
            with _without_tracebacks():
                self.manager.save(len(records), args=kept)
        except Exception as error:
            message = (
                f"the checkpoint of epoch {len(records)} could not be written "
                f"({_reason(error)}); earlier checkpoints are whole"
            )
            raise CheckpointError(message) from error

    def _check_room(self, now: TrainState, epoch: int) -> None:
        """Refuse to begin what the disk has no room for."""
        needed = SPARE_BYTES + sum(leaf.nbytes for leaf in jax.tree.leaves(now))
        left = shutil.disk_usage(self.manager.directory).free
        if left < needed:
            message = (
                f"the checkpoint of epoch {epoch} could not be written: "
                f"{needed / 1e6:,.1f} MB are needed, {left / 1e6:,.1f} MB are left on "
                f"the disk of {self.manager.directory}. Earlier checkpoints are "
                "whole; --resume goes on from them"
            )
            raise CheckpointError(message)

    def restore(self, run: Run) -> Kept:
        """The last checkpoint of a run.

        Raises:
            CheckpointError: if it cannot be read.
        """
        import orbax.checkpoint as ocp  # noqa: PLC0415  (only who keeps needs it)

        wanted = jax.eval_shape(lambda: _named(run.begin()))
        held = ocp.args.Composite(
            state=ocp.args.StandardRestore(wanted), record=ocp.args.JsonRestore()
        )
        try:
            found = self.manager.restore(self.latest(), args=held)
        except Exception as error:
            raise CheckpointError(self._unreadable(error)) from error
        records = found.record["records"]
        settings = Settings.from_dict(found.record["settings"])
        return Kept(TrainState(**found.state), records, settings)

    def _unreadable(self, error: Exception) -> str:
        """What is wrong with the last checkpoint, and what to do."""
        *earlier, last = sorted(self.manager.all_steps())
        place = self.manager.directory / str(last)
        then = f"go on after epoch {earlier[-1]}" if earlier else "begin anew"
        return (
            f"the checkpoint of epoch {last} could not be read ({_reason(error)}). "
            f"If it is damaged, delete {place}: --resume will then {then}"
        )


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Checkpoints]:
    """The checkpoints in a run's folder, for writing and reading.

    Args:
        folder: of the run.

    Raises:
        UnsupportedError: if orbax is not installed.
    """
    if not available():
        raise UnsupportedError(ABSENT)
    import orbax.checkpoint as ocp  # noqa: PLC0415  (only who keeps needs it)

    # In the foreground: when an epoch is told to be kept, it is.
    options = ocp.CheckpointManagerOptions(
        max_to_keep=KEPT, enable_async_checkpointing=False
    )
    manager = ocp.CheckpointManager((folder / FOLDER).resolve(), options=options)
    try:
        yield Checkpoints(manager)
    finally:
        manager.close()


def latest(folder: Path) -> int:
    """How many epochs a run in a folder has kept."""
    if not (folder / FOLDER).is_dir() or not available():
        return 0
    with opened(folder) as kept:
        return kept.latest() or 0


def check_same(asked: Settings, kept: Settings) -> None:
    """Refuse to go on with other settings than those of the run.

    Raises:
        GeometryError: naming the first that differs.
    """
    for field in dataclasses.fields(Settings):
        wanted, had = getattr(asked, field.name), getattr(kept, field.name)
        if wanted != had:
            raise GeometryError.of(
                field.name,
                wanted,
                f"{had!r}, with which the run began",
                "Leave it out, or begin a new run in another folder.",
            )


def digest(now: TrainState) -> str:
    """A fingerprint of all parameters and state: equal only if every bit is."""
    found = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path((now.params, now.state)):
        array = np.asarray(leaf)
        found.update(
            f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape}".encode()
        )
        found.update(array.tobytes())
    return found.hexdigest()


def _named(now: TrainState) -> dict[str, Any]:
    """The state as a tree that orbax knows."""
    return {f.name: getattr(now, f.name) for f in dataclasses.fields(now)}


@contextlib.contextmanager
def _without_tracebacks() -> Iterator[None]:
    """Keep back what orbax's threads print of an error that is raised here anyway."""
    log, said = logging.getLogger("absl"), io.StringIO()
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with contextlib.redirect_stderr(said):
            yield
    finally:
        log.setLevel(level)
    sys.stderr.write(said.getvalue())  # of a success, nothing is kept back


def _reason(error: Exception) -> str:
    """What the system says of it, or the first line of an error."""
    text = str(error).strip() or type(error).__name__
    said = re.search(r"([^:]+?)\s*\[os_error_code", text)
    return said[1].strip() if said else text.splitlines()[0][:200]
