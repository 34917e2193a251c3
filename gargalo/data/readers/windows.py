"""Logs of sensors: rows in the order of time, cut into windows that each make one example."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import psutil

from ...errors import DataError, option
from ..columns import Column
from ..notes import Note

__all__ = ["cut"]


def cut(
    x: np.ndarray,
    columns: Sequence[Column],
    lengths: tuple[int, int],
    borders: Sequence[np.ndarray | None],
    name: str,
    notes: list[Note],
) -> tuple[np.ndarray, list[Column], np.ndarray]:
    """Windows of so many rows, one every so many; none reaches into another group or split, or over a gap.

    Parameters
    ----------
    x : ndarray, (n, p)
        In the order of time within each group.
    columns : sequence of p Column
        What each number of a row is.
    lengths : (int, int)
        Rows in a window, and rows from the start of one to the start of the next.
    borders : sequence of (ndarray or None), (n,)
        Groups, splits and stretches between gaps: where one of them changes, a window ends.
    name : str
        What people call the data, for messages.
    notes : list of Note
        What is left out is counted there: stretches that are too short, and rows at the ends of others.

    Returns
    -------
    ndarray, (m, window * p)
        The rows of a window, one after the other.
    list of Column
        "temperature[0]", "vibration[0]", "temperature[1]", …
    ndarray, (m,)
        The row at which each window begins.

    Raises
    ------
    DataError
        Where nothing is long enough for a window.
    """
    window, step = lengths
    edges = _edges(len(x), borders)
    rows = np.concatenate([np.arange(first, last - window + 1, step) for first, last in pairwise(edges)])
    if not len(rows):
        longest = int(np.diff(edges).max())
        hint = f" between gaps in time; {option('gap')} says what is one" if any(n.key == "gaps" for n in notes) else ""
        raise DataError(
            f"{name}: expected stretches of at least {window} rows for a window. Found at most {longest}{hint}."
        )
    _tell_left_out(np.diff(edges), window, step, notes)
    needed, free = 2 * len(rows) * window * x.shape[1] * 4, psutil.virtual_memory().available
    if needed > free:
        raise DataError(
            f"{name}: expected windows that fit into {free // 10**6} MB. Found {len(rows):,} that take"
            f" {needed // 10**6} MB; choose a larger {option('step')}."
        )
    # (m, p, window), a view; then row by row.
    views = np.lib.stride_tricks.sliding_window_view(x, window, axis=0)[rows]
    cuts = views.swapaxes(1, 2).reshape(len(rows), -1)
    wide = [column.model_copy(update={"name": f"{column.name}[{t}]"}) for t in range(window) for column in columns]
    return cuts, wide, rows


def _edges(n: int, borders: Sequence[np.ndarray | None]) -> list[int]:
    """The row at which each stretch begins, and the end of the last."""
    is_edge = np.zeros(n, bool)
    is_edge[0] = True
    for codes in borders:
        if codes is not None:
            is_edge[1:] |= codes[1:] != codes[:-1]
    return [*np.flatnonzero(is_edge).tolist(), n]


def _tell_left_out(stretches: np.ndarray, window: int, step: int, notes: list[Note]) -> None:
    """Count what is in no window: stretches (k,) of too few rows, and rows after the last window of the others."""
    is_short = stretches < window
    if is_short.any():
        notes.append(Note(key="short", count=int(is_short.sum()), what=str(int(stretches[is_short].sum()))))
    rest = (stretches[~is_short] - window) % step
    if rest.any():
        notes.append(Note(key="rest", count=int(rest.sum())))
