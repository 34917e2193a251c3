"""Looking at data before anything is trained: what is there, what spoils a model, what training will cost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import budget, plots, recipe
from .data import Source
from .data.split import TEST, TRAIN, copies
from .errors import DataError
from .lang import Words

__all__ = ["contact_sheet", "describe", "inspect"]

FEW = 1000
"""Training examples below which a latent space is more rote than shape."""
UNEVEN = 10
"""How many times as frequent the commonest label may be as the rarest."""
FAR = 20
"""Standard deviations from the mean beyond which a number is more likely a mistake."""
NEAR = {"pictures": 0.02, "numbers": 0.01}
"""Root mean square difference, of pixels in [0, 1] or of standardised numbers, of what is nearly a copy."""
NEAR_ROWS = (2_000, 20_000)
"""Test and training examples, at most, that are looked at for near copies."""
LEAST_NUMBERS = 16
"""In fewer, strangers are often close."""
SIDE = 16
"""Pixels to a side of the pictures that are compared for it."""


def inspect(source: Source) -> dict[str, Any]:
    """What `describe` finds; and what training a VAE on it would take here, which a few steps of one tell.

    Returns
    -------
    dict
        Also ``fault`` (why the data cannot be trained on, or None); else ``cost`` and ``suggestion``, or None.
    """
    found = describe(source) | {"fault": None, "cost": None, "suggestion": None}
    try:
        source.check_trainable()
    except DataError as error:
        return found | {"fault": str(error)}
    plan = recipe.make(source.facts, "vae")
    needed = sum(budget.memory(plan, source).values())
    seconds = budget.seconds_of_epoch(plan, source) * plan.training.epochs
    found["cost"] = {"megabytes": math.ceil(needed / 1e6), "seconds": round(seconds, 1)}
    found["suggestion"] = {
        "net": plan.network,
        "latent_dim": plan.latent_dim,
        "epochs": plan.training.epochs,
    }
    return found


def describe(source: Source) -> dict[str, Any]:
    """What is known of a source, as plain values; nothing is trained for it.

    Returns
    -------
    dict
        ``name``, ``kind`` ("pictures", "table" or "numbers"), ``examples``, ``shape``, ``dtype``, ``range``,
        ``parts``, ``labels`` (name -> how many, or None), ``columns`` (None for pictures), ``did`` (what the
        reader did), ``skipped``, ``copies``, ``near_copies`` (between training and test), ``warnings``.
    """
    x = source.x
    kind = "pictures" if x.ndim > 2 else "table" if source.columns else "numbers"
    labels = None
    if source.y is not None:
        counts = np.bincount(source.y, minlength=len(source.class_names or ()))
        labels = dict(zip(source.class_names or (), map(int, counts), strict=True))
    alike = copies(x)
    found: dict[str, Any] = {
        "name": source.name,
        "kind": kind,
        "examples": len(source),
        "shape": list(x.shape[1:]),
        "dtype": str(x.dtype),
        "range": [float(np.nanmin(x)), float(np.nanmax(x))],
        "parts": source.facts.counts,
        "labels": labels,
        "columns": None if kind == "pictures" else _columns(source),
        "did": [note.model_dump() for note in source.notes],
        "skipped": [list(pair) for pair in source.skipped],
        "copies": int((alike != np.arange(len(alike))).sum()),
        "near_copies": _near_copies(source, kind),
    }
    found["warnings"] = [{"key": key, **values} for key, values in _warnings(source, found, alike)]
    return found


def _columns(source: Source) -> list[dict[str, Any]]:
    """Each column: its name, kind, how many values are missing, and how its numbers or names are spread."""
    known = source.columns
    described = []
    for i in range(source.x.shape[1]):
        values = source.x[:, i].astype(np.float64)
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


def _warnings(source: Source, found: dict[str, Any], alike: np.ndarray) -> list[tuple[str, dict[str, Any]]]:
    """What usually spoils a model, as keys of `lang` and their values."""
    x, labels, told = source.x, found["labels"], []
    low, high = found["range"]
    if found["parts"]["train"] < FEW:
        told.append(("few", {"n": found["parts"]["train"]}))
    if source.x.ndim > 2 and x.dtype == np.uint8 and high <= 1:
        told.append(("bits", {}))
    elif source.x.ndim > 2 and (high - low) < (64 if x.dtype == np.uint8 else 0.25):
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
    both = np.intersect1d(alike[source.split == TRAIN], alike[source.split == TEST])
    if len(both):
        told.append(("leak", {"n": len(both)}))
    if found["near_copies"]:
        told.append(("near", {"n": found["near_copies"]}))
    for column in found["columns"] or ():
        if "stddev" in column and column["stddev"] and found["kind"] != "pictures":
            far = max(column["max"] - column["mean"], column["mean"] - column["min"]) / column["stddev"]
            if far > FAR:
                told.append(("far", {"column": column["name"], "n": round(far)}))
    likely = [c["name"] for c in found["columns"] or () if c["name"].lower() in ("label", "class", "target", "y")]
    if labels is None and likely:
        told.append(("likely_label", {"column": likely[0]}))
    return told


def _near_copies(source: Source, kind: str) -> int:
    """Test examples that are nearly one of the training examples, and not exactly; of those that are looked at."""
    from sklearn.neighbors import NearestNeighbors

    draws = np.random.default_rng(0)
    parts = []
    for part, most in zip(("test", "train"), NEAR_ROWS, strict=True):
        rows = source.rows(part)
        parts.append(np.sort(draws.permutation(rows)[:most]))
    if min(map(len, parts)) < 1 or source.facts.size < LEAST_NUMBERS:
        return 0
    seen = [_small(np.asarray(source.x[rows])) for rows in parts]
    if kind != "pictures":
        spread = np.nanstd(seen[1], axis=0)
        spread[spread == 0] = 1
        seen = [np.nan_to_num((part - np.nanmean(seen[1], axis=0)) / spread) for part in seen]
    near = NearestNeighbors(n_neighbors=1).fit(seen[1])
    distance = near.kneighbors(seen[0])[0][:, 0] / math.sqrt(seen[0].shape[1])
    return int(((distance < NEAR["pictures" if kind == "pictures" else "numbers"]) & (distance > 1e-6)).sum())


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


def contact_sheet(source: Source, words: Words) -> bytes:
    """Some examples of each label, or some of all, as a PNG."""
    rows: list[tuple[str, np.ndarray]] = []
    draws = np.random.default_rng(0)
    shown = source.x if source.display is None else source.display
    middle, spread = np.zeros(1), np.ones(1)
    if isinstance(shown, np.ndarray) and shown.ndim == 2:
        middle, spread = np.nanmean(shown, axis=0), np.nanstd(shown, axis=0)
        spread[spread == 0] = 1
    for label in range(12) if source.y is None else range(min(12, len(source.class_names or ()))):
        among = np.arange(len(source)) if source.y is None else np.flatnonzero(source.y == label)
        if not len(among) or (source.y is None and label > 4):
            continue
        chosen = np.sort(draws.permutation(among)[:10])
        picked = np.asarray(shown[chosen])
        if shown.ndim == 2:
            picked = np.nan_to_num((picked - middle) / spread)
        rows.append(("" if source.y is None else (source.class_names or ())[label], picked))
    return plots.png(plots.strips(rows), "," if words.lang == "pt" else ".")
