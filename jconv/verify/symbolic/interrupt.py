"""Ctrl-C while proofs run: it ends them, wherever it comes.

Left alone it is lost in two ways. While z3 answers, it takes the signal for itself and
gives up that one answer, as if its steps were spent. And a ``KeyboardInterrupt`` that
Python raises in an object's ``__del__``, of which z3's terms have one, is dropped. So
the signal is only noted, and raised where the next question is asked.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_noted = threading.Event()


@contextlib.contextmanager
def heeded() -> Iterator[None]:
    """Within, Ctrl-C is noted, and raised by ``check`` or at the end.

    Raises:
        KeyboardInterrupt: at the end, if one was noted and not raised before.
    """
    before = signal.getsignal(signal.SIGINT)
    here = threading.current_thread() is threading.main_thread()
    if not here or not callable(before) or before is _note:
        yield  # not ours to change, or noted already
        return
    signal.signal(signal.SIGINT, _note)
    try:
        yield
        raise_noted()
    finally:
        _noted.clear()
        signal.signal(signal.SIGINT, before)


def _note(*_: object) -> None:
    """Remember that it was pressed; who presses again does not want to wait."""
    if _noted.is_set():
        raise KeyboardInterrupt
    _noted.set()


def raise_noted() -> None:
    """Raise what was noted."""
    if _noted.is_set():
        raise KeyboardInterrupt


def check(solver: Any, steps: int, timeout_ms: int, *assumed: Any) -> Any:
    """``solver.check``, which Ctrl-C ends.

    z3 says "canceled" for a spent limit and for the signal alike: it was the signal if
    neither the steps nor the time were spent.

    Args:
        solver: z3's.
        steps: its limit of steps.
        timeout_ms: its limit of time.
        assumed: what z3's ``check`` takes.

    Raises:
        KeyboardInterrupt: if it was interrupted.
    """
    raise_noted()
    counted, begin = _count(solver), time.monotonic()
    answer = solver.check(*assumed)
    raise_noted()
    if str(answer) == "unknown" and solver.reason_unknown() in CANCELED:
        spent = _count(solver) - counted >= steps
        late = 1e3 * (time.monotonic() - begin) >= timeout_ms
        if not spent and not late:
            raise KeyboardInterrupt
    return answer


CANCELED = ("canceled", "interrupted", "interrupted from keyboard")
"""What z3's versions call it."""


STEPS = "rlimit count"
"""What its statistics call its steps."""


def _count(solver: Any) -> int:
    """The steps that z3 has taken so far, in all; they are told near the end."""
    told = solver.statistics()
    entries = map(told.__getitem__, reversed(range(len(told))))
    return next((int(value) for name, value in entries if name == STEPS), 0)
