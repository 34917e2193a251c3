"""What is asked of a reader, beside the path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...io.reporter import SILENT, Reporter
from ..columns import Column
from ..reading import Reading
from ..spec import DataSpec

if TYPE_CHECKING:
    import numpy as np

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
    """

    what: str
    takes: Callable[[Path], bool]
    read: Callable[[Path, Request], Dataset]
