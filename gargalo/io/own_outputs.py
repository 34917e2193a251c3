"""Which files and folders a command wrote for this user, and nobody changed since: these alone may be replaced.

What is remembered lies outside of them, in the user's state: for each place who wrote there, and how long and how old
it was left.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import platformdirs

from ..errors import GargaloError
from .files import write_whole
from .folders import is_leftover

__all__ = ["is_free", "remember_output"]

MOST_FILES = 200_000
"""Files of a folder that are looked at; one of more is nobody's output."""
KEPT = 64
"""States of a place that are remembered; of more, the newer half is kept."""


def is_free(out: Path, command: str) -> bool:
    """May a command write here, without anything being lost?

    Parameters
    ----------
    out : Path
        A file or a folder, or nothing yet.
    command : str
        Which one wants to.

    Returns
    -------
    bool
        True for nothing, an empty folder, and what the same command left as it is.
    """
    if not os.path.lexists(out):
        return True
    with contextlib.suppress(OSError, GargaloError):
        if out.is_dir() and all(is_leftover(path) for path in out.iterdir()):
            return True
        return (_marks(out) / _state(out, command)).is_file()
    return False


def remember_output(out: Path, command: str, still_at: Path | None = None) -> None:
    """Remember that a command wrote a file or a folder; where nothing can be kept, it will be somebody else's.

    Each state has a mark of its own: what was there before stays known, since a kill, or another process that does the
    same, may come between a mark and what it is of.

    Parameters
    ----------
    out : Path
    command : str
    still_at : Path or None
        Where a file is right before it gets its name.
    """
    with contextlib.suppress(OSError, GargaloError):
        marks = _marks(out)
        write_whole(marks / _state(still_at or out, command), b"")
        known = sorted(marks.iterdir(), key=lambda mark: mark.stat().st_mtime_ns)
        for mark in known[: -KEPT // 2] if len(known) > KEPT else ():
            mark.unlink(missing_ok=True)


def _marks(out: Path) -> Path:
    """The folder of what is remembered of a place."""
    place = hashlib.sha256(os.fsencode(os.path.realpath(out))).hexdigest()
    return platformdirs.user_state_path("gargalo") / "written" / place


def _state(out: Path, command: str) -> str:
    """Who wrote it, and what it is like: another content has another time of writing."""
    digest = hashlib.sha256(command.encode())
    out = Path(os.path.realpath(out))  # of a link, what it leads to
    for path in [out, *sorted(_inside(out))] if out.is_dir() else [out]:
        found = path.lstat()
        name = os.fsencode(path.relative_to(out) if path != out else Path())
        size = (0, 0) if stat.S_ISDIR(found.st_mode) else (found.st_size, found.st_mtime_ns)
        digest.update(b"%b\0%d %d %d\0" % (name, found.st_mode, *size))
    return digest.hexdigest()


def _inside(folder: Path) -> Iterator[Path]:
    paths = folder.rglob("*")
    yield from islice(paths, MOST_FILES)
    if next(paths, None) is not None:
        raise OSError(f"more than {MOST_FILES} files")
