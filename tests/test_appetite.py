"""A small file that decodes to gigabytes: what is taken is held under a budget, in all processes together."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gargalo import load_data
from gargalo.data.readers.pictures import images, memory
from gargalo.errors import DataError

COLOURS = {"grey16": (16, 0, 1), "rgba": (8, 6, 4), "grey": (8, 0, 1), "palette": (8, 3, 1)}
"""Bits, what PNG calls it, and channels."""
MEASURED = """
import json, os, sys, time, psutil, subprocess
from pathlib import Path
watched = subprocess.Popen([sys.executable, "-c", sys.argv[1], *sys.argv[2:]], stdout=subprocess.PIPE, text=True)
process, most = psutil.Process(watched.pid), 0
while watched.poll() is None:
    taken = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            found = one.memory_info()
            taken += found.rss - found.shared  # what is shared is there once: files, and the pixels in the cache
        except psutil.Error:
            pass
    most = max(most, taken)
    time.sleep(0.01)
print(json.dumps([most, watched.returncode, watched.stdout.read()]))
"""
EIGHT = """
import sys
from pathlib import Path
from gargalo.data.readers import Request, folder
from gargalo.data.readers.decoding import Decoder
from gargalo.errors import GargaloError
try:
    found = folder.read_folder(Path(sys.argv[1]), Request(), Decoder(8, at_once=1))
    print(len(found))
except GargaloError as error:
    print(error)
"""
LOAD = """
import sys, gargalo
try:
    print(len(gargalo.load_data(sys.argv[1])))
except gargalo.GargaloError as error:
    print(error)
"""


def taken_by(code: str, *arguments: object, cache: Path) -> tuple[int, str]:
    """The bytes that a program and its children take together at most, looked up every 10 ms; and what it prints."""
    command = [sys.executable, "-c", MEASURED, code, *map(str, arguments)]
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    most, status, said = json.loads(done.stdout)
    assert status == 0, done.stderr
    return most, said


def black_png(path: Path, kind: str, side: int) -> Path:
    """A picture of zeros, of which a thousandth is left."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    bits, color, channels = COLOURS[kind]
    row, packing = bytes(1 + side * channels * bits // 8), zlib.compressobj(9)
    body = b"".join([*(packing.compress(row) for _ in range(side)), packing.flush()])
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, bits, color, 0, 0, 0))
    head += chunk(b"PLTE", bytes(768)) if color == 3 else b""
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("kind", ["grey16", "rgba"])
def test_what_it_takes_to_decode_is_little_more_than_the_picture(tmp_path, kind):
    """19 bytes a pixel were taken of 16 bits, and 13 of RGBA."""
    path = black_png(tmp_path / "a.png", kind, 3000)
    assert path.stat().st_size < 2**17
    code = (
        "import resource, sys; from pathlib import Path; import numpy, ctypes\n"
        "from gargalo.data.readers.pictures.images import Wanted, decode\n"
        "def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        f"before = most(); decode(Path(sys.argv[1]), Wanted((64, 64), 'crop', {'16' if kind == 'grey16' else '8'!r}))\n"
        "print((most() - before) / 3000**2)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert float(done.stdout) < {"grey16": 2, "rgba": 4}[kind] + 1.5


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_in_strips_it_is_the_same(tmp_path, mode, monkeypatch):
    rng = np.random.default_rng(0)
    channels = {"L": 1, "P": 1, "RGB": 3, "RGBA": 4, "CMYK": 4, "LA": 2, "I;16": 1}[mode]
    shape = (217, 301) if channels == 1 else (217, 301, channels)
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65536, shape, np.uint16))
    else:
        image = Image.frombytes(mode, (301, 217), rng.integers(0, 256, shape, np.uint8).tobytes())
    monkeypatch.setattr(memory, "STRIP", 301 * 10)

    def change(part: Image.Image) -> Image.Image:
        return images._plain(part, [])

    assert memory.reduced(image, 3, change).tobytes() == change(image).reduce(3).tobytes()
    assert memory.reduced(image, 1, change).tobytes() == change(image).tobytes()


def test_what_is_beyond_the_budget_is_skipped_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "BUDGET", 2**24)
    (tmp_path / "p").mkdir()
    for i in range(40):
        black_png(tmp_path / "p" / f"{i}.png", "grey", 64)
    black = Image.new("RGB", (2100, 2100))
    black.save(tmp_path / "p" / "large.webp", lossless=True, method=0)
    black.save(tmp_path / "p" / "scans.jpg", progressive=True, subsampling=0)
    black.save(tmp_path / "p" / "usual.jpg")
    found = load_data(tmp_path / "p")
    assert found.skipped == (
        ("large.webp", "decoding takes 71 MB of memory, more than 16"),
        ("scans.jpg", "decoding takes 28 MB of memory, more than 16"),
    )


def test_who_needs_much_decodes_alone(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    (tmp_path / "file").touch()
    with (tmp_path / "file").open("rb") as mine, (tmp_path / "file").open("rb") as other:
        held = memory.Memory(4, mine)
        with held:
            held.take(memory.BUDGET // 4, 1)
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(other, fcntl.LOCK_UN)
        with held:
            held.take(memory.BUDGET // 3, 1)
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_parquet_file_of_constants_is_no_small_file(tmp_path):
    pl = pytest.importorskip("polars")
    path = tmp_path / "x.parquet"
    pl.DataFrame({"a": pl.repeat(1, 20_000_000, dtype=pl.Int8, eager=True)}).write_parquet(path)
    size = path.stat().st_size
    with pytest.raises(DataError) as caught:
        load_data(path)
    assert str(caught.value) == (
        f"{path}: expected a Parquet file that unpacks to what its {size} bytes can hold. It announces 20,000,000 rows"
        " of 1 columns. If they are really yours, save them as .csv."
    )
    pl.DataFrame({"a": pl.repeat(1, 500_000, eager=True), "b": np.arange(500_000) % 7}).write_parquet(path)
    assert len(load_data(path)) == 500_000


@pytest.mark.long
def test_a_nested_column_is_not_read(tmp_path):
    pl = pytest.importorskip("polars")
    path = tmp_path / "x.parquet"
    pl.DataFrame({"a": [1.0, 2.0, 4.0], "b": [[1] * 20_000_000, [2], []], "c": [b"1", b"2", b"3"]}).write_parquet(path)
    most, said = taken_by(LOAD, path, cache=tmp_path / "cache")
    assert said == "3\n" and most < 300e6


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", ["grey16.png", "rgba.png", "palette.png", "a.gif", "a.tif", "a.webp", "scans.jpg"])
def test_eight_at_once_take_less_than_a_gigabyte(tmp_path, name):
    side, root = 10_000, tmp_path / "photos"
    root.mkdir()
    first = root / f"0{Path(name).suffix}"
    if name.endswith(".png"):
        black_png(first, Path(name).stem, side)
    else:
        mode = {"a.gif": "P", "a.tif": "I;16", "a.webp": "RGB", "scans.jpg": "RGB"}[name]
        side = 5000 if name == "a.webp" else side
        more = {"a.tif": {"compression": "tiff_adobe_deflate", "tiffinfo": {278: side}}, "a.webp": {"lossless": True}}
        more["scans.jpg"] = {"progressive": True, "quality": 10}
        Image.new(mode, (side, side)).save(first, **more.get(name, {}))
    assert first.stat().st_size < 1e6
    for i in range(1, 10):
        (root / f"{i}{first.suffix}").symlink_to(first)
    most, said = taken_by(EIGHT, root, cache=tmp_path / "cache")
    assert said == "10\n"
    assert most < 1e9


@pytest.mark.long
@pytest.mark.parametrize("dtype", ["int8", "uint8", "float16", "float64"])
def test_an_archive_takes_less_than_a_gigabyte(tmp_path, dtype):
    """The largest that are believed, and one that is not."""
    for megabytes, is_read in ((66, True), (140, False)):
        path = tmp_path / f"{megabytes}.npz"
        np.savez_compressed(path, x=np.zeros((megabytes * 10**6 // 500 // np.dtype(dtype).itemsize, 500), dtype))
        most, said = taken_by(LOAD, path, cache=tmp_path / "cache")
        assert most < 1e9
        assert said.strip().isdigit() == is_read
