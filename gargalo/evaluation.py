"""A run measured on the test part of its data, beside PCA and the raw numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch

from . import latent, metrics, training
from .data import Source
from .errors import GargaloWarning
from .parts import as_data, probe_rows
from .run import Run

__all__ = ["coverage", "measure"]

# Found once for each data set in a process, by its fingerprint: the same for every run on it.
_raw_knn: dict[str, float] = {}


def measure(run: Run, source: Source, judge: Callable[[], Run | None]) -> dict[str, float | None]:
    """Measure a run on the test part of its data.

    Parameters
    ----------
    judge : function
        Asked, for a model that decodes, for a supervised encoder in whose latents coverage is measured.

    Returns
    -------
    dict
        As far as they apply to the model and the data: ``test_loss`` and its terms, ``test_mse``,
        ``test_accuracy``, ``knn_accuracy``, ``linear_accuracy``, some of them beside PCA's (``pca_…``) and the raw
        numbers' (``raw_…``), ``active_units``, ``psnr_noisy``, ``psnr_denoised``, ``coverage``,
        ``coverage_gmm``. The mixture, and PCA's view of the kept examples, are kept in the run on the way.
    """
    train_rows, test_rows = probe_rows(source, "train"), probe_rows(source, "test")
    test, can = source.x[test_rows], run.model.can
    everything = as_data(source, source.rows("test"))
    losses = training.evaluate(run.model, run.codec, everything, run.recipe.training.seed)
    found: dict[str, float | None] = {f"test_{name}": round(value, 6) for name, value in losses.items()}
    z_train, z = run.encode(source.x[train_rows]), run.encode(test)
    if source.y is not None and len(source.class_names or ()) > 1:
        labelled = (z_train, source.y[train_rows], z, source.y[test_rows])
        found["knn_accuracy"] = round(metrics.knn_accuracy(*labelled), 4)
        found["linear_accuracy"] = round(metrics.linear_accuracy(*labelled), 4)
    if "reconstruct" in can:
        x, known = _model_space(run, test), _known(run, test)
        y = source.labels(test_rows) if run.model.is_conditional else None
        found["test_mse"] = round(metrics.mse(x, _reconstructed(run, test, y), known), 6)
        found |= _beside_pca(run, source, x, known)
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
        # The fifth neighbour of a real example must be another than itself.
        if len(run.examples.x) > 5 and (seer := judge()) is not None:
            found["coverage"] = round(coverage(run, seer, "normal"), 4)
            found["coverage_gmm"] = round(coverage(run, seer, "gmm"), 4)
    return found


def _beside_pca(run: Run, source: Source, x: np.ndarray, known: np.ndarray | None) -> dict[str, float | None]:
    """The same figures for PCA of the same size, and for the raw numbers; keeps PCA's view of the examples."""
    train_rows, test_rows = probe_rows(source, "train"), probe_rows(source, "test")
    x_train = _model_space(run, source.x[train_rows])
    pca = metrics.pca_baseline(x_train, x, run.recipe.latent_dim)
    kept = len(run.examples.x)  # the first of these rows
    back = run.codec.invert(torch.from_numpy(pca.back[:kept])).numpy()
    run.keep("pca", {"z": pca.z_test[:kept].astype(np.float32), "back": back}, {})
    found: dict[str, float | None] = {"pca_mse": round(metrics.mse(x, pca.back, known), 6)}
    if source.y is not None and len(source.class_names or ()) > 1:
        y_train, y = source.y[train_rows], source.y[test_rows]
        found["pca_knn_accuracy"] = round(metrics.knn_accuracy(pca.z_train, y_train, pca.z_test, y), 4)
        found["pca_linear_accuracy"] = round(metrics.linear_accuracy(pca.z_train, y_train, pca.z_test, y), 4)
        if source.fingerprint not in _raw_knn:
            flat_train, flat = (part.reshape(len(part), -1) for part in (x_train, x))
            _raw_knn[source.fingerprint] = round(metrics.knn_accuracy(flat_train, y_train, flat, y), 4)
        found["raw_knn_accuracy"] = _raw_knn[source.fingerprint]
    return found


def coverage(run: Run, judge: Run, prior: str) -> float:
    """Coverage of the kept test examples by as many samples, in the judge's latents; the mean over five draws.

    See `gargalo.metrics.coverage`.
    """
    real = run.examples.x
    seen = judge.encode(real)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GargaloWarning)  # samples may be far from all data
        draws = [judge.encode(run.sample(len(real), prior, seed)) for seed in range(5)]
    return float(np.mean([metrics.coverage(seen, samples) for samples in draws]))


def _model_space(run: Run, raw: np.ndarray) -> np.ndarray:
    """Raw examples as the model sees them, float32."""
    return run.codec(torch.from_numpy(np.ascontiguousarray(raw))).numpy()


def _known(run: Run, raw: np.ndarray) -> np.ndarray | None:
    """Where values of x were observed, (n, *x_shape); None where all are."""
    mask = run.codec.mask(torch.from_numpy(np.ascontiguousarray(raw)))
    return None if mask is None else mask.numpy()


@torch.inference_mode()
def _reconstructed(run: Run, raw: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
    """Reconstructions in model space, before they are rounded to bytes; labels (n,) where they are a condition."""
    found, one_hot = [], torch.eye(run.model.classes)
    for rows in torch.arange(len(raw)).split(run.codec.rows_at_once):
        x = run.codec(torch.from_numpy(raw[rows]))
        found.append(run.model.reconstruct(x, None if y is None else one_hot[y[rows]]).numpy())
    return np.concatenate(found)
