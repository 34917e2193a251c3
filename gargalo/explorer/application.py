"""The web application of a site: its files for GET and HEAD, under the names of this machine alone."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

__all__ = ["HEADERS", "POLICY", "application"]

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
KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


def application(site: Path, port: int, names: tuple[str, ...]) -> Starlette:
    """The web application of the files in `site`.

    A request with another Host header than these names is refused: a foreign page whose name resolves to this machine
    (DNS rebinding) reads nothing. The media types of the files are set for the whole process, in `mimetypes`.

    Parameters
    ----------
    site : Path
        What `publish` wrote.
    port : int
        Where it is served, as browsers put it into the Host header.
    names : tuple of str
        What this machine may be called; the first is its address.

    Returns
    -------
    Starlette
        Answers GET and HEAD, with `HEADERS` on every answer.

    Raises
    ------
    RuntimeError
        For a folder that is not there.
    """
    # Browsers leave HTTP's own port out.
    hosts = {f"{name}:{port}".encode() for name in names} | {name.encode() for name in names if port == 80}
    # Not as some registry of this machine has them: what is called text is run by no browser.
    for suffix, kind in KINDS.items():
        mimetypes.add_type(kind, suffix)
    return Starlette(
        routes=[Mount("/", Files(directory=site, html=True, follow_symlink=False))],
        middleware=[Middleware(OwnNames, hosts=hosts, own=f"{names[0]}:{port}")],
    )


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

    def __init__(self, app: Any, hosts: set[bytes], own: str):
        self.app, self.hosts, self.own = app, hosts, own

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
        if len(asked) != 1 or asked[0].lower() not in self.hosts:
            app = PlainTextResponse(f"This site is served as {self.own} alone.", status_code=400)
        elif scope["method"] not in ("GET", "HEAD"):
            app = PlainTextResponse("Only GET and HEAD.", status_code=405, headers={"Allow": "GET, HEAD"})
        await app(scope, receive, with_headers)
