"""What a text file is written in: UTF-8, or what is likely where it is none."""

from __future__ import annotations

import codecs
from pathlib import Path

from ...errors import DataError, option

__all__ = ["must_be_in", "not_decoded", "text_encoding"]

NOT_CP1252 = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
CP1252 = {*range(0x80, 0xA0)} - NOT_CP1252
"""Bytes that are no letter of cp1252, and such as are one there and a control character in latin-1."""


def must_be_in(path: Path, encoding: str) -> None:
    """Refuse a file that is certainly UTF-8 where another encoding is expected: any byte would be a letter of latin-1.

    Parameters
    ----------
    path : Path
        Of a file that can be read.
    encoding : str
        As the choices of reading name it.

    Raises
    ------
    DataError
        Its remedy is the encoding.
    """
    if text_encoding(encoding) == "utf-8-sig" or path.suffix == ".parquet":
        return
    decoder, is_ascii = codecs.getincrementaldecoder("utf-8")(), True
    try:
        with path.open("rb") as file:
            while part := file.read(2**20):
                is_ascii &= part.isascii()
                decoder.decode(part)
            decoder.decode(b"", final=True)
    except (UnicodeDecodeError, OSError):
        return
    if not is_ascii:
        raise DataError(f"{path}: expected text in {encoding}. Found utf-8.", encoding="utf-8")


def text_encoding(name: str) -> str:
    """Call an encoding as Python does, so that a byte-order mark is no part of the first column's name.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
    """
    return "utf-8-sig" if name.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig") else name


def not_decoded(path: Path, encoding: str, error: Exception) -> DataError:
    """Make the error for a file that is no text in an encoding, to be raised by the caller.

    Parameters
    ----------
    path : Path
    encoding : str
        As the choices of reading name it.
    error : Exception
        What went wrong.

    Returns
    -------
    DataError
        Its remedy is the likely encoding, where it is another.
    """
    # Codecs that turn no bytes into text raise errors of other kinds; a lack of a byte-order mark is one of the bytes.
    is_of_bytes = isinstance(error, UnicodeDecodeError) or not isinstance(error, ValueError) or "BOM" in str(error)
    if isinstance(error, LookupError) or not is_of_bytes:
        return DataError(f"{path}: expected an encoding such as utf-8 or latin-1. Found {encoding!r}.")
    where, other = _undecodable_line(path, encoding), _likely_encoding(path)
    return DataError(
        f"{path}: expected text in {encoding}. Found other bytes in line {where}; try {option('encoding', other)}.",
        encoding=other,
    )


def _likely_encoding(path: Path) -> str:
    """What a file is written in: bytes that are no letters of latin-1 are signs of cp1252, such as €."""
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        found, decoder, is_utf8 = set[int](), codecs.getincrementaldecoder("utf-8")(), True
        while part := file.read(2**20):
            found.update(part)
            try:
                decoder.decode(part)
            except UnicodeDecodeError:
                is_utf8 = False
    if is_utf8:
        return "utf-8"
    return "cp1252" if found & CP1252 and not found & NOT_CP1252 else "latin-1"


def _undecodable_line(path: Path, encoding: str) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(text_encoding(encoding))
            except UnicodeError:
                return number
    return 1
