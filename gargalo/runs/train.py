"""Carry out a training in its folder: check, take the folder, build, fit, save, evaluate, finish.

Resuming is the same from a later place: where the folder holds a checkpoint, training goes on from there; where it
holds a finished run, that is opened.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import training
from ..errors import RunError, Stopped, option
from ..io.files import cannot_write, check_writable, write_whole
from ..io.folders import flush_folder, hold, new_folder, remove_leftovers
from ..io.made_here import remember
from ..io.received import remains_inside
from ..io.reporter import TrainingProgress
from ..recipes import build, differences, flat, must_agree, upgraded
from .evaluate import Baselines
from .fit import fit
from .folder import NEW, is_finished, must_be_free
from .job import TrainingJob
from .run import Run
from .writing import write_run

__all__ = ["train"]


def train(job: TrainingJob, baselines: Baselines | None = None) -> Run:
    """Train, keep and measure what a job says, from wherever its folder stands.

    Parameters
    ----------
    job : TrainingJob
        With a folder.
    baselines : Baselines or None
        What was measured of the dataset before, by another training on it.

    Returns
    -------
    Run
        Finished: trained, measured, opened.

    Raises
    ------
    GargaloError
        For a folder that is not new or is another process's; for a loss that is no longer a number.
    Stopped
        After a signal, with a checkpoint saved.
    """
    folder, group = _folder(job), job.group
    with _told_how_to_go_on(job), group.together(), contextlib.ExitStack() as until_done:
        if group.first(lambda: _take(job, until_done)):
            return Run(folder, job.custom)
        checkpoints = training.CheckpointManager(
            folder / "checkpoints", job.save_every, _checkpoint_facts(job), job.reporter
        )
        checkpoints.most = _most_bytes(job)
        start = _newest(checkpoints, job)
        history = folder / "history.jsonl"
        if group.rank == 0:
            write_whole(history, _lines(start.state["history"] if start else []))
        session = training.Session(
            group,
            job.reporter.training(job.recipe.model) if group.rank == 0 else TrainingProgress(),
            lambda record: _append(history, record) if group.rank == 0 else None,
            checkpoints,
            start,
            job.deadline,
        )
        fitted, result = fit(job, session)
        if group.rank == 0:
            write_whole(history, _lines(result.history))
            _tell_early_stop(job, result)
            write_run(job, folder, fitted, result, baselines)
            flush_folder(folder)  # before the checkpoints, which hold all of it, are given up
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    while not is_finished(folder):  # rank 0 is still measuring: no collective waits as long as that may take
        time.sleep(0.2)
    return Run(folder, job.custom)


def _folder(job: TrainingJob) -> Path:
    """The folder of a job that has one."""
    if job.folder is None:
        raise RunError("train: expected a job with a folder. Found none; fit(job) trains in memory.")
    return job.folder


def _take(job: TrainingJob, until_done: contextlib.ExitStack) -> bool:
    """Take a folder for this process alone, with its recipe in it; is it finished already?"""
    folder = _folder(job)
    if job.is_new:
        must_be_free(folder)
        new_folder(folder, NEW)
    else:
        check_writable(folder)
    for place in ("checkpoints", "space"):
        if not remains_inside(folder / place, folder):
            raise RunError(f"{folder / place}: expected a folder of this run. Found a link that leads out of it.")
    until_done.enter_context(hold(folder / "checkpoints", str(folder)))
    if job.is_new and (folder / "recipe.json").is_file():  # another was faster
        new_folder(folder, NEW)
    for place in (folder, folder / "space"):
        remove_leftovers(place)
    if job.is_new:
        remember(write_whole(folder / "recipe.json", job.recipe.model_dump_json(indent=1)))
    if is_finished(folder):
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return is_finished(folder)


def _newest(checkpoints: training.CheckpointManager, job: TrainingJob) -> training.Checkpoint | None:
    """The newest whole checkpoint, if it is of this recipe: rank 0 chooses, and every process goes on from that one.

    Raises
    ------
    RunError
        For a warm start of which no checkpoint is left: its first weights are not in the folder.
    """
    found: list[training.Checkpoint | None] = []

    def choose() -> str | None:
        found.append(checkpoints.newest())
        return found[0] and found[0].where

    where = job.group.first(choose)
    if job.group.rank == 0 or where is None:
        start = found[0] if found else None
    else:
        start = training.read_checkpoint(Path(where), checkpoints.most)
    if start is not None:
        _must_be_as_begun(job, start, checkpoints)
    elif job.init_from is None and job.recipe.warm_start:
        raise RunError(
            f"{job.folder}: expected a whole checkpoint to go on from. Found none; go on with the same training, with"
            f" {option('start')} and {option('resume')}."
        )
    elif job.group.rank == 0 and any((_folder(job) / "checkpoints").glob("step-*")):
        job.reporter.notice(f"gargalo: {job.folder}: no whole checkpoint is left; it begins again at the first epoch")
    return start


def _most_bytes(job: TrainingJob) -> int:
    """Bytes that a file of a checkpoint has at most: weights, the best ones, and two moments; and a long history."""
    parts = build(job.recipe, custom=job.custom)
    return 4 * sum(t.nbytes for part in parts for t in part.state_dict().values()) + 2**26


def _checkpoint_facts(job: TrainingJob) -> dict[str, Any]:
    """What a checkpoint says of how it came to be: the recipe, which must not change, and what bits depend on."""
    chosen = job.recipe.model_dump(mode="json", exclude={"versions", "data"})
    group = job.group
    where = {"threads": torch.get_num_threads(), "device": group.device.type, "processes": group.size}
    return {"recipe": chosen, "where": where | {"numpy": np.__version__}}


def _must_be_as_begun(job: TrainingJob, start: training.Checkpoint, checkpoints: training.CheckpointManager) -> None:
    """Refuse another recipe than the checkpoint was made by; warn of another place."""
    there, here = start.state.get("facts", {}), checkpoints.facts
    # What an older gargalo did not know to choose was as it is now by default.
    begun = {**flat(here["recipe"]), **flat(upgraded(there.get("recipe", {})))}
    must_agree(_folder(job), begun, here["recipe"])
    if there.get("where") != here["where"]:
        other = differences(there.get("where", {}), here["where"])
        job.reporter.notice(f"gargalo: {job.folder}: begun with other {other}; it goes on, but bits may differ")


@contextlib.contextmanager
def _told_how_to_go_on(job: TrainingJob) -> Iterator[None]:
    """Say how to go on, whenever a signal comes."""
    folder = _folder(job)
    try:
        yield
    except (KeyboardInterrupt, Stopped) as stop:
        signum = stop.signum if isinstance(stop, Stopped) else signal.SIGINT
        told = f"stopped, and saved. Go on with: gargalo resume {shlex.quote(str(folder))}"
        if job.recipe.warm_start and not any((folder / "checkpoints").glob("step-*")):
            told = "stopped before its first checkpoint. Go on with the same gargalo train --from … --resume"
        raise Stopped(f"{folder}: {told}", signum) from None


def _tell_early_stop(job: TrainingJob, result: training.Result) -> None:
    """Say why training ended before its last epoch."""
    if result.stopped:
        say, best = job.reporter.say, result.best_epoch
        why, n = training.stopped_told(result.stopped, say), len(result.history)
        job.reporter.line(say("progress.stopped", model=job.recipe.model, n=n, why=why, best=best))


def _lines(history: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in history)


def _append(file: Path, record: dict[str, Any]) -> None:
    """Add a line to the history as soon as it is known."""
    try:
        with file.open("a", encoding="utf-8") as out:
            out.write(_lines([record]))
    except OSError as error:
        raise cannot_write(file, error) from None
