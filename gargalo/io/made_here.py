"""Which files this user's own gargalo wrote on this machine, remembered outside of them, in the user's state.

A run folder may come from anybody, and names the places of its data. Whoever sends one could name a stranger's private
pictures there, to have them read and published. So places are followed only where the file that names them is known.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import platformdirs

from ..errors import GargaloError
from .files import write_whole
from .received import read_received

MOST = 2**24
"""Bytes of a file that is remembered."""

__all__ = ["is_made_here", "remember"]


def remember(file: Path) -> None:
    """Remember that a file was written here; where nothing can be kept, it will be somebody else's.

    Parameters
    ----------
    file : Path
        As it is, where it is: with another content, or copied elsewhere, it is another.
    """
    with contextlib.suppress(OSError, GargaloError):
        found = file.stat()
        write_whole(_mark(file), f"{found.st_dev} {found.st_ino}")


def is_made_here(file: Path) -> bool:
    """Was a file with this content written here, and is it in its place, or moved from there with its folder?

    Parameters
    ----------
    file : Path

    Returns
    -------
    bool
    """
    with contextlib.suppress(OSError, GargaloError):
        mark = _mark(file)
        if mark.is_file():
            return True
        found = file.stat()
        # A folder that was renamed keeps its files as they are: a copy has files of its own.
        moved = f"{found.st_dev} {found.st_ino}"
        content = mark.name.partition("-")[0]
        return any(other.read_text(encoding="utf-8") == moved for other in mark.parent.glob(f"{content}-*"))
    return False


def _mark(file: Path) -> Path:
    """What stands for a file with this content in this place."""
    content = hashlib.sha256(read_received(file, file.parent, MOST)).hexdigest()
    place = hashlib.sha256(os.fsencode(os.path.realpath(file))).hexdigest()[:32]
    return platformdirs.user_state_path("gargalo") / "made" / f"{content}-{place}"
