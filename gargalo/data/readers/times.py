"""Times that are written as text: read as what they mean where that is certain, and refused where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from ...errors import DataError, option
from ...io.tables import polars

if TYPE_CHECKING:
    import polars as pl

__all__ = ["in_time"]

DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    *(mark.join(order) for mark in "/.-" for order in (("%d", "%m", "%Y"), ("%m", "%d", "%Y"))),
    *(mark.join(order) for mark in "/.-" for order in (("%d", "%m", "%y"), ("%m", "%d", "%y"))),
)
CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p")
ZONES = ("", "%z")
FORMATS = (*DATES, *CLOCKS, *("".join(parts) for parts in product(DATES, " T", CLOCKS, ZONES)))
SORTABLE = r"^\d{4}-(\d{2}|W\d{2}|Q[1-4])$"
"""Months, weeks and quarters: as text they are in order."""
FEW = 200
"""Texts on which every format is tried; those that remain are tried on all."""


def in_time(texts: pl.Series, written: str | None, where: str) -> pl.Series:
    """What orders rows: the moments that texts stand for.

    Parameters
    ----------
    texts : polars Series of String, (n,)
        None missing.
    written : str or None
        Their format, such as "%d/%m/%Y %H:%M"; None finds the one that fits all of them.
    where : str
        What they are called in messages.

    Returns
    -------
    polars Series, (n,)
        Of moments, those with a zone in UTC; of times of day; or of the texts, where their order is that of time.

    Raises
    ------
    DataError
        For texts that are no times, or that two formats read as different orders.
    """
    if not written and texts.str.contains(SORTABLE).all():
        return texts
    texts = texts.str.strip_chars().str.to_uppercase().str.replace(r"Z$", "+0000")
    formats = [written] if written else _fitting(texts.unique(maintain_order=True).head(FEW), FORMATS)
    read = {form: found for form in formats if (found := _read(texts, form)) is not None}
    if not read:
        one = f"written as {written!r}" if written else "times, such as 2024-01-31 13:30"
        form = option("time_format", "%d/%m/%Y %H:%M")
        raise DataError(
            f"{where}: expected {one}. Found {_first_unread(texts, written)!r}; {form} says how they are written."
        )
    first, *others = read.items()
    for form, found in others:
        if (found.arg_sort() != first[1].arg_sort()).any():
            raise DataError(
                f"{where}: expected times that can be read in one way. Found {texts[0]!r}, which may be {first[0]} or"
                f" {form}; {option('time_format', first[0])} says which."
            )
    return first[1]


def _fitting(texts: pl.Series, formats: Sequence[str]) -> list[str]:
    """The formats that all of these texts may be written in."""
    return [form for form in formats if _read(texts, form) is not None]


def _read(texts: pl.Series, form: str, strict: bool = True) -> pl.Series | None:
    """Texts by a format; where it is strict, None unless it fits all of them."""
    pl = polars()
    try:
        found = texts.str.to_datetime(form, strict=False) if "%d" in form else texts.str.to_time(form, strict=False)
    except pl.exceptions.PolarsError:  # no format
        return None
    return None if strict and found.null_count() else found


def _first_unread(texts: pl.Series, form: str | None) -> str:
    """A text that is not of this format; of none, any."""
    read = _read(texts, form, strict=False) if form else None
    return texts[0] if read is None else texts.filter(read.is_null())[0]
