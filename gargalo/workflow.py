"""What the command line, notebooks and the Python API call: train, resume, demo, report, publish, explore."""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from . import budget, recipe, training
from .core import LatentModel
from .data import Reading, Source, load_data
from .errors import DataError, RunError, must
from .files import check_writable, new_folder, next_numbered
from .output import tell_notes
from .recipe import NOTHING, Own, Recipe
from .run import Run, open_run
from .run_folder import find_unfinished, read_recipe
from .trainer import carry_out, check, differences, is_finished, judge_for, must_agree, own_data, rehearse

if TYPE_CHECKING:
    from .explorer import Published

__all__ = ["demo", "explore", "publish", "report", "resume", "train"]


def train(
    data: str | Path | np.ndarray | Source = "mnist-10k",
    model: str | type[LatentModel] | None = None,
    *,
    y: np.ndarray | None = None,
    data_dir: str | Path | None = None,
    reading: Mapping[str, Any] | None = None,
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
    reading : dict or None
        How what is read becomes examples: the other choices of `gargalo.load_data`, by name; they may as well be
        given as keywords of their own, such as label="species".
    model : str, subclass of LatentModel, or None
        A name from `gargalo.models.MODELS` or a short one; an objective of one's own; "autoencoder" if not given,
        or that of `start`.
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
        Any choice of the recipe by name, such as latent_dim, epochs, lr, seed, net, widths, noise, strength. `net`
        may be a pair of modules, an encoder and a decoder.

    Returns
    -------
    Run
        Trained and evaluated.

    Raises
    ------
    GargaloError
        For data, a choice or a folder that cannot be; for a loss that is no longer a number.
    Stopped
        After SIGINT, SIGTERM or SIGHUP, with a checkpoint saved.
    """
    began = time.perf_counter()
    reading = {
        **(reading or {}),
        **{name: choices.pop(name) for name in Reading.model_fields.keys() & choices.keys()},
    }
    recipe.model_name(model or "autoencoder")  # a wrong name is told before data are read
    if resume and out is None:
        raise must("out", "train", "the run's folder, for what is to be resumed", out)
    if minutes is not None and not 0 < minutes <= budget.MOST_MINUTES:
        raise must("minutes", "train", f"a number above 0 and up to {budget.MOST_MINUTES}", minutes)
    source = load_data(data, y, data_dir=data_dir, progress=progress, **reading)
    if progress:
        tell_notes(source)
    source.check_trainable()
    warm = None if start is None else start if isinstance(start, Run) else open_run(start)
    if warm is not None:
        model, choices = _as_there(warm, model, choices)
    plan = recipe.make(source.facts, model or "autoencoder", preset, choices)
    if warm is not None and plan.kind.is_solved:
        raise must("start", "train", f"left out for model {plan.model}, which is solved at once", str(start))
    plan = plan.model_copy(update={"warm_start": warm and warm.key})
    team = training.launch(device, devices, num_nodes, plan.training.precision)
    if progress and team.rank == 0 and choices.get("net") in (None, "auto"):
        print(f"{plan.model}: network {plan.network} (--net auto, for {plan.why_network})", file=sys.stderr)
    if minutes is not None and team.size > 1:
        raise must("minutes", "train", "left out where several processes train", minutes)
    # Rank 0 looks: another process might see what it has written since.
    if resume and team.first(lambda: (Path(str(out)) / "recipe.json").is_file()):
        return _go_on(Path(str(out)), source, team, progress, save_every, warm, (plan, minutes, choices))
    check(plan, source, team, warm)
    root, stem = Path("runs"), f"{Path(source.name).stem}-{plan.model.removeprefix(recipe.OWN)}"
    check_writable(Path(out) if out else root)
    until = math.inf
    if minutes is not None:
        plan, until = budget.fit_into(
            minutes, plan, source, choices, began, lambda plan: rehearse(plan, source, progress)
        )
        if progress:
            widths, epochs = ",".join(map(str, plan.net.widths)), plan.training.epochs
            told = f"{epochs} epochs of widths {widths} fit into {minutes:g} minutes"
            print(f"{plan.model}: {told}", file=sys.stderr)
    folder = Path(out) if out else team.first(lambda: next_numbered(root, stem))
    return carry_out(
        folder, plan, source, team, is_new=True, progress=progress, save_every=save_every, warm=warm, until=until
    )


def resume(
    run: str | Path,
    data: str | Path | np.ndarray | Source | None = None,
    *,
    y: np.ndarray | None = None,
    data_dir: str | Path | None = None,
    model: type[LatentModel] | None = None,
    net: tuple[nn.Module, nn.Module] | None = None,
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
    model, net
        See `gargalo.open_run`.

    Raises
    ------
    GargaloError
        For other data than the run began with, or a folder that another process holds.
    """
    folder = find_unfinished(Path("runs")) if str(run) == "last" else Path(run)
    plan = read_recipe(folder, Own(model, net))
    team = training.launch(device, devices, num_nodes, plan.training.precision)
    if is_finished(folder):
        return Run(folder, own=plan.own)
    if data is None and plan.data.origin is None:
        raise RunError(f"{folder}: expected the data that it was trained on, an array; give them as well.")
    try:
        source = own_data(plan, data, y, data_dir)
        assert source is not None
    except DataError as error:
        hint = f" If the data have moved: gargalo resume {folder} SRC" if data is None else ""
        raise DataError(f"{error}{hint}") from None
    return _go_on(folder, source, team, progress, save_every, own=plan.own)


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
    # The lesson's networks. With SiLU an autoencoder's draws from N(0, I) reach three times as many digits.
    relu = {"activation": "relu"}
    plans: list[tuple[str, str, dict[str, Any]]] = [
        ("classifier", "classifier", relu),
        ("autoencoder", "autoencoder", relu),
        ("vae", "vae", relu),
        ("autoencoder-2d", "autoencoder", {"latent_dim": 2} | relu),
        ("vae-2d", "vae", {"latent_dim": 2} | relu),
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


def publish(
    runs: Iterable[Run | str | Path],
    out: str | Path,
    data: str | Path | np.ndarray | Source | None = None,
    *,
    y: np.ndarray | None = None,
    data_dir: str | Path | None = None,
    points: int | None = None,
    thumbnails: bool = True,
    examples: bool = True,
    progress: bool = True,
) -> Published:
    """Write runs on the same data as a folder of plain files, whose models run in the visitor's browser.

    Parameters
    ----------
    out : path
        A folder that is not there yet, or empty.
    data, y, data_dir
        See `gargalo.load_data`. Needed only where the data were arrays, or have moved; without them, the site
        shows the test examples that the runs keep.
    points : int or None
        Examples on the map, at most; without it 20,000, and fewer where latents are long.
    thumbnails, examples
        See `gargalo.explorer.publish`.

    Returns
    -------
    Published
        What became public, and what there is to know of it.
    """
    from . import explorer

    runs = list(runs)
    for run in runs:
        if not isinstance(run, Run) and explorer.is_site(Path(run)):
            raise RunError(f"{run}: expected a run folder. Found a site; see it alone: gargalo explore {run}")
    opened = [run if isinstance(run, Run) else open_run(run) for run in runs]
    source, judge = None, None
    if opened and examples:
        plan = opened[0].recipe
        try:
            source = own_data(plan, data, y, data_dir)
        except DataError:
            if data is not None:
                raise
        if source is not None and source.fingerprint != plan.data.fingerprint:
            if data is not None:
                raise DataError(
                    f"{source.name}: expected the data that {opened[0].folder} was trained on. Found others;"
                    " leave them out to publish the examples that the run keeps."
                )
            source = None
        if source is not None and any("decode" in run.model.can for run in opened):
            judge = judge_for(source, progress)
    return explorer.publish(
        opened, Path(out), source, judge, points=points, thumbnails=thumbnails,
        examples=examples, progress=progress,
    )  # fmt: skip


def explore(
    runs: Iterable[Run | str | Path],
    *,
    port: int = 0,
    browser: bool = True,
    progress: bool = True,
    **choices: Any,
) -> None:
    """Publish runs to a temporary folder and serve it to this machine alone, until Ctrl-C; nothing stays.

    Nothing but the maps, which each run keeps in its `space/`, so that the next time nothing is computed.

    Parameters
    ----------
    runs
        Runs on the same data; or one folder that `publish` wrote, which is served as it is.
    port : int
        0 takes one that is free.
    browser : bool
        Open the page in the user's browser?
    **choices
        As for `publish`.
    """
    from . import explorer

    def ready(url: str) -> None:
        print(f"{url}  (Ctrl-C ends it)", file=sys.stderr, flush=True)
        if browser:
            import threading
            import webbrowser

            # Beside: some browsers are waited for, and the page is served only afterwards.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    runs = list(runs)
    if not isinstance(port, int) or not 0 <= port < 2**16:
        raise must("port", "explore", "an int from 0 to 65535", port)
    if len(runs) == 1 and not isinstance(runs[0], Run) and explorer.is_site(Path(runs[0])):
        explorer.check_site(Path(runs[0]))
        explorer.serve(Path(runs[0]), port, ready)
        return
    with tempfile.TemporaryDirectory(prefix="gargalo-") as place:
        site = publish(runs, Path(place) / "site", progress=progress, **choices)
        explorer.serve(site.folder, port, ready)


def _go_on(
    folder: Path,
    source: Source,
    team: training.Team,
    progress: bool,
    save_every: float,
    warm: Run | None = None,
    asked: tuple[Recipe, float | None, dict[str, Any]] | None = None,
    own: Own = NOTHING,
) -> Run:
    """Resume a run on its own data and, where one is `asked` for, its own recipe; or open it if it is finished."""
    plan = read_recipe(folder, asked[0].own if asked else own)
    if asked:
        _must_be_asked(folder, plan, *asked)
    if source.fingerprint != plan.data.fingerprint:
        there, here = (facts.model_dump(exclude={"origin"}) for facts in (plan.data, source.facts))
        other = differences(there, here)
        raise RunError(f"{folder}: expected the data that it was begun with. Found other {other}.")
    if (now := recipe.versions()) != plan.versions and not is_finished(folder):
        other = differences(plan.versions, now)
        print(f"gargalo: {folder}: begun with other {other}; it goes on, but bits may differ", file=sys.stderr)
    if is_finished(folder) and not (folder / "checkpoints").exists():
        return Run(folder, own=plan.own)
    check(plan, source, team)
    return carry_out(folder, plan, source, team, is_new=False, progress=progress, save_every=save_every, warm=warm)


def _must_be_asked(
    folder: Path, there: Recipe, here: Recipe, minutes: float | None, choices: dict[str, Any]
) -> None:
    """Refuse to go on with another recipe than is asked for."""
    plans = [plan.model_dump(mode="json", exclude={"versions", "data"}) for plan in (there, here)]
    if minutes is not None:
        # What the probe chose then is not chosen again.
        plans[1]["minutes"] = minutes
        for name in {"widths", "epochs", "lr"} - choices.keys():
            plans[1][recipe.CHOICES[name]][name] = plans[0][recipe.CHOICES[name]][name]
    must_agree(folder, *plans)


def _as_there(
    warm: Run, model: str | type[LatentModel] | None, choices: dict[str, Any]
) -> tuple[str | type[LatentModel], dict[str, Any]]:
    """Model and choices of a warm start: what is not chosen is as in the run that it starts from."""
    there = warm.recipe
    model = model or there.own.model or there.model
    same = {"latent_dim": there.latent_dim, **there.net.model_dump()}
    if there.own.net:
        same["net"] = there.own.net
    if recipe.model_name(model) == there.model:
        same |= {"likelihood": there.likelihood, **there.options}
    return model, same | {name: value for name, value in choices.items() if value is not None}
