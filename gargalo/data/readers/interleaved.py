"""Logs of several machines or persons in one table, which nobody said are several.

Their times repeat or go back; or their rows take turns, and only the steps within each are alike.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ...io.tables import polars
from ..notes import Note

if TYPE_CHECKING:
    import polars as pl

__all__ = ["interleaved", "repeated"]

MOSTLY_NEW = 0.75
"""Share of different times below which it is no accident that times repeat."""
MOSTLY_ONWARD = 0.75
"""Share of steps forward in time, in the order of the file, from which on it is no shuffled file that goes back."""
SLIPS, MOST_APART = 0.05, 0.2
"""Shares of rows that may be there twice or out of order in what is one log; and of those next to each other in time
alone."""
MOST_LOGS, REGULAR = 50, 0.9
"""Names that may be logs taking turns; the share of steps in time that are alike, from which on a log is regular."""


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
        return _taking_turns(frame, moments, {row, *aside})
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
        left = n - own.select("own", "time").n_unique()
        if repeats and left <= SLIPS * min(n, repeats):
            return [Note(key="interleaved", count=repeats, what=column.name)]
        steps = own.sort("own", "row").select((pl.col("time").diff().over("own") <= 0).sum())
        if repeats <= SLIPS * n and steps.item() <= SLIPS * back:
            return [Note(key="interleaved", count=back, what=column.name)]
    # Where rows that follow each other in time mostly do so in the file, some slipped, and no log lies in another.
    apart = float((frame[row].cast(pl.Int64).diff() != 1).mean() or 0)  # type: ignore[arg-type]
    if repeats <= SLIPS * n and apart <= MOST_APART:
        return [Note(key="out_of_order", count=back)] if back else []
    return [Note(key="back_and_forth", count=repeats or back)] if is_cut else []


def repeated(groups: pl.Series, moments: pl.Series) -> list[Note]:
    """Tell of rows of one machine or person that have one time.

    Parameters
    ----------
    groups, moments : polars Series, (n,)
        Sorted by group, and by time within each.

    Returns
    -------
    list of Note
        One or none.
    """
    pl = polars()
    again = int(pl.select(((groups == groups.shift()) & (moments == moments.shift())).sum()).item() or 0)
    return [Note(key="repeated_times", count=again, what=groups.name)] if again else []


def _taking_turns(frame: pl.DataFrame, moments: pl.Series, aside: Collection[str | None]) -> list[Note]:
    """Tell of logs whose rows alternate at times of their own: only within each are steps in time alike."""
    pl = polars()
    times = moments.to_physical()
    if not times.dtype.is_numeric() or _alike(pl.DataFrame({"time": times}), None) >= REGULAR:
        return []
    for column in frame.get_columns():
        is_name = column.dtype in (pl.String, pl.Boolean, pl.Categorical) or column.dtype.is_integer()
        if column.name in aside or not is_name or not 1 < column.n_unique() <= MOST_LOGS:
            continue
        turns = int((column != column.shift()).sum())
        if turns >= len(column) / 2 and _alike(pl.DataFrame({"time": times, "own": column}), "own") >= REGULAR:
            return [Note(key="taking_turns", count=turns, what=column.name)]
    return []


def _alike(rows: pl.DataFrame, own: str | None) -> float:
    """The share of steps in time that are within a tenth of the median one, or of that of their own log."""
    pl = polars()
    step, one = pl.col("time").diff(), pl.lit(0)
    steps = rows.with_columns(log=pl.col(own) if own else one).select("log", step=step.over("log")).drop_nulls()
    middle = pl.col("step").median().over("log")
    share = steps.select(((pl.col("step") - middle).abs() <= 0.1 * middle).mean()).item()
    return float(share or 0)
