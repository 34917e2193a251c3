"""Columns of a frame as numbers: which of them something can be learned from, and what each is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError, option
from ...io.tables import polars
from ..columns import Column, base
from ..conditions import lacking
from ..notes import Note, first_few
from ..reading import Reading
from .numbers import must_be_no_numbers, numbers_in, without_marks
from .reader import Request
from .texts import MOST_CATEGORIES, merged, no_names

if TYPE_CHECKING:
    import polars as pl

__all__ = ["conditions_in", "matrix_of"]

NEARLY_EACH = 0.9
"""Share of rows with a text of their own from which on copies may be why not each has one."""


def matrix_of(frame: pl.DataFrame, request: Request, name: str, notes: list[Note]) -> tuple[np.ndarray, list[Column]]:
    """Turn the columns of a frame into numbers.

    Parameters
    ----------
    frame : polars DataFrame, n rows
        Without the columns that have a role of their own.
    request : Request
        Where `like` has columns, the matrix has those alone, in their order and with their categories. Else columns
        that teach nothing are left out: empty ones, and those of times, ids or prose that `category` does not name.
    name : str
        What people call the data.
    notes : list of Note
        What was left out, and what never changes, is told there.

    Returns
    -------
    ndarray, (n, p), float32
        NaN where nothing is.
    list of p Column

    Raises
    ------
    DataError
        For a column that `like` has and the frame lacks; for numbers that are written as texts; where nothing is
        left to learn from.
    """
    reading, like = request.reading, request.like
    wanted = base(like.columns, reading.window) if like and like.columns else []
    known = {column.name: column for column in wanted}
    there = {*frame.columns}
    lacking = [column for column in known if column not in there]
    if lacking:
        hint = " Where nothing is known of it, add it without values." if reading.impute in ("mask", "median") else ""
        raise DataError(f"{name}: expected column {lacking[0]!r}. Found {', '.join(frame.columns) or 'none'}.{hint}")
    if known:
        frame = frame.select(list(known))
    meant = [_as_it_is_meant(column, reading, name, notes, known.get(column.name)) for column in frame.get_columns()]
    units = {column.name: unit for column, unit in meant}
    frame = polars().DataFrame([column for column, _ in meant])
    used = list(known) if wanted else _teaching(frame, reading, name, notes)
    x, columns = np.empty((len(frame), len(used)), np.float32), []
    plain = _plain(frame, used, reading, known)
    if plain:  # at once: there may be tens of thousands
        numbers = frame.select(polars().col(list(plain)).cast(polars().Float32, strict=False).fill_null(float("nan")))
        x[:, [i for i, column in enumerate(used) if column in plain]] = numbers.to_numpy()
    for i, column in enumerate(used):
        if column in plain:
            what = known.get(column) or Column(name=column)
        else:
            x[:, i], what = _numbers(frame[column], column in reading.category, name, known.get(column), notes)
        columns.append(what.model_copy(update={"unit": units[column]}) if column not in known else what)
    if not (wanted or reading.window or reading.image_shape):
        still = [column.name for i, column in enumerate(columns) if _is_constant(x[:, i])]
        notes += [Note(key="constant", count=len(still), what=", ".join(still[:10]))] if still else []
    return x, columns


def _plain(frame: pl.DataFrame, used: list[str], reading: Reading, known: dict[str, Column]) -> dict[str, None]:
    """The columns of plain numbers that are meant as such, in their order."""
    are_numbers = {
        name: kind.is_float() or kind.is_integer() for name, kind in zip(frame.columns, frame.dtypes, strict=True)
    }
    names = {*reading.category, *(name for name, column in known.items() if column.kind == "category")}
    return dict.fromkeys(column for column in used if are_numbers[column] and column not in names)


def _as_it_is_meant(
    column: pl.Series, reading: Reading, name: str, notes: list[Note], known: Column | None
) -> tuple[pl.Series, str | None]:
    """A column as the choices of reading take it: with marks missing, units apart, names merged; and its unit."""
    are_names = column.name in reading.category if known is None else known.kind == "category"
    column = without_marks(column, reading.missing, are_names) if reading.missing else column
    if column.dtype != polars().String:
        return column, None
    if column.name in reading.merge:
        return merged(column, known.categories if known else ()), None
    return (column, None) if are_names else numbers_in(column, reading, name, notes, known)


def conditions_in(frame: pl.DataFrame, request: Request, name: str) -> list[tuple[Column, np.ndarray]]:
    """Find the columns that a conditional model is told.

    Parameters
    ----------
    frame : polars DataFrame, n rows
    request : Request
        Its reading names them; where `like` has conditions, names keep their meaning.
    name : str
        What people call the data.

    Returns
    -------
    list of (Column, (n,) float32)
        NaN where nothing is.

    Raises
    ------
    DataError
        For a column that the frame lacks, though a model is told it; for numbers that are written as texts, more than
        256 different names, or names that training did not have.
    """
    reading, found = request.reading, []
    known = {one.name: one for one in request.like.conditions} if request.like else {}
    for title in reading.condition:
        if title not in frame.columns:
            raise lacking(title, [each for each in frame.columns if "\0" not in each], name)
        series, there, notes = frame[title], known.get(title), list[Note]()
        are_names = title in reading.category or bool(there and there.categories)
        column = there and Column(name=title, kind=there.kind, categories=there.categories)
        series, _ = _as_it_is_meant(series, reading, name, [], column if are_names else None)
        if series.dtype == polars().String and not are_names:
            must_be_no_numbers(series, name)
        values, column = _numbers(series, are_names, name, column, notes)
        if there and notes:
            other = next(text for text in series.cast(polars().String).drop_nulls() if text not in there.categories)
            names = ", ".join(there.categories)
            raise DataError(f"{name}: expected {title!r} to be one of {names}, as in training. Found {other!r}.")
        found.append((column, values))
    return found


def _teaching(frame: pl.DataFrame, reading: Reading, name: str, notes: list[Note]) -> list[str]:
    """The columns from which something can be learned; of each other a note."""
    used, left, faults = [], [], {}
    for series in frame.get_columns():
        try:
            key = _teaches_nothing(series, series.name in reading.category, name)
        except DataError as fault:
            faults[series.name] = fault
            continue
        if key in ("seldom_names", "many_names") and _are_ids_but_for_copies(series, frame):
            key = "ids"
        if key:
            left.append(Note(key=key, count=series.n_unique() if key in TEXTS else 1, what=series.name))
        else:
            used.append(series.name)
    if faults:
        raise _together(faults)
    if not used:
        found = ", ".join(f"{note.what!r} ({REASONS[note.key]})" for note in left[:10]) or "none at all"
        hint = f"; {option('category', left[0].what)} keeps it as names" if left and left[0].key in TEXTS else ""
        raise DataError(f"{name}: expected a column of numbers, or of names that repeat. Found {found}{hint}.")
    notes += left
    return used


def _are_ids_but_for_copies(series: pl.Series, frame: pl.DataFrame) -> bool:
    """Has each row a text of its own, if rows that are exact copies of others are left out?"""
    if series.null_count() or series.n_unique() < NEARLY_EACH * len(series):
        return False
    whole = frame.unique()
    return series.n_unique() == len(whole)


def _together(faults: dict[str, DataError]) -> DataError:
    """What is wrong with several columns, by their names, as one error: that of the first, and which others."""
    first, *others = faults.values()
    if not others:
        return first
    remedy: dict[str, Any] = {}
    for fault in faults.values():
        for choice, value in fault.remedy.items():
            remedy[choice] = (*remedy.get(choice, ()), *value) if isinstance(value, tuple) else value
    also = first_few(map(repr, list(faults)[1:]))
    return DataError(f"{first.args[0]} So it is with {also}.", **remedy)


REASONS = {
    "empty_column": "empty",
    "nested": "neither numbers nor names",
    "times": "times",
    "ids": "another text in each row",
    "prose": "free text",
    "seldom_names": "texts that hardly repeat",
    "many_names": f"more than {MOST_CATEGORIES} different texts",
}
"""Why a column is left out, by the keys of notes."""
TEXTS = {"times", "ids", "prose", "seldom_names", "many_names"}


def _teaches_nothing(series: pl.Series, is_category: bool, name: str) -> str | None:
    """Why nothing can be learned from a column, as the key of a note; None where something can."""
    pl, kind = polars(), series.dtype
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        return "nested"
    if kind == pl.Null or series.null_count() == len(series):
        return "empty_column"
    if is_category:
        return None
    if kind.is_temporal():
        return "times"
    if kind != pl.String:
        return None
    if (found := no_names(series)) != "times":
        must_be_no_numbers(series, name)
    return found


def _numbers(
    series: pl.Series, is_category: bool, name: str, known: Column | None, notes: list[Note]
) -> tuple[np.ndarray, Column]:
    """A column as float32 (n,), NaN where nothing is; and what it is. Categories `known` keep their indices."""
    pl = polars()
    where, kind = f"{name}: column {series.name!r}", series.dtype
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        raise DataError(f"{where}: expected numbers or names. Found {kind}.")
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
        if kind == pl.String:
            must_be_no_numbers(series, name)
        raise DataError(f"{where}: expected numbers, as in training. Found {kind}.")
    texts = series.cast(pl.String)
    if known and {*known.categories} <= {"false", "true"}:
        texts = texts.str.to_lowercase()  # as a frame, and every file before, gave them
    names = known.categories if known else tuple(texts.drop_nulls().unique().sort().to_list())
    if len(names) > MOST_CATEGORIES:
        raise DataError(
            f"{where}: expected at most {MOST_CATEGORIES} different names of a category. Found {len(names):,}, such as"
            f" {names[0]!r}; {option('ignore', series.name)} leaves it out."
        )
    codes = texts.replace_strict(list(names), list(range(len(names))), default=None, return_dtype=pl.Float32)
    unseen = codes.null_count() - texts.null_count()
    if unseen:
        others = texts.filter(codes.is_null() & texts.is_not_null()).unique(maintain_order=True)
        notes.append(Note(key="unseen", count=unseen, what=f"{series.name} ({first_few(map(repr, others))})"))
    return codes.fill_null(float("nan")).to_numpy(), known or Column(
        name=series.name, kind="category", categories=names
    )


def _is_constant(values: np.ndarray) -> bool:
    """Numbers that never change, whatever is missing."""
    some = values[~np.isnan(values)]
    return len(some) > 0 and bool((some == some[0]).all())
