"""IDX, the file format of MNIST: a magic number, the shape, then the bytes; often gzipped."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np

from ..errors import DataError
from .bombs import is_bomb

__all__ = ["read_idx", "write_idx"]

MOST_BYTES = 2**32
"""A header that announces more than this is refused before anything is allocated."""


def read_idx(path: Path, sha256: str | None = None) -> np.ndarray:
    """Read an IDX file of unsigned bytes, gzipped or not.

    Parameters
    ----------
    path : Path
    sha256 : str or None
        What the decompressed bytes must hash to.

    Returns
    -------
    ndarray, uint8, of the shape that the header gives

    Raises
    ------
    DataError
        Wrong magic, type, length or hash; a broken gzip stream.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or not 1 <= head[3] <= 4:
                raise DataError(
                    f"{path}: expected an IDX file (two zero bytes first). Found {head.hex() or 'nothing'}."
                )
            if head[2] != 0x08:
                raise DataError(
                    f"{path}: expected IDX values of type 0x08 (unsigned byte). Found 0x{head[2]:02x}."
                )
            sizes = file.read(4 * head[3])
            shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4")) if len(sizes) == 4 * head[3] else ()
            expected = int(np.prod(shape, dtype=object)) if shape else 0
            if not 0 < expected <= MOST_BYTES:
                raise DataError(
                    f"{path}: expected an IDX header of 1 to {MOST_BYTES} values. Found shape {shape}."
                )
            size = path.stat().st_size
            # A read takes at once the memory that it asks for: no header is believed before the size is seen.
            if is_bomb(expected, size) or (path.suffix != ".gz" and size - file.tell() != expected):
                raise DataError(
                    f"{path}: expected {expected} bytes for shape {shape}. Found a file of {size} bytes."
                )
            # One byte more than announced is enough to see that there is too much: a bomb is not inflated.
            body = file.read(expected + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}).") from None
    if len(body) != expected:
        found = f"more than {expected}" if len(body) > expected else len(body)
        raise DataError(f"{path}: expected {expected} bytes for shape {shape}. Found {found}.")
    if sha256 and hashlib.sha256(head + sizes + body).hexdigest() != sha256:
        raise DataError(
            f"{path}: expected sha256 {sha256[:12]}… of the decompressed bytes. Found another; fetch it anew."
        )
    return np.frombuffer(body, np.uint8).reshape(shape)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write uint8 `array` as gzipped IDX; the same array always gives the same bytes."""
    header = bytes([0, 0, 8, array.ndim]) + np.asarray(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes(), compresslevel=9, mtime=0))
