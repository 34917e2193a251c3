"""Tables: CSV, Parquet and data frames become rows of numbers, of which every column is known."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, unknown
from . import windows
from .columns import Column
from .from_arrays import as_source
from .reading import Note, Reading
from .source import Facts, Source
from .split import by_order, named

if TYPE_CHECKING:
    import polars as pl

__all__ = ["SUFFIXES", "frame_of", "from_frame", "label_column", "read_table"]

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
"""What stands for nothing in a CSV file."""
MOST_CATEGORIES = 256
"""A column of more different texts is no category, but names, notes or ids."""
ROLES = ("label", "id", "time", "group", "split")
ROW = "\0row"
"""A column's name that no file can have: the number of a row as it was read."""
LABEL = "\0label"
"""The same for labels that came beside a frame."""
DECIMAL_COMMA = r"^\s*[-+]?\d+,\d+\s*$"


def read_table(path: Path, reading: Reading, split_seed: int = 0, like: Facts | None = None) -> Source:
    """A source from a CSV or Parquet file; see `from_frame`.

    Raises
    ------
    DataError
        With the line and the option to set, where the file is not what it should be.
    """
    _polars()
    try:
        frame = _parquet(path) if path.suffix == ".parquet" else _csv(path, reading)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from None
    if not len(frame):
        raise DataError(f"{path}: expected rows. Found none.")
    return from_frame(frame, reading, path.name, split_seed, like)


def from_frame(
    frame: pl.DataFrame, reading: Reading, name: str, split_seed: int = 0, like: Facts | None = None
) -> Source:
    """A source from a data frame.

    Parameters
    ----------
    like : Facts or None
        Of the data that a run was trained on: the same columns, in the same order, with the same categories.
    """
    pl = _polars()
    roles = _roles(frame, reading, like)
    frame = _in_order(frame.with_row_index(ROW), roles, name)
    notes: list[Note] = []
    x, columns = _matrix(frame, roles, reading, name, like, notes)
    y, ids = _labels(frame, roles["label"], name), _ids(frame, roles["id"], name)
    group, time, part = roles["group"], roles["time"], roles["split"]
    groups = None if group is None else frame[group].rank("dense").fill_null(0).to_numpy()
    split = None if part is None else named(frame[part].cast(pl.String).to_list(), name)
    if split is None and time and groups is None:
        split = by_order(np.arange(len(x)), reading.parts)
    if reading.window and time:
        step = reading.step or reading.window
        x, columns, rows = windows.cut(x, columns, reading.window, step, groups, split, name)
        ids = _window_ids(frame[rows], time, group)
        last = rows + reading.window - 1
        y, groups, split = (None if values is None else values[last] for values in (y, groups, split))
    # Names that training never saw are missing, also where nothing else may be.
    strange = any(note.key == "unseen" for note in notes)
    reading = reading.model_copy(update={"impute": reading.impute or ("mask" if strange else None)})
    return as_source(
        x, y, name=name, split=split, split_seed=split_seed, ids=ids, columns=columns, groups=groups,
        reading=reading, notes=notes, dtype=like.dtype if like else None,
    )  # fmt: skip


def _roles(frame: pl.DataFrame, reading: Reading, like: Facts | None) -> dict[str, str | None]:
    """The columns that are no data, by what they are for; those that must be there are."""
    roles = {role: getattr(reading, role) for role in ROLES}
    for role, column in roles.items():
        if column is None or column in frame.columns:
            continue
        # Of no use in data that are only encoded, but that windows are cut in the order of time.
        if like is None or (role == "time" and reading.window):
            raise unknown(role, "load_data", column, frame.columns)
        roles[role] = None
    for role in ("ignore", "category"):
        for column in getattr(reading, role):
            if column not in frame.columns and like is None:
                raise unknown(role, "load_data", column, frame.columns)
    return roles


def _in_order(frame: pl.DataFrame, roles: dict[str, str | None], name: str) -> pl.DataFrame:
    """The rows in the order of time within each group, where there is a time."""
    if (time := roles["time"]) is None:
        return frame
    if frame[time].null_count():
        raise DataError(f"{name}: expected a time in every row of {time!r}. Found some without.")
    return frame.sort([key for key in (roles["group"], time) if key], maintain_order=True)


def _matrix(
    frame: pl.DataFrame,
    roles: dict[str, str | None],
    reading: Reading,
    name: str,
    like: Facts | None,
    notes: list[Note],
) -> tuple[np.ndarray, list[Column]]:
    """The data as float32 (n, p), NaN where nothing is, and what each column is."""
    pl = _polars()
    aside = {ROW, *roles.values(), *reading.ignore}
    used = [column for column in frame.columns if column not in aside]
    wanted = windows.base(like.columns, reading.window) if like and like.columns else []
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


def _window_ids(first: pl.DataFrame, time: str, group: str | None) -> list[str]:
    """An id for each window, from its first row: when, and of which group."""
    pl = _polars()
    times = first[time].cast(pl.String).to_list()
    if group is None:
        return times
    return [f"{whose}/{when}" for whose, when in zip(first[group].cast(pl.String).to_list(), times, strict=True)]


def frame_of(data: Any) -> pl.DataFrame | None:
    """A polars frame from a polars or pandas one; None for anything else."""
    kind = type(data)
    if kind.__name__ != "DataFrame" or kind.__module__.partition(".")[0] not in ("polars", "pandas"):
        return None
    pl = _polars()
    if kind.__module__.startswith("polars"):
        return data
    found = {}
    for name in data.columns:
        values = data[name]
        # Texts come as Python objects, and pandas has several kinds of nothing among them.
        if values.dtype.kind in "biuf" or values.dtype.kind == "M":
            found[str(name)] = pl.Series(str(name), values.to_numpy())
        else:
            cells = [None if cell is None or cell != cell else cell for cell in values.astype(object)]
            numeric = all(isinstance(cell, int | float) for cell in cells if cell is not None)
            found[str(name)] = pl.Series(
                str(name), cells if numeric else [c if c is None else str(c) for c in cells]
            )
    if len(found) < len(data.columns):
        raise DataError("array: expected a name of its own for each column of the frame. Found some twice.")
    return pl.DataFrame(found)


def label_column(y: Any, frame: pl.DataFrame) -> pl.Series:
    """Labels that came beside a frame, as a column of it."""
    values = np.asarray(y)
    if values.shape != (len(frame),):
        raise DataError(f"frame: expected {len(frame)} labels, one for each row. Found shape {values.shape}.")
    return _polars().Series(LABEL, values.tolist(), strict=False)


def _polars() -> Any:
    try:
        import polars
    except ImportError:
        raise DataError(
            "tables: expected polars, which reads CSV and Parquet. It is not installed;"
            " pip install 'gargalo[tables]'."
        ) from None
    return polars


def _parquet(path: Path) -> pl.DataFrame:
    pl = _polars()
    try:
        return pl.read_parquet(path, use_statistics=False, memory_map=False)
    except (Exception, pl.exceptions.PanicException) as error:
        why = str(error).partition("\n")[0][:120]
        raise DataError(f"{path}: expected a Parquet file. It cannot be read ({why}).") from None


def _csv(path: Path, reading: Reading) -> pl.DataFrame:
    pl = _polars()
    try:
        with path.open(encoding=_encoding(reading.encoding), newline="") as file:
            head = file.readline()
    except (UnicodeDecodeError, LookupError) as error:
        raise _not_decoded(path, reading.encoding, error) from None
    if not head.strip():
        raise DataError(f"{path}: expected a first line with the names of the columns. Found an empty one.")
    marks = {mark: head.count(mark) for mark in ",;\t|"}
    separator = reading.separator or max(marks, key=lambda mark: marks[mark])
    names = next(csv.reader([head], delimiter=separator))
    double = [name for name, count in Counter(names).items() if count > 1]
    if double:
        raise DataError(f"{path}: expected each column once in line 1. Found {double[0]!r} twice; rename one.")
    if all(re.fullmatch(r"\s*[-+]?[\d.]+(e[-+]?\d+)?\s*", name, re.IGNORECASE) for name in names):
        raise DataError(
            f"{path}: expected the names of the columns in line 1. Found numbers: {head.strip()[:60]}."
        )
    options: dict[str, Any] = {
        "separator": separator,
        "null_values": list(MISSING),
        "decimal_comma": reading.decimal_comma,
        "raise_if_empty": False,
        "encoding": "utf8" if _encoding(reading.encoding) == "utf-8-sig" else reading.encoding,
    }
    try:
        try:
            frame = pl.read_csv(path, infer_schema_length=10_000, **options)
        except pl.exceptions.ComputeError:
            # The first rows did not say what is in the others.
            frame = pl.read_csv(path, infer_schema_length=None, **options)
    except (Exception, pl.exceptions.PanicException) as error:
        if isinstance(error, UnicodeDecodeError) or "utf-8" in str(error).lower() or "utf8" in str(error).lower():
            raise _not_decoded(path, reading.encoding, error) from None
        _must_be_even(path, separator, len(names), reading)
        why = str(error).partition("\n")[0][:120]
        raise DataError(f"{path}: expected a CSV file. It cannot be read ({why}).") from None
    # polars fills up a line that is too short: only then is the last column empty there.
    if frame.width and frame[:, -1].null_count():
        _must_be_even(path, separator, len(names), reading)
    if not reading.decimal_comma:
        for column in frame.columns:
            texts = frame[column].drop_nulls()
            if texts.dtype == pl.String and len(texts) and texts.str.contains(DECIMAL_COMMA).all():
                raise DataError(
                    f"{path}: expected numbers with a decimal point. Found {texts[0]!r} in column {column!r};"
                    " --decimal-comma reads them."
                )
    return frame


def _encoding(name: str) -> str:
    """Python's name of it; a byte-order mark is no part of the first column's name."""
    return "utf-8-sig" if name.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig") else name


def _not_decoded(path: Path, encoding: str, error: Exception) -> DataError:
    if isinstance(error, LookupError):
        return DataError(f"{path}: expected an encoding such as utf-8 or latin-1. Found {encoding!r}.")
    where = _undecodable_line(path, encoding)
    return DataError(
        f"{path}: expected text in {encoding}. Found other bytes in line {where}; try --encoding latin-1."
    )


def _undecodable_line(path: Path, encoding: str) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(_encoding(encoding))
            except UnicodeDecodeError:
                return number
    return 1


def _must_be_even(path: Path, separator: str, width: int, reading: Reading) -> None:
    """Refuse the first line that has not as many cells as line 1 has names."""
    with path.open(encoding=_encoding(reading.encoding), newline="", errors="replace") as file:
        rows = csv.reader(file, delimiter=separator)
        try:
            for row in islice(rows, 1, None):
                if row and len(row) != width:
                    raise DataError(
                        f"{path}: expected {width} cells in line {rows.line_num}, as in line 1. Found {len(row)};"
                        " mend the line, or set --separator."
                    )
        except csv.Error as error:
            raise DataError(
                f"{path}: expected a CSV file. Line {rows.line_num} cannot be read ({error})."
            ) from None


def _numbers(
    series: pl.Series, is_category: bool, name: str, known: Column | None, notes: list[Note]
) -> tuple[np.ndarray, Column]:
    """A column as float32 (n,), NaN where nothing is; and what it is. Categories `known` keep their indices."""
    pl = _polars()
    where, kind = f"{name}: column {series.name!r}", series.dtype
    leave = f"--ignore {series.name} leaves it out"
    if kind.is_nested() or kind == pl.Binary or kind == pl.Object:
        raise DataError(f"{where}: expected numbers or names. Found {kind}; {leave}.")
    if kind.is_temporal():
        raise DataError(
            f"{where}: expected numbers or names. Found times; {leave}, or --time {series.name} orders by it."
        )
    if known is not None:
        is_category = known.kind == "category"
        if series.null_count() == len(series):
            return np.full(len(series), np.nan, np.float32), known
    if kind.is_numeric() and not is_category:
        numbers = (
            series.cast(pl.Float32, strict=False)
            if kind.is_float() or kind.is_integer()
            else series.cast(pl.Float32)
        )
        return numbers.fill_null(float("nan")).to_numpy(), known or Column(name=series.name)
    if known is not None and not is_category:
        raise DataError(f"{where}: expected numbers, as in training. Found {kind}.")
    texts = series.cast(pl.String)
    names = known.categories if known else tuple(texts.drop_nulls().unique().sort().to_list())
    if len(names) > MOST_CATEGORIES:
        raise DataError(
            f"{where}: expected numbers, or at most {MOST_CATEGORIES} different names. Found {len(names):,}, such"
            f" as {names[0]!r}; {leave}, or --id {series.name} makes them ids."
        )
    codes = texts.replace_strict(list(names), list(range(len(names))), default=None, return_dtype=pl.Float32)
    unseen = codes.null_count() - texts.null_count()
    if unseen:
        notes.append(Note(key="unseen", count=unseen, what=series.name))
    return codes.fill_null(float("nan")).to_numpy(), known or Column(
        name=series.name, kind="category", categories=names
    )


def _labels(frame: pl.DataFrame, label: str | None, name: str) -> np.ndarray | None:
    pl = _polars()
    if label is None:
        return None
    series = frame[label]
    if series.null_count():
        raise DataError(
            f"{name}: expected a label in every row of {label!r}. Found {series.null_count()} without."
        )
    if series.dtype.is_float() and series.n_unique() > MOST_CATEGORIES:
        raise DataError(
            f"{name}: expected labels in column {label!r}. Found {series.n_unique():,} different numbers, which is"
            f" a measurement: leave --label out, or --ignore {label} as well."
        )
    return series.to_numpy() if series.dtype.is_numeric() else np.array(series.cast(pl.String).to_list())


def _ids(frame: pl.DataFrame, column: str | None, name: str) -> Sequence[str] | None:
    pl = _polars()
    if column is None:
        rows = frame[ROW].to_numpy()
        return None if (rows == np.arange(len(rows))).all() else list(map(str, rows))
    ids = frame[column].cast(pl.String)
    if ids.null_count() or ids.n_unique() < len(ids):
        raise DataError(
            f"{name}: expected an id of its own for each row in column {column!r}. Found {ids.n_unique():,} for"
            f" {len(ids):,} rows; --group {column} keeps rows of one id together."
        )
    return ids.to_list()


def _is_constant(values: np.ndarray) -> bool:
    """Numbers that never change, whatever is missing."""
    some = values[~np.isnan(values)]
    return len(some) > 0 and bool((some == some[0]).all())
