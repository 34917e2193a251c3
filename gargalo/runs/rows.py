"""Which rows of a dataset train, which validate, which measure; and as what training sees them."""

from __future__ import annotations

import numpy as np
import torch

from .. import training
from ..data import Dataset
from ..data.sparse import SparseRows
from ..io.mapped import must_be_whole

__all__ = ["KEPT_EXAMPLES", "as_data", "is_mapped", "kept_rows", "probe_rows", "training_rows"]

MOST_RESIDENT = 2**30
"""Bytes of a memory map that are copied into memory; more are read from the file as they are needed."""
PROBE_ROWS, PROBE_NUMBERS = 10_000, 2**24
"""What is fitted to measure a run (neighbours, PCA, a mixture) sees no more rows, and no more numbers."""
FEWEST, FEWEST_SPARSE = 1000, 250
"""Rows that it sees all the same; of a sparse matrix fewer, since a thousand may not fit into memory as an array."""
KEPT_EXAMPLES = 1000
"""Test examples that a run keeps."""


def training_rows(dataset: Dataset, settings: training.TrainingSettings) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows to validate on: the data's own validation set, else a share of the training set.

    Parameters
    ----------
    dataset : Dataset
    settings : TrainingSettings
        `validation_share` of the training set is drawn by `seed`.

    Returns
    -------
    train, validation : ndarray, (m,) and (k,), int64
        Ascending, without a row in common; the second is empty for a share that rounds to no row.
    """
    rows, validation = dataset.rows("train"), dataset.rows("validation")
    share = round(settings.validation_share * len(rows))
    if len(validation) or share == 0:
        return rows, validation
    order = np.random.default_rng(settings.seed).permutation(rows)
    return np.sort(order[share:]), np.sort(order[:share])


def probe_rows(dataset: Dataset, split: str) -> np.ndarray:
    """Rows of one split to measure on: where they are many, some of them, drawn by a fixed seed.

    Parameters
    ----------
    dataset : Dataset
    split : "train", "validation" or "test"

    Returns
    -------
    ndarray, (m,), int64
        Ascending. At most 10,000 and at most 2**24 numbers in all, but never fewer than 1,000, or 250 of a sparse
        matrix, where there are so many.
    """
    rows = dataset.rows(split)
    fewest = FEWEST_SPARSE if isinstance(dataset.x, SparseRows) else FEWEST
    most = min(PROBE_ROWS, max(fewest, PROBE_NUMBERS // dataset.spec.size))
    return _some(rows, most)


def kept_rows(dataset: Dataset) -> np.ndarray:
    """The test examples that a run keeps: some of those that it is measured on, drawn by a fixed seed.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    ndarray, (m,), int64
        Ascending; at most 1,000.
    """
    return _some(probe_rows(dataset, "test"), KEPT_EXAMPLES)


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of these rows; drawn, since data may be sorted by label, and the first would be alike."""
    return rows if len(rows) <= most else np.sort(np.random.default_rng(0).permutation(rows)[:most])


def as_data(dataset: Dataset, rows: np.ndarray, most_resident: int | None = None) -> training.Data:
    """These rows in their own dtype, in memory where they fit, with their labels, or conditions where they have such.

    Parameters
    ----------
    dataset : Dataset
    rows : ndarray, (m,), int
        Ascending.
    most_resident : int or None
        Bytes of a memory map that may be copied into memory; None is 2**30.

    Returns
    -------
    Data
        On the CPU; of a memory map with more bytes than that, and of a sparse matrix, rows are read when a batch needs
        them.
    """
    classes = len(dataset.class_names or ())
    y = None if dataset.y is None or not classes else torch.from_numpy(dataset.y[rows])
    if dataset.conditions is not None:
        y = torch.from_numpy(dataset.conditions.encoded[rows])
    arrays = (dataset.x, dataset.clean)
    for array in arrays:
        must_be_whole(array)
    if is_mapped(dataset, len(rows), most_resident):
        return training.Data(dataset.x, y, classes, rows, dataset.clean)
    raw, clean = (None if a is None else torch.from_numpy(np.ascontiguousarray(a[rows])) for a in arrays)
    assert raw is not None
    return training.Data(raw, y, classes, clean=clean)


def is_mapped(dataset: Dataset, rows: int, most_resident: int | None = None) -> bool:
    """Are so many rows of this dataset left in their file or sparse, not copied into memory?

    Parameters
    ----------
    dataset : Dataset
    rows : int
        How many.
    most_resident : int or None
        Bytes of a memory map that may be copied into memory; None is 2**30.
    """
    most = MOST_RESIDENT if most_resident is None else most_resident
    if isinstance(dataset.x, SparseRows):
        return True
    return isinstance(dataset.x, np.memmap) and rows * dataset.x[0].nbytes > most
