"""Fetching MNIST and its kin: from a server on this machine that lies in every way, and from one that does not."""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.server
import io
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gargalo.data import load_data
from gargalo.data.readers import fetch, mnist
from gargalo.data.readers.idx import write_idx
from gargalo.errors import DataError
from gargalo.io import cache

RNG = np.random.default_rng(0)
CONTENT = {
    "train-images-idx3-ubyte": RNG.integers(0, 256, (20, 4, 5), np.uint8),
    "train-labels-idx1-ubyte": np.arange(20, dtype=np.uint8) % 10,
    "t10k-images-idx3-ubyte": RNG.integers(0, 256, (6, 4, 5), np.uint8),
    "t10k-labels-idx1-ubyte": np.arange(6, dtype=np.uint8),
}


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths that were asked for. What it does is the first part of a path."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GARGALO_DATA", raising=False)
    files, asked = {}, []
    for name, array in CONTENT.items():
        write_idx(tmp_path / "made.gz", array)
        files[f"{name}.gz"] = (tmp_path / "made.gz").read_bytes()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            _, how, name = self.path.split("/")
            body = files[name]
            if how == "gone":
                self.send_error(404)
                return
            if how == "wrong":
                body = gzip.compress(gzip.decompress(body)[:-1] + b"!")
            self.send_response(200)
            if how == "huge":
                self.send_header("Content-Length", "9" * 5000)
            elif how != "endless":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                if how == "drip":
                    for i in range(len(body)):
                        self.wfile.write(body[i : i + 1])
                        time.sleep(0.05)
                elif how == "silent":
                    time.sleep(2)
                elif how == "endless":
                    while True:
                        self.wfile.write(bytes(2**16))
                else:
                    self.wfile.write(body[: len(body) // 2] if how == "short" else body)
            except ConnectionError:
                pass

        def log_message(self, *_: object) -> None:
            pass

    hashes = {name: hashlib.sha256(gzip.decompress(files[f"{name}.gz"])).hexdigest() for name in CONTENT}
    zipped = {name: hashlib.sha256(files[f"{name}.gz"]).hexdigest() for name in CONTENT}
    monkeypatch.setitem(mnist.SETS, "mnist", mnist.SETS["mnist"]._replace(files=hashes))
    monkeypatch.setitem(mnist.SETS, "kmnist", mnist.SETS["kmnist"]._replace(zipped=zipped))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def mirrors(monkeypatch: pytest.MonkeyPatch, name: str, *urls: str) -> None:
    monkeypatch.setitem(mnist.SETS, name, mnist.SETS[name]._replace(mirrors=tuple(f"{url}/" for url in urls)))


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("name", ["mnist", "kmnist"])
@pytest.mark.parametrize("lie", ["wrong", "short", "gone", "refused"])
def test_a_mirror_that_lies_is_refused_and_the_next_one_used(server, monkeypatch, name, lie):
    url, asked = server
    first = closed_port() if lie == "refused" else f"{url}/{lie}"
    mirrors(monkeypatch, name, first, f"{url}/good")
    source = load_data(name)
    assert source.spec.counts == {"train": 20, "validation": 0, "test": 6}
    np.testing.assert_array_equal(source.x[20:], CONTENT["t10k-images-idx3-ubyte"])
    assert source.class_names[1] == ("1" if name == "mnist" else "ki")
    assert sum("/good/" in path for path in asked) == 4
    # What is in the cache is what was verified, and is not asked for again.
    assert sorted(p.name for p in cache.place("sets", name).iterdir() if p.suffix) == [
        f"{n}.gz" for n in sorted(CONTENT)
    ]
    asked.clear()
    assert load_data(name).fingerprint == source.fingerprint
    assert asked == []


def test_what_no_mirror_has_is_told_with_the_way_by_hand(server, monkeypatch):
    url, _ = server
    mirrors(monkeypatch, "mnist", f"{url}/wrong", f"{url}/gone", closed_port())
    with pytest.raises(
        DataError, match=r"from one of 3 mirrors\. Found none that serves it .*name it by data_dir"
    ) as caught:
        load_data("mnist")
    message = str(caught.value)
    for told in ("expected sha256", "404", "Connection refused"):
        assert told in message
    assert "\n" not in message
    assert [p for p in cache.place("sets", "mnist").iterdir() if p.name != ".lock"] == []


@pytest.mark.parametrize(
    ("how", "told"),
    [("drip", "bytes in 1 seconds"), ("silent", "timed out"), ("endless", "more than 1000000 bytes"), ("huge", "127")],
)
def test_a_mirror_that_is_slow_or_sends_without_end_is_given_up(server, monkeypatch, how, told):
    url, _ = server
    monkeypatch.setattr(fetch, "TIMEOUT", 0.5)
    monkeypatch.setattr(fetch, "MOST", 1_000_000)
    mirrors(monkeypatch, "mnist", f"{url}/{how}")
    began = time.monotonic()
    with pytest.raises(DataError, match=told):
        load_data("mnist")
    assert time.monotonic() - began < 4
    assert [p for p in cache.place("sets", "mnist").iterdir() if p.name != ".lock"] == []
    mirrors(monkeypatch, "mnist", f"{url}/{how}", f"{url}/good")
    assert load_data("mnist").spec.counts["train"] == 20


def test_what_the_cache_lost_is_fetched_anew(server, monkeypatch):
    url, asked = server
    mirrors(monkeypatch, "mnist", f"{url}/good")
    before = load_data("mnist")
    kept = cache.place("sets", "mnist") / "t10k-labels-idx1-ubyte.gz"
    kept.write_bytes(kept.read_bytes()[:-3])
    asked.clear()
    assert load_data("mnist").fingerprint == before.fingerprint
    assert asked == ["/good/t10k-labels-idx1-ubyte.gz"]


def test_a_fetch_is_told_of(server, monkeypatch, say, tmp_path, capsys):
    url, _ = server
    mirrors(monkeypatch, "kmnist", f"{url}/good")
    load_data("kmnist", progress=True)
    assert "fetching train-images-idx3-ubyte.gz of kmnist from 127.0.0.1" in capsys.readouterr().err


def test_a_full_disk_is_no_fault_of_a_mirror(server, monkeypatch, say):
    class Full(io.FileIO):
        def write(self, _) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    opened = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda path, mode="r", *more, **kinds: (
            Full(path, mode) if ".partial-" in path.name and "w" in mode else opened(path, mode, *more, **kinds)
        ),
    )
    url, asked = server
    mirrors(monkeypatch, "mnist", f"{url}/good", f"{url}/wrong")
    status, _, err = say("inspect", "mnist")
    assert status == 2 and "No space left on device). The disk is full; free some space." in err
    assert len(asked) == 1 and not list(cache.place().rglob(".partial-*"))
