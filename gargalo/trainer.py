"""Train, keep and measure what the recipe of a run folder says, from wherever that stands."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import torch

from . import evaluation, recipe, training
from .core import Codec, LatentModel
from .data import Source
from .errors import GargaloError, RunError, Stopped
from .files import cannot_write, check_writable, hold, new_folder, write_tensors, write_whole
from .parts import as_data, is_mapped, probe_rows, training_rows
from .recipe import Recipe
from .run import Run, open_run
from .weights import must_fit, save_weights

__all__ = ["begin", "carry_out", "check_memory", "evaluate", "is_finished", "judge_for", "rehearse"]

KEPT_EXAMPLES = 1000

# Found once for each data set in a process, by its fingerprint.
_judges: dict[str, Run] = {}


def begin(folder: Path, plan: Recipe) -> None:
    """A new run folder, with its recipe."""
    new_folder(folder, "a new run folder")
    write_whole(folder / "recipe.json", plan.model_dump_json(indent=1))


def check_memory(plan: Recipe, source: Source) -> None:
    """Refuse, before anything is made, what would not fit into memory."""
    codec, net = recipe.build(plan)
    rows = len(source.rows("train"))
    data = 0 if is_mapped(source, rows) else rows * source.x[0].nbytes
    few = torch.from_numpy(source.x[:4].copy()).to("meta")
    an_example = training.step_memory(net, codec, few, len(source.class_names or ()))
    batch = an_example * min(rows, plan.training.batch_size)
    training.check_memory(weights=training.weights_memory(net), batch=batch, data=data)


def carry_out(
    folder: Path,
    plan: Recipe,
    source: Source,
    team: training.Team,
    progress: bool,
    save_every: float,
    warm: Run | None = None,
    until: float = float("inf"),
) -> Run:
    """Train, keep and measure what a folder's recipe says, from wherever that stands."""
    checkpoints = folder / "checkpoints"
    with _stoppable(folder), contextlib.ExitStack() as held:
        if team.rank == 0:
            held.enter_context(hold(checkpoints, str(folder)))
        if not is_finished(folder):
            fitted, left_out = training_rows(source, plan.training)
            codec, net = recipe.build(plan, source.x, fitted)
            keeper = training.Keeper(checkpoints, save_every)
            if warm is not None:
                _start_from(warm, codec, net)
            elif plan.warm_start and keeper.newest() is None:
                raise RunError(f"{folder}: expected a whole checkpoint to go on from. Found none; train anew.")
            (folder / "history.jsonl").unlink(missing_ok=True)
            result = training.fit(
                net,
                codec,
                as_data(source, fitted),
                as_data(source, left_out) if len(left_out) else None,
                plan.training,
                team=team,
                events=training.progress(plan.model) if progress and team.rank == 0 else None,
                on_epoch=lambda record: _append(folder / "history.jsonl", record) if team.rank == 0 else None,
                keeper=keeper,
                until=until,
            )
            if team.rank == 0:
                save_weights(folder / "weights.safetensors", codec, net)
                _finish(folder, plan, source, result, progress)
                shutil.rmtree(checkpoints, ignore_errors=True)
            team.wait()
    return Run(folder)


def _finish(folder: Path, plan: Recipe, source: Source, result: training.Result, progress: bool) -> None:
    """Keep examples, measure, and so make a folder a finished run."""
    _keep_examples(folder, source)
    run = Run(folder, finished=False)
    found = {
        "model": plan.model,
        "data": source.name,
        "latent_dim": plan.latent_dim,
        "epochs": len(result.history),
        "seconds": round(result.seconds, 2),
        "best_epoch": result.best_epoch,
        "stopped": result.stopped,
        "parameters": sum(p.numel() for p in run.model.parameters()),
    }
    if result.stopped and progress:
        kept = f"the weights of epoch {result.best_epoch} are kept"
        print(f"{plan.model} stopped after epoch {len(result.history)}: {result.stopped}; {kept}", file=sys.stderr)
    found |= evaluate(run, source, progress=progress)
    # Last of all: a folder with this file is a finished run.
    write_whole(folder / "metrics.json", json.dumps(found, indent=1))


def is_finished(folder: Path) -> bool:
    return (folder / "metrics.json").is_file()


@contextlib.contextmanager
def _stoppable(folder: Path) -> Iterator[None]:
    """Say how to go on, whenever a signal comes."""
    try:
        yield
    except (KeyboardInterrupt, Stopped) as stop:
        signum = stop.signum if isinstance(stop, Stopped) else signal.SIGINT
        raise Stopped(f"{folder}: stopped, and saved. Go on with: gargalo resume {folder}", signum) from None


def evaluate(
    run: Run, source: Source, judge: Run | None = None, progress: bool = False
) -> dict[str, float | None]:
    """Measure a run on the test part of its data; see `gargalo.evaluation.measure`.

    Parameters
    ----------
    judge : Run or None
        A supervised encoder in whose latents coverage is measured; without one, `judge_for(source)`.
    """
    return evaluation.measure(run, source, lambda: judge or judge_for(source, progress))


def judge_for(source: Source, progress: bool = False) -> Run | None:
    """The supervised encoder in whose latents samples of these data are judged; None without labels.

    It is the notebook's own plain classifier. Label smoothing, which the default one has, pulls each class to a
    point, so that even real digits cover real digits badly (0.90, where plain training gives 0.96 of a possible
    0.97). Trained once for each data set and kept in the user's cache.
    """
    if source.y is None or len(source.class_names or ()) < 2:
        return None
    if source.fingerprint in _judges:
        return _judges[source.fingerprint]
    facts = source.facts.model_copy(update={"origin": None})
    plan = recipe.make(facts, "classifier", "lesson")
    kept = (
        platformdirs.user_cache_path("gargalo")
        / "judges"
        / hashlib.sha256(plan.model_dump_json().encode()).hexdigest()
    )
    try:
        judge = open_run(kept)
        judge.encode(source.x[:1])
    except GargaloError:  # none there, or not whole
        if progress:
            print(
                "judge: training a plain classifier to measure coverage by, once for these data", file=sys.stderr
            )
        judge = _train_judge(plan, source, kept)
    return _judges.setdefault(source.fingerprint, judge)


def _train_judge(plan: Recipe, source: Source, kept: Path) -> Run:
    """Train it beside its place in the cache, and move it there when it is whole; without a cache, use it once."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        check_writable(kept.parent)
    except (GargaloError, OSError):
        place = None
    else:
        place = kept.parent
    # Whatever stops it, nothing half-trained stays.
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as folder:
        run = Path(folder) / "run"
        begin(run, plan)
        judge = carry_out(run, plan, source, training.launch("cpu", alone=True), False, float("inf"))
        judge.model  # noqa: B018  loaded now: the folder goes
        if place is not None:
            shutil.rmtree(kept, ignore_errors=True)
            run.replace(kept)
            judge = open_run(kept)
    return judge


def rehearse(plan: Recipe, source: Source, progress: bool) -> float:
    """Do once, with untrained weights, what comes after training: how many seconds that takes."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        begin(run, plan)
        codec, net = recipe.build(plan, source.x, source.rows("train"))
        if "decode" in net.can:
            judge_for(source, progress)  # once for these data, not once for each run
        began = time.perf_counter()
        save_weights(run / "weights.safetensors", codec, net)
        _finish(run, plan, source, training.Result({}, [], 0, 0), progress=False)
        return time.perf_counter() - began


def _start_from(warm: Run, codec: Codec, net: LatentModel) -> None:
    """Copy another run's weights, and how it standardises numbers, which they were learned on."""
    for theirs, ours in ((warm.codec, codec), (warm.model, net)):
        must_fit(theirs.state_dict(), ours.state_dict(), warm.folder, "to start from it")
        ours.load_state_dict(theirs.state_dict())


def _keep_examples(folder: Path, source: Source) -> None:
    """The first test examples to measure on, raw, with labels and ids, kept in the run."""
    rows = probe_rows(source, "test")[:KEPT_EXAMPLES]
    tensors = {"x": np.asarray(source.x[rows])}
    if source.y is not None:
        tensors["y"] = source.y[rows]
    ids = json.dumps([source.ids[row] for row in rows])
    write_tensors(folder / "space" / "examples.safetensors", tensors, {"ids": ids})


def _append(file: Path, record: dict[str, Any]) -> None:
    try:
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")
    except OSError as error:
        raise cannot_write(file, error) from None
