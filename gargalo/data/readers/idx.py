"""IDX, the file format of MNIST: a magic number, the shape, then the bytes; often gzipped."""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...io.decompression import LIMITS
from ..as_dataset import as_dataset
from ..dataset import Dataset
from ..splits import TEST, TRAIN, VALIDATION
from .reader import Request

__all__ = ["begins_as_idx", "is_idx", "read_idx", "read_idx_dataset", "sha256_of", "write_idx"]

NAME = re.compile(r".*([-.]idx\d-ubyte|\.idx\d?)(\.gz)?", re.IGNORECASE)
WORDS = {"train": TRAIN, "val": VALIDATION, "held": VALIDATION, "t10k": TEST, "test": TEST}
"""What the names of a split's files hold."""
MOST_BYTES = 2**32
"""A header that announces more than this is refused before anything is allocated."""


def read_idx(path: Path, sha256: str | None = None, zipped: str | None = None) -> np.ndarray:
    """Read an IDX file of unsigned bytes, gzipped or not, whatever its name says.

    Parameters
    ----------
    path : Path
    sha256 : str or None
        What the decompressed bytes must hash to, however they are packed.
    zipped : str or None
        What a gzipped file must hash to as it is, where no more is known of it.

    Returns
    -------
    ndarray, uint8, of the shape that the header gives

    Raises
    ------
    DataError
        Wrong magic, type, length or hash; a broken gzip stream.
    """
    try:
        is_packed = _begins_with(path, b"\x1f\x8b")
        with (gzip.open if is_packed else open)(path, "rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or not 1 <= head[3] <= 4:
                raise DataError(
                    f"{path}: expected an IDX file (two zero bytes first). Found {head.hex() or 'nothing'}."
                )
            if head[2] != 0x08:
                raise DataError(f"{path}: expected IDX values of type 0x08 (unsigned byte). Found 0x{head[2]:02x}.")
            sizes = file.read(4 * head[3])
            shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4")) if len(sizes) == 4 * head[3] else ()
            expected = int(np.prod(shape, dtype=object)) if shape else 0
            if not 0 < expected <= MOST_BYTES:
                raise DataError(f"{path}: expected an IDX header of 1 to {MOST_BYTES} values. Found shape {shape}.")
            size = path.stat().st_size
            # A read takes at once the memory that it asks for: no header is believed before the size is seen.
            if LIMITS.is_bomb(expected, size) or (not is_packed and size - file.tell() != expected):
                raise DataError(f"{path}: expected {expected} bytes for shape {shape}. Found a file of {size} bytes.")
            # One byte more than announced is enough to see that there is too much: a bomb is not inflated.
            body = file.read(expected + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}).") from None
    if len(body) != expected:
        found = f"more than {expected}" if len(body) > expected else len(body)
        raise DataError(f"{path}: expected {expected} bytes for shape {shape}. Found {found}.")
    array = np.frombuffer(body, np.uint8).reshape(shape)
    if sha256 and sha256_of(array) != sha256:
        raise DataError(
            f"{path}: expected sha256 {sha256[:12]}… of the decompressed bytes. Found another; fetch it anew."
        )
    if zipped and is_packed and hashlib.sha256(path.read_bytes()).hexdigest() != zipped:
        raise DataError(f"{path}: expected sha256 {zipped[:12]}… of the file. Found another; fetch it anew.")
    return array


def sha256_of(array: np.ndarray) -> str:
    """What the bytes of an IDX file with this array hash to, decompressed.

    Parameters
    ----------
    array : ndarray, uint8
        Of 1 to 4 dimensions.

    Returns
    -------
    str
        In hexadecimal.
    """
    digest = hashlib.sha256(_header(array))
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def begins_as_idx(path: Path) -> bool:
    """Has this file the first bytes of an IDX file of unsigned bytes, gzipped or not?

    Parameters
    ----------
    path : Path
        One that cannot be read has not.
    """
    try:
        with (gzip.open if _begins_with(path, b"\x1f\x8b") else open)(path, "rb") as file:
            return file.read(3) == b"\0\0\x08"
    except (OSError, EOFError, zlib.error):
        return False


def _begins_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _header(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.asarray(array.shape, ">u4").tobytes()


def is_idx(path: Path) -> bool:
    """Is this an IDX file, or a folder with some, by their names?"""
    if path.is_dir():
        return any(is_idx(inside) and "images" in inside.name for inside in path.iterdir() if inside.is_file())
    return NAME.fullmatch(path.name) is not None


def read_idx_dataset(path: Path, request: Request) -> Dataset:
    """Read a dataset from a file of images, or from a folder with those of training and, perhaps, of other splits.

    Labels are in a file of the same name with "labels" and "idx1" where the other has "images" and "idx3".

    Parameters
    ----------
    path : Path
        In a folder, names of files say their split: train, val, held, t10k or test.
    request : Request

    Returns
    -------
    Dataset
        Where there is only one file of images, examples are dealt out by the request's seed and shares.

    Raises
    ------
    DataError
        For files that do not fit each other, with both numbers; for a folder without images of training, or with two
        files of one split; for a file that `read_idx` refuses.
    """
    if path.is_dir():
        images = sorted(file for file in path.iterdir() if is_idx(file) and "images" in file.name)
        known = {file: next((code for word, code in WORDS.items() if word in file.name), None) for file in images}
        found = [(code, file) for file, code in known.items() if code is not None]
        if sorted({code for code, _ in found}) != sorted(code for code, _ in found) or TRAIN not in dict(found):
            names = ", ".join(file.name for file in images) or "none"
            raise DataError(f"{path}: expected IDX images called train-…, and perhaps t10k-… or test-…. Found {names}.")
        splits = [(code, *_with_labels(file)) for code, file in sorted(found)]
    else:
        splits = [(TRAIN, *_with_labels(path))]
    xs, ys = [x for _, x, _ in splits], [y for _, _, y in splits]
    if len({x.shape[1:] for x in xs}) > 1:
        raise DataError(f"{path}: expected images of one size in every split. Found {[x.shape for x in xs]}.")
    if any(y is None for y in ys) and any(y is not None for y in ys):
        raise DataError(f"{path}: expected labels for every split or for none. Found some without.")
    split = np.repeat(np.array([code for code, _, _ in splits], np.uint8), [len(x) for x in xs])
    return as_dataset(
        np.concatenate(xs),
        None if ys[0] is None else np.concatenate([y for y in ys if y is not None]),
        name=path.name,
        split=request.known_split(split, split if len(splits) > 1 else None),
        split_seed=request.split_seed,
        reading=request.reading,
    )


def _with_labels(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Images, and the labels beside them, as many."""
    x = read_idx(path)
    name = path.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    beside = [file for file in (path.with_name(name), path.with_name(f"{name}.gz")) if file != path and file.is_file()]
    if not beside:
        return x, None
    y = read_idx(beside[0])
    if y.shape != x.shape[:1]:
        raise DataError(
            f"{beside[0]}: expected {len(x)} labels, one for each image of {path.name}. Found shape {y.shape}."
        )
    return x, y


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write an array as gzipped IDX, without a time in it, so that the same array gives the same bytes.

    Parameters
    ----------
    path : Path
    array : ndarray, uint8
        Of 1 to 4 dimensions. The dtype is not checked.
    """
    path.write_bytes(gzip.compress(_header(array) + array.tobytes(), compresslevel=9, mtime=0))
