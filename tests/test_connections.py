"""The explorer's server under requests that never end, floods of connections and of errors."""

from __future__ import annotations

import http.client
import logging
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gargalo import explorer
from gargalo.explorer import connections

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<p>here</p>")
    return folder


def ask(port: int) -> int:
    """The status of the page."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def is_closed(connection: socket.socket, within: float) -> bool:
    """Does the other side end this connection, after what it may answer?"""
    connection.settimeout(within)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize(
    ("begins", "trickles"),
    [
        (b"", b""),
        (b"GET / HT", b""),
        (b"GET / HTTP/1.1\r\nHost: %s\r\n", b"X-A: 1\r\n"),
        (b"POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\n\r\n", b"a"),
        (b"GET / HTTP/1.1\r\nHost: %s\r\n\r\nGET / HTTP/1.1\r\n", b"X-A: 1\r\n"),
    ],
)
def test_a_request_that_never_ends_is_closed(site, monkeypatch, begins, trickles):
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    with explorer.served(site) as url:
        port = urlsplit(url).port
        with socket.create_connection((HOST, port)) as slow:
            began = time.monotonic()
            slow.sendall(begins.replace(b"%s", f"{HOST}:{port}".encode()))
            closed = False
            while not closed and time.monotonic() - began < 5:
                closed = is_closed(slow, 0.1)
                if not closed and trickles:
                    try:
                        slow.sendall(trickles)
                    except ConnectionError:
                        closed = True
            assert closed and time.monotonic() - began < 3
        assert ask(port) == 200


def test_an_answer_that_nobody_reads_is_given_up(site, monkeypatch):
    monkeypatch.setattr(connections, "READING", 0.5)
    (site / "large.bin").write_bytes(bytes(2**25))
    with explorer.served(site) as url:
        port = urlsplit(url).port
        ask = f"GET /large.bin HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode()
        with socket.create_connection((HOST, port)) as idle, socket.create_connection((HOST, port)) as slow:
            idle.sendall(ask)
            slow.sendall(ask)
            got = 0
            for _ in range(20):  # somebody who reads, slowly, is not given up
                got += len(slow.recv(2**20))
                time.sleep(0.1)
            slow.settimeout(5)
            while part := slow.recv(2**20):
                got += len(part)
                if got > 2**25:
                    break
            assert got > 2**25
            idle.settimeout(5)
            read = 0
            with suppress(ConnectionError):
                while part := idle.recv(2**20):
                    read += len(part)
            assert read < 2**25


def test_a_request_that_is_whole_is_waited_for_no_longer(site, monkeypatch):
    """A connection is used again after longer than a request may take."""
    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    with explorer.served(site) as url:
        kept = http.client.HTTPConnection(HOST, urlsplit(url).port, timeout=10)
        for _ in range(3):
            kept.request("GET", "/")
            answer = kept.getresponse()
            assert (answer.status, answer.read()) == (200, b"<p>here</p>")
            first = kept.sock
            time.sleep(0.5)
        assert kept.sock is first
        kept.close()


def test_patience_is_ten_seconds():
    assert connections.PATIENCE == 10


@pytest.mark.skipif(connections.resource is None, reason="Windows has no such limit")
def test_more_connections_than_files(site):
    """With 200 files, asyncio said a hundred times that it had none left, and answered nobody."""
    code = (
        "import resource, sys; from pathlib import Path; from gargalo import explorer\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))\n"
        "explorer.serve(Path(sys.argv[1]), 0, lambda url: print(url, flush=True))\n"
    )
    command = [sys.executable, "-c", code, site]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        port = urlsplit(server.stdout.readline().strip()).port
        assert port and ask(port) == 200
        with ExitStack() as flood:
            for _ in range(300):
                try:
                    flood.enter_context(socket.create_connection((HOST, port), timeout=0.2))
                except OSError:  # it waits
                    break
            time.sleep(0.5)
        time.sleep(0.5)
        assert ask(port) == 200, "it goes on"
    finally:
        server.terminate()
        told = server.communicate(timeout=20)[1]
    assert len(told.splitlines()) <= 1, told


def test_a_flood_of_errors_is_one_line():
    log, told = logging.getLogger("uvicorn.error"), []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(logging.Formatter().format(record))
    log.addHandler(handler)
    try:
        with connections.one_line_each():
            for i in range(1000):
                try:
                    raise OSError(24, f"Too many open files {i}")
                except OSError:
                    log.exception("Exception in ASGI application\n")
            log.error("another")
        log.error("another")
    finally:
        log.removeHandler(handler)
    first = "gargalo: Exception in ASGI application (OSError: [Errno 24] Too many open files 0)"
    assert told == [first, "gargalo: another", "another"], "and as before afterwards"
