"""Columns: rows that are drawn, and what is measured of each column."""

from __future__ import annotations

import json
import shutil

import numpy as np
import polars as pl
import pytest

import gargalo
from gargalo.lang import words


def rare_table(n: int = 1500) -> pl.DataFrame:
    """Ages, a measurement that depends on illness, rare names, and a rare 1 among zeros."""
    draws = np.random.default_rng(0)
    age = draws.integers(18, 90, n)
    ill = draws.random(n) < 1 / (1 + np.exp(-(age - 60) / 6))
    return pl.DataFrame(
        {
            "age": age,
            "marker": draws.normal(size=n) + 2 * ill,
            "ill": np.where(ill, "yes", "no"),
            "smokes": np.where(draws.random(n) < 0.105, "yes", "no"),
            "died": (draws.random(n) < 0.03).astype(int),
            "stage": draws.choice(["I", "II", "III"], n, p=[0.7, 0.25, 0.05]),
            "cost": draws.gamma(2.0, 100.0, n),
        }
    )


@pytest.fixture(scope="module")
def rare_run(tmp_path_factory):
    """A VAE of rows with rare names."""
    return gargalo.train(rare_table(), "vae", out=tmp_path_factory.mktemp("rare") / "run", epochs=20, progress=False)


def test_drawn_rows_are_spread_as_the_data_are(rare_run):
    frame, columns = rare_table(), rare_run.recipe.data.columns
    rows = gargalo.data.named_values(columns, rare_run.sample(4000, seed=1))
    for name in ("ill", "smokes", "stage"):
        for value in frame[name].unique():
            share = float((frame[name] == value).mean())
            # Three standard errors of either sample.
            assert abs(float((rows[name] == value).mean()) - share) < 3 * np.sqrt(
                share * (1 - share) * (1 / 4000 + 1 / 1500)
            )
    for name in ("age", "marker", "cost"):
        assert np.std(rows[name]) == pytest.approx(float(frame[name].std()), rel=0.05), name
    assert set(np.unique(rows["died"])) == {0.0, 1.0}, "the rare one is drawn"
    assert abs(float(np.mean(rows["died"])) - frame["died"].mean()) < 0.015
    old = {value: frame.filter(pl.col("ill") == value)["age"].mean() for value in ("yes", "no")}
    for value, mean in old.items():
        assert np.mean(rows["age"][rows["ill"] == value]) == pytest.approx(mean, abs=4), (
            "what belongs together stays so"
        )


def test_drawn_numbers_are_such_as_were_observed(rare_run):
    frame, drawn = rare_table(), rare_run.sample(4000, seed=2)
    rows = gargalo.data.named_values(rare_run.recipe.data.columns, drawn)
    assert np.array_equal(rows["age"], np.rint(rows["age"])), "whole"
    assert frame["age"].min() <= rows["age"].min() and rows["age"].max() <= frame["age"].max()
    assert rows["cost"].min() >= 0
    assert np.array_equal(drawn, rare_run.sample(4000, seed=2)), "the same seed, the same rows"
    means = rare_run.sample(4000, seed=2, mean=True)
    assert not np.array_equal(means[:, 0], np.rint(means[:, 0])), "a mean age is a mean"
    assert np.std(means[:, 6]) < 0.97 * np.std(drawn[:, 6]), "and means are less spread than data"


def test_a_column_of_few_numbers_is_drawn_from_these():
    draws = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "doors": draws.choice([2.0, 3.5, 5.0], 400, p=[0.2, 0.3, 0.5]),
            "x": draws.normal(size=400),
            "y": draws.random(400),
        }
    )
    known = gargalo.load_data(frame).columns
    assert [column.levels for column in known] == [(2.0, 3.5, 5.0), (), ()]
    values = gargalo.data.as_observed(known, np.tile([[2.75, 9.0, 0.5]], (4000, 1)), np.random.default_rng(1))
    assert set(values[:, 0]) == {2.0, 3.5}
    assert values[:, 0].mean() == pytest.approx(2.75, abs=0.05), "by chance between two, so that the mean stays"
    assert values[0, 1] == pytest.approx(known[1].high, abs=1e-6)


def test_every_column_is_measured_beside_pca_and_the_mean(rare_run):
    table, frame = rare_run.columns, rare_table()
    found = {column.name: column for column in table.columns}
    assert list(found) == frame.columns
    x, back = rare_run.examples.x, rare_run.reconstruct(rare_run.examples.x)
    assert len(x) == rare_run.recipe.data.counts["test"], "all are kept: the figures are of the same rows"
    assert found["marker"].error == pytest.approx(np.sqrt(np.mean(np.square(x[:, 1] - back[:, 1]))), rel=1e-4)
    train = gargalo.load_data(frame)
    center = float(train.x[train.rows("train"), 1].mean())
    r2 = 1 - np.square(x[:, 1] - back[:, 1]).sum() / np.square(x[:, 1] - center).sum()
    assert found["marker"].score.value == pytest.approx(r2, abs=1e-4)
    assert found["smokes"].score.value == pytest.approx(float((x[:, 3] == back[:, 3]).mean()))
    assert found["smokes"].guess == pytest.approx(float((x[:, 3] == 0).mean()))
    pca = rare_run.pca[1]
    assert found["smokes"].pca == pytest.approx(float((x[:, 3] == pca[:, 3]).mean()))
    assert found["marker"].gain.low <= found["marker"].gain.value <= found["marker"].gain.high
    assert found["marker"].gain.value == pytest.approx(found["marker"].score.value - found["marker"].pca, abs=1e-6)


def test_fidelity_tells_draws_from_data_and_from_copies(rare_run):
    from gargalo.metrics.columns import copied, correlation_difference, distance

    whole = rare_run.columns.fidelity
    assert whole.draws == 2000 and whole.prior == "gmm"
    assert whole.correlation < 0.1
    draws = np.random.default_rng(0)
    a, b = draws.normal(size=(2, 3000, 3))
    b[:, 1] = b[:, 0]
    assert correlation_difference(a, b) == pytest.approx(1 / 3, abs=0.03)
    assert distance(a[:, 0], b[:, 0]) < 0.05
    assert distance(a[:, 0], a[:, 0] + 100) == 1
    assert distance(np.repeat([0.0, 1.0], [80, 20]), np.repeat([0.0, 1.0], [50, 50]), True) == pytest.approx(0.3)
    assert copied(np.concatenate([a[:10], a[:30] + 1]), a).value == pytest.approx(0.25, abs=0.05)


def test_the_pair_that_goes_together_least_is_named(rare_run):
    from gargalo.metrics.columns import farthest_pair
    from gargalo.runs.columns import Pair
    from gargalo.runs.columns_told import drawn_as_whole

    draws = np.random.default_rng(0)
    real, drawn = draws.normal(size=(2, 3000, 4))
    real[:, 3] = real[:, 1] + 0.1 * draws.normal(size=3000)
    assert farthest_pair(real, drawn, np.array([0, 1, 2, 2]))[:2] == (1, 3)
    # Two names of one category are no pair.
    assert farthest_pair(real, drawn, np.array([0, 1, 2, 1]))[:2] != (1, 3)
    table = rare_run.columns
    assert table.fidelity.farthest.names[0] != table.fidelity.farthest.names[1]
    pair = Pair(names=("rain", "weather=sun"), real=-0.31, drawn=-0.05)
    found = table.fidelity.model_copy(update={"farthest": pair})
    unlike = table.columns[0].model_copy(update={"distance": 0.24, "chance": 0.05})
    told = drawn_as_whole(table.model_copy(update={"fidelity": found, "columns": [unlike]}), words("en"))
    assert f"Least like the data, by its distance: {unlike.name}." in told
    assert "rain and weather=sun, with a correlation of -0.050 in the draws and -0.310 in the training rows" in told
    numbered = unlike.model_copy(update={"name": "3"})
    told = drawn_as_whole(table.model_copy(update={"fidelity": found, "columns": [numbered]}), words("pt"))
    assert "coluna 3." in told, "a bare 3 would be read as a figure"


def test_columns_are_told_in_both_languages(say, rare_run, tmp_path):
    for lang, expected in (
        ("en", ("comes back", "std. of draws", "by chance")),
        ("pt", ("desvio dos sorteios", "palpite")),
    ):
        status, out, _ = say("info", rare_run.folder, "--lang", lang)
        assert status == 0
        assert all(word in out for word in expected[1:])
        assert "smokes" in out
        page = gargalo.report([rare_run], tmp_path / f"{lang}.html", lang).read_text()
        assert 'id="columns"' in page and 'id="fidelity"' in page
    status, out, _ = say("info", rare_run.folder, "--json")
    known = json.loads(out)
    assert [column["name"] for column in known["columns"]] == rare_table().columns
    assert known["fidelity"]["draws"] == 2000


def test_mean_rows_are_asked_for_by_name(say, rare_run, tmp_path):
    for flag, is_whole in (("--draw", True), ("--mean", False)):
        assert say("sample", rare_run.folder, "-n", 50, flag, "-o", tmp_path / "rows.csv")[0] == 0
        ages = pl.read_csv(tmp_path / "rows.csv")["age"].to_numpy()
        assert bool((ages == np.rint(ages)).all()) == is_whole


def test_a_columns_file_that_is_damaged_is_refused_in_a_line(say, rare_run, tmp_path):
    shutil.copytree(rare_run.folder, tmp_path / "run")
    (tmp_path / "run" / "columns.json").write_text('{"columns": [{"name": 3}]}')
    status, _, err = say("info", tmp_path / "run")
    assert status == 2
    assert len(err.strip().splitlines()) == 1 and "columns.json" in err
