"""Looking at data before anything is trained: what is there, and what usually spoils a model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .columns import base
from .dataset import Dataset
from .notes import first_few
from .reading import Reading
from .sparse import SparseRows, extent
from .splits import copies
from .what_spoils import Spread, label_counts, spread_of, what_spoils

__all__ = ["describe", "described_columns"]

NEAR_PIXELS, NEAR_NUMBERS = 0.02, 0.01
"""Root mean square difference, of pixels in [0, 1] or of standardised numbers, of what is nearly a copy."""
NEAR_ROWS = (2_000, 20_000)
"""Test and training examples, at most, that are looked at for near copies."""
NEAR_SPARSE = 2**24
"""Numbers in them, at most, where they are rows of a sparse matrix, which are looked at as arrays."""
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
        ``splits``, ``labels`` (name -> how many, or None), ``columns`` (None for pictures and for a sparse matrix; what
        each is taken for), ``zeros`` (their share, in [0, 1]; None for pictures), ``roles`` (columns that are no data
        -> what they are for), ``did`` (what the reader did and left out), ``skipped``, ``copies``, ``near_copies``
        (between training and test), ``warnings``.
    """
    x, alike = dataset.x, copies(dataset.x)
    is_image = dataset.spec.modality.axes > 0
    spread = None if is_image or isinstance(x, SparseRows) else spread_of(x)
    near = _near_copies(dataset)
    found: dict[str, Any] = {
        "name": dataset.name,
        "kind": dataset.kind,
        "examples": len(dataset),
        "shape": list(x.shape[1:]),
        "dtype": str(x.dtype),
        "range": list(extent(x)),
        "splits": dataset.spec.counts,
        "labels": label_counts(dataset),
        "columns": described_columns(dataset, spread),
        "zeros": None if is_image else x.zeros if isinstance(x, SparseRows) else 1 - np.count_nonzero(x) / x.size,
        "roles": _roles(dataset),
        "did": [note.model_dump() for note in dataset.notes],
        "skipped": [list(pair) for pair in dataset.skipped],
        "copies": int((alike != np.arange(len(alike))).sum()),
        "near_copies": len(near),
    }
    warnings = what_spoils(dataset, spread, alike)
    if found["near_copies"]:
        warnings.append(("near", {"n": len(near), "what": first_few(" ~ ".join(pair) for pair in near)}))
    found["warnings"] = [{"key": key, **values} for key, values in warnings]
    return found


def described_columns(dataset: Dataset, spread: Spread | None = None) -> list[dict[str, Any]] | None:
    """Tell of each column what it is taken for, what is missing, and how its numbers or names are spread.

    Parameters
    ----------
    dataset : Dataset
    spread : Spread or None
        Where it is known already.

    Returns
    -------
    list of dict, or None
        None for pictures, and for a sparse matrix.
    """
    if dataset.spec.modality.axes or isinstance(dataset.x, SparseRows):
        return None
    spread = spread or spread_of(dataset.x)
    known, asked = dataset.columns, dataset.origin.reading.category if dataset.origin else ()
    x, reading = dataset.x, dataset.origin.reading if dataset.origin else Reading()
    if dataset.kind == "series" and known and reading.window:
        # A window has each column many times, and windows that overlap have rows twice: each row counts once.
        known = base(known, reading.window)
        if dataset.log is None:
            x = np.asarray(x).reshape(-1, len(known))
        else:
            x = dataset.log.joined(np.asarray(x))[dataset.log.is_covered]
        spread = spread_of(x)
    described = []
    for i in range(x.shape[1]):
        values = x[:, i]
        there = values[~np.isnan(values)]
        name, kind = (known[i].name, known[i].kind) if known else (str(i), "number")
        different = len(np.unique(there))
        taken = "constant" if different == 1 else "asked" if name in asked else kind
        if taken == "number" and len(there) and (there == np.round(there)).all():
            taken = "whole"
        column: dict[str, Any] = {"name": name, "kind": kind, "taken": taken, "different": different}
        column["missing"] = int(spread.missing[i])
        if known and kind == "category":
            counts = np.bincount(there.astype(int), minlength=len(known[i].categories))
            column["names"] = dict(zip(known[i].categories, map(int, counts), strict=True))
        elif len(there):
            shown = {"min": spread.low, "mean": spread.mean, "max": spread.high, "stddev": spread.stddev}
            column |= {key: float(f"{value[i]:.6g}") for key, value in shown.items()}
        described.append(column)
    return described


def _roles(dataset: Dataset) -> dict[str, str]:
    """What columns that are no data are for, by their names."""
    if dataset.columns is None or dataset.origin is None:
        return {}
    reading = dataset.origin.reading
    roles = {
        str(column): role for role in ("label", "id", "time", "group", "split") if (column := getattr(reading, role))
    }
    return roles | dict.fromkeys(reading.ignore, "ignore") | dict.fromkeys(reading.condition, "condition")


def _near_copies(dataset: Dataset) -> list[tuple[str, str]]:
    """Test examples that are nearly one of the training examples, and not exactly, with that one, by their ids; of
    those that are looked at."""
    from sklearn.neighbors import NearestNeighbors

    draws = np.random.default_rng(0)
    chosen = []
    for split, most in zip(("test", "train"), NEAR_ROWS, strict=True):
        if isinstance(dataset.x, SparseRows):
            most = min(most, max(1, NEAR_SPARSE // dataset.spec.size))
        chosen.append(np.sort(draws.permutation(dataset.rows(split))[:most]))
    if min(map(len, chosen)) < 1 or dataset.spec.size < LEAST_NUMBERS:
        return []
    seen = [_small(dataset.look(rows)) for rows in chosen]
    is_image = dataset.spec.modality.axes > 0
    if not is_image:
        spread = np.nanstd(seen[1], axis=0)
        spread[spread == 0] = 1
        seen = [np.nan_to_num((part - np.nanmean(seen[1], axis=0)) / spread) for part in seen]
    near = NearestNeighbors(n_neighbors=1).fit(seen[1])
    distances, nearest = near.kneighbors(seen[0])
    distance = distances[:, 0] / math.sqrt(seen[0].shape[1])
    which = np.flatnonzero((distance < (NEAR_PIXELS if is_image else NEAR_NUMBERS)) & (distance > 1e-6))
    pairs = zip(chosen[0][which].tolist(), chosen[1][nearest[which, 0]].tolist(), strict=True)
    return [(dataset.ids[int(a)], dataset.ids[int(b)]) for a, b in pairs]


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
