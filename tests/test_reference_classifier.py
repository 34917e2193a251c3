"""The reference classifier: trained once for a dataset, kept whole or not at all, for one process at a time."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from gargalo.data import as_dataset
from gargalo.errors import DataError, GargaloWarning
from gargalo.io import cache
from gargalo.io.reporter import Reporter
from gargalo.runs.reference_classifier import KIND, reference_classifier


class Told(Reporter):
    """Counts the trainings that it hears of."""

    def __init__(self) -> None:
        self.trained = 0

    def line(self, text: str) -> None:
        self.trained += "training a plain classifier" in text


@pytest.fixture
def few(digits, tmp_path, monkeypatch):
    """400 digits, and a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = np.r_[0:300, 1500:1600]
    return as_dataset(digits.x[rows], digits.y[rows], name="few", split=digits.split[rows])


def kept() -> Path:
    (folder,) = cache.place(KIND).iterdir()
    return folder


def test_it_is_trained_once_and_kept(few):
    told = Told()
    first, again = (reference_classifier(few, told) for _ in range(2))
    assert told.trained == 1
    assert np.array_equal(first.encode(few), again.encode(few))
    assert (first.classify(few).argmax(1) == few.y)[few.rows("test")].mean() > 0.6
    assert {path.name for path in kept().iterdir()} == {
        ".lock",
        "recipe.json",
        "weights.safetensors",
        "manifest.json",
    }


@pytest.mark.parametrize("name", ["weights.safetensors", "recipe.json", "manifest.json"])
def test_what_is_damaged_is_made_anew(few, name):
    whole, told = reference_classifier(few).encode(few), Told()
    file = kept() / name
    file.write_bytes(file.read_bytes()[:-7] + b"1234567")
    assert np.array_equal(reference_classifier(few, told).encode(few), whole)
    file.unlink()
    assert np.array_equal(reference_classifier(few, told).encode(few), whole)
    assert told.trained == 2


def test_what_is_half_made_is_never_seen(few):
    """Two that want it at once: one makes it, the other waits for the whole one."""
    told, found = Told(), []
    threads = [threading.Thread(target=lambda: found.append(reference_classifier(few, told))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.trained == 1
    assert np.array_equal(found[0].encode(few), found[1].encode(few))


def test_it_is_not_cleared_while_it_is_used(few):
    reference_classifier(few)
    with FileLock(kept() / ".lock"):
        cache.clear_cache()
        assert (kept() / "weights.safetensors").is_file()
    cache.clear_cache()
    assert not (kept() / "weights.safetensors").exists()


def test_it_counts_for_the_limit_of_the_cache(few, monkeypatch):
    reference_classifier(few)
    old = kept()
    os.utime(old, (0, 0))
    time.sleep(0.01)
    monkeypatch.setenv("GARGALO_CACHE_GB", "0.0006")
    entry = cache.place("pictures", "new")
    entry.mkdir(parents=True)
    cache.make_room(500_000, entry, "decoded pictures")
    assert not (old / "weights.safetensors").exists(), "what was used longest ago is gone, of whatever kind"
    with pytest.raises(DataError, match=r"at most 0\.0006 GB\. Found 0\.0007 GB of things; set GARGALO_CACHE_GB"):
        cache.make_room(700_000, entry, "things")


def test_without_a_cache_it_is_used_once(few, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    told = Told()
    with pytest.warns(GargaloWarning, match="cannot be written"):
        assert reference_classifier(few, told).encode(few).shape == (400, 16)
    assert told.trained == 1


def test_a_cache_that_cannot_be_written_to_is_read(few):
    """As one that an administrator filled. Root may write everywhere, so what refuses it here is a lock in the way."""
    whole, told = reference_classifier(few).encode(few), Told()
    (kept() / ".lock").unlink()
    (kept() / ".lock").mkdir()
    assert np.array_equal(reference_classifier(few, told).encode(few), whole)
    assert told.trained == 0


def test_without_labels_there_is_none(few):
    assert reference_classifier(as_dataset(few.x)) is None
