"""The verdict: are reconstructions better than PCA's of the same size, and is it said wherever one looks?"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import gargalo
from gargalo.data import as_dataset
from gargalo.lang import words
from gargalo.metrics import Estimate
from gargalo.metrics.reconstruction import mse_minus_pca
from gargalo.runs.verdict import Verdict, is_linear, outcome_of, verdict_of

POOR = {"init": "kaiming", "epochs": 1, "lr": 1e-5}
"""A training that PCA is better than."""


def rows(n: int = 300):
    """Rows of numbers along a curve."""
    t = np.random.default_rng(0).uniform(-1, 1, (n, 2))
    x = np.c_[t, t**2, t**3, t.prod(1), np.sin(3 * t)].astype(np.float32)
    return as_dataset(x, (t[:, 0] > 0).astype(int), name="curve")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("verdict")
    plans = {
        "good": ("autoencoder", {"epochs": 100}),
        "poor": ("autoencoder", POOR),
        "vae": ("vae", {"epochs": 1, "lr": 1e-5}),
    }
    return {
        name: gargalo.train(rows(), model, out=root / name, progress=False, **choices)
        for name, (model, choices) in plans.items()
    }


def test_errors_are_paired_by_example():
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    ours, theirs = 0.9 * x, 0.8 * x
    found = mse_minus_pca(x, ours, theirs)
    each = (0.01 - 0.04) * np.square(x).mean(1)
    away = 1.96 * each.std(ddof=1) / np.sqrt(40)
    assert np.allclose([found, found.low, found.high], [each.mean(), each.mean() - away, each.mean() + away], rtol=1e-3)
    mask = np.zeros_like(x, bool)
    mask[:, 1] = True
    assert np.isclose(mse_minus_pca(x, ours, theirs, mask), -0.03 * np.square(x[:, 1]).mean(), rtol=1e-4)


@pytest.mark.parametrize(
    ("low", "high", "pca", "outcome"),
    [
        (-0.2, -0.1, 1.0, "better"),
        (-0.1, 0.1, 1.0, "as-good"),
        (0.1, 0.2, 1.0, "worse"),
        (1e-5, 2e-5, 1.0, "as-good"),  # nobody would see it
        (1e-9, 2e-9, 0.0, "as-good"),  # rounding
        (None, None, 1.0, None),
    ],
)
def test_the_interval_decides(low, high, pca, outcome):
    assert outcome_of(Estimate(0.0 if low is None else (low + high) / 2, low, high, 9), pca) == outcome
    assert outcome_of(Estimate(0.0, low, high, None), pca) is None, "a metrics.json may lack it"


def test_a_model_that_begins_as_pca_and_learns_is_better(runs):
    found = verdict_of(runs["good"])
    assert (found.outcome, found.cause, found.command) == ("better", None, None)
    assert found.difference < 0 < found.pca
    assert np.isclose(found.difference, found.mse - found.pca, rtol=1e-4)


def test_a_training_that_was_cut_short_says_so(runs, tmp_path, monkeypatch):
    np.save(tmp_path / "curve.npy", rows().x)
    monkeypatch.chdir(tmp_path)
    short = gargalo.train("curve.npy", "autoencoder", epochs=2, out="run", progress=False)
    found = verdict_of(short)
    assert short.facts["best_epoch"] == 2
    assert found.outcome != "worse"
    assert found.cause == "falling"
    assert found.command == "gargalo train curve.npy --model autoencoder --latent-dim 4"
    assert "still fell when the training ended, after 2 epochs" in found.published(short)["told"]["en"]
    enough = gargalo.train("curve.npy", "autoencoder", epochs=2, patience=2, out="other", progress=False)
    assert verdict_of(enough).cause is None, "it was to stop early"
    history = short.folder / "history.jsonl"
    first, last = map(json.loads, history.read_text().splitlines())
    first["validation"]["loss"] = last["validation"]["loss"] - 0.1
    history.write_text("".join(f"{json.dumps(record)}\n" for record in (first, last)))
    assert verdict_of(gargalo.open_run(short.folder)).cause is None, "which is kept may be chosen otherwise"


def test_what_is_worse_says_why_and_what_to_try(runs, tmp_path, monkeypatch):
    poor = verdict_of(runs["poor"])
    assert (poor.outcome, poor.cause) == ("worse", "start")
    assert poor.command is None, "no command trains what was in memory"
    rows_file = tmp_path / "curve.npy"
    np.save(rows_file, rows().x)
    monkeypatch.chdir(tmp_path)
    made = gargalo.train("curve.npy", "autoencoder", out="run", progress=False, **POOR)
    found = verdict_of(made)
    told = found.published(made)["told"]
    assert all(text.endswith(found.command) for text in told.values())
    assert found.command == "gargalo train curve.npy --model autoencoder --latent-dim 4 --epochs 1 --lr 1e-05"


def test_trained_as_advised_it_is_worse_no_more(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    better = gargalo.train(rows(), "autoencoder", in_memory=False, progress=False, out=None, **POOR | {"init": "pca"})
    assert verdict_of(better).outcome != "worse"


@pytest.mark.parametrize(("lang", "begins"), [("en", "Worse than PCA"), ("pt", "Pior do que a PCA")])
def test_it_is_told_wherever_one_looks(runs, say, tmp_path, lang, begins):
    poor = runs["poor"]
    assert f"\n{begins} " in say("info", poor.folder, "--lang", lang)[1]
    told = json.loads(say("info", poor.folder, "--json")[1])["verdict"]
    assert (told["outcome"], told["cause"]) == ("worse", "start")
    assert told["difference"]["low"] > 0
    page = gargalo.report([poor, runs["good"]], tmp_path / "report.html", lang).read_text(encoding="utf-8")
    assert '<aside class="warning">' in page
    assert page.count(begins) == 2, "before everything, and where it is shown"
    site = gargalo.publish([poor], tmp_path / "site", progress=False).folder
    (found,) = json.loads((site / "data" / "site.json").read_text(encoding="utf-8"))["runs"]
    assert found["verdict"]["outcome"] == "worse"
    assert found["verdict"]["told"][lang].startswith(begins)


def test_nothing_is_warned_of_where_nothing_is_wrong(runs, tmp_path):
    page = gargalo.report(runs["good"], tmp_path / "report.html", "en").read_text(encoding="utf-8")
    assert '<aside class="warning">' not in page
    assert "Better than PCA with" in page


def test_train_ends_with_it(say, tmp_path, monkeypatch):
    np.save(tmp_path / "curve.npy", rows().x)
    monkeypatch.chdir(tmp_path)
    _, out, _ = say("train", "curve.npy", "-m", "autoencoder", "--set", "init=kaiming", "--epochs", 1, "--lang", "pt")
    *_, verdict, cause, command = out.splitlines()
    assert verdict.startswith("Pior do que a PCA com")
    assert cause.startswith("Causa provável: ")
    assert command.strip().startswith("gargalo train curve.npy")


@pytest.mark.parametrize("model", ["pca", "classifier"])
def test_what_has_no_pca_beside_it_has_no_verdict(model, tmp_path, say):
    made = gargalo.train(
        rows(), model, out=tmp_path / "run", progress=False, **({"epochs": 1} if model != "pca" else {})
    )
    assert verdict_of(made) is None
    assert not re.search("(Better than|As good as|Worse than) PCA", say("info", made.folder)[1])
    assert json.loads(say("info", made.folder, "--json")[1])["verdict"] is None


@pytest.mark.parametrize(
    ("value", "en", "pt"),
    [(294.4, "294", "294"), (0.00123456, "0.00123", "0,00123"), (1e5, "100000", "100000"), (None, "–", "–")],
)
def test_figures_are_written_as_people_do(value, en, pt):
    assert (words("en").figure(value, 3), words("pt").figure(value, 3)) == (en, pt)
    assert words("en").figure(294.4, 2) == "294"


def test_every_cause_is_told_in_both_languages():
    for lang in ("en", "pt"):
        for cause in ("start", "objective", "stopped", "few", "linear"):
            assert words(lang)(f"verdict.{cause}", n=9, model="vae", epochs=3)


@pytest.mark.parametrize(("low", "high", "is_told"), [(-2e-5, -1e-5, True), (1e-5, 2e-5, True), (-1e-5, 1e-5, False)])
def test_a_difference_too_small_to_be_seen_is_called_so(runs, low, high, is_told):
    verdict = Verdict("as-good", Estimate((low + high) / 2, low, high, 60), 1.0, 1.0)
    (sentence,) = verdict.told(runs["good"], words("en"))
    assert ("next to nothing" in sentence) is is_told


def test_what_is_linear_blends_what_it_reconstructs(runs, tmp_path):
    """No page says that codes bend where the model is PCA, or stayed so."""
    noise = as_dataset(np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32))
    stayed = gargalo.train(noise, "autoencoder", epochs=2, out=tmp_path / "stayed", progress=False)
    pca = gargalo.train(rows(), "pca", out=tmp_path / "pca", progress=False)
    assert stayed.facts["best_epoch"] == 0
    for run, expected in ((stayed, True), (pca, True), (runs["good"], False), (runs["poor"], False)):
        assert is_linear(run) == expected
        ends, t = run.encode(run.examples.x[:2]), np.linspace(0, 1, 5, dtype=np.float32)[:, None]
        decoded, backs = run.decode((1 - t) * ends[0] + t * ends[1]), run.decode(ends)
        assert np.allclose(decoded, (1 - t) * backs[0] + t * backs[1], atol=1e-4) == expected
    for run, lesson in ((stayed, "A linear model blends"), (runs["good"], "Blending codes is not averaging rows")):
        assert lesson in gargalo.report(run, tmp_path / "report.html", "en").read_text(encoding="utf-8")
    site = gargalo.publish([pca], tmp_path / "site", progress=False).folder
    assert json.loads((site / "data" / "site.json").read_text(encoding="utf-8"))["runs"][0]["linear"]
