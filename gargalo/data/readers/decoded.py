"""What the user's cache keeps of a folder of pictures: pixels, what was done of them, and what an interruption left.

All of it may be damaged, or somebody else's: what is not as it was written is thrown away, and made anew.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...io.cache import use
from ...io.files import allocate, cannot_write, write_whole

__all__ = ["TYPES", "Answer", "Decoded", "answers_of", "close_gaps", "kept_pixels"]

TYPES = {"8": np.dtype(np.uint8), "16": np.dtype(np.uint16), "float": np.dtype(np.float32)}
"""Of the numbers of pictures, by their depth."""

Answer = dict[str, Any]
"""What was done of one range of files; see `images.decode_range`."""


class Decoded(NamedTuple):
    """The pixels of the files that could be read.

    Attributes
    ----------
    pixels : ndarray or memory map, (n, h, w), (n, h, w, 3) or (n, pages, h, w)
        uint8, or uint16 or float32 as the files have them.
    kept : ndarray, (n,)
        Which of all files these are.
    did : dict
        How often what was done, by the key of its note.
    skipped : tuple of (str, str)
        The files that could not be read, and why.
    """

    pixels: np.ndarray
    kept: np.ndarray
    did: dict[str, int]
    skipped: tuple[tuple[str, str], ...]


def kept_pixels(folder: Path, files: Sequence[str]) -> Decoded | None:
    """Find what is kept, if it is whole.

    Parameters
    ----------
    folder : Path
        The entry of the cache.
    files : sequence of n str

    Returns
    -------
    Decoded or None
        The entry is in use as long as its pixels are there. None where nothing is kept, or it was damaged: then it is
        gone.
    """
    index, file = folder / "index.json", folder / "pixels.npy"
    if not index.is_file():
        return None
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        skipped = tuple((str(files[i]), str(why)) for i, why in content["skipped"])
        kept = np.setdiff1d(np.arange(len(files)), [i for i, _ in content["skipped"]])
        pixels = np.load(file, mmap_mode="r", allow_pickle=False)
        if pixels.dtype not in TYPES.values() or len(pixels) != (len(kept) or len(files)):
            raise ValueError("of another length")
        use(folder, pixels.base)
        return Decoded(pixels, kept, {str(key): int(n) for key, n in dict(content["did"]).items()}, skipped)
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        for path in (index, file, folder / "done.jsonl"):
            path.unlink(missing_ok=True)
        return None


def answers_of(log: Path, pixels: Path, dtype: np.dtype, shape: tuple[int, ...]) -> list[Answer]:
    """Find what an interrupted decoding had done; else begin with an empty array.

    Parameters
    ----------
    log, pixels : Path
    dtype : dtype
    shape : (n, h, w), (n, h, w, 3) or (n, pages, h, w)

    Returns
    -------
    list of Answer

    Raises
    ------
    GargaloError
        Where the disk has no room for the array.
    """
    if log.is_file() and pixels.is_file():
        lines = log.read_text(encoding="utf-8").splitlines()
        answers = []
        for line in lines:
            with contextlib.suppress(ValueError, RecursionError):  # a kill may leave half a line
                answers += [answer for answer in [json.loads(line)] if _is_answer(answer, shape[0])]
        return answers
    log.unlink(missing_ok=True)
    try:
        np.lib.format.open_memmap(pixels, "w+", dtype, shape).flush()
        allocate(pixels)
    except OSError as error:
        with contextlib.suppress(OSError):
            pixels.unlink()  # what it took already
        raise cannot_write(pixels, error, math.prod(shape) * dtype.itemsize) from None
    return []


def _is_answer(answer: Any, n: int) -> bool:
    """Is this what was done of one range of n files?"""
    if not isinstance(answer, dict) or not answer.keys() >= {"start", "stop", "did", "skipped"}:
        return False
    start, stop, skipped = answer["start"], answer["stop"], answer["skipped"]
    is_range = isinstance(start, int) and isinstance(stop, int) and 0 <= start < stop <= n
    return (
        is_range
        and isinstance(answer["did"], dict)
        and isinstance(skipped, list)
        and all(isinstance(one, list) and len(one) == 2 and one[0] in range(start, stop) for one in skipped)
    )


def close_gaps(path: Path, kept: np.ndarray) -> None:
    """Leave out the rows of files that could not be read.

    Parameters
    ----------
    path : Path
        Of the array.
    kept : ndarray, (m,), int
        The rows that stay; none leaves all.

    Raises
    ------
    GargaloError
        Where the disk has no room for the new array.
    """
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if len(kept) == len(array) or not len(kept):
        return

    def rewrite(partial: Path) -> None:
        new = np.lib.format.open_memmap(partial, "w+", array.dtype, (len(kept), *array.shape[1:]))
        allocate(partial)
        for start in range(0, len(kept), 4096):
            new[start : start + 4096] = array[kept[start : start + 4096]]
        new.flush()

    write_whole(path, rewrite)
