"""Arrays, checked and made a `Dataset`: numbers are checked, examples are split, and copies stay together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError, must, option
from . import hints
from .columns import Column, impute, measured
from .dataset import Dataset
from .ids import RowNumbers
from .modalities import MODALITIES
from .notes import Note, first_few
from .ranges import KEPT, beyond_training, picture_ranges
from .reading import Reading
from .sparse import MOST_COUNT, SparseRows, are_counts, as_rows
from .splits import SPLITS, VALIDATION, copies, deal, together

__all__ = ["as_dataset"]

MOST = 1e38
"""The largest number: the difference of any two is still a float32, so that standardised data are finite."""
FEW_COPIES = 100
"""Copies of which some are named."""


@dataclasses.dataclass
class Rows:
    """Examples (n, …) and what belongs to each of them, so that all of it is dropped or kept together."""

    x: Any
    y: np.ndarray | None
    split: np.ndarray | None
    groups: np.ndarray | None
    ids: Sequence[str] | None

    def kept(self, whole: np.ndarray) -> Rows:
        """The examples that are `whole` (n,); those without an id keep the number of their row as one."""
        rows = np.flatnonzero(whole)
        ids = list(map(str, rows)) if self.ids is None else [self.ids[int(row)] for row in rows]
        y, split, groups = (None if a is None else np.asarray(a)[rows] for a in (self.y, self.split, self.groups))
        return Rows(self.x[rows], y, split, groups, ids)


def as_dataset(
    x: Any,
    y: np.ndarray | None = None,
    *,
    name: str = "array",
    kind: str | None = None,
    split: np.ndarray | None = None,
    split_seed: int = 0,
    ids: Sequence[str] | None = None,
    columns: Sequence[Column] | None = None,
    groups: np.ndarray | None = None,
    reading: Reading | None = None,
    notes: Sequence[Note] = (),
    dtype: str | None = None,
) -> Dataset:
    """Check arrays and make them a `Dataset`.

    Parameters
    ----------
    x : ndarray, (n, p), (n, h, w), (n, h, w, c), (n, d, h, w) or (n, d, h, w, c); or a sparse matrix of scipy's, (n, p)
        uint8, or finite numbers, or for pictures also bool. NaN in rows of numbers is missing. A sparse matrix stays
        one, and has nothing missing.
    y : ndarray or None, (n,)
        Labels, whole numbers or text.
    name : str
        What people call the data, for messages.
    kind : str or None
        A name in `gargalo.data.modalities.MODALITIES`, where `reading` has none. Without either, arrays of three or
        four dimensions are images, of five volumes, a sparse matrix of whole numbers is one of counts, and rows are a
        table if their columns are known, else vectors.
    split : ndarray or None, (n,)
        0, 1 or 2 for training, validation and test. Without it, shares are dealt by `split_seed`: stratified by
        label, with copies and groups on one side.
    ids : sequence of n str or None
        What each example is called; the number of its row without.
    columns : sequence of p Column or None
        What each number of a row is.
    groups : ndarray or None, (n,) int
        Examples that must not be divided between two splits.
    reading : Reading or None
        What happens to missing numbers, rows that are pictures, the shares of the splits.
    notes : sequence of Note
        What the reader did so far.
    dtype : str or None
        Of the images that rows become; without one, whole numbers from 0 to 255 are bytes.

    Returns
    -------
    Dataset
        Of fewer than n examples where rows with missing numbers are dropped.

    Raises
    ------
    DataError
        For a shape, dtype or value that nothing can be learned from; for a split that divides a group.
    ParameterError
        For a kind that is unknown.
    """
    reading, notes = reading or Reading(), list(notes)
    rows = Rows(as_rows(x, name), y, split, groups, ids)
    if reading.image_shape:
        rows, columns = _as_images(rows, reading, name, dtype, notes), None
    said = reading.kind or kind
    kind = said or _kind(rows.x, columns)
    axes = MODALITIES.get_or_raise(kind).axes
    if axes and rows.x.dtype == bool:
        rows.x = rows.x.view(np.uint8)
    _must_have_shape(rows.x, kind, name)
    if not (said or reading.image_shape):
        _must_be_channels(rows.x, kind, name, notes)
    _must_be_splits(rows.split, len(rows.x), name)
    rows.y, class_names = _labels(rows.y, len(rows.x), name)
    if axes and rows.x.dtype.name in KEPT:
        rows.x = rows.x.astype(rows.x.dtype.newbyteorder("="), copy=False)
    elif rows.x.dtype != np.uint8 and not isinstance(rows.x, SparseRows):
        rows, columns = _checked_numbers(rows, columns, reading.impute, name, notes)
        kind = "table" if kind == "vector" and columns is not None else kind
    if MODALITIES[kind].counted:
        _must_be_counts(rows.x, columns, name)
    ties, in_time = rows.groups, bool(reading.time) and rows.split is not None and rows.groups is None
    if rows.split is None:
        ties = _tied(rows, notes)
        rows.split = deal(len(rows.x), split_seed, reading.shares, rows.y, ties)
        if rows.groups is not None and VALIDATION not in rows.split and (reading.shares or (0, 1, 0))[1]:
            notes.append(Note(key="few_groups", count=len(np.unique(rows.groups))))
    else:
        if rows.groups is not None:
            _must_be_apart(rows.groups, rows.split, name)
        if reading.shares and not reading.time and dtype is None:
            notes.append(Note(key="no_shares", count=len(rows.x)))
    window = reading.window if kind == "series" else None
    if columns is not None and kind in ("table", "series") and isinstance(rows.x, np.ndarray):
        # Before anything is filled in: a median of whole numbers may be none.
        columns = measured(columns, rows.x, rows.split, window)
    if reading.impute in ("median", "mask") and columns is not None and isinstance(rows.x, np.ndarray):
        rows.x, columns = impute(np.array(rows.x), reading.impute, columns, rows.split, name, window)
    if isinstance(rows.x, np.ndarray):
        _tell_ranges(rows.x, rows.split, axes, notes)
    known = None if columns is None else tuple(columns)
    return Dataset(
        name,
        kind,
        rows.x,
        rows.y,
        class_names,
        rows.split.astype(np.uint8),
        RowNumbers(len(rows.x)) if rows.ids is None else rows.ids,
        known,
        missing=known is not None and reading.impute == "mask",
        notes=tuple(notes),
        ties=ties,
        in_time=in_time,
    )


def _kind(x: np.ndarray | SparseRows, columns: Sequence[Column] | None) -> str:
    """What kind of data an array is, where nobody said."""
    if isinstance(x, SparseRows) and columns is None and are_counts(x):
        return "counts"
    return "volume" if x.ndim == 5 else "image" if x.ndim > 2 else "table" if columns is not None else "vector"


def _must_be_counts(x: np.ndarray | SparseRows, columns: Sequence[Column] | None, name: str) -> None:
    """Refuse what cannot have been counted."""
    names = [column.name for column in columns or () if column.kind == "category"]
    if names:
        raise DataError(
            f"{name}: expected only columns of counts. Found {names[0]!r}, a category; {option('ignore', names[0])}"
            f" leaves it out, {option('label', names[0])} makes it the label."
        )
    if not are_counts(x):
        raise DataError(
            f"{name}: expected counts, whole numbers from 0 to {MOST_COUNT}. Found others; leave"
            f" {option('kind', 'counts')} out, or give what was counted before it was scaled."
        )


def _must_have_shape(x: np.ndarray | SparseRows, kind: str, name: str) -> None:
    """Refuse what has not the shape of its kind, or holds no numbers."""
    if x.ndim < 2 or 0 in x.shape or not MODALITIES.get_or_raise(kind).fits(x.shape[1:]):
        raise DataError(
            f"{name}: expected an array of shape (n, p), (n, height, width) or (n, height, width, channels),"
            " or of volumes (n, depth, height, width) or (n, depth, height, width, channels)."
            f" Found {x.shape}.{hints.for_shape(x)}"
        )
    if x.dtype.kind not in "uif" or x.dtype.itemsize > 8:
        raise DataError(f"{name}: expected uint8 or real numbers. Found dtype {x.dtype}.{hints.for_dtype(x)}")


def _must_be_channels(x: np.ndarray, kind: str, name: str, notes: list[Note]) -> None:
    """Refuse pictures whose last axis is rather one in space; tell of an unusual number of channels."""
    if kind != "image" or x.ndim != 4 or x.shape[3] in (1, 3, 4):
        return
    if x.shape[3] >= min(x.shape[1:3]):
        raise DataError(
            f"{name}: expected images (n, height, width, channels), with fewer channels than pixels to a side. Found"
            f" {x.shape}.{hints.for_shape(x)} Or say what they are: {option('kind', 'volume')}, or image."
        )
    notes.append(Note(key="channels", count=x.shape[3]))


def _as_images(rows: Rows, reading: Reading, name: str, dtype: str | None, notes: list[Note]) -> Rows:
    """Rows of numbers as images of `reading.image_shape`; whole numbers from 0 to 255 are bytes."""
    x, shape = rows.x, reading.image_shape or ()
    if isinstance(x, SparseRows):
        raise must("image_shape", "left out for a sparse matrix", ",".join(map(str, shape)))
    if reading.impute == "drop" and x.ndim == 2 and x.dtype.kind == "f":
        # Before they are images: a gap would hide that the others are bytes.
        whole = np.asarray(np.isfinite(x).all(axis=1))
        rows = _dropped(rows, whole, notes)
        x = rows.x
    if x.ndim != 2 or x.shape[1] != np.prod(shape):
        asked = option("image_shape", ",".join(map(str, shape)))
        raise DataError(f"{name}: expected rows of {np.prod(shape)} numbers for {asked}. Found shape {x.shape}.")
    if x.dtype != np.uint8 and dtype in (None, "uint8"):
        whole = (x == np.rint(x)).all() and x.min() >= 0 and x.max() <= 255
        if whole and (dtype == "uint8" or x.max() > 1):
            x = x.astype(np.uint8)
    return dataclasses.replace(rows, x=x.reshape(-1, *shape))


def _must_be_splits(split: np.ndarray | None, n: int, name: str) -> None:
    """Refuse what says of no example, or not of each, to which split it belongs."""
    if split is not None and (np.shape(split) != (n,) or not np.isin(split, list(SPLITS.values())).all()):
        raise DataError(
            f"{name}: expected for each of the {n} examples the number of its split, 0 to 2. Found an array of shape"
            f" {np.shape(split)} with {np.unique(split)[:5].tolist()}."
        )


def _dropped(rows: Rows, whole: np.ndarray, notes: list[Note]) -> Rows:
    """The rows that are whole, with a note of how many are not."""
    notes.append(Note(key="dropped", count=int((~whole).sum())))
    return rows.kept(whole)


def _tied(rows: Rows, notes: list[Note]) -> np.ndarray | None:
    """Which examples belong to one split, as `together` says; copies are told of."""
    alike = copies(rows.x)
    ties = together(alike, rows.groups)
    again = np.flatnonzero(alike != np.arange(len(alike)))
    if ties is None or not len(again):
        return ties
    is_apart = ties[again] != ties[alike[again]]
    if is_apart.any():
        notes.append(Note(key="coincidence", count=int(is_apart.sum())))
    again = again[~is_apart]
    if len(again) >= FEW_COPIES:  # of very many, three say nothing
        notes.append(Note(key="many_copies", count=len(again)))
    elif len(again):
        named = RowNumbers(len(alike)) if rows.ids is None else rows.ids
        what = first_few(f"{named[int(i)]} = {named[int(alike[i])]}" for i in again)
        notes.append(Note(key="copies.by_row" if rows.ids is None else "copies", count=len(again), what=what))
    return ties


def _labels(y: np.ndarray | None, n: int, name: str) -> tuple[np.ndarray | None, tuple[str, ...] | None]:
    """Labels as indices (n,) into their sorted names."""
    if y is None:
        return None, None
    try:
        y = np.asarray(y)
    except ValueError:
        raise DataError(f"{name}: expected {n} labels, one for each example. Found lists of several lengths.") from None
    if y.shape == (n, 1):
        y = y[:, 0]
    if y.dtype.kind == "f" and np.isfinite(y).all() and (y == np.round(y)).all():
        y = y.astype(np.int64)
    if y.dtype.kind in "OT" and all(isinstance(label, str) for label in y.flat):
        y = y.astype(str)  # texts, as pandas has them
    if y.shape != (n,) or y.dtype.kind not in "uiUSb":
        raise DataError(
            f"{name}: expected {n} labels, whole numbers or text, one for each example. Found {hints.for_labels(y, n)}"
        )
    values, y = np.unique(y, return_inverse=True)
    return y.astype(np.int64), tuple(v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values)


def _must_be_apart(groups: np.ndarray, split: np.ndarray, name: str) -> None:
    """Refuse splits that divide a group."""
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    divided = np.flatnonzero(split != split[first][member])
    if len(divided):
        a, b = int(first[member[divided[0]]]), int(divided[0])
        raise DataError(
            f"{name}: expected each group in one split. Found rows {a} and {b} of one group in two; leave"
            f" {option('group')} or {option('split')} out."
        )


def _checked_numbers(
    rows: Rows, columns: Sequence[Column] | None, impute: str | None, name: str, notes: list[Note]
) -> tuple[Rows, Sequence[Column] | None]:
    """Native float32 numbers; and the columns, which are known where values may be missing.

    Numbers that are not finite are refused, or under `impute` become NaN, or their rows are dropped.
    """
    x, is_rows = rows.x, rows.x.ndim == 2
    # A map of native float32 stays one: asking for what it is already would make it an array of another kind.
    if not (isinstance(x, np.memmap) and x.dtype == np.float32 and x.flags.c_contiguous):
        with np.errstate(over="ignore", invalid="ignore"):
            x = np.ascontiguousarray(x, dtype=np.float32)
    flat = x.reshape(len(x), -1)
    # What is NaN is not within bounds either.
    whole = (flat.max(axis=1) <= MOST) & (flat.min(axis=1) >= -MOST)
    if not whole.all():
        if impute is None or not (is_rows or impute == "drop"):
            raise hints.not_finite(flat, whole, MOST, columns, is_rows, name)
        if is_rows:
            x = np.array(x)
            x[~(np.abs(x) <= MOST)] = np.nan
    if is_rows and not whole.all():
        infinite = int((np.abs(rows.x[~whole].astype(np.float64)) > MOST).any(axis=-1).sum())
        notes += [Note(key="infinite", count=infinite)] if infinite else []
    if impute and columns is None and is_rows:
        columns = [Column(name=str(i)) for i in range(x.shape[1])]
    rows = dataclasses.replace(rows, x=x)
    if not whole.all() and impute == "drop":
        rows = _dropped(rows, whole, notes)
    elif not whole.all():
        notes.append(Note(key="missing", count=int((~whole).sum()), what=str(np.count_nonzero(np.isnan(x)))))
        if len(empty := np.flatnonzero(np.isnan(x).all(axis=-1))) and is_rows:
            named = RowNumbers(len(x)) if rows.ids is None else rows.ids
            notes.append(Note(key="no_values", count=len(empty), what=first_few(named[int(i)] for i in empty)))
    return rows, columns


def _tell_ranges(x: np.ndarray, split: np.ndarray, axes: int, notes: list[Note]) -> None:
    """Tell of pictures that are scaled by which values, and how many have some beyond those of training."""
    ranges = picture_ranges(x, axes)
    if ranges is None:
        return
    if x.dtype == np.uint8:
        notes.append(Note(key="mask", count=len(x)))
        return
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    notes.append(Note(key="scaled", count=len(x), what=f"{low:.4g} … {high:.4g}"))
    if count := beyond_training(x, split, ranges):
        notes.append(Note(key="clipped", count=count))
