"""A run folder from somebody else: nothing that it names outside of itself is opened without being asked for."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

import gargalo
from gargalo import cli, explorer, open_run
from gargalo.errors import GargaloError, RunError
from gargalo.io.made_here import is_made_here
from gargalo.runs import original_data as original

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A run on a table, whose rows have the names of pictures."""
    root = tmp_path_factory.mktemp("strangers")
    names = [f"IMG_{i:04d}" for i in range(40)]
    frame = pl.DataFrame({"name": names, "a": RNG.normal(size=40), "b": RNG.normal(size=40), "c": RNG.normal(size=40)})
    frame.write_csv(root / "data.csv")
    (root / "Pictures").mkdir()
    for i, name in enumerate(names):
        Image.new("RGB", (48, 48), (6 * i, 0, 99)).save(root / "Pictures" / f"{name}.png")
    gargalo.train(root / "data.csv", "pca", id="name", latent_dim=2, out=root / "run", progress=False)
    return root


def sent(made: Path, to: Path, **changes: object) -> Path:
    """The run as it came from somebody, who changed where its data are said to lie."""
    folder = Path(shutil.copytree(made / "run", to))
    recipe = json.loads((folder / "recipe.json").read_text())
    origin = recipe["data"]["origin"]
    for name, value in changes.items():
        (origin["reading"] if name in origin["reading"] else origin)[name] = value
    (folder / "recipe.json").write_text(json.dumps(recipe))
    return folder


def test_ones_own_run_knows_where_its_data_lie(made, tmp_path):
    run = open_run(made / "run")
    assert run.is_made_here and run.recipe.data.src == str(made / "data.csv")
    # Also after it was moved with its folder.
    own = gargalo.train(made / "data.csv", "pca", id="name", latent_dim=2, out=tmp_path / "one", progress=False)
    own.folder.rename(tmp_path / "two")
    assert open_run(tmp_path / "two").recipe.data.src == str(made / "data.csv")


def test_a_copy_and_a_changed_recipe_are_somebody_elses(made, tmp_path):
    folder = sent(made, tmp_path / "copy")
    run = open_run(folder)
    assert not run.is_made_here
    assert run.recipe.data.src is None and run.recipe.data.origin
    assert run.recipe.data.origin.reading.id == "name"
    file = tmp_path / "recipe.json"
    shutil.copy(made / "run" / "recipe.json", file)
    assert not is_made_here(file)


@pytest.mark.parametrize("verb", ["publish", "evaluate", "encode", "walk"])
def test_no_place_that_a_stranger_names_is_opened(made, tmp_path, verb, monkeypatch):
    private = tmp_path / "private"
    shutil.copytree(made / "Pictures", private)
    shutil.copy(made / "data.csv", private / "data.csv")
    folder = sent(made, tmp_path / "run", src=str(private / "data.csv"), display=str(private))
    opened: list[object] = []
    really = original.load_data

    def watched(src, *rest, **reading):
        opened.extend([src, *reading.values()])
        return really(src, *rest, **reading)

    monkeypatch.setattr(original, "load_data", watched)
    if verb == "publish":
        site = gargalo.publish([folder], tmp_path / "site", progress=False).folder
        explorer.check_site(site)
        assert not list((site / "data").glob("*.png"))
    elif verb == "evaluate":
        with pytest.raises(RunError, match=r"You did not make this folder here"):
            gargalo.evaluate(folder)
    elif verb == "encode":
        assert open_run(folder).encode(gargalo.load_data(made / "data.csv", like=open_run(folder).recipe.data)).any()
    else:
        with pytest.raises(GargaloError):
            open_run(folder).interpolate("id:no such", "0")
    assert not [path for path in opened if str(private) in str(path)]


def test_what_the_owner_names_is_shown(made, tmp_path):
    folder = sent(made, tmp_path / "run", display="/nowhere")
    found = gargalo.publish([folder], tmp_path / "site", made / "data.csv", display=made / "Pictures", progress=False)
    assert found.public["pictures"] == 40 and list((found.folder / "data").glob("*.png"))


def test_publish_says_what_it_did_not_open(made, tmp_path, capsys):
    folder = sent(made, tmp_path / "run", display=str(made / "Pictures"))
    assert cli.run(["publish", str(folder), "-o", str(tmp_path / "site"), "--lang", "en"]) == 0
    told = capsys.readouterr().err
    assert "was not made by you on this machine" in told and "--display" in told
    assert cli.run(["publish", str(made / "run"), "-o", str(tmp_path / "mine"), "--lang", "en"]) == 0
    assert "was not made by you" not in capsys.readouterr().err


def test_a_training_of_somebody_else_goes_on_with_data_that_are_given(made, tmp_path, say):
    folder = sent(made, tmp_path / "run", src="/etc")
    (folder / "metrics.json").unlink()
    status, _, err = say("resume", folder)
    assert status == 2 and "You did not make this folder here" in err and len(err.splitlines()) == 1
    assert say("resume", folder, made / "data.csv")[0] == 0


def test_a_pipe_in_the_place_of_data_does_not_hang(made, tmp_path, say):
    os.mkfifo(tmp_path / "pipe.csv")
    folder = sent(made, tmp_path / "run", src=str(tmp_path / "pipe.csv"))
    assert say("publish", folder, "-o", tmp_path / "site")[0] == 0
    status, _, err = say("inspect", tmp_path / "pipe.csv")
    assert status == 2 and "Found something else" in err


def test_where_nothing_can_be_remembered_it_is_somebody_elses(made, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    run = gargalo.train(made / "data.csv", "pca", id="name", latent_dim=2, out=tmp_path / "run", progress=False)
    assert not run.is_made_here


def test_the_name_of_a_column_is_no_path(made, tmp_path):
    """A recipe that calls a private file a column has it opened for no array either."""
    np.save(tmp_path / "private.npy", np.zeros(40, int))
    np.save(tmp_path / "x.npy", RNG.normal(size=(40, 3)))
    spec = open_run(sent(made, tmp_path / "run", label=str(tmp_path / "private.npy"))).recipe.data
    found = original.original_data(spec, tmp_path / "x.npy")
    assert found is not None and found.y is None


def test_pictures_to_show_that_cannot_be_read_are_told_of(made, tmp_path, say):
    status, _, err = say("publish", made / "run", "-o", tmp_path / "site", "--display", tmp_path / "none")
    assert status == 2 and "none" in err
    status, _, err = say("publish", made / "run", "-o", tmp_path / "site", "--display", "")
    assert status == 2 and "--display must be a path" in err


def test_pictures_that_are_others_now_are_shown_only_where_they_are_named(tmp_path):
    names = [f"IMG_{i:04d}" for i in range(40)]
    pl.DataFrame({"name": names, "a": RNG.normal(size=40), "b": RNG.normal(size=40)}).write_csv(tmp_path / "t.csv")
    (tmp_path / "shown").mkdir()
    for i, name in enumerate(names):
        Image.new("RGB", (48, 48), (6 * i, 0, 99)).save(tmp_path / "shown" / f"{name}.png")
    data, shown = tmp_path / "t.csv", tmp_path / "shown"
    run = gargalo.train(data, "pca", id="name", display=shown, latent_dim=2, out=tmp_path / "run", progress=False)
    assert run.recipe.data.shown
    before = gargalo.publish([run], tmp_path / "before", progress=False)
    assert (before.public["pictures"], before.public["examples"]) == (40, 40)
    Image.new("RGB", (48, 48), (0, 255, 0)).save(shown / "IMG_0007.png")
    # What the run keeps of the test examples is still theirs.
    after = gargalo.publish([run], tmp_path / "after", progress=False)
    assert after.public["examples"] == len(run.examples.x) < 40
    asked = gargalo.publish([run], tmp_path / "asked", data, display=shown, progress=False)
    assert asked.public["pictures"] == 40


# Sites


@pytest.fixture
def site(made, tmp_path) -> Path:
    return gargalo.publish([made / "run"], tmp_path / "site", progress=False).folder


@pytest.mark.parametrize(
    "told",
    [
        "[" * 100_000,
        '{"a": ' * 300 + "1" + "}" * 300,
        '{"file": "/etc/passwd", "bytes": 10, "crc32": 1}',
        '{"file": "../../../../etc/hostname", "bytes": 10, "crc32": 1}',
        '{"file": "data/x", "bytes": "3", "crc32": 1}',
        '{"file": ["data/x"], "bytes": 3, "crc32": 1}',
        '{"file": "data/\\u0000", "bytes": 3, "crc32": 1}',
        '{"file": "data/big", "bytes": 3, "crc32": 1}',
        '{"file": "data/pipe", "bytes": 3, "crc32": 1}',
        '{"file": "data/link", "bytes": 3, "crc32": 1}',
    ],
)
def test_a_site_opens_nothing_outside_of_it(site, told, say):
    (site / "data" / "site.json").write_text(told)
    with (site / "data" / "big").open("wb") as file:
        file.truncate(2**33)
    os.mkfifo(site / "data" / "pipe")
    (site / "data" / "link").symlink_to("/etc/hostname")
    status, _, err = say("explore", site, "--no-browser")
    assert status == 2 and len(err.splitlines()) == 1
    assert "expected" in err and "root:" not in err


def test_a_run_folder_is_no_site(made, tmp_path, monkeypatch):
    """Else its own page would be served, and nobody be told that it is somebody else's."""
    folder = sent(made, tmp_path / "run")
    (folder / "data").mkdir()
    (folder / "data" / "site.json").write_text("{}")
    (folder / "index.html").write_text("<script>alert(1)</script>")
    served = []
    monkeypatch.setattr(explorer, "serve", lambda place, *_: served.append((place / "index.html").read_text()))
    gargalo.explore(folder, browser=False, progress=False)
    assert "alert(1)" not in served[0]


# What is in a run folder


def changed(file: Path, **tensors: np.ndarray) -> None:
    """A tensor file with other arrays under some of its names."""
    from safetensors.numpy import load_file, save_file

    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        facts = json.loads(opened.read(length))["__metadata__"]
    save_file(load_file(file) | tensors, file, facts)


def hollow(file: Path, arrays: dict[str, tuple[int, ...]]) -> None:
    """A tensor file of float32 that are all holes."""
    header, place = {}, 0
    for name, shape in arrays.items():
        size = 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text)
    os.truncate(file, 8 + len(text) + place)


def test_a_map_has_as_many_points_as_there_are_examples(made, tmp_path, say):
    folder = sent(made, tmp_path / "run")
    for suffix in (".png", ".npy"):
        assert say("map", folder, "-o", tmp_path / f"m{suffix}")[0] == 0
    for file in (folder / "space").glob("map-*"):
        changed(file, points=np.zeros((5, 2), np.float32))
    for suffix in (".png", ".npy"):
        status, _, err = say("map", folder, "-o", tmp_path / f"m{suffix}")
        assert status == 2 and "expected points of shape" in err and len(err.splitlines()) == 1


def test_more_points_than_a_run_keeps_are_refused(made, tmp_path, say):
    folder = sent(made, tmp_path / "run")
    changed(folder / "space" / "training.safetensors", z=np.zeros((200_000, 2), np.float32))
    status, _, err = say("map", folder, "-o", tmp_path / "m.png")
    assert status == 2 and "expected z of at most" in err


@pytest.mark.parametrize("name", ["weights", "space/pca", "space/examples", "space/training"])
def test_files_of_holes_are_not_read(made, tmp_path, say, name):
    folder = sent(made, tmp_path / "run")
    hollow(folder / f"{name}.safetensors", {"x": (2**16, 2**14)})
    assert (folder / f"{name}.safetensors").stat().st_size > 2**32 - 1
    status, _, err = say("map", folder, "-o", tmp_path / "m.png")
    assert status == 2 and len(err.splitlines()) == 1


@pytest.mark.filterwarnings("ignore::gargalo.errors.GargaloWarning")
@pytest.mark.parametrize("size", [1e25, 3e38])
def test_examples_beyond_all_measure_spoil_no_run(made, tmp_path, say, size):
    folder = sent(made, tmp_path / "run")
    file = folder / "space" / "examples.safetensors"
    n = len(open_run(folder).examples.x)
    changed(file, x=np.where(np.arange(n)[:, None] % 2, size, -size).repeat(3, 1).astype(np.float32))
    before = sorted(path.name for path in (folder / "space").iterdir())
    for again in ("one", "two"):
        status, _, err = say("publish", folder, "-o", tmp_path / again)
        assert status == 2 and "RuntimeWarning" not in err and "expected" in err.splitlines()[-1]
    assert sorted(path.name for path in (folder / "space").iterdir()) == before


@pytest.mark.parametrize("name", ["kmnist", "mnist", "fashion-mnist"])
def test_nothing_is_fetched_that_a_stranger_names(made, tmp_path, monkeypatch, name):
    from gargalo.data.readers import fetch

    asked = []
    monkeypatch.setattr(fetch, "_download", lambda url, *_: asked.append(url))
    folder = sent(made, tmp_path / "run", src=name)
    assert open_run(folder).recipe.data.src is None
    gargalo.publish([folder], tmp_path / "site", progress=False)
    assert not asked
    assert open_run(sent(made, tmp_path / "other", src="mnist-10k")).recipe.data.src == "mnist-10k"


def test_a_report_has_no_marks_that_nobody_sees(made, tmp_path, say):
    folder = sent(made, tmp_path / "run", ignore=["x\x15touch /tmp/x #\u202e\x1b[31m"])
    assert say("report", folder, "-o", tmp_path / "r.html")[0] == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not [c for c in set(page) if not c.isprintable() and c not in "\n\t\u00a0\u202f"]


def test_lines_that_nobody_could_read_are_cut(made, tmp_path, say):
    folder = sent(made, tmp_path / "run")
    recipe = json.loads((folder / "recipe.json").read_text())
    recipe["data"]["name"] = "x" * 3_000_000
    (folder / "recipe.json").write_text(json.dumps(recipe))
    status, out, err = say("info", folder)
    assert max(map(len, (out + err).splitlines())) < 25_000
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["metrics"] |= {f"{'m' * 4000}{i}": {"value": 1.0} for i in range(50)}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    status, _, err = say("info", folder)
    assert status == 2 and len(err.splitlines()) == 1 and len(err) < 25_000
