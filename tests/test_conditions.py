"""Conditions: a conditional model is told numbers and names of several columns, and draws follow them."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import torch

import gargalo
from gargalo import recipes
from gargalo.data import as_dataset, load_data
from gargalo.errors import DataError, ParameterError, RunError
from gargalo.export.onnx import _to_trace

OFFSETS = {"Adelie": 0.0, "Chinstrap": 5.0, "Gentoo": -5.0}
QUICK = {"epochs": 8, "latent_dim": 2, "progress": False}


def table(n: int = 600, seed: int = 0) -> pl.DataFrame:
    """Weight grows by 0.1 a year and differs by species; Gentoo live on an island of their own."""
    rng = np.random.default_rng(seed)
    age, species = rng.uniform(20, 80, n), rng.choice(list(OFFSETS), n)
    noise = rng.normal(size=n)
    return pl.DataFrame(
        {
            "weight": 0.1 * age + [OFFSETS[name] for name in species] + noise,
            "length": noise + rng.normal(0, 0.1, n),
            "width": rng.normal(size=n),
            "age": age,
            "species": species,
            "island": np.where(species == "Gentoo", "Biscoe", "Dream"),
        }
    )


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("told") / "table.csv"
    table().write_csv(path)
    return path


@pytest.fixture(scope="module")
def run(csv):
    told = ["age", "species", "island"]
    return gargalo.train(csv, "cvae", condition=told, out=csv.with_name("run"), **QUICK)


def test_conditions_are_no_data_and_stand_in_the_recipe(run):
    data = run.recipe.data
    assert [column.name for column in data.columns] == ["weight", "length", "width"]
    age, species, _ = json.loads((run.folder / "recipe.json").read_text())["data"]["conditions"]
    train = load_data(run.recipe.data.src, condition=["age", "species", "island"])
    years = train.conditions.raw[train.rows("train"), 0]
    assert (age["mean"], age["deviation"]) == pytest.approx((years.mean(), years.std()), rel=1e-5)
    assert species["categories"] == ["Adelie", "Chinstrap", "Gentoo"]
    assert (data.told_size, run.model.conditions) == (6, (1, 3, 2))
    assert run.recipe.options["label_scale"] == 1, "rows of numbers are told more softly than pictures"


def test_draws_follow_what_is_asked_for(run):
    def weight(**told):
        return run.sample(400, condition=told)[:, 0].mean()

    assert weight(age=75, species="Adelie") - weight(age=25, species="Adelie") == pytest.approx(5, abs=1)
    assert weight(age=50, species="Chinstrap") - weight(age=50, species="Gentoo") == pytest.approx(10, abs=1.5)
    ages = np.linspace(20, 80, 400)
    rows = run.sample(400, condition={"age": ages, "species": "Adelie"})
    assert np.corrcoef(rows[:, 0], ages)[0, 1] > 0.7


def test_what_is_not_named_goes_together_as_in_training(run):
    from gargalo.data.conditions import filled_in

    known, seen = run.recipe.data.told, run.kept("conditions", None)[0]["seen"]
    asked = np.full((200, 3), np.nan, np.float32)
    asked[:100, 1], asked[100:, 1] = 2, 0
    drawn = filled_in(known, asked, seen, 0)
    assert (drawn[:100, 2] == 0).all() and (drawn[100:, 2] == 1).all(), "Gentoo are only seen on Biscoe"
    assert len(np.unique(drawn[:, 0])) > 100
    impossible = filled_in(known, np.array([[np.nan, 2, 1]], np.float32), seen, 0)
    assert impossible[0, 1:].tolist() == [2, 1] and np.isfinite(impossible).all()
    assert np.array_equal(run.sample(5, seed=3), run.sample(5, seed=3))


def test_what_is_asked_for_wrongly_is_told_with_what_there_is(run):
    with pytest.raises(ParameterError, match=r"condition must be one of age, species, island. Got 'agee'.*'age'"):
        run.sample(3, condition={"agee": 4})
    with pytest.raises(ParameterError, match=r"must be one of species=Adelie, species=Chinstrap, species=Gentoo. Got"):
        run.sample(3, condition={"species": "Adeli"})
    with pytest.raises(ParameterError, match=r"must be a finite number, for age. Got 'old'"):
        run.sample(3, condition={"age": "old"})
    with pytest.raises(ParameterError, match=r"one number, or 3, for age. Got \[1, 2\]"):
        run.sample(3, condition={"age": [1, 2]})
    with pytest.raises(ParameterError, match=r"label must be left out: condition names .* age \(a number\)"):
        run.sample(3, label="Adelie")
    with pytest.raises(ParameterError, match=r"decodes with all of age \(a number\), species \(one of Adelie"):
        run.decode(np.zeros((1, 2)), condition={"age": 40})
    assert run.decode(np.zeros((1, 2)), condition={"age": 40, "species": "Adelie", "island": "Dream"}).shape == (1, 3)


def test_new_data_bring_their_conditions(run, csv, tmp_path):
    new = tmp_path / "new.csv"
    table(40, 1).with_columns(pl.col("age").cast(pl.Int64)).select(pl.all().reverse()).write_csv(new)
    loaded = load_data(new, like=run.recipe.data)
    assert loaded.conditions.known == run.recipe.data.conditions
    again = run.reconstruct(new)
    assert np.corrcoef(again[:, 0], loaded.x[:, 0])[0, 1] > 0.8
    assert run.encode(new).shape == run.encode(loaded.x).shape == (40, 2), "the encoder sees x alone"
    assert np.array_equal(run.reconstruct(loaded), again)
    own = load_data(new, condition=["island", "species", "age"])
    assert np.allclose(run.reconstruct(own), again, atol=1e-4), "told under other scales and in another order"
    assert gargalo.evaluate(run, new)["test_mse"].n == 6
    assert run.log_likelihood(loaded, k=2).shape == (40,)
    with pytest.raises(DataError, match=r"expected 'age', which the model is told beside the latent. Found weight"):
        run.encode(pl.read_csv(new).drop("age"))
    with pytest.raises(DataError, match="expected 'species' to be one of Adelie, Chinstrap, Gentoo, as in training"):
        run.encode(pl.read_csv(new).with_columns(species=pl.lit("King")))
    with pytest.raises(DataError, match=r"array: expected age .* with the examples"):
        run.reconstruct(loaded.x)
    with pytest.raises(ParameterError, match="a Dataset with conditions, for cvae"):
        run.log_likelihood(loaded.x)


def test_a_run_is_opened_walked_told_of_and_exported(run, tmp_path):
    opened = gargalo.open_run(run.folder)
    assert np.array_equal(opened.sample(6, condition={"age": 30}), run.sample(6, condition={"age": 30}))
    assert opened.interpolate(0, 5, steps=4).shape == opened.traverse("pca:0", 4).shape == (4, 3)
    page = gargalo.report(opened, tmp_path / "page.html", "pt").read_text()
    assert "as condições escolhidas" in page and "run.kept_data" in page
    with pytest.raises(RunError, match=r"whose condition is the label, .* Found age, species, island; gargalo sample"):
        gargalo.publish(opened, tmp_path / "site", progress=False)


def test_what_is_exported_takes_conditions(run):
    """What is traced: it gives what the run gives. (A file takes seconds; that of a label is made elsewhere.)"""
    few = run.kept_data.take(np.arange(4))
    for verb in ("decode", "reconstruct"):
        module, given = _to_trace(run.codec, run.model, verb, few.x)
        assert [tuple(part.shape) for part in given][1] == (4, 6)
    with torch.no_grad():
        back = module(torch.from_numpy(few.x), torch.from_numpy(run.fitted.told(few)))[0]
    assert np.allclose(back, run.reconstruct(few), atol=1e-5)


def test_the_commands(run, csv, tmp_path, say, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert say("sample", run.folder, "--condition", "species=Gentoo", "--condition", "age=70", "-o", "s.csv")[0] == 0
    assert len(pl.read_csv("s.csv")) == 12
    np.save("z.npy", np.zeros((2, 2)))
    told = [word for pair in ("age=30", "species=Adelie", "island=Dream") for word in ("--condition", pair)]
    assert say("decode", run.folder, "z.npy", *told, "-o", "d.npy")[0] == 0
    assert say("reconstruct", run.folder, csv, "-o", "r.csv")[0] == 0
    assert say("inspect", csv, "--condition", "age")[0] == 0
    for wrong, told in (
        (["--condition", "age"], "--condition must be NAME=VALUE. Got 'age'"),
        (["--condition", "age=1", "--condition", "age=2"], "must be given once"),
        (["--condition", "sex=f"], "--condition must be one of age, species, island. Got 'sex'"),
    ):
        status, _, errors = say("sample", run.folder, *wrong, "-o", "s.csv")
        assert status == 2 and told in errors
    status, _, errors = say("train", csv, "--model", "vae", "--condition", "age")
    assert status == 2 and "--condition does not go with model vae" in errors and "--model cvae" in errors


def test_it_is_trained_again_and_otherwise(run):
    from gargalo.runs.again import training_command

    assert "--condition age --condition species --condition island" in training_command(run)
    other = training_command(run, "autoencoder", {})
    assert "--condition" not in other and "--ignore island" in other
    assert gargalo.evaluate(run)["test_mse"].value == pytest.approx(run.metrics["test_mse"].value)


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ([None, *range(1, 60)], "expected a value of condition 'c' in every row. Found 1 of 60 without"),
        ([3.0] * 60, "expected a condition that varies in the training rows. Found 'c'"),
        ([f"{i} 000 €" for i in range(60)], "expected numbers in column 'c'"),
    ],
)
def test_conditions_that_tell_nothing(column, told):
    with pytest.raises(DataError, match=told):
        load_data(table(60).with_columns(c=pl.Series(column)), condition="c")


def test_conditions_beside_arrays_and_frames(digits):
    x, rng = digits.x[:200], np.random.default_rng(0)
    thick = x.mean((1, 2))
    one = load_data(x, digits.y[:200], condition=thick)
    assert [each.name for each in one.conditions.known] == ["condition"]
    both = load_data(x, condition=np.stack([thick, rng.normal(size=200)], 1))
    assert [each.name for each in both.conditions.known] == ["condition[0]", "condition[1]"]
    named = load_data(x, condition={"thick": thick, "digit": digits.y[:200].astype(str)})
    assert (named.conditions.encoded.shape, named.spec.told_size) == ((200, 11), 11)
    assert np.array_equal(named.take(np.arange(5, 9)).conditions.raw, named.conditions.raw[5:9])
    assert named.fingerprint != load_data(x).fingerprint
    fitted = gargalo.train(x, "cvae", condition=thick, in_memory=True, **QUICK)
    assert fitted.sample(3).shape == fitted.sample(3, condition={"condition": 30}).shape == (3, 28, 28)
    new = load_data(x[:9], condition=thick[:9], like=fitted.spec)
    assert fitted.reconstruct(new).shape == (9, 28, 28)
    frame = table(100)
    beside = load_data(frame.drop("age"), condition=frame["age"].to_numpy())
    assert [column.name for column in beside.columns] == ["weight", "length", "width", "species", "island"]
    assert np.allclose(beside.conditions.raw[:, 0], frame["age"])
    for wrong, told in ((thick[:9], "for each of the 200 examples"), ("thick", "an array .* beside an array")):
        with pytest.raises((DataError, ParameterError), match=told):
            load_data(x, condition=wrong)


def test_conditions_beside_files_of_arrays(tmp_path, digits, monkeypatch, say):
    monkeypatch.chdir(tmp_path)
    x = digits.x[:120]
    thick, names = x.mean((1, 2)), np.where(digits.y[:120] > 4, "high", "low")
    np.save("x.npy", x)
    np.save("thick.npy", thick)
    np.save("names.npy", names)
    np.savez("x.npz", x=x, condition=thick)
    np.savez("split.npz", x_train=x[:90], x_test=x[90:], condition_train=names[:90], condition_test=names[90:])
    run = gargalo.train("x.npy", "cvae", condition=["thick.npy", "names.npy"], out="run", **QUICK)
    assert [one.name for one in run.recipe.data.conditions] == ["thick", "names"]
    assert gargalo.evaluate(run)["test_mse"].n, "found again by their paths"
    np.save("few.npy", x[:7])
    np.save("t.npy", thick[:7])
    np.save("n.npy", names[:7])
    told = ["--condition", "t.npy", "--condition", "n.npy"]
    assert say("reconstruct", "run", "few.npy", *told, "-o", "r.npy")[0] == 0
    assert say("encode", "run", "few.npy", "-o", "z.npy")[0] == 0
    status, _, errors = say("reconstruct", "run", "few.npy", "-o", "r.npy")
    assert status == 2 and "few.npy: expected thick (a number), names (one of high, low) with the examples" in errors
    assert load_data("x.npz").spec.told_size == 1
    split = load_data("split.npz")
    assert split.conditions.known[0].categories == ("high", "low")


def test_dropped_rows_and_windows_keep_their_conditions():
    frame = table(80).with_columns(
        pl.when(pl.int_range(80) % 9 == 4).then(None).otherwise("width").alias("width"), second=pl.int_range(80)
    )
    dropped = load_data(frame, condition="age", impute="drop", ignore="second")
    assert len(dropped) == 71
    whole = frame.drop_nulls()
    assert np.allclose(dropped.conditions.raw[:, 0], whole["age"])
    cut = load_data(frame.drop("width", "species", "island"), condition="age", time="second", window=4)
    last = [int(name) for name in cut.log.starts + 3]
    assert np.allclose(cut.conditions.raw[:, 0], frame["age"].to_numpy()[last])


def test_a_label_is_a_condition_by_its_name(digits):
    few = as_dataset(digits.x[:300], digits.y[:300])
    fitted = gargalo.train(few, "cvae", in_memory=True, **QUICK)
    assert np.array_equal(fitted.sample(4, label=7), fitted.sample(4, condition={"label": "7"}))
    assert recipes.make(few.spec, "cvae").options["label_scale"] == 10
    with pytest.raises(ParameterError, match="condition must be left out beside label"):
        fitted.sample(4, label=7, condition={"label": 7})
    with pytest.raises(
        ParameterError, match=r"no labels, for data without two classes.*condition says what it is told"
    ):
        recipes.make(as_dataset(digits.x[:30]).spec, "cvae")
