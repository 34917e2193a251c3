"""What the command line, notebooks and the Python API call: train, evaluate, demo, report."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import torch

from . import latent, metrics, recipe, training
from .data import Source, load_data
from .errors import GargaloError
from .files import cannot_write, check_writable, new_folder, next_numbered, write_tensors, write_whole
from .run import Run, open_run
from .weights import save_weights

__all__ = ["demo", "evaluate", "judge_for", "report", "train"]

KEPT_EXAMPLES = 1000
PROBE_ROWS = 10_000

# Found once for each data set in a process, by its fingerprint: the same for every run on it.
_raw_knn: dict[str, float] = {}
_judges: dict[str, Run] = {}


def train(
    data: str | Path | np.ndarray | Source = "mnist-10k",
    model: str = "autoencoder",
    *,
    y: np.ndarray | None = None,
    data_dir: str | Path | None = None,
    preset: str | None = None,
    out: str | Path | None = None,
    progress: bool = True,
    **choices: Any,
) -> Run:
    """Train a model on data and keep it in a new run folder.

    Parameters
    ----------
    data, y, data_dir
        See `gargalo.load_data`.
    model : str
        "classifier", "autoencoder", "denoising", "vae", or a short name.
    preset : "lesson" or None
        The notebook's own recipe, to compare with.
    out : path or None
        A folder that is not there yet, or empty; without one, `runs/<data>-<model>-001` and on.
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
        For data, a choice or a folder that cannot be.
    """
    source = load_data(data, y, data_dir=data_dir)
    source.check_trainable()
    plan = recipe.make(source.facts, model, preset, choices)
    stem = f"{Path(source.name).stem}-{plan.model}"
    folder = new_folder(Path(out) if out else next_numbered(Path("runs"), stem), "a new run folder")
    write_whole(folder / "recipe.json", plan.model_dump_json(indent=1))

    fitted, held = _training_rows(source, plan.training)
    codec, net = recipe.build(plan, source.x[fitted])
    result = training.fit(
        net,
        codec,
        _resident(source, fitted),
        _resident(source, held) if len(held) else None,
        plan.training,
        training.progress(plan.model) if progress else None,
        on_epoch=lambda record: _append(folder / "history.jsonl", record),
    )
    save_weights(folder / "weights.safetensors", codec, net)
    _keep_examples(folder, source)
    run = Run(folder, finished=False)
    found = {
        "model": plan.model,
        "data": source.name,
        "latent_dim": plan.latent_dim,
        "epochs": plan.training.epochs,
        "seconds": round(result.seconds, 2),
        "best_epoch": result.best_epoch,
        "parameters": sum(p.numel() for p in net.parameters()),
    }
    found |= evaluate(run, source, progress=progress)
    # Last of all: a folder with this file is a finished run.
    write_whole(folder / "metrics.json", json.dumps(found, indent=1))
    return Run(folder)


def evaluate(
    run: Run, source: Source, judge: Run | None = None, progress: bool = False
) -> dict[str, float | None]:
    """Measure a run on the test part of its data.

    Parameters
    ----------
    judge : Run or None
        A supervised encoder in whose latents coverage is measured; without one, `judge_for(source)`.

    Returns
    -------
    dict
        As far as they apply to the model and the data: ``test_loss`` and its terms, ``test_mse``,
        ``test_accuracy``, ``knn_accuracy``, ``linear_accuracy``, some of them beside PCA's (``pca_…``) and the raw
        numbers' (``raw_…``), ``active_units``, ``psnr_noisy``, ``psnr_denoised``, ``coverage``,
        ``coverage_gmm``. The mixture, and PCA's view of the kept examples, are kept in the run on the way.
    """
    train_rows, test_rows = _probe_rows(source), source.rows("test")
    test, can = source.x[test_rows], run.model.can
    losses = training.evaluate(run.model, run.codec, _resident(source, test_rows), run.recipe.training.seed)
    found: dict[str, float | None] = {f"test_{name}": round(value, 6) for name, value in losses.items()}
    z_train, z = run.encode(source.x[train_rows]), run.encode(test)
    if source.y is not None and len(source.class_names or ()) > 1:
        labelled = (z_train, source.y[train_rows], z, source.y[test_rows])
        found["knn_accuracy"] = round(metrics.knn_accuracy(*labelled), 4)
        found["linear_accuracy"] = round(metrics.linear_accuracy(*labelled), 4)
    if "reconstruct" in can:
        x = _model_space(run, test)
        found["test_mse"] = round(metrics.mse(x, _reconstructed(run, test)), 6)
        found |= _beside_pca(run, source, x)
    if "denoise" in can and source.facts.is_image:
        x, spoiled = _model_space(run, test), run.corrupt(test)
        found["psnr_noisy"] = round(metrics.psnr(x, _model_space(run, spoiled)), 3)
        found["psnr_denoised"] = round(metrics.psnr(x, _reconstructed(run, spoiled)), 3)
    if "posterior" in can:
        # A unit is active if its mean moves with x: variance above 0.01 (Burda et al., arXiv:1509.00519).
        found["active_units"] = int((z.var(axis=0) > 0.01).sum())
    if "decode" in can:
        mixture = latent.fit_mixture(run.draw_latents(source.x[train_rows]))
        tensors = {"weights": mixture.weights, "means": mixture.means, "factors": mixture.factors}
        run.keep("prior-gmm", tensors, {})
        judge = judge or judge_for(source, progress)
        # The fifth neighbour of a real example must be another than itself.
        if judge is not None and len(run.examples.x) > 5:
            found["coverage"] = round(coverage(run, judge, "normal"), 4)
            found["coverage_gmm"] = round(coverage(run, judge, "gmm"), 4)
    return found


def _beside_pca(run: Run, source: Source, x: np.ndarray) -> dict[str, float | None]:
    """The same figures for PCA of the same size, and for the raw numbers; keeps PCA's view of the examples."""
    train_rows, test_rows = _probe_rows(source), source.rows("test")
    x_train = _model_space(run, source.x[train_rows])
    pca = metrics.pca_baseline(x_train, x, run.recipe.latent_dim)
    back = run.codec.invert(torch.from_numpy(pca.back[:KEPT_EXAMPLES])).numpy()
    run.keep("pca", {"z": pca.z_test[:KEPT_EXAMPLES].astype(np.float32), "back": back}, {})
    found: dict[str, float | None] = {"pca_mse": round(metrics.mse(x, pca.back), 6)}
    if source.y is not None and len(source.class_names or ()) > 1:
        y_train, y = source.y[train_rows], source.y[test_rows]
        found["pca_knn_accuracy"] = round(metrics.knn_accuracy(pca.z_train, y_train, pca.z_test, y), 4)
        found["pca_linear_accuracy"] = round(metrics.linear_accuracy(pca.z_train, y_train, pca.z_test, y), 4)
        if source.fingerprint not in _raw_knn:
            flat_train, flat = (part.reshape(len(part), -1) for part in (x_train, x))
            _raw_knn[source.fingerprint] = round(metrics.knn_accuracy(flat_train, y_train, flat, y), 4)
        found["raw_knn_accuracy"] = _raw_knn[source.fingerprint]
    return found


def _probe_rows(source: Source) -> np.ndarray:
    """At most PROBE_ROWS training rows by a fixed seed: the first ones of sorted data may be of one label."""
    rows = source.rows("train")
    return rows if len(rows) <= PROBE_ROWS else np.sort(np.random.default_rng(0).permutation(rows)[:PROBE_ROWS])


def coverage(run: Run, judge: Run, prior: str) -> float:
    """Coverage of the kept test examples by as many samples, in the judge's latents; the mean over five draws.

    See `gargalo.metrics.coverage`.
    """
    real = run.examples.x
    seen = judge.encode(real)
    draws = (judge.encode(run.sample(len(real), prior, seed)) for seed in range(5))
    return float(np.mean([metrics.coverage(seen, samples) for samples in draws]))


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
    plan = recipe.make(source.facts, "classifier", "lesson")
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
        judge = _train_judge(source, kept)
    return _judges.setdefault(source.fingerprint, judge)


def _train_judge(source: Source, kept: Path) -> Run:
    """Train it beside its place in the cache, and move it there when it is whole; without a cache, use it once."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        check_writable(kept.parent)
    except (GargaloError, OSError):
        judge = train(source, "classifier", preset="lesson", out=tempfile.mkdtemp(), progress=False)
        judge.model  # noqa: B018  loaded now: the folder is removed
        shutil.rmtree(judge.folder, ignore_errors=True)
        return judge
    judge = train(source, "classifier", preset="lesson", out=tempfile.mkdtemp(dir=kept.parent), progress=False)
    shutil.rmtree(kept, ignore_errors=True)
    judge.folder.replace(kept)
    return open_run(kept)


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


def _training_rows(source: Source, settings: training.TrainingSettings) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows held out: the data's own held part, else a share of the training part."""
    rows, held = source.rows("train"), source.rows("held")
    share = round(settings.held_out * len(rows))
    if len(held) or share == 0:
        return rows, held
    order = np.random.default_rng(settings.seed).permutation(rows)
    return np.sort(order[share:]), np.sort(order[:share])


def _resident(source: Source, rows: np.ndarray) -> training.Data:
    """These rows in memory, in their own dtype, with one-hot labels."""
    raw = torch.from_numpy(np.ascontiguousarray(source.x[rows]))
    if source.y is None or not source.class_names:
        return training.Data(raw)
    labels = torch.from_numpy(source.y[rows])
    return training.Data(raw, torch.nn.functional.one_hot(labels, len(source.class_names)).float())


def _keep_examples(folder: Path, source: Source) -> None:
    """The first test examples, raw, with labels and ids, kept in the run."""
    rows = source.rows("test")[:KEPT_EXAMPLES]
    tensors = {"x": np.asarray(source.x[rows])}
    if source.y is not None:
        tensors["y"] = source.y[rows]
    ids = json.dumps([source.ids[row] for row in rows])
    write_tensors(folder / "space" / "examples.safetensors", tensors, {"ids": ids})


def _model_space(run: Run, raw: np.ndarray) -> np.ndarray:
    """Raw examples as the model sees them, float32."""
    return run.codec(torch.from_numpy(np.ascontiguousarray(raw))).numpy()


@torch.inference_mode()
def _reconstructed(run: Run, raw: np.ndarray) -> np.ndarray:
    """Reconstructions in model space, before they are rounded to bytes."""
    slices = (torch.from_numpy(np.ascontiguousarray(raw[i : i + 4096])) for i in range(0, len(raw), 4096))
    return np.concatenate([run.model.reconstruct(run.codec(part)).numpy() for part in slices])


def _append(file: Path, record: dict[str, Any]) -> None:
    try:
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")
    except OSError as error:
        raise cannot_write(file, error) from None
