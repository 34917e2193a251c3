"""Which rows of a source train, which are held out, which measure; and as what training sees them."""

from __future__ import annotations

import numpy as np
import torch

from . import training
from .data import Source

__all__ = ["as_data", "probe_rows", "training_rows"]

MOST_RESIDENT = 2**30
"""Bytes of a memory map that are copied into memory; more are read from the file as they are needed."""
PROBE_ROWS, PROBE_NUMBERS = 10_000, 2**24
"""What is fitted to measure a run (neighbours, PCA, a mixture) sees no more rows, and no more numbers."""


def training_rows(source: Source, settings: training.TrainingSettings) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows held out: the data's own held part, else a share of the training part."""
    rows, held = source.rows("train"), source.rows("held")
    share = round(settings.held_out * len(rows))
    if len(held) or share == 0:
        return rows, held
    order = np.random.default_rng(settings.seed).permutation(rows)
    return np.sort(order[share:]), np.sort(order[:share])


def probe_rows(source: Source, part: str) -> np.ndarray:
    """Rows of one part to measure on: where they are many, some by a fixed seed, since sorted ones are alike."""
    rows = source.rows(part)
    most = min(PROBE_ROWS, max(1000, PROBE_NUMBERS // source.facts.size))
    return rows if len(rows) <= most else np.sort(np.random.default_rng(0).permutation(rows)[:most])


def as_data(source: Source, rows: np.ndarray) -> training.Data:
    """These rows in their own dtype, in memory where they fit, with their labels."""
    classes = len(source.class_names or ())
    y = None if source.y is None or not classes else torch.from_numpy(source.y[rows])
    if is_mapped(source, len(rows)):
        return training.Data(source.x, y, classes, rows)
    return training.Data(torch.from_numpy(np.ascontiguousarray(source.x[rows])), y, classes)


def is_mapped(source: Source, rows: int) -> bool:
    """Are so many rows of this source left in their file?"""
    return isinstance(source.x, np.memmap) and rows * source.x[0].nbytes > MOST_RESIDENT
