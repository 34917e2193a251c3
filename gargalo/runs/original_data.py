"""The data that a run was trained on, read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..data import Dataset, DataSpec, Origin, load_data

__all__ = ["original_data"]


def original_data(
    spec: DataSpec, data: Any = None, y: np.ndarray | None = None, data_dir: str | Path | None = None
) -> Dataset | None:
    """The data that a run was trained on, read as they were then, from where they lay or from `data`.

    Parameters
    ----------
    spec : DataSpec
        What the run's recipe remembers of its data.
    data : path, array, frame, Dataset or None
        As for `load_data`; None reads them from where they lay.
    y : ndarray or None, (n,)
        Labels, when `data` is an array or a frame.
    data_dir : path or None
        The folder that holds the files of a data set asked for by its name; None is that of then, unless `data` is
        given.

    Returns
    -------
    Dataset or None
        None for arrays that a program made and does not give again. Whether they are still the same is not checked.

    Raises
    ------
    DataError
        For a file that is no longer there, or data that cannot be used.
    ParameterError
        For a `data` that is neither a known name nor a path.
    """
    if data is None and spec.src is None:
        return None
    there = spec.origin or Origin()
    src, reading = there.src if data is None else data, there.reading.model_dump(exclude_defaults=True)
    place = data_dir or (there.data_dir if data is None else None)
    dataset = load_data(src, y, data_dir=place, split_seed=there.split_seed, **reading)
    if spec.modality.axes and spec.dtype == "uint8" != dataset.x.dtype and "depth" not in reading:
        # Pictures of 16 bits were bytes, before their depth was kept.
        return load_data(src, y, data_dir=place, split_seed=there.split_seed, depth="8", **reading)
    return dataset
