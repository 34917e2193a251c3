"""Logs of several machines or persons in one table, which nobody said are several: their times repeat, or go back."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ...io.tables import polars
from ..notes import Note

if TYPE_CHECKING:
    import polars as pl

__all__ = ["interleaved"]

MOSTLY_NEW = 0.75
"""Share of different times below which it is no accident that times repeat."""
MOSTLY_ONWARD = 0.75
"""Share of steps forward in time, in the order of the file, from which on it is no shuffled file that goes back."""


def interleaved(
    frame: pl.DataFrame, moments: pl.Series, row: str, aside: Collection[str | None], is_cut: bool
) -> list[Note]:
    """Tell of a log that looks like several, one in or after another.

    Parameters
    ----------
    frame : polars DataFrame, n rows
        In the order of time.
    moments : polars Series, (n,)
        The time of each row.
    row : str
        The column that has the number of each row in the file.
    aside : collection of str or None
        Columns that have a role, and say of no row whose it is.
    is_cut : bool
        Are windows cut? Then it is told also where no column says whose a row is.

    Returns
    -------
    list of Note
        One or none.
    """
    pl = polars()
    n, different = len(moments), moments.n_unique()
    in_file = pl.DataFrame({"row": frame[row], "time": moments.rank("dense")}).sort("row")
    back = int((in_file["time"].cast(pl.Int64).diff() < 0).sum())
    if different > MOSTLY_NEW * n and not 0 < back <= (1 - MOSTLY_ONWARD) * n:
        return []
    repeats = n - different
    at_once = int(moments.value_counts()["count"].max() or 1)  # type: ignore[arg-type]
    for column in frame.get_columns():
        kind = column.dtype
        if column.name in (row, *aside) or not (kind.is_integer() or kind in (pl.String, pl.Boolean, pl.Categorical)):
            continue
        # As many names as there are rows at one time, or stretches of the file.
        if not 1 < column.n_unique() <= (2 * at_once if repeats else back + 1):
            continue
        own = pl.DataFrame({"own": column, "row": frame[row], "time": moments.rank("dense").cast(pl.Int64)})
        if repeats and own.select("own", "time").n_unique() == n:
            return [Note(key="interleaved", count=repeats, what=column.name)]
        steps = own.sort("own", "row").select((pl.col("time").diff().over("own") <= 0).sum())
        if not repeats and not steps.item():
            return [Note(key="interleaved", count=back, what=column.name)]
    return [Note(key="back_and_forth", count=repeats or back)] if is_cut else []
