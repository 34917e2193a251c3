"""Memory maps whose file another program may cut short: to read what is gone would end the process (SIGBUS)."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

from ..errors import DataError

__all__ = ["must_be_whole"]


def must_be_whole(array: Any) -> None:
    """Refuse a map of a file that has become shorter since it was opened; all that is no such map is whole.

    A file that was removed, or replaced by another under its name, is still there for who has it open.

    Parameters
    ----------
    array : anything
        A NumPy array that may be, or be a view of, a memory map.

    Raises
    ------
    DataError
        For a file that is not as long as what was mapped of it.
    """
    if not isinstance(array, np.memmap):
        return
    mapped: Any = array
    while mapped is not None and not isinstance(mapped, mmap.mmap):
        mapped = getattr(mapped, "base", None)
    if mapped is None or (found := mapped.size()) >= len(mapped):
        return
    raise DataError(
        f"{array.filename}: expected the {len(mapped)} bytes that it had when it was opened. Found {found}; another"
        " program has cut it short. Put it right, and go on."
    )
