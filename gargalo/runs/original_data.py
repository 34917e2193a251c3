"""The data that a run was trained on, read again."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Dataset, DataSpec, Origin, Reading, load_data
from ..data.columns import base
from ..data.heeded import heeded
from ..data.readers import tables
from ..errors import GargaloError

__all__ = ["original_data"]


def original_data(
    spec: DataSpec,
    data: Any = None,
    y: np.ndarray | None = None,
    data_dir: str | Path | None = None,
    display: str | Path | None = None,
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
    display : path or None
        The folder of the pictures that people see; None is that of then.

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
    reading = _moved(spec, Path(data)) if isinstance(data, str | Path) else there.reading
    shown, place = {"display": display} if display else {}, data_dir or (there.data_dir if data is None else None)

    def read(**more: Any) -> Dataset:
        src = there.src if data is None else data
        chosen: dict[str, Any] = reading.model_dump(exclude_defaults=True) | shown | more
        chosen = {name: value for name, value in chosen.items() if name in {"clean", *heeded(src, chosen)}}
        dataset = load_data(src, y, data_dir=place, split_seed=there.split_seed, **chosen)
        if spec.modality.axes and spec.dtype == "uint8" != dataset.x.dtype and "depth" not in chosen:
            # Pictures of 16 bits were bytes, before their depth was kept.
            return read(**more, depth="8")
        if there.reading.display and spec.class_names is None:
            # The run is from before the sub-folders of what is shown were labels.
            dataset = replace(dataset, y=None, class_names=None)
        return dataset

    names = tuple(c.name for c in base(spec.columns or (), there.reading.window) if c.kind == "category")
    with contextlib.suppress(GargaloError):
        # What was a category then is one now, also where a column of such texts would be left out today.
        if names and (found := read(category=names)).fingerprint == spec.fingerprint:
            return found
    return read()


def _moved(spec: DataSpec, data: Path) -> Reading:
    """How data that have moved are read: what belonged to them has moved with them, where it is not there."""
    reading, is_table = (spec.origin or Origin()).reading, data.suffix in tables.SUFFIXES
    if spec.columns is not None and not is_table:
        # What was the name of a column is no path, whatever it looks like.
        return reading.with_paths(False, lambda name: None)
    return reading.with_paths(is_table, lambda p: p if Path(p).exists() else str(data.parent / Path(p).name))
