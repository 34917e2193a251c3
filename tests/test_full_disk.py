"""A full disk, wherever it is met: what was there stays, nothing half-written does, and one line says what was free."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gargalo import open_run, train
from gargalo.data import as_dataset
from gargalo.data.readers import Request
from gargalo.data.readers.decoding import Decoder
from gargalo.data.readers.folder import read_folder
from gargalo.errors import GargaloError
from gargalo.explorer.publishing import publish
from gargalo.explorer.writing import SiteWriter
from gargalo.export import export

MEGABYTE = 2**20
VERBS = {
    "encode": ["encode", "{run}", "{data}", "--out", "{out}/z.npy"],
    "encode-csv": ["encode", "{run}", "{data}", "--out", "{out}/z.csv"],
    "encode-parquet": ["encode", "{run}", "{data}", "--out", "{out}/z.parquet"],
    "map": ["map", "{run}", "--out", "{out}/map.png"],
    "report": ["report", "{run}", "--out", "{out}/report.html"],
    "publish": ["publish", "{run}", "--out", "{out}/site"],
    "sample": ["sample", "{run}", "-n", "500", "--out", "{out}/drawn.npy"],
    "reconstruct": ["reconstruct", "{run}", "{data}", "--out", "{out}/back.npy"],
    "reconstruct-folder": ["reconstruct", "{run}", "{photos}", "--out", "{out}/back"],
    "cache": ["inspect", "{photos}"],
    "train": [
        "train",
        "{data}",
        "-m",
        "vae",
        "--epochs",
        "2",
        "--widths",
        "64",
        "--save-every",
        "0",
        "--out",
        "{out}/r",
    ],
}
"""What is written to the full disk; the run, and the cache, lie on it as well."""
NEW = ("publish", "train", "cache", "reconstruct-folder")
"""Verbs that find nothing of an earlier call: their folder must be new, or the cache has what they would write."""


@pytest.fixture(scope="module")
def kept(digits, tmp_path_factory) -> Path:
    """A run, its data and photos, on a disk that has room."""
    folder = tmp_path_factory.mktemp("kept")
    some = np.r_[0:400, 1500:1600]
    few = as_dataset(digits.x[some], digits.y[some], name="few", split=digits.split[some])
    train(few, "vae", out=folder / "run", epochs=1, widths=(64,), latent_dim=4, progress=False)
    np.save(folder / "x.npy", np.asarray(few.x))
    (folder / "photos").mkdir()
    for i, picture in enumerate(few.x[:60]):
        Image.fromarray(picture).save(folder / "photos" / f"{i}.png")
    return folder


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of its own, of 48 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], capture_output=True)
    if made.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def contents(folder: Path) -> dict[str, str]:
    """Every file but locks, by what is in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (".lock", ".used"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def leave(disk: Path, free: int) -> None:
    """Fill the disk, but for so many bytes."""
    (disk / "ballast").unlink(missing_ok=True)
    with (disk / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, shutil.disk_usage(disk).free - free))


def typed(verb: str, kept: Path, disk: Path) -> list[str]:
    places = {"run": disk / "run", "data": kept / "x.npy", "photos": kept / "photos", "out": disk / "out"}
    return [part.format(**places) for part in VERBS[verb]]


def fill_and_run(verb: str, kept: Path, disk: Path, say, sizes: int, seed: int = 0) -> int:
    """Run a verb with random room on the disk, and see what it leaves; how often there was too little."""
    chance, command = random.Random(seed), typed(verb, kept, disk)

    def fresh() -> None:
        for path in disk.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(kept / "run", disk / "run")
        (disk / "out").mkdir()

    fresh()
    before = shutil.disk_usage(disk).free
    assert say(*command)[0] == 0
    took = before - shutil.disk_usage(disk).free
    assert took > 0
    full = 0
    for _ in range(sizes):
        if verb in NEW:
            fresh()
        old = contents(disk / "out")
        leave(disk, chance.randrange(took))
        status, _, error = say(*command)
        told = f"{verb}: {error}"
        assert not [path for path in disk.rglob("*") if ".partial" in path.name], told
        if status:
            full += 1
            assert status == 2, told
            assert error.startswith("gargalo: "), told
            assert str(disk) in error and "MB free" in error, told
            found = contents(disk / "out")
            if verb != "train":  # whose checkpoints stay, so that it goes on
                assert {name: found[name] for name in old} == old, told
            if verb == "publish":
                assert not (disk / "out" / "site").exists(), told
        (disk / "ballast").unlink()
        again = [*command, "--resume"] if verb == "train" else command
        assert say(*again)[0] == 0, f"{verb}, when there is room"
    return full


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("verb", VERBS)
def test_ten_full_disks(verb, kept, disk, say, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk / "cache"))
    assert fill_and_run(verb, kept, disk, say, 10) >= 1


@pytest.mark.long
def test_ten_full_disks_under_an_export(kept, disk, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk / "cache"))
    run, out, chance = open_run(kept / "run"), disk / "onnx", random.Random(0)
    raw = np.asarray(run.examples.x[:4])
    before = shutil.disk_usage(disk).free
    export(run.fitted, raw, out)
    took, old, full = before - shutil.disk_usage(disk).free, contents(out), 0
    for _ in range(10):
        shutil.rmtree(disk / "cache", ignore_errors=True)
        leave(disk, chance.randrange(took // 2))
        try:
            export(run.fitted, raw, out)
        except GargaloError as error:
            full += 1
            assert re.search(r"onnx: cannot be written .* Expected \d+ MB\. Found \d+ MB free", str(error))
        assert contents(out).keys() == old.keys()
        assert not [path for path in disk.rglob("*") if ".partial" in path.name]
        (disk / "ballast").unlink()
        export(run.fitted, raw, out)
    assert full


@pytest.mark.parametrize("verb", ["encode", "sample"])
def test_a_full_disk(verb, kept, disk, say, monkeypatch):
    """What numpy says of it is "400 requested and 300 written", without an error's number."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk / "cache"))
    assert fill_and_run(verb, kept, disk, say, 2) >= 1


def test_a_file_that_may_not_be_so_large(kept, say, tmp_path):
    """RLIMIT_FSIZE: the signal that would kill is ignored, as Python does."""
    resource = pytest.importorskip("resource")
    out = tmp_path / "z.npy"
    command = ["encode", kept / "run", kept / "x.npy", "--out", out]
    assert say(*command)[0] == 0
    old, before = out.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    try:
        status, _, error = say(*command)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert status == 2
    assert error == (
        f"gargalo: {out}: cannot be written (File too large). Files here may not be so large; raise the limit"
        " (ulimit -f), or choose another disk."
    )
    assert out.read_bytes() == old and [path.name for path in tmp_path.iterdir()] == ["z.npy"]


def test_a_site_on_a_full_disk_names_its_folder(kept, tmp_path, monkeypatch):
    def full(self: SiteWriter, runs: object, reference: object) -> None:
        (self.folder / "data").mkdir()
        (self.folder / "data" / "half").write_bytes(bytes(3_000_000))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SiteWriter, "write", full)
    out = tmp_path / "site"
    with pytest.raises(GargaloError) as caught:
        publish([open_run(kept / "run")], out)
    told = re.fullmatch(
        r"(.*): cannot be written \(No space left on device\)\. Expected (\d+) MB\. .*", str(caught.value)
    )
    assert told and told[1] == str(out) and int(told[2]) >= 3
    assert not out.exists()


def test_a_decoding_without_room_for_its_log_says_so(kept, tmp_path, monkeypatch):
    """It said that a process had died, and by one of the files."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    real = Path.open

    def full(self: Path, mode: str = "r", *more: object, **named: object) -> object:
        if self.name == "done.jsonl" and "a" in mode:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, mode, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(
        GargaloError, match=r"done\.jsonl: cannot be written \(No space left on device\)\. Expected 1 MB"
    ):
        read_folder(kept / "photos", Request(), Decoder(2, at_once=8, pause=0))
