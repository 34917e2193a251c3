"""Fetching a file that the user asked for by name: mirror after mirror, and nothing unverified is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ...errors import DataError, option
from ...io.cache import entry
from ...io.reporter import SILENT, Counter, Reporter

__all__ = ["fetch"]

Content = TypeVar("Content")
TIMEOUT = 30
"""Seconds without an answer after which a mirror is given up."""


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
    """
    import pooch

    pooch.get_logger().setLevel("ERROR")
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
                bar: Any = _Bytes(file, reporter)
                pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT)(url, str(partial), None)
                found = read(partial)
                partial.replace(kept)
                return found
            except DataError as error:
                failed.append(f"{host}: {str(error).removeprefix(f'{partial}: ')}")
            except Exception as error:  # of requests and urllib3, which are pooch's own affair
                failed.append(f"{host}: {_in_short(error)}")
            finally:
                partial.unlink(missing_ok=True)
    raise DataError(
        f"{name}: expected {file} from one of {len(urls)} mirrors. Found none that serves it"
        f" ({'; '.join(failed)}). Put the four files of {name} into a folder and name it by"
        f" {option('data_dir')}; mnist-10k"
        " needs no network."
    )


def _in_short(error: Exception) -> str:
    """The innermost reason, without addresses of objects in memory."""
    while isinstance(inner := error.__cause__ or error.__context__, Exception):
        error = inner
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:80]}"


class _Bytes:
    """What pooch wants of a progress bar."""

    def __init__(self, title: str, reporter: Reporter):
        self.total, self.title, self.reporter = 0, title, reporter
        self.counter: Counter | None = None

    def update(self, n: int) -> None:
        self.counter = self.counter or self.reporter.counter(f"{self.title}, bytes", self.total)
        self.counter.add(n)

    def reset(self) -> None:
        """pooch sets the count back when it is done, to say that all is there."""

    def close(self) -> None:
        if self.counter:
            self.counter.end()
