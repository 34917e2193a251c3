"""A `Dataset`: arrays, and what is known of them. Readers make one; nothing downstream knows files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import DataError, option
from .columns import Column
from .notes import Note
from .ranges import picture_ranges
from .spec import MODALITIES, DataSpec, Origin
from .splits import SPLITS

__all__ = ["Dataset", "Pictures", "RowNumbers"]

MOST_BROKEN = 0.05
"""Share of the files of a folder that may be unreadable before training is refused."""


class RowNumbers(Sequence[str]):
    """The ids "0" to "n - 1", which take no memory however many they are.

    Parameters
    ----------
    n : int
        How many, at least 0.
    """

    def __init__(self, n: int):
        self.numbers = range(n)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, i: Any) -> Any:
        return list(map(str, self.numbers[i])) if isinstance(i, slice) else str(self.numbers[i])


class Pictures:
    """Pictures in the order of the examples that they stand for, left in their memory map until they are seen.

    Parameters
    ----------
    array : ndarray or memory map, (m, h, w) or (m, h, w, c), uint8
        All pictures, grey values or colours from 0 to 255.
    order : ndarray, (n,), int
        The index in `array` of each example's picture.
    """

    def __init__(self, array: np.ndarray, order: np.ndarray):
        self.array, self.order = array, order
        self.ndim = array.ndim

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.asarray(self.array[self.order[rows]])


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples in their own dtype, and what is known of them.

    Attributes
    ----------
    name : str
        What people call it.
    kind : str
        A name in `gargalo.data.modalities.MODALITIES`.
    x : ndarray or memory map, (n, h, w), (n, h, w, c) or (n, p)
        Raw examples. uint8 stays uint8, and of pictures uint16 and int16 stay what they are; all else is float32.
    y : ndarray or None, (n,), int64
        Index into `class_names`.
    class_names : tuple of str or None
        What each label is called; None for data without labels.
    split : ndarray, (n,), uint8
        0, 1 or 2 for each example: training, validation or test, as `SPLITS` has it.
    ids : sequence of str
        One for each example; whatever comes out row by row carries it.
    columns : tuple of Column or None
        What each number of a row is, where the data are a table.
    missing : bool
        May numbers be missing, and are then NaN?
    display : Pictures or None
        What people see of each example, where that is not `x`.
    notes : tuple of Note
        What the reader did, and what it saw.
    skipped : tuple of (str, str)
        Files that could not be used, and why.
    origin : Origin or None
        What gives these data again.
    """

    name: str
    kind: str
    x: np.ndarray
    y: np.ndarray | None
    class_names: tuple[str, ...] | None
    split: np.ndarray
    ids: Sequence[str]
    columns: tuple[Column, ...] | None = None
    missing: bool = False
    display: Pictures | None = None
    notes: tuple[Note, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    origin: Origin | None = None

    def __len__(self) -> int:
        return len(self.x)

    def check_trainable(self) -> None:
        """Refuse data that are enough to be encoded, but not to learn from.

        Raises
        ------
        DataError
            For fewer than 10 examples; for one value everywhere, or in a table one value in every column; for no
            example to train on or none to test with; for a folder with more than 5 % of its files unreadable, or
            with an empty one in it.
        """
        for note in self.notes:
            if note.key == "empty_folder":
                raise DataError(f"{note.what}: expected pictures in this sub-folder. Found none; fill or remove it.")
        broken = len(self.skipped) / max(1, len(self.skipped) + len(self))
        if broken > MOST_BROKEN:
            path, why = self.skipped[0]
            raise DataError(
                f"{self.name}: expected at most {MOST_BROKEN:.0%} of the files to be unreadable. Found"
                f" {broken:.0%}, the first {path} ({why}); gargalo inspect lists them all. Mend or remove them."
            )
        if len(self) < 10:
            raise DataError(f"{self.name}: expected at least 10 examples to learn from. Found {len(self)}.")
        if np.nanmax(self.x) == np.nanmin(self.x) or (self.columns and not self._varies()):
            raise DataError(f"{self.name}: expected data that vary. Found {np.nanmax(self.x):g} everywhere.")
        train, test = (len(self.rows(split)) for split in ("train", "test"))
        if not (train and test):
            raise DataError(
                f"{self.name}: expected examples to train on and others to test with. Found {train} and {test}:"
                " too few are long enough for a window, or all are copies of each other or of one group. Choose"
                f" other {option('shares')} or a smaller {option('window')}."
            )

    def _varies(self) -> bool:
        """Does any column? Each may stand still at another value."""
        return bool((np.nanmax(self.x, axis=0) > np.nanmin(self.x, axis=0)).any())

    def rows(self, split: str) -> np.ndarray:
        """Find the examples of one split.

        Parameters
        ----------
        split : str
            "train", "validation" or "test".

        Returns
        -------
        ndarray, (m,), int64
            Their indices, ascending.

        Raises
        ------
        KeyError
            For another name.
        """
        return np.flatnonzero(self.split == SPLITS[split])

    def take(self, rows: np.ndarray) -> Dataset:
        """Take some of the examples, in the order given, with all that belongs to them.

        Parameters
        ----------
        rows : ndarray, (m,), int
            Indices of examples, which may repeat.

        Returns
        -------
        Dataset
            m examples, with `origin` None, since no source gives just these.

        Raises
        ------
        IndexError
            For an index that is out of range.
        """
        ids = [self.ids[int(row)] for row in rows]
        display = None if self.display is None else Pictures(self.display.array, self.display.order[rows])
        return replace(
            self,
            x=self.x[rows],
            y=self.labels(rows),
            split=self.split[rows],
            ids=ids,
            display=display,
            origin=None,
        )

    def look(self, rows: np.ndarray) -> np.ndarray:
        """Take some of the examples as people look at them, where nothing was trained yet.

        Parameters
        ----------
        rows : ndarray, (m,), int
            Indices of examples.

        Returns
        -------
        ndarray, (m, …)
            Pictures as the codec of their kind has them looked at, scaled by the range of all examples; rows of numbers
            as they are.
        """
        raw, modality = np.asarray(self.x[rows]), self.spec.modality
        if not modality.axes:
            return raw
        parts = range(0, len(self), 1024)
        return modality.codec(self.spec).fit(lambda: (self.x[start : start + 1024] for start in parts)).look(raw)

    def labels(self, rows: np.ndarray) -> np.ndarray | None:
        """Look up the labels of some examples.

        Parameters
        ----------
        rows : ndarray, (m,), int
            Indices of examples.

        Returns
        -------
        ndarray or None, (m,), int64
            Indices into `class_names`; None for data without labels.
        """
        return None if self.y is None else self.y[rows]

    @cached_property
    def fingerprint(self) -> str:
        """sha256, in hex, over `x`, `y` and `split` with their shapes and dtypes, the class names and the columns."""
        digest = hashlib.sha256()
        for array in (self.x, self.y, self.split):
            if array is None:
                digest.update(b"none")
                continue
            digest.update(f"{array.shape}{array.dtype.str}".encode())
            for start in range(0, len(array), 8192):
                digest.update(np.ascontiguousarray(array[start : start + 8192]).data)
        digest.update("\0".join(self.class_names or ()).encode())
        for column in self.columns or ():
            digest.update(f"\0{column.name}\0{column.kind}\0{column.categories}".encode())
        return digest.hexdigest()

    @cached_property
    def spec(self) -> DataSpec:
        """What a recipe remembers of this dataset."""
        return DataSpec(
            name=self.name,
            kind=self.kind,
            raw_shape=self.x.shape[1:],
            dtype=str(self.x.dtype),
            class_names=self.class_names,
            counts={name: int((self.split == code).sum()) for name, code in SPLITS.items()},
            fingerprint=self.fingerprint,
            columns=self.columns,
            missing=self.missing,
            ranges=picture_ranges(self.x, MODALITIES.get_or_raise(self.kind).axes),
            span=None if self.x.dtype == np.uint8 else (float(np.nanmin(self.x)), float(np.nanmax(self.x))),
            origin=self.origin,
        )
