"""What is asked of a reader, beside the path."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...io.reporter import SILENT, Reporter
from ..columns import Column
from ..conditions import Conditions, Found
from ..reading import Reading
from ..spec import DataSpec
from ..splits import TEST

if TYPE_CHECKING:
    from ..dataset import Dataset
    from ..sparse import SparseRows

__all__ = ["Reader", "Request"]


DEFAULT = Reading()


@dataclass(frozen=True)
class Request:
    """How what is read is to become examples.

    Attributes
    ----------
    reading : Reading
        Every choice that a file itself does not make.
    split_seed : int
        Seed of the split of data that come without one.
    like : DataSpec or None
        Data that the others must fit: those that a run was trained on.
    is_new : bool
        Are these others, of which none is held out? Then they are not split, unless they say themselves how.
    data_dir : Path or None
        The folder with the files of a named data set.
    workers : int or None
        Processes that decode pictures; None takes as many as there are processors, at most 8, for many pictures,
        and one for few.
    reporter : Reporter
        Who tells how it goes.
    """

    reading: Reading = DEFAULT
    split_seed: int = 0
    like: DataSpec | None = None
    is_new: bool = False
    data_dir: Path | None = None
    workers: int | None = None
    reporter: Reporter = SILENT

    def known_columns(self, x: np.ndarray | SparseRows) -> Sequence[Column] | None:
        """Look up the columns of the data that these must fit.

        Parameters
        ----------
        x : ndarray or SparseRows, (n, …)

        Returns
        -------
        sequence of p Column or None
            None unless `x` is (n, p) with as many columns as those data have.
        """
        columns = self.like.columns if self.like else None
        return columns if columns and x.ndim == 2 and len(columns) == x.shape[-1] else None

    def known_kind(self, x: np.ndarray | SparseRows) -> str | None:
        """Look up the kind of the data that these must fit.

        Parameters
        ----------
        x : ndarray or SparseRows, (n, …)

        Returns
        -------
        str or None
            None unless one example of `x` has the shape of one of those data.
        """
        return self.like.kind if self.like and x.shape[1:] == self.like.raw_shape else None

    def known_split(self, x: np.ndarray | SparseRows, split: np.ndarray | None = None) -> np.ndarray | None:
        """Look up the split of what is read.

        Parameters
        ----------
        x : ndarray, (n, …)
        split : ndarray or None, (n,)
            As the data themselves say it.

        Returns
        -------
        ndarray or None, (n,)
            `split`; or, without it, TEST for all where they are new, and None where they are to be dealt out.
        """
        return np.full(x.shape[:1], TEST, np.uint8) if split is None and self.is_new else split

    def renamed(self, found: Found) -> Found:
        """Call conditions of an array as those that they must fit, in whose order they stand.

        Parameters
        ----------
        found : sequence of (Column, (n,) float32)

        Returns
        -------
        sequence of (Column, (n,) float32)
            As they were where these are others in number.
        """
        known = self.like.conditions if self.like else ()
        if len(known) != len(found):
            return found
        return [
            (column.model_copy(update={"name": one.name}), v) for one, (column, v) in zip(known, found, strict=True)
        ]

    def told(self, dataset: Dataset, found: Found, ids: Sequence[str] | None = None) -> Dataset:
        """Give each example the conditions that were found for it.

        Parameters
        ----------
        dataset : Dataset
            Of n examples, or fewer where some were dropped.
        found : sequence of (Column, (n,) float32)
            None for no conditions.
        ids : sequence of n str or None
            What each example was called; the number of its row without.

        Returns
        -------
        Dataset

        Raises
        ------
        DataError
            As `Conditions.of` does.
        """
        if not found:
            return dataset
        if len(dataset) < len(found[0][1]):
            places = None if ids is None else {name: place for place, name in enumerate(ids)}
            rows = np.array([int(name) if places is None else places[name] for name in dataset.ids], np.int64)
            found = [(column, values[rows]) for column, values in found]
        known = self.like.conditions if self.like else ()
        conditions = Conditions.of(found, dataset.split, dataset.name, known)
        return dataclasses.replace(dataset, conditions=conditions)

    @property
    def known_dtype(self) -> str | None:
        """The type of the numbers of the data that they must fit."""
        return self.like.dtype if self.like else None


class Reader(NamedTuple):
    """One kind of file.

    Attributes
    ----------
    what : str
        What it reads, in words, for the message that tells what can be read.
    takes : function
        Is this path of its kind? By its name alone, or by what lies in a folder.
    read : function
        A path and a `Request` -> `Dataset`, nearly always by `as_dataset`.
    heeds : frozenset of str
        The choices of `Reading` that make a difference to it, by name.
    """

    what: str
    takes: Callable[[Path], bool]
    read: Callable[[Path, Request], Dataset]
    heeds: frozenset[str] = frozenset(Reading.model_fields)
