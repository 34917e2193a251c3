"""Which examples train, which validate, which test: dealt out once, by a seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import DataError
from .sparse import SparseRows

__all__ = [
    "SPLITS",
    "TEST",
    "TRAIN",
    "VALIDATION",
    "by_order",
    "copies",
    "deal",
    "named",
    "parts_of",
    "together",
    "usual_shares",
]

TRAIN, VALIDATION, TEST = 0, 1, 2
SPLITS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
NAMES = SPLITS | {
    "held": VALIDATION,
    "held-out": VALIDATION,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "testing": TEST,
}
"""What a column or a folder may call a split."""
AT_ONCE = 2**26
"""Bytes of rows that are looked at together."""


TYING = 0.05
"""Share of the smaller group's rows that are copies of another's, from which on two groups belong together."""
FEW = 500
"""Of fewer examples a tenth is too small to choose weights by, or to measure them on."""


def usual_shares(n: int) -> tuple[float, float, float]:
    """The shares of training, validation and test examples where nobody chose.

    Parameters
    ----------
    n : int
        Examples in all; or groups, where groups stay together.

    Returns
    -------
    three floats
        0.8, 0.1, 0.1; of fewer than 500, more are held out: 0.7, 0.15, 0.15.
    """
    return (0.7, 0.15, 0.15) if n < FEW else (0.8, 0.1, 0.1)


def deal(
    n: int,
    seed: int,
    shares: Sequence[float] | None = None,
    strata: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Deal `n` examples out to training, validation and test.

    Parameters
    ----------
    n : int
    seed : int
        Of the deal.
    shares : three floats or None
        Of the examples, or of the groups where there are groups; None is `usual_shares`.
    strata : ndarray or None, (n,) int
        Every split gets its share of each of these: labels.
    groups : ndarray or None, (n,) int
        Examples of one group come into one split.

    Returns
    -------
    ndarray, (n,), uint8
        TRAIN, VALIDATION or TEST.
    """
    if groups is None:
        first, member = np.arange(n), np.arange(n)
    else:
        _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    shares = shares or usual_shares(len(first))
    draws = np.random.default_rng(seed)
    order = draws.permutation(len(first))
    if strata is not None:
        order = order[np.argsort(strata[first[order]], kind="stable")]
    units = np.full(len(first), TRAIN, np.uint8)
    # Every so many-th unit of a list sorted by stratum: shares are exact over all, and as near as can be in each.
    for code, share in ((TEST, shares[2]), (VALIDATION, shares[1])):
        left = order[units[order] == TRAIN]
        wanted = round(share * len(units))
        if share and len(left) > 1:
            wanted = min(max(1, wanted), len(left) - 1)
        steps = (np.arange(len(left) + 1) * wanted + draws.integers(len(left) or 1)) // max(1, len(left))
        units[left[np.diff(steps) > 0]] = code
    return units[member]


def by_order(order: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Split examples by time: the first train, those after them validate, the last ones test.

    Parameters
    ----------
    order : ndarray, (n,), int
        The indices of the examples, the earliest first.
    shares : three floats
        Of training, validation and test examples; they sum to 1.

    Returns
    -------
    ndarray, (n,), uint8
        TRAIN, VALIDATION or TEST. Counts are rounded, so that of few examples a split may get none.
    """
    n = len(order)
    split = np.empty(n, np.uint8)
    first, second = round(n * shares[0]), round(n * (shares[0] + shares[1]))
    split[order[:first]], split[order[first:second]], split[order[second:]] = TRAIN, VALIDATION, TEST
    return split


def parts_of(
    rows: np.ndarray, count: int, seed: int, ties: np.ndarray | None = None, in_time: bool = False
) -> list[np.ndarray]:
    """Deal rows to parts of about the same size, as one does for a cross-validation.

    Parameters
    ----------
    rows : ndarray, (m,), int
        Indices of examples.
    count : int >= 2
        Of parts.
    seed : int
        Of the deal.
    ties : ndarray or None, (n,), int
        Examples with one number come into one part; where all have one, parts are stretches.
    in_time : bool
        Do the rows stand in the order of time? Then each part is a stretch of them: what neighbours in time share tells
        nothing of other times.

    Returns
    -------
    list of ndarray, int
        Ascending; fewer than `count` where fewer rows, or ties, are there.
    """
    units = np.arange(len(rows)) if ties is None else np.unique(ties[rows], return_inverse=True)[1]
    if units.max(initial=0) == 0:  # all rows of one group: its stretches
        units, ties, in_time = np.arange(len(rows)), None, True
    size = int(units.max(initial=-1)) + 1
    order = np.arange(size) if in_time and ties is None else np.random.default_rng(seed).permutation(size)
    part = np.empty(size, np.int64)
    for number, some in enumerate(np.array_split(order, min(count, max(1, size)))):
        part[some] = number
    return [np.sort(rows[part[units] == number]) for number in range(int(part.max(initial=-1)) + 1)]


def named(names: Sequence[str], where: str) -> np.ndarray:
    """Read splits from their names, such as "train" or "validation".

    Parameters
    ----------
    names : sequence of n str
        Of `NAMES`; case, and spaces around a name, make no difference.
    where : str
        What has the names, for the message.

    Returns
    -------
    ndarray, (n,), uint8
        TRAIN, VALIDATION or TEST.

    Raises
    ------
    DataError
        For a name that is no split's.
    """
    values, places = np.unique(np.asarray(names, str), return_inverse=True)
    unknown = [str(value) for value in values if value.strip().lower() not in NAMES]
    if unknown:
        raise DataError(f"{where}: expected splits called {', '.join(SPLITS)}. Found {unknown[0]!r}.")
    return np.array([NAMES[value.strip().lower()] for value in values], np.uint8)[places]


def copies(x: np.ndarray | SparseRows) -> np.ndarray:
    """Find for each row the first row that is the same.

    Parameters
    ----------
    x : ndarray or SparseRows, (n, …)
        By its bytes, NaN is the same as NaN, and 0.0 is not the same as -0.0.

    Returns
    -------
    ndarray, (n,), int64
        The index of that row: its own, where no row before it is the same.
    """
    hashes = np.empty(len(x), np.uint64)
    words = -(-x[:1].nbytes // 4)
    # A hash of 64 bits: every 32-bit word by a random factor of its own.
    factors = np.random.default_rng(0).integers(0, 2**64, words, np.uint64)
    step = max(1, AT_ONCE // max(1, x[:1].nbytes))
    if isinstance(x, SparseRows):
        hashes = x.hashes(factors)
    for start in range(0, len(x) if isinstance(x, np.ndarray) else 0, step):
        rows = _bytes_of(x[start : start + step])
        if rows.shape[1] % 4:
            rows = np.pad(rows, ((0, 0), (0, 4 * words - rows.shape[1])))
        hashes[start : start + step] = rows.view(np.uint32).astype(np.uint64) @ factors
    _, first, member = np.unique(hashes, return_index=True, return_inverse=True)
    found, own = first[member], np.arange(len(x))
    for start in range(0, len(x), step):
        rows = own[start : start + step]
        alike = rows[found[rows] != rows]
        # Rows that differ by few bits, such as signs alone, may agree by chance.
        if isinstance(x, SparseRows):
            same = x.are_same(alike, found[alike])
        else:
            same = (_bytes_of(x[alike]) == _bytes_of(x[found[alike]])).all(axis=1)
        found[alike] = np.where(same, found[alike], alike)
    return found


def _bytes_of(x: np.ndarray) -> np.ndarray:
    """Rows as their bytes, (n, size of a row in bytes)."""
    return np.ascontiguousarray(x).reshape(len(x), x[:1].size).view(np.uint8)


def together(alike: np.ndarray, groups: np.ndarray | None) -> np.ndarray | None:
    """Find which examples belong to one split: copies, and those of one group.

    Parameters
    ----------
    alike : ndarray, (n,), int
        For each row the first that is the same, as `copies` finds it.
    groups : ndarray or None, (n,), int

    Returns
    -------
    ndarray or None, (n,), int
        One number for those that belong together; None where each stands alone. Two groups are one where a twentieth
        of the smaller one's rows are copies: fewer are equal by coincidence, as are copies that would tie all groups
        together, so that nothing could be split; then the groups alone count.
    """
    if groups is None:
        return None if (alike == np.arange(len(alike))).all() else alike
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    own = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(own)
    pairs = np.sort(np.stack([own, own[alike]], axis=1), axis=1)
    pairs, counts = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0, return_counts=True)
    tying = pairs[counts >= TYING * sizes[pairs].min(axis=1)]
    ties = coo_matrix((np.ones(len(tying)), (tying[:, 0], tying[:, 1])), (len(sizes), len(sizes)))
    count, tied = connected_components(ties, directed=False)
    return own if count == 1 else tied[own]
