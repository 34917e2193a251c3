"""The signals that end a command: the one place that handles them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

__all__ = ["Noted", "ending_signals", "noting", "on_signal"]


def ending_signals() -> Sequence[int]:
    """What ends a command: SIGINT, SIGTERM, and SIGHUP of a closed terminal, unless nohup has it ignored."""
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    always = [signal.SIGINT, signal.SIGTERM]
    return always if hangup is None or signal.getsignal(hangup) is signal.SIG_IGN else [*always, hangup]


@contextmanager
def on_signal(act: Callable[[int], object], kinds: Sequence[int] | None = None, once: bool = False) -> Iterator[None]:
    """Call `act` with the number of a signal that comes meanwhile, instead of ending the program.

    Python lets only the main thread handle signals: in another they are left alone. Windows has no SIGTERM that a
    program could note, and ends it suddenly: there the newest checkpoint is what remains, as after kill -9.

    Parameters
    ----------
    act : function
        Takes the signal's number; what it returns is not used.
    kinds : sequence of int or None
        Which signals; without them `ending_signals`.
    once : bool
        After the first signal each has its usual effect again, so that a second one ends the program at once.

    Yields
    ------
    None
        Afterwards each signal has its handler of before again, unless that was not set from Python.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {kind: signal.getsignal(kind) for kind in (ending_signals() if kinds is None else kinds)}

    def restore() -> None:
        for kind, handler in before.items():
            # None: a handler that was not set from Python, which Python cannot set again.
            if handler is not None:
                signal.signal(kind, handler)

    def handle(signum: int, frame: FrameType | None) -> None:
        if once:
            restore()
        act(signum)

    for kind in before:
        signal.signal(kind, handle)
    try:
        yield
    finally:
        restore()


class Noted:
    """Which signal came, 0 for none."""

    signum: int = 0


@contextmanager
def noting() -> Iterator[Noted]:
    """Note the first ending signal instead of dying of it; a second one has its usual effect, at once."""
    noted = Noted()
    with on_signal(lambda signum: setattr(noted, "signum", signum), once=True):
        yield noted
