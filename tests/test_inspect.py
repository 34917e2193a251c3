"""gargalo inspect: what it says of data, and that it says everything."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

import gargalo
from gargalo import load_data
from gargalo.lang import words
from gargalo.reports.contact_sheet import contact_sheet
from gargalo.runs.reference_classifier import reference_classifier, reference_job

RNG = np.random.default_rng(0)


def picture(path: Path, mode: str = "L", size: tuple[int, int] = (20, 16), **more) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0], 3) if mode in ("RGB", "CMYK", "P") else (size[1], size[0])
    image = Image.fromarray(RNG.integers(0, 256, shape, np.uint8))
    (image.quantize(32) if mode == "P" else image.convert(mode)).save(path, **more)


def told(say, *arguments: object) -> dict:
    status, out, err = say("inspect", *arguments, "--json")
    assert status == 0, err
    return json.loads(out)


def keys(found: dict) -> set[str]:
    return {warning["key"] for warning in found["warnings"]}


@pytest.fixture
def faulty(tmp_path) -> Path:
    """A folder with every fault that a folder of pictures can have."""
    root = tmp_path / "photos"
    for label, n in (("cat", 40), ("dog", 2), ("fox", 1)):
        for i in range(n):
            picture(root / label / f"{i:02d}.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(root / "cat" / "turned.jpg", size=(16, 20), exif=exif)
    Image.fromarray(RNG.integers(0, 65536, (16, 20), np.uint16)).save(root / "cat" / "deep.png")
    picture(root / "cat" / "palette.png", "P")
    picture(root / "cat" / "clear.png", "LA")
    picture(root / "cat" / "print.jpg", "CMYK")
    frames = [Image.fromarray(RNG.integers(0, 256, (16, 20), np.uint8)) for _ in range(2)]
    frames[0].save(root / "cat" / "film.gif", save_all=True, append_images=frames[1:])
    picture(root / "cat" / "large.png", size=(200, 100))
    picture(root / "cat" / "colour.png", "RGB")
    picture(root / "cat" / "really.jpg")
    (root / "cat" / "really.jpg").rename(root / "cat" / "a_jpeg.png")
    copy = (root / "cat" / "00.png").read_bytes()
    (root / "cat" / "copy.png").write_bytes(copy)
    (root / "cat" / "cut.png").write_bytes(copy[: len(copy) // 2])
    (root / "cat" / "empty.png").write_bytes(b"")
    (root / "cat" / "page.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0")
    (root / "cat" / ".hidden.png").write_bytes(b"")
    (root / "cat" / "notes.txt").write_text("about cats")
    (root / "cat" / "loop").symlink_to(root)
    (root / "owl").mkdir()
    return root


def test_every_fault_of_a_folder_is_listed(faulty, say, tmp_path):
    found = told(say, faulty, "--size", "16x20", "--color", "grey", "-o", tmp_path / "sheet.png")
    did = {note["key"]: note["count"] for note in found["did"]}
    # A film in GIF has a palette, of greys.
    assert did == {
        "turned": 1,
        "deep": 1,
        "palette": 2,
        "transparent": 1,
        "cmyk": 1,
        "animated": 1,
        "resized": 1,
        "greyed": 3,
        "misnamed": 1,
        "skipped": 3,
        "other_files": 1,
        "empty_folder": 1,
        "copies": 1,
    }
    whys = dict(map(tuple, found["skipped"]))
    assert set(whys) == {"cat/cut.png", "cat/empty.png", "cat/page.png"}
    assert whys["cat/page.png"] == "EPS, which is never read"
    assert found["labels"] == {"cat": 50, "dog": 2, "fox": 1}
    assert found["copies"] == 1
    assert keys(found) == {"few", "uneven", "alone"}
    assert found["fault"].startswith(f"{faulty / 'owl'}: expected pictures in this sub-folder")
    assert found["cost"] is None
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 500


def test_the_cost_is_that_of_everything(digits, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    few = digits.take(np.r_[0:200, 1500:1560])
    cost = gargalo.inspect(few)["cost"]
    assert cost["classifier"] > 0 and cost["training"] > 0
    assert cost["seconds"] == pytest.approx(cost["training"] + cost["measuring"] + cost["classifier"], abs=0.2)
    assert reference_job(few) is not None  # nothing was trained
    wanted = reference_job(few).recipe
    assert wanted.model == "classifier" and wanted.training.epochs == 100
    unlabelled = replace(few, y=None, class_names=None)
    assert gargalo.inspect(unlabelled)["cost"]["classifier"] == 0 and reference_job(unlabelled) is None
    reference_classifier(few)
    assert reference_job(few) is None and gargalo.inspect(few)["cost"]["classifier"] == 0


@pytest.mark.parametrize("lang", ["en", "pt"])
def test_it_is_told_in_both_languages(faulty, say, lang):
    status, out, _ = say("inspect", faulty, "--lang", lang)
    assert status == 0
    assert "{" not in out
    assert ("pulado: cat/empty.png (empty file)" if lang == "pt" else "skipped: cat/empty.png (empty file)") in out


def test_good_data_get_their_cost_and_the_next_command(say):
    found = told(say, "mnist-10k")
    assert found["warnings"] == []
    assert found["fault"] is None
    assert found["splits"] == {"train": 10_000, "validation": 0, "test": 1000}
    assert found["labels"]["1"] == 1238
    assert 1 < found["cost"]["seconds"] < 600
    assert 1 < found["cost"]["megabytes"] < 200
    assert found["cost"]["measuring"] > 0
    assert found["command"] == "gargalo train mnist-10k --model vae"
    assert say("inspect", "mnist-10k")[1].count("\n") < 9


def test_ranges_that_spoil_a_model():
    bits = load_data(RNG.integers(0, 2, (50, 8, 8), np.uint8))
    assert "bits" in keys(gargalo.inspect(bits))
    dark = load_data(RNG.integers(0, 20, (50, 8, 8), np.uint8))
    assert "flat" in keys(gargalo.inspect(dark))
    wild = RNG.normal(size=(600, 3))
    wild[5, 1] = -999
    found = gargalo.inspect(load_data(wild))
    assert [w for w in found["warnings"] if w["key"] == "far"] == [{"key": "far", "column": "1", "n": 24}]


def test_examples_on_both_sides_are_found(tmp_path):
    x = RNG.integers(0, 256, (60, 12, 12), np.uint8)
    x[50] = x[3]
    x[51] = np.clip(x[4].astype(int) + RNG.integers(-3, 4, (12, 12)), 0, 255)
    np.savez(tmp_path / "x.npz", x_train=x[:50], x_test=x[50:])
    found = gargalo.inspect(load_data(tmp_path / "x.npz"))
    assert {"key": "leak", "n": 1} in found["warnings"]
    assert {"key": "near", "n": 1} in found["warnings"]
    # Dealt out by gargalo, copies are on one side.
    assert "leak" not in keys(gargalo.inspect(load_data(x)))


def test_a_table_is_described_column_by_column(tmp_path, say):
    frame = pl.DataFrame({"a": [1.0, None, 3.0] * 20, "b": ["x", "y", "y"] * 20, "target": range(60), "id": range(60)})
    frame.write_csv(tmp_path / "t.csv")
    found = told(say, tmp_path / "t.csv")
    a, b, *_ = found["columns"]
    assert a == {"name": "a", "kind": "number", "missing": 20, "min": 1, "mean": 2, "max": 3, "stddev": 1}
    assert b == {"name": "b", "kind": "category", "missing": 0, "names": {"x": 20, "y": 40}}
    assert {"key": "likely_label", "column": "target"} in found["warnings"]
    assert found["command"].endswith("--impute median")
    again = told(say, tmp_path / "t.csv", "--ignore", "b", "--ignore", "a", "--label", "b", "--parts", "60,20,20")
    assert again["command"].endswith("--label b --ignore b --ignore a --shares 0.6,0.2,0.2")
    assert again["splits"] == {"train": 36, "validation": 12, "test": 12}


def test_a_sheet_of_anything(tmp_path):
    for source in (load_data(RNG.normal(size=(40, 5))), load_data(RNG.integers(0, 256, (40, 9, 9, 3), np.uint8))):
        assert contact_sheet(source, words("pt")).startswith(b"\x89PNG")
