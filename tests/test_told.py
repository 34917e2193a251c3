"""What commands tell people: in their language, once, and with what it is about."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gargalo import cli, load_data
from gargalo.data.notes import first_few
from gargalo.io.progress import losses_told
from gargalo.io.reporter import Reporter, reporter_for
from gargalo.io.tables import write_table
from gargalo.lang import words
from gargalo.training import stopped_told

pl = pytest.importorskip("polars")

POINT = re.compile(r"\d\.\d")
"""A decimal mark that is no comma."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A run on a table with ids of their own, missing cells and a copy, made by a command in Portuguese."""
    place = tmp_path_factory.mktemp("told")
    a = np.round(40 + np.random.default_rng(0).permutation(60) / 10, 1)
    cells: dict[str, list[Any]] = {
        "name": [f"p{i}" for i in range(60)],
        "a": a.tolist(),
        "b": np.round(2 * a, 1).tolist(),
    }
    cells["a"][7] = cells["a"][9] = None
    cells["a"][21], cells["b"][21] = cells["a"][20], cells["b"][20]
    pl.DataFrame(cells).write_csv(place / "t.csv")
    reading = ["--id", "name", "--impute", "median"]
    choices = ["-m", "vae", "--epochs", 12, "--patience", 1, "--set", "validation_share=0.2", "--widths", 8]
    arguments = ["train", place / "t.csv", *reading, *choices, "--out", place / "run", "--lang", "pt"]
    heard: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gargalo.io.reporter.tell", lambda text, end="\n": heard.append(text))
        assert cli.run([str(a) for a in arguments]) == 0
    return SimpleNamespace(run=place / "run", table=place / "t.csv", heard=heard)


def test_a_training_is_told_of_in_the_language_asked_for(trained):
    told = "\n".join(trained.heard)
    assert "2 linhas com valores ausentes" in told
    assert "vae: rede mlp 8 silu (net auto, por causa de: linhas de números)" in told
    assert re.search(r"^vae \d+/12: perda no treino -?\d+(,\d+)?, perda na validação", told, re.MULTILINE)
    assert "vae parou depois da época" in told and "ficam guardados os pesos da época" in told
    for english in ("loss", "epoch", "network", "kept", "missing", "training examples"):
        assert english not in told.replace("numbers", ""), english
    assert not POINT.search(told.replace("t.csv", ""))


def test_what_is_told_is_in_the_locale_s_language_where_none_is_asked_for(monkeypatch):
    for place, lang in (("pt_BR.UTF-8", "pt"), ("C.UTF-8", "en")):
        monkeypatch.setenv("LC_ALL", place)
        assert reporter_for(True).say.lang == Reporter().say.lang == lang
        assert reporter_for(True, "pt").say.lang == "pt"


def test_each_loss_is_said_to_be_of_its_set():
    record = {"epoch": 1, "train": {"loss": 1.5, "kl": 0.25}, "validation": {"loss": 2.5, "kl": 0.5}}
    assert losses_told(record, words("en")) == "train loss 1.5, validation loss 2.5 (kl 0.5)"
    assert losses_told(record, words("pt")) == "perda no treino 1,5, perda na validação 2,5 (kl 0,5)"
    assert losses_told({"epoch": 1, "train": {"loss": 1.5}}, words("en")) == "train loss 1.5"


def test_why_a_training_ended_is_told_in_both_languages():
    why = "validation loss has not fallen for 2 epochs, since epoch 10"
    assert stopped_told(why, words("en")) == why
    assert stopped_told(why, words("pt")) == "a perda na validação não cai há 2 épocas, desde a época 10"
    assert stopped_told("as another version said", words("pt")) == "as another version said"


def test_info_is_in_the_language_asked_for_and_explains_its_figures(trained, say):
    status, told, _ = say("info", trained.run, "--lang", "pt")
    # A recipe's choices stay as --set takes them, and commands as they are typed.
    lines = [line for line in told.splitlines() if not line.startswith(("treino ", "  gargalo train "))]
    assert status == 0 and "perda no treino" in told
    own = "\n".join(lines[1:]).replace("t.csv", "")
    assert not POINT.search(own)
    for english in ("stopped", "loss", "seconds", "epoch", " to ", "train", "accuracy", "test"):
        assert english not in own.replace("teste", ""), english
    assert "por que parou" in own and "a perda na validação não cai há 1 época" in own
    at = next(i for i, line in enumerate(lines) if line.startswith("coluna "))
    assert lines[at - 1].startswith("Erro: raiz do erro quadrático médio") and "Palpite: " in lines[at - 1]
    assert "Distância entre as suas distribuições" in told
    english = say("info", trained.run, "--lang", "en")[1]
    assert "Guess: the R² of always saying the mean." in english and re.search(r"^test_mse +\d\.\d+", english, re.M)
    assert say("info", trained.run, "--lang", "pt", "--json")[1] == say("info", trained.run, "--json")[1]


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        (3, ["kept      epoch 3 of 3: train loss "]),
        (1, ["kept      epoch 1 of 3: train loss ", "last      epoch 3 of 3: train loss "]),
        (0, ["kept      epoch 0, the weights as training began", "last      epoch 3 of 3: train loss "]),
    ],
)
def test_info_says_which_epoch_is_kept(small_runs, tmp_path, say, best, expected):
    shutil.copytree(small_runs["vae"].folder, run := tmp_path / "run")
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["facts"]["best_epoch"] = best
    (run / "metrics.json").write_text(json.dumps(metrics))
    lines = [line for line in say("info", run, "--lang", "en")[1].splitlines() if line[:5] in ("kept ", "last ")]
    assert len(lines) == len(expected)
    assert all(line.startswith(start) for line, start in zip(lines, expected, strict=True))


def test_a_film_says_which_examples_it_goes_between(small_runs, tmp_path, say, monkeypatch):
    run = small_runs["vae"]
    kept, names = run.examples, run.recipe.data.class_names
    film = ["-o", tmp_path / "film.png"]
    monkeypatch.setenv("LC_ALL", "C")
    _, told, _ = say("interpolate", run.folder, "--from", 4, "--to", f"id:{kept.ids[9]}", "--steps", 3, *film)
    assert told.splitlines()[1:] == [
        f"  from test example 4 (id {kept.ids[4]}, label {names[kept.y[4]]})",
        f"  to test example 9 (id {kept.ids[9]}, label {names[kept.y[9]]})",
    ]
    assert len(say("traverse", run.folder, "--steps", 3, "-o", tmp_path / "t.png")[1].splitlines()) == 1
    helped = " ".join(say("interpolate", "--help")[1].split())
    assert "place among the test examples that the run keeps" in helped


def test_a_table_comes_back_with_its_ids_and_its_gaps_are_told(trained, tmp_path, say, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    _, told, _ = say("reconstruct", trained.run, trained.table, "-o", tmp_path / "back.csv")
    assert told.splitlines()[1:] == ["every value is the model's, also where the data have none: 2 cells"]
    back = pl.read_csv(tmp_path / "back.csv")
    assert back.columns == ["name", "a", "b"] and back["name"].to_list() == [f"p{i}" for i in range(60)]
    _, told, _ = say("reconstruct", trained.run, trained.table, "-n", 5, "-o", tmp_path / "some.csv", "--json")
    assert "filled_in" not in json.loads(told) and pl.read_csv(tmp_path / "some.csv").columns[0] == "name"
    # Without that column there are only numbers of rows, and these have no name.
    pl.read_csv(trained.table).drop("name").write_csv(tmp_path / "nameless.csv")
    say("reconstruct", trained.run, tmp_path / "nameless.csv", "-n", 5, "-o", tmp_path / "other.csv")
    assert pl.read_csv(tmp_path / "other.csv").columns[0] == "id"
    say("encode", trained.run, trained.table, "-o", tmp_path / "z.csv")
    assert pl.read_csv(tmp_path / "z.csv").columns[:2] == ["id", "split"]


def test_numbers_of_32_bits_have_no_more_digits_than_they_need(tmp_path):
    values = np.array([44.6, 3, -0.1, 123456789, 1e-7, 1.2345678e-9, -3.3e38, np.nan], np.float32)
    out = write_table(tmp_path / "t.csv", {"x": values, "y": values.astype(np.float64)})
    cells = [line.split(",") for line in out.read_text().splitlines()[1:]]
    assert [x for x, _ in cells] == ["44.6", "3", "-0.1", "123456790", "1e-07", "1.2345678e-09", "-3.3e+38", ""]
    assert cells[0][1] == "44.5999985"
    many = np.random.default_rng(0).integers(0, 2**32, 3000, dtype=np.uint32).view(np.float32)
    many = many[np.isfinite(many)]
    text = write_table(tmp_path / "m.csv", {"x": many}).read_text().split()[1:]
    np.testing.assert_array_equal(np.array(text, np.float32), many)
    write_table(tmp_path / "t.parquet", {"x": values})
    assert pl.read_parquet(tmp_path / "t.parquet")["x"].dtype == pl.Float32


def test_copies_and_skipped_files_are_named(trained, tmp_path: Path):
    found = load_data(trained.table, id="name", impute="median")
    notes = {note.key: (note.count, note.what) for note in found.notes}
    assert notes["copies"] == (1, "p21 = p20") and notes["missing"] == (2, "2")
    for i in range(8):
        Image.fromarray(np.full((8, 8), 30 * i, np.uint8)).save(tmp_path / f"{i}.png")
    for name in "abcd":
        (tmp_path / f"{name}.png").write_bytes(b"no picture")
    notes = load_data(tmp_path).notes
    assert [(note.count, note.what) for note in notes if note.key == "skipped"] == [(4, "a.png, b.png, c.png, …")]
    assert first_few("abc") == "a, b, c"
