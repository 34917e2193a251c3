"""A run that was stopped becomes, bit for bit, the run that was not; and what cannot go on says why."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interruptions import CutShortAfter, InterruptedBeforeTraining, InterruptedInEvaluation, StopAfter

import gargalo
from gargalo import recipes, training
from gargalo.data import Dataset, as_dataset
from gargalo.errors import DataError, GargaloError, ParameterError, RunError, Stopped
from gargalo.io.folders import hold, next_numbered
from gargalo.models.autoencoder import Autoencoder
from gargalo.models.likelihoods import MeanSquared
from gargalo.recipes import build
from gargalo.runs import Baselines, Run, TrainingJob, budget, rows
from gargalo.runs.fit import memory
from gargalo.runs.folder import read_recipe
from gargalo.training.memory import free_memory
from gargalo.training.optimizers import KINDS

TINY = {"epochs": 2, "batch_size": 64, "latent_dim": 4, "widths": (32,), "init": "kaiming", "progress": False}
STEPS = 10


@pytest.fixture(scope="session")
def few(digits: Dataset) -> Dataset:
    """300 training and 60 test digits, without labels."""
    rows = np.r_[0:316, 1500:1560]
    return as_dataset(digits.x[rows], name="few", split=digits.split[rows])


@pytest.fixture(scope="session")
def never_stopped(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return gargalo.train(few, "vae", out=tmp_path_factory.mktemp("never") / "run", **TINY)


def same(a: Run, b: Run) -> bool:
    """Weights, history without its timings, and what is kept of the latent space."""
    histories = [[{**record, "seconds": 0} for record in run.history] for run in (a, b)]
    return a.key == b.key and histories[0] == histories[1] and np.array_equal(a.latents, b.latents)


@pytest.mark.parametrize("step", range(STEPS + 1))
def test_stopped_after_any_step_it_becomes_the_run_never_stopped(few, never_stopped, tmp_path, step):
    folder = tmp_path / "run"
    kind = (signal.SIGINT, signal.SIGTERM)[step % 2]
    with pytest.raises(Stopped, match=re.escape(f"Go on with: gargalo resume {folder}")) as stop:
        gargalo.train(few, "vae", out=folder, save_every=0, **{**TINY, "progress": StopAfter(step, kind)})
    assert stop.value.signum == kind
    with pytest.raises(RunError, match="gargalo resume"):
        gargalo.open_run(folder)
    assert same(gargalo.resume(folder, few, progress=False), never_stopped)
    assert not (folder / "checkpoints").exists(), "a finished run needs none"


def test_stopped_again_and_again(few, never_stopped, tmp_path):
    folder = tmp_path / "run"
    for step in (2, 5, 8):
        with pytest.raises(Stopped):
            gargalo.train(few, "vae", out=folder, resume=True, save_every=0, **{**TINY, "progress": StopAfter(step)})
    assert same(gargalo.train(few, "vae", out=folder, resume=True, **TINY), never_stopped)


@pytest.mark.parametrize("preset", ["lesson", None])
@pytest.mark.parametrize("model", ["classifier", "denoising"])
def test_every_objective_and_schedule_resumes(digits, tmp_path, model, preset):
    choices = {**TINY, "epochs": 2, "batch_size": 256, "preset": preset}
    whole = gargalo.train(digits, model, out=tmp_path / "whole", **choices)
    with pytest.raises(Stopped):
        gargalo.train(digits, model, out=tmp_path / "run", save_every=0, **{**choices, "progress": StopAfter(4)})
    assert same(gargalo.resume(tmp_path / "run", digits, progress=False), whole)


def test_without_a_whole_checkpoint_it_begins_again(few, never_stopped, tmp_path, capsys):
    with pytest.raises(Stopped):
        gargalo.train(few, "vae", out=tmp_path / "run", save_every=0, **{**TINY, "progress": StopAfter(5)})
    for file in (tmp_path / "run" / "checkpoints").glob("*/manifest.json"):
        file.write_text("{}")
    assert same(gargalo.resume(tmp_path / "run", few, progress=False), never_stopped)
    told = capsys.readouterr().err
    assert told.count("passed over") == 2
    assert told.endswith("no whole checkpoint is left; it begins again at the first epoch\n")


def test_the_older_checkpoint_does_as_well(few, never_stopped, tmp_path, capsys):
    with pytest.raises(Stopped):
        gargalo.train(few, "vae", out=tmp_path / "run", save_every=0, **{**TINY, "progress": StopAfter(7)})
    newest = max((tmp_path / "run" / "checkpoints").glob("step-*"))
    (newest / "tensors.safetensors").write_bytes(b"")
    assert same(gargalo.resume(tmp_path / "run", few, progress=False), never_stopped)
    assert f"{newest}: expected a whole checkpoint" in capsys.readouterr().err


def test_stopped_in_its_evaluation_only_that_is_done_again(few, never_stopped, tmp_path, monkeypatch):
    with pytest.raises(Stopped) as stopped:
        gargalo.train(few, "vae", out=tmp_path / "run", baselines=InterruptedInEvaluation(), **TINY)
    assert stopped.value.signum == signal.SIGINT
    with monkeypatch.context() as patch:
        patch.setattr(KINDS["adam"], "step", lambda *_, **__: pytest.fail("it was trained already"))
        run = gargalo.resume(tmp_path / "run", few, progress=False)
    assert same(run, never_stopped)
    assert run.metrics == never_stopped.metrics
    assert {**run.facts, "seconds": 0} == {**never_stopped.facts, "seconds": 0}


def test_a_finished_run_is_only_opened(few, never_stopped):
    before = {p: p.stat().st_mtime_ns for p in never_stopped.folder.rglob("*") if p.is_file()}
    assert gargalo.resume(never_stopped.folder, progress=False).key == never_stopped.key
    again = gargalo.train(few, "vae", out=never_stopped.folder, resume=True, **TINY)
    assert again.key == never_stopped.key
    assert before == {p: p.stat().st_mtime_ns for p in never_stopped.folder.rglob("*") if p.is_file()}


# What cannot go on


@pytest.fixture
def begun(few: Dataset, tmp_path: Path) -> Path:
    """A run that was stopped in its first epoch."""
    with pytest.raises(Stopped):
        gargalo.train(few, "vae", out=tmp_path / "begun", save_every=0, **{**TINY, "progress": StopAfter(3)})
    return tmp_path / "begun"


def test_a_new_run_does_not_overwrite_one_that_did_not_end(begun, few):
    before = sorted(begun.rglob("*"))
    with pytest.raises(RunError, match=rf"did not end; go on with gargalo resume {re.escape(str(begun))}, or"):
        gargalo.train(few, "vae", out=begun, **TINY)
    assert sorted(begun.rglob("*")) == before


def test_other_data_are_refused(begun, few):
    rows = few.rows("train")[:200]
    fewer = as_dataset(few.x[np.r_[rows, few.rows("test")]], name="fewer")
    with pytest.raises(RunError) as error:
        gargalo.resume(begun, fewer, progress=False)
    assert "expected the data that it was begun with. Found other name fewer (was few), counts {" in str(error.value)
    assert "\n" not in str(error.value)
    flipped = as_dataset(255 - few.x, name="few", split=few.split)
    with pytest.raises(RunError, match=r"Found other fingerprint \w{12} \(was \w{12}\)"):
        gargalo.resume(begun, flipped, progress=False)


CHANGES = {
    "epochs": st.integers(3, 50),
    "lr": st.floats(1e-4, 1e-3),
    "seed": st.integers(1, 99),
    "widths": st.just((16,)),
    "latent_dim": st.integers(5, 9),
    "likelihood": st.just("bernoulli"),
    "keep": st.just("last"),
    "patience": st.integers(1, 9),
}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries({}, optional=CHANGES))
def test_another_recipe_is_refused_and_every_difference_named(begun, few, changes):
    if not changes:
        return
    with pytest.raises(RunError) as error:
        gargalo.train(few, "vae", out=begun, resume=True, **{**TINY, **changes})
    told = str(error.value).partition("Found other ")[2].partition("; go on with the same")[0]
    assert {name for name in TINY | CHANGES if re.search(rf"(^|, ){name} ", told)} == set(changes)
    assert (begun / "checkpoints").is_dir()


def test_arrays_must_be_given_again(begun):
    with pytest.raises(RunError, match="expected the data that it was trained on, an array; give them as well"):
        gargalo.resume(begun, progress=False)


def test_files_are_found_again(digits, tmp_path):
    np.savez(tmp_path / "d.npz", x=digits.x[:300])
    with pytest.raises(Stopped):
        gargalo.train(tmp_path / "d.npz", out=tmp_path / "run", save_every=0, **{**TINY, "progress": StopAfter(2)})
    run = gargalo.resume(tmp_path / "run", progress=False)
    assert run.recipe.data.origin.src == str(tmp_path / "d.npz")
    (tmp_path / "run" / "metrics.json").unlink()
    (tmp_path / "d.npz").rename(tmp_path / "moved.npz")
    with pytest.raises(
        DataError,
        match=r"d\.npz: expected a file or a folder\. There is none\. Did you mean .*\? If the data have moved",
    ):
        gargalo.resume(tmp_path / "run", progress=False)
    assert gargalo.resume(tmp_path / "run", tmp_path / "moved.npz", progress=False).key == run.key


def test_other_versions_go_on_and_say_so(begun, few, never_stopped, capsys):
    file = begun / "recipe.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"versions": content["versions"] | {"torch": "1.0"}}))
    assert same(gargalo.resume(begun, few, progress=False), never_stopped)
    assert f"begun with other torch {torch.__version__} (was 1.0); it goes on, but bits" in capsys.readouterr().err


def test_a_folder_that_another_process_holds(begun, few, never_stopped):
    """Another process: a fork, since one process may hold a lock twice."""
    ready, ends = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        with hold(begun / "checkpoints", str(begun)):
            os.write(ready[1], b"!")
            os.read(ends[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    with pytest.raises(RunError) as error:
        gargalo.resume(begun, few, progress=False)
    pattern = rf"expected that no other process trains here. Found process {child} on \S+, since \d{{4}}-\d\d-\d\d "
    assert re.search(pattern, str(error.value))
    # The dead hold nothing, whatever they left behind.
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert (begun / "checkpoints" / ".holder.json").is_file()
    assert same(gargalo.resume(begun, few, progress=False), never_stopped)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_folder_is_told_of_before_training(begun, few):
    if subprocess.run(["mount", "--bind", begun, begun], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", begun], check=True)
        with pytest.raises(GargaloError, match="The file system is read-only; choose another folder"):
            gargalo.resume(begun, few, progress=InterruptedBeforeTraining())
    finally:
        subprocess.run(["umount", begun], check=True)


def test_last_is_the_newest_unfinished_one(begun, few, never_stopped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=r"expected an unfinished run in this folder\. Found none"):
        gargalo.resume("last", few, progress=False)
    shutil.copytree(begun, Path("runs") / "a-001")
    shutil.copytree(never_stopped.folder, Path("runs") / "b-001")
    assert gargalo.resume("last", few, progress=False).folder == Path("runs/a-001")


# Not numbers


def numbers(n: int = 400) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 12)).astype(np.float32)


def test_a_loss_that_overflows_says_where_and_why(tmp_path):
    with pytest.raises(GargaloError) as error:
        gargalo.train(
            numbers() * 1e4, likelihood="mse", lr=10.0, widths=(64, 64, 64, 64), epochs=50, activation="relu",
            schedule="constant", optimizer="adam", init="kaiming", out=tmp_path / "run", save_every=0, progress=False,
        )  # fmt: skip
    assert re.search(
        r"train: expected a finite loss. Found (inf|nan) in epoch \d+, step \d+, at a learning rate of 10\. .*"
        r"Try lr=1\. Checkpoints are from before\.",
        str(error.value),
    )
    kept = training.CheckpointManager(tmp_path / "run" / "checkpoints").newest()
    assert all(t.isfinite().all() for t in kept.tensors.values())


def test_a_batch_that_holds_nan_is_named(digits):
    plan = recipes.make(digits.spec, "autoencoder", None, {"epochs": 1})
    codec, model = build(plan, digits.x[:64])
    spoiled = torch.rand(64, 28, 28)
    spoiled[13, 0, 0] = torch.nan
    codec.is_byte = False
    with pytest.raises(GargaloError, match="The batch itself holds NaN or infinity; look at the data"):
        training.fit(model, codec, training.Data(spoiled), None, plan.training)


# Early stopping, warm starts, memory, minutes


def test_early_stopping_says_why(few, tmp_path, capsys):
    choices = {**TINY, "progress": True, "epochs": 200, "lr": 0.02, "schedule": "constant"}
    run = gargalo.train(few, out=tmp_path / "run", patience=3, **choices)
    assert len(run.history) < 200
    best = run.facts["best_epoch"]
    assert run.facts["epochs"] == len(run.history) == best + 3
    losses = [record["validation"]["loss"] for record in run.history]
    assert best == 1 + int(np.argmin(losses))
    assert run.facts["stopped"] == f"validation loss has not fallen for 3 epochs, since epoch {best}"
    assert f"stopped after epoch {best + 3}: validation loss has not fallen" in capsys.readouterr().err


def test_an_early_stop_is_remembered(few, tmp_path):
    choices = {**TINY, "epochs": 60, "lr": 0.02, "schedule": "constant", "patience": 3}
    whole = gargalo.train(few, out=tmp_path / "whole", **choices)
    with pytest.raises(Stopped):
        gargalo.train(few, out=tmp_path / "run", save_every=0, **choices, baselines=InterruptedInEvaluation())
    assert same(gargalo.resume(tmp_path / "run", few, progress=False), whole)


def test_patience_needs_something_held_out(few, tmp_path):
    with pytest.raises(ParameterError, match="patience must be 0 where there is no validation set"):
        gargalo.train(few, out=tmp_path / "run", **{**TINY, "validation_share": 0, "patience": 2})


def test_held_out_data_are_cut_from_the_training_part(digits):
    fitted, held = rows.training_rows(digits, training.TrainingSettings())
    train = set(digits.rows("train").tolist())
    assert set(fitted.tolist()) | set(held.tolist()) == train
    assert not set(fitted.tolist()) & set(held.tolist())
    assert len(held) == round(0.05 * len(train))


def test_a_warm_start_continues_from_another_runs_weights(few, never_stopped, tmp_path):
    warm = gargalo.train(few, out=tmp_path / "warm", start=never_stopped, epochs=1, lr=1e-6, progress=False)
    assert (warm.recipe.model, warm.recipe.latent_dim, warm.recipe.net.widths) == ("vae", 4, (32,))
    assert warm.recipe.warm_start == never_stopped.key
    assert warm.history[0]["validation"]["loss"] == pytest.approx(
        never_stopped.history[-1]["validation"]["loss"], rel=0.01
    )
    cold = gargalo.train(few, "vae", out=tmp_path / "cold", **{**TINY, "epochs": 1, "lr": 1e-6})
    assert cold.history[0]["validation"]["loss"] > warm.history[0]["validation"]["loss"] + 10, "weights were not used"


def test_a_warm_start_must_fit(few, never_stopped, tmp_path):
    with pytest.raises(RunError, match=r"expected a run of widths \(16,\), to start from it\. Found \(32,\)\."):
        gargalo.train(few, out=tmp_path / "run", start=never_stopped, **{**TINY, "widths": (16,)})
    assert not (tmp_path / "run" / "metrics.json").exists()


SMALL = np.random.default_rng(0).random((80, 8, 8)).astype(np.float32)
THREE, FOUR = np.arange(80) % 3, np.arange(80) % 4


@pytest.mark.parametrize(
    ("begun", "more", "told"),
    [
        (
            {"model": "classifier", "y": THREE},
            {"y": FOUR},
            "on data with the classes of array, to start from it. Found",
        ),
        (
            {"model": "vq-vae", "codebook": 16},
            {"codebook": 32},
            "expected a run of codebook 32, to start from it. Found 16",
        ),
        (
            {"model": "vae", "net": "conv", "blocks": 2},
            {"net": "mlp"},
            "expected a run whose blocks is left out on mlp",
        ),
        (
            {"model": "vae"},
            {"model": "autoencoder"},
            "expected a run of model autoencoder, to start from it. Found vae.",
        ),
    ],
)
def test_a_warm_start_says_what_differs_in_the_words_of_the_recipe(begun, more, told, tmp_path):
    """Not in the names of weights, nor of a choice that only the run made."""
    run = gargalo.train(SMALL, out=tmp_path / "run", epochs=1, progress=False, **begun)
    with pytest.raises(RunError, match=re.escape(told)):
        gargalo.train(SMALL, start=run, progress=False, in_memory=True, **more)


def test_a_warm_start_needs_the_same_categories(tmp_path):
    import polars

    few, more = (
        polars.DataFrame({"a": np.arange(80.0), "b": [names[i % len(names)] for i in range(80)]})
        for names in ("xy", "xyz")
    )
    run = gargalo.train(few, out=tmp_path / "run", epochs=1, progress=False)
    with pytest.raises(RunError, match="a run on data with the columns and categories of frame"):
        gargalo.train(more, start=run, progress=False, in_memory=True)


def test_a_warm_start_without_its_checkpoint_cannot_go_on(few, never_stopped, tmp_path):
    with pytest.raises(Stopped):
        gargalo.train(few, out=tmp_path / "run", start=never_stopped, epochs=2, progress=StopAfter(0))
    whole = shutil.copytree(tmp_path / "run", tmp_path / "copy")
    gargalo.resume(whole, few, progress=False)
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    with pytest.raises(RunError, match=r"Found none; go on with the same training, with start and resume"):
        gargalo.resume(tmp_path / "run", few, progress=False)


def test_what_does_not_fit_into_memory_is_refused(few):
    job = TrainingJob(recipes.make(few.spec, "autoencoder", None, {"widths": (512,)}), few)
    with pytest.raises(GargaloError) as error:
        training.check_memory(memory(job), free=2 * 10**6)
    pattern = r"at most the 2 MB of memory that are free. Found about \d+ MB \(weights \d+, batch \d+, data \d+\)"
    assert re.search(pattern, str(error.value))


def test_each_split_is_copied_into_memory_or_left_in_its_file(tmp_path, monkeypatch):
    """As training does: of two that are mapped together each may be small enough to be copied."""
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 256, (100, 6, 6), np.uint8))
    data = gargalo.load_data(tmp_path / "x.npy", shares=(0.5, 0.4, 0.1))
    job = TrainingJob(recipes.make(data.spec, "autoencoder"), data)
    fitted, validation = rows.training_rows(data, job.recipe.training)
    for most, taken in ((60, 90), (45, len(validation)), (10, 0)):
        monkeypatch.setattr(rows, "MOST_RESIDENT", 36 * most)
        in_memory = [len(part) for part in (fitted, validation) if not rows.is_mapped(data, len(part))]
        assert sum(in_memory) == taken
        assert memory(job)["data"] == 36 * taken


def test_widths_that_no_machine_has_memory_for(few, tmp_path):
    with pytest.raises(GargaloError, match="try smaller widths or batch_size"):
        gargalo.train(few, out=tmp_path / "run", **{**TINY, "widths": (65536, 65536, 65536)})
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
def test_the_limit_of_a_process_counts(monkeypatch):
    import resource

    import psutil

    taken = psutil.Process().memory_info().vms
    monkeypatch.setattr(resource, "getrlimit", lambda _: (taken + 5 * 10**6, resource.RLIM_INFINITY))
    assert free_memory() <= 5 * 10**6


@pytest.mark.parametrize("model", ["autoencoder", "vae", "denoising", "classifier"])
def test_the_estimate_of_a_step_is_near_what_it_takes(digits, model):
    """Against what PyTorch really keeps between forward and backward."""
    plan = recipes.make(digits.spec, model, None, {"widths": (256, 128)})
    codec, net = build(plan)
    estimated = training.step_memory(net, codec.x_shape, 256, 10) / 2 / 256
    codec, net = build(plan, digits.x[:256])
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in {p.data_ptr() for p in net.parameters()}:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    batch = training.Data(torch.from_numpy(digits.x), torch.from_numpy(digits.y), 10).batch(codec, torch.arange(256))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        net.loss(batch)
    assert estimated == pytest.approx(sum(kept.values()) / 256, rel=0.3)


class Clock(budget.Costs):
    """The probe's clock stands still, and an epoch of the widest network takes 4 s."""

    seconds = {(128, 64): 0.5, (256, 128): 1.0, (512, 256): 2.0, (1024, 512): 4.0}

    def now(self) -> float:
        return 100.0

    def epoch(self, job: TrainingJob) -> float:
        return self.seconds[job.recipe.net.widths]

    def after_training(self, job: TrainingJob) -> float:
        return 5.0


def test_minutes_choose_what_fits(digits):
    """The probe's arithmetic."""
    plan = recipes.make(digits.spec, "autoencoder")

    def fit(minutes: float, **choices: object) -> tuple[recipes.Recipe, float]:
        start = recipes.make(digits.spec, "autoencoder", None, choices)
        job = budget.fit_into(minutes, TrainingJob(start, digits), choices, 90.0, Clock())
        return job.recipe, job.deadline

    # 10 s are gone, 5 s come after: 45 s of 60 are left, of which 3 % are kept back.
    chosen, until = fit(1)
    assert (chosen.net.widths, chosen.training.epochs, chosen.minutes) == ((256, 128), 43, 1)
    assert until == pytest.approx(145 + 0.03 * 45)
    assert fit(5)[0].net.widths == (1024, 512)
    assert fit(0.5)[0].net.widths == (128, 64)
    assert fit(1, widths=(128, 64))[0].training.epochs == 87
    assert fit(1, epochs=5)[0].net.widths == (1024, 512)
    with pytest.raises(ParameterError, match="minutes must be at least"):
        fit(0.2)
    assert plan.minutes is None


class WithReference(Clock):
    """Here the reference classifier takes 20 s, and the clock goes on by them when it is trained."""

    trained = 0

    def now(self) -> float:
        return 100.0 + 20 * self.trained

    def reference(self, job: TrainingJob) -> float:
        return 20.0

    def train_reference(self) -> None:
        self.trained += 1


def test_minutes_count_the_reference_classifier_and_are_refused_before_it_is_trained(digits):
    job = TrainingJob(recipes.make(digits.spec, "autoencoder"), digits)
    costs = WithReference()
    # 10 s are gone, 20 s and 5 s are needed, and half a second for an epoch: 0.6 minutes, and a tenth more.
    with pytest.raises(ParameterError, match=r"minutes must be at least 0\.7 for these data and choices\. Got 0\.58"):
        budget.fit_into(0.58, job, {}, 90.0, costs)
    assert costs.trained == 0
    found = budget.fit_into(0.7, job, {}, 90.0, costs)
    assert (costs.trained, found.recipe.training.epochs) == (1, 13)  # of the 7 s that are left
    assert found.deadline == pytest.approx(90 + 42 - 5 + 0.03 * 7)


def test_planning_trains_no_classifier_and_shares_what_it_measures_with_nobody(digits, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    few = digits.take(np.r_[0:200, 1500:1560])
    monkeypatch.setattr("gargalo.runs.reference_classifier.fit", lambda job: pytest.fail("a classifier is trained"))
    baselines = Baselines(few)
    costs, job = budget.Costs(baselines), TrainingJob(recipes.make(few.spec, "vae"), few)
    assert costs.after_training(job) > 0 and costs.reference(job) > 0
    assert "reference" not in vars(baselines) and baselines._raw_knn is None
    assert costs.reference(replace(job, recipe=recipes.make(few.spec, "classifier"))) == 0
    with pytest.raises(ParameterError, match="minutes must be at least"):
        gargalo.train(few, "vae", minutes=0.001, out=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_minutes_are_kept(tmp_path):
    """The whole of it, reference classifier and measuring included, within 10 % of the time asked for."""
    began = time.monotonic()
    run = gargalo.train("mnist-10k", minutes=0.5, out=tmp_path / "run", progress=False)
    assert 0.9 * 30 <= time.monotonic() - began <= 1.1 * 30
    assert run.recipe.minutes == 0.5
    # On a machine that others slow down in the meantime it ends early: the time is what was promised.
    assert 0.5 * run.recipe.training.epochs <= len(run.history) <= run.recipe.training.epochs


def test_a_run_of_some_minutes_is_gone_on_with_as_it_was_chosen(few, tmp_path):
    choices: dict[str, Any] = {"batch_size": 64, "save_every": 0, "progress": False}
    with pytest.raises(Stopped):
        for choices["minutes"] in (0.03, 0.1, 0.3):  # a slow machine, or a busy one, needs more for an epoch
            with contextlib.suppress(ParameterError):
                gargalo.train(few, "vae", out=tmp_path / "run", **{**choices, "progress": StopAfter(3)})
    chosen = read_recipe(tmp_path / "run")
    run = gargalo.train(few, "vae", out=tmp_path / "run", resume=True, **choices)
    assert run.recipe == chosen
    assert run.recipe.minutes == choices["minutes"]
    assert run.recipe.training.epochs == len(run.history)
    again = gargalo.train(few, "vae", out=tmp_path / "run", resume=True, **choices)
    assert again.key == run.key


def test_an_epoch_too_many_is_not_begun(few):
    plan = recipes.make(few.spec, "autoencoder", None, {"epochs": 50, "widths": (8,)})
    codec, model = build(plan, few.x)
    data = rows.as_data(few, few.rows("train"))
    result = training.fit(model, codec, data, None, plan.training, training.Session(deadline=0.0))
    assert (len(result.history), result.stopped) == (1, "the time asked for is over")


# More that may go wrong


def test_a_warm_start_on_numbers_goes_on_with_the_codec_it_began_with(tmp_path):
    """How numbers are standardised is the other run's: weights were learned on it."""
    choices = {**TINY, "latent_dim": 3, "widths": (8,)}
    first = gargalo.train(numbers(), "vae", out=tmp_path / "first", **choices)
    shifted = numbers() * 3 + 1
    whole = gargalo.train(shifted, "vae", out=tmp_path / "whole", start=first, **choices)
    assert torch.equal(whole.codec.center, first.codec.center)
    with pytest.raises(Stopped):
        gargalo.train(
            shifted, "vae", out=tmp_path / "run", start=first, save_every=0, **{**choices, "progress": StopAfter(4)}
        )
    assert same(gargalo.resume(tmp_path / "run", shifted, progress=False), whole)


def test_a_warm_start_may_be_begun_again_by_the_same_line(few, never_stopped, tmp_path):
    choices = {"start": never_stopped, "epochs": 2, "out": tmp_path / "run", "progress": False, "resume": True}
    with pytest.raises(Stopped, match=r"stopped before its first checkpoint\. Go on"):
        gargalo.train(few, **{**choices, "progress": InterruptedBeforeTraining()})
    assert gargalo.train(few, **choices).recipe.warm_start == never_stopped.key


def test_an_edited_recipe_is_refused(begun, few):
    file = begun / "recipe.json"
    content = json.loads(file.read_text())
    content["training"]["lr"] = 0.5
    file.write_text(json.dumps(content))
    with pytest.raises(RunError, match=r"Found other lr 0\.5 \(was 0\.002\); go on with the same"):
        gargalo.resume(begun, few, progress=False)


def test_other_threads_go_on_and_say_so(begun, few, capsys):
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        gargalo.resume(begun, few, progress=False)
    finally:
        torch.set_num_threads(before)
    told = f"begun with other threads {before + 1} (was {before}); it goes on, but bits may differ"
    assert told in capsys.readouterr().err


def test_what_a_kill_left_is_no_obstacle_and_goes(few, never_stopped, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / f".{24 * '0'}.partial.json").write_text("{")
    run = gargalo.train(few, "vae", out=folder, resume=True, **TINY)
    assert same(run, never_stopped)
    assert not list(folder.glob(".*"))


def test_weights_that_overflow_in_the_last_step_are_in_no_checkpoint(digits, tmp_path):
    """The loss that led to the step was still a number."""
    codec, model = convolutional(digits)
    step = KINDS["adam"].step

    def overflow(optimizer: torch.optim.Optimizer, *rest: object) -> None:
        step(optimizer, *rest)
        optimizer.param_groups[0]["params"][0].data.fill_(np.inf)

    keeper, data = training.CheckpointManager(tmp_path, every=0), training.Data(torch.from_numpy(digits.x[:64]))
    plan = training.TrainingSettings(epochs=1, batch_size=64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KINDS["adam"], "step", overflow)
        with pytest.raises(GargaloError, match=r"expected finite weights\. Found NaN or infinity after step 1 of"):
            training.fit(model, codec, data, None, plan, training.Session(checkpoints=keeper))
    assert keeper.newest().state["step"] == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_large_map_is_read_as_it_is_needed_and_gives_the_same_weights(digits, tmp_path, dtype):
    x = digits.x[:400] if dtype == np.uint8 else digits.x[:400].astype(np.float32) / 255
    np.save(tmp_path / "x.npy", x)
    source = gargalo.load_data(tmp_path / "x.npy")
    plan = recipes.make(source.spec, "vae", None, {"epochs": 2, "batch_size": 64, "latent_dim": 4, "widths": (32,)})
    weights = []
    for most_resident, kind in ((2**30, torch.Tensor), (1000, np.memmap)):
        codec, model = build(plan, source.x, source.rows("train"))
        data, held = (rows.as_data(source, source.rows(s), most_resident) for s in ("train", "validation"))
        assert isinstance(data.raw, kind)
        weights.append(training.fit(model, codec, data, held, plan.training).weights)
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize(
    ("minutes", "message"),
    [
        (0, "must be a number above 0 and up to 100000. Got 0"),
        (float("nan"), "must be a number above 0"),
        (float("inf"), "must be a number above 0"),
        (1e-4, "must be at least "),
    ],
)
def test_minutes_that_cannot_be(few, tmp_path, minutes, message):
    with pytest.raises(ParameterError, match=message):
        gargalo.train(few, minutes=minutes, out=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("origin", [{"src": 3}, {"src": "x", "foo": 1}, {"src": "x", "split_seed": "a"}, []])
def test_a_hostile_origin_is_refused(begun, origin):
    file = begun / "recipe.json"
    content = json.loads(file.read_text())
    content["data"]["origin"] = origin
    file.write_text(json.dumps(content))
    with pytest.raises(GargaloError) as error:
        gargalo.resume(begun, progress=False)
    assert "\n" not in str(error.value)


def test_json_without_end_is_refused(begun):
    (begun / "recipe.json").write_text("[" * 100_000)
    with pytest.raises(RunError, match=r"expected JSON as a run writes it\. It cannot be read"):
        gargalo.resume(begun, progress=False)


def test_several_runs_begun_at_once_have_their_own_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [next_numbered(Path("runs"), "a").name for _ in range(3)] == ["a-001", "a-002", "a-003"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_recipe_with_anything_in_it_is_read_or_refused(begun, data):
    """Any value of the recipe, or of its sections, replaced by anything that JSON can hold."""
    content = json.loads((begun / "recipe.json").read_text())
    section = data.draw(st.sampled_from([content, content["net"], content["training"], content["data"]]))
    section[data.draw(st.sampled_from(sorted(section)))] = data.draw(JSON)
    changed = begun.parent / "changed"
    changed.mkdir(exist_ok=True)
    (changed / "recipe.json").write_text(json.dumps(content))
    try:
        read_recipe(changed)
    except GargaloError as error:
        assert "\n" not in str(error)


class Payload:
    """A pickle of it runs code when it is opened."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def test_a_pickle_is_never_opened(few, never_stopped, tmp_path):
    import pickle

    marker, hostile = tmp_path / "marker", tmp_path / "model.pt"
    hostile.write_bytes(pickle.dumps(Payload(marker)))
    torch.save(Payload(marker), tmp_path / "torch.pt")
    for offered in (hostile, tmp_path / "torch.pt"):
        with pytest.raises(RunError, match="expected a run folder"):
            gargalo.train(few, start=offered, out=tmp_path / "run", progress=False)
        copy = shutil.copytree(never_stopped.folder, tmp_path / f"copy-{offered.stem}")
        shutil.copy(offered, copy / "weights.safetensors")
        with pytest.raises(RunError, match="expected a safetensors file"):
            gargalo.open_run(copy).encode(few)
    assert not marker.exists()
    pickle.loads(hostile.read_bytes())
    assert marker.exists(), "it would have"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
def test_a_real_limit_of_memory_is_kept(tmp_path):
    """RLIMIT_AS: refused before the start, by an estimate, where taking the memory would have failed."""
    script = (
        "import resource, sys, psutil, gargalo, torch\n"
        "from gargalo import api\n"
        "taken = psutil.Process().memory_info().vms\n"
        "resource.setrlimit(resource.RLIMIT_AS, (taken + 400 * 2**20,) * 2)\n"
        "gargalo.train('mnist-10k', widths=(8192, 8192), out=sys.argv[1], progress=False)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "run"], text=True, capture_output=True)
    assert re.search(r"GargaloError: train: expected to need at most the \d+ MB of memory", done.stderr), done.stderr
    assert not (tmp_path / "run").exists()


# Golden

GOLDEN = Path(__file__).parent / "golden" / "unfinished-1"


def golden_data() -> Dataset:
    x = np.random.default_rng(0).integers(0, 255, (120, 6, 6), np.uint8)
    # The parts as they were dealt out then.
    split, order = np.zeros(120, np.uint8), np.random.default_rng(0).permutation(120)
    split[order[:12]], split[order[12:24]] = 2, 1
    return as_dataset(x, name="golden", split=split)


def test_an_unfinished_run_of_format_1_is_still_read(tmp_path, capsys):
    """It was stopped in its second epoch by the first version that could; it must go on from there."""
    folder = shutil.copytree(GOLDEN, tmp_path / "run")
    state = json.loads(max((folder / "checkpoints").glob("step-*")).joinpath("state.json").read_text())
    run = gargalo.resume(folder, golden_data(), progress=False)
    assert "passed over" not in capsys.readouterr().err
    (begun,) = state["history"]
    assert run.history[0] == {**{k: v for k, v in begun.items() if k != "held"}, "validation": begun["held"]}, (
        "timings and all: it was not computed again"
    )
    assert len(run.history) == 3


# Memory layouts


def convolutional(digits: Dataset) -> tuple[torch.nn.Module, torch.nn.Module]:
    """A codec and a model with convolutions, from the same first weights each time."""
    codec, _ = build(recipes.make(digits.spec, "autoencoder"), digits.x[:64])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3, stride=2, padding=1),
            torch.nn.ReLU(),
            torch.nn.Conv2d(8, 4, 3, stride=2, padding=1),
            torch.nn.Flatten(),
            torch.nn.Linear(196, 4),
        )
        decoder = torch.nn.Sequential(torch.nn.Linear(4, 784), torch.nn.Unflatten(1, (1, 28, 28)))
    return codec, Autoencoder(encoder, decoder, MeanSquared((1, 28, 28)), (4,), Autoencoder.Options())


def test_convolutions_resume_and_come_back_in_the_usual_order(digits, tmp_path):
    """Inside the loop they lie channels last: moments must lie as their weights do."""
    data = training.Data(torch.from_numpy(digits.x[:256]))
    plan = training.TrainingSettings(epochs=2, batch_size=64, lr=1e-2)
    codec, whole = convolutional(digits)
    training.fit(whole, codec, data, None, plan)
    keeper = training.CheckpointManager(tmp_path, every=0)
    codec, first = convolutional(digits)
    progress = StopAfter(3).training("")
    with pytest.raises(Stopped):
        training.fit(first, codec, data, None, plan, training.Session(progress=progress, checkpoints=keeper))
    codec, second = convolutional(digits)
    training.fit(second, codec, data, None, plan, training.Session(checkpoints=keeper, start=keeper.newest()))
    for name, weight in whole.state_dict().items():
        assert torch.equal(second.state_dict()[name], weight)
        assert second.state_dict()[name].is_contiguous()


@pytest.mark.parametrize("name", ["finished-1", "window-1"])
def test_a_finished_run_of_format_1_is_still_opened(name, tmp_path):
    """Made by the version before: it encodes, draws and tells its figures as it did then."""
    then = json.loads((GOLDEN.parent / f"{name}.json").read_text())
    run = gargalo.open_run(shutil.copytree(GOLDEN.parent / name, tmp_path / "run"))
    if name == "window-1":
        assert run.recipe.data.kind == "series"
        log = gargalo.load_data(GOLDEN.parent / "window-1.csv", like=run.recipe.data)
        np.testing.assert_allclose(run.encode(log), then["encode"], rtol=1e-5)
        return
    np.testing.assert_allclose(run.encode(golden_data().x[:5]), then["encode"], rtol=1e-5)
    assert run.sample(3, "gmm", seed=1).tolist() == then["sample"]
    np.testing.assert_allclose(run.map("pca").points[:3], then["pca"], rtol=1e-5)
    assert {**run.facts, **run.metrics} == {k: v for k, v in then["metrics"].items() if v is not None} | {
        "stopped": None
    }
    assert run.recipe.data.kind == "image"
    assert "validation" in run.history[0]
    gargalo.report([run], tmp_path / "report.html", lang="en")


@pytest.mark.skipif(os.name == "nt", reason="Windows cuts nothing that is mapped")
@pytest.mark.parametrize("step", [0, 3, STEPS // 2, STEPS])
def test_data_that_are_cut_short_in_a_training_end_it_with_a_checkpoint(few, tmp_path, monkeypatch, step):
    monkeypatch.setattr(rows, "MOST_RESIDENT", 0)
    file = tmp_path / "x.npy"
    np.save(file, few.x)
    whole, choices = file.read_bytes(), {**TINY, "out": tmp_path / "run", "save_every": 1000}
    never = gargalo.train(file, "vae", **{**choices, "out": tmp_path / "never"})
    with pytest.raises(DataError, match=r"x\.npy: expected the \d+ bytes that it had when it was opened\. Found"):
        gargalo.train(file, "vae", **{**choices, "progress": CutShortAfter(step, file)})
    assert list((tmp_path / "run" / "checkpoints").glob("step-*"))
    with pytest.raises(DataError, match=r"expected \d+ bytes of data"):
        gargalo.resume(tmp_path / "run", progress=False)
    file.write_bytes(whole)
    assert same(gargalo.resume(tmp_path / "run", progress=False), never)
    # And in what comes after training.
    opened = gargalo.load_data(file)
    os.truncate(file, len(whole) // 2)
    with pytest.raises(DataError, match="cut it short"):
        never.encode(opened)
