"""The range of each channel of pictures, by which such as need it are scaled; and what is beyond that of training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..lang import brief
from .columns import Column, base
from .notes import Note
from .splits import TRAIN

__all__ = ["KEPT", "beyond_training", "channel_ranges", "far_off", "long_tail", "outside", "picture_ranges"]

LEAST, TAIL = 50, 30
"""Numbers above 0 of which a tail is told; and how many times as far as the median it reaches."""
KEPT = ("uint8", "uint16", "int16")
"""Whole numbers that pictures keep; all others become float32."""
FAR, MOST_TOLD = 1.0, 5
"""How far beyond the numbers of training others must be to be told of, in distances from its least to its greatest; and
columns that are told of, one by one."""
AT_ONCE = 2**22
"""Numbers that are looked at together, so that a file need not fit into memory."""

Ranges = tuple[tuple[float, float], ...]


def picture_ranges(x: Any, axes: int) -> Ranges | None:
    """Find the least and the greatest value of each channel of pictures that must be scaled.

    Bytes that are only 0 and 1 are masks: these two are their range, whatever a channel holds.

    Parameters
    ----------
    x : ndarray, (n, *axes) or (n, *axes, c)
        Raw examples.
    axes : int
        How many of an example's axes are in space; 0 for rows of numbers.

    Returns
    -------
    tuple of c (float, float), or None
        None for what is not scaled: rows of numbers, other bytes, and floats in [0, 1].
    """
    if not axes:
        return None
    channels = x.shape[1 + axes] if x.ndim > 1 + axes else 1
    if x.dtype == np.uint8:
        tops = (part.max() for part in _parts(x))
        top = next((top for top in tops if top > 1), None)
        return ((0.0, 1.0),) * channels if top is None and any(part.any() for part in _parts(x)) else None
    low, high = channel_ranges(x, channels)
    if x.dtype.kind == "f" and low.min() >= 0 and high.max() <= 1:
        return None
    return tuple(zip(low.tolist(), high.tolist(), strict=True))


def channel_ranges(x: np.ndarray, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the least and the greatest value of each channel.

    Parameters
    ----------
    x : ndarray, (n, …), with channels last where there are several
    channels : int

    Returns
    -------
    low, high : ndarray, (channels,)
        Of the type of x; NaN is passed over.
    """
    lows, highs = [], []
    for part in _parts(x):
        by_channel = np.asarray(part).reshape(-1, channels).T
        # Channel by channel: one reduction along the first axis is several times slower.
        lows.append([np.fmin.reduce(values) for values in by_channel])
        highs.append([np.fmax.reduce(values) for values in by_channel])
    return np.fmin.reduce(np.array(lows)), np.fmax.reduce(np.array(highs))


def outside(x: np.ndarray, ranges: Ranges, far: float) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Find the first channel that has values outside of a range.

    Parameters
    ----------
    x : ndarray, (n, …), with channels last where there are several
        NaN is in every range.
    ranges : tuple of c (float, float)
        One for each channel; with one, all numbers are one channel.
    far : float
        How far beyond it a value must be, as a part of the range's width.

    Returns
    -------
    (float, float), (float, float)
        The channel's least and greatest value, and its range; None where there is no such channel.
    """
    lows, highs = channel_ranges(x, len(ranges))
    # As float32, which the ranges were taken from.
    lows, highs = lows.astype(np.float32).tolist(), highs.astype(np.float32).tolist()
    for least, most, (low, high) in zip(lows, highs, ranges, strict=True):
        if least < low - far * (high - low) or most > high + far * (high - low):
            return (least, most), (low, high)
    return None


def beyond_training(x: np.ndarray, split: np.ndarray, ranges: Ranges) -> int:
    """Count the examples that have values which no training example has: these are clipped.

    Parameters
    ----------
    x : ndarray, (n, …), with channels last where there are several
    split : ndarray, (n,)
        0, 1 or 2 for training, validation and test.
    ranges : tuple of c (float, float)
        Of all examples.

    Returns
    -------
    int
        0 without training examples.
    """
    channels, train = len(ranges), x[split == TRAIN]
    if not len(train):
        return 0
    low, high = channel_ranges(train, channels)
    others = x[split != TRAIN].reshape(-1, x[0].size // channels, channels)
    return int(((others < low) | (others > high)).any(axis=(1, 2)).sum())


def far_off(columns: Sequence[Column], x: np.ndarray, window: int | None = None) -> list[Note]:
    """Find the columns whose numbers are far from all that were observed: in another unit, perhaps.

    Parameters
    ----------
    columns : sequence of p Column
        A column of which nothing is known, or that was always the same, is none of these.
    x : ndarray, (n, p)
        NaN where a value is missing.
    window : int or None
        Rows of a log in each row of x, of which a column is one; None where these are no windows.

    Returns
    -------
    list of Note
        The first five columns, with their least and greatest number here, and those that were observed.
    """
    own, found = base(columns, window), []
    values = x.reshape(-1, len(own))
    for i, column in enumerate(own):
        there = values[~np.isnan(values[:, i]), i]
        if column.low is None or column.high is None or column.high == column.low or not len(there):
            continue
        least, most = float(there.min()), float(there.max())
        reach = FAR * (column.high - column.low)
        if least < column.low - reach or most > column.high + reach:
            what = f"{column.name}, {brief(least)} … {brief(most)} ({brief(column.low)} … {brief(column.high)})"
            found.append(Note(key="far_off", count=1, what=what))
    return found[:MOST_TOLD]


def long_tail(values: np.ndarray) -> tuple[float, float] | None:
    """Find out whether numbers that are never below 0 reach many times as far as most of them.

    Parameters
    ----------
    values : ndarray, (n,)
        NaN where one is missing.

    Returns
    -------
    (float, float) or None
        The median of those above 0, and the greatest; None where they are few, or reach no farther than others do.
    """
    there = values[np.isfinite(values)]
    above = there[there > 0]
    if len(above) < LEAST or (there < 0).any():
        return None
    median, most = float(np.median(above)), float(above.max())
    return (median, most) if most > TAIL * median else None


def _parts(x: np.ndarray) -> Iterator[np.ndarray]:
    step = max(1, AT_ONCE // x[0].size)
    return (x[start : start + step] for start in range(0, len(x), step))
