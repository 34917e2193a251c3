"""Tables: CSV, Parquet and data frames become rows of numbers, of which every column is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError, option, unknown
from ...io.tables import polars
from ..as_dataset import as_dataset
from ..dataset import Dataset
from ..notes import Note
from ..reading import Reading
from ..spec import DataSpec
from ..splits import by_order, named, usual_shares
from . import windows
from .csv_files import read_frame
from .interleaved import interleaved
from .matrix import matrix_of
from .reader import Request
from .texts import MOST_CATEGORIES
from .times import in_time

if TYPE_CHECKING:
    import polars as pl

__all__ = ["SUFFIXES", "frame_of", "from_frame", "label_column", "read_table"]

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
ROLES = ("label", "id", "time", "group", "split")
ROW = "\0row"
"""A column's name that no file can have: the number of a row as it was read."""
WHEN = "\0when"
"""The same for the moments that times stand for."""
LABEL = "\0label"
"""The same for labels that came beside a frame."""


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
    known = windows.base(like.columns, reading.window) if like and like.columns else ()
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
    frame, moments = _in_order(frame.with_row_index(ROW), roles, reading.time_format, name)
    notes: list[Note] = []
    if moments is not None and roles["group"] is None and like is None:
        notes += interleaved(frame, moments, ROW, {*roles.values()}, bool(reading.window))
    aside = {ROW, *roles.values(), *reading.ignore}
    data = pl.DataFrame([column for column in frame.get_columns() if column.name not in aside])
    x, columns = matrix_of(data, request, name, notes)
    y, ids = _labels(frame, roles["label"], name), _ids(frame, roles["id"], name)
    group, time, named_by = roles["group"], roles["time"], roles["split"]
    groups = None if group is None else frame[group].rank("dense").fill_null(0).to_numpy()
    split = None if named_by is None else named(frame[named_by].cast(pl.String).to_list(), name)
    if split is None and time and groups is None:
        examples = len(x) // (reading.step or reading.window or 1)
        split = by_order(np.arange(len(x)), reading.shares or usual_shares(examples))
    kind = "table"
    if reading.window and time:
        step = reading.step or reading.window
        kind = "series"
        x, columns, rows = windows.cut(x, columns, (reading.window, step), (groups, split), name)
        first = frame[rows]
        ids = _window_ids(first, time, group) if roles["id"] is None else _ids(first, roles["id"], name)
        last = rows + reading.window - 1
        y, groups, split = (None if values is None else values[last] for values in (y, groups, split))
    # Names that training never saw are missing, also where nothing else may be.
    strange = any(note.key == "unseen" for note in notes)
    reading = reading.model_copy(update={"impute": reading.impute or ("mask" if strange else None)})
    return as_dataset(
        x, y, name=name, kind=None if reading.image_shape else kind, split=split, split_seed=request.split_seed,
        ids=ids, columns=columns, groups=groups, reading=reading, notes=notes, dtype=request.known_dtype,
    )  # fmt: skip


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


def _in_order(
    frame: pl.DataFrame, roles: dict[str, str | None], time_format: str | None, name: str
) -> tuple[pl.DataFrame, pl.Series | None]:
    """The rows in the order of time within each group, and their moments, where there is a time."""
    if (time := roles["time"]) is None:
        return frame, None
    times = frame[time]
    if times.null_count():
        raise DataError(f"{name}: expected a time in every row of {time!r}. Found some without.")
    if times.dtype == polars().String:
        times = in_time(times, time_format, f"{name}: column {time!r}")
    keys = [key for key in (roles["group"], WHEN) if key]
    frame = frame.with_columns(times.alias(WHEN)).sort(keys, maintain_order=True)
    return frame.drop(WHEN), frame[WHEN]


def _window_ids(first: pl.DataFrame, time: str, group: str | None) -> list[str]:
    """An id of its own for each window, from its first row: when, of which group, and a number where several agree."""
    pl = polars()
    ids = first[time].cast(pl.String)
    if group is not None:
        ids = first[group].cast(pl.String).fill_null("") + "/" + ids
    seen: Counter[str] = Counter()
    numbered = []
    for one in ids.to_list():
        seen[one] += 1
        numbered.append(one if seen[one] == 1 else f"{one} #{seen[one]}")
    return numbered


def frame_of(data: Any) -> pl.DataFrame | None:
    """Make a polars frame of a polars or pandas one.

    Parameters
    ----------
    data : object

    Returns
    -------
    polars DataFrame or None
        None for anything else.

    Raises
    ------
    DataError
        For columns whose names are the same as text, such as 1 and "1"; where polars is not installed.
    """
    kind = type(data)
    if kind.__name__ != "DataFrame" or kind.__module__.partition(".")[0] not in ("polars", "pandas"):
        return None
    pl = polars()
    if kind.__module__.startswith("polars"):
        return data
    if len({str(name) for name in data.columns}) < len(data.columns):
        raise DataError("array: expected a name of its own for each column of the frame. Found some twice.")
    found = {}
    for name in data.columns:
        values = data[name]
        # Texts come as Python objects, and pandas has several kinds of nothing among them.
        if values.dtype.kind in "biuf":
            found[str(name)] = pl.Series(str(name), values.to_numpy())
        elif values.dtype.kind == "M":
            if getattr(values.dtype, "tz", None) is not None:
                values = values.dt.tz_convert("UTC").dt.tz_localize(None)
            times = values.to_numpy()
            # Polars has no seconds; nanoseconds would not hold every year.
            found[str(name)] = pl.Series(str(name), times.astype("M8[ms]") if times.dtype == "M8[s]" else times)
        else:
            cells = [None if cell is None or cell != cell else cell for cell in values.astype(object)]
            numeric = all(isinstance(cell, int | float) for cell in cells if cell is not None)
            found[str(name)] = pl.Series(str(name), cells if numeric else [c if c is None else str(c) for c in cells])
    return pl.DataFrame(found)


def label_column(y: Any, frame: pl.DataFrame) -> pl.Series:
    """Make a column of labels that came beside a frame.

    Parameters
    ----------
    y : array-like, (n,) or (n, 1)
    frame : polars DataFrame
        Of n rows.

    Returns
    -------
    polars Series, (n,)
        Under a name that no column of a file can have.

    Raises
    ------
    DataError
        For labels of another shape.
    """
    values = np.asarray(y)
    if values.shape == (len(frame), 1):
        values = values[:, 0]
    if values.shape != (len(frame),):
        raise DataError(f"frame: expected {len(frame)} labels, one for each row. Found shape {values.shape}.")
    return polars().Series(LABEL, values.tolist(), strict=False)


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
