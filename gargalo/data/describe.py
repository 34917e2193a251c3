"""Looking at data before anything is trained: what is there, and what usually spoils a model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dataset import Dataset
from .splits import TEST, TRAIN, copies

__all__ = ["describe"]

FEW = 1000
"""Training examples below which a latent space is more rote than shape."""
UNEVEN = 10
"""How many times as frequent the commonest label may be as the rarest."""
FAR = 20
"""Standard deviations from the mean beyond which a number is more likely a mistake."""
NEAR_PIXELS, NEAR_NUMBERS = 0.02, 0.01
"""Root mean square difference, of pixels in [0, 1] or of standardised numbers, of what is nearly a copy."""
NEAR_ROWS = (2_000, 20_000)
"""Test and training examples, at most, that are looked at for near copies."""
LEAST_NUMBERS = 16
"""In fewer, strangers are often close."""
SIDE = 16
"""Pixels to a side of the pictures that are compared for it."""


def describe(dataset: Dataset) -> dict[str, Any]:
    """Tell what is known of a dataset, as plain values; nothing is trained for it.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    dict
        ``name``, ``kind`` (of `gargalo.data.modalities`), ``examples``, ``shape``, ``dtype``, ``range``,
        ``splits``, ``labels`` (name -> how many, or None), ``columns`` (None for pictures), ``did`` (what the
        reader did), ``skipped``, ``copies``, ``near_copies`` (between training and test), ``warnings``.
    """
    x = dataset.x
    labels = None
    if dataset.y is not None:
        counts = np.bincount(dataset.y, minlength=len(dataset.class_names or ()))
        labels = dict(zip(dataset.class_names or (), map(int, counts), strict=True))
    alike = copies(x)
    found: dict[str, Any] = {
        "name": dataset.name,
        "kind": dataset.kind,
        "examples": len(dataset),
        "shape": list(x.shape[1:]),
        "dtype": str(x.dtype),
        "range": [float(np.nanmin(x)), float(np.nanmax(x))],
        "splits": dataset.spec.counts,
        "labels": labels,
        "columns": None if dataset.spec.modality.axes else _columns(dataset),
        "did": [note.model_dump() for note in dataset.notes],
        "skipped": [list(pair) for pair in dataset.skipped],
        "copies": int((alike != np.arange(len(alike))).sum()),
        "near_copies": _near_copies(dataset),
    }
    found["warnings"] = [{"key": key, **values} for key, values in _warnings(dataset, found, alike)]
    return found


def _columns(dataset: Dataset) -> list[dict[str, Any]]:
    """Each column: its name, kind, how many values are missing, and how its numbers or names are spread."""
    known = dataset.columns
    described = []
    for i in range(dataset.x.shape[1]):
        values = dataset.x[:, i].astype(np.float64)
        there = values[~np.isnan(values)]
        column: dict[str, Any] = {
            "name": known[i].name if known else str(i),
            "kind": known[i].kind if known else "number",
            "missing": len(values) - len(there),
        }
        if known and known[i].kind == "category":
            counts = np.bincount(there.astype(int), minlength=len(known[i].categories))
            column["names"] = dict(zip(known[i].categories, map(int, counts), strict=True))
        elif len(there):
            shown = {"min": there.min(), "mean": there.mean(), "max": there.max(), "stddev": there.std()}
            column |= {name: float(f"{value:.6g}") for name, value in shown.items()}
        described.append(column)
    return described


def _warnings(dataset: Dataset, found: dict[str, Any], alike: np.ndarray) -> list[tuple[str, dict[str, Any]]]:
    """What usually spoils a model, as keys of `lang` and their values."""
    x, labels, told = dataset.x, found["labels"], []
    low, high = found["range"]
    if found["splits"]["train"] < FEW:
        told.append(("few", {"n": found["splits"]["train"]}))
    is_unscaled = dataset.spec.modality.axes > 0 and dataset.spec.ranges is None
    if is_unscaled and (high - low) < (64 if x.dtype == np.uint8 else 0.25):
        told.append(("flat", {"low": f"{low:g}", "high": f"{high:g}"}))
    if labels is not None:
        there = {name: n for name, n in labels.items() if n}
        most, least = (pick(there, key=lambda name: there[name]) for pick in (max, min))
        if len(there) == 1:
            told.append(("one_label", {"label": most}))
        elif there[most] >= UNEVEN * there[least]:
            told.append(("uneven", {"most": most, "n": there[most], "least": least, "m": there[least]}))
        alone = [name for name, n in there.items() if n == 1]
        if alone:
            told.append(("alone", {"n": len(alone), "labels": ", ".join(alone[:5])}))
    both = np.intersect1d(alike[dataset.split == TRAIN], alike[dataset.split == TEST])
    if len(both):
        told.append(("leak", {"n": len(both)}))
    if found["near_copies"]:
        told.append(("near", {"n": found["near_copies"]}))
    for column in found["columns"] or ():
        if column.get("stddev"):
            far = max(column["max"] - column["mean"], column["mean"] - column["min"]) / column["stddev"]
            if far > FAR:
                told.append(("far", {"column": column["name"], "n": round(far)}))
    likely = [c["name"] for c in found["columns"] or () if c["name"].lower() in ("label", "class", "target", "y")]
    if labels is None and likely:
        told.append(("likely_label", {"column": likely[0]}))
    return told


def _near_copies(dataset: Dataset) -> int:
    """Test examples that are nearly one of the training examples, and not exactly; of those that are looked at."""
    from sklearn.neighbors import NearestNeighbors

    draws = np.random.default_rng(0)
    chosen = []
    for split, most in zip(("test", "train"), NEAR_ROWS, strict=True):
        chosen.append(np.sort(draws.permutation(dataset.rows(split))[:most]))
    if min(map(len, chosen)) < 1 or dataset.spec.size < LEAST_NUMBERS:
        return 0
    seen = [_small(dataset.look(rows)) for rows in chosen]
    is_image = dataset.spec.modality.axes > 0
    if not is_image:
        spread = np.nanstd(seen[1], axis=0)
        spread[spread == 0] = 1
        seen = [np.nan_to_num((part - np.nanmean(seen[1], axis=0)) / spread) for part in seen]
    near = NearestNeighbors(n_neighbors=1).fit(seen[1])
    distance = near.kneighbors(seen[0])[0][:, 0] / math.sqrt(seen[0].shape[1])
    return int(((distance < (NEAR_PIXELS if is_image else NEAR_NUMBERS)) & (distance > 1e-6)).sum())


def _small(x: np.ndarray) -> np.ndarray:
    """Pictures as few grey pixels in [0, 1], (n, at most SIDE * SIDE); rows of numbers as they are."""
    if x.ndim == 2:
        return x.astype(np.float32)
    grey = x.reshape(*x.shape[:3], -1).mean(axis=3, dtype=np.float32) / (255 if x.dtype == np.uint8 else 1)
    for axis in (1, 2):
        size = grey.shape[axis]
        if size > SIDE:
            grey = np.add.reduceat(grey, np.arange(SIDE) * size // SIDE, axis=axis) * (SIDE / size)
    return grey.reshape(len(x), -1)
