"""Train, keep and measure what the recipe of a run folder says, from wherever that stands."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
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

from . import budget, evaluation, recipe, training
from .build import build, try_on
from .data import Origin, Source, load_data
from .errors import GargaloError, RunError, Stopped, must
from .files import (
    cannot_write,
    check_writable,
    flush_folder,
    hold,
    is_leftover,
    new_folder,
    write_tensors,
    write_whole,
)
from .output import write_table
from .parts import as_data, probe_rows, training_rows
from .recipe import Recipe
from .run import Run, open_run
from .weights import must_fit, save_weights

__all__ = [
    "carry_out",
    "check",
    "differences",
    "evaluate",
    "is_finished",
    "judge_for",
    "must_agree",
    "own_data",
    "rehearse",
]

KEPT_EXAMPLES = 1000
JUDGE_REPEATS = 5
"""How many times as many epochs a judge gets at most, where examples are few."""

# Found once for each data set in a process, by its fingerprint.
_judges: dict[str, Run] = {}


def check(plan: Recipe, source: Source, team: training.Team, warm: Run | None = None) -> None:
    """Refuse, before anything is made, what could not be carried out.

    Raises
    ------
    GargaloError
        For what would not fit into memory, a warm start from another network, patience with nothing held out.
    """
    if plan.own != recipe.NOTHING:
        some = source.rows("train")[:3]
        try_on(plan, np.array(source.x[some]), source.labels(some))
    codec, net = build(plan)
    if warm is not None:
        for theirs, ours in ((warm.codec, codec), (warm.model, net)):
            must_fit(theirs.state_dict(), ours.state_dict(), warm.folder, "to start from it")
    left_out = training_rows(source, plan.training)[1]
    if plan.training.patience and not len(left_out):
        raise must("patience", "train", "0 where nothing is held out", plan.training.patience)
    needs = budget.memory(plan, source, team.size)
    training.check_memory(**{what: size * team.local_size() for what, size in needs.items()})


def own_data(
    plan: Recipe, data: str | Path | np.ndarray | Source | None, y: np.ndarray | None, data_dir: str | Path | None
) -> Source | None:
    """The data that a run was trained on, read as they were then, from where they lay or from `data`.

    None for arrays that a program made and does not give again.
    """
    origin = plan.data.origin
    if data is None and origin is None:
        return None
    there = origin or Origin(src="")
    return load_data(
        there.src if data is None else data,
        y,
        data_dir=data_dir or (there.data_dir if data is None else None),
        split_seed=there.split_seed,
        **there.reading.model_dump(exclude_defaults=True),
    )


def carry_out(
    folder: Path,
    plan: Recipe,
    source: Source,
    team: training.Team,
    *,
    is_new: bool,
    progress: bool = True,
    save_every: float = 30,
    warm: Run | None = None,
    until: float = math.inf,
) -> Run:
    """Train, keep and measure what a recipe says, from wherever its folder stands.

    Parameters
    ----------
    is_new : bool
        The folder must not be there yet, or be empty; else it must be a run's.
    """
    with _stoppable(folder, plan), team.together(), contextlib.ExitStack() as held:
        if team.first(lambda: _take(folder, plan, is_new, held)):
            return Run(folder, own=plan.own)
        fitted, left_out = training_rows(source, plan.training)
        codec, net = build(plan, source.x, fitted)
        keeper = training.Keeper(folder / "checkpoints", save_every, _facts(plan, team))
        kept = _newest(keeper, team)
        if kept is not None:
            _must_be_as_begun(folder, kept, keeper)
        elif warm is not None:
            codec.load_state_dict(warm.codec.state_dict())
            net.load_state_dict(warm.model.state_dict())
        elif plan.warm_start:
            raise RunError(
                f"{folder}: expected a whole checkpoint to go on from. Found none; go on with the same"
                " gargalo train --from … --resume."
            )
        history = folder / "history.jsonl"
        if team.rank == 0:
            write_whole(history, _lines(kept.state["history"] if kept else []))
        result = training.fit(
            net,
            codec,
            as_data(source, fitted),
            as_data(source, left_out) if len(left_out) else None,
            plan.training,
            team=team,
            events=training.progress(plan.model) if progress and team.rank == 0 else None,
            on_epoch=lambda record: _append(history, record) if team.rank == 0 else None,
            keeper=keeper,
            kept=kept,
            until=until,
        )
        if team.rank == 0:
            save_weights(folder / "weights.safetensors", codec, net)
            write_whole(history, _lines(result.history))
            _finish(folder, plan, source, result, progress)
            flush_folder(folder)  # before the checkpoints, which hold all of it, are given up
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    while not is_finished(folder):  # rank 0 is still measuring: no collective waits as long as that may take
        time.sleep(0.2)
    return Run(folder, own=plan.own)


def _take(folder: Path, plan: Recipe, is_new: bool, held: contextlib.ExitStack) -> bool:
    """Take a folder for this process alone, with its recipe in it; is it finished already?"""
    expected = "a new run folder"
    if is_new:
        if (folder / "recipe.json").is_file() and not is_finished(folder):
            hint = f"go on with gargalo resume {folder}, or choose another --out"
            raise RunError(f"{folder}: expected {expected}. Found a training that did not end; {hint}.")
        new_folder(folder, expected)
    else:
        check_writable(folder)
    held.enter_context(hold(folder / "checkpoints", str(folder)))
    if is_new and (folder / "recipe.json").is_file():  # another was faster
        new_folder(folder, expected)
    for path in [*folder.glob(".*"), *(folder / "space").glob(".*")]:
        if is_leftover(path):
            path.unlink()
    if is_new:
        write_whole(folder / "recipe.json", plan.model_dump_json(indent=1))
    if is_finished(folder):
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return is_finished(folder)


def _facts(plan: Recipe, team: training.Team) -> dict[str, Any]:
    """What a checkpoint says of how it came to be: the recipe, which must not change, and what bits depend on."""
    chosen = plan.model_dump(mode="json", exclude={"versions", "data"})
    where = {"threads": torch.get_num_threads(), "device": team.device.type, "processes": team.size}
    return {"recipe": chosen, "where": where | {"numpy": np.__version__}}


def _newest(keeper: training.Keeper, team: training.Team) -> training.Checkpoint | None:
    """The newest whole checkpoint: rank 0 chooses, and every process goes on from that one."""
    found: list[training.Checkpoint | None] = []

    def choose() -> str | None:
        found.append(keeper.newest())
        return found[0] and found[0].where

    where = team.first(choose)
    if team.rank == 0 or where is None:
        return found[0] if found else None
    return training.read_checkpoint(Path(where))


def _must_be_as_begun(folder: Path, kept: training.Checkpoint, keeper: training.Keeper) -> None:
    """Refuse another recipe than the checkpoint was made by; warn of another place."""
    there, here = kept.state.get("facts", {}), keeper.facts
    # What an older gargalo did not know to choose was as it is now by default.
    must_agree(folder, {**_flat(here["recipe"]), **_flat(there.get("recipe", {}))}, here["recipe"])
    if there.get("where") != here["where"]:
        other = differences(there.get("where", {}), here["where"])
        print(f"gargalo: {folder}: begun with other {other}; it goes on, but bits may differ", file=sys.stderr)


def must_agree(folder: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    """Refuse to go on with another recipe, and say in what it differs."""
    there, here = _flat(there), _flat(here)
    if there != here:
        raise RunError(
            f"{folder}: expected the recipe that it was begun with. Found other {differences(there, here)}; go on"
            " with the same, or train into another --out."
        )


def _flat(choices: dict[str, Any]) -> dict[str, Any]:
    """A recipe's choices by their own names, without sections."""
    sections = [value for value in choices.values() if isinstance(value, dict)]
    flat = {name: value for name, value in choices.items() if not isinstance(value, dict)}
    return flat | {name: value for section in sections for name, value in section.items()}


def differences(there: dict[str, Any], here: dict[str, Any]) -> str:
    """The keys that differ, each with both values."""
    keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    return ", ".join(f"{key} {here.get(key)} (was {there.get(key)})" for key in keys)


def _finish(folder: Path, plan: Recipe, source: Source, result: training.Result, progress: bool) -> None:
    """Keep examples, measure, and so make a folder a finished run."""
    _keep_examples(folder, source)
    if source.skipped:
        write_table(
            folder / "skipped.csv",
            {"path": [p for p, _ in source.skipped], "reason": [w for _, w in source.skipped]},
        )
    run = Run(folder, finished=False, own=plan.own)
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
def _stoppable(folder: Path, plan: Recipe) -> Iterator[None]:
    """Say how to go on, whenever a signal comes."""
    try:
        yield
    except (KeyboardInterrupt, Stopped) as stop:
        signum = stop.signum if isinstance(stop, Stopped) else signal.SIGINT
        told = f"stopped, and saved. Go on with: gargalo resume {folder}"
        if plan.warm_start and not any((folder / "checkpoints").glob("step-*")):
            told = "stopped before its first checkpoint. Go on with the same gargalo train --from … --resume"
        raise Stopped(f"{folder}: {told}", signum) from None


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
    # A good judge of few examples is not worth waiting for.
    repeats = min(JUDGE_REPEATS, recipe.repeats(len(source.rows("train")), "mlp"))
    epochs = recipe.PRESETS["lesson"]["epochs"] * repeats
    plan = recipe.make(facts, "classifier", "lesson", {"epochs": round(epochs)})
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
        alone = training.launch("cpu", alone=True)
        try:
            judge = carry_out(run, plan, source, alone, is_new=True, progress=False, save_every=math.inf)
        except Stopped as stop:  # its folder goes: whoever wanted it says how to go on
            raise Stopped("stopped.", stop.signum) from None
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
        run.mkdir()
        write_whole(run / "recipe.json", plan.model_dump_json())
        codec, net = build(plan, source.x, source.rows("train"))
        if "decode" in net.can:
            judge_for(source, progress)  # once for these data, not once for each run
        began = time.perf_counter()
        save_weights(run / "weights.safetensors", codec, net)
        _finish(run, plan, source, training.Result({}, [], 0, 0), progress=False)
        return time.perf_counter() - began


def _keep_examples(folder: Path, source: Source) -> None:
    """The first test examples to measure on, raw, with labels and ids, kept in the run."""
    rows = probe_rows(source, "test")[:KEPT_EXAMPLES]
    tensors = {"x": np.asarray(source.x[rows])}
    if source.y is not None:
        tensors["y"] = source.y[rows]
    if source.display is not None:
        tensors["display"] = np.asarray(source.display[rows])
    ids = json.dumps([source.ids[row] for row in rows])
    write_tensors(folder / "space" / "examples.safetensors", tensors, {"ids": ids})


def _lines(history: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in history)


def _append(file: Path, record: dict[str, Any]) -> None:
    try:
        with file.open("a", encoding="utf-8") as out:
            out.write(_lines([record]))
    except OSError as error:
        raise cannot_write(file, error) from None
