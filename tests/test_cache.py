"""The user's cache: what is in use stays, what is damaged is made anew, and its room is taken before it is used."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gargalo import load_data
from gargalo.errors import GargaloError, GargaloWarning
from gargalo.io import cache
from gargalo.io.environment import number_in, whole_number_in
from gargalo.io.files import allocate

RNG = np.random.default_rng(0)


@pytest.fixture
def photos(tmp_path, monkeypatch) -> Path:
    """Pictures, and a cache of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    for i in range(12):
        Image.fromarray(RNG.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / "photos" / f"{i}.png")
    return tmp_path / "photos"


def the_entry() -> Path:
    (entry,) = cache.place("pictures").iterdir()
    return entry


def test_what_is_in_use_is_not_cleared(photos):
    found = load_data(photos)
    before = np.array(found.x)
    cache.clear_cache()
    assert (the_entry() / "pixels.npy").is_file() and np.array_equal(found.x, before)
    # Nor by another process, nor to make room.
    clear = "from gargalo.io.cache import clear_cache; clear_cache()"
    subprocess.run([sys.executable, "-c", clear], check=True, env=os.environ)
    assert (the_entry() / "pixels.npy").is_file()
    part = found.x[2:4]
    del found
    cache.clear_cache()
    assert (the_entry() / "pixels.npy").is_file(), "a part of it is still there"
    assert np.array_equal(part, before[2:4])
    del part
    cache.clear_cache()
    assert not (the_entry() / "pixels.npy").is_file()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"did": {}, "skipped": [[1e999, "x"]]}',
        '{"did": [], "skipped": 3}',
        '{"did": {"x": "y"}, "skipped": []}',
        '{"did": {}, "skipped": [["a", "b"]]}',
    ],
)
def test_a_damaged_list_is_made_anew(photos, content):
    before = np.array(load_data(photos).x)
    (the_entry() / "index.json").write_text(content)
    assert np.array_equal(load_data(photos).x, before)


@pytest.mark.parametrize(
    "line",
    [
        "3",
        "{}",
        '{"start": "a", "stop": 3, "did": {}, "skipped": []}',
        '{"start": 0, "stop": 999, "did": {}, "skipped": []}',
        '{"start": 0, "stop": 12, "did": {}, "skipped": [[99, "x"]]}',
        "[" * 100_000,
    ],
)
def test_what_an_interruption_left_is_not_believed(photos, line):
    before = np.array(load_data(photos).x)
    (the_entry() / "index.json").unlink()
    (the_entry() / "done.jsonl").write_text(line + "\n")
    assert np.array_equal(load_data(photos).x, before)


def test_a_file_in_the_place_of_an_entry_is_no_obstacle(photos):
    before = np.array(load_data(photos).x)
    entry = the_entry()
    for inside in entry.iterdir():
        inside.unlink()
    entry.rmdir()
    entry.write_text("no folder")
    assert np.array_equal(load_data(photos).x, before)


def test_the_room_of_a_map_is_taken_before_it_is_written_to(tmp_path):
    path = tmp_path / "x.npy"
    np.lib.format.open_memmap(path, "w+", np.uint8, (2**20,)).flush()
    assert path.stat().st_blocks * 512 < 2**20, "a file with holes"
    allocate(path)
    assert path.stat().st_blocks * 512 >= 2**20 and not np.load(path).any()


def test_the_room_of_a_map_is_taken_where_the_system_cannot(tmp_path, monkeypatch):
    def cannot(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Not supported")

    monkeypatch.setattr(os, "posix_fallocate", cannot)
    path = tmp_path / "x.bin"
    with path.open("wb") as file:
        file.write(b"begin")
        file.truncate(5000)
    allocate(path)
    assert path.read_bytes() == b"begin" + bytes(4995) and path.stat().st_blocks * 512 >= 5000


def test_a_full_disk_is_told_in_a_line(photos, monkeypatch):
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(GargaloError, match=r"pixels\.npy: cannot be written \(No space.*\)\. Expected 1 MB\. Found"):
        load_data(photos)
    monkeypatch.undo()


def test_a_file_that_may_not_be_so_large_is_told_in_a_line(photos):
    """The limit of a process stands for the disk that is full under a map, where a signal would end it."""
    code = (
        "import resource, signal, sys; from gargalo.cli.main import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))\n"
        f"sys.argv = ['gargalo', 'inspect', {str(photos)!r}]; raise SystemExit(main())"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr and "cannot be written" in done.stderr


@pytest.mark.parametrize("text", ["abc", "nan", "-1", "1e", "0x4"])
def test_a_variable_that_is_no_number_is_named(text, monkeypatch):
    monkeypatch.setenv("GARGALO_CACHE_GB", text)
    with pytest.raises(GargaloError, match=rf"GARGALO_CACHE_GB: expected a number of at least 0\. Found '{text}'"):
        number_in("GARGALO_CACHE_GB", 20)


def test_numbers_of_the_environment(monkeypatch, say):
    monkeypatch.setenv("GARGALO_CACHE_GB", "inf")
    assert number_in("GARGALO_CACHE_GB", 20) == float("inf")
    monkeypatch.setenv("RANK", "1.5")
    with pytest.raises(GargaloError, match=r"RANK: expected a whole number\. Found '1\.5'"):
        whole_number_in("RANK", 0)
    monkeypatch.setenv("RANK", "")
    assert whole_number_in("RANK", 0) == 0


def test_a_cache_without_a_limit(photos, monkeypatch):
    monkeypatch.setenv("GARGALO_CACHE_GB", "inf")
    assert len(load_data(photos)) == 12
    assert json.loads((the_entry() / "index.json").read_text())["skipped"] == []


def test_a_cache_that_cannot_be_written_is_done_without(photos, read_only, monkeypatch):
    before = np.array(load_data(photos).x)
    monkeypatch.setenv("XDG_CACHE_HOME", str(read_only / "cache"))
    with pytest.warns(GargaloWarning, match=r"cannot be written\. What is decoded or fetched is kept in") as told:
        assert np.array_equal(load_data(photos).x, before)
        assert np.array_equal(load_data(photos).x, before)
    assert len([one for one in told if one.category is GargaloWarning]) == 1
    assert list(read_only.iterdir()) == []


@pytest.mark.long
def test_a_home_that_cannot_be_written(photos, read_only, tmp_path):
    """As in a container of somebody without a home: every verb works, and says no more than it should."""
    (tmp_path / "here").mkdir()
    size = ["--epochs", "1", "--widths", "16", "--latent-dim", "2"]
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("XDG_")}
    for command in (
        ["train", photos, *size, "--out", "run"],
        ["info", "run"],
        ["reconstruct", "run", photos, "--out", "back"],
        ["map", "run", "--out", "map.png"],
        ["report", "run", "--out", "report.html"],
        ["publish", "run", "--out", "site"],
        ["resume", "run"],
        ["cache", "clear"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "gargalo", *map(str, command)],
            env=environment | {"HOME": str(read_only)},
            cwd=tmp_path / "here",
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr and "atplotlib" not in done.stderr, done.stderr
    assert list(read_only.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="there is no such device")
def test_a_home_that_is_a_device(photos, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    with pytest.warns(GargaloWarning, match="cannot be written"):
        assert len(load_data(photos)) > 0
