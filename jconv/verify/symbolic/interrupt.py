"""Ctrl-C while proofs run: it ends them, wherever it comes.

Left alone it is lost in two ways. While z3 answers, it takes the signal for itself, and
gives up that one answer or not even that. And a ``KeyboardInterrupt`` that Python
raises in an object's ``__del__``, of which z3's terms have one, is dropped. So z3 is
told to leave the signal alone (``solver``), and it is only noted, and raised where the
next question is asked. Python notes nothing before z3 has answered, so meanwhile a
thread asks z3 to give up.
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_noted = threading.Event()

PAUSE = 0.05
"""Seconds after which z3 is asked again: it may not have begun when it was asked."""


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
        with _giving_up():
            yield
        raise_noted()
    finally:
        _noted.clear()
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _giving_up() -> Iterator[None]:
    """Within, Ctrl-C makes z3 give up what it is doing."""
    told, tells = socket.socketpair()
    tells.setblocking(False)  # noqa: FBT003 (its own)
    before = signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)
    over = threading.Event()
    thread = threading.Thread(target=_give_up, args=(told, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        over.set()
        tells.close()
        thread.join()
        told.close()


def _give_up(told: socket.socket, over: threading.Event) -> None:
    """Wait for the signal, told at once, and ask z3 to give up until it is over."""
    while number := told.recv(1):
        while number[0] == signal.SIGINT and not over.wait(PAUSE):
            importlib.import_module("z3").main_ctx().interrupt()


def _note(*_: object) -> None:
    """Remember that it was pressed; who presses again does not want to wait."""
    if _noted.is_set():
        raise KeyboardInterrupt
    _noted.set()


def raise_noted() -> None:
    """Raise what was noted."""
    if _noted.is_set():
        raise KeyboardInterrupt


def check(solver: Any, *assumed: Any) -> Any:
    """``solver.check``, which Ctrl-C ends.

    Args:
        solver: z3's.
        assumed: what z3's ``check`` takes.

    Raises:
        KeyboardInterrupt: if it was interrupted.
    """
    raise_noted()
    answer = solver.check(*assumed)
    raise_noted()
    return answer
