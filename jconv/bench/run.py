"""The measurement: every row in JAX first, then every row in PyTorch.

jconv and ``lax`` are timed by turns. PyTorch has a block of its own at the end: its
threads disturb whatever runs beside them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv.bench import peers, timing, torch_peers
from jconv.bench.compiled import Program, compiled
from jconv.bench.layer import Layer, random_operands
from jconv.bench.timing import Effort, Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jconv.bench.row import Row

    Tell = Callable[[str], None]

OURS, LAX = "jconv", "lax"

AA_LAYER = Layer("aa", 8, (28, 28), 64, 64, (3, 3), padding=1)
"""What the first A/A run measures."""

ROUNDED = 4 * 2.0**-10
"""What two programs may differ by where products take TF32, relative to the largest
entry: either rounds two operands to 11 bits, at the worst by 2^-10 if cut off."""


@dataclasses.dataclass
class Measured:
    """What is known of a row.

    Attributes:
        row: the row.
        ours: jconv's compiled program.
        lax: lax's compiled program; None if lax was not asked.
        samples: times of both, one of them measured twice.
        difference: largest difference of the results, relative to the largest entry.
        torch: times of PyTorch by memory layout; empty if it was not asked.
        torch_error: why PyTorch could not, "" if it could.
    """

    row: Row
    ours: Program
    lax: Program | None
    samples: Samples
    difference: float | None
    torch: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    torch_error: str = ""

    @property
    def agrees(self) -> bool:
        """Whether both computed the same."""
        rounded = 0.0 if jax.default_backend() == "cpu" else ROUNDED
        allowed = max(self.row.tolerance, rounded)
        return self.difference is None or self.difference <= allowed


@dataclasses.dataclass
class Run:
    """What was measured so far: an interrupted run has some of it.

    Attributes:
        measured: rows with their times.
        failures: (id, message) of rows that ended in an error.
    """

    measured: list[Measured] = dataclasses.field(default_factory=list)
    failures: list[tuple[str, str]] = dataclasses.field(default_factory=list)


def agreement(effort: Effort) -> Samples:
    """The A/A run that comes first: does this machine time one program alike twice?"""
    operands = random_operands(AA_LAYER.operand_shapes("fwd"))
    program = compiled(peers.lax_pass(AA_LAYER, "fwd"), operands)
    return timing.proved({LAX: program.call(operands)}, LAX, effort)


def in_jax(
    run: Run, rows: Sequence[Row], effort: Effort, tell: Tell, *, peer: bool
) -> None:
    """Measure jconv, and lax beside it.

    Args:
        run: what the results are added to.
        rows: what to measure.
        effort: how long each.
        tell: is given the id of each row before it is measured.
        peer: whether lax is measured.
    """
    for row in rows:
        tell(row.id)
        try:
            run.measured.append(_in_jax(row, effort, peer=peer))
        except Exception as error:  # one row must not cost all others
            run.failures.append((row.id, _one_line(error)))


def in_torch(run: Run, effort: Effort, tell: Tell) -> None:
    """Measure PyTorch on the rows that were measured before."""
    for each in run.measured:
        tell(f"{each.row.id} in torch")
        try:
            made = each.row.torch(host_operands(each.row))
            calls = {name: torch_peers.waited(call) for name, call in made.items()}
            each.torch = timing.interleaved(calls, effort)
        except Exception as error:  # a peer's limit is worth a note, no more
            each.torch_error = _one_line(error)


def host_operands(row: Row) -> list[Any]:
    """The row's operands as NumPy arrays, random where only shapes are given."""
    if callable(row.operands):
        return list(row.operands())
    return list(random_operands(row.operands))


def largest_difference(first: Any, second: Any) -> float:
    """The largest difference of two results, relative to the second's largest entry.

    Examples:
        >>> import numpy as np
        >>> largest_difference(np.array([1.0, 2.5]), np.array([1.0, 2.0]))
        0.25
    """
    worst = 0.0
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    for ours, theirs in pairs:
        a, b = np.asarray(ours), np.asarray(theirs)
        scale = float(np.max(np.abs(b), initial=0.0)) or 1.0
        worst = max(worst, float(np.max(np.abs(a - b), initial=0.0)) / scale)
    return worst


def _in_jax(row: Row, effort: Effort, *, peer: bool) -> Measured:
    """One row: compile both, compare their results, time them by turns."""
    operands = [jax.device_put(operand) for operand in host_operands(row)]
    ours = compiled(row.ours, operands)
    if not peer:
        samples = timing.proved({OURS: ours.call(operands)}, OURS, effort)
        return Measured(row, ours, None, samples, None)
    lax = compiled(row.lax, operands)
    difference = largest_difference(ours.run(*operands), lax.run(*operands))
    calls = {LAX: lax.call(operands), OURS: ours.call(operands)}
    samples = timing.proved(calls, LAX, effort)
    return Measured(row, ours, lax, samples, difference)


def _one_line(error: Exception) -> str:
    """An error's kind and the first line of its message."""
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
