"""What the command line, notebooks and the Python API call: train, resume, evaluate, demo, report."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import torch

from . import budget, evaluation, recipe, training
from .data import Source, load_data
from .errors import GargaloError, RunError, Stopped, must
from .files import cannot_write, check_writable, hold, new_folder, next_numbered, write_tensors, write_whole
from .parts import as_data, is_mapped, probe_rows, training_rows
from .recipe import Recipe
from .run import Run, find_unfinished, open_run, read_recipe
from .weights import must_fit, save_weights

__all__ = ["demo", "evaluate", "judge_for", "report", "resume", "train"]

KEPT_EXAMPLES = 1000

# Found once for each data set in a process, by its fingerprint.
_judges: dict[str, Run] = {}


def train(
    data: str | Path | np.ndarray | Source = "mnist-10k",
    model: str | None = None,
    *,
    y: np.ndarray | None = None,
    data_dir: str | Path | None = None,
    preset: str | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    start: Run | str | Path | None = None,
    minutes: float | None = None,
    device: str = "auto",
    devices: int = 1,
    num_nodes: int = 1,
    save_every: float = 30,
    progress: bool = True,
    **choices: Any,
) -> Run:
    """Train a model on data and keep it in a new run folder.

    Parameters
    ----------
    data, y, data_dir
        See `gargalo.load_data`.
    model : str or None
        "autoencoder" if not given, or that of `start`; "classifier", "denoising", "vae", or a short name.
    preset : "lesson" or None
        The notebook's own recipe, to compare with.
    out : path or None
        A folder that is not there yet, or empty; without one, `runs/<data>-<model>-001` and on.
    resume : bool
        Where `out` holds a training of this recipe on these data that did not end, go on with it; one that did is
        opened. Else begin.
    start : Run, path or None
        A finished run to take the first weights from (a warm start), and model, size and network if not chosen.
    minutes : float or None
        Choose widths and epochs, as far as they are not chosen, so that everything ends after this time.
    device : "auto", "cpu", "cuda" or "mps"
    devices, num_nodes : int
        Processes on this machine, and machines, as torchrun started them.
    save_every : float
        Seconds from one checkpoint to the next.
    progress : bool
        Tell on stderr how it goes.
    **choices
        Any choice of the recipe by name, such as latent_dim, epochs, lr, seed, widths, noise, strength.

    Returns
    -------
    Run
        Trained and evaluated.

    Raises
    ------
    GargaloError
        For data, a choice or a folder that cannot be; for a loss that is no longer a number.
    Stopped
        After SIGINT or SIGTERM, with a checkpoint saved.
    """
    began = time.perf_counter()
    if resume and out is None:
        raise must("out", "train", "the run's folder, for what is to be resumed", out)
    source = load_data(data, y, data_dir=data_dir)
    source.check_trainable()
    warm = None if start is None else start if isinstance(start, Run) else open_run(start)
    if warm is not None:
        model, choices = _as_there(warm, model, choices)
    plan = recipe.make(source.facts, model or "autoencoder", preset, choices)
    plan = plan.model_copy(update={"warm_start": warm and warm.key})
    team = training.launch(device, devices, num_nodes, plan.training.precision)
    stem = f"{Path(source.name).stem}-{plan.model}"
    folder = Path(out) if out else team.first(lambda: next_numbered(Path("runs"), stem))
    if resume and (folder / "recipe.json").is_file():
        _must_agree(folder, plan, minutes, choices)
        return _go_on(folder, source, team, progress, save_every)
    until = float("inf")
    if minutes is not None:
        if team.size > 1:
            raise must("minutes", "train", "left out where several processes train", minutes)
        plan, until = budget.fit_into(minutes, plan, source, choices, began, _rehearsal(source, progress))
        if progress:
            widths, epochs = ",".join(map(str, plan.net.widths)), plan.training.epochs
            print(
                f"{plan.model}: {epochs} epochs of widths {widths} fit into {minutes:g} minutes", file=sys.stderr
            )
    _check_memory(plan, source)
    team.first(lambda: _begin(folder, plan))
    return _carry_out(folder, plan, source, team, progress, save_every, warm, until)


def resume(
    run: str | Path,
    data: str | Path | np.ndarray | Source | None = None,
    *,
    y: np.ndarray | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    devices: int = 1,
    num_nodes: int = 1,
    save_every: float = 30,
    progress: bool = True,
) -> Run:
    """Go on with a training that did not end, from its newest whole checkpoint; a finished run is only opened.

    On a CPU of the same kind, with the same versions and number of threads, the run becomes bit for bit what it
    would have been.

    Parameters
    ----------
    run : path, or "last"
        The run's folder; "last" is the newest unfinished one in `runs`.
    data, y, data_dir
        See `gargalo.load_data`. Needed only where the data were arrays, or have moved.

    Raises
    ------
    GargaloError
        For other data than the run began with, or a folder that another process holds.
    """
    folder = find_unfinished(Path("runs")) if str(run) == "last" else Path(run)
    plan = read_recipe(folder)
    team = training.launch(device, devices, num_nodes, plan.training.precision)
    if _is_finished(folder):
        return Run(folder)
    if data is None:
        origin = plan.data.origin
        if origin is None:
            raise RunError(f"{folder}: expected the data that it was trained on, an array; give them as well.")
        data, more = str(origin["src"]), {key: value for key, value in origin.items() if key != "src"}
        more |= {"data_dir": data_dir} if data_dir else {}
        source = load_data(data, **more)  # type: ignore[arg-type]
    else:
        source = load_data(data, y, data_dir=data_dir)
    return _go_on(folder, source, team, progress, save_every)


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
        _begin(run, plan)
        judge = _carry_out(run, plan, source, training.launch("cpu", alone=True), False, float("inf"))
        judge.model  # noqa: B018  loaded now: the folder goes
        if place is not None:
            shutil.rmtree(kept, ignore_errors=True)
            run.replace(kept)
            judge = open_run(kept)
    return judge


def demo(out: str | Path | None = None, lang: str | None = None, progress: bool = True) -> tuple[Path, list[Run]]:
    """The lesson's whole story on the embedded digits: seven models and one report.

    Returns
    -------
    Path
        The report.
    list of Run
        The runs that it tells of.
    """
    from .lang import words

    words(lang)  # an unknown language is told now, not after the training
    folder = new_folder(Path(out) if out else next_numbered(Path("runs"), "demo"), "a new folder for the demo")
    source = load_data("mnist-10k")
    plans: list[tuple[str, str, dict[str, Any]]] = [
        ("classifier", "classifier", {}),
        ("autoencoder", "autoencoder", {}),
        ("vae", "vae", {}),
        ("autoencoder-2d", "autoencoder", {"latent_dim": 2}),
        ("vae-2d", "vae", {"latent_dim": 2}),
        ("denoising", "denoising", {}),
        ("denoising-narrow", "denoising", {"widths": (128, 64), "lr": 6e-3}),
    ]
    runs = [
        train(source, model, out=folder / name, progress=progress, **choices) for name, model, choices in plans
    ]
    return report(runs, folder / "report.html", lang), runs


def report(runs: Iterable[Run | str | Path], out: str | Path, lang: str | None = None) -> Path:
    """One self-contained HTML page about one or several runs, and its figures as PNG in `figures/` beside it."""
    from .reports import write_report

    opened = [run if isinstance(run, Run) else open_run(run) for run in runs]
    return write_report(opened, Path(out), lang)


def _begin(folder: Path, plan: Recipe) -> None:
    """A new run folder, with its recipe."""
    new_folder(folder, "a new run folder")
    write_whole(folder / "recipe.json", plan.model_dump_json(indent=1))


def _go_on(folder: Path, source: Source, team: training.Team, progress: bool, save_every: float) -> Run:
    """Resume a run on its own data, or open it if it is finished."""
    plan = read_recipe(folder)
    if _is_finished(folder):
        return Run(folder)
    check_writable(folder)
    if source.fingerprint != plan.data.fingerprint:
        there, here = (facts.model_dump(exclude={"origin"}) for facts in (plan.data, source.facts))
        other = _differences(there, here)
        raise RunError(f"{folder}: expected the data that it was begun with. Found other {other}.")
    if (now := recipe.versions()) != plan.versions:
        other = _differences(plan.versions, now)
        print(f"gargalo: {folder}: begun with other {other}; it goes on, but bits may differ", file=sys.stderr)
    _check_memory(plan, source)
    return _carry_out(folder, plan, source, team, progress, save_every)


def _carry_out(
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
        if not _is_finished(folder):
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


def _is_finished(folder: Path) -> bool:
    return (folder / "metrics.json").is_file()


@contextlib.contextmanager
def _stoppable(folder: Path) -> Iterator[None]:
    """Say how to go on, whenever a signal comes."""
    try:
        yield
    except (KeyboardInterrupt, Stopped) as stop:
        signum = stop.signum if isinstance(stop, Stopped) else signal.SIGINT
        raise Stopped(f"{folder}: stopped, and saved. Go on with: gargalo resume {folder}", signum) from None


def _must_agree(folder: Path, plan: Recipe, minutes: float | None, choices: dict[str, Any]) -> None:
    """Refuse to go on with another recipe, and say in what it differs."""
    there, here = (_flat(r.model_dump(exclude={"versions", "data"})) for r in (read_recipe(folder), plan))
    if minutes is not None:
        # What the probe chose then is not chosen again.
        probed = [name for name in ("widths", "epochs", "lr") if name not in choices]
        here |= {"minutes": minutes} | {name: there[name] for name in probed}
    if there != here:
        raise RunError(
            f"{folder}: expected the recipe that it was begun with. Found other {_differences(there, here)}; go on"
            " with the same, or train into another --out."
        )


def _flat(choices: dict[str, Any]) -> dict[str, Any]:
    """A recipe's choices by their own names, without sections."""
    sections = [value for value in choices.values() if isinstance(value, dict)]
    flat = {name: value for name, value in choices.items() if not isinstance(value, dict)}
    return flat | {name: value for section in sections for name, value in section.items()}


def _differences(there: dict[str, Any], here: dict[str, Any]) -> str:
    """The keys that differ, each with both values."""
    keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    return ", ".join(f"{key} {here.get(key)} (was {there.get(key)})" for key in keys)


def _as_there(warm: Run, model: str | None, choices: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Model and choices of a warm start: what is not chosen is as in the run that it starts from."""
    there = warm.recipe
    model = recipe.model_name(model) if model else there.model
    same = {"latent_dim": there.latent_dim, **there.net.model_dump()}
    if model == there.model:
        same |= {"likelihood": there.likelihood, **there.options}
    return model, same | {name: value for name, value in choices.items() if value is not None}


def _start_from(warm: Run, codec: Any, net: Any) -> None:
    """Copy another run's weights, and how it standardises numbers, which they were learned on."""
    for theirs, ours in ((warm.codec, codec), (warm.model, net)):
        must_fit(theirs.state_dict(), ours.state_dict(), warm.folder, "to start from it")
        ours.load_state_dict(theirs.state_dict())


def _check_memory(plan: Recipe, source: Source) -> None:
    """Refuse, before anything is made, what would not fit into memory."""
    codec, net = recipe.build(plan)
    rows = len(source.rows("train"))
    data = 0 if is_mapped(source, rows) else rows * source.x[0].nbytes
    few = torch.from_numpy(source.x[:4].copy()).to("meta")
    an_example = training.step_memory(net, codec, few, len(source.class_names or ()))
    batch = an_example * min(rows, plan.training.batch_size)
    training.check_memory(weights=training.weights_memory(net), batch=batch, data=data)


def _rehearsal(source: Source, progress: bool) -> Callable[[Recipe], float]:
    """What comes after training, done once with untrained weights: how many seconds it takes."""

    def rehearse(plan: Recipe) -> float:
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            _begin(run, plan)
            codec, net = recipe.build(plan, source.x, source.rows("train"))
            if "decode" in net.can:
                judge_for(source, progress)  # once for these data, not once for each run
            began = time.perf_counter()
            save_weights(run / "weights.safetensors", codec, net)
            _finish(run, plan, source, training.Result({}, [], 0, 0), progress=False)
            return time.perf_counter() - began

    return rehearse


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
