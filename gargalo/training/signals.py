"""Stopping politely: a signal is noted, the step is finished, a checkpoint is saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..errors import ending_signals

__all__ = ["Noted", "watch"]


class Noted:
    """Which signal came, 0 for none."""

    signum: int = 0


@contextmanager
def watch() -> Iterator[Noted]:
    """Note the first of `ending_signals` instead of dying of it; a second one has its usual effect, at once.

    Python lets only the main thread handle signals: in another they are left alone. Windows has no SIGTERM that a
    program could note, and ends it suddenly: there the newest checkpoint is what remains, as after kill -9.
    """
    noted = Noted()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {kind: signal.getsignal(kind) for kind in ending_signals()}

    def restore() -> None:
        for kind, handler in before.items():
            # None: a handler that was not set from Python, which Python cannot set again.
            if handler is not None:
                signal.signal(kind, handler)

    def note(signum: int, frame: FrameType | None) -> None:
        noted.signum = signum
        restore()

    for kind in before:
        signal.signal(kind, note)
    try:
        yield noted
    finally:
        restore()
