"""Data frames of a program, as polars has them; and labels that come beside one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError
from ...io.tables import polars
from ..in_memory import columns_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["LABEL", "frame_of", "label_column", "with_conditions"]

LABEL = "\0label"
"""The name of a column of labels that came beside a frame, which no file can have."""


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
    if double := [name for name, n in Counter(map(str, data.columns)).items() if n > 1]:
        raise DataError(f"frame: expected a name of its own for each column. Found {double[0]!r} twice; rename one.")
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


def with_conditions(frame: pl.DataFrame, given: Any) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Add conditions that came beside a frame as columns.

    Parameters
    ----------
    frame : polars DataFrame
        Of n rows.
    given : array-like (n,) or (n, k), mapping of (n,) by name, or frame

    Returns
    -------
    polars DataFrame
    tuple of str
        The names of the new columns.

    Raises
    ------
    DataError
        For values of another shape, or under the name of a column that is there.
    """
    pl, made = polars(), []
    for column, values in columns_of(given, len(frame)):
        if column.name in frame.columns:
            raise DataError(f"frame: expected other names of conditions than its columns have. Found {column.name!r}.")
        series = pl.Series(column.name, values, nan_to_null=True)
        if column.categories:
            codes, names = series.cast(pl.Int64), list(column.categories)
            series = codes.replace_strict(list(range(len(names))), names, default=None, return_dtype=pl.String)
        made.append(series.rename(column.name))
    return frame.with_columns(made), tuple(series.name for series in made)


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
