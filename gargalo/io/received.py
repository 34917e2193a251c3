"""Files that may come from anybody: regular ones, in their own folder, no larger than was expected; and their JSON."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from ..errors import RunError

__all__ = ["open_received", "parsed", "read_received", "remains_inside"]

DEEPEST, LONGEST_NUMBER = 24, 32
"""Lists and objects in each other, and characters of a number: nothing that gargalo writes has nearly as many."""
LARGE, MOST_HOLLOW, BLOCK = 2**26, 1000, 512
"""Bytes from which on a file must not be holes, which take memory and time and were sent as nothing; how many times as
long as what it takes of the disk it may be; and bytes of what a disk counts by."""
# An unfinished string goes on to the end: it must not be looked for again at each quote in it.
NO_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[^\[\]{}"]+', re.DOTALL)


def remains_inside(path: Path, folder: Path) -> bool:
    """Is `path`, with every link in it followed, inside of `folder`, or that folder itself?

    Parameters
    ----------
    path : Path
        It need not be there.
    folder : Path
        May be reached through links.

    Returns
    -------
    bool
    """
    root, real = os.path.realpath(folder), os.path.realpath(path)
    return Path(real).is_relative_to(root)


@contextlib.contextmanager
def open_received(file: Path, folder: Path, most: int) -> Iterator[tuple[BufferedReader, int]]:
    """Open a file of a folder that may come from anybody; a pipe or a device is neither waited for nor read.

    Parameters
    ----------
    file : Path
    folder : Path
        What it belongs to: links may lead from one place in it to another, and not out of it.
    most : int
        Bytes that such a file has at most.

    Yields
    ------
    file : binary file
    size : int
        Its bytes.

    Raises
    ------
    OSError
        For a file that is missing, or cannot be opened.
    RunError
        For what is no regular file, lies elsewhere, or is larger.
    """
    if not remains_inside(file, folder):
        raise RunError(
            f"{file}: expected a file of this folder. Found a link that leads out of it; copy the file here."
        )
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(_opened(file, flags), "rb") as opened:
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _no_file(file)
        if found.st_size > most:
            raise RunError(f"{file}: expected at most {most} bytes. Found {found.st_size}; take it from the run anew.")
        taken = getattr(found, "st_blocks", 0) * BLOCK
        if found.st_size > LARGE and 0 < taken < found.st_size / MOST_HOLLOW:
            raise RunError(f"{file}: expected a file that was written. Found holes, {found.st_size} bytes of them.")
        yield opened, found.st_size


def _opened(file: Path, flags: int) -> int:
    """A descriptor of the file; a folder and a socket, which are not opened as files are, are told as what they are."""
    try:
        handle = os.open(file, flags)
    except OSError:
        with contextlib.suppress(OSError):
            if not stat.S_ISREG(file.stat().st_mode):
                raise _no_file(file) from None
        raise
    if stat.S_ISDIR(os.fstat(handle).st_mode):
        os.close(handle)
        raise _no_file(file)
    return handle


def _no_file(file: Path) -> RunError:
    return RunError(f"{file}: expected a regular file. Found a folder, a pipe or a device; remove it.")


def read_received(file: Path, folder: Path, most: int) -> bytes:
    """Read all of a file of a folder that may come from anybody.

    Parameters
    ----------
    file, folder, most
        See `open_received`.

    Returns
    -------
    bytes

    Raises
    ------
    OSError, RunError
        See `open_received`.
    """
    with open_received(file, folder, most) as (opened, size):
        return opened.read(size)


def parsed(content: bytes | str) -> Any:
    """The value of a JSON text, if it is no deeper and its numbers are no longer than those that gargalo writes.

    Parameters
    ----------
    content : bytes or str
        Bytes are UTF-8.

    Returns
    -------
    None, bool, int, float, str, list or dict

    Raises
    ------
    ValueError
        For anything else; the message is one line.
    """
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
    except UnicodeDecodeError:
        raise ValueError("no text in UTF-8") from None
    # From the inside out, since to count brackets one by one would take seconds.
    brackets = NO_BRACKETS.sub("", text)
    for _ in range(DEEPEST):
        brackets = brackets.replace("[]", "").replace("{}", "")
    if brackets:
        raise ValueError(f"lists that do not end, or more than {DEEPEST} in each other")
    return json.loads(text, parse_int=_whole, parse_float=_real)


def _whole(text: str) -> int:
    _must_be_short(text)
    return int(text)


def _real(text: str) -> float:
    _must_be_short(text)
    return float(text)


def _must_be_short(text: str) -> None:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(text)} characters")
