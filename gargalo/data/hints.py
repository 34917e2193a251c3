"""What to do with an array that is none yet: the ends of the lines that refuse it, each fit for what was found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError, option
from .columns import Column

__all__ = ["for_dtype", "for_labels", "for_shape", "not_finite"]

MOST_NAMED = 5
"""Columns that a message names."""


def for_shape(x: Any) -> str:
    """Tell what to do with an array of a shape that examples cannot have.

    Parameters
    ----------
    x : ndarray

    Returns
    -------
    str
        A sentence after a blank; empty where nothing is known to do.
    """
    if x.dtype.names:
        return " Its fields are columns: pandas.DataFrame(x) makes a frame of them."
    if 0 in x.shape:
        return " There is nothing in it."
    if x.ndim == 0:
        return " It is a single value, not examples."
    if x.ndim == 1:
        return " x[:, None] makes each number an example, x.reshape(-1, 64) each 64 numbers of a signal."
    if x.ndim == 4 and x.shape[1] in (1, 3, 4):
        return " Put the channels last: x.transpose(0, 2, 3, 1)."
    return " x.reshape(len(x), -1) makes rows of numbers of it."


def for_dtype(x: Any) -> str:
    """Tell what to do with an array that holds no real numbers.

    Parameters
    ----------
    x : ndarray

    Returns
    -------
    str
        A sentence after a blank; empty where nothing is known to do.
    """
    kind = x.dtype.kind
    if kind == "b":
        return " x.astype('float32') makes 0 and 1 of it."
    if kind == "c":
        return " Take magnitudes, np.abs(x), or both parts: np.concatenate([x.real, x.imag], axis=1)."
    if kind == "M":
        return " Times are numbers as seconds since the first: (x - x.min()) / np.timedelta64(1, 's')."
    if kind == "m":
        return " Durations are numbers as seconds: x / np.timedelta64(1, 's')."
    if kind not in "OUS":
        return " x.astype('float32') may do."
    try:
        x.astype(np.float32)
    except (TypeError, ValueError):
        first = next((repr(value)[:40] for value in x.flat if not isinstance(value, int | float)), "text")
        return f" There is {first} in it; pandas.DataFrame(x) makes columns of numbers and of names."
    return " x.astype('float32') makes numbers of it."


def for_labels(y: np.ndarray, n: int) -> str:
    """Tell what to do with what are no labels of `n` examples.

    Parameters
    ----------
    y : ndarray
    n : int

    Returns
    -------
    str
        A clause after "Found", with what to do where that is known.
    """
    shape = f"an array of shape {y.shape} and dtype {y.dtype}"
    if y.ndim == 0:
        hint = f"; {option('label')} names a column of a table" if y.dtype.kind in "US" else ""
        return f"{str(y)[:40]!r}{hint}."
    if y.ndim == 2 and len(y) == n:
        is_one_hot = y.dtype.kind in "uifb" and ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()
        hint = "y.argmax(axis=1) makes labels of rows with a single 1" if is_one_hot else "y[:, 0] is its first column"
        return f"{shape}; {hint}."
    if y.shape != (n,):
        return f"{shape}."
    missing = y != y if y.dtype.kind in "fO" else np.zeros(n, bool)
    if y.dtype.kind == "O":
        missing = missing | np.array([value is None for value in y])
    if missing.any():
        return f"{int(missing.sum())} without; leave these rows out."
    if y.dtype.kind == "c":
        part = "np.abs(y)" if np.imag(y).any() else "y.real"
        return f"complex numbers; {part} makes real ones of them."
    if y.dtype.kind == "f":
        measured = y[y != np.round(y)][0]
        return f"numbers such as {measured:g}, which measure; np.digitize(y, limits) makes classes of them."
    return f"{shape}; y.astype(str) may do."


def not_finite(
    flat: np.ndarray, whole: np.ndarray, most: float, columns: Sequence[Column] | None, is_rows: bool, name: str
) -> DataError:
    """Make the error for numbers that are not finite: how many there are, and where.

    Parameters
    ----------
    flat : ndarray, (n, p)
    whole : ndarray, (n,), bool
        The rows without such numbers.
    most : float
        The largest number that counts as finite.
    columns : sequence of p Column, or None
        Each is named with how often it has none, up to five; without them the first row is.
    is_rows : bool
        Are these rows of numbers, no pictures?
    name : str
        What people call the data.

    Returns
    -------
    DataError
        Not raised here.
    """
    bad: Any = flat[~whole]
    places = ~(np.abs(bad) <= most)
    where = np.flatnonzero(places.any(axis=0))
    what = "missing values" if columns is not None and is_rows else "missing numbers"
    kind = what if np.isnan(bad[places]).all() else f"NaN, infinity or values beyond {most:g}"
    in_columns = f"{len(where)} of {flat.shape[1]} columns, the first in row {int(np.flatnonzero(~whole)[0])}"
    examples = "rows"
    if columns is not None and is_rows:
        counts = Counter({columns[i].name: int(places[:, i].sum()) for i in where.tolist()})
        if all(re.search(r"\[\d+\]$", column.name) for column in columns):  # windows, which have a column many times
            examples, counts = "windows", Counter[str]()
            for i in where.tolist():
                counts[re.sub(r"\[\d+\]$", "", columns[i].name)] += int(places[:, i].sum())
        named = [f"{name!r} ({count})" for name, count in list(counts.items())[:MOST_NAMED]]
        more = [f"{len(counts) - MOST_NAMED} more"] if len(counts) > MOST_NAMED else []
        in_columns = f"columns {', '.join(named + more)}"
    hint = (
        f"Fill them in or leave these rows out; in training {option('impute', 'mask')} passes over them, median fills"
        " them in (names by the commonest), and drop leaves the rows out."
    )
    if not is_rows:
        hint = f"np.nan_to_num(x) puts 0 in their place; in training {option('impute', 'drop')} leaves these out."
    return DataError(
        f"{name}: expected finite numbers. Found {kind} in {len(bad)} of {len(flat)} {examples}, {in_columns}. {hint}"
    )
