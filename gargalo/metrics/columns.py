"""Columns: how well each column of a table comes back, and how like the data what is drawn is.

All here are of raw values, in the unit of the data, where NaN is a value that is missing and a category is its index.
"""

from __future__ import annotations

import math

import numpy as np

from .estimate import Estimate

__all__ = ["accuracy", "copied", "correlation_difference", "distance", "farthest_pair", "r_squared"]

NEAR = 0.01
"""Root mean square difference of standardised values below which a row is as good as a copy."""
SELDOM = 20
"""Rows, of the real ones, in which a number must be other than 0, that is a name must occur, to be paired."""
MOST_PAIRED = 512
"""Numbers of which all pairs are looked at; of more, so many that are evenly apart."""


def r_squared(x: np.ndarray, back: np.ndarray, center: float, other: np.ndarray | None = None) -> Estimate:
    """The share of a number's variance that comes back, 1 - sum (x - back)^2 / sum (x - center)^2.

    Parameters
    ----------
    x, back : ndarray, (n,) or (n, t)
        A column, of which an example may have several values, and what comes back of it.
    center : float
        The mean of the training examples, which has a share of about 0.
    other : ndarray or None, as `back`
        Another that comes back: the figure is how much larger the share of `back` is than that of this one.

    Returns
    -------
    Estimate
        At most 1 and perhaps below 0, over the n examples; NaN for a column that does not vary.
    """
    seen = np.isfinite(x)
    left = _sums(back - x, seen)
    all_of_it = _sums(x - center, seen)
    if not all_of_it.sum() > 0:
        return Estimate(float("nan"), n=len(x))
    gained = (all_of_it if other is None else _sums(other - x, seen)) - left
    return _within(Estimate.of_ratio(gained, all_of_it), high=1 if other is None else math.inf)


def accuracy(x: np.ndarray, back: np.ndarray, other: np.ndarray | None = None) -> Estimate:
    """The share of the examples' categories that come back as they were.

    Parameters
    ----------
    x, back : ndarray, (n,) or (n, t)
        Indices of categories, of which an example may have several, and what comes back of them.
    other : ndarray or None, as `back`
        Another that comes back: the figure is how much larger the share of `back` is than that of this one.

    Returns
    -------
    Estimate
        In [0, 1], or [-1, 1] beside another; over the n examples; NaN where nothing was observed.
    """
    seen = np.isfinite(x)
    if not seen.any():
        return Estimate(float("nan"), n=len(x))
    if other is None and x.size == len(x):
        return Estimate.of_share((back == x)[seen].ravel())
    hits = (back == x).astype(np.float64) - (0 if other is None else other == x)
    share = Estimate.of_ratio(_total(hits, seen), _total(np.ones_like(hits), seen))
    return _within(share, low=0 if other is None else -1, high=1)


def _within(found: Estimate, low: float = -math.inf, high: float = math.inf) -> Estimate:
    """The same with an interval that holds nothing which cannot be."""
    if found.low is None or found.high is None:
        return found
    return Estimate(found.value, max(low, found.low), min(high, found.high), found.n)


def distance(real: np.ndarray, drawn: np.ndarray, is_category: bool = False) -> float:
    """How far apart two samples of one column lie: 0 for the same distribution, 1 for nothing in common.

    Parameters
    ----------
    real, drawn : ndarray, (n,) and (m,)
        What is missing does not count.
    is_category : bool
        Are the values indices? Then this is the total variation distance, the share that would have to change; else
        the Kolmogorov-Smirnov distance, the largest difference of the cumulative shares.

    Returns
    -------
    float
        In [0, 1]; NaN where one of them has no value.
    """
    real, drawn = (np.sort(values[np.isfinite(values)]) for values in (real, drawn))
    if not len(real) or not len(drawn):
        return float("nan")
    values = np.unique(np.concatenate([real, drawn]))
    shares = [np.searchsorted(each, values, side="right") / len(each) for each in (real, drawn)]
    if is_category:
        return float(0.5 * np.abs(np.diff(shares[0], prepend=0) - np.diff(shares[1], prepend=0)).sum())
    return float(np.abs(shares[0] - shares[1]).max())


def correlation_difference(real: np.ndarray, drawn: np.ndarray) -> float:
    """How far pairwise correlations of two samples are apart, as a mean over all pairs of numbers that vary in both.

    Parameters
    ----------
    real, drawn : ndarray, (n, q) and (m, q)
        A category as one number for each of its names; NaN is missing, and a pair counts where both are there.

    Returns
    -------
    float
        In [0, 2]; NaN where there is no pair.
    """
    step = _step(real)
    a, b = (_correlations(values[:, ::step]) for values in (real, drawn))
    apart = np.abs(a - b)[np.triu_indices(len(a), 1)]
    apart = apart[np.isfinite(apart)]
    return float(apart.mean()) if len(apart) else float("nan")


def farthest_pair(real: np.ndarray, drawn: np.ndarray, owner: np.ndarray) -> tuple[int, int, float, float] | None:
    """Find the pair of numbers whose correlation is most unlike in two samples.

    Parameters
    ----------
    real, drawn : ndarray, (n, q) and (m, q)
        As in `correlation_difference`.
    owner : ndarray, (q,), int
        The column that each number is of; two of one column are no pair.

    Returns
    -------
    (int, int, float, float) or None
        Both places, and the correlation in each sample; None where there is no pair.
    """
    step = _step(real)
    a, b = (_correlations(values[:, ::step]) for values in (real, drawn))
    apart = np.where(owner[::step, None] == owner[None, ::step], np.nan, np.abs(a - b))
    # Of a name that hardly occurs a correlation says nothing.
    seldom = (real[:, ::step] != 0).sum(axis=0) < SELDOM
    apart[seldom], apart[:, seldom] = np.nan, np.nan
    if not np.isfinite(apart).any():
        return None
    i, j = sorted(divmod(int(np.nanargmax(apart)), len(apart)))
    return i * step, j * step, float(a[i, j]), float(b[i, j])


def _step(x: np.ndarray) -> int:
    """From one number that is looked at to the next, where there are more than MOST_PAIRED."""
    return max(1, -(-x.shape[1] // MOST_PAIRED))


def copied(rows: np.ndarray, train: np.ndarray) -> Estimate:
    """The share of rows that are as good as a copy of a training row.

    Parameters
    ----------
    rows, train : ndarray, (n, q) and (m, q)
        In model space: standardised, and what is missing is 0.

    Returns
    -------
    Estimate
        In [0, 1], over the n rows.
    """
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(train).kneighbors(rows)[0][:, 0]
    return Estimate.of_share(nearest / np.sqrt(train.shape[1]) < NEAR)


def _sums(difference: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Sums of squares of each example, of what was seen: (n,)."""
    return _total(np.square(difference, dtype=np.float64), seen)


def _total(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Sums over each example, of what was seen: (n,)."""
    return np.where(seen, values, 0).reshape(len(values), -1).sum(axis=1)


def _correlations(x: np.ndarray) -> np.ndarray:
    """Pearson's correlations (q, q) of the rows in which both are there; NaN where one does not vary."""
    seen = np.isfinite(x).astype(np.float64)
    # About the mean, so that the squares of large numbers leave something of a small spread.
    values = np.where(seen > 0, x - np.nan_to_num(np.nanmean(x, axis=0)), 0)
    n = np.maximum(seen.T @ seen, 1)
    mean = values.T @ seen / n
    covariance = values.T @ values / n - mean * mean.T
    variance = np.square(values).T @ seen / n - np.square(mean)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.where(variance > 1e-9, variance, np.nan))
        return covariance / (spread * spread.T)
