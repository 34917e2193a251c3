"""Rows of a table in the order of time: how they are sorted, where time pauses, and what their windows are called."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DataError
from ...io.tables import polars
from ..notes import Note
from .times import in_time

if TYPE_CHECKING:
    import polars as pl

__all__ = ["in_order", "pauses", "window_ids"]

WHEN = "\0when"
"""The name of a column that no file can have: the moments that times stand for."""
ALIKE, MOSTLY = 0.1, 0.9
"""A log is regular where this share of its steps differs by no more than this from the median one."""
REGULAR, IRREGULAR = 1.5, 5.0
"""A step of more than so many times the median one is a gap, in a regular log, and at least in another."""
DEVIATIONS = 4
"""In an irregular log, the logarithm of a gap lies so many (robust) standard deviations above the median one."""


def in_order(
    frame: pl.DataFrame, time: str | None, group: str | None, time_format: str | None, name: str
) -> tuple[pl.DataFrame, pl.Series | None]:
    """Sort rows by time within each group, where there is a time.

    Parameters
    ----------
    frame : polars DataFrame, n rows
    time, group : str or None
        Columns of it.
    time_format : str or None
        As `in_time` takes it.
    name : str
        What people call the data, for messages.

    Returns
    -------
    polars DataFrame
        `frame` itself without a time.
    polars Series or None, (n,)
        The moments by which its rows are sorted.

    Raises
    ------
    DataError
        For a time that is missing, or that `in_time` refuses.
    """
    if time is None:
        return frame, None
    times = frame[time]
    if times.null_count():
        without = times.is_null().arg_true()
        raise DataError(
            f"{name}: expected a time in every row of {time!r}. Found {len(without):,} of {len(times):,} rows without,"
            f" the first of them row {without[0] + 1:,} of the data; leave them out, or write their times."
        )
    if times.dtype == polars().String:
        times = in_time(times, time_format, f"{name}: column {time!r}")
    keys = [key for key in (group, WHEN) if key]
    frame = frame.with_columns(times.alias(WHEN)).sort(keys, maintain_order=True)
    return frame.drop(WHEN), frame[WHEN]


def pauses(moments: pl.Series, groups: np.ndarray | None, gap: float | None, notes: list[Note]) -> np.ndarray:
    """Number the stretches of a log between its gaps: a gap is a step in time that is much longer than usual.

    Parameters
    ----------
    moments : polars Series, (n,)
        In their order within each group.
    groups : ndarray or None, (n,)
        Codes; each has a usual step of its own, the median one.
    gap : float or None
        How many times the usual step is too long. None is 1.5 where nine steps of ten are within a tenth of it. In
        other logs it is 5, or more where steps vary so much: four robust standard deviations of their logarithms.
    notes : list of Note
        Gaps are counted there.

    Returns
    -------
    ndarray, (n,), int
        It grows by 1 at each gap.
    """
    pl = polars()
    found = np.zeros(len(moments), np.int64)
    numbers = _numbers(moments)
    if numbers is None or len(numbers) < 2:
        return found
    steps = np.diff(numbers).astype(np.float64)
    within = steps > 0  # rows of one time say nothing; and NaN is not above 0
    if groups is not None:
        within &= groups[1:] == groups[:-1]
    of = np.zeros(len(steps), np.int64) if groups is None else groups[1:]
    known = pl.DataFrame({"group": of[within], "step": steps[within]})
    times = known.select(pl.col("step") / pl.col("step").median().over("group")).to_series().to_numpy()
    if not len(times):
        return found
    if gap is None:
        is_regular = np.mean(np.abs(times - 1) <= ALIKE) >= MOSTLY
        spread = 1.4826 * np.median(np.abs(np.log(times)))
        gap = REGULAR if is_regular else max(IRREGULAR, float(np.exp(DEVIATIONS * spread)))
    found[1:][within] = times > gap
    if found.any():
        notes.append(Note(key="gaps", count=int(found.sum())))
    return np.cumsum(found)


def _numbers(moments: pl.Series) -> np.ndarray | None:
    """Moments as numbers (n,) on one scale; None for texts of several kinds, or weeks that there are not."""
    pl = polars()
    if moments.dtype == pl.String:
        # Months, weeks and quarters: their first days.
        quarter = (moments.str.slice(6, 1).cast(pl.Int32, strict=False) * 3 - 2).cast(pl.String).str.zfill(2)
        for text, form in (
            (moments + "-01", "%Y-%m-%d"),
            (moments + "-1", "%G-W%V-%u"),
            (moments.str.slice(0, 5) + quarter + "-01", "%Y-%m-%d"),
        ):
            days = text.str.to_date(form, strict=False)
            if not days.null_count():
                return days.to_physical().to_numpy()
        return None
    if moments.dtype.is_decimal() or moments.dtype == pl.Boolean:
        moments = moments.cast(pl.Float64)
    return moments.to_physical().to_numpy()


def window_ids(first: pl.DataFrame, time: str, group: str | None) -> list[str]:
    """Call each window by its first row: when, of which group, and a number where several agree.

    Parameters
    ----------
    first : polars DataFrame, m rows
        The first row of each window.
    time, group : str, and str or None
        Columns of it.

    Returns
    -------
    list of m str
        No two are the same.
    """
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
