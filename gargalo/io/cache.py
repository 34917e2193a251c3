"""The user's cache: what was decoded or fetched once. It has a limit, and can always be thrown away."""

from __future__ import annotations

import atexit
import contextlib
import errno
import functools
import os
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from ..errors import DataError, GargaloError, GargaloWarning
from .environment import number_in
from .files import cannot_write

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

__all__ = ["clear_cache", "entry", "entry_or_none", "make_room", "place", "use"]

USED = ".used"
"""The file of an entry that every process which uses it has locked."""

LIMIT = "GARGALO_CACHE_GB"
DEFAULT_GB = 20.0


def place(*parts: str) -> Path:
    """A path in the user's cache; nothing is created in it.

    Where it cannot be written, as in a container whose file system is read-only, a temporary folder takes its place
    for this process, and a warning says so.

    Parameters
    ----------
    *parts : str
        Folders, and perhaps a file, below the cache's root; without any it is the root.

    Returns
    -------
    Path
    """
    root = platformdirs.user_cache_path("gargalo")
    return (root if _may_be_written(root) else _in_its_place(root)).joinpath(*parts)


def _may_be_written(root: Path) -> bool:
    """May this user write there, or make it? What can go wrong otherwise is told by whoever writes."""
    there = next(place for place in (root, *root.parents) if place.exists())
    return there.is_dir() and os.access(there, os.W_OK)


@functools.cache
def _in_its_place(root: Path) -> Path:
    made = Path(tempfile.mkdtemp(prefix="gargalo-cache-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    told = f"{root}: cannot be written. What is decoded or fetched is kept in {made}, as long as this process runs."
    warnings.warn(told, GargaloWarning, stacklevel=3)
    return made


@contextlib.contextmanager
def entry(kind: str, key: str) -> Iterator[Path]:
    """Hold the folder of one entry for this process alone; another process that makes the same is waited for.

    Parameters
    ----------
    kind : str
        The kind of entry, a folder of the cache.
    key : str
        What tells the entry from others of its kind.

    Yields
    ------
    Path
        The folder, which is there, and empty (but for its lock) if the entry is new.

    Raises
    ------
    GargaloError
        Where it cannot be made.
    """
    folder = place(kind, key)
    lock = FileLock(folder / ".lock")
    try:
        if folder.is_symlink() or folder.is_file():  # nothing that gargalo made
            folder.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise cannot_write(folder, error) from None
    try:
        yield folder
    finally:
        lock.release()


def use(folder: Path, holder: object) -> None:
    """Keep an entry from being cleared while something that is read from its files is there.

    Windows removes nothing that is mapped; elsewhere every process that uses the entry holds a lock on it together.

    Parameters
    ----------
    folder : Path
    holder : object
        As long as it lives the entry is in use; anything that can have weak references.
    """
    if fcntl is None:
        return
    with contextlib.suppress(OSError):  # a file system without locks
        file = (folder / USED).open("ab")
        weakref.finalize(holder, file.close)
        fcntl.flock(file, fcntl.LOCK_SH)


def _is_used(folder: Path) -> bool:
    """Does some process use the entry? What nobody can know does not count."""
    if fcntl is None or not (folder / USED).is_file():
        return False
    with contextlib.suppress(OSError), (folder / USED).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextlib.contextmanager
def entry_or_none(kind: str, key: str) -> Iterator[Path | None]:
    """Hold an entry as `entry` does, for what can be done without: nothing is held in a cache that cannot be written.

    Parameters
    ----------
    kind, key : str
        See `entry`.

    Yields
    ------
    Path or None
        The folder; None where nothing can be kept.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(entry(kind, key))
        except GargaloError:
            folder = None
        yield folder


def make_room(needed: int, keep: Path, what: str, hint: str = "") -> None:
    """Throw away entries of any kind, those whose folder was changed longest ago first, until `needed` bytes fit.

    The limit is 20 GB, or `GARGALO_CACHE_GB`. An entry that a process makes or uses stays.

    Parameters
    ----------
    needed : int
        Bytes of the entry that is about to be made.
    keep : Path
        The folder of that entry.
    what : str
        What it is, for the message.
    hint : str
        What makes it smaller, for the message.

    Raises
    ------
    DataError
        For more than the limit, or than the disk has.
    GargaloError
        For a limit that is no number.
    """
    limit = number_in(LIMIT, DEFAULT_GB) * 1e9
    if needed > limit:
        raise DataError(
            f"{place()}: expected to keep at most {limit / 1e9:g} GB. Found {needed / 1e9:.3g} GB of {what};"
            f" {hint + ', or ' if hint else ''}set {LIMIT}."
        )
    entries = [folder for folder in place().glob("*/*") if (folder / ".lock").is_file() and folder != keep]
    entries.sort(key=lambda folder: folder.stat().st_mtime_ns)
    sizes = {folder: _size(folder) for folder in entries}
    total = sum(sizes.values())
    for folder in entries:
        if total + needed <= limit:
            break
        _remove(folder)
        total -= sizes[folder] - _size(folder)
    free = shutil.disk_usage(keep).free
    if needed > free:
        raise DataError(
            f"{keep}: expected {needed // 10**6} MB for the {what}. Found {free // 10**6} MB free;"
            f" make room{', or ' + hint if hint else ''}."
        )


def clear_cache() -> tuple[Path, int]:
    """Throw everything away that no process is using.

    Returns
    -------
    Path
        The cache.
    int
        How many bytes that freed.

    Raises
    ------
    GargaloError
        For one that cannot be written.
    """
    root = platformdirs.user_cache_path("gargalo")
    before = _size(root)
    if before and not _may_be_written(root):
        raise cannot_write(root, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    for kind in [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []:
        for folder in list(kind.iterdir()):
            # Of a kind that somebody moved elsewhere, behind a link, only what the cache made.
            if not kind.is_symlink() or (folder / ".lock").is_file():
                _remove(folder)
    return root, before - _size(root)


def _remove(path: Path) -> None:
    """Empty an entry, unless a process is making it. Its lock stays: another process may be waiting for it."""
    # Windows removes nothing that is mapped.
    with contextlib.suppress(Timeout, PermissionError):
        if path.is_symlink() or not path.is_dir():  # no link is followed
            path.unlink(missing_ok=True)
            return
        with FileLock(path / ".lock", timeout=0):
            for inside in [] if _is_used(path) else list(path.iterdir()):
                if inside.name not in (".lock", USED):
                    is_folder = inside.is_dir() and not inside.is_symlink()
                    shutil.rmtree(inside) if is_folder else inside.unlink(missing_ok=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
