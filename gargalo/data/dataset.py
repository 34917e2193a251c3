"""A `Dataset`: arrays, and what is known of them. Readers make one; nothing downstream knows files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import DataError, option
from ..io.mapped import must_be_whole
from .columns import Column
from .conditions import Conditions
from .log import Log
from .notes import Note
from .ranges import picture_ranges
from .sparse import SparseRows, extent
from .spec import MODALITIES, DataSpec, Origin
from .splits import SPLITS

__all__ = ["Dataset", "Pictures"]

MOST_BROKEN = 0.05
"""Share of the files of a folder that may be unreadable before training is refused."""


class Pictures:
    """Pictures in the order of the examples that they stand for, left in their memory map until they are seen.

    Parameters
    ----------
    array : ndarray or memory map, (m, h, w) or (m, h, w, c), uint8
        All pictures, grey values or colours from 0 to 255.
    order : ndarray, (n,), int
        The index in `array` of each example's picture.
    """

    def __init__(self, array: Any, order: np.ndarray):
        self.array, self.order = array, order
        self.ndim = array.ndim

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.asarray(self.array[self.order[rows]])

    @cached_property
    def fingerprint(self) -> str:
        """sha256, in hex, over the pictures in the order of the examples."""
        digest = hashlib.sha256(f"{len(self)}{self.array.shape[1:]}".encode())
        for start in range(0, len(self), 1024):
            digest.update(np.ascontiguousarray(self[start : start + 1024]).data)
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples in their own dtype, and what is known of them.

    Attributes
    ----------
    name : str
        What people call it.
    kind : str
        A name in `gargalo.data.modalities.MODALITIES`.
    x : ndarray, memory map or SparseRows, (n, h, w), (n, h, w, c) or (n, p)
        Raw examples. uint8 stays uint8, and of pictures uint16 and int16 stay what they are; all else is float32. Rows
        of a sparse matrix become an array where they are indexed.
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
    clean : ndarray or memory map or None, (n, *raw_shape)
        The clean partner of each example, in the dtype of `x`, which a denoising model is asked for.
    conditions : Conditions or None
        What a conditional model is told of each example in place of its label.
    notes : tuple of Note
        What the reader did, and what it saw.
    skipped : tuple of (str, str)
        Files that could not be used, and why.
    origin : Origin or None
        What gives these data again.
    log : Log or None
        What the examples were cut from, where they are windows of a log.
    ties : ndarray or None, (n,), int64
        Examples of one number belong to one split: they are copies, or of one group. None where each stands alone.
    in_time : bool
        Do the examples stand in the order of time, by which they were split?
    """

    name: str
    kind: str
    x: np.ndarray | SparseRows
    y: np.ndarray | None
    class_names: tuple[str, ...] | None
    split: np.ndarray
    ids: Sequence[str]
    columns: tuple[Column, ...] | None = None
    missing: bool = False
    display: Pictures | None = None
    clean: np.ndarray | None = None
    conditions: Conditions | None = None
    notes: tuple[Note, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    origin: Origin | None = None
    log: Log | None = None
    ties: np.ndarray | None = None
    in_time: bool = False

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
            more = (
                f"a smaller {option('window')} or {option('step')} makes more" if self.kind == "series" else "give more"
            )
            raise DataError(
                f"{self.name}: expected at least 10 examples to learn from. Found {len(self)}; {more}: with hundreds a"
                " model begins to see what they share."
            )
        self._check_variety()
        train, test = (len(self.rows(split)) for split in ("train", "test"))
        if not (train and test):
            raise DataError(
                f"{self.name}: expected examples to train on and others to test with. Found {train} and {test}:"
                + (" too few are long enough for a window, or" if self.kind == "series" else "")
                + " the shares leave none, or all are copies of each other or of one group. Choose other"
                + f" {option('shares')}"
                + (f" or a smaller {option('window')}." if self.kind == "series" else ".")
            )

    def _check_variety(self) -> None:
        """Refuse data in which all is the same, or rows of which each column stands still or counts rows."""
        least, most = extent(self.x)
        if most == least:
            raise DataError(f"{self.name}: expected data that vary. Found {most:g} everywhere.")
        if isinstance(self.x, SparseRows):
            if not (self.x.spread()[1] > 0).any():
                raise DataError(f"{self.name}: expected data that vary. Found the same numbers in every row.")
            return
        if not self.columns or self.kind != "table":
            return
        varies = np.flatnonzero(np.nanmax(self.x, axis=0) > np.nanmin(self.x, axis=0))
        if not len(varies):
            raise DataError(f"{self.name}: expected data that vary. Found the same numbers in every row.")
        if all(self.counts_rows(int(i)) and self.x[-1, i] - self.x[0, i] == len(self) - 1 for i in varies):
            names = ", ".join(self.columns[i].name for i in varies[:10])
            raise DataError(
                f"{self.name}: expected data that vary by more than the number of the row. Found nothing else:"
                f" {names} only counts up; {option('id', names)} makes it the id, but columns to learn from are needed."
            )

    def counts_rows(self, i: int) -> bool:
        """Is a column whole numbers that grow from row to row, as numbers of rows and ids do?

        Parameters
        ----------
        i : int
            Its index.

        Returns
        -------
        bool
            False for categories, and where a number is missing.
        """
        values = self.x[:, i]
        is_number = self.columns is None or self.columns[i].kind == "number"
        return bool(is_number and (np.diff(values) > 0).all() and (values == np.round(values)).all())

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
        DataError
            For a file, left where it is, that another program has cut short.
        """
        must_be_whole(self.x)
        ids = [self.ids[int(row)] for row in rows]
        display = None if self.display is None else Pictures(self.display.array, self.display.order[rows])
        return replace(
            self,
            x=self.x.take(rows) if isinstance(self.x, SparseRows) else self.x[rows],
            y=self.labels(rows),
            split=self.split[rows],
            ids=ids,
            display=display,
            clean=None if self.clean is None else self.clean[rows],
            conditions=None if self.conditions is None else self.conditions.take(rows),
            origin=None,
            log=None if self.log is None else self.log.take(rows),
            ties=None if self.ties is None else self.ties[rows],
            in_time=False,
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

    def targets(self) -> Dataset:
        """What a model is to give back: the clean partners as data of their own, or these data, which have none.

        Returns
        -------
        Dataset
            With the same labels, ids and splits.
        """
        return self if self.clean is None else replace(self, x=self.clean, clean=None, origin=None)

    @cached_property
    def fingerprint(self) -> str:
        """sha256, in hex, over `x`, `y`, `split`, `clean`, `conditions`, with shapes, dtypes, class names, columns."""
        digest, told = hashlib.sha256(), self.conditions
        more = [] if told is None else [told.raw]
        for array in (self.x, self.y, self.split, *([] if self.clean is None else [self.clean]), *more):
            if array is None:
                digest.update(b"none")
                continue
            digest.update(f"{array.shape}{array.dtype.str}".encode())
            if isinstance(array, SparseRows):
                for part in array.parts():
                    digest.update(part.data)
                continue
            for start in range(0, len(array), 8192):
                digest.update(np.ascontiguousarray(array[start : start + 8192]).data)
        digest.update("\0".join(self.class_names or ()).encode())
        for column in (*(self.columns or ()), *(told.known if told else ())):
            digest.update(f"\0{column.name}\0{column.kind}\0{column.categories}".encode())
        return digest.hexdigest()

    @cached_property
    def spec(self) -> DataSpec:
        """What a recipe remembers of this dataset."""
        return DataSpec(
            name=self.name,
            kind=self.kind,
            raw_shape=self.x.shape[1:],
            dtype=str(self.x.dtype),  # type: ignore[arg-type]
            class_names=self.class_names,
            counts={name: int((self.split == code).sum()) for name, code in SPLITS.items()},  # type: ignore[arg-type]
            fingerprint=self.fingerprint,
            columns=self.columns,
            missing=self.missing,
            ranges=picture_ranges(self.x, MODALITIES.get_or_raise(self.kind).axes),
            span=None if self.x.dtype == np.uint8 else extent(self.x),
            paired=self.clean is not None,
            conditions=self.conditions.known if self.conditions else (),
            shown=None if self.display is None else self.display.fingerprint,
            origin=self.origin,
        )
