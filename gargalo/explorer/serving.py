"""A site on this machine alone: loopback, its own names, nothing but reading."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GargaloError, option
from ..io.signals import ending_signals, on_signal

if TYPE_CHECKING:
    import uvicorn

__all__ = ["is_site", "serve", "served"]

NAMES = ("127.0.0.1", "localhost")
"""What this machine is called by a browser that runs on it; the first is its address."""


def is_site(folder: Path) -> bool:
    """Was this folder written by `publish`? A run folder is a run, whatever else lies in it."""
    return (folder / "data" / "site.json").is_file() and not (folder / "recipe.json").exists()


def serve(site: Path, port: int = 0, ready: Callable[[str], object] = lambda url: None) -> None:
    """Serve a site until a signal comes, which is raised again afterwards.

    Parameters
    ----------
    site : Path
        What `publish` wrote.
    port : int
        0 takes one that is free.
    ready : function
        Called with the site's address as soon as it answers.

    Raises
    ------
    GargaloError
        For a port that is taken.
    """
    with _listening(port) as taken:
        # It answers from here on: what comes before the loop runs waits in the socket.
        ready(f"http://{NAMES[0]}:{taken.getsockname()[1]}/")
        server = _server(site, taken)
        with _hanging_up(server):
            _run(server, taken)


@contextmanager
def _hanging_up(server: uvicorn.Server) -> Iterator[None]:
    """A terminal that is closed ends the server as Ctrl-C does, of which uvicorn itself takes no notice."""
    others = [kind for kind in ending_signals() if kind not in (signal.SIGINT, signal.SIGTERM)]
    came: list[int] = []

    def note(signum: int) -> None:
        came.append(signum)
        server.should_exit = True

    with on_signal(note, others):
        yield
    for signum in came:
        signal.raise_signal(signum)


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a site in a thread of its own until the block ends, as in a notebook or a test.

    Parameters
    ----------
    site : Path
        What `publish` wrote.

    Yields
    ------
    str
        Its address: a free port of this machine.
    """
    with _listening(0) as taken:
        server = _server(site, taken)
        thread = threading.Thread(target=_run, args=(server, taken))
        thread.start()
        try:
            yield f"http://{NAMES[0]}:{taken.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


def _listening(port: int) -> socket.socket:
    """A socket at this port of this machine alone, or at a free one for 0."""
    listening = socket.socket()
    # What was served here a moment ago keeps the port busy otherwise.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((NAMES[0], port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise GargaloError(
            f"port {port}: expected one that is free. It cannot be taken ({error.strerror}); choose another"
            f" {option('port')}, or leave it out."
        ) from None
    return listening


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    from .connections import one_line_each

    with one_line_each():
        server.run(sockets=[listening])


def _server(site: Path, listening: socket.socket) -> uvicorn.Server:
    import uvicorn

    from .application import application
    from .connections import AT_ONCE, BoundedProtocol

    return uvicorn.Server(
        uvicorn.Config(
            application(site, listening.getsockname()[1], NAMES), log_level="error", access_log=False, lifespan="off",
            server_header=False, timeout_graceful_shutdown=1, http=BoundedProtocol, backlog=AT_ONCE, loop="asyncio",
            log_config=None,
        )
    )  # fmt: skip
