"""`load_data`: a name, a path, an array or a frame becomes a `Dataset`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, must, unknown
from ..io.reporter import Reporter, reporter_for
from . import display
from .as_dataset import as_dataset
from .dataset import Dataset
from .readers import NAMED, READERS, Request, tables
from .reading import Reading, checked_reading
from .spec import DataSpec, Origin

__all__ = ["load_data"]


def load_data(
    src: Any = "mnist-10k",
    y: np.ndarray | None = None,
    *,
    data_dir: str | Path | None = None,
    split_seed: int = 0,
    like: DataSpec | None = None,
    workers: int | None = None,
    progress: bool | Reporter = False,
    **reading: Any,
) -> Dataset:
    """Turn what you have into a `Dataset`.

    Parameters
    ----------
    src : str, path, array, tensor, frame or Dataset
        "mnist-10k" (embedded); "mnist", "fashion-mnist" or "kmnist" (from `data_dir` or `GARGALO_DATA`, else
        fetched once); a folder of pictures; a `.npy`, `.npz`, `.csv`, `.parquet` or IDX file; an array or CPU
        tensor of shape (n, p), (n, h, w) or (n, h, w, c), or with kind="volume" (n, d, h, w); a polars or pandas frame.
    y : array or None, (n,)
        Labels, when `src` is an array or a frame.
    data_dir : path or None
        The folder that holds the files of a data set asked for by its name.
    split_seed : int
        Seed of the split of data that come without one.
    like : DataSpec or None
        Read the same way as these: those of the data that a run was trained on.
    workers : int or None
        Processes that decode pictures; None takes as many as there are processors, at most 8, for many pictures,
        and one for few.
    progress : bool or Reporter
        Tell how it goes, where it takes long.
    **reading
        How what is read becomes examples; see `gargalo.data.Reading`.

    Returns
    -------
    Dataset

    Raises
    ------
    ParameterError
        For a name that is neither known nor a path; for a choice that is unknown or cannot be.
    DataError
        For a file or an array that cannot be used.
    """
    if isinstance(src, Dataset):
        return src
    asked = _asked(src, like, reading)
    if not isinstance(src, str | Path):
        request = Request(asked, split_seed, like)
        dataset = _finished(_in_memory(src, y, request), request)
        return dataclasses.replace(dataset, origin=Origin(split_seed=split_seed, reading=asked))
    reporter = reporter_for(progress)
    request = Request(asked, split_seed, like, None if data_dir is None else Path(data_dir), workers, reporter)
    dataset = _finished(_read(src, request), request)
    place = str(src) if src in NAMED else str(Path(src).resolve())
    own = None if data_dir is None else str(Path(data_dir).resolve())
    origin = Origin(src=place, data_dir=own, split_seed=split_seed, reading=asked)
    return dataclasses.replace(dataset, origin=origin)


def _finished(dataset: Dataset, request: Request) -> Dataset:
    """The dataset with the pictures that are shown of it; refused where it is of another kind than was asked for."""
    asked = request.reading
    if request.like:
        # Others were trained on, and say how these are scaled.
        notes = tuple(note for note in dataset.notes if note.key not in ("scaled", "clipped", "mask"))
        dataset = dataclasses.replace(dataset, notes=notes)
    if asked.kind not in (None, dataset.kind):
        raise must("kind", f"left out, or {dataset.kind}, as these data are", asked.kind)
    return display.shown(dataset, asked)


def _asked(src: Any, like: DataSpec | None, reading: dict[str, Any]) -> Reading:
    """The choices of the reading: those that are made here, and else those that other data were read by."""
    there = like.origin.reading if like and like.origin else None
    asked = checked_reading({**_as_there(like), **reading}, there)
    if like is None:
        return asked
    # Files that belonged to those data: other data have others, or none.
    own = ("display",) if _is_table(src) else ("display", "label", "split")
    asked = asked.model_copy(update={name: None for name in own if reading.get(name) is None})
    if asked.impute is None and any(column.fill is not None for column in like.columns or ()):
        asked = asked.model_copy(update={"impute": "mask" if like.missing else "median"})
    return asked


def _as_there(like: DataSpec | None) -> dict[str, Any]:
    """What other data must be read as to fit these."""
    if like is None or not (axes := like.modality.axes):
        return {}
    depth = {"uint8": "8", "uint16": "16"}.get(like.dtype, "float")
    is_grey = len(like.raw_shape) == axes
    return {"size": like.raw_shape[axes - 2 : axes], "color": "grey" if is_grey else "rgb", "depth": depth}


def _is_table(src: Any) -> bool:
    """A file of a table's kind, or a data frame?"""
    return Path(src).suffix in tables.SUFFIXES if isinstance(src, str | Path) else hasattr(src, "columns")


def _in_memory(src: Any, y: np.ndarray | None, request: Request) -> Dataset:
    """A dataset from an array or a frame."""
    reading = request.reading
    if np.ma.is_masked(y):
        raise DataError("array: expected a label for every example. Found some that are masked; leave their rows out.")
    frame = tables.frame_of(src)
    if frame is not None:
        if y is None:
            return tables.from_frame(frame, request, "frame")
        if reading.label is not None:
            raise must("y", "left out where label names a column", type(y).__name__)
        labels = tables.label_column(y, frame)
        named = reading.model_copy(update={"label": labels.name})
        return tables.from_frame(frame.with_columns(labels), dataclasses.replace(request, reading=named), "frame")
    try:
        array = np.asarray(src)
    except ValueError as error:
        raise DataError(f"array: expected numbers of one shape. It cannot be read ({error}).") from None
    if isinstance(src, np.ma.MaskedArray):
        # What is masked is missing, whatever number lies below.
        kind = np.result_type(src.dtype, np.float32)
        array = np.where(np.ma.getmaskarray(src), kind.type(np.nan), src.data) if np.ma.is_masked(src) else src.data
    return as_dataset(
        array, y, kind=request.known_kind(array), split_seed=request.split_seed, reading=reading,
        columns=request.known_columns(array), dtype=request.known_dtype,
    )  # fmt: skip


def _read(src: str | Path, request: Request) -> Dataset:
    """What stands under a name or at a path, read by the first reader that takes it."""
    if src in NAMED:
        return NAMED[str(src)](request)
    path = Path(src)
    try:
        is_there = path.exists()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    first, *others = (reader.what for reader in READERS)
    kinds = f"{', '.join(others)} or {first}"
    if not is_there:
        text = str(src)
        if path.suffix or len(path.parts) > 1 or text.endswith(("/", "\\")):
            what = "a folder" if text.endswith(("/", "\\")) else "a file or a folder"
            raise DataError(f"{src}: expected {what}. There is none.")
        raise unknown("data", text, [*NAMED, f"a path to {kinds}"])
    if not path.is_dir() and not path.is_file():
        raise DataError(f"{path}: expected a file or a folder. Found something else.")
    for reader in READERS:
        if reader.takes(path):
            return reader.read(path, request)
    raise DataError(f"{path}: expected {kinds}. Found a file ending in '{path.suffix}'.")
