"""Cross-validation: how many epochs pay where validation examples are few, by parts that keep ties together."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from interruptions import StopAfter

import gargalo
from gargalo import training
from gargalo.data import TRAIN, as_dataset, parts_of
from gargalo.errors import Stopped
from gargalo.recipes import make
from gargalo.runs import TrainingJob, fit
from gargalo.runs.held_out_in_turn import chosen_epoch, is_cross_validated

SMALL = {"latent_dim": 2, "epochs": 40}


def job_of(data, model="autoencoder", **choices) -> TrainingJob:
    return TrainingJob(make(data.spec, model, choices={**SMALL, **choices}), data)


def bent(n=160, seed=0) -> np.ndarray:
    """Points of a bent sheet, on which two numbers say four, though no plane does."""
    a, b = np.random.default_rng(seed).uniform(-1, 1, (2, n))
    return np.stack([a, b, a**2 + b**2, np.sin(3 * a)], 1).astype(np.float32)


@pytest.fixture(scope="module")
def sheet():
    return as_dataset(bent())


def test_parts_hold_each_row_once():
    rows = np.arange(3, 40)
    parts = parts_of(rows, 5, seed=0)
    assert sorted(len(part) for part in parts) == [7, 7, 7, 8, 8]
    assert np.array_equal(np.sort(np.concatenate(parts)), rows)
    assert not np.array_equal(np.concatenate(parts), rows), "neighbours in a file may be alike"


def test_parts_in_time_are_stretches():
    parts = parts_of(np.arange(10, 30), 4, seed=0, in_time=True)
    assert [part.tolist() for part in parts] == [list(range(at, at + 5)) for at in (10, 15, 20, 25)]


def test_parts_keep_ties_together():
    ties = np.repeat(np.arange(6), 5)
    parts = parts_of(np.arange(30), 4, seed=1, ties=ties)
    assert sum(len(set(ties[part])) for part in parts) == 6
    assert len(parts_of(np.arange(30), 10, seed=1, ties=ties)) == 6
    alone = parts_of(np.arange(10), 2, seed=1, ties=np.zeros(10, int))
    assert [part.tolist() for part in alone] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]], "of one group: its stretches"


def test_a_dataset_knows_what_belongs_together_and_what_is_in_time(tmp_path):
    import pandas as pd

    frame = pd.DataFrame(
        {"day": pd.date_range("2026-01-01", periods=60), "who": np.arange(60) // 6, "a": bent(60)[:, 0]}
    )
    frame["b"] = frame["a"] ** 2
    assert gargalo.load_data(frame, time="day", ignore=["who"]).in_time
    grouped = gargalo.load_data(frame, group="who", ignore=["day"])
    assert not grouped.in_time and len(set(grouped.ties)) == 10
    copied = as_dataset(np.concatenate([bent(40), bent(40)]))
    assert np.array_equal(copied.ties[:40], copied.ties[40:])
    assert np.array_equal(copied.take(np.arange(40, 50)).ties, copied.ties[:10])


def test_it_chooses_epochs_that_pay_on_a_sheet_that_is_bent(sheet):
    assert is_cross_validated(job_of(sheet))
    assert chosen_epoch(job_of(sheet)) > 5
    _, result = fit(job_of(sheet))
    assert result.best_epoch == len(result.history) == chosen_epoch(job_of(sheet))
    assert result.stopped in (training.CHOSEN, None)


def test_it_stays_where_pca_is_best():
    """Of a Gaussian with as many strong directions as there are latents PCA is the best there is."""
    draws = np.random.default_rng(0)
    x = draws.normal(size=(120, 2)) @ draws.normal(size=(2, 6)) + 0.3 * draws.normal(size=(120, 6))
    job = job_of(as_dataset(x.astype(np.float32)))
    _, result = fit(job)
    assert chosen_epoch(job) == result.best_epoch == 0
    assert result.stopped == training.CHOSEN and len(result.history) == 1


@pytest.mark.parametrize(
    "choices",
    [{"keep": "last"}, {"patience": 3}, {"init": "kaiming"}, {"epochs": 100_000}, {"validation_share": 0.0}],
    ids=str,
)
def test_not_where_something_else_chooses(sheet, choices):
    if "validation_share" in choices:
        sheet = replace(sheet, split=np.where(sheet.split == 1, TRAIN, sheet.split))
    assert not is_cross_validated(job_of(sheet, **choices))


def test_iris_is_reconstructed_better_than_by_pca():
    """By its 22 validation flowers alone it stayed as it began."""
    from sklearn.datasets import load_iris

    iris = load_iris()
    data = gargalo.load_data(iris.data.astype(np.float32), iris.target)
    fitted, pca = (gargalo.train(data, model, in_memory=True, progress=False) for model in ("autoencoder", "pca"))
    held_out = data.take(np.flatnonzero(data.split != TRAIN))
    x = fitted.to_model_space(held_out)
    ours, theirs = (np.square(one.reconstruct_in_model_space(held_out) - x).mean() for one in (fitted, pca))
    assert ours < 0.99 * theirs


def test_resumed_it_keeps_the_epoch_that_was_chosen(sheet, tmp_path, monkeypatch):
    choices = {**SMALL, "save_every": 0}
    whole = gargalo.train(sheet, "autoencoder", out=tmp_path / "whole", **choices, progress=False)
    with pytest.raises(Stopped):
        gargalo.train(sheet, "autoencoder", out=tmp_path / "run", **choices, progress=StopAfter(7))
    monkeypatch.setattr(sys.modules["gargalo.runs.fit"], "chosen_epoch", lambda job: pytest.fail("chosen twice"))
    run = gargalo.resume(tmp_path / "run", sheet, progress=False)
    assert run.key == whole.key and run.facts["best_epoch"] == whole.facts["best_epoch"] > 0


def test_epochs_cost_so_many_times_as_much(sheet):
    from gargalo.runs.budget import seconds_of_epoch

    five, one = (min(seconds_of_epoch(job_of(sheet, **more)) for _ in range(3)) for more in ({}, {"patience": 40}))
    assert five > 2 * one


@pytest.mark.parametrize(
    ("lang", "told"), [("en", "after epoch {} more of them did not pay"), ("pt", "depois da época {}, treinar mais")]
)
def test_the_report_says_why_training_ended(tmp_path, lang, told):
    noise = np.random.default_rng(1).normal(0, 0.1, (60, 4))
    data = as_dataset((bent(60) + noise).astype(np.float32))
    run = gargalo.train(data, "autoencoder", out=tmp_path / "run", latent_dim=2, epochs=300, lr=0.02, progress=False)
    assert 0 < run.facts["best_epoch"] < 300
    page = gargalo.report(run, tmp_path / "page.html", lang).read_text(encoding="utf-8")
    assert told.format(run.facts["best_epoch"]) in page
    assert run.facts["seconds"] > 2 * run.history[-1]["seconds"], "what the choice took counts as well"


def test_where_there_was_no_time_to_choose_an_epoch_must_be_clearly_better(sheet, monkeypatch):
    module = sys.modules["gargalo.runs.fit"]
    monkeypatch.setattr(module, "chosen_epoch", lambda job: None)
    assert fit(job_of(sheet))[1].best_epoch > 0
    monkeypatch.setattr(module.training, "is_clearly_better", lambda *given: False)
    assert fit(job_of(sheet))[1].best_epoch == 0
