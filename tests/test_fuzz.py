"""Run folders from strangers: each hostile file ends as one line; see `tests/fuzz`."""

from __future__ import annotations

import json
import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from fuzz.__main__ import hostile
from fuzz.runs import Material, write_runs

import gargalo
from gargalo.errors import GargaloError, RunError
from gargalo.io.received import parsed, read_received
from gargalo.io.tensors import read_tensors, write_tensors
from gargalo.runs.verdict import verdict_of

LONG = int(os.environ.get("GARGALO_FUZZ", "60"))
"""Folders of the long test: about a second for each."""


@pytest.fixture(scope="module")
def material(tmp_path_factory) -> list[Material]:
    return write_runs(tmp_path_factory.mktemp("material"))


@pytest.fixture
def copy(material, tmp_path) -> Path:
    return Path(shutil.copytree(material[0].folder, tmp_path / "run"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders, and no alarm")
def test_what_was_changed_is_one_line(material, tmp_path):
    assert hostile(material, tmp_path, range(200), slow=None) == []


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders, and no alarm")
def test_what_was_changed_is_one_line_whatever_is_done(material, tmp_path):
    assert hostile(material, tmp_path, range(10_000, 10_000 + LONG)) == []


def rewritten(file: Path, **arrays: np.ndarray) -> None:
    """Other arrays, under the key that says that they are of these weights."""
    tensors, words = read_tensors(file)
    write_tensors(file, tensors | arrays, words)


def edited(file: Path, *place: str, value: object) -> None:
    content = json.loads(file.read_text())
    at = content
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = value
    file.write_text(json.dumps(content))


def refused(act) -> str:
    with pytest.raises(GargaloError) as error:
        act()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "array", "told"),
    [
        ("examples", {"y": np.full(18, -1)}, "y to hold numbers from 0 to 2"),
        ("examples", {"x": np.zeros((18, 8, 8), np.float32)}, "x to be uint8"),
        ("examples", {"x": np.zeros((17, 8, 8), np.uint8)}, "expected y of shape (17)|expected .* shape"),
        ("examples", {"x": np.zeros((18, 9, 8), np.uint8)}, "x of shape"),
        ("examples", {"display": np.zeros((18, 4, 4, 7), np.uint8)}, "pictures, grey or in colours"),
        ("latents", {"z": np.full((18, 2), np.nan, np.float32)}, "finite numbers"),
        ("latents", {"z": np.zeros((18, 3), np.float32)}, "z of shape"),
        ("latents", {"too": np.zeros(1, np.float32)}, "Found too too"),
        ("pca", {"back": np.zeros((1, 8, 8), np.uint8)}, "back of shape"),
        ("prior-gmm", {"weights": np.full(1, np.nan)}, "finite numbers|shapes"),
        ("prior-gmm", {"means": np.zeros((3, 3))}, "shapes"),
        ("map-pca", {"points": np.zeros((18, 3), np.float32)}, "points of shape"),
    ],
)
def test_arrays_that_do_not_fit(copy, name, array, told):
    file = next((copy / "space").glob(f"{name}*"))
    rewritten(file, **array)
    run = gargalo.open_run(copy)
    acts = {
        "examples": lambda: run.examples,
        "latents": lambda: run.latents,
        "pca": lambda: run.pca,
        "prior-gmm": lambda: run.prior("gmm"),
        "map-pca": lambda: run.map("pca"),
    }
    with pytest.raises(RunError, match=told):
        acts[name]()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("facts", "seconds"), "long"),
        (("facts", "epochs"), -1),
        (("metrics", "test_mse", "value"), "0.5"),
        (("metrics", "test_mse", "n"), 10**30),
        (("metrics",), [1]),
        (("facts", "priors"), 3),
    ],
)
def test_metrics_of_another_kind(copy, place, value):
    edited(copy / "metrics.json", *place, value=value)
    assert "metrics.json: expected JSON as a run writes it" in refused(lambda: gargalo.open_run(copy).metrics)


def test_what_metrics_lack_is_named(copy, tmp_path):
    content = json.loads((copy / "metrics.json").read_text())
    del content["metrics"]["test_mse"]
    (copy / "metrics.json").write_text(json.dumps(content))
    assert "expected test_mse" in refused(lambda: gargalo.report([copy], tmp_path / "r.html", "en"))


NO_LOSS = '{"epoch": 1, "train": {"loss": 1}, "validation": {"kl": 1}}'
"""Found by the fuzzer: what tells of an epoch looked for the loss."""


@pytest.mark.parametrize(
    "line",
    [
        "3",
        '{"epoch": 1}',
        '{"epoch": "x", "train": {}}',
        '{"epoch": 1, "train": [1]}',
        '{"epoch": 1, "train": {"kl": 1}}',
        NO_LOSS,
    ],
)
def test_a_history_of_another_kind(copy, line):
    (copy / "history.jsonl").write_text(line + "\n")
    assert "history.jsonl" in refused(lambda: verdict_of(gargalo.open_run(copy)) and gargalo.open_run(copy).history)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 3000 + "]" * 3000,
        "[" * 100_000,
        '{"a":' * 60 + "1" + "}" * 60,
        "9" * 5000,
        "9" * 40,
        "1" + "0" * 40 + ".5",
    ],
)
def test_json_without_end(text):
    with pytest.raises(ValueError, match=r"lists|characters") as error:
        parsed(text)
    assert "\n" not in str(error.value)


def test_brackets_in_texts_are_no_lists():
    content = {"a": "[" * 200 + '\\"{' * 50, "b": [[["]"]]]}
    assert parsed(json.dumps(content)) == content


def test_a_recipe_of_terabytes_is_refused_before_memory_is_taken(copy):
    edited(copy / "recipe.json", "net", "widths", value=[65536] * 16)
    assert "as the recipe says" in refused(lambda: gargalo.open_run(copy).model)
    edited(copy / "recipe.json", "data", "raw_shape", value=[2**24, 2**24])
    assert "numbers in one example" in refused(lambda: gargalo.open_run(copy))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders")
@pytest.mark.parametrize(
    "name", ["recipe.json", "metrics.json", "history.jsonl", "weights.safetensors", "space/examples.safetensors"]
)
def test_only_regular_files_of_the_run_are_opened(copy, name, tmp_path):
    def everything():
        run = gargalo.open_run(copy)
        return run.metrics, run.history, run.model, run.examples

    file = copy / name
    whole = (tmp_path / "outside", file.read_bytes())
    whole[0].write_bytes(whole[1])
    for replace, told in (
        (lambda: os.mkfifo(file), "regular file"),
        (lambda: file.mkdir(), "regular file"),
        (lambda: file.symlink_to("/dev/zero"), "leads out of it"),
        (lambda: file.symlink_to(whole[0]), "leads out of it"),
        (lambda: file.symlink_to(file), "cannot be read|leads out"),
    ):
        file.rmdir() if file.is_dir() else file.unlink(missing_ok=True)
        replace()
        with pytest.raises(RunError, match=told):
            everything()
    file.unlink()
    (copy / "elsewhere").write_bytes(whole[1])
    file.symlink_to(copy / "elsewhere")
    assert everything()
    (tmp_path / "link").symlink_to(copy)
    assert gargalo.open_run(tmp_path / "link").metrics


def test_a_file_that_is_too_large_is_not_read(copy):
    for name in ("recipe.json", "metrics.json", "history.jsonl", "weights.safetensors"):
        file = copy / name
        whole = file.read_bytes()
        os.truncate(file, 2**40)
        assert "expected at most" in refused(lambda: [(r := gargalo.open_run(copy)).metrics, r.history, r.model])
        file.write_bytes(whole)
    assert read_received(copy / "recipe.json", copy, 2**20)


def test_a_header_that_lies_takes_no_memory(tmp_path):
    for entry in (
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]},
        {"dtype": 3, "shape": [2], "data_offsets": [0, 8]},
    ):
        header = json.dumps({"z": entry}).encode()
        (tmp_path / "a").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
        assert "cannot be read" in refused(lambda: read_tensors(tmp_path / "a"))


def test_leftovers_and_links_do_not_block_a_training_or_lead_it_out(material, tmp_path):
    begun = next(one for one in material if one.folder.name == "begun")
    folder = Path(shutil.copytree(begun.folder, tmp_path / "run"))
    (folder / ".x.partial" / "deep").mkdir(parents=True)
    (folder / ".x.partial" / "deep" / "file").write_text("x")
    (folder / "space" / ".y.partial").mkdir(parents=True)
    (folder / "checkpoints" / ".partial").write_text("a file, where a folder is made")
    assert gargalo.resume(folder, begun.data, progress=False).metrics
    assert not list(folder.rglob(".*partial*"))
    for name in ("checkpoints", "space"):
        other = Path(shutil.copytree(begun.folder, tmp_path / f"to-{name}"))
        shutil.rmtree(other / name, ignore_errors=True)
        (tmp_path / "outside").mkdir(exist_ok=True)
        (other / name).symlink_to(tmp_path / "outside")
        assert "leads out of it" in refused(lambda other=other: gargalo.resume(other, begun.data, progress=False))
        assert not any((tmp_path / "outside").iterdir())


def test_a_recipe_that_calls_its_data_something_else_is_not_gone_on_with(material, tmp_path):
    """Found by the fuzzer: the data are the same by their sum, and the model was built for others."""
    begun = next(one for one in material if one.folder.name == "begun")
    folder = Path(shutil.copytree(begun.folder, tmp_path / "run"))
    edited(folder / "recipe.json", "data", "raw_shape", value=[8, 8000])
    assert "raw_shape" in refused(lambda: gargalo.resume(folder, begun.data, progress=False))
