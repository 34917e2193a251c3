"""Parquet files -> a data frame.

polars takes as much memory as a page of a file announces; where there is not so much, Rust ends the process, and no
error reaches Python. So files that somebody may have broken are read by a process of their own first.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import DataError
from ...io.decompression import LIMITS
from ...io.tables import polars, unsaid_if_it_fails
from . import trial

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_parquet"]

CELL = 8
"""Bytes of a cell, and of the number of a row: half of what polars takes for a text, and twice what a model does."""
MOST_TRIED = 2**26
"""Bytes of a file that is tried first; to read a larger one twice takes long."""


def read_parquet(path: Path) -> pl.DataFrame:
    """Read the table in a Parquet file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    polars DataFrame
        Nested and binary columns, which teach nothing, are empty.

    Raises
    ------
    DataError
        For what is no such file, or announces more than its bytes can hold; where polars is not installed.
    """
    pl = polars()
    try:
        with unsaid_if_it_fails():
            return _frame(path)
    except DataError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        why = str(error).partition("\n")[0][:120]
        raise DataError(f"{path}: expected a Parquet file. It cannot be read ({why}).") from None


def _frame(path: Path) -> pl.DataFrame:
    pl, size = polars(), path.stat().st_size
    if size <= MOST_TRIED:
        _try(path)
    schema, rows = trial.schema_and_rows(str(path))
    # Constant columns take some bytes, however many rows they have.
    if LIMITS.is_bomb(rows * (len(schema) + 1) * CELL, size):
        raise DataError(
            f"{path}: expected a Parquet file that unpacks to what its {size} bytes can hold. It announces"
            f" {rows:,} rows of {len(schema)} columns. If they are really yours, save them as .csv."
        )
    # Nested ones hold as much as they like in a single row.
    idle = [name for name, kind in schema.items() if kind.is_nested() or kind == pl.Binary]
    flat = [name for name in schema if name not in idle]
    empty = [pl.repeat(None, rows, dtype=schema[name], eager=True).alias(name) for name in idle]
    if not flat:
        return pl.DataFrame(empty)
    if size <= MOST_TRIED:
        _try(path, flat)
    return trial.columns_of(str(path), flat).hstack(empty).select(list(schema))


_LOCK = threading.Lock()
_running: tuple[int, subprocess.Popen[str]] | None = None
"""The process that tries files out, and the one that started it: a fork has none of its own."""


def _end() -> None:
    """End the process that tries files out, if this one started it."""
    global _running
    if _running is not None and _running[0] == os.getpid():
        process = _running[1]
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()
    _running = None


atexit.register(_end)


def _try(path: Path, columns: list[str] | None = None) -> None:
    """Have a file read by a process of its own, and refuse one that this process does not survive."""
    global _running
    with _LOCK:
        if _running is None or _running[0] != os.getpid() or _running[1].poll() is not None:
            _end()
            # -P: the modules beside that file are not the library's.
            command = [sys.executable, "-P", trial.__file__]
            pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
            _running = os.getpid(), subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, text=True)
        process = _running[1]
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps([str(path.absolute()), columns]) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            _end()
            raise DataError(f"{path}: expected a Parquet file. It announces more than any memory holds, or is broken.")
