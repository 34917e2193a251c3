"""Times that are written as text: read as what they mean where that is certain, and refused where it is not."""

from __future__ import annotations

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
    *("%b %d %Y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y"),  # English months
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
    plain = texts.str.strip_chars().str.to_uppercase().str.replace(r"Z$", "+0000")
    few = plain.unique(maintain_order=True).head(FEW)
    formats = [written] if written else [form for form in FORMATS if _read(few, form).null_count() == 0]
    read = {form: found for form in formats if not (found := _read(plain, form)).null_count()}
    if not read:
        nearest = min(formats or FORMATS, key=lambda form: _read(few, form).null_count())
        one = f"times written as {written}" if written else "times, such as 2024-01-31 13:30"
        found = texts.filter(_read(plain, nearest).is_null())[0]
        fitting = [form for form in FORMATS if _read(few, form).null_count() == 0]
        hint = f"{option('time_format', '%d/%m/%Y %H:%M')}, say, tells how they are written"
        if written and fitting:
            hint = f"{option('time_format', fitting[0])} reads it, and so may none at all"
        raise DataError(f"{where}: expected {one}. Found {found!r}; {hint}.")
    first, *others = read.items()
    order = first[1].rank("dense")
    for form, found in others:
        if (found.rank("dense") != order).any():
            raise DataError(
                f"{where}: expected times that can be read in one way. Found {texts[0]!r}, which may be {first[0]} or"
                f" {form}; {option('time_format', first[0])} says which."
            )
    return first[1]


def _read(texts: pl.Series, form: str) -> pl.Series:
    """What texts say by a format; nothing where it does not fit, or is none."""
    pl = polars()
    try:
        if "%d" not in form:
            return texts.str.to_time(form, strict=False)
        found = texts.str.to_datetime(form, strict=False)
    except pl.exceptions.PolarsError:
        return pl.Series([None] * len(texts))
    # %Y would take 17 for the year 17.
    return pl.select(pl.when(found.dt.year() >= 1000).then(found)).to_series()
