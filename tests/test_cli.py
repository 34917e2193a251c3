"""The command line, in-process: every command with what it makes, and every mistake with one clear line."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

import gargalo
from gargalo import cli
from gargalo.cli.common import print_result
from gargalo.errors import ParameterError
from gargalo.io.signals import ending_signals
from gargalo.io.tables import plain_text
from gargalo.models import MODELS


@pytest.fixture
def array_file(digits, tmp_path):
    """Ten test digits as .npy."""
    np.save(tmp_path / "ten.npy", digits.x[-10:])
    return tmp_path / "ten.npy"


def picture(path: Path) -> np.ndarray:
    """The pixels of a PNG."""
    with Image.open(path) as image:
        return np.asarray(image)


def told(answer: tuple[int, str, str]) -> dict:
    """The JSON that a command put on stdout, and nothing else."""
    status, out, err = answer
    assert status == 0, err
    return json.loads(out)


def test_train_info_and_back(say, digits, tmp_path):
    np.savez(tmp_path / "digits.npz", x=digits.x, y=digits.y)
    out = tmp_path / "run"
    answer = say("train", tmp_path / "digits.npz", "-m", "ae", "--latent_dim", 8, "--epochs", 2, "--seed", 3,
                 "--set", "activation=silu", "--set", "lr=0.002",
                 "--widths", "64,32", "--out", out, "--json")  # fmt: skip
    made = told(answer)
    assert made["model"] == "autoencoder"
    known = told(say("info", out, "--json"))
    for key in (
        "model",
        "latent_dim",
        "epochs",
        "seconds",
        "test_mse",
        "knn_accuracy",
        "coverage",
        "coverage_gmm",
    ):
        assert known[key] == made[key]
    assert (known["latent_dim"], known["epochs"]) == (8, 2)
    assert known["recipe"]["net"]["activation"] == "silu"
    assert known["recipe"]["training"]["lr"] == 0.002
    assert known["recipe"]["net"]["widths"] == [64, 32]
    assert known["recipe"]["training"]["seed"] == 3
    assert known["recipe"]["data"]["counts"] == {"train": 1440, "validation": 180, "test": 180}
    assert len(known["history"]) == 2
    assert "epochs=2" in say("info", out)[1]


def test_numbered_run_folders(say, digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("few.npy", digits.x[:100])
    for _ in range(2):
        assert say("train", "few.npy", "--epochs", 1)[0] == 0
    assert sorted(p.name for p in Path("runs").iterdir()) == ["few-autoencoder-001", "few-autoencoder-002"]
    assert say("info", "last")[1].startswith(f"{Path('runs/few-autoencoder-002')}:")


def test_encode_decode_reconstruct(say, small_runs, array_file, tmp_path):
    run = small_runs["autoencoder"]
    z, x = tmp_path / "z.npy", tmp_path / "x.npy"
    assert told(say("encode", run.folder, array_file, "-o", z, "--json"))["shape"] == [10, 16]
    assert np.array_equal(np.load(z), run.encode(np.load(array_file)))
    say("decode", run.folder, z, "-o", x)
    say("reconstruct", run.folder, array_file, "-o", tmp_path / "back")
    pictures = sorted((tmp_path / "back").iterdir(), key=lambda p: int(p.stem))
    assert [p.name for p in pictures] == [f"{i}.png" for i in range(10)], "named by the rows' ids"
    assert np.array_equal(np.stack([picture(p) for p in pictures]), np.load(x))


def test_encode_to_csv_carries_ids_splits_and_labels(say, small_runs, tmp_path):
    out = tmp_path / "z.csv"
    assert say("encode", small_runs["vae"].folder, "mnist-10k", "-o", out)[0] == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 11_000
    assert list(rows[0]) == ["id", "split", "label", "z0", "z1"]
    assert (rows[0]["id"], rows[0]["split"]) == ("0", "new"), "these are not the digits that the run was trained on"
    assert np.isfinite([float(row["z1"]) for row in rows]).all()


def test_text_in_a_csv_is_never_a_formula():
    assert plain_text("=cmd()") == "'=cmd()"
    assert plain_text("@SUM(A1)") == "'@SUM(A1)"
    assert [plain_text(n) for n in ("-1", "+2.5", "-1e-9", "seven")] == ["-1", "+2.5", "-1e-9", "seven"]


@pytest.mark.parametrize(
    "command",
    [
        ("interpolate", "--from", "17", "--to", "label:7"),
        ("interpolate", "--from", "1", "--to", "2", "--method", "slerp"),
        ("traverse", "--axis", "1"),
        ("traverse", "--axis", "pca:0", "--from", "label:3"),
        ("sample",),
        ("sample", "--prior", "gmm", "--seed", "4"),
    ],
)
def test_films_and_samples(say, small_runs, tmp_path, command):
    verb, *options = command
    made = told(say(verb, small_runs["vae"].folder, *options, "-o", tmp_path / "out.png", "--json"))
    assert made["shape"] == [12, 28, 28]
    # Enlarged to 84 pixels a side, with 2 between two of them.
    assert picture(tmp_path / "out.png").shape == (84, 12 * 86 - 2)


def test_a_sheet_shows_what_was_made_below_what_it_was_made_of(say, small_runs, digits, tmp_path):
    run = small_runs["denoising"]
    np.save(tmp_path / "x.npy", digits.x[:40])
    status, _, err = say("reconstruct", run.folder, tmp_path / "x.npy", "-o", tmp_path / "out.png")
    assert status == 0
    assert "x.npy: the first 24 of 40 examples; -n says how many" in err
    sheet = picture(tmp_path / "out.png")
    margin = sheet.shape[1] - (12 * 86 - 2)
    assert sheet.shape[0] == 4 * 86 - 2
    assert margin > 30
    for row in range(4):
        assert sheet[86 * row : 86 * row + 84, :margin].min() < 100, "the name of the row"
    sheet = sheet[:, margin:, 0]
    back = run.reconstruct(digits.x[:24])
    for block, at in ((0, 3), (1, 14)):
        for row, expected in ((2 * block, digits.x[at]), (2 * block + 1, back[at])):
            top, left = 86 * row, 86 * (at % 12)
            assert np.array_equal(sheet[top : top + 84 : 3, left : left + 84 : 3], expected)
    assert (sheet[84:86] == 255).all()
    assert (
        say("denoise", run.folder, tmp_path / "x.npy", "--add-noise", "0.5", "-n", "5", "-o", tmp_path / "n.png")[0]
        == 0
    )
    high, wide, _ = picture(tmp_path / "n.png").shape
    assert high == 3 * 86 - 2, "clean, noisy and cleaned"
    assert wide > 5 * 86
    assert say("reconstruct", run.folder, tmp_path / "x.npy", "-n", "7", "-o", tmp_path / "some.npy")[0] == 0
    assert np.array_equal(np.load(tmp_path / "some.npy"), back[:7])
    status, _, err = say("sample", run.folder, "-n", "1201", "-o", tmp_path / "many.png")
    assert status == 2
    assert "-o must be a path ending in .npy, or a folder, for more than 1,200 pictures" in err


def test_examples_are_called_by_their_ids(say, small_runs, digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = {
        "name": [f"p{i}" for i in range(80)],
        "a": digits.x[:80, 14, 10],
        "b": digits.x[:80, 14, 14],
        "c": range(80),
    }
    table["c"] = np.random.default_rng(0).normal(size=80)
    pl.DataFrame(table).write_csv("t.csv")
    run = gargalo.train("t.csv", id="name", epochs=1, out="run", progress=False)
    kept = run.examples.ids
    other = next(name for name in table["name"] if name not in kept)
    assert np.array_equal(run.interpolate(kept[2], kept[5]), run.interpolate(2, 5))
    film = run.interpolate(other, f"id:{kept[0]}", steps=3)
    data = gargalo.load_data("t.csv", like=run.recipe.data)
    own = run.reconstruct(data.take(np.array([list(data.ids).index(other)])))
    assert np.allclose(film[0], own[0], atol=1e-5), "an example that the run does not keep is read again"
    assert run.traverse(0, 3, other).shape == (3, 3)
    with pytest.raises(
        ParameterError, match=f"label:NAME, or the id of an example. Got '{kept[0]}x' instead. Did you mean"
    ):
        run.interpolate(kept[0] + "x", 1)
    status, _, err = say("interpolate", "run", "--from", other, "--to", "id:77777", "-o", "film.csv")
    assert status == 2
    assert "--to must be an index from" in err
    digit_run = small_runs["vae"]
    assert np.array_equal(digit_run.interpolate(f"id:{digit_run.examples.ids[3]}", 1), digit_run.interpolate(3, 1))


def test_denoise(say, small_runs, array_file, tmp_path):
    out = tmp_path / "clean.npy"
    assert say("denoise", small_runs["denoising"].folder, array_file, "--add-noise", "0.5", "-o", out)[0] == 0
    assert np.load(out).shape == (10, 28, 28)


@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_map(say, small_runs, array_file, tmp_path, method):
    run = small_runs["autoencoder"].folder
    assert told(say("map", run, "--method", method, "-o", tmp_path / "m.png", "--json"))["shape"] == [1800, 2]
    assert told(say("map", run, "--method", method, "-o", tmp_path / "n.npy", "--json"))["shape"] == [300, 2]
    assert picture(tmp_path / "m.png").shape[1] > 500
    status, _, err = say("map", run, array_file, "--method", method, "-o", tmp_path / "m.npy")
    assert (status, np.load(tmp_path / "m.npy").shape) == (0, (10, 2))
    if method == "tsne":
        assert "Perplexity 30 is too much for 10 points; 3 was used." in err


def test_models(say):
    shelf = told(say("models", "--json"))["models"]
    assert [m["name"] for m in shelf] == list(MODELS)
    assert "a representação latente" in say("models", "--lang", "pt")[1]


# Mistakes: one line, status 2, nothing left behind


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "Did you mean 'train'?"),
        (["train", "--modle", "vae"], "No such option: --modle"),
        (["train", "--epochs", "ten"], "--epochs must be a whole number. Got 'ten' instead. See"),
        (["info"], "Missing argument 'RUN'"),
        (["train", "fashoin"], "csv, .parquet or IDX. Got 'fashoin' instead."),
        (["train", "minst"], "Did you mean 'mnist'?"),
        (["train", "no/such.npy"], "such.npy: expected a file or a folder. There is none."),
        (["train", "."], "Found none in this folder or below it."),
        (["train", "-m", "vea"], "Did you mean 'vae'?"),
        (["train", "--latent-dim", "0"], "--latent-dim must be greater than or equal to 1. Got 0 instead."),
        (["train", "--latent-dim", "785"], "must be at most 784"),
        (["train", "--epochs", "0"], "epochs must be greater than or equal to 1."),
        (["train", "--preset", "leson"], "Did you mean 'lesson'?"),
        (["train", "--widths", "a,b"], "must be whole numbers such as 128,64. Got 'a,b' instead."),
        (["trian"], "No such command 'trian'. Did you mean 'train'? See"),
        (["train", "--resume"], "--resume must be given together with --out, the run's folder."),
        (["train", "--kind", "vector"], "--kind must be left out, or image, as these data are. Got 'vector'"),
        (["train", "--shares", "80,10"], "--shares must be three numbers such as 80,10,10"),
        (["train", "--window", "10"], "--window must be given together with --time, the column"),
        (["train", "--set", "epochs"], "must be NAME=VALUE. Got 'epochs' instead."),
        (["train", "--set", "in_memory=true"], "--set in_memory is not a choice here. It is no choice of the recipe."),
        (["train", "--set", "epoch=3"], "Did you mean 'epochs'?"),
        (["demo", "--lang", "fr"], "lang must be one of en, pt. Got 'fr' instead."),
        (["info", "nowhere"], "nowhere: expected a run folder. Found no folder of this name."),
        (["info", "last"], "runs: expected a finished run in this folder. Found none"),
        (["report", "nowhere"], "nowhere: expected a run folder."),
        (
            ["encode", "nowhere", "mnist-10k", "-o", "z.txt"],
            "must be a path ending in .npy or .csv or .parquet or a folder. Got 'z.txt'",
        ),
    ],
)
def test_mistakes(say, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GARGALO_DATA", raising=False)
    status, out, err = say(*arguments)
    assert status == 2
    assert message in err
    assert err.startswith("gargalo: ")
    assert out == ""
    assert list(tmp_path.iterdir()) == [], "nothing half-written"


def test_an_array_of_the_wrong_shape_for_the_run(say, small_runs, tmp_path):
    np.save(tmp_path / "small.npy", np.random.default_rng(0).integers(0, 255, (20, 8, 8), np.uint8))
    status, _, err = say("encode", small_runs["vae"].folder, tmp_path / "small.npy", "-o", tmp_path / "z.npy")
    assert status == 2
    assert "small.npy: expected shape (n, 28, 28)" in err
    assert not (tmp_path / "z.npy").exists()


def test_a_single_example_is_enough_to_encode(say, small_runs, digits, tmp_path):
    np.save(tmp_path / "one.npy", digits.x[:1])
    assert say("encode", small_runs["vae"].folder, tmp_path / "one.npy", "-o", tmp_path / "z.npy")[0] == 0
    assert np.load(tmp_path / "z.npy").shape == (1, 2)


def test_a_full_run_folder(say, small_runs):
    folder = small_runs["vae"].folder
    before = {p.name: p.stat().st_mtime_ns for p in folder.rglob("*")}
    status, _, err = say("train", "--out", folder)
    assert status == 2
    assert "expected a new run folder. Found one that is not empty" in err
    # Before data are read, which may take long.
    assert "new run folder" in say("train", "no such data", "--out", folder)[2]
    assert before == {p.name: p.stat().st_mtime_ns for p in folder.rglob("*")}


def test_a_report_of_a_run_that_never_finished(say, small_runs, tmp_path):
    import shutil

    shutil.copytree(small_runs["vae"].folder, tmp_path / "run")
    (tmp_path / "run" / "metrics.json").unlink()
    status, _, err = say("report", tmp_path / "run", "-o", tmp_path / "r.html")
    assert status == 2
    assert "whose training did not end" in err
    assert not (tmp_path / "r.html").exists()


def test_a_read_only_output_folder(say, small_runs, array_file, read_only):
    run = small_runs["vae"].folder
    for arguments in (
        ["train", "--out", read_only / "run"],
        ["demo", "--out", read_only / "demo"],
        ["report", run, "-o", read_only / "report.html"],
        ["sample", run, "-o", read_only / "s.png"],
        ["encode", run, array_file, "-o", read_only / "z.npy"],
        ["reconstruct", run, array_file, "-o", read_only / "folder"],
    ):
        status, _, err = say(*arguments)
        assert status == 2, arguments
        assert "cannot be written" in err
        assert "\n" not in err


def test_an_output_never_overwrites_what_is_read(say, small_runs, array_file):
    before = array_file.read_bytes()
    for verb in ("encode", "reconstruct", "decode", "map"):
        status, _, err = say(verb, small_runs["vae"].folder, array_file, "-o", array_file)
        assert (status, array_file.read_bytes()) == (2, before)
        assert "another file than what is read" in err


def test_rows_that_the_run_never_saw_are_new(say, small_runs, array_file, tmp_path):
    assert say("encode", small_runs["vae"].folder, array_file, "-o", tmp_path / "z.csv")[0] == 0
    with (tmp_path / "z.csv").open(newline="") as file:
        assert {row["split"] for row in csv.DictReader(file)} == {"new"}


@pytest.mark.parametrize("verb", ["sample", "map"])
def test_seeds_out_of_range(say, small_runs, tmp_path, verb):
    for seed in ("-1", "99999999999"):
        status, _, err = say(verb, small_runs["vae"].folder, "--seed", seed, "-o", tmp_path / "x.png")
        assert status == 2
        assert f"--seed must be an int from 0 to 4294967295. Got {seed} instead." in err


def test_more_than_the_memory_holds(say, small_runs, tmp_path):
    status, _, err = say("sample", small_runs["vae"].folder, "-n", 20_000_000_000_000, "-o", tmp_path / "x.npy")
    assert status == 2
    assert err.startswith("gargalo: not enough memory")


def test_no_arguments_show_the_help(say):
    status, out, _ = say()
    assert status == 0
    assert "interpolate" in out


def test_ctrl_c(say, tmp_path):
    run = tmp_path / "run"

    def press() -> None:
        """Ctrl-C, as soon as training has begun."""
        while not list(run.glob("checkpoints/step-*")):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    status, _, err = say("train", "--out", run, "--epochs", 500)
    assert status == 130
    assert err == f"gargalo: {run}: stopped, and saved. Go on with: gargalo resume {run}"
    assert "did not end" in say("info", run)[2]


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("became", [ImportError("initialization failed"), OSError(5, "Input/output error"), None])
def test_a_signal_ends_a_command_whatever_is_made_of_it(monkeypatch, capsys, kind, became):
    """Others turn what a signal raises into errors of their own: a module that is being imported does."""

    def interrupted(*_: object, **__: object) -> None:
        try:
            os.kill(os.getpid(), kind)
            time.sleep(5)
        except BaseException as stop:
            raise became or stop from None

    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")
    before = {k: signal.getsignal(k) for k in ending_signals()}
    try:
        with pytest.raises(SystemExit) as end:
            cli.main(interrupted)
    finally:
        for k, handler in before.items():
            signal.signal(k, handler)
    assert end.value.code == 128 + kind
    assert len(capsys.readouterr().err.splitlines()) == 1


# Light


def test_help_and_import_are_light():
    """Without torch, and in the processor time that the README promises, which a busy machine does not change much."""
    script = (
        "import sys, time; t = time.process_time(); import gargalo; i = time.process_time() - t;"
        "from gargalo.cli import run; run(['--help']); h = time.process_time() - t;"
        "heavy = {'torch', 'numpy', 'sklearn', 'matplotlib', 'rich', 'pydantic'} & set(sys.modules);"
        "print(i, h, sorted(heavy))"
    )
    found = min(
        (
            subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
            .stdout.splitlines()[-1]
            .split(" ", 2)
            for _ in range(3)
        ),
        key=lambda line: float(line[1]),
    )
    assert float(found[0]) < 0.2
    assert float(found[1]) < 0.4
    assert found[2] == "[]"


def test_the_version_is_told(say):
    assert say("--version") == (0, f"gargalo {gargalo.__version__}\n", "")


def test_json_is_json_where_a_figure_is_no_number(capsys):
    """A figure that could not be measured is null: browsers and jq read no NaN."""
    print_result({"seconds": 1.5, "test_mse": float("nan"), "more": [float("inf"), {"x": None}]}, [], as_json=True)
    assert capsys.readouterr().out == '{"seconds": 1.5, "test_mse": null, "more": [null, {"x": null}]}\n'


@pytest.mark.parametrize(
    ("verb", "out", "message"),
    [
        ("reconstruct", "x.csv", r"--out must be a path ending in \.npy or \.png, or a folder, for pictures"),
        ("sample", "x.parquet", r"--out must be a path ending in \.npy or \.png, or a folder, for pictures"),
    ],
)
def test_what_cannot_be_written_is_told_before_the_work(
    small_runs, array_file, say, tmp_path, monkeypatch, verb, out, message
):
    monkeypatch.setattr("gargalo.FittedModel.decode_with", lambda *_: pytest.fail("worked first"))
    monkeypatch.setattr("gargalo.FittedModel.reconstruct", lambda *_: pytest.fail("worked first"))
    source = [array_file] if verb == "reconstruct" else []
    status, _, told = say(verb, small_runs["vae"].folder, *source, "--out", tmp_path / out)
    assert status == 2
    assert re.search(message, told)


def test_rows_of_numbers_are_written_as_such_or_refused_before_the_work(say, tmp_path, monkeypatch):
    run = gargalo.train(np.random.default_rng(0).normal(size=(200, 5)), epochs=1, out=tmp_path / "run", progress=False)
    np.save(tmp_path / "new.npy", np.zeros((61, 5), np.float32))
    assert say("sample", run.folder, "-n", "3", "-o", tmp_path / "three.png")[0] == 0
    monkeypatch.setattr("gargalo.FittedModel.reconstruct", lambda *_: pytest.fail("worked first"))
    for out, n, message in (("x.png", 61, "for more than 60 rows of numbers"), ("folder", 9, "for rows of numbers")):
        status, _, told = say("reconstruct", run.folder, tmp_path / "new.npy", "--out", tmp_path / out, "-n", n)
        assert status == 2
        assert f"--out must be a path ending in .npy, .csv or .parquet {message}" in told


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no folder that somebody is in")
def test_a_working_folder_that_was_removed(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", f'cd "{gone}" && rmdir "{gone}" && "{sys.executable}" -m gargalo train'],
        text=True,
        capture_output=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("gargalo: working folder: expected one that is there. Found none")
    assert done.stderr.count("\n") == 1


def test_the_nearest_name_is_told_where_a_path_is_not_there(say, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "weather.csv").touch()
    for wrong, near in (("wether.csv", "weather.csv"), ("photo", "photos"), ("photoss/", "photos")):
        status, _, err = say("inspect", f"{tmp_path}/{wrong}")
        assert status == 2 and err.endswith(f"There is none. Did you mean '{tmp_path / near}'?")
    assert say("info", tmp_path / "photo")[2].endswith(f"no folder of this name. Did you mean '{tmp_path / 'photos'}'?")
    assert say("info", tmp_path / "zzzzz")[2].endswith("no folder of this name.")
    assert say("inspect", "mnsit")[2].endswith("Did you mean 'mnist'?")


def test_an_option_of_a_wrong_type_is_shown(say):
    for typed in (["--window", "1d"], ["--window=1d"]):
        assert "--window must be a whole number. Got '1d' instead." in say("train", "x", *typed)[2]


# Nothing that exists is replaced


@pytest.fixture
def rows_run(tmp_path) -> Path:
    draws = np.random.default_rng(0)
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{a:.3f},{b:.3f}\n" for a, b in draws.normal(size=(60, 2))))
    gargalo.train(tmp_path / "t.csv", "pca", latent_dim=1, out=tmp_path / "run", progress=False)
    return tmp_path


@pytest.mark.parametrize("verb", ["sample", "encode", "map", "reconstruct", "report", "inspect"])
def test_only_what_a_command_wrote_itself_is_replaced(rows_run, say, verb):
    out = rows_run / {"map": "m.png", "report": "r.html", "inspect": "i.png"}.get(verb, "o.csv")
    commands = {
        "sample": ["sample", rows_run / "run"],
        "map": ["map", rows_run / "run"],
        "report": ["report", rows_run / "run"],
        "inspect": ["inspect", rows_run / "t.csv"],
    }
    command = [*commands.get(verb, [verb, rows_run / "run", rows_run / "t.csv"]), "-o", out]
    out.write_text("mine")
    status, _, err = say(*command)
    assert status == 2 and out.read_text() == "mine"
    assert f"a new file, or one that {verb} wrote and nobody changed" in err and "--force replaces it" in err
    assert say(*command, "--force")[0] == 0
    # Its own it replaces, as it was asked for again; not what somebody wrote there since.
    assert say(*command)[0] == 0
    out.write_text("mine again")
    assert say(*command)[0] == 2 and out.read_text() == "mine again"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_an_output_gets_its_name_is_in_nobodys_way(rows_run, monkeypatch, say, when):
    command = ["encode", rows_run / "run", rows_run / "t.csv", "-o", rows_run / "z.csv"]
    assert say(*command)[0] == 0
    real = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if Path(target).name != "z.csv":
            return real(self, target)
        if when == "after":
            real(self, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        assert say(*command)[0] == 130
    assert say(*command)[0] == 0


def test_several_that_write_one_output_at_once_replace_each_others(tmp_path, monkeypatch):
    """Whoever comes between another's mark and its file finds what was there before known as well."""
    from gargalo.io.own_outputs import is_free, remember_output

    out, partials = tmp_path / "x.npy", [tmp_path / f"partial{i}" for i in range(6)]
    for i, partial in enumerate(partials):
        partial.write_bytes(bytes(i))
        remember_output(out, "sample", still_at=partial)
    for partial in (partials[3], partials[0], partials[5], partials[1]):
        partial.replace(out)
        assert is_free(out, "sample") and not is_free(out, "encode")
    out.write_bytes(b"mine, and longer")
    assert not is_free(out, "sample")


def test_what_another_command_wrote_is_not_replaced(rows_run, say):
    assert say("sample", rows_run / "run", "-o", rows_run / "o.csv")[0] == 0
    assert say("encode", rows_run / "run", rows_run / "t.csv", "-o", rows_run / "o.csv")[0] == 2
    # Nor the data of the run, which no option says are read.
    before = (rows_run / "t.csv").read_bytes()
    assert say("sample", rows_run / "run", "-o", rows_run / "t.csv")[0] == 2
    assert (rows_run / "t.csv").read_bytes() == before


def test_pictures_that_lie_in_a_folder_stay(small_runs, digits, tmp_path, say):
    from material import write_pictures

    write_pictures(tmp_path / "photos", digits, np.arange(12))
    run, mine = small_runs["autoencoder"].folder, tmp_path / "mine"
    write_pictures(mine, digits, np.arange(12))
    before = {path: path.read_bytes() for path in mine.rglob("*.png")}
    status, _, err = say("reconstruct", run, tmp_path / "photos", "-o", mine)
    assert status == 2 and "an empty folder, or one that reconstruct wrote and nobody changed" in err
    assert {path: path.read_bytes() for path in mine.rglob("*.png")} == before
    for _ in range(2):
        assert say("reconstruct", run, tmp_path / "photos", "-o", tmp_path / "back")[0] == 0
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "z.png").write_bytes(next((tmp_path / "photos").rglob("*.png")).read_bytes())
    assert say("reconstruct", run, tmp_path / "other", "-o", tmp_path / "back")[0] == 0
    assert [path.name for path in (tmp_path / "back").rglob("*")] == ["z.png"], "of the earlier ones none stays"
    (tmp_path / "back" / "note.txt").write_text("mine")
    assert say("reconstruct", run, tmp_path / "photos", "-o", tmp_path / "back")[0] == 2


# What the environment says


@pytest.mark.parametrize("rank", ["abc", "-1", ""])
def test_a_process_that_is_none_is_told_in_a_line(rows_run, rank):
    environment = os.environ | {"RANK": rank}
    told = subprocess.run(
        [sys.executable, "-m", "gargalo", "info", str(rows_run / "run")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode in (0, 2) and "Traceback" not in told.stderr and len(told.stderr.splitlines()) <= 1


def test_models_are_told_in_lines(say):
    assert "\\n" not in say("models")[1]


def test_a_training_that_failed_at_its_first_file_is_in_nobodys_way(rows_run, say):
    """A full disk, or a kill, right at the beginning: a folder with locks and nothing else."""
    for name in ("one", "two"):
        (rows_run / name / "checkpoints").mkdir(parents=True)
        (rows_run / name / "checkpoints" / ".lock").touch()
    (rows_run / "one" / "checkpoints" / f".{24 * 'a'}.partial").touch()
    for name in ("one", "two"):
        assert say("train", rows_run / "t.csv", "--model", "pca", "--out", rows_run / name)[0] == 0
    (rows_run / "three" / "checkpoints" / "step").mkdir(parents=True)
    assert say("train", rows_run / "t.csv", "--model", "pca", "--out", rows_run / "three")[0] == 2
