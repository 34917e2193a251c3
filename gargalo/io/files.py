"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import contextvars
import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import GargaloError

ONE_PAGE = 4096
"""Bytes, of which a disk that has fewer is full."""
ONE_BLOCK = 512
"""Bytes, of which no file system has smaller blocks."""
LONGEST_SUFFIX = 16
"""Characters of a suffix by which a writer may know the format."""

Content = bytes | str | Callable[[Path], object]
before_rename: contextvars.ContextVar[Callable[[Path, Path], None] | None] = contextvars.ContextVar(
    "before_rename", default=None
)
"""Told of each file right before it gets its name: where it will be, and where it is still, whole."""

__all__ = [
    "allocate",
    "as_os_error",
    "before_rename",
    "cannot_write",
    "check_writable",
    "write_new",
    "write_together",
    "write_whole",
]


def write_whole(path: Path, content: Content) -> Path:
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
    write_together({path: content})
    return path


def write_together(contents: Mapping[Path, Content]) -> None:
    """Write several files, all of them beside their places, and then rename them: a full disk leaves the old ones.

    Parameters
    ----------
    contents : dict
        What `write_whole` takes, by path.

    Raises
    ------
    GargaloError
        Where one of them cannot be written; what was there before is untouched.
    """
    partials: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            partials[path] = path.with_name(_partial_name(path.suffix))
            _write(path, partials[path], content)
        for path, partial in partials.items():
            if (told := before_rename.get()) is not None:
                told(path, partial)
            try:
                partial.replace(path)
            except OSError as error:
                raise cannot_write(path, error) from None
    finally:
        # What could not be made (a name too long, no folder) cannot be removed either.
        for partial in partials.values():
            with contextlib.suppress(OSError):
                partial.unlink()


def write_new(path: Path, content: bytes | str) -> bool:
    """Write a file that is not there yet, whole, whoever else tries the same at once: one of them does.

    Parameters
    ----------
    path : Path
        The file; its folder is made if need be.
    content : bytes or str

    Returns
    -------
    bool
        False where it is there already, and stays as it is.

    Raises
    ------
    GargaloError
        Where the file cannot be written.
    """
    partial = path.with_name(_partial_name(path.suffix))
    try:
        _write(path, partial, content)
        try:
            os.link(partial, path)  # whoever comes second is refused, which a rename would not be
        except FileExistsError:
            return False
        except OSError:  # a file system without links: what is made and not yet written is empty for a moment
            with contextlib.suppress(FileExistsError), path.open("xb"):
                partial.replace(path)
                return True
            return False
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return True


def _write(path: Path, partial: Path, content: Content) -> None:
    """Write what is to be at `path` to its neighbour, and flush it to the disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _must_be_replaceable(path)
        with partial.open("xb"):  # nobody else's, however many write here
            pass
        if callable(content):
            content(partial)
        else:
            partial.write_bytes(content.encode() if isinstance(content, str) else content)
        # "rb+": Windows flushes only what is open for writing.
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
    except Exception as error:
        if (found := as_os_error(error, partial)) is None:
            raise
        # Of what a function writes, no more is known than how far it came.
        needed = len(content) if not callable(content) else partial.stat().st_size if partial.exists() else None
        with contextlib.suppress(OSError):
            partial.unlink()  # first, so that what is free is free
        raise cannot_write(path, found, needed) from None


def _partial_name(suffix: str) -> str:
    """A name that no other writer has, in this process, in another one or on another machine that shares the folder."""
    return f".{secrets.token_hex(12)}.partial{suffix if len(suffix) <= LONGEST_SUFFIX else ''}"


def _must_be_replaceable(path: Path) -> None:
    """Refuse a file that was made read-only, which a rename would replace all the same."""
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and not found.st_mode & 0o222:
            raise PermissionError(errno.EACCES, "it is read-only")


def allocate(path: Path) -> None:
    """Take the room on the disk that a file says it has, so that to write to its memory map cannot fail.

    A map of a file with holes ends the process (SIGBUS) where the disk is full.

    Parameters
    ----------
    path : Path
        Its length stays, and so does what is in it but for holes.

    Raises
    ------
    OSError
        Where there is not so much room.
    """
    with path.open("rb+") as file:
        size = os.fstat(file.fileno()).st_size
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(file.fileno(), 0, size)
                return
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                    raise
        # Windows and macOS, and file systems that cannot: each block is written as it is.
        for start in range(0, size, ONE_BLOCK):
            file.seek(start)
            byte = file.read(1)
            file.seek(start)
            file.write(byte)
        file.flush()
        os.fsync(file.fileno())


def as_os_error(error: Exception, place: Path) -> OSError | None:
    """What stopped whoever wrote: libraries tell it in words, or only that fewer bytes were written than asked for.

    Parameters
    ----------
    error : Exception
    place : Path
        The file or folder that was being written, as far as it came.

    Returns
    -------
    OSError or None
        With its number, as far as that can be found; None for what has nothing to do with files.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error
    told = re.search(r"os error (\d+)|\[Errno (\d+)\]", str(error))
    if told is None and not isinstance(error, OSError):
        return None
    number = int(told[1] or told[2]) if told else errno.EIO
    near = next(one for one in (place, *place.parents) if one.exists())
    if told is None and shutil.disk_usage(near).free < ONE_PAGE:
        number = errno.ENOSPC
    elif told is None and _is_longest(place):
        number = errno.EFBIG
    return OSError(number, os.strerror(number))


def _is_longest(file: Path) -> bool:
    """Is a file as long as this process may make one?"""
    try:
        import resource
    except ImportError:  # Windows
        return False
    return file.is_file() and file.stat().st_size == resource.getrlimit(resource.RLIMIT_FSIZE)[0]


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
