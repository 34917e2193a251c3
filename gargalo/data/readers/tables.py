"""Tables: CSV, Parquet and data frames become rows of numbers, of which every column is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DataError, must, option, unknown
from ...io.tables import polars
from ..as_dataset import as_dataset
from ..columns import Column, base
from ..conditions import Condition
from ..dataset import Dataset
from ..log import Log
from ..notes import Note
from ..reading import OF_COLUMNS, Reading
from ..splits import SPLITS, by_order, named, usual_shares
from . import logs, windows
from .csv_files import CSV, read_frame
from .encodings import must_be_in
from .frames import LABEL
from .interleaved import interleaved, repeated
from .matrix import conditions_in, matrix_of
from .reader import Request
from .texts import MOST_CATEGORIES, merged

if TYPE_CHECKING:
    import polars as pl

__all__ = ["SUFFIXES", "from_frame", "read_table"]

SUFFIXES = (*CSV, ".parquet")
FEWEST_GROUPS, MOST_TOLD = 3, 12
"""Logs of fewer groups cannot be dealt out to three parts; of more, it is not told which is in which."""
ROLES = ("label", "id", "time", "group", "split")
ROW = "\0row"
"""A column's name that no file can have: the number of a row as it was read."""


def read_table(path: Path, request: Request) -> Dataset:
    """Read a dataset from a CSV or Parquet file; see `from_frame`.

    Parameters
    ----------
    path : Path
    request : Request

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        With the line and the option to set, where the file is not what it should be; and as `from_frame` does.
    ParameterError
        As `from_frame` does.
    """
    reading, like = request.reading, request.like
    if like:
        must_be_in(path, reading.encoding)
    known: list[Column | Condition] = [*base(like.columns, reading.window)] if like and like.columns else []
    known += like.conditions if like else ()
    categories = {*reading.category, *(column.name for column in known if column.kind == "category")}
    numbers = {*reading.number, *(column.name for column in known)} - categories
    return from_frame(read_frame(path, reading, categories, numbers), request, path.name)


def from_frame(frame: pl.DataFrame, request: Request, name: str) -> Dataset:
    """Make a dataset of a data frame.

    Parameters
    ----------
    frame : polars DataFrame
    request : Request
        Where `like` has columns, the dataset gets those alone, in their order and with their categories.
    name : str
        What people call it.

    Returns
    -------
    Dataset
        A table, or a series under `window`, or images under `image_shape`. Under `time`, rows are in its order within
        each group.

    Raises
    ------
    ParameterError
        For a column that the reading names and the frame lacks; with `like`, only for `time` under `window`.
    DataError
        For a column that `like` has and the frame lacks; for values, labels, conditions, ids or times that cannot be
        used; for data too short for a window.
    """
    reading, like = request.reading, request.like
    roles = _roles(frame, request, name)
    frame, once = _once(_merged(frame, roles, reading).with_row_index(ROW), roles["id"], reading)
    frame, moments = logs.in_order(frame, roles["time"], roles["group"], reading.time_format, name)
    of_times = _of_times(frame, moments, roles, reading)
    notes = [*once, *(of_times if like is None else [])]
    aside = {ROW, *filter(None, roles.values()), *reading.ignore, *reading.condition}
    x, columns = matrix_of(frame.drop(aside, strict=False), request, name, notes)
    y, ids = _labels(frame, roles["label"], name), _ids(frame, roles["id"], name)
    group, time = roles["group"], roles["time"]
    groups = None if group is None else frame[group].rank("dense").fill_null(0).to_numpy()
    split, whole = _split(frame, roles, groups, request, notes, name)
    kind, log, told, lacking = "table", None, frame, np.isnan(x).sum(axis=1)
    if reading.window and time and moments is not None:
        kind, stretches = "series", logs.pauses(moments, groups, _gap(reading, of_times), notes)
        log = _log(frame, roles, columns, reading)
        lengths = (reading.window, reading.step or reading.window)
        x, columns, rows = windows.cut(x, columns, lengths, (groups, split, stretches), name, notes)
        log = replace(log, starts=rows)
        first = frame[rows]
        ids = logs.window_ids(first, time, group) if roles["id"] is None else _ids(first, roles["id"], name)
        told = frame[last := rows + reading.window - 1]
        # A column that says the splits may divide a group: windows stay within both.
        apart = (y, None if roles["split"] else whole, split)
        y, whole, split = (None if values is None else values[last] for values in apart)
    if reading.impute is None and any(note.key == "unseen" for note in notes):
        # Names that training never saw are missing, also where nothing else may be.
        reading = reading.model_copy(update={"impute": "mask"})
    dataset = request.told(as_dataset(
        x, y, name=name, kind=None if reading.image_shape else kind, split=request.known_split(x, split),
        split_seed=request.split_seed, ids=ids, columns=columns, groups=whole, reading=reading, notes=notes,
        dtype=request.known_dtype,
    ), conditions_in(told, request, name), ids)  # fmt: skip
    dataset = _with_groups_told(dataset, roles, told, request)
    return dataset if log is None else _with_log(dataset, log, lacking, ids or ())


def _of_times(
    frame: pl.DataFrame, moments: pl.Series | None, roles: dict[str, str | None], reading: Reading
) -> list[Note]:
    """What the times of rows tell of the log."""
    if moments is None:
        return []
    if roles["group"] is not None:
        return repeated(frame[roles["group"]], moments)
    return interleaved(frame, moments, ROW, {*roles.values()}, bool(reading.window))


def _gap(reading: Reading, notes: Sequence[Note]) -> float | None:
    """What is a gap, in usual steps: steps of several logs in one say nothing of any."""
    are_mixed = any(note.key in ("interleaved", "taking_turns", "back_and_forth") for note in notes)
    return reading.gap or (math.inf if are_mixed else None)


def _split(
    frame: pl.DataFrame, roles: dict[str, str | None], groups: np.ndarray | None, request: Request, notes: list[Note],
    name: str,
) -> tuple[np.ndarray | None, np.ndarray | None]:  # fmt: skip
    """The split of rows, where a column or time says it; and the groups that must not be divided between two."""
    if (named_by := roles["split"]) is not None:
        return named(frame[named_by].cast(polars().String).to_list(), name), groups
    if roles["time"] is None or request.is_new or (groups is not None and len(np.unique(groups)) >= FEWEST_GROUPS):
        return None, groups
    return _by_time(groups, len(frame), request.reading, notes), None


def _by_time(groups: np.ndarray | None, n: int, reading: Reading, notes: list[Note]) -> np.ndarray:
    """The split of rows in the order of time, for each group: shares are those of the examples that they become."""
    shares = reading.shares or usual_shares(n // (reading.step or reading.window or 1))
    if groups is None:
        return by_order(np.arange(n), shares)
    split = np.empty(n, np.uint8)
    for group in (different := np.unique(groups)):
        rows = np.flatnonzero(groups == group)
        split[rows] = by_order(np.arange(len(rows)), shares)
    notes.append(Note(key="groups_in_time", count=len(different)))
    return split


def _roles(frame: pl.DataFrame, request: Request, name: str) -> dict[str, str | None]:
    """The columns that are no data, by what they are for; those that must be there are."""
    reading, like = request.reading, request.like
    if own := [column for column in frame.columns if "\0" in column and column != LABEL]:
        raise DataError(f"{name}: expected names of columns as text. Found a zero byte in {own[0]!r}; rename it.")
    roles, names = {role: getattr(reading, role) for role in ROLES}, {*frame.columns}
    for role, column in roles.items():
        if column is None or column in names:
            continue
        # Of no use in data that are only encoded, but that windows are cut in the order of time.
        if like is None:
            raise unknown(role, column, frame.columns)
        if role == "time" and reading.window:
            there = ", ".join(frame.columns) or "none"
            raise DataError(f"{name}: expected column {column!r}, by which rows are in order. Found {there}.")
        roles[role] = None
    for role in OF_COLUMNS:
        for column in getattr(reading, role):
            if column not in names and like is None:
                raise unknown(role, column, frame.columns)
    if request.is_new and not reading.window:
        roles["time"] = None  # nothing is split by it, so that rows stay where people find them
    return roles


def _merged(frame: pl.DataFrame, roles: dict[str, str | None], reading: Reading) -> pl.DataFrame:
    """The frame with the names of labels and groups made one as those of data are, where that was asked for."""
    for column in reading.merge:
        if column in reading.ignore or column in {roles[role] for role in ("id", "time", "split")}:
            raise must("merge", "a column of names, that is data, label or group", column)
    columns = [column for column in {roles["label"], roles["group"]} if column in reading.merge]
    return frame.with_columns(merged(frame[column].cast(polars().String)) for column in columns if column in frame)


def _once(frame: pl.DataFrame, column: str | None, reading: Reading) -> tuple[pl.DataFrame, list[Note]]:
    """The frame without rows that are exact copies of others, where an id is then that of one row; and a note of it."""
    if column is None or reading.window or (different := frame[column].n_unique()) == len(frame):
        return frame, []
    once = frame.unique([name for name in frame.columns if name != ROW], keep="first", maintain_order=True)
    if len(once) != different or len(once) == len(frame):
        return frame, []
    return once, [Note(key="rows_twice", count=len(frame) - len(once), what=column)]


def _log(frame: pl.DataFrame, roles: dict[str, str | None], columns: Sequence[Column], reading: Reading) -> Log:
    """What is kept of a log beside its windows, which are not cut yet."""
    order = frame[ROW].to_numpy()
    is_data = {column.name for column in columns}
    by_role = dict.fromkeys(column for column in roles.values() if column is not None and column != LABEL)
    in_file = frame.select(ROW, *by_role).sort(ROW)
    aside = {column: in_file[column] for column in by_role}
    names = tuple(column for column in frame.columns if column in is_data or column in aside)
    return Log(reading.window or 1, np.empty(0, np.int64), order, tuple(columns), names, aside)


def _with_groups_told(dataset: Dataset, roles: dict[str, str | None], told: pl.DataFrame, request: Request) -> Dataset:
    """The dataset with a note of which groups of a log train and which test, where they are few and were dealt out."""
    group = roles["group"]
    if group is None or roles["time"] is None or roles["split"] or request.like or len(told) != len(dataset):
        return dataset
    names = told[group].cast(polars().String).fill_null("").to_numpy()
    if len(different := np.unique(names)) > MOST_TOLD or any(note.key == "groups_in_time" for note in dataset.notes):
        return dataset
    of = {
        part: [name for name in different if dataset.split[names == name][0] == code] for part, code in SPLITS.items()
    }
    what = " | ".join(", ".join(some) or "–" for some in of.values())
    return replace(dataset, notes=(*dataset.notes, Note(key="groups_dealt", count=len(different), what=what)))


def _with_log(dataset: Dataset, log: Log, lacking: np.ndarray, ids: Sequence[str]) -> Dataset:
    """The dataset with its log, where its examples are still windows; some may have been dropped.

    What is missing (n,), in each row in the order of time, is counted once, however many windows have it.
    """
    if dataset.x.ndim > 2:
        return dataset
    ends = np.bincount(log.starts, minlength=len(lacking) + 1) - np.bincount(
        log.starts + log.window, minlength=len(lacking) + 1
    )
    there = lacking[np.cumsum(ends)[:-1] > 0]
    if there.any():
        counted = Note(key="missing", count=int((there > 0).sum()), what=str(int(there.sum())))
        notes = tuple(counted if note.key == "missing" else note for note in dataset.notes)
        dataset = replace(dataset, notes=notes)
    if len(dataset) < len(ids):
        places = {name: place for place, name in enumerate(ids)}
        log = log.take(np.array([places[name] for name in dataset.ids], np.int64))
    return replace(dataset, log=log)


def _labels(frame: pl.DataFrame, label: str | None, name: str) -> np.ndarray | None:
    pl = polars()
    if label is None:
        return None
    series = frame[label]
    if series.null_count():
        raise DataError(f"{name}: expected a label in every row of {label!r}. Found {series.null_count()} without.")
    if series.dtype.is_float() and series.n_unique() > MOST_CATEGORIES:
        raise DataError(
            f"{name}: expected labels in column {label!r}. Found {series.n_unique():,} different numbers, which is"
            f" a measurement: leave {option('label')} out, or {option('ignore', label)} as well."
        )
    return series.to_numpy() if series.dtype.is_numeric() else np.array(series.cast(pl.String).to_list())


def _ids(frame: pl.DataFrame, column: str | None, name: str) -> Sequence[str] | None:
    pl = polars()
    if column is None:
        rows = frame[ROW].to_numpy()
        return None if (rows == np.arange(len(rows))).all() else list(map(str, rows))
    ids = frame[column].cast(pl.String)
    if ids.null_count() or ids.n_unique() < len(ids):
        raise DataError(
            f"{name}: expected an id of its own for each row in column {column!r}. Found {ids.n_unique():,} for"
            f" {len(ids):,} rows; {option('group', column)} keeps rows of one id together."
        )
    return ids.to_list()
