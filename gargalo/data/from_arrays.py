"""Arrays, checked and made a `Source`: what is no number is refused, parts are dealt out, copies stay together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError
from .columns import Column, impute
from .reading import Note, Reading
from .source import RowNumbers, Source
from .split import copies, deal

__all__ = ["as_source"]

MOST = 1e38
"""The largest number: the difference of any two is still a float32, so that standardised data are finite."""


def as_source(
    x: np.ndarray,
    y: np.ndarray | None = None,
    *,
    name: str = "array",
    split: np.ndarray | None = None,
    split_seed: int = 0,
    ids: Sequence[str] | None = None,
    columns: Sequence[Column] | None = None,
    groups: np.ndarray | None = None,
    reading: Reading | None = None,
    notes: Sequence[Note] = (),
    dtype: str | None = None,
) -> Source:
    """Check arrays and make them a `Source`.

    Parameters
    ----------
    x : ndarray, (n, p), (n, h, w) or (n, h, w, c) with c of 1, 3 or 4
        uint8, or finite numbers; float images must lie in [0, 1]. NaN in rows of numbers is missing.
    y : ndarray or None, (n,)
        Labels, whole numbers or text.
    split : ndarray or None, (n,), of TRAIN, HELD, TEST
        Without one, shares dealt by a seed: stratified by label, copies and groups on one side.
    groups : ndarray or None, (n,) int
        Examples that must not be divided between two parts.
    reading : Reading or None
        What happens to missing numbers, rows that are pictures, the shares of the parts.
    dtype : str or None
        Of the pictures that rows become; without one, whole numbers from 0 to 255 are bytes.

    Raises
    ------
    DataError
        For a shape, dtype or value that nothing can be learned from.
    """
    reading = reading or Reading()
    x = np.asanyarray(x)
    if reading.image_shape and reading.impute == "drop" and x.ndim == 2 and x.dtype.kind == "f":
        # Before they are pictures: a gap would hide that the others are bytes.
        whole = np.asarray(np.isfinite(x).all(axis=1))
        x, y, split, groups, ids, notes = _kept(whole, x, y, split, groups, ids, notes)
    if reading.image_shape:
        x = _as_pictures(x, reading.image_shape, name, dtype)
        columns = None
    if x.ndim not in (2, 3, 4) or (x.ndim == 4 and x.shape[-1] not in (1, 3, 4)) or 0 in x.shape:
        raise DataError(
            f"{name}: expected an array of shape (n, p), (n, height, width) or (n, height, width, channels)"
            f" with 1, 3 or 4 channels. Found {x.shape}."
            + (" Put the channels last." if x.ndim == 4 and x.shape[1] in (1, 3, 4) else "")
        )
    if x.dtype.kind not in "uif" or x.dtype.itemsize > 8:
        raise DataError(f"{name}: expected uint8 or real numbers. Found dtype {x.dtype}.")
    y, class_names = _labels(y, len(x), name)
    if x.dtype != np.uint8:
        given = x
        x, whole = _checked_numbers(x, name, reading.impute, columns)
        infinite = 0 if whole.all() else int((np.abs(given[~whole].astype(np.float64)) > MOST).any(axis=-1).sum())
        notes = [*notes, Note(key="infinite", count=infinite)] if infinite and x.ndim == 2 else notes
        if reading.impute and columns is None and x.ndim == 2:
            columns = [Column(name=str(i)) for i in range(x.shape[1])]
        if not whole.all() and reading.impute == "drop":
            x, y, split, groups, ids, notes = _kept(whole, x, y, split, groups, ids, notes)
        elif not whole.all():
            notes = [*notes, Note(key="missing", count=int((~whole).sum()))]
    if split is not None and groups is not None:
        _must_be_apart(groups, split, name)
    if split is None:
        alike = copies(x)
        notes = _told_of_copies(alike, notes)
        split = deal(len(x), split_seed, reading.parts, y, _together(alike, groups))
    if reading.impute in ("median", "mask") and columns is not None:
        x, columns = impute(_own(x), reading.impute, columns, split, name)
    known = None if columns is None else tuple(columns)
    missing = known is not None and reading.impute == "mask"
    names = RowNumbers(len(x)) if ids is None else ids
    return Source(name, x, y, class_names, split.astype(np.uint8), names, known, missing, notes=tuple(notes))


def _kept(
    whole: np.ndarray,
    x: np.ndarray,
    y: np.ndarray | None,
    split: np.ndarray | None,
    groups: np.ndarray | None,
    ids: Sequence[str] | None,
    notes: Sequence[Note],
) -> tuple[Any, ...]:
    """The examples that are `whole` (n,), with all that belongs to them, and a note of how many are not."""
    kept = np.flatnonzero(whole)
    ids = list(map(str, kept)) if ids is None else [ids[int(row)] for row in kept]
    y, split, groups = (None if a is None else np.asarray(a)[kept] for a in (y, split, groups))
    return x[kept], y, split, groups, ids, [*notes, Note(key="dropped", count=int((~whole).sum()))]


def _as_pictures(x: np.ndarray, shape: tuple[int, ...], name: str, dtype: str | None) -> np.ndarray:
    """Rows of numbers as pictures of this shape; whole numbers from 0 to 255 are bytes."""
    if x.ndim != 2 or x.shape[1] != np.prod(shape):
        raise DataError(
            f"{name}: expected rows of {np.prod(shape)} numbers for image_shape {shape}. Found shape {x.shape}."
        )
    if x.dtype != np.uint8 and dtype in (None, "uint8"):
        whole = (x == np.rint(x)).all() and x.min() >= 0 and x.max() <= 255
        if whole and (dtype == "uint8" or x.max() > 1):
            x = x.astype(np.uint8)
    return x.reshape(-1, *shape)


def _labels(y: np.ndarray | None, n: int, name: str) -> tuple[np.ndarray | None, tuple[str, ...] | None]:
    """Labels as indices (n,) into their sorted names."""
    if y is None:
        return None, None
    y = np.asarray(y)
    if y.shape == (n, 1):
        y = y[:, 0]
    if y.dtype.kind == "f" and np.isfinite(y).all() and (y == np.round(y)).all():
        y = y.astype(np.int64)
    if y.shape != (n,) or y.dtype.kind not in "uiUSb":
        raise DataError(
            f"{name}: expected {n} labels, whole numbers or text, one for each example."
            f" Found an array of shape {y.shape} and dtype {y.dtype}; y.astype(int) or y.astype(str) may do."
        )
    values, y = np.unique(y, return_inverse=True)
    return y.astype(np.int64), tuple(
        v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values
    )


def _together(alike: np.ndarray, groups: np.ndarray | None) -> np.ndarray | None:
    """Examples that stay together: copies, and those of one group; None where each stands alone."""
    if groups is None:
        return None if (alike == np.arange(len(alike))).all() else alike
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    # A copy in two groups ties both together.
    n = len(alike)
    places = np.unique(groups, return_inverse=True)[1] + n
    size, rows = int(places.max()) + 1, np.arange(n)
    ties = coo_matrix((np.ones(2 * n), (np.tile(rows, 2), np.concatenate([alike, places]))), (size, size))
    return connected_components(ties, directed=False)[1][:n]


def _must_be_apart(groups: np.ndarray, split: np.ndarray, name: str) -> None:
    """Refuse parts that divide a group."""
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    divided = np.flatnonzero(split != split[first][member])
    if len(divided):
        a, b = int(first[member[divided[0]]]), int(divided[0])
        raise DataError(
            f"{name}: expected each group in one part. Found rows {a} and {b} of one group in two; leave --group"
            " or --split out."
        )


def _told_of_copies(alike: np.ndarray, notes: Sequence[Note]) -> Sequence[Note]:
    count = int((alike != np.arange(len(alike))).sum())
    return [*notes, Note(key="copies", count=count)] if count else notes


def _own(x: np.ndarray) -> np.ndarray:
    """An array that may be written to, so that nobody else's changes."""
    return np.array(x)


def _checked_numbers(
    x: np.ndarray, name: str, impute: str | None, columns_known: Sequence[Column] | None
) -> tuple[np.ndarray, np.ndarray]:
    """`x` as native float32, images within [0, 1]; and which rows (n,) are whole.

    Numbers that are not finite are refused, or under `impute` become NaN.
    """
    # A map of native float32 stays one: asking for what it is already would make it an array of another kind.
    if not (isinstance(x, np.memmap) and x.dtype == np.float32 and x.flags.c_contiguous):
        with np.errstate(over="ignore", invalid="ignore"):
            x = np.ascontiguousarray(x, dtype=np.float32)
    rows = x.reshape(len(x), -1)
    # What is NaN is not within bounds either.
    whole = (rows.max(axis=1) <= MOST) & (rows.min(axis=1) >= -MOST)
    if not whole.all():
        if impute is None or (x.ndim > 2 and impute != "drop"):
            bad = rows[~whole]
            columns = int((~(np.abs(bad) <= MOST)).any(axis=0).sum())
            first = ""
            if columns_known and x.ndim == 2:
                place = int(np.flatnonzero(~(np.abs(bad[0]) <= MOST))[0])
                first = f", column {columns_known[place].name!r}"
            hint = "--impute drop" if x.ndim > 2 else "--impute median, mask or drop"
            raise DataError(
                f"{name}: expected finite numbers. Found NaN, infinity or values beyond {MOST:g} in {len(bad)} of"
                f" {len(x)} rows and {columns} of {rows.shape[1]} columns, the first in row"
                f" {int(np.flatnonzero(~whole)[0])}{first}. Fill them in or drop these rows: {hint}."
            )
        if x.ndim == 2:
            x = _own(x)
            x[~(np.abs(x) <= MOST)] = np.nan
    seen = x if whole.all() else x[whole]
    if x.ndim > 2 and len(seen) and (seen.min() < 0 or seen.max() > 1):
        raise DataError(
            f"{name}: expected images as uint8, or as floats in [0, 1]. Found values from {seen.min():g} to"
            f" {seen.max():g}. Convert 0-255 images with x.astype('uint8'), or rescale them to [0, 1]."
        )
    return x, whole
