"""Sparse matrices: of rows of numbers that are nearly all zero, only the others are kept in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import DataError

__all__ = ["MOST_COUNT", "SparseRows", "are_counts", "as_rows", "extent", "from_arrays", "is_sparse"]

MOST = 1e38
"""The largest number, as in other rows of numbers."""
MOST_COUNT = 2**24
"""The largest count: up to here float32 has every whole number."""
MOST_COLUMNS, SOME, EMPTY = 2**20, 2**16, 100
"""Columns of a sparse matrix. A file of a few bytes may announce any number of rows and columns: beyond `SOME` of
either there are at most so many times as many as there are numbers in them."""
FORMATS = ("csr", "csc", "coo")
AT_ONCE = 2**20
"""Numbers that are looked at together."""


class SparseRows:
    """Rows of a sparse matrix, which become an array where they are asked for: ``rows[3:9]``, ``rows[[4, 2]]``.

    Parameters
    ----------
    matrix : sparse matrix of scipy's, (n, p), float32
        In the format csr, sorted, without doubles and without zeros.

    Attributes
    ----------
    shape : (n, p)
    dtype : float32
    """

    dtype, ndim = np.dtype(np.float32), 2

    def __init__(self, matrix: Any):
        self.matrix = matrix
        self.shape: tuple[int, int] = matrix.shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        found = self.matrix[[rows] if isinstance(rows, int | np.integer) else rows].toarray()
        return found[0] if isinstance(rows, int | np.integer) else found

    def take(self, rows: np.ndarray) -> SparseRows:
        """Take some rows, which stay sparse.

        Parameters
        ----------
        rows : ndarray, (m,), int
            Indices, which may repeat.

        Returns
        -------
        SparseRows
        """
        return SparseRows(self.matrix[rows])

    @property
    def zeros(self) -> float:
        """The share of zeros, in [0, 1]."""
        return 1 - self.matrix.nnz / (self.shape[0] * self.shape[1])

    def extent(self) -> tuple[float, float]:
        """The least and the greatest number, zeros among them."""
        values = self.matrix.data
        low, high = (0, 0) if self.zeros else (np.inf, -np.inf)
        return float(values.min(initial=low)), float(values.max(initial=high))

    def spread(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each column, (p,) and (p,), float64."""
        n, total, square = len(self), np.zeros(self.shape[1]), np.zeros(self.shape[1])
        for columns, values in zip(_parts(self.matrix.indices), _parts(self.matrix.data), strict=True):
            total += np.bincount(columns, values, self.shape[1])
            square += np.bincount(columns, values.astype(np.float64) ** 2, self.shape[1])
        return total / n, np.sqrt(np.maximum(square / n - (total / n) ** 2, 0))

    def hashes(self, factors: np.ndarray) -> np.ndarray:
        """Add up the bits of each row's numbers, each times a factor of its column; zeros add nothing.

        Parameters
        ----------
        factors : ndarray, (p,), uint64

        Returns
        -------
        ndarray, (n,), uint64
            Equal for equal rows.
        """
        data, columns, starts = self.matrix.data, self.matrix.indices, self.matrix.indptr
        sums = np.zeros(len(data) + 1, np.uint64)
        np.cumsum(data.view(np.uint32).astype(np.uint64) * factors[columns], out=sums[1:])
        return sums[starts[1:]] - sums[starts[:-1]]

    def are_same(self, some: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Compare rows with others, number by number.

        Parameters
        ----------
        some, others : ndarray, (m,), int
            Indices of rows.

        Returns
        -------
        ndarray, (m,), bool
        """
        return np.diff((self.matrix[some] != self.matrix[others]).tocsr().indptr) == 0

    def parts(self) -> Iterator[np.ndarray]:
        """All that the matrix is made of, part by part: what a fingerprint is taken of."""
        for array, kind in ((self.matrix.indptr, "<i8"), (self.matrix.indices, "<i8"), (self.matrix.data, "<f4")):
            for part in _parts(array):
                yield np.ascontiguousarray(part, kind)


def is_sparse(given: object) -> bool:
    """Is this a sparse matrix or a sparse array of scipy's? Asked without importing it.

    Parameters
    ----------
    given : object
    """
    return type(given).__module__.startswith("scipy.sparse")


def as_rows(given: Any, name: str = "array") -> Any:
    """Make sparse rows of a sparse matrix of scipy's, and an array of what is none.

    Parameters
    ----------
    given : sparse matrix, SparseRows, or whatever `numpy.asanyarray` takes
    name : str
        What people call it, for messages.

    Returns
    -------
    SparseRows or ndarray

    Raises
    ------
    DataError
        For a sparse matrix of no rows, of too many columns, of what is no real number or not finite, or whose indices
        do not fit its shape.
    """
    if not is_sparse(given):
        return given if isinstance(given, SparseRows) else np.asanyarray(given)
    if given.format not in FORMATS:
        given = given.tocoo()
    parts = {key: np.asarray(getattr(given, key)) for key in _needs(given.format)}
    return _checked(given.format, given.shape, parts, name)


def from_arrays(arrays: dict[str, np.ndarray], name: str) -> SparseRows:
    """Make sparse rows of the arrays that `scipy.sparse.save_npz` writes.

    Parameters
    ----------
    arrays : dict of ndarray
        With "format" and "shape" among them. Nothing of them is believed.
    name : str
        What people call it, for messages.

    Returns
    -------
    SparseRows

    Raises
    ------
    DataError
        As `as_rows`, and for another format than csr, csc and coo.
    """
    said = arrays["format"].item() if arrays["format"].shape == () else None
    form = said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)
    if form not in FORMATS or not set(_needs(form)) <= arrays.keys():
        raise DataError(
            f"{name}: expected a sparse matrix in the format csr, csc or coo. Found {form!r} with {sorted(arrays)};"
            " save it anew: scipy.sparse.save_npz(path, matrix.tocsr())."
        )
    shape = arrays["shape"]
    if shape.shape != (2,) or shape.dtype.kind not in "iu":
        raise DataError(f"{name}: expected a sparse matrix of two dimensions. Found shape {shape.tolist()}.")
    return _checked(form, tuple(map(int, shape)), arrays, name)


def extent(x: Any) -> tuple[float, float]:
    """Find the least and the greatest number of examples, NaN apart.

    Parameters
    ----------
    x : ndarray or SparseRows, (n, …)

    Returns
    -------
    two floats
    """
    return x.extent() if isinstance(x, SparseRows) else (float(np.nanmin(x)), float(np.nanmax(x)))


def _needs(form: str) -> tuple[str, ...]:
    """The names of the arrays of a format."""
    return ("data", "row", "col") if form == "coo" else ("data", "indices", "indptr")


def _checked(form: str, shape: tuple[int, ...], parts: dict[str, np.ndarray], name: str) -> SparseRows:
    """Rows of these arrays, of which none goes to scipy's compiled code before its indices are seen to be within."""
    n, p = shape if len(shape) == 2 else (0, 0)
    if n < 1 or not 1 <= p <= MOST_COLUMNS:
        raise DataError(f"{name}: expected a sparse matrix (n, p) of 1 to {MOST_COLUMNS} columns. Found shape {shape}.")
    data, *places = (parts[key] for key in _needs(form))
    if data.dtype.kind not in "uifb" or data.dtype.itemsize > 8:
        raise DataError(f"{name}: expected real numbers in a sparse matrix. Found dtype {data.dtype}.")
    if max(n, p) > max(SOME, EMPTY * data.size):
        raise DataError(f"{name}: expected numbers in the {n} rows of a sparse matrix {shape}. Found {data.size}.")
    wanted = {"csr": (p, None), "csc": (n, None), "coo": (n, p)}[form]
    for key, indices, most in zip(_needs(form)[1:], places, wanted, strict=True):
        # Pointers to where each row begins, or indices of its numbers.
        size = (n if form == "csr" else p) + 1 if most is None else data.size
        most = data.size + 1 if most is None else most
        fits = indices.dtype.kind in "iu" and data.ndim == 1 and indices.shape == (size,)
        if not fits or (size and (int(indices.min()) < 0 or int(indices.max()) >= most)):
            raise DataError(f"{name}: expected indices within a sparse matrix {shape}. Found others in {key}.")
    starts = places[-1]
    if form != "coo" and (starts[0] != 0 or starts[-1] != len(data) or (starts[1:] < starts[:-1]).any()):
        raise DataError(f"{name}: expected indptr to rise from 0 to {len(data)}. Found it otherwise.")
    matrix = _as_csr(form, (n, p), data, places)
    if not all(bool((np.abs(part) <= MOST).all()) for part in _parts(matrix.data)):
        raise DataError(
            f"{name}: expected finite numbers in a sparse matrix. Found NaN, infinity or values beyond {MOST:g};"
            " remove these rows, or give an array, of which missing numbers may be left out."
        )
    return SparseRows(matrix)


def _as_csr(form: str, shape: tuple[int, int], data: np.ndarray, places: list[np.ndarray]) -> Any:
    """These arrays, seen to be sound, as scipy's csr: float32, sorted, without doubles and zeros."""
    from scipy import sparse

    kind = np.int32 if max(*shape, len(data)) < 2**31 else np.int64
    first, second = (np.array(part, kind) for part in places)
    with np.errstate(over="ignore"):
        values = np.array(data, np.float32)
    if form == "coo":
        matrix = sparse.coo_array((values, (first, second)), shape).tocsr()
    else:
        made = sparse.csr_array if form == "csr" else sparse.csc_array
        matrix = made((values, first, second), shape).tocsr()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def are_counts(x: Any) -> bool:
    """Are all numbers whole, at least 0 and at most `MOST_COUNT`, NaN apart?

    Parameters
    ----------
    x : ndarray or SparseRows, (n, p)
    """
    values = x.matrix.data if isinstance(x, SparseRows) else x.reshape(-1)
    if values.dtype == np.uint8:
        return True
    return all(
        bool((np.isnan(part) | ((part >= 0) & (part <= MOST_COUNT) & (part == np.rint(part)))).all())
        for part in _parts(values)
    )


def _parts(array: np.ndarray) -> Iterator[np.ndarray]:
    """An array in parts that take little memory while they are looked at."""
    for start in range(0, len(array), AT_ONCE):
        yield array[start : start + AT_ONCE]
