"""Tables going out, as `.csv` or `.parquet`; and the library that reads them coming in."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from .files import write_whole

__all__ = ["PLAIN", "SUFFIXES", "Dialect", "plain_text", "polars", "unsaid_if_it_fails", "write_table"]

SUFFIXES = (".csv", ".parquet")
NUMBER = re.compile(r"[-+]?[\d.,]+(e[-+]?\d+)?", re.IGNORECASE)


def polars() -> Any:
    """polars, imported when the first table comes.

    Raises
    ------
    DataError
        Where it is not installed.
    """
    try:
        import polars
    except ImportError:
        raise DataError(
            "tables: expected polars, which reads and writes CSV and Parquet. It is not installed;"
            " pip install 'gargalo[tables]'."
        ) from None
    return polars


_SCREEN = threading.Lock()


@contextlib.contextmanager
def unsaid_if_it_fails() -> Iterator[None]:
    """Hold back what is written to stderr in the block, and drop it where the block fails.

    A reader in Rust that meets what it never expected prints where it was, many lines, before Python is told.
    """
    # One at a time: of two, one would give back what the other put in the screen's place.
    with _SCREEN, contextlib.ExitStack() as stack:
        try:
            held = stack.enter_context(tempfile.TemporaryFile())
            screen = os.dup(2)
        except OSError:  # nothing can be written, or the screen is closed
            yield
            return
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(screen, 2)
            os.close(screen)
        held.seek(0)
        with contextlib.suppress(OSError):
            os.write(2, held.read())


class Dialect(NamedTuple):
    """How a CSV file is written: what is between cells, the decimal mark, and the encoding."""

    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"


PLAIN = Dialect()


def write_table(out: Path, columns: Mapping[str, Any], dialect: Dialect = PLAIN) -> Path:
    """Write columns of equal length as a table; texts of a `.csv` so that no spreadsheet runs them.

    Parameters
    ----------
    out : Path
        `.parquet`; any other suffix is written as CSV, with nothing for NaN: numbers of 32 bits, or fewer, with the
        fewest digits that are read back as the same number, those of 64 bits with 9 significant digits.
    columns : dict of array-like, (n,)
        By name.
    dialect : Dialect
        Of a CSV file. What its encoding lacks, or an encoding that is none, makes it UTF-8; what cannot stand between
        cells, a comma.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    DataError
        For `.parquet` without polars.
    GargaloError
        Where the file cannot be written.
    """
    if out.suffix == ".parquet":
        frame = polars().DataFrame(
            {name: np.asarray(v).tolist() if np.asarray(v).dtype == object else v for name, v in columns.items()}
        )
        return write_whole(out, lambda file: frame.write_parquet(file))
    text = io.StringIO()
    try:
        table = csv.writer(text, lineterminator="\n", delimiter=dialect.separator)
    except (TypeError, ValueError):  # a run of somebody else may ask for anything
        table = csv.writer(text, lineterminator="\n")
    table.writerow(map(plain_text, columns))
    cells = []
    for values in columns.values():
        values = np.asarray(values)
        if values.dtype.kind == "f":
            numbers = ("" if value != value else _shortest(value) for value in values)
            cells.append([number.replace(".", dialect.decimal) for number in numbers])
        else:
            cells.append([plain_text(str(value)) for value in values.tolist()])
    table.writerows(zip(*cells, strict=True))
    try:
        content = text.getvalue().encode(dialect.encoding)
    except (LookupError, ValueError):
        content = text.getvalue().encode()
    return write_whole(out, content)


def _shortest(value: np.floating[Any]) -> str:
    """A number as a cell: 44.6 in 32 bits is 44.6, not the 44.5999985 that 64 bits make of it."""
    if value.dtype.itemsize > 4:
        return f"{value:.9g}"
    # Whole numbers without ".0", and without an exponent as far as people read them at a glance.
    return (
        np.format_float_positional(value, trim="-") if 1e-4 <= abs(float(value)) < 1e9 else f"{float(str(value)):.9g}"
    )


def plain_text(cell: str) -> str:
    """Write a cell so that no spreadsheet runs it as a formula (CSV injection); numbers stay as they are.

    Parameters
    ----------
    cell : str

    Returns
    -------
    str
        After an apostrophe, where it begins with =, +, -, @, a tab or a carriage return and is no number.
    """
    return "'" + cell if cell[:1] in tuple("=+-@\t\r") and not NUMBER.fullmatch(cell) else cell
