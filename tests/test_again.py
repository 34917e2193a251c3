"""What is printed to be typed: commands that train a run again, from where the user is, with nothing of one machine."""

from __future__ import annotations

import gzip
import hashlib
import json
import shlex
import subprocess
import sys

import numpy as np
import pytest

import gargalo
from gargalo.data import DataSpec, Origin, load_data
from gargalo.data.readers import mnist
from gargalo.data.readers.idx import write_idx
from gargalo.io.places import as_typed
from gargalo.recipes import differences
from gargalo.runs import open_run
from gargalo.runs.again import data_argument, training_call, training_command
from gargalo.runs.original_data import original_data
from gargalo.runs.verdict import verdict_of


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A folder with data in it whose names have spaces, where the user is."""
    folder = tmp_path / "my work"
    (folder / "my data").mkdir(parents=True)
    draws = np.random.default_rng(0)
    x = draws.normal(size=(120, 4)).astype(np.float32)
    np.save(folder / "my data" / "rows.npy", x)
    np.save(folder / "my data" / "labels.npy", (x[:, 0] > 0).astype(int))
    lines = [",".join(f"{v:.3f}" for v in row) + f",{'ab'[int(row[0] > 0)]},n{i}" for i, row in enumerate(x)]
    text = "\n".join(["a,b,c,d,a label,name", *lines])
    (folder / "my data" / "table.csv").write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def recipe(folder) -> dict:
    """All that two equal trainings have in common."""
    return json.loads((folder / "recipe.json").read_text(encoding="utf-8"))


CHOSEN = {"latent_dim": 2, "epochs": 3, "patience": 1, "likelihood": "gaussian", "widths": (8,), "weight_decay": 0.01}


def test_the_command_that_info_prints_trains_the_same(mine, tmp_path, monkeypatch, say):
    poor = {"init": "kaiming", "lr": 1e-5, "epochs": 1, "widths": (8,)}
    gargalo.train(
        "my data/table.csv", "autoencoder", label="a label", ignore=("name",), out="runs/a run", progress=False, **poor
    )
    made = open_run("runs/a run")
    assert verdict_of(made).outcome == "worse"
    for place in (mine, mine / "my data", tmp_path):
        monkeypatch.chdir(place)
        command = json.loads(say("info", mine / "runs" / "a run", "--json")[1])["verdict"]["try"]
        assert shlex.split(command)[2] == as_typed(mine / "my data" / "table.csv")
        assert command in say("info", mine / "runs" / "a run", "--lang", "en")[1]
    typed = [sys.executable, "-m", *shlex.split(command), "--out", "tried"]
    subprocess.run(typed, check=True, capture_output=True, cwd=tmp_path)
    was, now = recipe(mine / "runs" / "a run"), recipe(tmp_path / "tried")
    # It says what to do otherwise, to begin as PCA; everything else is the same.
    assert now["data"] == was["data"]
    assert now["net"] == was["net"] | {"init": "pca"}
    assert {name: now["training"][name] for name in ("lr", "epochs")} == {"lr": 1e-5, "epochs": 1}


@pytest.mark.parametrize("place", [".", "my data", ".."])
@pytest.mark.parametrize(
    ("data", "reading"),
    [
        ("my data/table.csv", {"label": "a label", "id": "name"}),
        ("my data/rows.npy", {"label": "my data/labels.npy", "shares": (0.6, 0.2, 0.2)}),
    ],
)
def test_a_command_trains_the_run_again_from_anywhere(mine, monkeypatch, say, place, data, reading):
    made = gargalo.train(data, "vae", out=mine / "run", progress=False, reading=reading, **CHOSEN)
    monkeypatch.chdir(mine / place)
    command = training_command(made)
    say(*shlex.split(command)[1:], "--out", mine / "again")
    was, now = recipe(mine / "run"), recipe(mine / "again")
    assert not differences(was, now), command


def test_a_named_data_set_keeps_its_folder(mine):
    files = mine / "my idx"
    files.mkdir()

    def spec(src: str, data_dir: str | None) -> DataSpec:
        return load_data("mnist-10k").spec.model_copy(update={"origin": Origin(src=src, data_dir=data_dir)})

    assert data_argument(spec("mnist", str(files))) == "mnist --data-dir 'my idx'"
    assert data_argument(spec("mnist", None)) == "mnist"
    assert data_argument(spec(str(mine / "mnist"), None)) == "./mnist", "a folder of one's own is no data set"
    assert data_argument(spec("/elsewhere/a home/x.npy", None)) == "'/elsewhere/a home/x.npy'"
    assert data_argument(spec("/elsewhere/a home/x.npy", None), to_share=True) == "path/to/x.npy"
    assert data_argument(spec("mnist", "/elsewhere/a home"), to_share=True) == "mnist --data-dir 'path/to/a home'"


def test_inspect_prints_the_folder_of_the_files(mine, say, digits, monkeypatch):
    (mine / "my idx").mkdir()
    x, y, sums = digits.x[:60], digits.y[:60].astype(np.uint8), {}
    for name, array in zip(mnist.FILES, (x, y, x[:9], y[:9]), strict=True):
        path = mine / "my idx" / f"{name}.gz"
        write_idx(path, array)
        sums[name] = hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
    monkeypatch.setitem(mnist.SETS, "mnist", mnist.SETS["mnist"]._replace(files=sums))
    _, printed, error = say("inspect", "mnist", "--data-dir", "my idx", "--json")
    assert not error, error
    assert json.loads(printed)["command"] == "gargalo train mnist --data-dir 'my idx' --model vae"


def test_a_path_is_typed_as_is_shortest(mine):
    assert as_typed(mine / "my data") == "my data"
    assert as_typed(mine.parent / "x.npy") == "../x.npy"
    assert as_typed(mine.parent / "x.npy", to_share=True) == "path/to/x.npy"
    assert as_typed("/x.npy") == "/x.npy"
    assert as_typed("-x.npy") == "./-x.npy"
    assert as_typed("../x.npy") == "../x.npy"


def test_what_the_clock_ended_is_trained_for_as_long_as_it_was(mine):
    made = gargalo.train("my data/rows.npy", "vae", out=mine / "run", progress=False, **CHOSEN)
    made.facts["stopped"] = "validation loss has not fallen for 1 epoch, since epoch 1"
    assert "--epochs 3 " in training_command(made) + " ", "it would end so again"
    made.facts["stopped"] = "the time asked for is over"
    made.history = made.history[:2]
    assert "--epochs 2 " in training_command(made) + " "
    # The rate fell as in a longer training: no number of epochs is that again.
    made.recipe = made.recipe.model_copy(update={"minutes": 2.5})
    command = training_command(made)
    assert "--minutes 2.5" in command and "--epochs" not in command
    assert "minutes=2.5" in training_call(made)


def test_no_command_splits_by_another_seed(mine):
    dataset = load_data("my data/rows.npy", split_seed=3)
    made = gargalo.train(dataset, "vae", out=mine / "run", progress=False, **CHOSEN)
    assert training_command(made) is None
    assert training_call(made).startswith("run = gargalo.train(data, 'vae'")


def test_what_belongs_to_data_is_found_from_anywhere_and_where_they_moved(mine, monkeypatch):
    made = gargalo.train(
        "my data/rows.npy", "autoencoder", label="my data/labels.npy", out=mine / "run", progress=False, epochs=1
    )
    monkeypatch.chdir(mine.parent)
    known = gargalo.evaluate(made)
    assert known.keys() == made.metrics.keys()
    (mine / "my data").rename(mine / "moved")
    again = original_data(made.recipe.data, mine / "moved" / "rows.npy")
    assert again.fingerprint == made.recipe.data.fingerprint


def test_pages_tell_no_path_of_a_machine(mine, tmp_path, monkeypatch):
    poor = {"init": "kaiming", "lr": 1e-5, "epochs": 1, "widths": (8,)}
    made = gargalo.train(
        "my data/rows.npy", "autoencoder", label="my data/labels.npy", out=mine / "run", progress=False, **poor
    )
    page = gargalo.report(made, tmp_path / "here.html", "en").read_text(encoding="utf-8")
    assert "gargalo train &#39;my data/rows.npy&#39;" in page
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run = open_run(mine / "run")
    page = gargalo.report(run, tmp_path / "away.html", "en").read_text(encoding="utf-8")
    site = gargalo.publish([run], tmp_path / "site", progress=False).folder
    told = (site / "data" / "site.json").read_text(encoding="utf-8")
    for text in (page, told):
        assert "gargalo train path/to/rows.npy --model autoencoder" in text
        assert "--label path/to/labels.npy" in text
        assert str(mine) not in text
    assert verdict_of(run).command.startswith("gargalo train '../my work/my data/rows.npy'")
