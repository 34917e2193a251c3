"""`.npy` and `.npz` files: read without pickle, and never believed before their size is checked."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from ...errors import DataError, must
from ...io.decompression import LIMITS, Limits
from ..as_dataset import as_dataset
from ..columns import texts_of
from ..dataset import Dataset
from ..in_memory import columns_of
from ..sparse import SparseRows, from_arrays
from ..splits import TEST, TRAIN, VALIDATION, named
from .reader import Request

__all__ = ["SUFFIXES", "read_array", "read_arrays", "read_npz"]

SUFFIXES = (".npy", ".npz")


def read_array(path: Path) -> np.ndarray:
    """Memory-map one `.npy` file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    memory map, read-only
        Of the shape and dtype that the header says.

    Raises
    ------
    DataError
        For a file that cannot be opened, is no array file, or is not as long as its header says; for an array of Python
        objects, or an empty one.
    """
    try:
        with path.open("rb") as file:
            shape, fortran, dtype = _header(file, str(path))
            start = file.tell()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    expected, found = _nbytes(shape, dtype), path.stat().st_size - start
    if found != expected:
        raise DataError(f"{path}: expected {expected} bytes of data for shape {shape}. Found {found}.")
    if expected == 0:
        raise DataError(f"{path}: expected numbers. Found an empty array of shape {shape}.")
    try:
        return np.memmap(path, dtype, "r", start, shape, order="F" if fortran else "C")
    except ValueError as error:  # more dimensions than there can be
        raise DataError(f"{path}: expected an array of numbers. It cannot be read ({error}).") from None


def read_arrays(path: Path, request: Request) -> Dataset:
    """Read a dataset from `.npy` (examples alone) or `.npz`.

    An `.npz` holds `x` and perhaps `y` and `condition`; or `x_train` and `x_test` (and `x_val`), each perhaps with its
    `y_…` and `condition_…`; or a single array of any name; or a sparse matrix, as scipy saves it.

    Parameters
    ----------
    path : Path
    request : Request
        Its reading may name `.npy` files of labels, of conditions and of splits for the examples of a `.npy` or of a
        sparse matrix; another `.npz` has its own.

    Returns
    -------
    Dataset
        Where no split is given, examples are dealt out by the request's seed and shares.

    Raises
    ------
    DataError
        For a file that `read_array` or `read_npz` refuses, arrays of other names, or arrays that do not fit each other.
    ParameterError
        For files of labels, conditions or splits beside an `.npz`.
    """
    return _from_npz(path, request) if path.suffix == ".npz" else _from_npy(path, request)


def _from_npy(path: Path, request: Request) -> Dataset:
    """A dataset from one array; labels and splits may lie in files of their own."""
    return _with_files_beside(read_array(path), path, request)


def _with_files_beside(x: np.ndarray | SparseRows, path: Path, request: Request) -> Dataset:
    """A dataset from examples whose labels and splits may lie in files of their own."""
    reading = request.reading
    y = None if reading.label is None else np.asarray(read_array(Path(reading.label)))
    split = None if reading.split is None else _splits(Path(reading.split), len(x))
    told = [one for file in map(Path, reading.condition) for one in columns_of(read_array(file), len(x), file.stem)]
    return request.told(_as_known(x, y, path, request, split), request.renamed(told))


def _from_npz(path: Path, request: Request) -> Dataset:
    """A dataset from the arrays of an archive, by their names."""
    arrays, reading = read_npz(path), request.reading
    if {"format", "shape", "data"} <= arrays.keys():
        return _with_files_beside(from_arrays(arrays, str(path)), path, request)
    for choice in ("label", "split", "condition"):
        if given := getattr(reading, choice):
            raise must(choice, "left out for an .npz, whose arrays say it by their names", given)
    codes = {"train": TRAIN, "val": VALIDATION, "test": TEST}
    splits = [(key, code) for key, code in codes.items() if f"x_{key}" in arrays]
    if "x_train" in arrays and "x_test" in arrays:
        xs = [arrays[f"x_{key}"] for key, _ in splits]
        ys = [arrays.get(f"y_{key}") for key, _ in splits]
        if any(x.ndim == 0 or len(x) == 0 for x in xs):
            raise DataError(f"{path}: expected examples in every split. Found {[x.shape for x in xs]}.")
        if len({x.shape[1:] for x in xs}) > 1 or len({x.dtype for x in xs}) > 1:
            raise DataError(
                f"{path}: expected splits of one shape and dtype. Found {[(x.shape, str(x.dtype)) for x in xs]}."
            )
        if any(y is None for y in ys) and any(y is not None for y in ys):
            raise DataError(f"{path}: expected labels for every split or for none. Found {sorted(arrays)}.")
        # Split by split: labels too many in one and too few in the next would all belong to another example.
        if any(y is not None and y.shape != (len(x),) for x, y in zip(xs, ys, strict=True)):
            shapes = [(x.shape, y.shape) for x, y in zip(xs, ys, strict=True) if y is not None]
            raise DataError(f"{path}: expected a label for each example of every split. Found {shapes}.")
        y = None if ys[0] is None else np.concatenate([y for y in ys if y is not None])
        split = np.repeat(np.array([code for _, code in splits], np.uint8), [len(x) for x in xs])
        cs = [arrays[f"condition_{key}"] for key, _ in splits if f"condition_{key}" in arrays]
        x, told = np.concatenate(xs), columns_of(np.concatenate(cs), sum(map(len, xs))) if cs else []
        return request.told(_as_known(x, y, path, request, split), request.renamed(told))
    x = arrays.get("x", next(iter(arrays.values())) if len(arrays) == 1 else None)
    if x is None:
        raise DataError(
            f"{path}: expected arrays x and y, or x_train, y_train, x_test, y_test. Found {sorted(arrays)}."
        )
    told = columns_of(arrays["condition"], len(x)) if "condition" in arrays else []
    return request.told(_as_known(x, arrays.get("y"), path, request), request.renamed(told))


def _as_known(
    x: np.ndarray | SparseRows,
    y: np.ndarray | None,
    path: Path,
    request: Request,
    split: np.ndarray | None = None,
) -> Dataset:
    """A dataset that fits the data that it must fit, where there are such: by kind, columns and dtype."""
    return as_dataset(
        x, y, name=path.name, kind=request.known_kind(x), split=request.known_split(x, split),
        split_seed=request.split_seed, columns=request.known_columns(x), reading=request.reading,
        dtype=request.known_dtype,
    )  # fmt: skip


def _splits(path: Path, n: int) -> np.ndarray:
    """The split of each of `n` examples, by name or as 0, 1 and 2 for training, validation and test."""
    codes = np.asarray(read_array(path))
    if codes.shape != (n,):
        raise DataError(f"{path}: expected a split for each of the {n} examples. Found shape {codes.shape}.")
    if codes.dtype.kind in "iu" and set(np.unique(codes).tolist()) <= {TRAIN, VALIDATION, TEST}:
        return codes.astype(np.uint8)
    if codes.dtype.kind not in "biufSU":
        raise DataError(f"{path}: expected splits by name, or as 0, 1 and 2. Found dtype {codes.dtype}.")
    return named(texts_of(codes).tolist(), str(path))


def read_npz(path: Path, limits: Limits = LIMITS) -> dict[str, np.ndarray]:
    """Read every array of an archive, each checked against its header before it is inflated.

    Parameters
    ----------
    path : Path
    limits : Limits
        How much the archive may inflate to.

    Returns
    -------
    dict of ndarray
        By the name in the archive without its `.npy`; read-only.

    Raises
    ------
    DataError
        For a file that is no archive or a broken one, a member that is no array of numbers or is not as long as its
        header says, or an archive that announces more than the limits.
    """
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
            total = sum(info.file_size for info in members)
            packed = sum(info.compress_size for info in members)
            # Members that share their packed bytes, or claim more than the file has, are a bomb's.
            if packed > path.stat().st_size or limits.is_bomb(total, packed):
                raise DataError(
                    f"{path}: expected an archive that inflates to what its {packed} packed bytes can hold. It"
                    f" announces {total}. If they are really yours, save each array with np.save."
                )
            for info in members:
                name = f"{path}[{info.filename!r}]"
                # Of other methods zipfile inflates a whole block at once, whatever size is announced.
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise DataError(f"{name}: expected a stored or deflated member. Found method {info.compress_type}.")
                with archive.open(info) as file:
                    shape, fortran, dtype = _header(file, name)
                    expected, found = _nbytes(shape, dtype), info.file_size - file.tell()
                    if found != expected:
                        raise DataError(f"{name}: expected {expected} bytes of data for shape {shape}. Found {found}.")
                    flat = np.frombuffer(file.read(expected), dtype)
                arrays[info.filename.removesuffix(".npy")] = flat.reshape(shape, order="F" if fortran else "C")
    except DataError:
        raise
    # RuntimeError: an encrypted member, or a method that zipfile does not know.
    except (OSError, EOFError, RuntimeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: expected an .npz archive. It cannot be read ({error}).") from None
    return arrays


def _header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, Fortran order and dtype of the `.npy` stream `file`."""
    try:
        version = np.lib.format.read_magic(file)  # type: ignore[arg-type]
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)  # type: ignore[arg-type]
        if not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError(f"shape {shape}")
    # NumPy reads the header as Python text, which can be wrong in any way: SyntaxError, TokenError, MemoryError, …
    except Exception as error:
        why = str(error).partition("\n")[0][:80]
        raise DataError(f"{name}: expected an .npy array. Its header cannot be read ({why}).") from None
    if dtype.hasobject:
        raise DataError(
            f"{name}: expected numbers. Found an array of Python objects, which may run code when opened and is"
            " refused. Save it anew as numbers: np.save(path, np.stack(list_of_arrays))."
        )
    return shape, fortran, dtype


def _nbytes(shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Bytes that an array takes, in whole numbers of any size."""
    total = dtype.itemsize
    for n in shape:
        total *= n
    return total
