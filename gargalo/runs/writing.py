"""What a training leaves in its folder: weights, examples, what was fitted for them, and at last the metrics."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from .. import training
from ..data import Dataset
from ..fitted import FittedModel
from ..io.files import write_whole
from ..io.tables import write_table
from ..io.tensors import write_tensors
from ..io.weights import save_weights
from ..latent import PRIORS
from .evaluate import Baselines, Evaluation, evaluate
from .folder import keep, weights_key, write_metrics
from .job import TrainingJob
from .rows import kept_rows, probe_rows

__all__ = ["write_run"]


def write_run(
    job: TrainingJob,
    folder: Path,
    fitted: FittedModel,
    result: training.Result,
    baselines: Baselines | None = None,
) -> None:
    """Save a fitted model, keep examples, measure it, and so make a folder that has a recipe a finished run.

    Parameters
    ----------
    job : TrainingJob
        What was carried out.
    folder : Path
        The run's.
    fitted : FittedModel
        What came of it.
    result : training.Result
        How it went.
    baselines : Baselines or None
        What was measured of the dataset before.
    """
    dataset = job.dataset
    save_weights(folder / "weights.safetensors", fitted.codec, fitted.model)
    rows = kept_rows(dataset)
    examples = dataset.take(rows)
    _keep_examples(folder, examples)
    if dataset.skipped:
        paths, reasons = zip(*dataset.skipped, strict=True)
        write_table(folder / "skipped.csv", {"path": list(paths), "reason": list(reasons)})
    found = evaluate(fitted, dataset, baselines or Baselines(dataset, job.reporter))
    among = np.searchsorted(probe_rows(dataset, "test"), rows)
    priors = _keep_artefacts(folder, fitted, found, among)
    if found.columns is not None:
        write_whole(folder / "columns.json", found.columns.as_text())
    facts = {
        "model": job.recipe.model,
        "data": dataset.name,
        "latent_dim": job.recipe.latent_dim,
        "epochs": len(result.history),
        "seconds": round(result.seconds, 2),
        "best_epoch": result.best_epoch,
        "stopped": result.stopped,
        "parameters": sum(p.numel() for p in fitted.model.parameters()),
        "priors": priors,
    }
    # Last of all: a folder with this file is a finished run.
    write_metrics(folder / "metrics.json", facts, found.metrics)


def _keep_examples(folder: Path, examples: Dataset) -> None:
    """Keep test examples to look at and to measure on, raw, with labels and ids."""
    tensors = {"x": np.asarray(examples.x)}
    if examples.y is not None:
        tensors["y"] = examples.y
    if examples.clean is not None:
        tensors["clean"] = np.asarray(examples.clean)
    if examples.conditions is not None:
        tensors["conditions"] = examples.conditions.raw
    if examples.display is not None:
        tensors["display"] = np.asarray(examples.display[np.arange(len(examples))])
    write_tensors(folder / "space" / "examples.safetensors", tensors, {"ids": json.dumps(list(examples.ids))})


def _keep_artefacts(folder: Path, fitted: FittedModel, found: Evaluation, among: np.ndarray) -> list[str]:
    """Keep the priors that were fitted, whose names come back; and PCA's view of the kept examples.

    `among` (m,) says which these are of the test examples that were measured.
    """
    key = weights_key(folder)
    kept = []
    for name, prior in sorted(found.priors.items()):
        with PRIORS.guarded(name):
            keep(folder, key, f"prior-{name}", prior.arrays)
            kept.append(name)
    if found.spread is not None:
        keep(folder, key, "spread", {"spread": found.spread})
    if fitted.seen is not None:
        keep(folder, key, "conditions", {"seen": fitted.seen})
    if found.training is not None:
        keep(folder, key, "training", found.training)
    if found.pca is not None:
        back = fitted.codec.invert(torch.from_numpy(found.pca.back[among])).numpy()
        keep(folder, key, "pca", {"z": found.pca.z_test[among].astype(np.float32), "back": back})
    return kept
