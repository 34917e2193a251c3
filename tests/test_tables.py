"""Tables and logs: what becomes of their columns, and every way in which a file can be wrong."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import sparse

from gargalo import cli, evaluate, load_data, train
from gargalo.data import Column, Dataset, as_observed, named_values
from gargalo.data.codec import TableCodec
from gargalo.data.log import joined
from gargalo.data.readers.times import in_time
from gargalo.errors import DataError, GargaloError, ParameterError
from gargalo.io.tables import Dialect, write_table
from gargalo.lang import words
from gargalo.models.likelihoods import GaussianLikelihood, Mixed
from gargalo.runs.original_data import original_data

N = 60
RNG = np.random.default_rng(0)
PEOPLE = pl.DataFrame(
    {
        "height": RNG.normal(170, 10, N).round(1),
        "city": RNG.choice(["Recife", "Belém", "São Paulo"], N),
        "steps": RNG.integers(0, 20_000, N),
        "smokes": RNG.random(N) < 0.3,
        "species": RNG.choice(["cat", "dog"], N),
        "name": [f"p{i}" for i in range(N)],
    }
)
PLAIN = {"label": "species", "id": "name"}


def holed(frame: pl.DataFrame = PEOPLE) -> pl.DataFrame:
    """The same with a number and a name missing now and then."""
    every = pl.int_range(pl.len())
    return frame.with_columns(
        height=pl.when(every % 5 == 1).then(None).otherwise("height"),
        city=pl.when(every % 7 == 2).then(None).otherwise("city"),
    )


def csv(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(path: Path, text: str | bytes, expected: str, **reading) -> None:
    """Reading a file with this text ends in one line that names the file and says what is expected."""
    with pytest.raises(DataError, match=re.escape(expected)) as caught:
        load_data(csv(path, text), **reading)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


# What becomes of columns


@pytest.mark.parametrize("kind", ["csv", "parquet", "polars", "pandas"])
def test_columns_are_numbers_or_names_from_wherever_they_come(tmp_path, kind):
    if kind == "csv":
        PEOPLE.write_csv(tmp_path / "t.csv")
    elif kind == "parquet":
        PEOPLE.write_parquet(tmp_path / "t.parquet")
    forms = {"polars": PEOPLE, "pandas": pd.DataFrame(PEOPLE.to_dict(as_series=False))}
    source = load_data(forms.get(kind, tmp_path / f"t.{kind}"), **PLAIN)
    assert [c.name for c in source.columns] == ["height", "city", "steps", "smokes"]
    assert [c.kind for c in source.columns] == ["number", "category", "number", "category"]
    assert source.columns[1].categories == ("Belém", "Recife", "São Paulo")
    assert source.class_names == ("cat", "dog")
    assert list(source.ids) == PEOPLE["name"].to_list()
    np.testing.assert_array_equal(source.x[:, 0], PEOPLE["height"].to_numpy().astype(np.float32))
    assert named_values(source.columns, source.x)["city"].tolist() == PEOPLE["city"].to_list()
    assert source.fingerprint == load_data(PEOPLE, **PLAIN).fingerprint


def test_columns_can_be_left_out_or_named(tmp_path):
    source = load_data(PEOPLE, ignore=("city", "name", "species"), category="smokes")
    assert [c.name for c in source.columns] == ["height", "steps", "smokes"]
    for wrong in ({"ignore": "cty"}, {"label": "specis"}, {"category": "heigt"}):
        with pytest.raises(ParameterError, match=r"Did you mean '(city|species|height)'"):
            load_data(PEOPLE, **wrong)
    with pytest.raises(ParameterError, match=r"lable is not a choice here\. Did you mean 'label'"):
        load_data(PEOPLE, lable="species")


DAY = datetime(2024, 1, 1)
LEFT_OUT = [
    ("many_names", [f"text {i % 280}" for i in range(600)], 280),
    ("times", [DAY + timedelta(days=i) for i in range(600)], 600),
    ("times", [f"2024-01-0{i % 3 + 1}" for i in range(600)], 3),
    ("times", [f"{i % 28 + 1:02d}/11/2023 0{i % 9}:30" for i in range(600)], 252),
    ("times", [f"Jan {i % 28 + 1} 2000" for i in range(600)], 28),
    ("times", [f"{i % 28 + 1}-fev-23" for i in range(600)], 28),
    ("times", [f"{i % 24:02d}:00" for i in range(600)], 24),
    ("times", [f"2024-W{i % 52 + 1:02d}" for i in range(600)], 52),
    ("ids", [f"p{i}" for i in range(600)], 600),
    ("many_names", [f"p{i // 2 * 2 if i < 100 else i}" for i in range(600)], 550),
    ("many_names", [None, *(f"p{i}" for i in range(599))], 600),
    ("prose", [f"the {i}th patient felt well again" for i in range(600)], 600),
    ("nested", [[1, 2]] * 600, 1),
]


@pytest.mark.parametrize(("key", "cells", "count"), LEFT_OUT, ids=lambda value: value if isinstance(value, str) else "")
def test_columns_that_teach_nothing_are_left_out_and_told_of(key, cells, count):
    frame = pl.DataFrame({"a": np.arange(600) % 7, "odd": pl.Series("odd", cells)})
    found = load_data(frame)
    assert [column.name for column in found.columns] == ["a"]
    assert [(note.key, note.what, note.count) for note in found.notes if "copies" not in note.key] == [
        (key, "odd", count)
    ]
    assert "odd" in words("en")(f"note.{key}", n=count, what="odd")
    assert not [note for note in load_data(frame, ignore="odd").notes if "copies" not in note.key]
    # Without it, nothing is left.
    with pytest.raises(DataError, match=r"expected a column of numbers, or of names that repeat\. Found 'odd' \("):
        load_data(frame.select("odd"))
    if key == "nested":
        return
    if count <= 256:
        # A category that is asked for is always kept.
        assert len(load_data(frame, category="odd").columns[1].categories) == count
    else:
        with pytest.raises(DataError, match=r"at most 256 different names of a category\. Found \d+"):
            load_data(frame, category="odd")
        for lang in ("en", "pt"):  # what cannot be is not recommended
            told = words(lang)(f"note.{key}", n=count, what="odd")
            assert "--category" not in told or "256" in told


@pytest.mark.parametrize(
    "cells",
    [
        ["I", "II", "III"] * 200,
        ["16:9", "4:3", "21:9"] * 200,
        ["1.2", "1.10.3", "2.0"] * 200,
        ["no comment was made at all", "fine"] * 300,
        [f"city {i % 250}" for i in range(600)],
        ["12 kg", "13 kg"] * 300,
        ["1st", "2nd", "3rd"] * 200,
        ["<5", "1", "2", "3", "4"] * 120,
        [f"{i % 40:05d}" for i in range(600)],
    ],
    ids=lambda cells: cells[0],
)
def test_names_that_repeat_are_categories(cells):
    found = load_data(pl.DataFrame({"a": np.arange(600) % 7, "odd": cells}))
    assert found.columns[1].categories == tuple(sorted(set(cells)))
    assert {note.key for note in found.notes} <= {"copies", "many_copies"}


WRITTEN = [
    (
        lambda i: f"{i},5" if i % 2 else f"{i}",
        "with a decimal point. Found '1,5' in column 'x'; decimal_comma reads them",
    ),
    (lambda i: f"{i},5" if i % 2 else f"{i}.5", "Found '1,5' in column 'x'; number='x' reads both, or write all"),
    (
        lambda i: f"{i + 1},{i + 100}",
        "Found '1,100' in column 'x'; decimal_comma reads it as 1.100, number='x' as 1100",
    ),
    (
        lambda i: f"$1,{i + 100}.50",
        "Found '$1,100.50' and the like in 60 of 60 rows; number='x' reads the numbers, category='x'",
    ),
    (lambda i: f"R$ {i},50", "Found 'R$ 0,50' and the like in 60 of 60 rows; decimal_comma with number='x' reads"),
    (lambda i: f"{i}%", "Found '0%' and the like in 60 of 60 rows; number='x' reads the numbers"),
    (
        lambda i: f"{i} kg" if i % 3 else f"{i}",
        "Found '1 kg' and the like in 40 of 60 rows; number='x' reads the numbers",
    ),
    (lambda i: f"1 {i + 100}", "Found '1 100' and the like in 60 of 60 rows; number='x' reads the numbers"),
    (lambda i: f"({i}.5)", "Found '(0.5)' and the like in 60 of 60 rows; number='x' reads the numbers"),
    (
        lambda i: f"{i}.25" if i % 20 else "<1",
        "Found '<1' and the like in 3 of 60 rows; number='x' reads the numbers, '<1' and the like as missing",
    ),
]


@pytest.mark.parametrize(("write", "expected"), WRITTEN, ids=lambda value: value if isinstance(value, str) else "")
def test_numbers_that_cannot_be_read_are_not_taken_for_names(tmp_path, write, expected):
    cells = [write(i) for i in range(N)]
    text = "a;x\n" + "".join(f"{i % 7};{cell}\n" for i, cell in enumerate(cells))
    refused(tmp_path / "t.csv", text, expected)
    frame = pl.DataFrame({"a": np.arange(N) % 7, "x": cells})
    with pytest.raises(DataError, match=re.escape(expected)):
        load_data(frame)
    # Not where nobody asks for them, and where they are meant to be names.
    assert [column.name for column in load_data(tmp_path / "t.csv", ignore="x").columns] == ["a"]
    assert len(load_data(frame, category="x").columns[1].categories) == len(set(cells))
    # Of other data for a run on numbers they are read, unless they may be two.
    numbers = load_data(frame.with_columns(x=pl.Series(range(N))), impute="mask")
    if "1,100" in expected and "$" not in expected:
        with pytest.raises(DataError, match=re.escape(expected)):
            load_data(frame, like=numbers.spec)
    else:
        assert np.isnan(load_data(frame, like=numbers.spec).x).sum() == cells.count("<1")


def test_decimal_commas_beside_whole_numbers_are_read_from_wherever_they_come(tmp_path):
    frame = pl.DataFrame({"a": [f"{i},5" if i % 2 else f"{i}" for i in range(N)], "zip": ["01067", "10115"] * (N // 2)})
    frame.write_csv(tmp_path / "t.csv", separator=";")
    for source in (frame, tmp_path / "t.csv"):
        found = load_data(source, decimal_comma=True, category="zip")
        assert found.x[:3, 0].tolist() == [0, 1.5, 2]
        assert found.columns[1].categories == ("01067", "10115")
    assert load_data(frame, decimal_comma=True).columns[1].categories == ("01067", "10115")


def test_numbers_with_blanks_around_them_are_numbers(tmp_path):
    text = "a, b, c\n" + "".join(f"{i % 5}, {i}.5, {'yes' if i % 2 else 'no'}\n" for i in range(N))
    found = load_data(csv(tmp_path / "t.csv", text))
    assert [column.kind for column in found.columns] == ["number", "number", "category"]
    assert found.x[:3, 1].tolist() == [0.5, 1.5, 2.5]
    texts = pl.DataFrame({"a": np.arange(N) % 5, "b": [f"{i}.5" for i in range(N)]})
    with pytest.raises(
        DataError, match=r"numbers in column 'b'\. Found them as text, such as '0\.5'; number='b' reads them"
    ):
        load_data(texts)


def test_new_rows_are_read_as_training_was_whatever_they_look_like(tmp_path):
    """A column that is left out is not asked for again; few names of a category are one, if each is there once."""
    rows = {"a": np.arange(60) % 7, "id": [f"p{i}" for i in range(60)], "b": list("xyzuvw") * 10}
    run = train(pl.DataFrame(rows), epochs=1, out=tmp_path / "run", progress=False)
    assert [column.name for column in run.recipe.data.columns] == ["a", "b"]
    new = load_data(pl.DataFrame({"a": range(12), "b": list("xyzuvwXYZUVW")}), like=run.recipe.data)
    assert new.x[:6, 1].tolist() == [3, 4, 5, 0, 1, 2]
    assert [(note.key, note.count) for note in new.notes if note.key != "missing"] == [("unseen", 6)]


def test_a_run_that_took_times_for_names_still_reads_its_data(tmp_path):
    """Runs of before have such categories: their data are the same data to them."""
    frame = pl.DataFrame({"day": [f"2024-01-0{i % 3 + 1}" for i in range(60)], "a": np.arange(60) % 11})
    frame.write_csv(tmp_path / "t.csv")
    then = load_data(tmp_path / "t.csv", category="day")
    spec = then.spec.model_copy(update={"origin": load_data(tmp_path / "t.csv").origin})
    assert original_data(spec).fingerprint == then.fingerprint
    assert load_data(tmp_path / "t.csv", like=spec).columns == then.columns


def test_columns_without_a_value_and_without_change_are_told_of():
    frame = PEOPLE.with_columns(empty=pl.lit(None), same=pl.lit(3.0))
    source = load_data(frame, **PLAIN)
    assert {(n.key, n.what) for n in source.notes} == {("empty_column", "empty"), ("constant", "same")}
    codec = source.spec.modality.codec(source.spec)
    codec.fit(lambda: [source.x])
    assert torch.isfinite(codec(torch.from_numpy(source.x))).all()


def test_columns_that_all_stand_still_cannot_be_learned():
    source = load_data(pl.DataFrame({"a": [1.0] * 30, "b": [2.0] * 30}))
    with pytest.raises(DataError, match="expected data that vary"):
        source.check_trainable()


def test_an_id_must_be_of_its_own_and_a_label_in_every_row():
    with pytest.raises(DataError, match=r"an id of its own for each row in column 'city'\. Found 3 for 60"):
        load_data(PEOPLE, id="city", ignore=("name",))
    with pytest.raises(DataError, match=r"expected a label in every row of 'city'. Found 9 without"):
        load_data(holed(), label="city", ignore="name")
    measured = PEOPLE.with_columns(mass=pl.Series(np.random.default_rng(1).random(N)))
    wide = pl.concat([measured.with_columns(mass=pl.col("mass") + i) for i in range(10)])
    with pytest.raises(DataError, match="which is a measurement: leave label out"):
        load_data(wide, label="mass", ignore="name")


# Missing values


def test_missing_values_are_refused_until_it_is_said_what_to_do():
    with pytest.raises(
        DataError, match=r"missing values in 19 of 60 rows, columns 'height' \(12\), 'city' \(9\)\. .*impute="
    ):
        load_data(holed(), **PLAIN)
    dropped = load_data(holed(), impute="drop", **PLAIN)
    assert len(dropped) == 41
    assert dropped.ids[1] == "p3"
    kept = load_data(holed(), impute="mask", **PLAIN)
    assert kept.missing
    assert np.isnan(kept.x[1, 0])
    filled = load_data(holed(), impute="median", **PLAIN)
    assert not filled.missing
    train_rows = filled.rows("train")
    there = kept.x[train_rows, 0]
    assert filled.x[1, 0] == np.float32(np.median(there[~np.isnan(there)]))  # of the training rows alone
    common = np.bincount(kept.x[train_rows, 1][~np.isnan(kept.x[train_rows, 1])].astype(int)).argmax()
    assert filled.x[2, 1] == common
    with pytest.raises(DataError, match=r"expected values in column '0'. Found none in the training rows"):
        load_data(np.c_[np.full(N, np.nan), np.arange(N)], impute="median")


def test_a_codec_of_a_table_goes_there_and_back():
    source = load_data(holed(), impute="mask", **PLAIN)
    codec = source.spec.modality.codec(source.spec)
    assert isinstance(codec, TableCodec)
    codec.fit(lambda: [source.x[:25], source.x[25:]])
    raw = torch.from_numpy(source.x)
    x, mask = codec(raw), codec.mask(raw)
    assert x.shape == mask.shape == (N, 2 + 3 + 2)
    assert torch.isfinite(x).all()
    back = codec.invert(x).numpy()
    there = ~np.isnan(source.x)
    np.testing.assert_allclose(back[there], source.x[there], rtol=1e-5)
    numbers = x[:, 0][mask[:, 0]]
    assert abs(numbers.mean()) < 1e-5
    assert abs(numbers.std(correction=0) - 1) < 1e-5


def test_the_mixed_likelihood_is_a_gaussian_and_a_cross_entropy():
    params, x = torch.randn(5, 6), torch.zeros(5, 6)
    x[:, :2] = torch.randn(5, 2)
    x[torch.arange(5), torch.tensor([2, 3, 4, 2, 3])] = 1
    x[:, 5] = 1
    mixed, alone = Mixed((6,), (3, 1)), GaussianLikelihood((2,))
    nll = mixed.nll(params, x)
    torch.testing.assert_close(nll["numbers"], alone.nll(params[:, :2], x[:, :2])["gaussian"])
    wanted = torch.nn.functional.cross_entropy(params[:, 2:5], x[:, 2:5].argmax(1), reduction="none")
    torch.testing.assert_close(nll["categories"], wanted)  # a single name says nothing
    mask = torch.ones(5, 6, dtype=torch.bool)
    mask[0, 2:5] = mask[1, 0] = False
    masked = mixed.nll(params, x, mask)
    assert masked["categories"][0] == 0
    assert masked["numbers"][1] != nll["numbers"][1]
    assert (masked["categories"][1:] == nll["categories"][1:]).all()
    assert mixed.mean(params)[:, 2:5].sum(1).allclose(torch.ones(5))


def test_what_is_missing_does_not_count():
    """Another number where one is missing changes no loss, and no gradient comes from there."""
    likelihood = Mixed((4,), (2,))
    mask = torch.tensor([[True, False, True, True]])
    params = torch.randn(1, 4, requires_grad=True)
    losses = []
    for hidden in (0.0, 50.0):
        x = torch.tensor([[0.3, hidden, 1.0, 0.0]])
        losses.append(sum(likelihood.nll(params, x, mask).values()))
    torch.testing.assert_close(losses[0], losses[1])
    losses[0].sum().backward()
    assert params.grad[0, 1] == 0
    assert (params.grad[0, [0, 2, 3]] != 0).all()


# Models on tables


@pytest.mark.parametrize("model", ["autoencoder", "vae", "denoising", "pca", "iwae"])
def test_a_table_is_learned_and_comes_back_with_its_names(tmp_path, model, say):
    frame = pl.concat([holed()] * 4).with_columns(name=pl.int_range(4 * N).cast(pl.String))
    frame.write_csv(tmp_path / "t.csv")
    choices = {"latent_dim": 3, "epochs": None if model == "pca" else 3}
    reading = {**PLAIN, "impute": "mask"}
    run = train(tmp_path / "t.csv", model, reading=reading, out=tmp_path / "run", progress=False, **choices)
    assert np.isfinite(run.metrics["test_mse"])
    if model == "vae":
        assert {"numbers", "categories", "kl"} <= run.history[0]["train"].keys()
        assert np.isfinite(run.log_likelihood(load_data(tmp_path / "t.csv", like=run.recipe.data), k=5)).all()
    assert say("reconstruct", tmp_path / "run", tmp_path / "t.csv", "-o", tmp_path / "back.csv")[0] == 0
    back = pl.read_csv(tmp_path / "back.csv")
    assert back.columns == ["name", "height", "city", "steps", "smokes"]
    assert back["name"].to_list() == list(range(4 * N))
    assert set(back["city"]) <= {"Belém", "Recife", "São Paulo"}
    assert back["height"].is_between(100, 240).all()
    assert say("encode", tmp_path / "run", tmp_path / "t.csv", "-o", tmp_path / "z.parquet")[0] == 0
    z = pl.read_parquet(tmp_path / "z.parquet")
    assert z.columns == ["id", "split", "label", "z0", "z1", "z2"]
    assert z["split"].value_counts().height == 3


def test_other_rows_are_read_as_those_that_were_learned(tmp_path, say):
    PEOPLE.write_csv(tmp_path / "t.csv")
    run = train(tmp_path / "t.csv", reading=PLAIN, epochs=1, out=tmp_path / "run", progress=False)
    few = PEOPLE[:3].select("steps", "city", "smokes", "height").with_columns(more=pl.lit(1))
    few = few.with_columns(city=pl.Series(["Manaus", "Recife", "Recife"]))
    few.write_csv(tmp_path / "few.csv")
    source = load_data(tmp_path / "few.csv", like=run.recipe.data)
    assert source.y is None
    assert [(n.key, n.count, n.what) for n in source.notes if n.key == "unseen"] == [("unseen", 1, "city ('Manaus')")]
    assert np.isfinite(run.encode(source)).all()
    few.drop("steps").write_csv(tmp_path / "few.csv")
    answer = say("encode", tmp_path / "run", tmp_path / "few.csv", "-o", tmp_path / "z.csv")
    assert answer[0] == 2
    assert "expected column 'steps'. Found city" in answer[2]


def test_likelihoods_must_suit_the_columns():
    with pytest.raises(GargaloError, match="mixed or mse for columns that are categories"):
        train(PEOPLE, reading=PLAIN, likelihood="gaussian", progress=False)
    with pytest.raises(GargaloError, match="another, for data without categories"):
        train(RNG.normal(size=(40, 3)), likelihood="mixed", progress=False)


# Splits


def test_parts_can_be_a_column(tmp_path):
    parts = ["train", "Test", "val"] * (N // 3)
    source = load_data(PEOPLE.with_columns(part=pl.Series(parts)), split="part", **PLAIN)
    assert source.split.tolist() == [0, 2, 1] * (N // 3)
    with pytest.raises(DataError, match=r"expected splits called train, validation, test. Found 'cat'"):
        load_data(PEOPLE, split="species", id="name")


def test_groups_stay_together():
    frame = PEOPLE.with_columns(machine=pl.Series([f"m{i % 12}" for i in range(N)]))
    source = load_data(frame, group="machine", **PLAIN)
    for group in range(12):
        assert len(set(source.split[group::12])) == 1
    assert {0, 1, 2} == set(source.split.tolist())


def test_a_group_that_a_column_divides_is_refused():
    parts = pl.Series(["train", "test"] * (N // 2))
    frame = PEOPLE.with_columns(part=parts, machine=pl.Series([f"m{i // 10}" for i in range(N)]))
    with pytest.raises(DataError, match=r"each group in one split\. Found rows 0 and 1 of one group in two"):
        load_data(frame, split="part", group="machine", **PLAIN)


def test_parts_that_nothing_is_left_for_are_told_of_before_training():
    one = PEOPLE.with_columns(machine=pl.lit("m"))
    short = log(n=300)
    for source in (
        load_data(one, group="machine", **PLAIN),
        load_data(short, time="second", window=61, step=5, ignore="machine"),
    ):
        with pytest.raises(DataError, match=r"train on and others to test with\. Found \d+ and 0"):
            source.check_trainable()


def test_time_splits_and_orders():
    frame = PEOPLE.with_columns(t=pl.Series(np.arange(N)[::-1].copy()))
    source = load_data(frame, time="t", **PLAIN)
    assert list(source.ids[:2]) == ["p59", "p58"]
    assert source.split.tolist() == [0] * 42 + [1] * 9 + [2] * 9


# Windows


def log(groups: int = 1, n: int = 100) -> pl.DataFrame:
    rows = [
        {"machine": f"m{g}", "second": t, "heat": 10.0 * g + t, "hum": float(t % 7)}
        for g in range(groups)
        for t in range(n)
    ]
    return pl.DataFrame(rows).sample(fraction=1, shuffle=True, seed=0)


def test_windows_are_cut_in_the_order_of_time():
    source = load_data(log(), time="second", window=6, step=3, ignore="machine")
    assert source.x.shape[1] == 12
    assert [c.name for c in source.columns[:3]] == ["heat[0]", "hum[0]", "heat[1]"]
    np.testing.assert_array_equal(source.x[1, ::2], np.arange(3, 9))
    assert source.ids[1] == "3"
    # None reaches from one part into another.
    ends = {
        code: (source.x[source.split == code][:, 0].min(), source.x[source.split == code][:, -2].max())
        for code in (0, 1, 2)
    }
    assert ends[0][1] < ends[1][0] < ends[1][1] < ends[2][0]


def test_windows_stay_in_their_group():
    source = load_data(log(10, 30), time="second", group="machine", window=10)
    assert len(source) == 30
    assert source.ids[0] == "m0/0"
    heat = source.x[:, ::2]
    assert (np.diff(heat, axis=1) == 1).all()
    groups = np.array([name.split("/")[0] for name in source.ids])
    assert all(len(set(source.split[groups == g])) == 1 for g in set(groups))
    with pytest.raises(DataError, match=r"expected stretches of at least 31 rows for a window. Found at most 30"):
        load_data(log(10, 30), time="second", group="machine", window=31)
    for wrong in ({"window": 3}, {"step": 2, "time": "second"}, {"window": 0, "time": "second"}):
        with pytest.raises(ParameterError, match=r"window|step"):
            load_data(log(), **wrong)


def test_every_window_has_an_id_of_its_own():
    """Of its first row; where several begin at one time, as in a log that knows whole seconds, they are numbered."""
    twice = pl.concat([log(), log()]).with_columns(row=pl.int_range(2 * len(log())).cast(pl.String) + "r")
    source = load_data(twice, time="second", window=4, ignore=["machine", "row"])
    assert len(set(source.ids)) == len(source)
    assert load_data(twice, time="second", window=1, ignore=["machine", "row"]).ids[:3] == ["0", "0 #2", "1"]
    named = load_data(twice, time="second", window=4, id="row", ignore="machine")
    assert set(named.ids) <= set(twice["row"])


def test_a_run_on_windows_reads_other_logs(tmp_path):
    log(5, 60).write_csv(tmp_path / "log.csv")
    reading = {"time": "second", "group": "machine", "window": 8, "step": 2}
    run = train(tmp_path / "log.csv", reading=reading, epochs=1, out=tmp_path / "run", progress=False)
    log(1, 20).write_csv(tmp_path / "new.csv")
    other = load_data(tmp_path / "new.csv", like=run.recipe.data)
    assert run.encode(other).shape == (7, run.latent_size)


def counts(source: Dataset) -> dict[str, int]:
    return {note.key: note.count for note in source.notes}


def test_no_window_crosses_a_gap_in_time(tmp_path, say):
    """Three stretches of 100 hours, days apart, and one of 5; times in every form."""
    hours = np.concatenate([np.arange(100) + start for start in (0, 200, 5000)] + [np.arange(9000, 9005)])
    moments = [datetime(2017, 1, 1) + timedelta(hours=int(hour)) for hour in hours]
    ends = pl.DataFrame({"hour": hours, "x": np.arange(305.0)})
    forms = {
        "number": pl.Series(hours),
        "float": pl.Series(hours / 24),
        "moment": pl.Series(moments),
        "text": pl.Series([moment.strftime("%d/%m/%Y %H:%M") for moment in moments]),
    }
    for form, times in forms.items():
        source = load_data(ends.with_columns(when=times), time="when", window=24, step=5, ignore="hour")
        lasting = hours[source.x[:, -1].astype(int)] - hours[source.x[:, 0].astype(int)]
        assert (lasting == 23).all(), form
        assert counts(source)["gaps"] == 3
        new = load_data(ends.with_columns(when=times), like=source.spec, shares=(1.0, 0.0, 0.0))
        assert len(new) == 3 * len(range(0, 77, 5))
        assert counts(new) == {"gaps": 3, "short": 1, "rest": 3}
    whole = load_data(ends, time="hour", window=24, step=5, gap=10_000)
    assert (np.diff(whole.x, axis=1) == 1).all()
    assert "gaps" not in counts(whole)
    with pytest.raises(DataError, match=r"Found at most 100 between gaps in time; gap says what is one"):
        load_data(ends, time="hour", window=101, shares=(1.0, 0.0, 0.0))
    ends.write_csv(tmp_path / "log.csv")
    told = say("inspect", tmp_path / "log.csv", "--time", "hour", "--window", "24", "--shares", "100,0,0")[1]
    assert "3 gaps in time, which no window crosses" in told
    assert "1 stretch too short for a window, with 5 rows" in told


def test_gaps_are_found_within_each_group():
    """Machines that are read at rates of their own; where one ends and another begins is no gap."""
    slow, quick = np.arange(0, 6000, 60), np.r_[np.arange(50), np.arange(500, 550)]
    frame = pl.DataFrame({"m": ["a"] * 100 + ["b"] * 100, "t": np.r_[slow, quick], "x": np.arange(200.0)})
    source = load_data(frame, time="t", group="m", window=50, shares=(1.0, 0.0, 0.0))
    assert counts(source)["gaps"] == 1
    assert [row[0] for row in source.x] == [0, 50, 100, 150]


@pytest.mark.parametrize(
    ("steps", "gaps"),
    [
        (np.ones(300), 0),
        (RNG.exponential(size=300), 0),  # events that come by chance
        (1 + 0.2 * RNG.uniform(-1, 1, 300), 0),
        (np.tile([1, 1, 1, 1, 3], 60), 0),  # days of work
        (np.tile([1, 1, 1, 1, 900], 60), 60),  # five rows at once, four times an hour
        (np.r_[1 + 0.2 * RNG.uniform(-1, 1, 300), 40], 1),
        (np.tile([0, 0, 0, 1], 60), 0),  # whole seconds of four rows
        (np.r_[np.ones(300), 2, np.ones(9)], 1),  # a row that is not there
        (np.zeros(20), 0),
    ],
)
def test_what_is_a_gap_depends_on_how_much_steps_vary(steps, gaps):
    frame = pl.DataFrame({"t": np.cumsum(np.r_[0.0, steps]), "x": np.arange(len(steps) + 1.0)})
    source = load_data(frame, time="t", window=2, shares=(1.0, 0.0, 0.0))
    assert counts(source).get("gaps", 0) == gaps


def test_gaps_of_months_weeks_and_quarters():
    for texts in (
        ["2023-11", "2023-12", "2024-01", "2024-02", "2024-03", "2024-08", "2024-09"],
        ["2023-W50", "2023-W51", "2023-W52", "2024-W01", "2024-W02", "2024-W20", "2024-W21"],
        ["2023-Q2", "2023-Q3", "2023-Q4", "2024-Q1", "2024-Q2", "2025-Q2", "2025-Q3"],
    ):
        frame = pl.DataFrame({"t": texts, "x": np.arange(7.0)})
        source = load_data(frame, time="t", window=2, step=1, gap=1.5, shares=(1.0, 0.0, 0.0))
        assert [row.tolist() for row in source.x] == [[0, 1], [1, 2], [2, 3], [3, 4], [5, 6]]


def test_logs_without_gaps_are_cut_as_they_ever_were():
    found = load_data(log(), time="second", window=6, step=3, ignore="machine")
    assert found.fingerprint == "a98d00ae639f3357bcf34a6ec66d9419cd076d783a8ddcf065b16c908b95429f"
    found = load_data(log(10, 30), time="second", group="machine", window=10)
    assert found.fingerprint == "ec89d580b7beb82ba747235018846b068c38fa732eaa8991a289c2d0bc79554b"


def test_a_new_log_is_not_split(tmp_path, say):
    """No window is lost where training, validation and test would meet, and a window's length of rows will do."""
    log(1, 100).write_csv(tmp_path / "log.csv")
    reading = {"time": "second", "window": 10, "step": 2, "ignore": "machine"}
    run = train(tmp_path / "log.csv", reading=reading, epochs=1, out=tmp_path / "run", progress=False)
    spec = run.recipe.data
    log(1, 90).write_csv(tmp_path / "new.csv")
    new = load_data(tmp_path / "new.csv", like=spec)
    assert list(new.ids) == [str(start) for start in range(0, 81, 2)]
    assert set(new.split) == {2}
    log(1, 10).write_csv(tmp_path / "short.csv")
    for verb in ("encode", "reconstruct"):
        out = tmp_path / f"{verb}.npy"
        assert say(verb, tmp_path / "run", tmp_path / "short.csv", "-o", out)[0] == 0
        assert len(np.load(out)) == 1
    assert load_data(log(1, 10), like=spec).x.shape == (1, 20)
    # Those of the training are still split as they were, wherever they lie; and so is what is asked to be.
    (tmp_path / "moved.csv").write_bytes((tmp_path / "log.csv").read_bytes())
    assert load_data(tmp_path / "moved.csv", like=spec).fingerprint == spec.fingerprint
    assert say("encode", tmp_path / "run", tmp_path / "moved.csv", "-o", tmp_path / "z.csv")[0] == 0
    assert pl.read_csv(tmp_path / "z.csv")["split"].value_counts().height == 3
    for asked in ({"is_new": False}, {"shares": (0.6, 0.2, 0.2)}):
        assert set(load_data(tmp_path / "new.csv", like=spec, **asked).split) == {0, 1, 2}
    assert evaluate(run, tmp_path / "new.csv").keys() == run.metrics.keys()


# Logs again


def sensors(n: int = 90) -> pl.DataFrame:
    """Two machines whose rows alternate, a gap in one of them, a name, and a time that is not sorted as text."""
    rows = [
        {
            "note": "x",
            "when": (datetime(2024, 1, 30) + timedelta(hours=t + (50 if m == "007" and t >= 40 else 0))),
            "heat": np.sin(t / 5) + 0.01 * len(m) * t,
            "machine": m,
            "state": "on" if t % 20 < 12 else "off",
        }
        for t in range(n)
        for m in ("007", "b2")
    ]
    return pl.DataFrame(rows).with_columns(pl.col("when").dt.strftime("%d/%m/%Y %H:%M"))


def test_what_comes_back_of_a_log_is_a_log(tmp_path, say, capsys):
    sensors().write_csv(tmp_path / "log.csv")
    reading = {"time": "when", "group": "machine", "window": 12, "step": 5, "ignore": "note"}
    run = train(tmp_path / "log.csv", reading=reading, latent_dim=1, epochs=2, out=tmp_path / "run", progress=False)
    new = sensors(80).sample(fraction=1, shuffle=True, seed=3)
    new.write_csv(tmp_path / "new.csv")
    for verb, out in (("reconstruct", "back.csv"), ("reconstruct", "back.parquet")):
        status, told, note = say(verb, tmp_path / "run", tmp_path / "new.csv", "-o", tmp_path / out, "--json")
        assert (status, json.loads(told)["shape"]) == (0, [160, 2])
    back = pl.read_parquet(tmp_path / "back.parquet")
    assert back.columns == ["when", "heat", "machine", "state", "error"]
    # Its own rows in their order, as they were written.
    for column in ("when", "machine"):
        assert back[column].to_list() == new[column].to_list()
    written = pl.read_csv(tmp_path / "back.csv", schema_overrides={"machine": pl.String})
    assert written["when"].to_list() == new["when"].to_list()
    assert written["machine"].to_list() == new["machine"].to_list()
    np.testing.assert_allclose(written["heat"].to_numpy(), back["heat"].to_numpy(), rtol=1e-6)
    # The same by hand.
    source = load_data(tmp_path / "new.csv", like=run.recipe.data)
    windows = run.reconstruct(source).reshape(-1, 12, 2)
    place = {(m, w): i for i, (m, w) in enumerate(new.select("machine", "when").rows())}
    order = new.with_columns(t=pl.col("when").str.to_datetime("%d/%m/%Y %H:%M")).sort("machine", "t")
    over = [[] for _ in range(160)]
    for name, window in zip(source.ids, windows, strict=True):
        machine, when = name.split("/", 1)
        of = order.filter(machine=machine)
        first = of["when"].to_list().index(when)
        for row, values in zip(of[first : first + 12].rows(named=True), window, strict=True):
            over[place[row["machine"], row["when"]]].append(values)
    expected = np.array([np.mean([v[0] for v in some]) if some else np.nan for some in over])
    np.testing.assert_allclose(back["heat"].to_numpy(), expected, rtol=1e-5, equal_nan=True)
    names = source.columns[1].categories
    for some, state in zip(over, back["state"], strict=True):
        votes = np.bincount([int(v[1]) for v in some], minlength=2)
        assert state == "" if not some else votes[names.index(state)] == votes.max()
    # 40 rows before the gap: windows at 0, 5, … 25, so that 3 rows are left over; as after it, and of 80: 3 more.
    empty = sum(not some for some in over)
    assert empty == 9
    assert "9 rows are in no window and are written empty" in note
    # Which is not told twice: what was left over as it was read are the same rows.
    arguments = ["reconstruct", tmp_path / "run", tmp_path / "new.csv", "-o", tmp_path / "again.csv"]
    assert cli.run([str(argument) for argument in arguments]) == 0
    heard = capsys.readouterr().err
    assert heard.count("9 rows") == 1 and "at the ends of stretches" not in heard
    assert json.loads(told)["empty_rows"] == 9
    assert np.isnan(back["error"].to_numpy()).sum() == 9
    unit = np.sqrt(np.mean(np.square(run.codec.spread.reshape(12, 2)[:, 0])))
    wrong = (back["state"] != new["state"]).to_numpy()
    errors = (np.square((back["heat"] - new["heat"]).to_numpy() / unit) + wrong) / 2
    np.testing.assert_allclose(
        back["error"].to_numpy(), np.where(np.isnan(expected), np.nan, errors), rtol=1e-3, atol=1e-9
    )
    assert back["error"].drop_nans().max() > 0.1


def test_a_log_that_comes_back_whole_has_no_error(tmp_path, say):
    """PCA with as many components as numbers: every row is what it was, times in full, and missing is not measured."""
    times = 1483228800.125 + np.arange(200.0)
    frame = pl.DataFrame({"t": times, "error": RNG.normal(size=200), "b": RNG.normal(5, 3, 200)})
    reading = {"time": "t", "window": 4, "step": 1}
    run = train(frame, "pca", reading=reading, latent_dim=8, out=tmp_path / "run", progress=False)
    frame.head(50).write_csv(tmp_path / "new.csv")
    assert say("reconstruct", run.folder, tmp_path / "new.csv", "-o", tmp_path / "back.csv")[0] == 0
    back = pl.read_csv(tmp_path / "back.csv")
    assert back.columns == ["t", "error", "b", "row_error"]
    assert back["t"].to_list() == frame["t"].to_list()[:50]
    np.testing.assert_allclose(back["b"].to_numpy(), frame["b"].to_numpy()[:50], rtol=1e-4)
    assert back["row_error"].max() < 1e-6
    # What is cleaned has no error column; and windows stay what they are in other forms.
    assert say("reconstruct", run.folder, tmp_path / "new.csv", "-o", tmp_path / "back.npy")[0] == 0
    assert np.load(tmp_path / "back.npy").shape == (47, 8)


def test_a_log_is_cleaned_as_a_log(tmp_path, say):
    log(4, 60).write_csv(tmp_path / "log.csv")
    reading = {"time": "second", "group": "machine", "window": 8}
    train(tmp_path / "log.csv", "denoising", reading=reading, epochs=1, out=tmp_path / "run", progress=False)
    assert say("denoise", tmp_path / "run", tmp_path / "log.csv", "-o", tmp_path / "clean.csv")[0] == 0
    clean = pl.read_csv(tmp_path / "clean.csv")
    assert clean.columns == ["machine", "second", "heat", "hum"]
    assert clean.height == 240
    # Sixty rows of each are seven windows of eight, and four more.
    assert clean["heat"].null_count() == 16


def test_windows_that_were_dropped_leave_their_rows_empty():
    gap = pl.DataFrame({"t": range(40), "x": [None if t == 13 else float(t) for t in range(40)]})
    source = load_data(gap, time="t", window=4, impute="drop", shares=(1.0, 0.0, 0.0))
    back = source.log.joined(source.x)[:, 0]
    assert np.flatnonzero(np.isnan(back)).tolist() == [12, 13, 14, 15]
    np.testing.assert_array_equal(np.delete(back, [12, 13, 14, 15]), np.delete(np.arange(40.0), [12, 13, 14, 15]))
    some = source.take(np.array([2, 0, 2]))
    assert np.flatnonzero(~np.isnan(some.log.joined(some.x)[:, 0])).tolist() == [0, 1, 2, 3, 8, 9, 10, 11]
    assert some.log.is_covered.sum() == 8


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_joined_windows_are_the_mean_of_all_that_cover_a_row(data):
    n, window = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 6))
    starts = np.array(data.draw(st.sets(st.integers(0, n), min_size=1).map(sorted)))
    values = np.random.default_rng(0).normal(size=(len(starts), window, 2))
    n += window
    found = joined(values, starts, n)
    for row in range(n):
        over = [values[i, row - start] for i, start in enumerate(starts) if start <= row < start + window]
        np.testing.assert_allclose(found[row], np.mean(over, axis=0) if over else [np.nan] * 2, rtol=1e-5)


# Files that are wrong


@pytest.mark.parametrize(
    ("text", "expected", "reading"),
    [
        ("", "expected a first line with the names of the columns. Found an empty one", {}),
        ("\n\n", "expected a first line with the names", {}),
        ("a,b\n", "expected rows. Found none", {}),
        ("a,b\n1,2\n3,4,5\n6,7\n", "expected 2 cells in line 3, as in line 1. Found 3", {}),
        ("a,b\n1,2\n3\n6,7\n", "expected 2 cells in line 3, as in line 1. Found 1", {}),
        ("1.5,2,3\n4,5,6\n", "expected the names of the columns in line 1. Found numbers: 1.5,2,3", {}),
        ("a;b\n1,5;2,5\n2,5;3,5\n", "Found '1,5' in column 'a'; decimal_comma reads them", {}),
        ("cidade,x\nBelém,1\n".encode("latin-1"), "Found other bytes in line 2; try encoding='latin-1'", {}),
        (
            "a,b\n1,2\n",
            "expected an encoding such as utf-8 or latin-1. Found 'latin-99'",
            {"encoding": "latin-99"},
        ),
    ],
)
def test_a_wrong_csv_is_told_by_its_line(tmp_path, text, expected, reading):
    refused(tmp_path / "t.csv", text, expected, **reading)


def test_other_ways_to_write_a_csv(tmp_path):
    rows = "\n".join(f"{i};{i},5;é{i % 2}" for i in range(20))
    for encoding in ("utf-8", "utf-8-sig", "latin-1"):
        path = csv(tmp_path / "t.csv", f"n;x;cor\n{rows}\n".encode(encoding))
        source = load_data(path, decimal_comma=True, encoding=encoding.removesuffix("-sig"))
        assert [c.name for c in source.columns] == ["n", "x", "cor"]
        assert source.columns[2].categories == ("é0", "é1")
        assert source.x[3, 1] == 3.5
    quoted = csv(tmp_path / "q.csv", 'a,b\n"1","x, ""y"""\n2,"line\nbreak"\n')
    assert load_data(quoted).columns[1].categories == ("line\nbreak", 'x, "y"')
    gaps = csv(tmp_path / "g.csv", "a\tb\n" + "".join(f"{i}\t{'NA' if i == 3 else i}\n" for i in range(20)))
    assert np.isnan(load_data(gaps, impute="mask").x[3, 1])
    years = csv(tmp_path / "y.csv", "country,2019,2020\n" + "".join(f"a,{i},{i + 1}\n" for i in range(20)))
    assert [c.name for c in load_data(years).columns] == ["country", "2019", "2020"]
    late = csv(tmp_path / "l.csv", "a\n" + "1\n" * 12_000 + "1.5\n")  # the first rows look whole
    assert load_data(late).x[-1, 0] == 1.5


def test_a_wrong_parquet_is_refused(tmp_path):
    PEOPLE.write_parquet(tmp_path / "t.parquet")
    whole = (tmp_path / "t.parquet").read_bytes()
    for content in (b"", b"PAR1", whole[: len(whole) // 2], whole[:-1], b"a,b\n1,2\n"):
        refused(tmp_path / "t.parquet", content, "expected a Parquet file. It cannot be read")


@pytest.mark.long
def test_no_flipped_byte_of_a_parquet_kills_the_process(tmp_path):
    """In processes of their own: what goes wrong there must be an exception, not the end of Python."""
    PEOPLE.write_parquet(tmp_path / "t.parquet")
    code = """
import sys, pathlib, numpy as np
from gargalo.data import load_data
from gargalo.errors import GargaloError
path, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
whole, draws = path.read_bytes(), np.random.default_rng(seed)
other = path.with_name(f"{seed}.parquet")
for step in range(300):
    content = bytearray(whole)
    if step % 2:
        content = content[: draws.integers(len(whole))]
    else:
        for at in draws.integers(0, len(whole), 3):
            content[at] ^= draws.integers(1, 256)
    other.write_bytes(content)
    try:
        load_data(other, ignore=("name",), impute="mask")
    except GargaloError:
        pass
print("whole")
"""
    for seed in range(10):
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path / "t.parquet", str(seed)], capture_output=True, text=True
        )
        assert done.stdout == "whole\n", done.stderr[-800:]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cells, min_size=1, max_size=4), min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_any_text_is_a_table_or_one_clear_line(tmp_path_factory, rows, mark):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    csv(path, "\n".join(mark.join(row) for row in rows))
    with contextlib.suppress(DataError):
        source = load_data(path, impute="mask")
        assert len(source.columns) == source.x.shape[1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-(2**62), 2**62)), min_size=12, max_size=30))
def test_any_numbers_standardise_to_finite_ones(values):
    frame = pl.DataFrame({"a": pl.Series([None if v is None else float(v) for v in values]), "b": range(len(values))})
    with contextlib.suppress(DataError):
        source = load_data(frame, impute="mask")
        codec = source.spec.modality.codec(source.spec)
        codec.fit(lambda: [source.x])
        assert torch.isfinite(codec(torch.from_numpy(source.x))).all()


def test_column_knows_its_names():
    column = Column(name="city", kind="category", categories=("a", "b"))
    found = named_values([column], np.array([[1.0], [np.nan], [0.0]], np.float32))
    assert found["city"].tolist() == ["b", "", "a"]


def test_labels_beside_a_frame_and_reading_by_keyword(tmp_path):
    frame = pd.DataFrame(PEOPLE.to_dict(as_series=False))
    beside = load_data(frame.drop(columns=["species"]), frame["species"], id="name")
    assert beside.class_names == ("cat", "dog")
    assert beside.fingerprint == load_data(frame, **PLAIN).fingerprint
    run = train(frame, label="species", id="name", epochs=1, out=tmp_path / "run", progress=False)
    assert run.recipe.data.class_names == ("cat", "dog")
    with pytest.raises(DataError, match=r"expected 60 labels, one for each row\. Found shape \(3,\)"):
        load_data(frame, [1, 2, 3])
    with pytest.raises(ParameterError, match="Did you mean 'vae'"):
        train("no/such/file.csv", "vaee")


def test_frames_of_pandas_with_names_twice_or_times_of_a_zone():
    frame = pd.DataFrame(np.arange(90.0).reshape(30, 3), columns=["a", "b", "a"])
    with pytest.raises(DataError, match="expected a name of its own for each column"):
        load_data(frame)
    with pytest.raises(DataError, match="expected a name of its own for each column"):
        load_data(frame.set_axis([1, "1", "b"], axis=1))
    # A day at the end of summer time: by its own clock an hour comes twice.
    times = pd.date_range("2025-10-26", periods=30, freq="30min", tz="Europe/Lisbon")
    log = frame.set_axis(list("abc"), axis=1).assign(when=times)[::-1]
    source = load_data(log, time="when")
    assert (np.diff(source.x[:, 0]) > 0).all()
    assert load_data(log, time="when", window=2).ids[1].startswith("2025-10-26 00:00")
    # Years that nanoseconds do not reach, in any unit.
    for unit in ("s", "ms", "us"):
        far = pd.Series(np.arange("3000-01-01", "3000-01-31", dtype="M8[D]").astype(f"M8[{unit}]"))
        source = load_data(frame.set_axis(list("abc"), axis=1).assign(when=far)[::-1], time="when", window=2)
        assert source.ids[0].startswith("3000-01-01 00:00")


def test_a_column_of_labels_beside_a_frame():
    frame, y = PEOPLE.drop("species", "name"), PEOPLE["species"].to_numpy()
    assert load_data(frame, y[:, None]).y.tolist() == load_data(frame, y).y.tolist()
    with pytest.raises(DataError, match=r"expected 60 labels, one for each row\. Found shape \(60, 2\)"):
        load_data(frame, np.stack([y, y], 1))


# Columns with a role are texts, and times are times


def roles_table(folder: Path, n: int = 60) -> Path:
    """Ids with leading zeros and exponents, labels with leading zeros, and a category of codes."""
    lines = ["patient,site,zip,a,b"]
    lines += [f"{i:04d}e1,{('01', '02', '10')[i % 3]},{('01067', '10115')[i % 2]},{i % 7},{i % 5}.5" for i in range(n)]
    (folder / "roles.csv").write_text("\n".join(lines) + "\n")
    return folder / "roles.csv"


def test_columns_with_a_role_are_texts(tmp_path):
    found = load_data(roles_table(tmp_path), id="patient", label="site", category=("zip",))
    assert list(found.ids[:2]) == ["0000e1", "0001e1"]
    assert found.class_names == ("01", "02", "10")
    assert found.columns[0].categories == ("01067", "10115")


def test_labels_that_are_plain_numbers_are_sorted_as_numbers(tmp_path):
    (tmp_path / "t.csv").write_text("y,a\n" + "".join(f"{i % 11},{i}\n" for i in range(66)))
    assert load_data(tmp_path / "t.csv", label="y").class_names == tuple(map(str, range(11)))


def test_a_category_that_looks_like_numbers_in_a_new_file_is_still_one(tmp_path):
    (tmp_path / "t.csv").write_text("grade,a\n" + "".join(f"{('01', 'A')[i % 2]},{i}\n" for i in range(60)))
    (tmp_path / "new.csv").write_text("grade,a\n" + "01,3\n" * 5)
    old = load_data(tmp_path / "t.csv")
    new = load_data(tmp_path / "new.csv", like=old.spec)
    assert (new.x[:, 0] == 0).all()
    assert not [note for note in new.notes if note.key == "unseen"]


def test_a_name_may_hold_a_line_break(tmp_path):
    (tmp_path / "t.csv").write_text('"temp\n(C)";b;c\n' + "".join(f"{i};{i * 2 % 7};{i % 3}\n" for i in range(60)))
    found = load_data(tmp_path / "t.csv")
    assert [column.name for column in found.columns] == ["temp\n(C)", "b", "c"]
    assert found.x.shape == (60, 3)


def test_a_name_beyond_all_measure_is_refused_in_a_line(tmp_path):
    (tmp_path / "t.csv").write_text("a" * 200_000 + ",b\n1,2\n")
    with pytest.raises(DataError, match="expected the names of the columns in line 1"):
        load_data(tmp_path / "t.csv")


def test_a_name_with_a_zero_byte_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("\0row,b\n" + "1,2\n" * 30)
    with pytest.raises(DataError, match="Found a zero byte in"):
        load_data(tmp_path / "t.csv")


def test_what_is_masked_is_missing():
    masked = np.ma.masked_array(np.arange(60.0).reshape(30, 2))
    masked[3, 1] = np.ma.masked
    with pytest.raises(DataError, match=r"Found missing numbers in 1 of 30 rows"):
        load_data(masked)
    assert np.isnan(load_data(masked, impute="mask").x[3, 1])
    assert load_data(np.ma.masked_array(np.arange(60).reshape(30, 2))).x.shape == (30, 2)
    with pytest.raises(DataError, match="expected a label for every example"):
        load_data(np.arange(60.0).reshape(30, 2), np.ma.masked_array([0, 1] * 15, mask=[True] + [False] * 29))


def test_booleans_are_the_names_that_they_are_written_as(tmp_path):
    (tmp_path / "t.csv").write_text("smokes,a\n" + "".join(f"{i % 3 == 0},{i}\n" for i in range(60)))
    found = load_data(tmp_path / "t.csv")
    assert found.columns[0].categories == ("False", "True")
    again = load_data(tmp_path / "t.csv", like=found.spec)
    assert (again.x == found.x).all()
    in_memory = load_data(pl.DataFrame({"smokes": [i % 3 == 0 for i in range(60)], "a": range(60)}))
    assert (load_data(tmp_path / "t.csv", like=in_memory.spec).x == found.x).all()


@pytest.mark.parametrize(
    "written",
    [
        *("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%y %H:%M"),
        *("%b %d %Y %H:%M", "%d-%b-%y %H:%M", "%B %d, %Y %H:%M"),
    ],
)
def test_times_that_are_text_are_times(tmp_path, written):
    """Rows that lie in any order come in that of time, however it is written: 01/02 comes after 31/01."""
    begin = datetime(2017, 1, 1)
    rows = [(begin + timedelta(hours=7 * i), i) for i in range(150)]
    shuffled = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
    (tmp_path / "log.csv").write_text("when;x\n" + "".join(f"{when.strftime(written)};{i}\n" for when, i in shuffled))
    found = load_data(tmp_path / "log.csv", time="when")
    assert found.x[:, 0].tolist() == list(range(150))


def test_times_that_may_be_two_are_refused(tmp_path):
    (tmp_path / "log.csv").write_text(
        "when,x\n" + "".join(f"{i % 12 + 1:02d}/{i // 12 + 1:02d}/2017,{i}\n" for i in range(60))
    )
    with pytest.raises(DataError, match=r"read in one way\. Found '01/01/2017', which may be %d/%m/%Y or %m/%d/%Y"):
        load_data(tmp_path / "log.csv", time="when")
    days_first = load_data(tmp_path / "log.csv", time="when", time_format="%d/%m/%Y")
    assert days_first.x[:, 0].tolist() == list(range(60))
    months_first = load_data(tmp_path / "log.csv", time="when", time_format="%m/%d/%Y")
    assert months_first.x[:3, 0].tolist() == [0, 12, 24]


@pytest.mark.parametrize(
    ("cells", "shown"), [(("first", "then"), "first"), (("2017-01-01", "2017-02-30"), "2017-02-30")]
)
def test_texts_that_are_no_times_are_refused(tmp_path, cells, shown):
    (tmp_path / "log.csv").write_text("when,x\n" + "".join(f"{cells[i % 2]},{i}\n" for i in range(60)))
    with pytest.raises(DataError, match=f"expected times, such as .* Found '{shown}'.*(time_format|write all)"):
        load_data(tmp_path / "log.csv", time="when")


def test_a_run_trained_on_a_frame_remembers_its_columns(tmp_path, say):
    file = roles_table(tmp_path)
    frame = pl.read_csv(file, schema_overrides={"patient": pl.String, "site": pl.String, "zip": pl.String})
    choices = {"id": "patient", "label": "site", "epochs": 1, "latent_dim": 1, "progress": False}
    train(frame, "autoencoder", out=tmp_path / "run", **choices)
    assert say("encode", tmp_path / "run", file, "-o", tmp_path / "z.csv")[0] == 0
    first = (tmp_path / "z.csv").read_text().splitlines()[1]
    assert first.startswith("0000e1,")
    assert first.split(",")[2] == "01"


# Logs of several in one table, and choices that change nothing


def several(order: str, clock: int = 0) -> pl.DataFrame:
    """Three machines of 40 seconds each, one after another or row by row; their clocks may differ."""
    rows = [{"machine": f"m{g}", "t": 1000 * t + clock * g, "heat": float(g + t)} for g in range(3) for t in range(40)]
    rows = sorted(rows, key=lambda row: row["t"]) if order == "row by row" else rows
    return pl.DataFrame(rows).sample(fraction=1, shuffle=order == "shuffled", seed=0)


@pytest.mark.parametrize(
    ("order", "clock", "count"),
    [("one after another", 0, 80), ("one after another", 7, 2), ("row by row", 0, 80), ("shuffled", 0, 80)],
)
def test_a_log_of_several_that_nobody_divided_is_told_of(order, clock, count):
    log = several(order, clock)
    for reading in ({"ignore": "machine"}, {}, {"window": 5}):
        found = load_data(log, time="t", **reading)
        notes = [(note.what, note.count) for note in found.notes if note.key == "interleaved"]
        assert notes == [("machine", count)], reading
    assert "--group machine keeps" in words("en")("note.interleaved", n=80, what="machine")
    # Where nothing tells them apart, only windows mix them.
    alone = log.drop("machine")
    assert "back_and_forth" in {note.key for note in load_data(alone, time="t", window=5).notes}
    assert "back_and_forth" not in {note.key for note in load_data(alone, time="t").notes}
    assert not [note for note in load_data(log, time="t", group="machine").notes if note.key == "interleaved"]


@pytest.mark.parametrize("order", ["forward", "backward", "shuffled"])
def test_a_log_of_one_is_not_told_of(order):
    log = several("one after another").filter(machine="m1").with_columns(day=pl.col("t") // 10_000)
    log = {"forward": log, "backward": log.reverse(), "shuffled": log.sample(fraction=1, shuffle=True, seed=1)}[order]
    keys = {note.key for note in load_data(log, time="t", window=5, ignore="machine").notes}
    assert not keys & {"interleaved", "back_and_forth"}


def test_choices_that_change_nothing_are_refused(tmp_path, say):
    PEOPLE.write_csv(tmp_path / "t.csv")
    PEOPLE.write_parquet(tmp_path / "t.parquet")
    np.save(tmp_path / "x.npy", RNG.normal(size=(30, 3)))
    (tmp_path / "photos").mkdir()
    Image.fromarray(RNG.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / "photos" / "a.png")
    for src, choices, expected in (
        (
            "photos",
            {"impute": "median"},
            "--impute must be left out for a folder of pictures, where it changes nothing",
        ),
        ("photos", {"label": "species"}, "--label must be left out for a folder of pictures"),
        ("photos", {"image-shape": "8,8"}, "--image-shape must be left out for a folder"),
        ("t.csv", {"size": "64"}, "--size must be left out for .csv, .parquet, where it changes nothing. Got (64, 64)"),
        ("t.csv", {"color": "grey"}, "It says how the pictures of --display are read"),
        ("t.csv", {"time-format": "%Y"}, "--time-format must be given together with --time"),
        ("t.parquet", {"separator": ";"}, "--separator must be left out for .parquet"),
        ("x.npy", {"time": "t"}, "--time must be left out for .npy, .npz"),
        ("x.npy", {"category": "a"}, "--category must be left out for .npy, .npz"),
        ("mnist-10k", {"shares": "80,10,10"}, "--shares must be left out for mnist-10k"),
        ("mnist-10k", {"impute": "drop"}, "--impute must be left out for mnist-10k"),
    ):
        place = src if src == "mnist-10k" else tmp_path / src
        flags = [part for name, value in choices.items() for part in (f"--{name}", value)]
        for command in ("train", "inspect"):
            status, _, err = say(command, place, *flags)
            assert status == 2
            assert expected in err
    for data in (RNG.normal(size=(30, 3)), [[1.0, 2.0]] * 30):
        with pytest.raises(ParameterError, match="label must be left out for an array, where it changes nothing"):
            load_data(data, label="a")
    with pytest.raises(ParameterError, match="encoding must be left out for a frame"):
        load_data(PEOPLE, encoding="latin-1")
    # Where it is known only after the reading, it is told.
    split = PEOPLE.with_columns(part=pl.Series(["train", "test", "val"] * (N // 3)))
    shared = {"shares": (0.8, 0.1, 0.1), **PLAIN}
    assert "no_shares" in {note.key for note in load_data(split, split="part", **shared).notes}
    assert "no_shares" not in {note.key for note in load_data(split, ignore="part", **shared).notes}
    # What a run was read with says nothing against other data; and runs of before may have been given anything.
    spec = load_data(tmp_path / "t.csv", separator=",", **PLAIN).spec
    assert len(load_data(PEOPLE, like=spec)) == N
    origin = spec.origin.model_copy(update={"reading": spec.origin.reading.model_copy(update={"size": (8, 8)})})
    assert original_data(spec.model_copy(update={"origin": origin})).fingerprint == spec.fingerprint


def test_gaps_in_data_for_a_run_are_told_with_what_can_be_done(tmp_path, say):
    PEOPLE.write_csv(tmp_path / "t.csv")
    train(tmp_path / "t.csv", reading=PLAIN, epochs=1, out=tmp_path / "run", progress=False)
    holed().write_csv(tmp_path / "new.csv")
    status, _, err = say("encode", tmp_path / "run", tmp_path / "new.csv", "-o", tmp_path / "z.csv")
    assert status == 2
    assert "Fill them in or leave these rows out; in training impute mask passes over them, median fills" in err


def test_machines_that_take_turns_at_times_of_their_own_are_told_of(tmp_path):
    """No time repeats, and none goes back: two machines an hour apart each, seven minutes after each other."""
    hours = np.datetime64("2026-01-01", "ms") + np.arange(60) * np.timedelta64(3_600_000, "ms")
    both = pl.concat(
        pl.DataFrame({"t": hours + after, "machine": name, "v": np.sin(np.arange(60.0)), "w": np.arange(60.0) ** 0.5})
        for name, after in (("M1", np.timedelta64(0, "ms")), ("M2", np.timedelta64(420_000, "ms")))
    ).sort("t")
    both.with_columns(pl.col("t").dt.to_string("%Y-%m-%d %H:%M")).write_csv(tmp_path / "log.csv")
    for source in (both, tmp_path / "log.csv"):
        notes = [note for note in load_data(source, time="t", window=6).notes if note.key == "taking_turns"]
        assert [(note.what, note.count) for note in notes] == [("machine", 119)]
    assert not [n for n in load_data(both, time="t", group="machine", window=6).notes if n.key == "taking_turns"]
    alone = both.filter(pl.col("machine") == "M1").with_columns(status=pl.Series(["on", "off"] * 30))
    assert not [n for n in load_data(alone, time="t", window=6).notes if n.key == "taking_turns"]


def test_too_few_groups_to_validate_are_told_of():
    frame = pl.DataFrame({"who": ["a", "b"] * 30, "v": np.arange(60.0), "w": np.arange(60.0) % 7})
    found = load_data(frame, group="who")
    assert [(note.count, len(found.rows("validation"))) for note in found.notes if note.key == "few_groups"] == [(2, 0)]
    many = load_data(frame.with_columns(who=pl.col("v") // 3), group="who")
    assert not [note for note in many.notes if note.key == "few_groups"]


def test_texts_that_hardly_repeat_may_be_names_where_they_are_no_more_than_a_category_can_have():
    frame = pl.DataFrame({"a": np.arange(100) % 7, "odd": [f"p{i % 60}" for i in range(100)]})
    assert [(note.key, note.count) for note in load_data(frame).notes if "copies" not in note.key] == [
        ("seldom_names", 60)
    ]
    assert len(load_data(frame, category="odd").columns[1].categories) == 60


def test_numbers_that_begin_with_zeros_are_codes(tmp_path):
    n = 60
    codes = [f"0{1000 + i % 3}" for i in range(n)]
    frame = pl.DataFrame({"zip": codes, "house": range(n), "x": np.arange(n) / 7, "zero": [0, 10] * (n // 2)})
    frame.write_csv(tmp_path / "t.csv")
    found = load_data(tmp_path / "t.csv")
    assert [(column.name, column.kind) for column in found.columns] == [
        ("zip", "category"),
        ("house", "number"),
        ("x", "number"),
        ("zero", "number"),
    ]
    assert found.columns[0].categories == ("01000", "01001", "01002")
    # What was a number in training is one in new data, however it is written there.
    padded = [f"{i:04d}" for i in range(n)]
    frame.with_columns(house=pl.Series(padded)).write_csv(tmp_path / "new.csv")
    again = load_data(tmp_path / "new.csv", like=found.spec)
    assert again.columns == found.columns and np.array_equal(again.x[:, 1], np.arange(n))


def test_samples_of_a_log_stay_within_what_was_observed(tmp_path):
    n, rng = 400, np.random.default_rng(4)
    rain = np.maximum(0, rng.normal(-1, 2, n))
    pl.DataFrame({"t": range(n), "rain": rain, "wind": rng.normal(size=n)}).write_csv(tmp_path / "log.csv")
    log = load_data(tmp_path / "log.csv", time="t", window=8)
    first, last = log.columns[0], log.columns[-2]
    assert (first.low, first.high) == (last.low, last.high), "a channel has the same bounds in every row of a window"
    run = train(log, "pca", latent_dim=4, in_memory=True)
    for mean in (True, False):
        drawn = run.sample(200, mean=mean).reshape(200, 8, 2)
        assert drawn[..., 0].min() == 0 and drawn[..., 0].max() <= np.float32(first.high)


def test_a_table_is_no_folder_of_pictures(tmp_path):
    from PIL import Image

    (tmp_path / "photos").mkdir()
    for i in range(12):
        Image.fromarray(np.full((8, 8), 20 * i, np.uint8)).save(tmp_path / "photos" / f"{i}.png")
    pl.DataFrame({"a": np.arange(30) / 7, "b": [None, *range(29)]}).write_csv(tmp_path / "t.csv")
    pictures, table = load_data(tmp_path / "photos"), load_data(tmp_path / "t.csv", impute="median")
    with pytest.raises(DataError, match=r"t\.csv: expected pictures of 8 x 8, as in training\. Found a table\."):
        load_data(tmp_path / "t.csv", like=pictures.spec)
    with pytest.raises(DataError, match=r"photos: expected a table with columns a, b, as in .* Found a folder of pic"):
        load_data(tmp_path / "photos", like=table.spec)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_name_is_a_name_and_no_pattern(tmp_path, suffix):
    """a[1] is not a1, and a* is not all that begin with a."""
    for stem, column in (("a1", "wrong"), ("a[1]", "right"), ("a*", "right")):
        frame = pl.DataFrame({column: np.arange(30) % 7, "y": np.arange(30) / 7})
        buffer = tmp_path / f"{stem}{suffix}"
        with buffer.open("wb") as file:
            frame.write_csv(file) if suffix == ".csv" else frame.write_parquet(file)
    for stem in ("a[1]", "a*"):
        assert [column.name for column in load_data(tmp_path / f"{stem}{suffix}").columns] == ["right", "y"]


def test_marks_within_quotes_part_nothing(tmp_path):
    lines = "\n".join(f"{i}{{mark}}{i * i % 7}" for i in range(30))
    for i, (head, mark) in enumerate((('"a;b;c;d",e', ","), ('"x;1";"y,z,w,v,u"', ";"), ('"a\tb\nc"|d', "|"))):
        path = tmp_path / f"{i}.csv"
        path.write_text(head + "\n" + lines.replace("{mark}", mark) + "\n")
        assert load_data(path).x.shape == (30, 2)


def test_long_cells_are_no_obstacle_to_finding_the_uneven_line(tmp_path):
    rows = [f'{i},"{"z" * 200_000 if i == 3 else "t"}"' for i in range(30)]
    (tmp_path / "t.csv").write_text("x,note\n" + "\n".join(rows) + "\n")
    assert load_data(tmp_path / "t.csv", ignore="note").x.shape == (30, 1)
    rows[9] += ",3"
    (tmp_path / "t.csv").write_text("x,note\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataError, match=r"t\.csv: expected 2 cells in line 11, as in line 1\. Found 3"):
        load_data(tmp_path / "t.csv", ignore="note")


def test_a_doubled_column_of_a_frame_is_named():
    frame = pd.DataFrame(np.zeros((30, 3)), columns=["a", "b", "a"])
    with pytest.raises(DataError, match=r"frame: expected a name of its own for each column\. Found 'a' twice"):
        load_data(frame)


def test_a_file_in_utf_16_is_told_as_such(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "\n".join(f"{i},{i % 7}" for i in range(30)), encoding="utf-16")
    with pytest.raises(DataError, match=r"try encoding='utf-16'"):
        load_data(tmp_path / "t.csv")
    assert load_data(tmp_path / "t.csv", encoding="utf-16").x.shape == (30, 2)


def test_points_between_thousands_are_no_decimal_points_where_decimals_have_a_comma(tmp_path):
    rows = [f"{i},5;1.{i:03d};{i % 7}.234,5" for i in range(N)]
    path = csv(tmp_path / "t.csv", "\n".join(["a;b;c", *rows]) + "\n")
    found = load_data(path, decimal_comma=True)
    assert found.x[3].tolist() == [3.5, 1003, 3234.5]
    path = csv(tmp_path / "u.csv", "\n".join(["a;b", *(f"{i},5;{i}.5" for i in range(N))]) + "\n")
    assert load_data(path, decimal_comma=True).x[3].tolist() == [3.5, 3.5]
    refused(
        tmp_path / "v.csv",
        "\n".join(["a;b", *(f"{i},5;{i}.{'5' if i else '345'}" for i in range(N))]) + "\n",
        "expected numbers with a decimal comma. Found '1.5' and '0.345' in column 'b', of which that may be two",
        decimal_comma=True,
    )


def test_a_row_without_a_single_value_is_told(tmp_path):
    rows = [f"{i},{i * i % 7}" for i in range(N)] + [","]
    found = load_data(csv(tmp_path / "t.csv", "\n".join(["a,b", *rows]) + "\n"), impute="median")
    note = next(note for note in found.notes if note.key == "no_values")
    assert (note.count, note.what) == (1, str(N))


def test_what_was_never_below_0_is_not_given_back_below_0():
    x = np.array([[-0.25, -0.25], [2.0, 2.0]], np.float32)
    rain, change = Column(name="rain", low=0, high=9), Column(name="change", low=-1, high=9)
    found = named_values([rain, change], x)
    assert found["rain"].tolist() == [0, 2] and found["change"].tolist() == [-0.25, 2]


def test_a_parquet_file_that_makes_its_reader_panic_is_one_line(tmp_path, capfd):
    """polars tells of it in Rust first, with a stack of calls."""
    file = tmp_path / "broken.parquet"
    pl.DataFrame({"a": np.arange(40.0), "b": ["x", "y"] * 20}).write_parquet(file)
    whole, panics = file.read_bytes(), 0
    for place in range(4, len(whole) - 8, 3):
        for byte in (0, 255):
            file.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            with contextlib.suppress(DataError):
                load_data(file)
            panics += "panicked" in capfd.readouterr().err
    assert panics == 0


def test_times_of_two_programs_in_one_column_are_read(tmp_path):
    """To the second in one half, to the minute in the other: as where two logs were put one after the other."""
    days = [f"2010/01/{d:02d}" for d in range(1, 29)]
    both = [f"{d} {h:02d}:00:00" for d in days for h in range(24)] + [
        f"{d} {h:02d}:30" for d in days for h in range(24)
    ]
    assert in_time(pl.Series(both), None, "log").dt.minute().unique().sort().to_list() == [0, 30]
    with pytest.raises(DataError, match=r"Found '2010/01/01 00:00:00' in 672 of 1,344 rows; leave time_format out"):
        in_time(pl.Series(both), "%Y/%m/%d %H:%M", "log")
    with pytest.raises(DataError, match=r"Found 'soon' in 1 of 1,345 rows; write all of them as '2010/01/01 00:00:00'"):
        in_time(pl.Series([*both, "soon"]), None, "log")
    # Of days and months in two orders nobody can say which is which.
    with pytest.raises(DataError, match="may be %d/%m/%Y"):
        in_time(pl.Series(["01/02/2020 10:00", "02/01/2020", "03/01/2020 10:30:00"]), None, "log")


@pytest.mark.parametrize("dialect", [Dialect(encoding="rot13"), Dialect(encoding="no such"), Dialect(separator="ab")])
def test_a_dialect_that_is_none_is_the_usual_one(tmp_path, dialect):
    """The recipe of somebody else's run says how its table was read."""
    write_table(tmp_path / "t.csv", {"a": np.array([1.5], np.float32), "b": ["é"]}, dialect)
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == "a,b\n1.5,é\n"


def test_what_an_encoding_lacks_is_written_in_another(tmp_path):
    write_table(tmp_path / "t.csv", {"a": np.array([1.5]), "b": ["水"]}, Dialect(";", ",", "latin-1"))
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == "a;b\n1,5;水\n"


MEASURED = [
    (["1,100.50", "$ 2,100.50", "-3", "(4.5)", "5e3"], {}, [1100.5, 2100.5, -3, -4.5, 5000]),
    (["1.100,50", "R$ 2.100,50", "-R$ 3", "R$ -4,5"], {"decimal_comma": True}, [1100.5, 2100.5, -3, -4.5]),
    (["12 kg", "12.5kg", "-1 KG", "13", None], {}, [12, 12.5, -1, 13, None]),
    (["60%", "7.5 %", "0"], {}, [60, 7.5, 0]),
    (["1 234,5", "1\u202f234", "1'234"], {"decimal_comma": True}, [1234.5, 1234, 1234]),
    (["1.5", "2.5", "<1", "n. d.", "3.5"], {}, [1.5, 2.5, None, None, 3.5]),
    (["5 kg", "6 kg", "700 g", "8 kg"], {}, [5, 6, None, 8]),
    (["1,5", "12,345", "3"] * 20, {"decimal_comma": True}, [1.5, 12.345, 3] * 20),
]


@pytest.mark.parametrize(("cells", "more", "expected"), MEASURED)
def test_numbers_beside_units_are_numbers_where_that_is_asked_for(tmp_path, cells, more, expected):
    n = len(cells) * 12
    frame = pl.DataFrame({"a": np.arange(n) % 7, "x": cells * 12})
    path = tmp_path / "t.csv"
    frame.write_csv(path, separator=";")
    for source in (frame, path):
        found = load_data(source, number="x", impute="mask", **more)
        assert found.columns[1].kind == "number"
        np.testing.assert_allclose(found.x[:, 1], np.array(expected * 12, np.float32), rtol=1e-6)
        there = sum(note.count for note in found.notes if note.key == "no_numbers")
        assert there == 12 * (expected.count(None) - cells.count(None))
        again = load_data(source, like=found.spec)
        np.testing.assert_array_equal(again.x, found.x)


@pytest.mark.parametrize(
    ("cells", "more", "expected"),
    [
        (["Ana", "Bia", "7"], {}, "expected numbers in column 'x', as number says. Found 'Ana' and the like in 40"),
        (["1,5 m", "2,345 m"], {}, "Found '1,5 m' and '2,345 m', of which that may be two"),
        (["5 kg", "6 g", "7 t"], {}, "Found '5 kg' and the like in 40 of 60"),
    ],
)
def test_what_is_no_number_is_not_made_one(cells, more, expected):
    frame = pl.DataFrame({"a": np.arange(60) % 7, "x": (cells * 60)[:60]})
    with pytest.raises(DataError, match=re.escape(expected)):
        load_data(frame, number="x", impute="mask", **more)


def test_a_column_is_of_numbers_or_of_names():
    frame = pl.DataFrame({"a": np.arange(60) % 7, "x": ["1 kg", "2 kg"] * 30})
    with pytest.raises(ParameterError, match="number must be a column that category does not name"):
        load_data(frame, number="x", category="x")
    with pytest.raises(ParameterError, match="number must be one of a, x"):
        load_data(frame, number="y")


def test_every_column_of_numbers_that_cannot_be_read_is_told_of_at_once():
    rows = range(60)
    frame = pl.DataFrame({"w": [f"{i} kg" for i in rows], "a": list(rows), "p": [f"{i}%" for i in rows]})
    with pytest.raises(DataError, match=r"column 'w'.*So it is with 'p'\.") as told:
        load_data(frame)
    assert told.value.remedy == {"number": ("w", "p")}


def test_marks_for_what_was_not_measured_do_not_make_names_of_numbers(tmp_path):
    cells = [f"{i / 8}" if i % 3 else "n. d." for i in range(60)]
    refused(tmp_path / "t.csv", "a;x\n" + "".join(f"{i % 7};{cell}\n" for i, cell in enumerate(cells)), "Found 'n. d.'")


def test_other_data_of_a_run_may_be_written_otherwise(tmp_path):
    def write(name: str, point: str, encoding: str) -> Path:
        rows = [f"{i % 50}.5;{'São' if i % 2 else 'Ébano'};{i % 9}.25 m".replace(".", point) for i in range(N)]
        (tmp_path / name).write_text("\n".join(["altura;nome;vão", *rows]), encoding=encoding)
        return tmp_path / name

    first = load_data(write("a.csv", ",", "latin-1"), encoding="latin-1", decimal_comma=True, number="vão")
    for name, point, encoding in (("b.csv", ",", "utf-8"), ("c.csv", ".", "latin-1"), ("d.csv", ".", "utf-8")):
        other = load_data(write(name, point, encoding), like=first.spec)
        np.testing.assert_array_equal(other.x, first.x)
        assert sum(note.key == "remedied" for note in other.notes) == (encoding == "utf-8")
        assert not any(note.key == "unseen" for note in other.notes)
    plain = load_data(tmp_path / "d.csv", number="vão")
    assert np.array_equal(load_data(tmp_path / "a.csv", like=plain.spec).x, first.x)


def test_marks_are_missing_where_that_is_asked_for(tmp_path):
    draws = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "wing": [-999.0 if i % 20 == 3 else float(v) for i, v in enumerate(draws.normal(200, 9, N).round(1))],
            "mass": ["-" if i % 15 == 4 else f"{v:.1f}" for i, v in enumerate(draws.normal(4, 1, N))],
            "sex": [("m", "f", "Unknown ", "unknown")[i % 4] for i in range(N)],
            "code": [("007", "012", "-")[i % 3] for i in range(N)],
        }
    )
    path = tmp_path / "t.csv"
    frame.write_csv(path)
    for source, marks in ((frame, [-999, "-", "unknown"]), (path, ["-999", "-", "UNKNOWN"])):
        found = load_data(source, missing=marks, impute="mask")
        assert [column.kind for column in found.columns] == ["number", "number", "category", "category"]
        assert [column.categories for column in found.columns[2:]] == [("f", "m"), ("007", "012")]
        assert np.isnan(found.x).sum(0).tolist() == [3, 4, 30, 20]
        # A row of a run's own marks is read as well.
        odd = pl.DataFrame({"wing": [-999.0], "mass": ["-"], "sex": ["unknown"], "code": ["007"]})
        assert np.isnan(load_data(odd, like=found.spec).x).sum() == 3


def test_names_that_differ_by_case_or_spaces_are_one_where_that_is_asked_for(tmp_path):
    cells = ["Dream", "Dream", "DREAM", "dream ", "Biscoe", "biscoe"]
    frame = pl.DataFrame({"a": np.arange(N) % 7, "x": [cells[i % 6] for i in range(N)]})
    found = load_data(frame, merge="x")
    assert found.columns[1].categories == ("Biscoe", "Dream")
    other = load_data(pl.DataFrame({"a": [1], "x": [" DReam"]}), like=found.spec)
    assert other.x[0, 1] == 1 and not any(note.key == "unseen" for note in other.notes)


def test_a_unit_of_training_is_expected_of_other_data():
    frame = pl.DataFrame({"a": np.arange(N) % 7, "x": [f"{i % 9}.5 kg" if i % 9 else "<1 kg" for i in range(N)]})
    found = load_data(frame, number="x", impute="mask")
    assert found.columns[1].unit == "kg"
    for cells, missing in ((["3 kg", "4"], 0), (["-", "7kg"], 1), (["-"], 1), (["<1 kg"], 1)):
        other = load_data(pl.DataFrame({"a": [1] * len(cells), "x": cells}), like=found.spec)
        assert np.isnan(other.x).sum() == missing
    for cell in ("3500 g", "8 lb"):
        with pytest.raises(DataError, match=f"expected numbers in kg, as in training, in column 'x'. Found '{cell}'"):
            load_data(pl.DataFrame({"a": [1], "x": [cell]}), like=found.spec)


def test_columns_without_a_name_get_one(tmp_path):
    path = tmp_path / "t.csv"
    rows = "".join(f"{i},{i % 7}.5,{'ab'[i % 2]},{i % 5},\n" for i in range(N))
    path.write_text(f",a,,b,\n{rows}")
    found = load_data(path, category="b", ignore="unnamed 1")
    assert [(column.name, column.kind) for column in found.columns] == [
        ("a", "number"), ("unnamed 3", "category"), ("b", "category"),
    ]  # fmt: skip
    assert [note.what for note in found.notes if note.key == "empty_column"] == ["unnamed 5"]
    assert load_data(path, id="unnamed 1").ids[7] == "7"
    np.testing.assert_array_equal(load_data(path, like=found.spec).x, found.x)


def test_other_encodings_are_told_apart(tmp_path):
    for text, other in (("Größe", "latin-1"), ("Preis €", "cp1252"), ("gut – „neu“", "cp1252")):
        path = tmp_path / "t.csv"
        path.write_bytes(f"a;x\n1;{text}\n".encode(other))
        with pytest.raises(DataError, match=f"encoding='{other}'") as fault:
            load_data(path)
        assert fault.value.remedy == {"encoding": other}


def test_a_byte_order_mark_comes_back(tmp_path, say):
    path = tmp_path / "t.csv"
    path.write_text("höhe;name\n" + "".join(f"{i % 9}.5;{'äb'[i % 2]}\n" for i in range(N)), encoding="utf-8-sig")
    run = train(path, epochs=1, out=tmp_path / "run", progress=False)
    assert "encoding" not in run.recipe.data.origin.reading.flags()
    assert say("reconstruct", tmp_path / "run", path, "-o", tmp_path / "back.csv")[0] == 0
    assert (tmp_path / "back.csv").read_bytes().startswith("\ufeffid;höhe;name".encode())


def test_rows_that_slipped_make_no_log_of_several(tmp_path):
    """Seventeen rows of an hourly log are where they do not belong: it is put in order, and its gap is found."""
    hours = [i + (40 if i >= 400 else 0) for i in range(600)]
    order = list(range(600))
    for i in range(20, 580, 33):
        order.insert(i - 9, order.pop(i))
    x = [float(i % 24) for i in range(600)]
    sorted_log = pl.DataFrame({"t": hours, "x": x})
    log = sorted_log[order]
    found, tidy = (load_data(frame, time="t", window=12) for frame in (log, sorted_log))
    keys = {note.key: note.count for note in found.notes}
    assert keys["out_of_order"] == 17 and keys["gaps"] == 1 and "back_and_forth" not in keys
    np.testing.assert_array_equal(found.x, tidy.x)
    # And a run's own log is known again.
    again = load_data(log, like=found.spec)
    np.testing.assert_array_equal(again.split, found.split)


def test_two_logs_in_one_are_found_though_some_rows_are_there_twice():
    frame = pl.DataFrame({"t": np.repeat(np.arange(300), 2), "s": ["a", "b"] * 300, "x": np.arange(600) % 17})
    again = pl.concat([frame, frame[100:110]])
    told = [note for note in load_data(again, time="t", window=12).notes if note.key == "interleaved"]
    assert [note.what for note in told] == ["s"]


def test_a_few_groups_in_time_are_split_in_time():
    n = 200
    frame = pl.DataFrame(
        {"t": [*range(n)] * 2, "s": ["a"] * n + ["b"] * n, "x": np.random.default_rng(0).random(2 * n)}
    )
    for more in ({}, {"window": 10, "step": 5}):
        found = load_data(frame, time="t", group="s", **more)
        of = {name: found.split[[one.startswith(name) for one in found.ids]] for name in "ab"} if more else {
            "a": found.split[:n], "b": found.split[n:]
        }  # fmt: skip
        for split in of.values():
            assert (np.diff(split.astype(int)) >= 0).all() and set(split.tolist()) == {0, 1, 2}
        assert any(note.key == "groups_in_time" for note in found.notes)
    three = pl.concat([frame, frame[:n].with_columns(s=pl.lit("c"), x=pl.col("x") / 2)])
    told = [note.what for note in load_data(three, time="t", group="s").notes if note.key == "groups_dealt"]
    assert len(told) == 1 and {"a", "b", "c"} <= set(re.split(r"\W+", told[0]))


def test_times_of_one_order_that_may_be_two_are_refused():
    days = [f"01/{1 + i // 24:02d}/2020 {i % 24:02d}:00" for i in range(288)]
    frame = pl.DataFrame({"t": days, "x": np.arange(288) % 24})
    with pytest.raises(DataError, match="may be %d/%m/%Y %H:%M or %m/%d/%Y %H:%M"):
        load_data(frame, time="t", window=12)
    assert len(load_data(frame, time="t", window=12, time_format="%m/%d/%Y %H:%M", shares=(1, 0, 0))) == 24


def test_what_is_missing_in_a_log_is_counted_once_however_many_windows_have_it():
    x = np.arange(300.0) % 24
    x[[50, 51, 90]] = np.nan
    frame = pl.DataFrame({"t": np.arange(300), "x": x, "y": np.where(np.arange(300) == 50, np.nan, 1.5 * x)})
    for how in ("mask", "median"):
        notes = load_data(frame, time="t", window=12, step=3, impute=how).notes
        assert [(note.count, note.what) for note in notes if note.key == "missing"] == [(3, "6")]


def test_draws_have_no_more_digits_than_the_data(tmp_path):
    draws = np.random.default_rng(0)
    frame = pl.DataFrame({"one": draws.normal(40, 5, 200).round(1), "two": draws.normal(0, 1, 200).round(2)})
    frame = frame.with_columns(any=pl.Series(draws.normal(size=200)), whole=pl.Series(draws.integers(0, 90, 200)))
    found = load_data(frame)
    assert [column.decimals for column in found.columns] == [1, 2, None, 0]
    drawn = as_observed(found.columns, draws.normal(20, 9, (50, 4)), draws)
    for i, digits in ((0, 1), (1, 2), (3, 0)):
        np.testing.assert_allclose(drawn[:, i], drawn[:, i].round(digits), atol=1e-9)
    assert not np.allclose(drawn[:, 2], drawn[:, 2].round(3))


def test_a_column_far_from_training_is_named():
    draws = np.random.default_rng(0)
    frame = pl.DataFrame({"mass": draws.normal(4, 1, 100), "wing": draws.normal(200, 10, 100)})
    found = load_data(frame)
    assert not any(note.key == "far_off" for note in load_data(frame, like=found.spec).notes)
    other = load_data(pl.DataFrame({"mass": [340.0], "wing": [205.0]}), like=found.spec)
    (told,) = [note.what for note in other.notes if note.key == "far_off"]
    assert told.startswith("mass, 340 … 340 (")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "punycode", "undefined", "hex", "rot13", "utf\0-8"])
def test_an_encoding_that_reads_no_text_is_refused_in_a_line(tmp_path, say, encoding):
    path = tmp_path / "t.csv"
    path.write_text("a;b\n" + "".join(f"{i};{i % 7}\n" for i in range(N)))
    with pytest.raises(DataError, match=r"expected (text in|an encoding)"):
        load_data(path, encoding=encoding)
    if "\0" not in encoding:
        status, _, err = say("train", path, "--encoding", encoding, "--out", tmp_path / "run")
        assert status == 2 and len(err.splitlines()) == 1
    with pytest.raises(ParameterError, match="encoding"):
        load_data(path, encoding="x" * 1000)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_text_are_told_in_a_line(tmp_path, say, monkeypatch):
    import os

    odd = tmp_path / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    rows = "a;b\n" + "".join(f"{i};{i % 7}\n" for i in range(N))
    (odd / "t.csv").write_text(rows)
    (tmp_path / "t.csv").write_text(rows)
    (tmp_path / os.fsdecode(b"t\xe9.csv")).write_text(rows)
    for source in (odd / "t.csv", tmp_path / os.fsdecode(b"t\xe9.csv")):
        status, _, err = say("train", source, "--epochs", 1, "--out", tmp_path / "run")
        assert status == 2 and "expected a path that is text" in err and len(err.splitlines()) == 1
    monkeypatch.chdir(odd)
    status, _, err = say("train", "t.csv", "--epochs", 1, "--out", tmp_path / "run")
    assert status == 2 and not (tmp_path / "run").exists()
    assert say("train", tmp_path / "t.csv", "--epochs", 1, "--out", "own")[0] == 0
    assert say("report", "own", "-o", odd / os.fsdecode(b"r\xe9.html"))[0] == 0


def test_names_that_are_there_twice_get_a_number(tmp_path):
    path = tmp_path / "t.csv"
    rows = "".join(f"{i},{i % 7}.5,{i % 5}.25,{'xy'[i % 2]},{i % 3},{i % 4}\n" for i in range(N))
    path.write_text(f"a,b,a,,a,a 2\n{rows}")
    found = load_data(path, category="a 3")
    assert [column.name for column in found.columns] == ["a", "b", "a 3", "unnamed 4", "a 4", "a 2"]
    assert found.columns[2].categories[1] == "1.25" and found.x[5, 4] == 2 and found.x[5, 5] == 1
    # However many there are, and however strangely they are quoted.
    path.write_text(",".join(["a"] * 20_000) + "\n" + "".join(",".join([str(i)] * 20_000) + "\n" for i in range(12)))
    began = time.monotonic()
    assert len(load_data(path).columns) == 20_000 and time.monotonic() - began < 30
    path.write_text('"a ""x"" b", c ,\'d\'\n' + "".join(f"{i},{i % 7}.5,{i % 5}\n" for i in range(N)))
    assert len(load_data(path).columns) == 3


@pytest.mark.parametrize("title", ["Vendas 2024, não editar\n", "Vendas;;;\n;;;\n", "\n", "# a\n# b\n# c\n"])
def test_a_title_above_the_names_is_found(tmp_path, say, title):
    path = tmp_path / "t.csv"
    rows = "".join(f"{i % 9}.5;{'ab'[i % 2]};{i % 7}.25;c{i % 3}\n" for i in range(N))
    path.write_text(f"{title}preço;loja;peso;cor\n{rows}", encoding="utf-8")
    n = title.count("\n")
    with pytest.raises(DataError, match=f"Found them in line {n + 1}; skip={n} begins there") as fault:
        load_data(path)
    assert fault.value.remedy == {"skip": n}
    found = load_data(path, skip=n)
    assert [column.name for column in found.columns] == ["preço", "loja", "peso", "cor"] and len(found) == N
    np.testing.assert_array_equal(load_data(path, like=found.spec).x, found.x)
    status, out, _ = say("inspect", path)
    assert status == 0 and f"--skip {n}" in out
    path.write_text(path.read_text(encoding="utf-8") + "1;2\n", encoding="utf-8")
    refused(path, path.read_text(encoding="utf-8"), f"expected 4 cells in line {N + n + 2}, as in line {n + 1}", skip=n)


def test_decimals_with_a_point_and_with_a_comma_in_one_column_are_read(tmp_path):
    cells = [f"{i}.5" if i % 3 else f"{i},5" for i in range(N)]
    frame = pl.DataFrame({"a": np.arange(N) % 7, "x": cells})
    with pytest.raises(DataError, match="number='x' reads both") as fault:
        load_data(frame)
    for more in (fault.value.remedy, {"decimal_comma": True}, {"decimal_comma": True, "number": "x"}):
        np.testing.assert_array_equal(load_data(frame, **more).x[:, 1], np.arange(N) + 0.5)
    for more in ({"number": "x"}, {"decimal_comma": True, "number": "x"}, {"decimal_comma": True}):
        odd = frame.with_columns(x=pl.Series([*cells[:-2], "1,234", "1.234"]))
        with pytest.raises(DataError, match="of which that may be two"):
            load_data(odd, **more)


def test_a_word_among_the_numbers_of_other_data_is_missing(tmp_path):
    frame = pl.DataFrame({"a": [float(i) if i % 9 else None for i in range(N)], "x": np.arange(N) % 7 + 0.5})
    found = load_data(frame, impute="mask")
    other = load_data(pl.DataFrame({"a": ["n. d.", "4.5", "5"], "x": ["1.5", "2,5", "3 mm"]}), like=found.spec)
    np.testing.assert_array_equal(other.x, np.array([[np.nan, 1.5], [4.5, 2.5], [5, 3]], np.float32))
    assert [note.what for note in other.notes if note.key == "no_numbers"] == ["a ('n. d.')"]
    with pytest.raises(DataError, match=r"expected numbers in column 'x', as in training\. Found 'name 0'"):
        load_data(pl.DataFrame({"a": [1.0] * 9, "x": [f"name {i}" for i in range(9)]}), like=found.spec)


def test_what_is_filled_in_makes_no_fractions_of_whole_numbers(tmp_path):
    frame = pl.DataFrame({"whole": [None if i % 20 == 3 else i * 3 % 101 for i in range(300)], "x": np.arange(300) / 7})
    assert load_data(frame, impute="median").columns[0].is_whole


def test_data_of_another_width_are_told_as_such_and_no_column_is_looked_at(tmp_path, say):
    """An array has no names of columns: whether it fits is said by the run, in a line."""
    draws = np.random.default_rng(0)
    run = train(pl.DataFrame(draws.normal(size=(60, 3))), epochs=1, out=tmp_path / "run", progress=False)
    for shape in ((7, 4), (7, 5, 5)):
        np.save(tmp_path / "x.npy", draws.normal(size=shape))
        status, _, err = say("encode", run.folder, tmp_path / "x.npy", "-o", tmp_path / "z.npy")
        assert status == 2 and "expected" in err
    matrix = sparse.csr_matrix(draws.poisson(0.5, (9, 3)).astype(np.float32))
    load_data(matrix, like=run.recipe.data)
