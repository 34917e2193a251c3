"""`Log`: what windows were cut from, so that windows which come out of a model become rows in time again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .columns import Column, named_values

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Log", "joined", "per_channel", "stuck"]

LEAST_STUCK, TIMES, FEW_STUCK = 60, 10, 3
"""A stretch of one value is a sensor that is stuck from so many rows on, if it is so many times as long as 99 of 100
stretches are, and no more than three are a quarter as long."""


@dataclass(frozen=True, eq=False)
class Log:
    """The log that windows were cut from.

    Attributes
    ----------
    window : int
        Rows of a window.
    starts : ndarray, (m,), int
        The row at which each window begins, counted in the order of time within each group.
    order : ndarray, (n,), int
        The place in the file of each row in that order.
    columns : tuple of p Column
        What each number of a row is.
    names : tuple of str
        Every column that a log which is written has, in the order of the file.
    aside : dict of polars Series, (n,)
        Columns that are no data (time, group, id, label, split) as they were read, in the order of the file.
    """

    window: int
    starts: np.ndarray
    order: np.ndarray
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    aside: Mapping[str, pl.Series]

    @property
    def is_covered(self) -> np.ndarray:
        """Is each row in a window? (n,) bool, in the order of the file."""
        rows = np.zeros(len(self.order), bool)
        ends = np.zeros(len(self.order) + 1, np.int64)
        np.add.at(ends, self.starts, 1)
        np.add.at(ends, self.starts + self.window, -1)
        rows[self.order] = np.cumsum(ends[:-1]) > 0
        return rows

    def take(self, rows: np.ndarray) -> Log:
        """Take some of the windows of the same log.

        Parameters
        ----------
        rows : ndarray, (k,), int
            Indices of windows, which may repeat.

        Returns
        -------
        Log
        """
        return replace(self, starts=self.starts[rows])

    def joined(self, windows: np.ndarray) -> np.ndarray:
        """Lay windows over each other where they lie in time, one for each start.

        Parameters
        ----------
        windows : ndarray, (m, window * p)
            Raw, as a model reads and gives them.

        Returns
        -------
        ndarray, (n, p), float32
            Rows in the order of the file: of each number the mean over all windows that cover the row, of each
            category the commonest; NaN where no window does, or all that do have NaN.
        """
        values = windows.reshape(len(windows), self.window, len(self.columns))
        rows = np.empty((len(self.order), len(self.columns)), np.float32)
        is_name = np.array([column.kind == "category" for column in self.columns])
        rows[:, ~is_name] = joined(values[:, :, ~is_name], self.starts, len(rows))
        for i in np.flatnonzero(is_name):
            votes = np.zeros(len(rows))
            rows[:, i] = np.nan
            for code in range(len(self.columns[i].categories)):
                share = joined((values[:, :, i] == code)[:, :, None], self.starts, len(rows))[:, 0]
                more = share > votes
                rows[more, i], votes[more] = code, share[more]
        in_file = np.empty_like(rows)
        in_file[self.order] = rows
        return in_file

    def errors(self, windows: np.ndarray, back: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Measure how far each row lies from what comes back of it.

        Parameters
        ----------
        windows, back : ndarray, (m, window * p)
            Windows as they were read, and as a model gives them back.
        spread : ndarray, (window * p,)
            The standard deviation of each number in training. That of categories is not used.

        Returns
        -------
        ndarray, (n,), float32
            In the order of the file: the mean over the columns of the squared difference of `joined`, in standard
            deviations; of a category it is 0 where the names agree and else 1. What is missing does not count, and a
            row without anything has NaN.
        """
        unit = per_channel(np.zeros_like(spread), spread, len(self.columns))[1][: len(self.columns)]
        difference = self.joined(windows) - self.joined(back)
        is_name = np.array([column.kind == "category" for column in self.columns])
        squares = np.square(difference / np.where(is_name, 1, unit))
        squares[:, is_name] = np.minimum(squares[:, is_name], 1)
        there = ~np.isnan(squares)
        count = there.sum(axis=1)
        total = np.where(there, squares, 0).sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)

    def table(self, windows: np.ndarray, errors: np.ndarray | None = None) -> dict[str, Any]:
        """Make the columns of a log again, as `joined` lays them over each other, beside its own time.

        Parameters
        ----------
        windows : ndarray, (m, window * p)
        errors : ndarray or None, (n,)
            Stands after them as "error", or "row_error" where there is a column of that name.

        Returns
        -------
        dict of (n,) arrays and polars Series
            By name, in the order of the file: `named_values` of the rows, and `aside`.
        """
        values = named_values(self.columns, self.joined(windows))
        found: dict[str, Any] = {name: self.aside[name] if name in self.aside else values[name] for name in self.names}
        if errors is not None:
            found["row_error" if "error" in found else "error"] = errors
        return found


def joined(values: np.ndarray, starts: np.ndarray, n: int) -> np.ndarray:
    """Average windows where they overlap (overlap-add, divided by how many lie over each row).

    Parameters
    ----------
    values : ndarray, (m, window, p)
        NaN does not count.
    starts : ndarray, (m,), int
        The row at which each window begins; of windows with one start the first counts.
    n : int
        Rows in all.

    Returns
    -------
    ndarray, (n, p), float32
        NaN where nothing lies.
    """
    starts, first = np.unique(starts, return_index=True)
    values = values[first]
    m, window, p = values.shape
    total, count = np.zeros((n, p)), np.zeros((n, p), np.int32)

    def add(rows: np.ndarray | slice, some: np.ndarray) -> None:
        there = ~np.isnan(some) if some.dtype.kind == "f" else np.ones(some.shape, bool)
        total[rows] += np.where(there, some, 0)
        count[rows] += there

    # The starts differ, so that no row comes twice in one step.
    if window <= m:
        for t in range(window):
            add(starts + t, values[:, t])
    else:
        for start, some in zip(starts.tolist(), values, strict=True):
            add(slice(start, start + window), some)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def per_channel(middle: np.ndarray, spread: np.ndarray, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Give all numbers of a channel one scale, so that a window keeps its shape.

    Parameters
    ----------
    middle, spread : ndarray, (window * channels,)
        Mean and standard deviation of each number of a window, of whose rows one follows the other.
    channels : int

    Returns
    -------
    ndarray, ndarray, (window * channels,)
        Mean and standard deviation of the channel that each number belongs to; a deviation of 0 is given as 1.
    """
    means, squares = middle.reshape(-1, channels), np.square(spread).reshape(-1, channels)
    deviation = np.sqrt(squares.mean(axis=0) + means.var(axis=0))
    deviation[deviation == 0] = 1
    return np.tile(means.mean(axis=0), len(means)), np.tile(deviation, len(means))


def stuck(values: np.ndarray) -> tuple[float, int] | None:
    """Find the value at which a sensor seems to be stuck: that of one stretch much longer than all usual ones.

    Parameters
    ----------
    values : ndarray, (n,)
        Numbers in the order of time; NaN where one is missing.

    Returns
    -------
    (float, int) or None
        The value, and how many rows running have it; None where nothing stands out, as where what is switched off
        rests at 0 every night.
    """
    there = values[~np.isnan(values)]
    ends = np.append(np.flatnonzero(np.diff(there)), len(there) - 1)
    lengths = np.diff(ends, prepend=-1)
    longest = int(lengths.argmax()) if len(lengths) > 1 else 0
    most = int(lengths[longest])
    is_usual = most < max(LEAST_STUCK, TIMES * np.percentile(lengths, 99)) or (lengths > most / 4).sum() > FEW_STUCK
    return None if len(lengths) < 2 or is_usual else (float(there[ends[longest]]), most)
