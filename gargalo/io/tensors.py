"""Arrays in safetensors files: written whole, and read only after all that the header says was looked at."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import RunError
from .files import write_whole
from .received import open_received, parsed

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Header", "Stored", "read_header", "read_tensors", "write_tensors"]

MOST_HEADER, MOST_TENSORS = 2**23, 100_000
"""Bytes of a header, which holds the ids of a run's examples too, and arrays in a file."""
MOST = 2**36
"""Bytes of a file of which nobody knows more."""
DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32",
    "U64": "uint64", "I64": "int64", "F16": "float16", "F32": "float32", "F64": "float64",
}  # fmt: skip
"""Types that NumPy knows, by what the format calls them."""


class Stored(NamedTuple):
    """An array in a file: its type, its shape, and where its bytes begin and end."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


class Header(NamedTuple):
    """What a file says of itself.

    Attributes
    ----------
    arrays : dict of Stored
        By name.
    facts : dict of str
        The words that were kept beside them.
    """

    arrays: dict[str, Stored]
    facts: dict[str, str]


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray], facts: Mapping[str, str]) -> Path:
    """Keep arrays and a few words about them in one safetensors file.

    Parameters
    ----------
    path : Path
    tensors : dict of ndarray
        By name, of any shape.
    facts : dict of str
        The words, by name.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    GargaloError
        Where the file cannot be written.
    """
    import numpy as np
    from safetensors.numpy import save

    return write_whole(path, save({name: np.asarray(a, order="C") for name, a in tensors.items()}, dict(facts)))


def read_header(path: Path, folder: Path | None = None, most: int = MOST) -> Header:
    """What a file says of itself, which is compared with its size; its arrays stay unread.

    Parameters
    ----------
    path, folder, most
        See `read_tensors`.

    Returns
    -------
    Header

    Raises
    ------
    RunError
        See `read_tensors`.
    """
    with _opened(path, folder, most) as (_, header, _):
        return header


def read_tensors(
    path: Path, folder: Path | None = None, most: int = MOST, check: Callable[[Header], None] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """What `write_tensors` kept, or anybody else.

    Parameters
    ----------
    path : Path
    folder : Path or None
        What the file belongs to, see `open_received`; None is the folder that it is in.
    most : int
        Bytes that it has at most.
    check : function or None
        Sees the header before memory is taken for what it announces, and raises RunError to refuse it.

    Returns
    -------
    tensors : dict of ndarray
    facts : dict of str
        Empty where there are none.

    Raises
    ------
    RunError
        For a file that is missing, is no regular file of the folder, is not whole or not such a file, holds a type of
        number that NumPy does not know, or is refused by `check`.
    """
    with _opened(path, folder, most) as (file, header, begin):
        if check is not None:
            check(header)
        return {name: _array(file, begin, stored) for name, stored in header.arrays.items()}, header.facts


@contextlib.contextmanager
def _opened(path: Path, folder: Path | None, most: int) -> Iterator[tuple[BufferedReader, Header, int]]:
    """The file, its header and where its arrays begin; what is wrong with it is said in one line."""
    try:
        with open_received(path, folder or path.parent, most) as (file, size):
            yield file, *_header(file, size)
    except FileNotFoundError:
        raise RunError(f"{path}: expected a safetensors file. The file is missing.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise RunError(f"{path}: expected a safetensors file. It cannot be read ({why}).") from None


def _header(file: BufferedReader, size: int) -> tuple[Header, int]:
    """The header, and where the arrays begin; their bytes must be the rest of the file, without gap or overlap."""
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(MOST_HEADER, size - 8):
        raise ValueError(f"a header of {length} bytes, in a file of {size}")
    content = parsed(file.read(length))
    if not isinstance(content, dict) or len(content) > MOST_TENSORS:
        raise ValueError("no names of arrays in its header")
    facts = content.pop("__metadata__", {})
    if not isinstance(facts, dict) or not all(isinstance(value, str) for value in facts.values()):
        raise ValueError("words about the arrays that are none")
    arrays = {name: _stored(name, entry) for name, entry in content.items()}
    place = 0
    for name, stored in sorted(arrays.items(), key=lambda item: item[1][2:]):
        if stored.start != place:
            raise ValueError(f"{name} elsewhere than where the array before it ends")
        place = stored.end
    if place != size - 8 - length:
        raise ValueError(f"arrays of {place} bytes, in a file with {size - 8 - length} for them")
    return Header(arrays, facts), 8 + length


def _stored(name: str, entry: Any) -> Stored:
    """One entry of a header, if it is one."""
    import numpy as np

    expected = {"dtype", "shape", "data_offsets"}
    if not isinstance(entry, dict) or entry.keys() != expected or not isinstance(entry["dtype"], str):
        raise ValueError(f"an entry {name} that is none")
    shape, ends = entry["shape"], entry["data_offsets"]
    for numbers in (shape, ends):
        if not isinstance(numbers, list) or not all(type(n) is int and 0 <= n < 2**48 for n in numbers):
            raise ValueError(f"an entry {name} that is none")
    if (dtype := DTYPES.get(entry["dtype"])) is None:
        raise ValueError(f"{name} of a type of number that is not known here, {entry['dtype']}")
    if len(shape) > 8 or len(ends) != 2 or ends[1] - ends[0] != math.prod(shape) * np.dtype(dtype).itemsize:
        raise ValueError(f"{name} of another size than its shape says")
    return Stored(dtype, tuple(shape), *ends)


def _array(file: BufferedReader, begin: int, stored: Stored) -> np.ndarray:
    """The array itself, to be changed at will."""
    import numpy as np

    found = np.empty(stored.shape, np.dtype(stored.dtype).newbyteorder("<"))
    file.seek(begin + stored.start)
    # Bytes of a file that is cut short meanwhile.
    if file.readinto(found.reshape(-1).view(np.uint8)) != found.nbytes:  # type: ignore[attr-defined]
        raise ValueError("fewer bytes than a moment ago")
    return found.astype(stored.dtype, copy=False)
