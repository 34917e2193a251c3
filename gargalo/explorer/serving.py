"""A site on this machine alone: loopback, its own names, nothing but reading."""

from __future__ import annotations

import mimetypes
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GargaloError, ending_signals

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette

__all__ = ["HEADERS", "POLICY", "application", "is_site", "serve", "served"]

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'"
)
"""What a page of the site may do. The page carries it as well, for hosts that send no headers."""
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A run that is explored again is another site at the same address.
    "Cache-Control": "no-cache",
}
ADDRESS = "127.0.0.1"
KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


def is_site(folder: Path) -> bool:
    """Was this folder written by `publish`?"""
    return (folder / "data" / "site.json").is_file()


def application(site: Path, port: int) -> Starlette:
    """The web application: the files of `site` for GET and HEAD, asked for by the names of this machine alone.

    Another site in the same browser that has its name resolved to this machine is refused by its Host.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    names = (ADDRESS, "localhost")
    # Browsers leave HTTP's own port out.
    hosts = {f"{name}:{port}".encode() for name in names} | {name.encode() for name in names if port == 80}
    # Not as some registry of this machine has them: what is called text is run by no browser.
    for suffix, kind in KINDS.items():
        mimetypes.add_type(kind, suffix)

    class Files(StaticFiles):
        """Files of the site; a path that no file system takes is one that is not there."""

        async def get_response(self, path: str, scope: Any) -> Any:
            # As it was asked for: on Windows `path` has backslashes of its own.
            if "\0" in scope["path"] or "\\" in scope["path"]:
                raise HTTPException(404)
            try:
                return await super().get_response(path, scope)
            except (OSError, ValueError):
                raise HTTPException(404) from None

    class OwnNames:
        """Refuses other Hosts and other methods, and puts the headers on everything that goes out."""

        def __init__(self, app: Any):
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await self.app(scope, receive, send)
                return

            async def with_headers(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [
                        *((name, value) for name, value in message["headers"] if name != b"cache-control"),
                        *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
                    ]
                await send(message)

            asked = [value for name, value in scope["headers"] if name == b"host"]
            app = self.app
            if len(asked) != 1 or asked[0].lower() not in hosts:
                app = PlainTextResponse(f"This site is served as {ADDRESS}:{port} alone.", status_code=400)
            elif scope["method"] not in ("GET", "HEAD"):
                app = PlainTextResponse("Only GET and HEAD.", status_code=405, headers={"Allow": "GET, HEAD"})
            await app(scope, receive, with_headers)

    return Starlette(
        routes=[Mount("/", Files(directory=site, html=True, follow_symlink=False))],
        middleware=[Middleware(OwnNames)],
    )


def serve(site: Path, port: int = 0, ready: Callable[[str], object] = lambda url: None) -> None:
    """Serve a site until a signal comes, which is raised again afterwards.

    Parameters
    ----------
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
        ready(f"http://{ADDRESS}:{taken.getsockname()[1]}/")
        server = _server(site, taken)
        with _hanging_up(server):
            server.run(sockets=[taken])


@contextmanager
def _hanging_up(server: uvicorn.Server) -> Iterator[None]:
    """A terminal that is closed ends the server as Ctrl-C does, of which uvicorn itself takes no notice."""
    others = [kind for kind in ending_signals() if kind not in (signal.SIGINT, signal.SIGTERM)]
    if threading.current_thread() is not threading.main_thread():
        others = []
    came: list[int] = []

    def note(signum: int, frame: object) -> None:
        came.append(signum)
        server.should_exit = True

    before = {kind: signal.signal(kind, note) for kind in others}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler or signal.SIG_DFL)  # None: one that Python cannot set again
    for signum in came:
        signal.raise_signal(signum)


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a site in a thread of its own, as in a notebook or a test: its address."""
    with _listening(0) as taken:
        server = _server(site, taken)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
        thread.start()
        try:
            yield f"http://{ADDRESS}:{taken.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


def _listening(port: int) -> socket.socket:
    """A socket at this port of this machine alone, or at a free one for 0."""
    listening = socket.socket()
    # What was served here a moment ago keeps the port busy otherwise.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise GargaloError(
            f"port {port}: expected one that is free. It cannot be taken ({error.strerror}); choose another"
            " --port, or leave it out."
        ) from None
    return listening


def _server(site: Path, listening: socket.socket) -> uvicorn.Server:
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            application(site, listening.getsockname()[1]), log_level="error", access_log=False, lifespan="off",
            server_header=False, timeout_graceful_shutdown=1,
        )
    )  # fmt: skip
