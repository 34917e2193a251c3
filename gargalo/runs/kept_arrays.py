"""What stands in the tensor files of a run folder, which may come from anybody: each is checked when it is read.

Names, types and shapes are compared with the recipe by the header alone, before any memory is taken; then the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..data import DataSpec
from ..errors import RunError
from ..io.tensors import Header, read_tensors

__all__ = [
    "FLOATS",
    "MOST_BYTES",
    "WHOLE",
    "Array",
    "Arrays",
    "example_arrays",
    "must_be_right",
    "read_arrays",
    "told_array",
]

MOST_BYTES = 2**32
"""Bytes of a file in `space/`: a thousand examples of a million numbers."""


MOST = {"n": 2**15, "m": 2**15, "k": 2**16, "h": 2**14, "w": 2**14}
"""What the letters in shapes stand for at most: a run keeps a thousand examples, and as many others on its maps."""
LARGEST = 1e38
"""The largest number that data have; what is computed with such goes on to infinity."""
FLOATS = ("float32", "float64")
WHOLE = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")


@dataclass(frozen=True)
class Array:
    """What an array must be.

    Attributes
    ----------
    shape : tuple of int or str
        A str stands for any number above 0, the same wherever it stands in a file; the last one may end in "?", for an
        axis that need not be there.
    dtypes : tuple of str
        NumPy's names of the types that it may have.
    is_needed : bool
        Must it be there?
    low, high : float or ndarray
        The least and the greatest number; for all of them, or for each along the last axes.
    can_miss : bool
        May numbers be NaN?
    whole : ndarray or None, bool
        Which along the last axis are whole.
    """

    shape: tuple[int | str, ...]
    dtypes: tuple[str, ...] = FLOATS
    is_needed: bool = True
    low: float | np.ndarray = -LARGEST
    high: float | np.ndarray = LARGEST
    can_miss: bool = False
    whole: np.ndarray | None = None


Arrays = Mapping[str, Array]


def read_arrays(
    file: Path, folder: Path, arrays: Arrays | None, sizes: Mapping[str, int] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read a tensor file of a run by what must stand in it.

    Parameters
    ----------
    file : Path
    folder : Path
        The run's.
    arrays : dict of Array, or None
        By name; None for what only another package knows, which must be finite numbers.
    sizes : dict of int, or None
        What some of the letters in their shapes are.

    Returns
    -------
    tensors, facts : dict of ndarray, dict of str

    Raises
    ------
    RunError
        For a file that is missing, not whole, or holds anything else.
    """

    def check(header: Header) -> None:
        if why := _unlike(header, arrays, dict(sizes or {})):
            raise RunError(f"{file}: expected {why}; remove this file, or train anew.")

    tensors, facts = read_tensors(file, folder, MOST_BYTES, check)
    must_be_right(file, tensors, arrays)
    return tensors, facts


def must_be_right(file: Path, tensors: Mapping[str, np.ndarray], arrays: Arrays | None) -> None:
    """Refuse arrays that hold other numbers than they may.

    Parameters
    ----------
    file : Path
        Where they were read, or are to be kept.
    tensors : dict of ndarray
    arrays : dict of Array, or None
        See `read_arrays`.

    Raises
    ------
    RunError
        Naming the first.
    """
    for name, array in tensors.items():
        wanted = Array(()) if arrays is None else arrays[name]
        if why := _wrong_number(array, wanted):
            raise RunError(f"{file}: expected {name} to hold {why}; remove this file, or train anew.")


def _unlike(header: Header, arrays: Arrays | None, sizes: dict[str, int]) -> str:
    """What was expected of the header, and was found instead; empty where all is well."""
    if arrays is None:
        return ""
    for name in sorted(header.arrays.keys() | arrays.keys()):
        wanted, found = arrays.get(name), header.arrays.get(name)
        if wanted is None:
            return f"{', '.join(arrays)}. Found {name} too"
        if found is None:
            if wanted.is_needed:
                return f"{name}. Found none"
            continue
        if found.dtype not in wanted.dtypes:
            kinds = "whole numbers" if wanted.dtypes == WHOLE else " or ".join(wanted.dtypes)
            return f"{name} to be {kinds}. Found {found.dtype}"
        is_short = str(wanted.shape[-1:]).count("?") and len(found.shape) < len(wanted.shape)
        axes = enumerate(wanted.shape[:-1] if is_short else wanted.shape)
        shape = tuple(_size(one, i, found.shape, sizes) for i, one in axes)
        for letter, size in zip(wanted.shape, found.shape, strict=False):
            if size > (most := MOST.get(str(letter), size)):
                return f"{name} of at most {most:,} along an axis. Found {size:,}"
        if found.shape != shape:
            return f"{name} of shape {_shown(shape)}, as the recipe and the other files say. Found {found.shape}"
    return ""


def _size(wanted: int | str, axis: int, shape: tuple[int, ...], sizes: dict[str, int]) -> int | str:
    """How many numbers an axis has: what a letter stands for is known from the first array that has it."""
    if isinstance(wanted, int) or axis >= len(shape):
        return wanted
    if wanted not in sizes and shape[axis] > 0:
        sizes[wanted] = shape[axis]
    return sizes.get(wanted, wanted)


def _shown(shape: tuple[int | str, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


def _wrong_number(array: np.ndarray, wanted: Array) -> str:
    """What numbers were expected, and were found instead; empty where all is well."""
    if array.dtype.kind not in "fiu":
        return f"numbers. Found {array.dtype}"
    if not (np.isfinite(array) | (np.isnan(array) if wanted.can_miss else False)).all():
        return "finite numbers. Found NaN or infinity"
    # What is missing is neither too small nor too large.
    if (array < wanted.low).any() or (array > wanted.high).any():
        low, high = np.min(wanted.low), np.max(wanted.high)
        return f"numbers from {low:g} to {high:g}. Found {np.nanmin(array):g} to {np.nanmax(array):g}"
    if wanted.whole is not None and ((array != np.rint(array)) & ~np.isnan(array) & wanted.whole).any():
        return "the index of a name in each column of names. Found a fraction"
    return ""


def example_arrays(spec: DataSpec) -> Arrays:
    """What the examples are that a run keeps.

    Parameters
    ----------
    spec : DataSpec
        What the recipe says of its data.

    Returns
    -------
    dict of Array
        "n" is their number.
    """
    like = _rows(spec)
    found = {"x": like, "display": Array(("n", "h", "w", "c?"), ("uint8",), is_needed=False)}
    if spec.classes:
        found["y"] = Array(("n",), WHOLE, low=0, high=spec.classes - 1)
    if spec.paired:
        found["clean"] = like
    if spec.conditions:
        found["conditions"] = told_array(spec, "n")
    return found


def told_array(spec: DataSpec, rows: str) -> Array:
    """Say what the conditions of some examples are, as `gargalo.data.conditions.Conditions` has them.

    Parameters
    ----------
    spec : DataSpec
    rows : str
        What the number of examples is called.

    Returns
    -------
    Array
    """
    return _named_in(tuple(len(one.categories) for one in spec.conditions), Array((rows, len(spec.conditions))))


def _rows(spec: DataSpec) -> Array:
    """What raw examples are."""
    low = 0.0 if spec.modality.counted else -LARGEST
    found = Array(("n", *spec.raw_shape), (spec.dtype,), low=low, can_miss=spec.missing)
    names = tuple(len(column.categories) for column in spec.columns or ())
    return _named_in(names, found) if any(names) else found


def _named_in(names: tuple[int, ...], found: Array) -> Array:
    """The same, where a column with so many names holds the index of one."""
    whole = np.array(names) > 0
    high = np.where(whole, np.array(names) - 1, LARGEST)
    return replace(found, low=np.where(whole, 0, found.low), high=high, whole=whole)
