"""A compiled program: how long it took to compile, and what memory it needs."""

from __future__ import annotations

import dataclasses
import functools
import time
from typing import TYPE_CHECKING, Any

import jax

if TYPE_CHECKING:
    from jconv.bench.row import Function, Thunk


@dataclasses.dataclass(frozen=True)
class Program:
    """A function compiled for its operands.

    Attributes:
        run: the executable; give it the operands.
        compile_s: tracing, lowering and compiling.
        temp_bytes: buffers that live only while it runs; None where JAX cannot say.
        peak_bytes: operands, results and temporaries at the worst moment.
    """

    run: Any
    compile_s: float
    temp_bytes: int | None
    peak_bytes: int | None

    def call(self, operands: Any) -> Thunk:
        """A call that returns when the result is there."""
        run = self.run
        return lambda: jax.block_until_ready(run(*operands))


def compiled(function: Function, operands: Any) -> Program:
    """Compile a function for its operands, and nothing of it twice."""
    started = time.perf_counter()
    # A function of its own, so that no cache of an earlier row answers.
    alone = functools.partial(function)
    run = jax.jit(alone).lower(*operands).compile()
    taken = time.perf_counter() - started
    memory = run.memory_analysis()
    return Program(
        run,
        taken,
        getattr(memory, "temp_size_in_bytes", None),
        getattr(memory, "peak_memory_in_bytes", None),
    )
