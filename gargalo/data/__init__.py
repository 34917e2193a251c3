"""Data: sources become arrays with facts. Nothing here knows a network."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ..errors import DataError, unknown
from . import mnist
from .arrays import read_array, read_arrays
from .source import HELD, TEST, TRAIN, Facts, Origin, Source, as_source

__all__ = ["HELD", "TEST", "TRAIN", "Facts", "Source", "as_source", "load_data", "read_array"]

NAMES = ("mnist-10k", "mnist")
SUFFIXES = (".npy", ".npz")


def load_data(
    src: str | Path | np.ndarray | Source = "mnist-10k",
    y: np.ndarray | None = None,
    *,
    data_dir: str | Path | None = None,
    split_seed: int = 0,
) -> Source:
    """Turn what you have into a `Source`.

    Parameters
    ----------
    src : str, path, array or Source
        "mnist-10k" (embedded); "mnist" (from `data_dir` or `GARGALO_DATA`); a `.npy` or `.npz` file; an array
        or CPU tensor of shape (n, p), (n, h, w) or (n, h, w, c).
    y : array or None
        Labels, when `src` is an array.
    split_seed : int
        Seed of the 80/10/10 split of data that come without one.

    Raises
    ------
    ParameterError
        For a name that is neither known nor a path.
    DataError
        For a file or an array that cannot be used.
    """
    if isinstance(src, Source):
        return src
    if not isinstance(src, str | Path):
        try:
            array = np.asarray(src)
        except ValueError as error:
            raise DataError(f"array: expected numbers of one shape. It cannot be read ({error}).") from None
        return as_source(array, y, split_seed=split_seed)
    source = _read(src, data_dir, split_seed)
    place = str(src) if src in NAMES else str(Path(src).resolve())
    folder = None if data_dir is None else str(Path(data_dir).resolve())
    return dataclasses.replace(source, origin=Origin(src=place, data_dir=folder, split_seed=split_seed))


def _read(src: str | Path, data_dir: str | Path | None, split_seed: int) -> Source:
    """What stands under a name or at a path."""
    if src == "mnist-10k":
        return mnist.sample()
    if src == "mnist":
        return mnist.full(data_dir)
    path = Path(src)
    try:
        is_there = path.exists()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    if not is_there:
        if path.suffix or len(path.parts) > 1:
            raise DataError(f"{path}: expected a file. There is none.")
        raise unknown("data", "gargalo", str(src), [*NAMES, "a path to .npy or .npz"])
    if path.suffix not in SUFFIXES or not path.is_file():
        kind = "a folder" if path.is_dir() else f"a file ending in '{path.suffix}'"
        raise DataError(f"{path}: expected {' or '.join(SUFFIXES)}. Found {kind}.")
    return read_arrays(path, split_seed)
