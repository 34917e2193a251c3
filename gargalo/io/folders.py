"""Folders that are one process's own: held, new, numbered, and rid of what a kill left."""

from __future__ import annotations

import contextlib
import glob
import itertools
import json
import os
import platform
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import RunError, did_you_mean, option
from .files import cannot_write, check_writable, write_whole
from .received import parsed, read_received

MOST_NOTE = 2**12
"""Bytes of what says who holds a folder."""

PARTIAL = re.compile(r"\.(?:[0-9a-f]{24}\.partial|site\.partial[0-9a-f]{12}$|partial$|partial-)")
"""What files and folders are called that are being written; what else has "partial" in its name is somebody's own."""
MOST_LOOKED_AT = 10_000
"""Names in a folder that are compared with one that is not there."""

__all__ = [
    "flush_folder",
    "hold",
    "is_leftover",
    "near_path",
    "new_folder",
    "next_numbered",
    "remove",
    "remove_leftovers",
]


def flush_folder(folder: Path) -> None:
    """Flush the names in `folder` to the disk, so that they outlast a power cut.

    On Windows nothing happens: it opens no folders, and keeps names by itself.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    OSError
        For a folder that cannot be opened or flushed.
    """
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def hold(folder: Path, what: str, does: str = "trains", keep: bool = True) -> Iterator[None]:
    """Keep every other process out of `folder`, which is made if need be; the lock of one that died is free.

    Parameters
    ----------
    folder : Path
    what : str
        What is held, for the message.
    does : str
        What a process does that holds it, for the message.
    keep : bool
        Does the lock's file stay? Without it a process that came too late may hold a file that is gone: so it must
        look at what is in the folder before it begins.

    Yields
    ------
    None
        While the folder is held.

    Raises
    ------
    RunError
        When another process holds it: which one, where, since when.
    GargaloError
        Where the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    lock, note = FileLock(folder / ".lock"), folder / ".holder.json"
    for path in (folder / ".lock", note):
        # What came with a folder of somebody else: to lock a link would empty the file that it leads to.
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            raise RunError(f"{path}: expected a regular file. Found a folder, a link or a pipe; remove it.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        holder = "one that does"
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RunError):
            found = parsed(read_received(note, folder, MOST_NOTE))
            holder = f"process {found['pid']} on {found['host']}, since {found['since']}"
        raise RunError(
            f"{what}: expected that no other process {does} here. Found {holder}; wait for it, or stop it."
        ) from None
    except OSError as error:
        raise cannot_write(folder, error) from None
    try:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        write_whole(note, json.dumps({"pid": os.getpid(), "host": platform.node(), "since": since}))
        yield
    finally:
        note.unlink(missing_ok=True)
        if not keep:
            with contextlib.suppress(OSError):  # Windows removes nothing that is open
                (folder / ".lock").unlink()
        lock.release()


def near_path(path: Path) -> str:
    """Suggest what a path that is not there may have meant: the nearest name beside it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        A sentence, or an empty string where nothing is near, or the folder cannot be read.
    """
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        names = [entry.name for entry in itertools.islice(entries, MOST_LOOKED_AT)]
        prefix = "" if path.parent == Path() else f"{path.parent}{os.sep}"
        return did_you_mean(path.name, [name for name in names if not name.startswith(".")], prefix)
    return ""


def must_be_new(folder: Path, expected: str) -> None:
    """Refuse a folder that is there already and holds more than what a kill left half-written.

    Parameters
    ----------
    folder : Path
    expected : str
        What it should be, for the message.

    Raises
    ------
    RunError
        For a file, or a folder that is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(not is_leftover(path) for path in folder.iterdir())):
        found = "one that is not empty" if folder.is_dir() else "a file"
        raise RunError(f"{folder}: expected {expected}. Found {found}; choose another {option('out')}.")


def new_folder(folder: Path, expected: str) -> Path:
    """Make `folder`, which `must_be_new`.

    Parameters
    ----------
    folder : Path
    expected : str
        What it should be, for the message.

    Returns
    -------
    Path
        `folder`.

    Raises
    ------
    RunError
        For a file, or a folder that is not empty.
    GargaloError
        Where it cannot be made.
    """
    must_be_new(folder, expected)
    check_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def is_leftover(path: Path) -> bool:
    """Is `path` what a kill left of a file that was being written, of a lock, or a folder with nothing else in it?"""
    if path.name == "checkpoints" and path.is_dir() and not path.is_symlink():
        return all(is_leftover(inside) for inside in path.iterdir())
    return PARTIAL.match(path.name) is not None or path.name in (".lock", ".holder.json")


def remove_leftovers(folder: Path) -> None:
    """Remove from a run or a site what a kill left of files and folders that were written; what cannot be, stays.

    Somebody else's, or an earlier version's, may be called otherwise, and stand in the way of nothing.

    Parameters
    ----------
    folder : Path
        That no other process writes to; it need not be there.
    """
    for path in [path for path in folder.glob(".*") if PARTIAL.match(path.name) or path.suffix == ".partial"]:
        remove(path)


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder; no link is followed, and what cannot be removed stays.

    Parameters
    ----------
    path : Path
        It need not be there.
    """
    with contextlib.suppress(OSError):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def next_numbered(root: Path, stem: str) -> Path:
    """Make `root/stem-001`, or the first number after the highest that is there: at once it is nobody else's.

    Parameters
    ----------
    root : Path
        Where; it is made if need be.
    stem : str
        What the name begins with.

    Returns
    -------
    Path
        The new folder.

    Raises
    ------
    GargaloError
        Where no folder can be made.
    """
    check_writable(root)
    while True:
        folder = _next_free(root, stem)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder


def _next_free(root: Path, stem: str) -> Path:
    taken: Iterable[Path] = root.glob(f"{glob.escape(stem)}-[0-9][0-9][0-9]*") if root.is_dir() else ()
    numbers = [int(tail) for p in taken if (tail := p.name.removeprefix(f"{stem}-")).isdecimal()]
    return root / f"{stem}-{max(numbers, default=0) + 1:03d}"
