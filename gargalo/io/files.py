"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import glob
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GargaloError, RunError, option

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "cannot_write",
    "check_writable",
    "flush_folder",
    "hold",
    "is_leftover",
    "new_folder",
    "next_numbered",
    "read_tensors",
    "write_tensors",
    "write_whole",
]


def write_whole(path: Path, content: bytes | str | Callable[[Path], object]) -> Path:
    """Write `content` to a neighbour of `path`, then rename: readers see the old file or the new, never a part.

    Parameters
    ----------
    path : Path
        The file; its folder is made if need be.
    content : bytes, str or a function that writes the file whose path it is given
        The path given to a function has the same suffix as `path`.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    GargaloError
        Where the file cannot be written; what was there before is untouched.
    """
    # Several processes may write the same file at once; the last one wins, whole.
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(partial)
        else:
            partial.write_bytes(content.encode() if isinstance(content, str) else content)
        # "rb+": Windows flushes only what is open for writing.
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()  # first, so that what is free is free
        raise cannot_write(path, error, None if callable(content) else len(content)) from None
    finally:
        # What could not be made (a name too long, no folder) cannot be removed either.
        with contextlib.suppress(OSError):
            partial.unlink()
    return path


def cannot_write(path: Path, error: OSError, needed: int | None = None) -> GargaloError:
    """The error for a file or folder that cannot be written, in one line with what to do.

    Parameters
    ----------
    path : Path
    error : OSError
        Why it cannot.
    needed : int or None
        Bytes of the file, where that is known: on a full disk they are told beside what is free.

    Returns
    -------
    GargaloError
    """
    hint = {
        errno.EROFS: "The file system is read-only; choose another folder.",
        errno.EACCES: "Choose a folder that you may write to.",
        errno.ENOSPC: "The disk is full; free some space.",
        errno.EDQUOT: "Your share of the disk is full; free some space.",
        errno.EFBIG: "Files here may not be so large; raise the limit (ulimit -f), or choose another disk.",
        errno.EISDIR: "It is a folder; name a file.",
    }.get(error.errno or 0, "Choose another path.")
    if error.errno in (errno.ENOSPC, errno.EDQUOT) and needed is not None:
        place = next(place for place in path.parents if place.exists())
        # Rounded so that what is too little never looks like enough.
        free, needed = shutil.disk_usage(place).free // 10**6, -(-needed // 10**6)
        hint = f"Expected {needed} MB. Found {free} MB free; make room."
    return GargaloError(f"{path}: cannot be written ({error.strerror}). {hint}")


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
def hold(folder: Path, what: str) -> Iterator[None]:
    """Keep every other process out of `folder`, which is made if need be; the lock of one that died is free.

    The lock's file stays, unless the holder removes the folder.

    Parameters
    ----------
    folder : Path
    what : str
        What is held, for the message.

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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        holder = "one that does"
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            found = json.loads(note.read_text(encoding="utf-8"))
            holder = f"process {found['pid']} on {found['host']}, since {found['since']}"
        raise RunError(
            f"{what}: expected that no other process trains here. Found {holder}; wait for it, or stop it."
        ) from None
    except OSError as error:
        raise cannot_write(folder, error) from None
    try:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        write_whole(note, json.dumps({"pid": os.getpid(), "host": platform.node(), "since": since}))
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def check_writable(folder: Path) -> None:
    """Fail now rather than after the work: can files be made in `folder`, or where it would be made?

    Parameters
    ----------
    folder : Path
        Where it is not there yet, the nearest folder above it that is there is tried.

    Raises
    ------
    GargaloError
        Where they cannot.
    """
    place = folder
    try:
        while not place.exists() and place != place.parent:
            place = place.parent
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise cannot_write(folder, error) from None


def new_folder(folder: Path, expected: str) -> Path:
    """Make `folder`, which must not be there yet, or hold nothing but what a kill left half-written.

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
    if folder.exists() and (not folder.is_dir() or any(not is_leftover(path) for path in folder.iterdir())):
        found = "one that is not empty" if folder.is_dir() else "a file"
        raise RunError(f"{folder}: expected {expected}. Found {found}; choose another {option('out')}.")
    check_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def is_leftover(path: Path) -> bool:
    """Is `path` what a kill left of a file that was being written? Its name alone says so."""
    return path.name.startswith(".") and ".partial" in path.name


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


def write_tensors(path: Path, tensors: dict[str, np.ndarray], facts: dict[str, str]) -> Path:
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

    return write_whole(path, save({name: np.asarray(a, order="C") for name, a in tensors.items()}, facts))


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """What `write_tensors` kept.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tensors : dict of ndarray
    facts : dict of str
        Empty where there are none.

    Raises
    ------
    RunError
        For a file that is missing, is not whole, or holds a type of number that NumPy does not know.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise RunError(f"{path}: expected a safetensors file. The file is missing.") from None
    # AttributeError, TypeError: a whole file, of a type of number that NumPy does not know.
    except (SafetensorError, OSError, AttributeError, TypeError) as error:
        raise RunError(f"{path}: expected a safetensors file. It cannot be read ({error}).") from None
