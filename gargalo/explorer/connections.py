"""Connections that cannot use up a server: a request comes soon or not at all, and there are only so many at a time."""

from __future__ import annotations

import contextlib
import logging
from asyncio import TimerHandle
from collections.abc import Iterator
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None

__all__ = ["AT_ONCE", "PATIENCE", "BoundedProtocol", "most_connections", "one_line_each"]

PATIENCE = 10.0
"""Seconds from a connection, or the first byte of another request on it, until the whole request is there."""
READING = 60.0
"""Seconds that an answer waits for somebody who does not read on: a page on this machine reads at once."""
AT_ONCE = 32
"""Connections that are taken before any of them can be refused; further ones wait in the socket."""
MOST, OTHERS = 512, 64
"""Connections that a page on this machine never needs, and files that are open for other reasons."""


def most_connections() -> int:
    """How many connections leave files to open: each may have one open beside its own."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if resource else 4 * MOST
    return MOST if files < 0 else max(4, min(MOST, (files - OTHERS - 2 * AT_ONCE) // 2))


class BoundedProtocol(H11Protocol):
    """HTTP of one connection, closed where no request comes, its answer is not read, or others are too many."""

    deadline: TimerHandle | None = None
    unread: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for its first request, or close it where there are too many others.

        Parameters
        ----------
        transport : asyncio.Transport
        """
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.abort()
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        """Begin to wait with the first byte of a request, and wait no longer once it is whole.

        Parameters
        ----------
        data : bytes
        """
        if self.deadline is None:
            self._wait()
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._wait_no_longer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer.

        Parameters
        ----------
        exc : Exception or None
        """
        self._wait_no_longer()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait until some of the answer is read."""
        super().pause_writing()
        self.unread = self.loop.call_later(READING, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no longer: it is read."""
        self._is_read()
        super().resume_writing()

    def _is_read(self) -> None:
        if self.unread is not None:
            self.unread.cancel()
            self.unread = None

    def _wait(self) -> None:
        self.deadline = self.loop.call_later(PATIENCE, self.transport.abort)

    def _wait_no_longer(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None


@contextlib.contextmanager
def one_line_each() -> Iterator[None]:
    """Let the server and its loop say each thing that goes wrong once, in a line, within the block."""
    loggers, once = [logging.getLogger(name) for name in ("uvicorn.error", "asyncio")], _Once()
    for logger in loggers:
        logger.addFilter(once)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(once)


class _Once(logging.Filter):
    """Lets a record through that says what none before it said, without the traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        line = (record.getMessage().splitlines() or [""])[0]
        key = f"{record.name}: {line}" if error is None else f"{record.name}: {type(error).__name__}"
        if key in self.said:
            return False
        self.said.add(key)
        told = line if error is None else f"{line} ({type(error).__name__}: {str(error).partition(chr(10))[0][:200]})"
        record.msg, record.args, record.exc_info, record.exc_text = f"gargalo: {told}", (), None, None
        return True
