"""MNIST: the 11,000 digits that come with the package, and all 70,000 from a folder of IDX files."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import numpy as np

from ..errors import DataError
from .idx import read_idx
from .source import TEST, TRAIN, Source

__all__ = ["full", "sample"]

FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Each file and the sha256 of its decompressed bytes."""


def sample() -> Source:
    """`mnist-10k`: 10,000 training and 1,000 test digits, drawn once, stratified by digit."""
    with resources.as_file(resources.files(__package__ or "gargalo.data") / "mnist_10k") as folder:
        return _source("mnist-10k", [read_idx(folder / f"{name}.gz") for name in FILES])


def full(data_dir: str | Path | None = None) -> Source:
    """`mnist`: all 60,000 training and 10,000 test digits.

    Parameters
    ----------
    data_dir : path or None
        Folder with the four IDX files, gzipped or not; else the environment's `GARGALO_DATA`.

    Raises
    ------
    DataError
        No folder, a file that is missing, or one that is not MNIST's.
    """
    given = data_dir or os.environ.get("GARGALO_DATA")
    if not given:
        raise DataError(
            "mnist: expected a folder with its four IDX files. None was given; gargalo does not fetch them."
            " Use --data-dir FOLDER or GARGALO_DATA, or the embedded mnist-10k."
        )
    folders = [Path(given), Path(given) / "mnist"]
    arrays = []
    for name, sha256 in FILES.items():
        paths = [folder / (name + suffix) for folder in folders for suffix in ("", ".gz")]
        path = next((p for p in paths if p.is_file()), None)
        if path is None:
            raise DataError(f"{given}: expected {name} or {name}.gz in this folder. Found neither.")
        arrays.append(read_idx(path, sha256))
    return _source("mnist", arrays)


def _source(name: str, arrays: list[np.ndarray]) -> Source:
    """Training and test arrays, one after the other, as one source."""
    train_x, train_y, test_x, test_y = arrays
    split = np.repeat(np.array([TRAIN, TEST], np.uint8), [len(train_x), len(test_x)])
    return Source(
        name,
        np.concatenate([train_x, test_x]),
        np.concatenate([train_y, test_y]).astype(np.int64),
        tuple("0123456789"),
        split,
        tuple(map(str, range(len(split)))),
    )
