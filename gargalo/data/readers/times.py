"""Times that are written as text: read as what they mean where that is certain, and refused where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_CLOCKED = ["".join(parts) for parts in product(" T", CLOCKS)]
FAMILIES = {
    f"{date}{zone}": [*([] if zone else [date]), *(f"{date}{clock}{zone}" for clock in _CLOCKED)]
    for date, zone in product(DATES, ZONES)
}
"""Times of one date that are written to the minute, to the second or as the day alone, as two programs do."""
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
        For texts that are no times, or that two formats read as different ones.
    """
    if not written and texts.str.contains(SORTABLE).all():
        return texts
    plain = texts.str.strip_chars().str.to_uppercase().str.replace(r"Z$", "+0000")
    read = _complete(plain, {written: [written]} if written else {form: [form] for form in FORMATS})
    if not read and not written:
        read = _complete(plain, FAMILIES)
    if not read:
        raise _not_read(texts, plain, written, where)
    first, *others = read.items()
    for form, found in others:
        # The same order may have other steps: 01/02 and 01/03 are a day apart, or a month.
        if (found != first[1]).any():
            raise DataError(
                f"{where}: expected times that can be read in one way. Found {texts[0]!r}, which may be {first[0]} or"
                f" {form}; {option('time_format', first[0])} says which."
            )
    return first[1]


def _complete(texts: pl.Series, families: Mapping[str, Sequence[str]]) -> dict[str, pl.Series]:
    """What texts say by each family of formats, of those that read all of them."""
    few = _few(texts)
    fitting = [name for name, forms in families.items() if not _read_by(few, forms).null_count()]
    return {name: found for name in fitting if not (found := _read_by(texts, families[name])).null_count()}


def _few(texts: pl.Series) -> pl.Series:
    """Some of the texts, from the first to the last: two logs that were put one after the other differ late."""
    names = texts.unique(maintain_order=True)
    return names.gather_every(-(-len(names) // FEW))


def _read_by(texts: pl.Series, forms: Sequence[str]) -> pl.Series:
    """What texts say by the first of these formats that reads each."""
    parts = [part for form in forms if (part := _read(texts, form)).null_count() < len(texts)]
    if not parts:
        return _read(texts, forms[0])
    return polars().select(polars().coalesce(parts)).to_series()


def _not_read(texts: pl.Series, plain: pl.Series, written: str | None, where: str) -> DataError:
    """The error for texts that are no times, or not written as was said."""
    few, known = _few(plain), {form: [form] for form in FORMATS} | FAMILIES
    nearest = [written] if written else min(known.values(), key=lambda forms: _read_by(few, forms).null_count())
    is_read = _read_by(plain, nearest).is_not_null()
    wrong, right = texts.filter(~is_read), texts.filter(is_read)
    hint = f"{option('time_format', '%d/%m/%Y %H:%M')}, say, tells how they are written"
    if written and _complete(plain, known):
        hint = f"leave {option('time_format')} out, and they are read"
    elif len(right):
        hint = f"write all of them as {right[0]!r} is"
    one = f"times written as {written}" if written else "times, such as 2024-01-31 13:30"
    rows = f" in {len(wrong):,} of {len(texts):,} rows" if len(right) else ""
    return DataError(f"{where}: expected {one}. Found {wrong[0]!r}{rows}; {hint}.")


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
