"""The measurement: every row in JAX first, then every row in PyTorch.

jconv and ``lax`` are timed by turns. PyTorch has a block of its own at the end: its
threads disturb whatever runs beside them.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv.bench import timing
from jconv.bench.compiled import Program, compiled
from jconv.bench.layer import random_operands
from jconv.bench.timing import Effort, Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jconv.bench.row import Row

    Listener = Callable[[str, Row], None]

OURS, LAX = "jconv", "lax"


@dataclasses.dataclass
class Measured:
    """What is known of a row.

    Attributes:
        row: the row.
        ours: jconv's compiled program.
        lax: lax's compiled program; None if lax was not asked.
        samples: times of jconv, of lax twice.
        difference: largest difference of the results, relative to the largest entry.
        torch: times of PyTorch by memory layout; None if it was not asked.
        torch_error: why PyTorch could not, "" if it could.
    """

    row: Row
    ours: Program
    lax: Program | None
    samples: Samples
    difference: float | None
    torch: dict[str, list[float]] | None = None
    torch_error: str = ""

    @property
    def agrees(self) -> bool:
        """Whether both computed the same."""
        return self.difference is None or self.difference <= self.row.tolerance


def in_jax(rows: Sequence[Row], effort: Effort, *, peer: bool) -> Iterator[Measured]:
    """Measure jconv, and lax beside it.

    Args:
        rows: what to measure.
        effort: how long each.
        peer: whether lax is measured.
    """
    for row in rows:
        operands = operands_of(row)
        ours = compiled(row.ours, operands)
        if not peer:
            calls = {OURS: ours.call(operands)}
            samples = timing.proved(calls, OURS, effort)
            yield Measured(row, ours, None, samples, None)
            continue
        lax = compiled(row.lax, operands)
        difference = largest_difference(ours.run(*operands), lax.run(*operands))
        calls = {LAX: lax.call(operands), OURS: ours.call(operands)}
        samples = timing.proved(calls, LAX, effort)
        yield Measured(row, ours, lax, samples, difference)


def in_torch(
    found: Sequence[Measured], effort: Effort, clock: timing.Clock = time.perf_counter
) -> Iterator[Measured]:
    """Measure PyTorch on rows that were measured before."""
    for each in found:
        if each.row.torch is None:
            yield each
            continue
        arrays = [np.asarray(operand) for operand in _leaves(each.row)]
        try:
            calls = each.row.torch(arrays)
            each.torch = timing.interleaved(calls, effort, clock)
        except (RuntimeError, NotImplementedError) as error:
            each.torch_error = str(error).splitlines()[0]
        yield each


def operands_of(row: Row) -> list[Any]:
    """The row's operands on the default device."""
    return [jax.device_put(array) for array in _leaves(row)]


def largest_difference(first: Any, second: Any) -> float:  # noqa: ANN401
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


def _leaves(row: Row) -> list[np.ndarray]:
    """The row's operands, or random ones of its shapes."""
    if all(isinstance(shape, tuple) for shape in row.operands):
        return random_operands(tuple(row.operands))
    return list(row.operands)
