"""Data: sources become arrays with facts. Nothing here knows a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, must, unknown
from . import arrays, display, folder, idx, mnist, tables
from .arrays import read_array
from .cache import clear_cache
from .columns import Column, named_values
from .from_arrays import as_source
from .reading import Note, Reading, checked_reading
from .source import HELD, TEST, TRAIN, Facts, Origin, Source

__all__ = [
    "HELD",
    "TEST",
    "TRAIN",
    "Column",
    "Facts",
    "Note",
    "Origin",
    "Reading",
    "Source",
    "as_source",
    "checked_reading",
    "clear_cache",
    "load_data",
    "named_values",
    "read_array",
]

NAMES = ("mnist-10k", *mnist.SETS)
KINDS = "a folder of pictures, .npy, .npz, .csv, .parquet or IDX"


def load_data(
    src: Any = "mnist-10k",
    y: np.ndarray | None = None,
    *,
    data_dir: str | Path | None = None,
    split_seed: int = 0,
    like: Facts | None = None,
    workers: int | None = None,
    progress: bool = False,
    **reading: Any,
) -> Source:
    """Turn what you have into a `Source`.

    Parameters
    ----------
    src : str, path, array, tensor, frame or Source
        "mnist-10k" (embedded); "mnist", "fashion-mnist" or "kmnist" (from `data_dir` or `GARGALO_DATA`, else
        fetched once); a folder of pictures; a `.npy`, `.npz`, `.csv`, `.parquet` or IDX file; an array or CPU
        tensor of shape (n, p), (n, h, w) or (n, h, w, c); a polars or pandas frame.
    y : array or None
        Labels, when `src` is an array or a frame.
    split_seed : int
        Seed of the split of data that come without one.
    like : Facts or None
        Read the same way as these: those of the data that a run was trained on.
    workers : int or None
        Processes that decode pictures; None takes as many as there are processors.
    progress : bool
        Tell on stderr how it goes, where it takes long.
    **reading
        How what is read becomes examples; see `gargalo.data.Reading`.

    Raises
    ------
    ParameterError
        For a name that is neither known nor a path; for a choice that is unknown or cannot be.
    DataError
        For a file or an array that cannot be used.
    """
    if isinstance(src, Source):
        return src
    there = like.origin.reading if like and like.origin else None
    asked = checked_reading({**_as_there(like), **reading}, there)
    if like is not None:
        # Files that belonged to those data: other data have others, or none.
        own = ("display",) if _is_table(src) else ("display", "label", "split")
        asked = asked.model_copy(update={name: None for name in own if reading.get(name) is None})
        if asked.impute is None and any(column.fill is not None for column in like.columns or ()):
            asked = asked.model_copy(update={"impute": "mask" if like.missing else "median"})
    if not isinstance(src, str | Path):
        return display.shown(_in_memory(src, y, asked, split_seed, like), asked)
    read = _reader(src, data_dir, asked, split_seed, like, workers, progress)
    source = display.shown(read(), asked)
    place = str(src) if src in NAMES else str(Path(src).resolve())
    own = None if data_dir is None else str(Path(data_dir).resolve())
    origin = Origin(src=place, data_dir=own, split_seed=split_seed, reading=asked)
    return dataclasses.replace(source, origin=origin)


def _as_there(like: Facts | None) -> dict[str, Any]:
    """What other data must be read as to fit these."""
    if like is None or not like.is_image:
        return {}
    return {"size": like.raw_shape[:2], "color": "grey" if len(like.raw_shape) == 2 else "rgb"}


def _is_table(src: Any) -> bool:
    """A file of a table's kind, or a data frame?"""
    return Path(src).suffix in tables.SUFFIXES if isinstance(src, str | Path) else hasattr(src, "columns")


def _in_memory(src: Any, y: np.ndarray | None, reading: Reading, split_seed: int, like: Facts | None) -> Source:
    frame = tables.frame_of(src)
    if frame is not None:
        if y is None:
            return tables.from_frame(frame, reading, "frame", split_seed, like)
        if reading.label is not None:
            raise must("y", "load_data", "left out where label names a column", type(y).__name__)
        labels = tables.label_column(y, frame)
        named = reading.model_copy(update={"label": labels.name})
        return tables.from_frame(frame.with_columns(labels), named, "frame", split_seed, like)
    try:
        array = np.asarray(src)
    except ValueError as error:
        raise DataError(f"array: expected numbers of one shape. It cannot be read ({error}).") from None
    columns = like.columns if like and array.ndim == 2 and len(like.columns or ()) == array.shape[-1] else None
    dtype = like.dtype if like else None
    return as_source(array, y, split_seed=split_seed, columns=columns, reading=reading, dtype=dtype)


def _reader(
    src: str | Path,
    data_dir: str | Path | None,
    reading: Reading,
    split_seed: int,
    like: Facts | None,
    workers: int | None,
    progress: bool,
) -> Callable[[], Source]:
    """Who reads what stands under a name or at a path."""
    if src == "mnist-10k":
        return mnist.sample
    if src in mnist.SETS:
        return lambda: mnist.full(str(src), data_dir, progress)
    path = Path(src)
    try:
        is_there = path.exists()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    if not is_there:
        if path.suffix or len(path.parts) > 1:
            raise DataError(f"{path}: expected a file or a folder. There is none.")
        raise unknown("data", "gargalo", str(src), [*NAMES, f"a path to {KINDS}"])
    if not path.is_dir() and not path.is_file():
        raise DataError(f"{path}: expected a file or a folder. Found something else.")
    if idx.is_idx(path):
        return lambda: idx.read_idx_source(path, reading, split_seed)
    if path.is_dir():
        return lambda: folder.read_folder(path, reading, split_seed, workers, progress)
    if path.suffix in arrays.SUFFIXES:
        return lambda: arrays.read_arrays(path, reading, split_seed, like)
    if path.suffix in tables.SUFFIXES:
        return lambda: tables.read_table(path, reading, split_seed, like)
    raise DataError(f"{path}: expected {KINDS}. Found a file ending in '{path.suffix}'.")
