"""The verbs that the command line, notebooks and programs call, from `train` to `explore`."""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from torch import nn

from . import recipes, runs
from .core import LatentModel
from .data import Dataset, Reading, load_data
from .data.notes import tell_notes
from .data.what_spoils import tell_what_spoils
from .errors import DataError, GargaloError, ParameterError, RunError, must, not_a_choice, option
from .fitted import FittedModel
from .io.arguments import check_types, given_once
from .io.environment import whole_number_in
from .io.files import check_writable
from .io.folders import new_folder, next_numbered
from .io.reporter import Reporter, reporter_for
from .metrics import Estimate
from .models import MODELS
from .runs import Baselines, Run, TrainingJob, budget, open_run
from .runs.original_data import original_data
from .runs.resume import go_on
from .training import Compute, check_memory, launch

if TYPE_CHECKING:
    from .explorer import Published

__all__ = ["demo", "evaluate", "explore", "inspect", "publish", "report", "resume", "train"]

Data = Any
"""A name, a path, an array, a frame or a `Dataset`: whatever `gargalo.load_data` takes."""
MOST_TRIED = 2000
"""Megabytes that a training may take of which a few steps are tried to see how long it will take."""
Runs = Run | str | Path | Iterable[Run | str | Path]
"""One run or several, opened or as folders."""


@overload
def train(
    data: Data = ..., model: str | type[LatentModel] | None = ..., *, in_memory: Literal[False] = ..., **choices: Any
) -> Run: ...
@overload
def train(
    data: Data = ..., model: str | type[LatentModel] | None = ..., *, in_memory: Literal[True], **choices: Any
) -> FittedModel: ...
def train(
    data: Data = "mnist-10k",
    model: str | type[LatentModel] | None = None,
    *,
    y: np.ndarray | None = None,
    data_dir: str | Path | None = None,
    reading: Mapping[str, Any] | None = None,
    preset: str | None = None,
    out: str | Path | None = None,
    in_memory: bool = False,
    resume: bool = False,
    start: Run | str | Path | None = None,
    minutes: float | None = None,
    device: str = "auto",
    devices: int = 1,
    num_nodes: int = 1,
    save_every: float = 30,
    progress: bool | Reporter = True,
    baselines: Baselines | None = None,
    **choices: Any,
) -> Run | FittedModel:
    """Train a model on data and keep it in a new run folder, or in memory alone.

    Parameters
    ----------
    data, y, data_dir
        See `gargalo.load_data`.
    model : str, subclass of LatentModel, or None
        A name from `gargalo.models.MODELS` or a short one; an objective of a program's own; "autoencoder" if not
        given, or that of `start`.
    reading : dict or None
        How what is read becomes examples: the other choices of `gargalo.load_data`, by name; they may as well be
        given as keywords of their own, such as label="species", clean= with the clean partners of noisy data, or
        condition= with what a conditional model is told: names of columns such as ["age", "species"], or values.
    preset : "lesson" or None
        The notebook's own recipe, to compare with.
    out : path or None
        A folder that is not there yet, or empty; without one, `runs/<data>-<model>-001` and on.
    in_memory : bool
        Write nothing, train nothing but the model, measure nothing, and return the model in memory? Else a run folder
        is kept, measured and ready for all commands.
    resume : bool
        Where `out` holds a training of this recipe on these data that did not end, go on with it; one that did is
        opened. Else begin.
    start : Run, path or None
        A finished run to take the first weights from (a warm start), and model, size and network if not chosen.
    minutes : float or None
        Choose widths and epochs, as far as they are not chosen, so that everything ends after this time.
    device : "auto", "cpu", "cuda" or "mps"
        What it is trained on.
    devices, num_nodes : int
        Processes on this machine, and machines, as torchrun started them.
    save_every : float
        Seconds from one checkpoint to the next.
    progress : bool or Reporter
        Tell on stderr how it goes; or the reporter that is told.
    baselines : Baselines or None
        What was measured of these data before, so that several trainings on them share it.
    **choices
        Any choice of the recipe by name, such as latent_dim, epochs, lr, seed, net, widths, noise, strength. `net`
        may be a pair of modules, an encoder and a decoder.

    Returns
    -------
    Run
        Trained and evaluated; or, `in_memory`, the `FittedModel`.

    Raises
    ------
    GargaloError
        For data, a choice or a folder that cannot be; for a loss that is no longer a number.
    Stopped
        After SIGINT, SIGTERM or SIGHUP, with a checkpoint saved.
    """
    began, reporter = time.perf_counter(), reporter_for(progress)
    check_types(out=out, reading=reading, minutes=minutes, preset=preset)
    check_types(False, devices=devices, num_nodes=num_nodes, save_every=save_every)
    _must_be_baselines(baselines)
    also = [(name, choices.pop(name)) for name in sorted(Reading.names() & choices.keys())]
    reading = given_once([*(reading or {}).items(), *also])
    recipes.model_name("autoencoder" if model is None else model)  # a wrong name is told before data are read
    for name, given in (("out", out and str(out)), ("resume", resume)):
        if in_memory and given:
            raise must(name, f"left out with {option('in_memory')}, which keeps nothing", given)
    if resume and out is None:
        raise must("resume", f"given together with {option('out')}, the run's folder", resume)
    if minutes is not None and not 0 < minutes <= budget.MOST_MINUTES:
        raise must("minutes", f"a number above 0 and up to {budget.MOST_MINUTES}", minutes)
    if out is not None and not resume and whole_number_in("RANK", 0) == 0:
        runs.must_be_free(Path(out))  # before data are read, which may take long
    dataset = load_data(data, y, data_dir=data_dir, progress=reporter, **reading)
    tell_notes(dataset.name, dataset.notes, reporter)
    dataset.check_trainable()
    warm = None if start is None else _opened(start, "start")
    typed = choices
    if warm is not None:
        model, choices = _as_there(warm, dataset, model, choices)
    try:
        recipe = recipes.make(dataset.spec, model or "autoencoder", preset, choices, _arguments())
    except ParameterError as error:
        if warm is None or error.got is None or error.parameter in ("model", *typed):
            raise
        told = f"expected a run whose {error.parameter} is {error.expected}. Found {error.got}"
        raise RunError(f"{warm.folder}: {told}.") from None
    custom = recipes.custom_of(model or "autoencoder", choices)
    recipe = recipe.model_copy(update={"warm_start": warm and warm.key})
    group = launch(Compute(device, devices, num_nodes), reporter=reporter)
    if group.rank == 0 and choices.get("net") in (None, "auto"):
        say, why = reporter.say, recipe.why_network
        why = say.get(f"network.for.{why.replace(' ', '_')}", why)
        reporter.line(say("progress.network", model=recipe.model, network=recipe.network, why=why))
    if minutes is not None and group.size > 1:
        raise must("minutes", "left out where several processes train", minutes)
    job = TrainingJob(
        recipe, dataset, custom, None if out is None else Path(out), group=group, save_every=save_every,
        init_from=None if warm is None else warm.fitted, reporter=reporter,
    )  # fmt: skip
    baselines = baselines or Baselines(dataset, reporter)
    # Rank 0 looks: another process might see what it has written since.
    if resume and group.first(lambda: (Path(str(out)) / "recipe.json").is_file()):
        return go_on(job, (minutes, choices), baselines)
    runs.check(job)
    if group.rank == 0:
        tell_what_spoils(dataset, reporter)
    stem = f"{Path(dataset.name).stem}-{recipe.model.removeprefix(recipes.CUSTOM)}"
    if not in_memory:
        check_writable(Path(out) if out else Path("runs"))
    if minutes is not None:
        job = budget.fit_into(minutes, job, choices, began, budget.Costs(baselines, is_kept=not in_memory))
        widths, epochs = ",".join(map(str, job.recipe.net.widths)), job.recipe.training.epochs
        whole = int(minutes) if minutes == int(minutes) else 2
        fits = {"epochs": epochs, "widths": widths, "minutes": reporter.say.general(minutes), "whole": whole}
        reporter.line(reporter.say("progress.fits", model=recipe.model, **fits))
    if in_memory:
        with group.together():
            fitted, _ = runs.fit(job)
            group.wait_for_all()
        return fitted
    folder = job.folder or group.first(lambda: next_numbered(Path("runs"), stem))
    return runs.train(replace(job, folder=folder), baselines)


def resume(
    run: str | Path,
    data: Data = None,
    *,
    y: np.ndarray | None = None,
    data_dir: str | Path | None = None,
    model: type[LatentModel] | None = None,
    net: tuple[nn.Module, nn.Module] | None = None,
    device: str = "auto",
    devices: int = 1,
    num_nodes: int = 1,
    save_every: float = 30,
    progress: bool | Reporter = True,
) -> Run:
    """Go on with a training that did not end, from its newest whole checkpoint; a finished run is only opened.

    On a CPU of the same kind, with the same versions and number of threads, the run becomes bit for bit what it
    would have been.

    Parameters
    ----------
    run : path, or "last"
        The run's folder; "last" is the newest unfinished one in `runs`.
    data, y, data_dir
        See `gargalo.load_data`. Needed only where the data were arrays, or have moved; noisy and clean arrays as
        one dataset: load_data(noisy, clean=clean).
    model, net
        See `gargalo.open_run`.
    device, devices, num_nodes, save_every, progress
        See `train`.

    Returns
    -------
    Run
        Finished, and evaluated.

    Raises
    ------
    GargaloError
        For other data than the run began with, or a folder that another process holds.
    """
    check_types(data_dir=data_dir)
    check_types(False, run=run, devices=devices, num_nodes=num_nodes, save_every=save_every)
    reporter, custom = reporter_for(progress), recipes.Custom(model, net)
    folder = runs.find_unfinished(Path("runs")) if str(run) == "last" else Path(run)
    recipe = runs.read_recipe(folder, custom)
    group = launch(Compute(device, devices, num_nodes), reporter=reporter)
    if runs.is_finished(folder):
        return Run(folder, custom)
    if data is None and recipe.data.src is None:
        raise RunError(runs.lacks_data(folder))
    try:
        dataset = original_data(recipe.data, data, y, data_dir)
        assert dataset is not None
    except DataError as error:
        hint = f" If the data have moved: gargalo resume {shlex.quote(str(folder))} SRC" if data is None else ""
        raise DataError(f"{error.args[0]}{hint}") from None
    return go_on(
        TrainingJob(
            recipe, dataset, custom, folder, is_new=False, group=group, save_every=save_every, reporter=reporter
        )
    )


def evaluate(
    run: Run | FittedModel | str | Path,
    data: Data = None,
    baselines: Baselines | None = None,
    *,
    y: np.ndarray | None = None,
    clean: Data = None,
    condition: Any = None,
) -> dict[str, Estimate]:
    """Measure a model on the test set of its data, or of other data that fit it; nothing is written.

    Parameters
    ----------
    run : Run, path or FittedModel
        A run, its folder, or a model in memory.
    data, y, clean, condition
        See `gargalo.load_data`; without them, the data that it was trained on, where they lay.
    baselines : Baselines or None
        What was measured of these data before.

    Returns
    -------
    dict
        Every figure by its name, with its interval where it has one; see `gargalo.metrics`.

    Raises
    ------
    DataError
        For data that do not fit the run, or are no longer those that it was trained on; for labels that it does not
        know, or none where it needs them; for noisy data without clean partners, where it was trained on pairs.
    RunError
        For a folder that is no finished run, or data that were an array and are not given.
    """
    _must_be_baselines(baselines)
    fitted = run if isinstance(run, FittedModel) else _opened(run).fitted
    spec = fitted.spec
    dataset = (
        original_data(spec, None)
        if data is None
        else load_data(data, y, clean=clean, condition=condition, like=spec, is_new=False)
    )
    if dataset is None:
        raise RunError(runs.lacks_data(fitted.name))
    if data is None and dataset.fingerprint != spec.fingerprint:
        raise DataError(
            f"{dataset.name}: expected the data that {fitted.name} was trained on. Found others; give data, to"
            " measure it on them."
        )
    fitted.must_fit(dataset)
    train, test = (dataset.spec.counts[split] for split in ("train", "test"))
    if train == 1 or not test:
        raise DataError(
            f"{dataset.name}: expected an example of the test set to measure on, and of the training set several or"
            f" none. Found {test} and {train}."
        )
    if spec.paired and dataset.clean is None:
        raise DataError(
            f"{dataset.name}: expected clean partners too, since {fitted.name} was trained on pairs. Found none; give"
            f" {option('clean')}."
        )
    return runs.evaluate(fitted, fitted.labelled_alike(dataset), baselines).metrics


def inspect(data: Data = "mnist-10k", *, progress: bool | Reporter = False, **reading: Any) -> dict[str, Any]:
    """What is in data, what usually spoils a model, and what training would cost; nothing is kept.

    Parameters
    ----------
    data, **reading
        See `gargalo.load_data`.
    progress : bool or Reporter
        See `train`.

    Returns
    -------
    dict
        What `gargalo.data.describe.describe` finds; and ``fault`` (why the data cannot be trained on, or None); else
        ``cost`` and ``suggestion``, or None. The cost is that of a VAE, of a denoising autoencoder for pairs, or of a
        conditional VAE where there are conditions: ``megabytes``, and ``seconds`` from the beginning to the end, which
        are those of ``training``, ``measuring`` and, once for these data, the reference ``classifier``.

    Raises
    ------
    DataError
        For data that cannot be read.
    """
    from .data.describe import describe

    dataset = load_data(data, progress=progress, **reading)
    return describe(dataset) | forecast(dataset)


def forecast(dataset: Dataset) -> dict[str, Any]:
    """What training on data would cost, and with which choices it would go; nothing is kept.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    dict
        ``fault``, ``cost`` and ``suggestion``, as `inspect` tells them; a cost of more than 2 GB has no ``seconds``.
    """
    from .runs.fit import memory

    found: dict[str, Any] = {"fault": None, "cost": None, "suggestion": None}
    try:
        dataset.check_trainable()
    except DataError as error:
        return found | {"fault": error}
    model = "denoising" if dataset.clean is not None else "vae" if dataset.conditions is None else "cvae"
    recipe = recipes.make(dataset.spec, model)
    job = TrainingJob(recipe, dataset)
    needs = memory(job)
    megabytes = -(-sum(needs.values()) // 10**6)
    try:
        check_memory(needs)
    except GargaloError as error:
        return found | {"fault": error}
    found["suggestion"] = {
        "model": recipe.model,
        "net": recipe.network,
        "latent_dim": recipe.latent_dim,
        "epochs": recipe.training.epochs,
    }
    if megabytes > MOST_TRIED:  # to try how long a step takes would take as much memory
        return found | {"cost": {"megabytes": megabytes}}
    costs = budget.Costs(Baselines(dataset))
    seconds = {
        "training": costs.epoch(job) * recipe.training.epochs,
        "measuring": costs.after_training(job),
        "classifier": costs.reference(job),
    }
    seconds = {"seconds": sum(seconds.values())} | seconds
    found["cost"] = {"megabytes": megabytes} | {name: round(value, 1) for name, value in seconds.items()}
    return found


def demo(
    out: str | Path | None = None, lang: str | None = None, progress: bool | Reporter = True
) -> tuple[Path, list[Run]]:
    """The lesson's whole story on the embedded digits: seven models and one report.

    Parameters
    ----------
    out : path or None
        A new folder; None takes the next `runs/demo-N`.
    lang : str or None
        Of the report, and of what is told on the way: "pt" or "en"; None is that of the system.
    progress : bool or Reporter
        See `train`.

    Returns
    -------
    Path
        The report.
    list of Run
        The runs that it tells of.

    Raises
    ------
    ParameterError
        For an unknown language, or a folder that holds something.
    """
    from .lang import words

    check_types(out=out)
    words(lang)  # an unknown language is told now, not after the training
    reporter = reporter_for(progress, lang)
    folder = new_folder(Path(out) if out else next_numbered(Path("runs"), "demo"), "a new folder for the demo")
    dataset = load_data("mnist-10k")
    baselines = Baselines(dataset, reporter)
    # The lesson's networks. With SiLU an autoencoder's draws from N(0, I) reach three times as many digits.
    # Twelve epochs tell the story as twenty do, in little more than half the time.
    lesson: dict[str, Any] = {"activation": "relu", "epochs": 12}
    plans: list[tuple[str, str, dict[str, Any]]] = [
        ("classifier", "classifier", lesson),
        ("autoencoder", "autoencoder", lesson),
        ("vae", "vae", lesson),
        ("autoencoder-2d", "autoencoder", {"latent_dim": 2} | lesson),
        ("vae-2d", "vae", {"latent_dim": 2} | lesson),
        ("denoising", "denoising", {"epochs": 15}),
        ("denoising-narrow", "denoising", {"widths": (128, 64), "lr": 6e-3, "epochs": 15}),
    ]
    trained = [
        train(dataset, model, out=folder / name, progress=reporter, baselines=baselines, **choices)
        for name, model, choices in plans
    ]
    return report(trained, folder / "report.html", lang), trained


def report(runs: Runs, out: str | Path, lang: str | None = None) -> Path:
    """Write one self-contained HTML page about one or several runs, and its figures as PNG beside it.

    Parameters
    ----------
    runs
        Runs, or their folders; several are compared.
    out : path
        The page.
    lang : str or None
        "pt" or "en"; None is that of the system.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ParameterError
        For an unknown language, or a page that cannot be written there.
    RunError
        For a folder that is no finished run.
    """
    from .reports import write_report

    check_types(False, out=out)
    return write_report([_opened(run, "runs") for run in _several(runs)], Path(out), lang)


def publish(
    runs: Runs,
    out: str | Path,
    data: Data = None,
    *,
    y: np.ndarray | None = None,
    data_dir: str | Path | None = None,
    display: str | Path | None = None,
    points: int | None = None,
    thumbnails: bool = True,
    examples: bool = True,
    progress: bool | Reporter = True,
) -> Published:
    """Write runs on the same data as a folder of plain files, whose models run in the visitor's browser.

    Parameters
    ----------
    runs
        Runs, or their folders.
    out : path
        A folder that is not there yet, or empty.
    data, y, data_dir, display
        See `gargalo.load_data`. Needed only where the data were arrays, or have moved, or where another user or another
        machine made the first run, which no place is opened for that it names. Without them, the site shows the test
        examples that the runs keep.
    points : int or None
        Examples on the map, at most; without it 20,000, and fewer where latents are long.
    thumbnails, examples
        See `gargalo.explorer.Choices`.
    progress : bool or Reporter
        Tell on stderr how it goes; or the reporter that is told.

    Returns
    -------
    Published
        What became public, and what there is to know of it.

    Raises
    ------
    GargaloError
        For runs that do not share their data, data that they were not trained on, or a folder that holds something.
    """
    from . import explorer

    check_types(False, out=out)
    runs, reporter = _several(runs), reporter_for(progress)
    for run in runs:
        if isinstance(run, str | Path) and explorer.is_site(Path(run)):
            raise RunError(
                f"{run}: expected a run folder. Found a site; see it alone: gargalo explore {shlex.quote(str(run))}"
            )
    opened = [_opened(run, "runs") for run in runs]
    dataset, reference = None, None
    if opened and examples:
        dataset = _data_to_show(opened[0], data, y, data_dir, display)
        if dataset is None and not opened[0].is_made_here:
            reporter.line(f"gargalo: {reporter.say('progress.not_here', run=opened[0].folder)}")
        if dataset is not None and any(run.fitted.can("decode") for run in opened):
            reference = Baselines(dataset, reporter).reference
    choices = explorer.Choices(points, thumbnails, examples)
    return explorer.publish(opened, Path(out), dataset, reference, choices, reporter)


def explore(
    runs: Runs,
    *,
    port: int = 0,
    browser: bool = True,
    progress: bool | Reporter = True,
    **choices: Any,
) -> None:
    """Publish runs to a temporary folder and serve it to this machine alone, until Ctrl-C.

    Only the maps stay: each run keeps its own in `space/`, so that the next time nothing is computed.

    Parameters
    ----------
    runs
        Runs on the same data; or one folder that `publish` wrote, which is served as it is.
    port : int
        0 takes one that is free.
    browser : bool
        Open the page in the user's browser?
    progress : bool or Reporter
        Tell on stderr how it goes; or the reporter that is told.
    **choices
        As for `publish`.

    Raises
    ------
    GargaloError
        As for `publish`; for a port that is taken.
    """
    from . import explorer

    # Its address is told also where progress is not.
    address = reporter_for(progress or True)

    def ready(url: str) -> None:
        address.line(f"{url}  (Ctrl-C ends it)")
        if browser:
            import threading
            import webbrowser

            # Beside: some browsers are waited for, and the page is served only afterwards.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    for name in choices:
        if name not in (known := signature(publish).parameters):
            raise not_a_choice(name, known)
    runs = _several(runs)
    if not isinstance(port, int) or not 0 <= port < 2**16:
        raise must("port", "an int from 0 to 65535", port)
    if len(runs) == 1 and isinstance(runs[0], str | Path) and explorer.is_site(Path(runs[0])):
        explorer.check_site(Path(runs[0]))
        explorer.serve(Path(runs[0]), port, ready)
        return
    with tempfile.TemporaryDirectory(prefix="gargalo-") as place:
        site = publish(runs, Path(place) / "site", progress=progress, **choices)
        explorer.serve(site.folder, port, ready)


def _opened(run: Run | str | Path, parameter: str = "run") -> Run:
    """A run, opened if only its folder was given as `parameter`."""
    if not isinstance(run, Run | str | Path) or run == "":
        raise must(parameter, "a run, its folder, or 'last'", run)
    return run if isinstance(run, Run) else open_run(run)


def _must_be_baselines(baselines: object) -> None:
    """Refuse what is measured against only after the training."""
    if not isinstance(baselines, Baselines | None):
        raise must("baselines", "a gargalo.runs.Baselines", baselines)


def _arguments() -> list[str]:
    """What else `train` may be given, for who mistypes one of them."""
    return [*Reading.model_fields, *(name for name in signature(train).parameters if name != "choices")]


def _several(runs: Runs) -> list[Run | str | Path]:
    """Several runs, or the only one."""
    return list(runs) if isinstance(runs, Iterable) and not isinstance(runs, str) else [runs]


def _data_to_show(
    run: Run, data: Data, y: np.ndarray | None, data_dir: str | Path | None, display: str | Path | None
) -> Dataset | None:
    """The data of a run, where they are still to be had; others are refused where they were given."""
    try:
        dataset = original_data(run.recipe.data, data, y, data_dir, display)
    except DataError:
        if data is not None or display is not None:
            raise
        return None
    if dataset is None:
        return None
    spec = run.recipe.data
    if dataset.fingerprint != spec.fingerprint:
        if data is not None:
            raise DataError(
                f"{dataset.name}: expected the data that {run.folder} was trained on. Found others;"
                " leave them out to publish the examples that the run keeps."
            )
        return None
    pictures = dataset.display
    if display is not None or spec.shown is None or pictures is None or pictures.fingerprint == spec.shown:
        return dataset
    return None  # other pictures than those of the training are shown where somebody names them


def _as_there(
    warm: Run, dataset: Dataset, model: str | type[LatentModel] | None, choices: dict[str, Any]
) -> tuple[str | type[LatentModel], dict[str, Any]]:
    """Model and choices of a warm start: what is not chosen is as in the run that it starts from."""
    there = warm.recipe
    here, other = dataset.spec.raw_shape, there.data.raw_shape
    if here != other:
        raise RunError(
            f"{warm.folder}: expected a run on examples of shape {here}, as those of {dataset.name} are, to start from"
            f" it. Found {other}."
        )
    model = model or warm.custom.model or there.model
    name = recipes.model_name(model)
    if (MODELS[name] if isinstance(model, str) else model).is_solved:
        raise must("start", f"left out for model {name}, which is solved at once", str(warm.folder))
    same = {"latent_dim": there.latent_dim, **there.net.model_dump()}
    if warm.custom.net:
        same["net"] = warm.custom.net
    if name == there.model:
        same |= {"likelihood": there.likelihood, **there.options}
    if dataset.spec.paired != there.data.paired:  # noise that is added belongs to what has no clean partners
        same = {name: value for name, value in same.items() if name not in ("noise", "strength")}
    return model, same | {name: value for name, value in choices.items() if value is not None}
