"""CSV and Parquet files -> a data frame, with the line that is wrong where one is."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError, option
from ...io.tables import polars
from ..reading import Reading
from .encodings import not_decoded, text_encoding
from .parquet import read_parquet

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CSV", "dialect_of", "read_frame"]

CSV = (".csv", ".tsv", ".txt")

MISSING = (
    *("", "NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None"),
    *("1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "?"),
)
"""What stands for nothing in a CSV file: what pandas takes for it, and a question mark."""
PLAIN_NUMBER = r"^-?(0|[1-9]\d*)(\.\d+)?$"
"""A number that is written as it would be again: without leading zeros, signs that say nothing, and exponents."""
BLANK_NUMBER = r"^\s*-?(0|[1-9]\d*)(\.\d+)?\s*$"
CODE = r"^\s*0\d+\s*$"
"""Digits that begin with a zero, such as 01067: a code, whose zero a number would lose."""
LINES_OF_TITLE = 20
"""Lines among which the names of the columns are looked for, where they are not in the first."""
MOST_COLUMNS, SOME_COLUMNS, BYTES_OF_A_COLUMN = 100_000, 20_000, 100
"""Columns of a table; of more, each of which is looked at, nobody waits for the end. Beyond `SOME_COLUMNS`, each has so
many bytes of the file on average: else there are hardly rows to learn from."""
LOOKED_AT = 10_000
"""Rows that say what a column is."""


def read_frame(
    path: Path, reading: Reading, categories: Collection[str] = (), numbers: Collection[str] = ()
) -> pl.DataFrame:
    """Read the table in a file.

    Ids, labels, groups, splits and categories are read as the texts they are: 00007 is not 7, and 1e1 is not 10.
    So are columns of whole numbers of which one begins with a zero. Labels and groups that are numbers, plainly
    written, are those numbers, and sorted as such.

    Parameters
    ----------
    path : Path
        `.parquet`; a file of any other suffix is read as CSV.
    reading : Reading
        `separator`, `encoding` and `decimal_comma` of a CSV file; which columns are `id`, `label`, `group`, `split`.
    categories : collection of str
        Columns that are names, whatever they look like.
    numbers : collection of str
        Columns that are numbers, also where zeros come first.

    Returns
    -------
    polars DataFrame
        Of at least one row.

    Raises
    ------
    DataError
        With the line and the option to set, where the file is not what it should be; where polars is not installed.
    """
    try:
        frame = read_parquet(path) if path.suffix == ".parquet" else _csv(path, reading, categories, numbers)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from None
    if not len(frame):
        raise DataError(f"{path}: expected rows. Found none.")
    return frame


def _csv(path: Path, reading: Reading, categories: Collection[str], numbers: Collection[str]) -> pl.DataFrame:
    pl = polars()
    head, separator = _first_line(path, reading)
    names, as_read = _names(path, head, separator, reading)
    texts = {reading.id, reading.label, reading.group, reading.split, *categories}
    options: dict[str, Any] = {
        "schema_overrides": {as_read[name]: pl.String for name in names if name in texts},
        "separator": separator,
        "null_values": list(MISSING),
        "decimal_comma": reading.decimal_comma,
        "skip_lines": reading.skip,
        "raise_if_empty": False,
        "glob": False,  # [1] and * are part of a name
        "encoding": "utf8" if text_encoding(reading.encoding) == "utf-8-sig" else reading.encoding,
    }
    try:
        frame = _inferred(path, options)
        own = {as_read[name] for name in (*numbers, reading.time) if name in as_read}
        whole = [name for name in frame.columns if frame[name].dtype.is_integer() and name not in own]
        # Booleans are names, and True is not written as true.
        booleans = [name for name in frame.columns if frame[name].dtype == pl.Boolean]
        if as_written := booleans + _codes(path, options, whole):
            options["schema_overrides"] = dict.fromkeys(as_written, pl.String)
            frame = frame.with_columns(_inferred(path, options | {"columns": as_written}))
        frame = frame.rename({old: name for name, old in as_read.items()}, strict=False)
    except (Exception, pl.exceptions.PanicException) as error:
        if isinstance(error, UnicodeDecodeError) or "utf-8" in str(error).lower() or "utf8" in str(error).lower():
            raise not_decoded(path, reading.encoding, error) from None
        _must_be_even(path, separator, len(names), reading)
        why = str(error).partition("\n")[0][:120]
        raise DataError(f"{path}: expected a CSV file. It cannot be read ({why}).") from None
    # 1, 2 with a blank after each comma are numbers.
    blanks = [] if reading.decimal_comma else _with_blanks(frame)
    frame = frame.with_columns(_numbers(frame[c].str.strip_chars()) for c in blanks if c not in texts)
    # polars fills up a line that is too short: only then is the last column empty there.
    if frame.width and frame[:, -1].null_count():
        _must_be_even(path, separator, len(names), reading)
    return frame.with_columns(_numbers(frame[c]) for c in frame.columns if c in (reading.label, reading.group))


def _first_line(path: Path, reading: Reading) -> tuple[str, str]:
    """The line with the names of the columns, and what stands between them."""
    try:
        with path.open(encoding=text_encoding(reading.encoding), newline="") as file:
            for _ in range(reading.skip):
                file.readline()
            lines = [file.readline()]
            marks = lines[0].count('"')
            while marks % 2 and (more := file.readline()):  # a name with a line break in it
                lines.append(more)
                marks += more.count('"')
            head = "".join(lines)
    except (LookupError, ValueError) as error:
        raise not_decoded(path, reading.encoding, error) from None
    if not head.strip():
        _must_be_no_title(path, reading)
        raise DataError(f"{path}: expected a first line with the names of the columns. Found an empty one.")
    # What stands within quotes parts nothing.
    outside = re.sub(r'"[^"]*"', "", head)
    separator = reading.separator or max(",;\t|", key=outside.count)
    width = outside.count(separator) + 1
    most = min(MOST_COLUMNS, max(SOME_COLUMNS, path.stat().st_size // BYTES_OF_A_COLUMN))
    if width > most:
        raise DataError(
            f"{path}: expected at most {most:,} columns in a table of this size. Found {width:,}; each row is an"
            " example: turn the table, if examples are its columns, or save the numbers as .npy."
        )
    return head, separator


def _names(path: Path, head: str, separator: str, reading: Reading) -> tuple[list[str], dict[str, str]]:
    """The names of the columns, and what polars calls each; one without a name gets the number that it is."""
    try:
        names = next(csv.reader(io.StringIO(head, newline=""), delimiter=separator))
    except csv.Error as error:
        raise DataError(f"{path}: expected the names of the columns in line 1. It cannot be read ({error}).") from None
    if all(re.fullmatch(r"\s*[-+]?[\d.]+(e[-+]?\d+)?\s*", name, re.IGNORECASE) for name in names):
        raise DataError(f"{path}: expected the names of the columns in line 1. Found numbers: {head.strip()[:60]}.")
    if len(names) == 1 or 2 * names.count("") >= len(names):
        _must_be_no_title(path, reading)
    own: dict[str, str] = {}
    seen, taken, next_free = Counter[str](), {*names}, dict[str, Iterator[str]]()
    for place, name in enumerate(names):
        called = f"{name}_duplicated_{seen[name] - 1}" if name in seen else name
        # A name that is there twice gets a number, and so does one that would be another's.
        free = name
        if not name or name in seen:
            one = name or f"unnamed {place + 1}"
            others = next_free.setdefault(one, _numbered(one))
            free = one if one not in taken else next(other for other in others if other not in taken)
        seen[name] += 1
        taken.add(free)
        own[free] = called
    return [*own], own


def _numbered(name: str) -> Iterator[str]:
    """A name with the numbers from 2 on."""
    return (f"{name} {number}" for number in count(2))


def _must_be_no_title(path: Path, reading: Reading) -> None:
    """Refuse a file in which the names of the columns stand below a title."""
    with path.open(encoding=text_encoding(reading.encoding), newline="", errors="replace") as file:
        lines = list(islice(file, reading.skip, reading.skip + LINES_OF_TITLE))
    text = "".join(lines)
    marks = {mark: re.sub(r'"[^"]*"', "", text).count(mark) for mark in ",;\t|"}
    separator = reading.separator or max(marks, key=lambda mark: marks[mark])
    rows = []
    with contextlib.suppress(csv.Error):
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    widths = Counter(len(row) for row in rows if row)
    width = widths.most_common(1)[0][0] if widths else 0
    for place, row in enumerate(rows if width > 1 else ()):
        are_names = not any(re.fullmatch(r"\s*|\s*[-+]?[\d.,]+\s*", cell) for cell in row)
        if len(row) == width and are_names:
            if place:
                line = reading.skip + place + 1
                raise DataError(
                    f"{path}: expected the names of the columns in line {reading.skip + 1}. Found them in line {line};"
                    f" {option('skip', line - 1)} begins there.",
                    skip=line - 1,
                )
            return


def _inferred(path: Path, options: dict[str, Any]) -> pl.DataFrame:
    """The table as polars reads it, which finds what each column is."""
    pl = polars()
    try:
        return pl.read_csv(path, infer_schema_length=LOOKED_AT, **options)
    except pl.exceptions.ComputeError:
        # The first rows did not say what is in the others.
        return pl.read_csv(path, infer_schema_length=None, **options)


def _codes(path: Path, options: dict[str, Any], whole: list[str]) -> list[str]:
    """Which columns of whole numbers are codes: one of them begins with a zero."""
    if not whole:
        return []
    texts = dict.fromkeys(whole, polars().String)
    pl = polars()
    few = pl.read_csv(path, n_rows=LOOKED_AT, **options | {"columns": whole, "schema_overrides": texts})
    found = few.select(pl.all().str.contains(CODE).any())  # all at once: they may be tens of thousands
    return [name for name, is_code in zip(found.columns, found.row(0), strict=True) if is_code]


def _with_blanks(frame: pl.DataFrame) -> list[str]:
    """The columns of texts that are all plain numbers, with blanks around them."""
    pl = polars()
    return [
        column.name
        for column in frame.get_columns()
        if column.dtype == pl.String and column.drop_nulls().str.contains(BLANK_NUMBER).all()
    ]


def _numbers(texts: pl.Series) -> pl.Series:
    """Texts as the numbers they are, where all of them are plainly written."""
    pl = polars()
    if not texts.str.contains(PLAIN_NUMBER).all():
        return texts
    kind = pl.Float64 if texts.str.contains(".", literal=True).any() else pl.Int64
    numbers = texts.cast(kind, strict=False)
    return texts if numbers.null_count() > texts.null_count() else numbers


def dialect_of(path: Path, reading: Reading) -> dict[str, Any]:
    """Tell how a CSV file is written, so that others are written like it.

    Parameters
    ----------
    path : Path
        Of a file that can be read.
    reading : Reading

    Returns
    -------
    dict
        The `separator` and `begins_with_mark` of `gargalo.data.spec.Origin`.
    """
    with path.open("rb") as file:
        has_mark = file.read(3) == codecs.BOM_UTF8
    return {"separator": _first_line(path, reading)[1], "begins_with_mark": has_mark}


@contextlib.contextmanager
def _cells_of_any_length() -> Iterator[None]:
    """Python's reader takes cells of 128 KB, and polars any."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _must_be_even(path: Path, separator: str, width: int, reading: Reading) -> None:
    """Refuse the first line that has not as many cells as line 1 has names."""
    _must_be_no_title(path, reading)
    with (
        _cells_of_any_length(),
        path.open(encoding=text_encoding(reading.encoding), newline="", errors="replace") as file,
    ):
        for _ in range(reading.skip):
            file.readline()
        rows = csv.reader(file, delimiter=separator)
        try:
            for row in islice(rows, 1, None):
                if row and len(row) != width:
                    raise DataError(
                        f"{path}: expected {width} cells in line {rows.line_num + reading.skip}, as in line"
                        f" {reading.skip + 1}. Found {len(row)};"
                        f" mend the line, or set {option('separator')}."
                    )
        except csv.Error as error:
            raise DataError(f"{path}: expected a CSV file. Line {rows.line_num} cannot be read ({error}).") from None
