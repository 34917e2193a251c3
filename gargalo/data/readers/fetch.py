"""Fetching a file that the user asked for by name: mirror after mirror, and nothing unverified is used."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

from ...errors import DataError, option
from ...io.cache import entry
from ...io.files import cannot_write
from ...io.reporter import SILENT, Counter, Reporter

__all__ = ["fetch"]

Content = TypeVar("Content")
TIMEOUT = 30.0
"""Seconds without a byte after which a mirror is given up."""
SLOWEST = 2048
"""Bytes a second that a mirror must have sent on average, once it has had `TIMEOUT` seconds."""
MOST = 2**28
"""Bytes of a file: what a mirror sends without end fills no disk. The largest that is fetched has 12 million."""
AT_ONCE = 2**16
OF_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""What is the fault of the disk, and of no mirror."""


def fetch(urls: Sequence[str], name: str, read: Callable[[Path], Content], reporter: Reporter = SILENT) -> Content:
    """Fetch a file from the first mirror whose file `read` accepts, into the user's cache; from there the next time.

    Parameters
    ----------
    urls : sequence of str
        The same file at each mirror; the last part of the first is its name in the cache.
    name : str
        Of the data set, and of its folder in the cache.
    read : function
        Reads and verifies a file, or raises a `DataError`.
    reporter : Reporter
        Who tells where it is fetched from, and how far that is.

    Returns
    -------
    Content
        What `read` gives for the file.

    Raises
    ------
    DataError
        With what was wrong at every mirror, and how to do it by hand.
    GargaloError
        Where the cache cannot be written.
    """
    file = urls[0].rpartition("/")[2]
    with entry("sets", name) as folder:
        kept = folder / file
        if kept.is_file():
            try:
                return read(kept)
            except DataError:
                kept.unlink()  # what a broken disk or a hand made of it
        failed = []
        for url in urls:
            host = url.split("/")[2]
            reporter.line(reporter.say("progress.fetching", file=file, name=name, host=host))
            partial = folder / f".partial-{file}"
            try:
                _download(url, partial, file, reporter)
                found = read(partial)
                partial.replace(kept)
                return found
            except DataError as error:
                failed.append(f"{host}: {str(error).removeprefix(f'{partial}: ')}")
            except OSError as error:  # as the exceptions of requests are
                if error.errno in OF_DISKS:  # no other mirror has more room
                    raise cannot_write(kept, error) from None
                failed.append(f"{host}: {_in_short(error)}")
            finally:
                partial.unlink(missing_ok=True)
    raise DataError(
        f"{name}: expected {file} from one of {len(urls)} mirrors. Found none that serves it"
        f" ({'; '.join(failed)}). Put the four files of {name} into a folder and name it by"
        f" {option('data_dir')}; mnist-10k"
        " needs no network."
    )


def _download(url: str, to: Path, title: str, reporter: Reporter) -> None:
    """What a mirror sends, as it is stored there; an `OSError` says why it cannot be had."""
    import requests
    from urllib3.exceptions import HTTPError

    plain = {"Accept-Encoding": "identity"}  # the files are packed already, and count as they are
    try:
        with requests.get(url, stream=True, timeout=TIMEOUT, headers=plain) as answer, to.open("wb") as file:
            answer.raise_for_status()
            promised = answer.headers.get("Content-Length", "")
            total = int(promised) if promised.isascii() and promised.isdecimal() else 0
            counter = reporter.counter(f"{title}, bytes", total)
            try:
                _copy(answer.raw.read1, file, counter)
            finally:
                counter.end()
    except (HTTPError, ValueError) as error:  # also of headers that are no such thing
        raise OSError(_in_short(error)) from None


def _copy(read: Callable[[int], bytes], file: BinaryIO, counter: Counter) -> None:
    """All that comes, as long as it comes soon enough and ends."""
    began, got = time.monotonic(), 0
    while part := read(AT_ONCE):
        file.write(part)
        got += len(part)
        counter.add(len(part))
        lasting = time.monotonic() - began
        if got > MOST:
            raise OSError(f"more than {MOST} bytes")
        if lasting > TIMEOUT and got < SLOWEST * lasting:
            raise OSError(f"{got} bytes in {lasting:.0f} seconds")


def _in_short(error: Exception) -> str:
    """The innermost reason, without addresses of objects in memory."""
    while isinstance(inner := error.__cause__ or error.__context__, Exception):
        error = inner
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:80]}"
