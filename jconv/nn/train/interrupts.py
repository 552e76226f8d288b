"""Ctrl-C at a place of our own choosing: between steps, never within a write."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def held_back() -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back; yield what raises ``KeyboardInterrupt`` if it has come.

    Some libraries swallow an interrupt that meets them at work, and a run that was to
    stop would go on. A second Ctrl-C is not held back. Outside the main thread, where
    Python takes no signals, nothing changes.

    Examples:
        >>> with held_back() as check:
        ...     check()
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    came = threading.Event()

    def note(number: int, frame: Any) -> None:
        if came.is_set():
            raise KeyboardInterrupt
        came.set()

    def check() -> None:
        if came.is_set():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
