"""What an attack by hand found beside the fuzzers: files of the user's own, and contents that are odd and valid."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

import gargalo
from gargalo.data.readers import parquet
from gargalo.errors import GargaloError
from gargalo.io.cache import clear_cache, entry, make_room

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """A folder with a table, and a run on it."""
    root = tmp_path_factory.mktemp("attacks")
    names = [("SP", "RJ", "MG")[i % 3] for i in range(60)]
    pl.DataFrame({"a": RNG.normal(size=60), "b": RNG.normal(size=60), "state": names}).write_csv(root / "t.csv")
    gargalo.train(root / "t.csv", "autoencoder", out=root / "run", epochs=1, widths=(8,), latent_dim=2, progress=False)
    return root


# The user's own files


def test_a_link_to_a_folder_is_as_the_folder(small_runs, tmp_path, say):
    run, real, link = small_runs["autoencoder"].folder, tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    for _ in range(2):
        assert say("sample", run, "-n", 3, "-o", link)[0] == 0
    (real / "00000.png").write_bytes(b"mine")
    status, _, err = say("sample", run, "-n", 3, "-o", link)
    assert status == 2 and "--force" in err and (real / "00000.png").read_bytes() == b"mine"


@pytest.mark.parametrize("how", ["changed", "own folder", "link"])
def test_figures_of_somebody_else_stay(table, tmp_path, say, how):
    page, figures = tmp_path / "rep.html", tmp_path / "rep-figures"
    for _ in range(2):
        assert say("report", table / "run", "-o", page)[0] == 0
    name = next(figures.iterdir()).name
    if how != "changed":
        for path in figures.iterdir():
            path.unlink()
        figures.rmdir()
        mine = tmp_path / ("precious" if how == "link" else "rep-figures")
        mine.mkdir()
        if how == "link":
            figures.symlink_to(mine)
    (figures / name).write_bytes(b"mine")
    status, _, err = say("report", table / "run", "-o", page)
    assert status == 2 and "--force" in err and (figures / name).read_bytes() == b"mine"
    assert say("report", table / "run", "-o", page, "--force")[0] == 0


def test_figures_that_a_kill_left_are_the_commands_own(table, tmp_path, say):
    page, figures = tmp_path / "rep.html", tmp_path / "rep-figures"
    assert say("report", table / "run", "-o", page)[0] == 0
    next(figures.iterdir()).unlink()  # the folder is like no state that was remembered
    assert say("report", table / "run", "-o", page)[0] == 0


def test_the_cache_is_cleared_without_following_links(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    mine = tmp_path / "mine"
    (mine / "sub").mkdir(parents=True)
    (mine / "doc.txt").write_text("mine")
    with entry("decoded", "one") as folder:
        (folder / "data.bin").write_bytes(bytes(100))
        (folder / "inside").symlink_to(mine)
    (folder.parent / "abc").symlink_to(mine)
    (folder.parent.parent / "kind").symlink_to(tmp_path)
    make_room(1, folder, "a test")
    clear_cache()
    assert sorted(path.name for path in mine.iterdir()) == ["doc.txt", "sub"] and not (folder / "data.bin").exists()
    assert not (folder / "inside").exists() and (tmp_path / "cache").is_dir()


@pytest.mark.parametrize("name", [".thesis.partial.txt", ".my.partial-dir"])
def test_hidden_files_of_ones_own_are_no_leftovers(table, tmp_path, say, name):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / name).write_text("mine")
    for command in (["train", table / "t.csv", "--epochs", 1], ["publish", table / "run"]):
        assert say(*command, "-o", mine)[0] == 2
        assert (mine / name).read_text() == "mine"


# Code and settings that lie where somebody happens to be


def in_folder(folder: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command as the console script runs it: what lies in the current folder is not on Python's path."""
    call = "import sys; from gargalo.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-P", "-c", call, *map(str, arguments)],
        cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_processes_import_nothing_of_the_current_folder(table, tmp_path):
    (tmp_path / "torch.py").write_text("open('ran', 'w').write('x')")
    done = in_folder(tmp_path, "train", table / "t.csv", "--epochs", 1, "--devices", 2, "-o", "run")
    assert not (tmp_path / "ran").exists() and done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "weights.safetensors").is_file()


@pytest.mark.parametrize("content", [b"text.usetex: True\n", b"\xff\xfe\n"])
def test_settings_of_the_current_folder_are_not_read(table, tmp_path, content):
    (tmp_path / "matplotlibrc").write_bytes(content)
    done = in_folder(tmp_path, "map", table / "run", "--method", "pca", "-o", "m.png")
    assert done.returncode == 0 and (tmp_path / "m.png").is_file(), done.stderr


def test_settings_that_matplotlib_cannot_read_are_told_in_a_line(table, tmp_path):
    done = in_folder(tmp_path, "map", table / "run", "--method", "pca", "-o", "m.png", MPLBACKEND="nonsense")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "MPLBACKEND" in done.stderr


def test_help_is_told_on_any_terminal(tmp_path):
    for verb in ("publish", "report", "train", "inspect"):
        done = in_folder(tmp_path, verb, "--help", PYTHONIOENCODING="latin-1")
        assert done.returncode == 0 and "Traceback" not in done.stderr


# Numbers of processes


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"WORLD_SIZE": "0"}, "WORLD_SIZE: expected"),
        ({"RANK": "5", "WORLD_SIZE": "2"}, "RANK: expected"),
    ],
)
def test_processes_that_cannot_be_are_refused(table, tmp_path, say, monkeypatch, said, told):
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    status, _, err = say("encode", table / "run", table / "t.csv", "-o", tmp_path / "shards")
    assert status == 2 and told in err


# Small files that would take very much


def saved(path: Path, **arrays: object) -> Path:
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("shape", [(300, 2**20), (2**24, 3), (2**24, 2**20)])
def test_sparse_matrices_of_nearly_nothing_are_refused(tmp_path, say, shape):
    few = np.arange(300)
    numbers = {"data": np.ones(300, "f4"), "row": few, "col": few % 3}
    file = saved(tmp_path / "x.npz", format=np.array(b"coo"), shape=np.array(shape), **numbers)
    status, _, err = say("inspect", file)
    assert status == 2 and "expected numbers in the" in err


def test_columns_that_a_text_has_are_many_in_a_sparse_matrix(tmp_path):
    """As scikit-learn's HashingVectorizer makes them."""
    from scipy import sparse

    words = RNG.integers(0, 2**20, (300, 100))
    matrix = sparse.csr_array((np.ones(30_000), words.ravel(), np.arange(0, 30_001, 100)), (300, 2**20))
    sparse.save_npz(tmp_path / "x.npz", matrix)
    assert gargalo.load_data(tmp_path / "x.npz").spec.size == 2**20


def test_what_would_take_gigabytes_is_not_tried(tmp_path, say, monkeypatch):
    monkeypatch.setattr(gargalo.api, "MOST_TRIED", 1)
    np.save(tmp_path / "x.npy", RNG.normal(size=(40, 3000)))
    status, out, _ = say("inspect", tmp_path / "x.npy")
    assert status == 0 and "was not tried" in out
    assert "was not tried" not in say("inspect", tmp_path / "x.npy", "--json")[1]


QUADRATIC = {
    "quote": 'a,"b\n' + "1\n" * 200_000,
    "doubled": ",".join(["a"] * 20_000 + [f"a {i}" for i in range(2, 30_000)]) + "\n" + ",".join("1" * 49_998) + "\n",
    "blanks": "\n".join("," * 330_000 for _ in range(3)) + "\n",
}


@pytest.mark.parametrize("name", QUADRATIC)
def test_tables_take_no_time_that_grows_by_the_square(tmp_path, say, name):
    (tmp_path / "t.csv").write_text(QUADRATIC[name])
    began = time.process_time()
    assert say("inspect", tmp_path / "t.csv")[0] in (0, 2)
    assert time.process_time() - began < 40, "it had taken minutes; 3 s where nothing else runs"


def test_a_table_may_be_as_wide_as_its_size_bears_out(tmp_path):
    head = ",".join(f"c{i}" for i in range(20_100)) + "\n"
    (tmp_path / "t.csv").write_text(head + (",".join("1" * 20_100) + "\n") * 12)
    with pytest.raises(GargaloError, match=r"at most 20,000 columns in a table of this size\. Found 20,100"):
        gargalo.load_data(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text(head + (",".join("1" * 20_100) + "\n") * 60)
    assert gargalo.load_data(tmp_path / "t.csv").spec.size == 20_100


# Links that loop


def test_links_that_loop_are_told_in_a_line(table, tmp_path, say):
    loop = tmp_path / "loop.npy"
    loop.symlink_to(loop.name)
    (tmp_path / "loop").symlink_to("loop")
    run, data = table / "run", table / "t.csv"
    for arguments in (
        ("encode", run, data, "-o", loop),
        ("report", run, "-o", tmp_path / "loop"),
        ("inspect", loop),
        ("encode", run, loop, "-o", tmp_path / "z.csv"),
        ("inspect", data, "--display", tmp_path / "loop"),
        ("inspect", "mnist", "--data-dir", tmp_path / "loop"),
    ):
        status, _, err = say(*arguments)
        assert status == 2 and err.startswith("gargalo: "), arguments


def test_a_link_that_loops_among_pictures_is_passed_over(tmp_path):
    for i in range(12):
        Image.fromarray(RNG.integers(0, 255, (8, 8), np.uint8)).save(tmp_path / f"{i}.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert len(gargalo.load_data(tmp_path)) == 12


# Contents that are odd and valid


def test_names_of_a_category_differ(table, tmp_path, say):
    import json
    import shutil

    run = Path(shutil.copytree(table / "run", tmp_path / "run"))
    recipe = json.loads((run / "recipe.json").read_text())
    recipe["data"]["columns"][2]["categories"] = ["SP", "SP", "SP"]
    (run / "recipe.json").write_text(json.dumps(recipe))
    status, _, err = say("encode", run, table / "t.csv", "-o", tmp_path / "z.csv")
    assert status == 2 and "recipe.json" in err


def header(shape: str, descr: str = "'<f4'", body: bytes = b"") -> bytes:
    text = f"{{'descr':{descr},'fortran_order':False,'shape':{shape},}}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + 1) + text + b"\n" + body


def test_an_array_of_seventy_dimensions(tmp_path, say):
    (tmp_path / "x.npy").write_bytes(header("(" + "1," * 70 + ")", body=bytes(4)))
    assert say("inspect", tmp_path / "x.npy")[0] == 2


def test_a_sparse_matrix_of_single_numbers(tmp_path, say):
    one = np.array(4)
    file = saved(
        tmp_path / "x.npz", format=np.array("csr"), shape=np.array([3, 3]), data=np.array(4.0), indices=one, indptr=one
    )
    assert say("inspect", file)[0] == 2


ODD = {
    "complex": np.array([1 + 0j, 2] * 25),
    "structured": np.zeros(50, "i4,i4"),
    "void": np.zeros(50, "V4"),
    "bytes": np.array([b"\xff", b"a"] * 25),
    "longdouble": np.arange(50, dtype=np.longdouble) + 0.5,
    "times": np.array(["2020-01-01", "NaT"] * 25, "M8[D]"),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("option", ["--label", "--split", "--condition"])
def test_arrays_of_odd_kinds_beside_examples(tmp_path, say, name, option):
    np.save(tmp_path / "x.npy", RNG.normal(size=(50, 4)))
    np.save(tmp_path / "y.npy", ODD[name])
    status, _, err = say("inspect", tmp_path / "x.npy", option, tmp_path / "y.npy")
    assert status == 0 or (status == 2 and err.startswith("gargalo: "))


def test_labels_that_are_complex_numbers(tmp_path):
    with pytest.raises(GargaloError, match=r"y\.real makes real ones"):
        gargalo.load_data(RNG.normal(size=(50, 4)), ODD["complex"])


def test_latents_of_more_digits_than_pytorch_has(table, tmp_path, say):
    np.save(tmp_path / "z.npy", RNG.normal(size=(5, 2)).astype(np.longdouble))
    assert say("decode", table / "run", tmp_path / "z.npy", "-o", tmp_path / "x.csv")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("sample", "-n", "9" * 23),
        ("sample", "-n", "1" + "0" * 18),
        ("traverse", "--axis", "0", "--steps", "9" * 23),
        ("traverse", "--axis", "pca:" + "9" * 5000),
        ("interpolate", "--from", "9" * 5000, "--to", "1"),
        ("interpolate", "--from", "0", "--to", "1", "--steps", "9" * 19),
    ],
)
def test_numbers_beyond_all_measure(table, tmp_path, say, arguments):
    verb, *more = arguments
    status, _, err = say(verb, table / "run", *more, "-o", tmp_path / "x.png")
    assert status == 2 and err.startswith("gargalo: ") and "must be" in err


def test_a_choice_of_very_many_brackets(table, tmp_path, say):
    status, _, err = say("train", table / "t.csv", "--set", "epochs=" + "[" * 100_000, "-o", tmp_path / "run")
    assert status == 2 and err.startswith("gargalo: ")


def test_a_parquet_file_that_ends_whoever_reads_it(tmp_path, monkeypatch):
    """One byte of it announced 2^61 bytes, for which Rust aborts the process; another is read as before."""
    from fuzz.readers import sources

    content = bytearray(sources(tmp_path)["table.parquet"])
    whole = gargalo.load_data(tmp_path / "table.parquet", ignore=("id", "when"))
    content[915] = 71
    (tmp_path / "broken.parquet").write_bytes(content)
    with contextlib.suppress(GargaloError):  # another polars may write another byte there
        gargalo.load_data(tmp_path / "broken.parquet", ignore=("id", "when"))
    # Whatever ends the process that tries it.
    (tmp_path / "dies.py").write_text("import os, sys; sys.stdin.readline(); os.abort()")
    parquet._end()
    with monkeypatch.context() as patch:
        patch.setattr(parquet.trial, "__file__", str(tmp_path / "dies.py"))
        with pytest.raises(GargaloError, match="or is broken"):
            gargalo.load_data(tmp_path / "table.parquet", ignore=("id", "when"))
    again = gargalo.load_data(tmp_path / "table.parquet", ignore=("id", "when"))
    assert again.fingerprint == whole.fingerprint
