"""A fitted model in memory: every verb on arrays, no folder; and what a folder adds is the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gargalo
from gargalo import FittedModel
from gargalo.data import as_dataset
from gargalo.errors import DataError, ParameterError
from gargalo.io.reporter import Reporter, TrainingProgress
from gargalo.latent import PRIORS
from gargalo.runs import TrainingJob, budget

QUICK = {"epochs": 2, "latent_dim": 4, "widths": (32,)}


class Told(Reporter):
    """Notes what it hears."""

    def __init__(self) -> None:
        self.lines, self.epochs = [], []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def training(self, title: str) -> TrainingProgress:
        outer = self

        class Noting(TrainingProgress):
            def epoch(self, record):
                outer.epochs.append((title, record["epoch"]))

        return Noting()


@pytest.fixture(scope="module")
def pair(digits, tmp_path_factory) -> tuple[FittedModel, gargalo.Run]:
    """The same training in memory and in a folder."""
    fitted = gargalo.train(digits, "vae", in_memory=True, progress=False, **QUICK)
    return fitted, gargalo.train(digits, "vae", out=tmp_path_factory.mktemp("pair") / "run", progress=False, **QUICK)


def test_training_in_memory_writes_nothing_and_trains_nothing_else(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    told = Told()
    fitted = gargalo.train(digits, "autoencoder", in_memory=True, progress=told, **QUICK)
    assert isinstance(fitted, FittedModel)
    assert list(tmp_path.rglob("*")) == []
    assert told.epochs == [("autoencoder", 1), ("autoencoder", 2)]
    assert [line for line in told.lines if "classifier" in line] == []
    with pytest.raises(ParameterError, match="out must be left out with in_memory, which keeps nothing"):
        gargalo.train(digits, in_memory=True, out=tmp_path / "run", progress=False)


def test_minutes_in_memory_are_for_training_alone(digits, tmp_path, monkeypatch):
    """Nothing is saved or measured afterwards: no time is left for it, none is spent on finding how much."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    told = Told()
    fitted = gargalo.train(digits, "autoencoder", in_memory=True, minutes=1, epochs=2, widths=(8,), progress=told)
    assert fitted.recipe.minutes == 1
    assert told.epochs == [("autoencoder", 1), ("autoencoder", 2)]
    assert [line for line in told.lines if "classifier" in line] == []
    assert list(tmp_path.rglob("*")) == []
    assert budget.Costs(is_kept=False).after_training(TrainingJob(fitted.recipe, digits)) == 0


def test_the_folder_adds_nothing_to_the_model(pair, digits):
    fitted, run = pair
    x = digits.x[:20]
    assert np.array_equal(fitted.encode(x), run.encode(x))
    assert np.array_equal(fitted.reconstruct(x), run.reconstruct(x))
    assert np.array_equal(fitted.sample(5, seed=3), run.sample(5, seed=3))
    assert np.array_equal(fitted.log_likelihood(x, k=4), run.log_likelihood(x, k=4))
    z = fitted.encode(x)
    assert np.array_equal(fitted.decode(z), run.fitted.decode(z))
    assert run.fitted.name == str(run.folder)
    for text in vars(fitted).values():
        assert not isinstance(text, Path)


def test_every_verb_takes_arrays(pair, digits):
    fitted, _ = pair
    frames = fitted.interpolate(digits.x[0], digits.x[1], steps=5)
    assert frames.shape == (5, 28, 28)
    assert np.array_equal(frames[0], fitted.decode(fitted.encode(digits.x[:2])[:1])[0])
    assert fitted.traverse(digits.x[:50], axis="pca:1", steps=4).shape == (4, 28, 28)
    prior = fitted.fit_prior("gmm", digits.x[:500])
    assert fitted.sample(3, prior).shape == (3, 28, 28)
    with pytest.raises(ParameterError, match=r"prior must be a Prior as fit_prior gives it, .* Got 'gmm'"):
        fitted.sample(3, "gmm")
    assert fitted.draw_latents(digits.x[:5]).shape == (5, 4)
    with pytest.raises(ParameterError, match=r"the model: model vae cannot denoise\. It can decode, encode"):
        fitted.denoise(digits.x[:3])
    with pytest.raises(DataError, match=r"array: expected shape \(n, 28, 28\), as the model was trained on"):
        fitted.encode(digits.x[:3, :5])


def test_a_model_in_memory_is_measured_as_its_run_is(pair, digits):
    fitted, run = pair
    assert repr(fitted) == "FittedModel(model='vae', latent_dim=4, name='the model')"
    found = gargalo.evaluate(fitted, digits)
    assert found == run.metrics


def test_labels_are_told_apart_by_their_names(pair, digits, tmp_path):
    """Other data may have fewer labels, in another order: what counts is what they are called."""
    fitted = gargalo.train(digits, "classifier", in_memory=True, progress=False, **QUICK)
    some = np.flatnonzero(digits.y >= 5)
    names = np.array(digits.class_names)
    high = as_dataset(digits.x[some], names[digits.y[some]], split=digits.split[some])
    same = digits.take(some)
    for name in ("test_accuracy", "test_loss"):
        assert gargalo.evaluate(fitted, high)[name] == gargalo.evaluate(fitted, same)[name]
    with pytest.raises(DataError, match=r"expected labels among 0, 1.* Found 'a'"):
        gargalo.evaluate(fitted, digits.x, y=np.where(digits.y > 4, "a", "0"))
    with pytest.raises(DataError, match=r"expected labels, for model classifier\. Found none"):
        gargalo.evaluate(fitted, digits.x)


def test_a_run_is_not_measured_on_other_data_unawares(digits, tmp_path):
    np.save(tmp_path / "x.npy", digits.x[:200])
    run = gargalo.train(tmp_path / "x.npy", out=tmp_path / "run", progress=False, **QUICK)
    assert gargalo.evaluate(run) == run.metrics
    np.save(tmp_path / "x.npy", digits.x[200:400])
    with pytest.raises(DataError, match=r"expected the data that .* was trained on\. Found others"):
        gargalo.evaluate(run)


def test_what_is_no_name_is_told_as_one_that_is_unknown(pair):
    for wrong in (["gmm"], None, 3):
        assert wrong not in PRIORS
    with pytest.raises(ParameterError, match="prior must be one of normal, gmm"):
        pair[1].prior(["gmm"])
    with pytest.raises(ParameterError, match="perplexity must be a number >= 1"):
        pair[1].map(perplexity="30")


def test_a_metric_of_somebody_else_loses_no_training(digits, tmp_path, monkeypatch, recwarn):
    from gargalo.metrics import METRICS

    def faulty(real_features, sample_features):
        raise ValueError("boom")

    monkeypatch.setitem(METRICS._loaded, "faulty", faulty)
    monkeypatch.setitem(METRICS._loaded, "plain", lambda z_test: 1.5)
    run = gargalo.train(digits, "vae", out=tmp_path / "run", progress=False, **QUICK)
    assert run.metrics["plain"] == 1.5
    assert "coverage" in run.metrics
    assert not any("faulty" in name for name in run.metrics)
    assert any("metric faulty: left out, since it failed (ValueError: boom)" in str(w.message) for w in recwarn)


def test_one_run_is_as_good_as_a_list_of_one(pair, tmp_path):
    run = pair[1]
    for given in (run, str(run.folder)):
        assert gargalo.report(given, tmp_path / "page.html", "en").is_file()
    for wrong in (3, pair[0]):
        with pytest.raises(ParameterError, match="folder must be a run's folder, or 'last'"):
            gargalo.open_run(wrong)


def test_labels_are_a_condition_in_memory_too(digits):
    fitted = gargalo.train(digits, "cvae", in_memory=True, progress=False, **QUICK)
    assert fitted.encode(digits).shape == (len(digits), 4)
    assert fitted.sample(4, label="7").shape == (4, 28, 28)
    assert fitted.sample(4).shape == (4, 28, 28)
    with pytest.raises(ParameterError, match="decodes with a label"):
        fitted.decode(np.zeros((1, 4), np.float32))
    with pytest.raises(ParameterError, match="decodes with a label"):
        fitted.interpolate(digits.x[0], digits.x[1])
    assert fitted.interpolate(digits.x[0], digits.x[1], 5, label="3").shape == (5, 28, 28)


def test_a_job_is_frozen_and_is_given_all(digits):
    recipe = gargalo.train(digits, "autoencoder", in_memory=True, progress=False, **QUICK).recipe
    job = TrainingJob(recipe, digits)
    with pytest.raises(AttributeError):
        job.recipe = None
    first, result = gargalo.runs.fit(job)
    assert [record["epoch"] for record in result.history] == [1, 2]
    warm = gargalo.runs.fit(TrainingJob(recipe, digits, init_from=first))[1]
    assert warm.history[0]["train"]["loss"] < result.history[0]["train"]["loss"]


def test_the_kind_of_data_is_said_once(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    assert as_dataset(rows).spec.kind == "vector"
    assert as_dataset(rows, reading=gargalo.data.Reading(impute="median")).spec.kind == "table"
    assert as_dataset(np.zeros((20, 5, 5), np.uint8)).spec.kind == "image"
    (tmp_path / "log.csv").write_text("t,a,b\n" + "".join(f"{i},{i % 7},{i % 3}\n" for i in range(80)))
    assert gargalo.load_data(tmp_path / "log.csv").spec.kind == "table"
    assert gargalo.load_data(tmp_path / "log.csv", time="t", window=5).spec.kind == "series"
    kinds = "image, volume, table, vector, series, counts"
    with pytest.raises(ParameterError, match=rf"kind must be one of {kinds}\. Got 'sound'"):
        as_dataset(rows, kind="sound")
    with pytest.raises(DataError, match=r"expected an array of shape \(n, p\)"):
        as_dataset(rows, kind="image")


def test_a_kind_may_be_asked_for_and_is_never_another(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    (tmp_path / "rows.csv").write_text("a,b\n" + "".join(f"{i},{i % 3}\n" for i in range(60)))
    found = gargalo.load_data(tmp_path / "rows.npy", kind="series")
    assert found.spec.kind == "series"
    assert gargalo.load_data(rows, like=found.spec).spec.kind == "series"
    for src, there in ((tmp_path / "rows.csv", "table"), ("mnist-10k", "image")):
        with pytest.raises(ParameterError, match=f"kind must be left out, or {there}, as these data are"):
            gargalo.load_data(src, kind="vector")


def test_who_is_told_cannot_stop_the_work(digits, monkeypatch):
    """A closed stderr, or none at all: the training ends as ever."""
    import io
    import sys

    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        assert isinstance(gargalo.train(digits, "pca", latent_dim=2, in_memory=True), FittedModel)
        assert isinstance(gargalo.train(digits, "autoencoder", in_memory=True, **QUICK), FittedModel)


def test_priors_are_densities():
    """log_prob against draws: the mean of -log p over draws of p is p's entropy, and p integrates to 1."""
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal([0, 0], [1, 0.3], (400, 2)), rng.normal([5, 1], [0.5, 0.5], (400, 2))])
    axis = np.linspace(-12, 15, 500)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    for name in PRIORS:
        prior = PRIORS[name].fit(z)
        total = np.exp(prior.log_prob(grid)).sum() * (axis[1] - axis[0]) ** 2
        assert total == pytest.approx(1, abs=0.01), name
        again = type(prior)(**prior.arrays)
        assert np.array_equal(again.log_prob(z), prior.log_prob(z))
        draws = prior.sample(4000, np.random.default_rng(1))
        assert np.array_equal(draws, again.sample(4000, np.random.default_rng(1)))
        # A quarter of the plane holds as many draws as its density says.
        inside = (np.exp(prior.log_prob(grid)) * (grid > 0.5).all(1)).sum() * (axis[1] - axis[0]) ** 2
        assert (draws > 0.5).all(1).mean() == pytest.approx(inside, abs=0.03), name
    mixture, normal = (PRIORS[name].fit(z) for name in ("gmm", "normal"))
    assert mixture.log_prob(z).mean() > normal.log_prob(z).mean() + 1
