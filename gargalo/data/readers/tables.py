"""Tables: CSV, Parquet and data frames become rows of numbers, of which every column is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DataError, option, unknown
from ...io.tables import polars
from ..as_dataset import as_dataset
from ..columns import Column, base
from ..dataset import Dataset
from ..log import Log
from ..notes import Note
from ..reading import Reading
from ..spec import DataSpec
from ..splits import by_order, named, usual_shares
from . import logs, windows
from .csv_files import read_frame
from .frames import LABEL
from .reader import Request

if TYPE_CHECKING:
    import polars as pl

__all__ = ["SUFFIXES", "from_frame", "read_table"]

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
MOST_CATEGORIES = 256
"""A column of more different texts is no category, but names, notes or ids."""
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
    known = base(like.columns, reading.window) if like and like.columns else ()
    categories = {*reading.category, *(column.name for column in known if column.kind == "category")}
    return from_frame(read_frame(path, reading, categories), request, path.name)


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
        For a column that `like` has and the frame lacks; for values, labels, ids or times that cannot be used; for data
        too short for a window.
    """
    pl, reading, like = polars(), request.reading, request.like
    if own := [column for column in frame.columns if "\0" in column and column != LABEL]:
        raise DataError(f"{name}: expected names of columns as text. Found a zero byte in {own[0]!r}; rename it.")
    roles = _roles(frame, reading, like)
    frame, moments = logs.in_order(frame.with_row_index(ROW), roles["time"], roles["group"], reading.time_format, name)
    notes: list[Note] = []
    x, columns = _matrix(frame, roles, reading, name, like, notes)
    y, ids = _labels(frame, roles["label"], name), _ids(frame, roles["id"], name)
    group, time, named_by = roles["group"], roles["time"], roles["split"]
    groups = None if group is None else frame[group].rank("dense").fill_null(0).to_numpy()
    split = None if named_by is None else named(frame[named_by].cast(pl.String).to_list(), name)
    if split is None and time and groups is None and not request.is_new:
        examples = len(x) // (reading.step or reading.window or 1)
        split = by_order(np.arange(len(x)), reading.shares or usual_shares(examples))
    kind, log = "table", None
    if reading.window and time and moments is not None:
        kind, stretches = "series", logs.pauses(moments, groups, reading.gap, notes)
        log = _log(frame, roles, columns, reading)
        lengths = (reading.window, reading.step or reading.window)
        x, columns, rows = windows.cut(x, columns, lengths, (groups, split, stretches), name, notes)
        log = replace(log, starts=rows)
        first = frame[rows]
        ids = logs.window_ids(first, time, group) if roles["id"] is None else _ids(first, roles["id"], name)
        last = rows + reading.window - 1
        y, groups, split = (None if values is None else values[last] for values in (y, groups, split))
    # Names that training never saw are missing, also where nothing else may be.
    strange = any(note.key == "unseen" for note in notes)
    reading = reading.model_copy(update={"impute": reading.impute or ("mask" if strange else None)})
    dataset = as_dataset(
        x, y, name=name, kind=None if reading.image_shape else kind, split=request.known_split(x, split),
        split_seed=request.split_seed, ids=ids, columns=columns, groups=groups, reading=reading, notes=notes,
        dtype=request.known_dtype,
    )  # fmt: skip
    return dataset if log is None else _with_log(dataset, log, ids or ())


def _roles(frame: pl.DataFrame, reading: Reading, like: DataSpec | None) -> dict[str, str | None]:
    """The columns that are no data, by what they are for; those that must be there are."""
    roles = {role: getattr(reading, role) for role in ROLES}
    for role, column in roles.items():
        if column is None or column in frame.columns:
            continue
        # Of no use in data that are only encoded, but that windows are cut in the order of time.
        if like is None or (role == "time" and reading.window):
            raise unknown(role, column, frame.columns)
        roles[role] = None
    for role in ("ignore", "category"):
        for column in getattr(reading, role):
            if column not in frame.columns and like is None:
                raise unknown(role, column, frame.columns)
    return roles


def _matrix(
    frame: pl.DataFrame,
    roles: dict[str, str | None],
    reading: Reading,
    name: str,
    like: DataSpec | None,
    notes: list[Note],
) -> tuple[np.ndarray, list[Column]]:
    """The data as float32 (n, p), NaN where nothing is, and what each column is."""
    pl = polars()
    aside = {ROW, *roles.values(), *reading.ignore}
    used = [column for column in frame.columns if column not in aside]
    wanted = base(like.columns, reading.window) if like and like.columns else []
    known = {column.name: column for column in wanted}
    if wanted:
        lacking = [column for column in known if column not in frame.columns]
        if lacking:
            raise DataError(f"{name}: expected column {lacking[0]!r}. Found {', '.join(frame.columns[1:])}.")
        used = list(known)
    else:
        empty = [c for c in used if frame[c].dtype == pl.Null or frame[c].null_count() == len(frame)]
        notes += [Note(key="empty_column", count=1, what=column) for column in empty]
        used = [column for column in used if column not in empty]
    if not used:
        raise DataError(f"{name}: expected a column of data. Found none beside {', '.join(frame.columns[1:])}.")
    x, columns = np.empty((len(frame), len(used)), np.float32), []
    for i, column in enumerate(used):
        x[:, i], what = _numbers(frame[column], column in reading.category, name, known.get(column), notes)
        columns.append(what)
    if not (wanted or reading.window or reading.image_shape):
        still = [column.name for i, column in enumerate(columns) if _is_constant(x[:, i])]
        notes += [Note(key="constant", count=len(still), what=", ".join(still[:10]))] if still else []
    return x, columns


def _log(frame: pl.DataFrame, roles: dict[str, str | None], columns: Sequence[Column], reading: Reading) -> Log:
    """What is kept of a log beside its windows, which are not cut yet."""
    order = frame[ROW].to_numpy()
    is_data = {column.name for column in columns}
    by_role = dict.fromkeys(column for column in roles.values() if column is not None and column != LABEL)
    in_file = frame.select(ROW, *by_role).sort(ROW)
    aside = {column: in_file[column] for column in by_role}
    names = tuple(column for column in frame.columns if column in is_data or column in aside)
    return Log(reading.window or 1, np.empty(0, np.int64), order, tuple(columns), names, aside)


def _with_log(dataset: Dataset, log: Log, ids: Sequence[str]) -> Dataset:
    """The dataset with its log, where its examples are still windows; some may have been dropped."""
    if dataset.x.ndim > 2:
        return dataset
    if len(dataset) < len(ids):
        places = {name: place for place, name in enumerate(ids)}
        log = log.take(np.array([places[name] for name in dataset.ids], np.int64))
    return replace(dataset, log=log)


def _numbers(
    series: pl.Series, is_category: bool, name: str, known: Column | None, notes: list[Note]
) -> tuple[np.ndarray, Column]:
    """A column as float32 (n,), NaN where nothing is; and what it is. Categories `known` keep their indices."""
    pl = polars()
    where, kind = f"{name}: column {series.name!r}", series.dtype
    leave = f"{option('ignore', series.name)} leaves it out"
    if kind.is_nested() or kind == pl.Binary or kind == pl.Object:
        raise DataError(f"{where}: expected numbers or names. Found {kind}; {leave}.")
    if kind.is_temporal():
        raise DataError(
            f"{where}: expected numbers or names. Found times; {leave}, or {option('time', series.name)} orders by it."
        )
    if known is not None:
        is_category = known.kind == "category"
        if series.null_count() == len(series):
            return np.full(len(series), np.nan, np.float32), known
    if kind.is_numeric() and not is_category:
        numbers = (
            series.cast(pl.Float32, strict=False) if kind.is_float() or kind.is_integer() else series.cast(pl.Float32)
        )
        return numbers.fill_null(float("nan")).to_numpy(), known or Column(name=series.name)
    if known is not None and not is_category:
        raise DataError(f"{where}: expected numbers, as in training. Found {kind}.")
    texts = series.cast(pl.String)
    if known and {*known.categories} <= {"false", "true"}:
        texts = texts.str.to_lowercase()  # as a frame, and every file before, gave them
    names = known.categories if known else tuple(texts.drop_nulls().unique().sort().to_list())
    if len(names) > MOST_CATEGORIES:
        raise DataError(
            f"{where}: expected numbers, or at most {MOST_CATEGORIES} different names. Found {len(names):,}, such"
            f" as {names[0]!r}; {leave}, or {option('id', series.name)} makes them ids."
        )
    codes = texts.replace_strict(list(names), list(range(len(names))), default=None, return_dtype=pl.Float32)
    unseen = codes.null_count() - texts.null_count()
    if unseen:
        notes.append(Note(key="unseen", count=unseen, what=series.name))
    return codes.fill_null(float("nan")).to_numpy(), known or Column(
        name=series.name, kind="category", categories=names
    )


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


def _is_constant(values: np.ndarray) -> bool:
    """Numbers that never change, whatever is missing."""
    some = values[~np.isnan(values)]
    return len(some) > 0 and bool((some == some[0]).all())
