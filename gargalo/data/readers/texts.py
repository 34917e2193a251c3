"""What a column of texts is: names that repeat, from which something can be learned; or times, ids, prose, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import DataError, option
from ...io.tables import polars

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MOST_CATEGORIES", "as_numbers", "must_be_no_numbers", "no_names"]

MOST_CATEGORIES = 256
"""A column of more different texts is no category, but names, notes or ids."""
ENOUGH = 10
"""Rows from which on it says something that nearly each has a text of its own; and different numbers that measure."""
WORDS = 4
"""Texts of so many words on average are prose, if they rarely repeat."""
MOSTLY_TIMES, MOSTLY_NUMBERS = 0.95, 0.9
"""Shares of different texts that are times, and of rows that are numbers, of a column that is meant as such."""
D, M, Y = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:\d{4}|\d{2})"
MONTHS = r"(?:jan|feb|fev|mar|apr|abr|may|mai|jun|jul|aug|ago|sep|set|oct|out|nov|dec|dez)[a-zç]*\.?"
DAYS = (
    rf"\d{{4}}[-/.]{M}[-/.]{D}",
    rf"{D}[-/.]{M}[-/.]{Y}",
    rf"{M}[-/.]{D}[-/.]{Y}",
    rf"\d{{4}}-(?:{M}|W\d{{2}}|Q[1-4])",
    rf"(?:[a-z]{{3,9}},? )?{D}[-. /]?(?:de )?{MONTHS}[-. /,]*(?:de )?{Y}",
    rf"(?:[a-z]{{3,9}},? )?{MONTHS} {D},? \d{{4}}",
)
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]m)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
TIME = rf"(?i)^\s*(?:(?:{'|'.join(DAYS)})(?:[ T,]+{CLOCK})?|{CLOCK})\s*$"
PLAIN = r"^\s*[-+]?\d+(?:[.,]\d+)?(?:e[-+]?\d+)?\s*$"
"""A number with a decimal point or a decimal comma."""
THREES = r"^\s*[-+]?\d{1,3},\d{3}\s*$"
"""Such as 1,234, which may be 1.234 or 1234."""
THOUSANDS = r"^\s*[-+]?\d{1,3}(?:\.\d{3})+(?:,\d+)?\s*$"
"""A number with points between thousands, and perhaps a decimal comma."""
MEASURE = (
    r"(?i)^\s*[-+(]?\s*(R\$|US\$|[$€£¥₹]|EUR|USD|BRL|GBP)?\s*[-+]?"
    r"(?:\d{1,3}(?:[ .,'\u{a0}\u{202f}]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
    r"\s*(%|[a-zµμ°Ω€$£¥/²³]{1,8}[23]?)?\s*\)?\s*$"
)
"""A number with thousands apart, or with a sign of money, of percent or a unit beside it."""
MOST_UNITS = 3
"""Numbers beside more different signs are names, such as 1st, 2nd, 3rd."""


def no_names(texts: pl.Series) -> str | None:
    """Tell what texts are that are no names of a category.

    Parameters
    ----------
    texts : polars Series of String, (n,)
        None missing from it need be.

    Returns
    -------
    "times", "ids", "prose", "seldom_names", "many_names" or None
        Times and dates; one of its own for each row; many words; fewer than two rows for each, or more of them than a
        category can have. None: names.
    """
    there = texts.drop_nulls()
    names = there.unique()
    if len(names) and names.str.contains(TIME).mean() >= MOSTLY_TIMES:  # type: ignore[operator]
        return "times"
    if len(there) >= ENOUGH and 2 * len(names) > len(there):
        if names.str.count_matches(r"\S+").mean() >= WORDS:  # type: ignore[operator]
            return "prose"
        if len(names) == len(texts):
            return "ids"
        return "many_names" if len(names) > MOST_CATEGORIES else "seldom_names"
    return "many_names" if len(names) > MOST_CATEGORIES else None


def as_numbers(texts: pl.Series, where: str) -> pl.Series | None:
    """Read texts as numbers with a decimal comma, and perhaps points between thousands: 1.234,5.

    Parameters
    ----------
    texts : polars Series of String, (n,)
        Its name is that of the column.
    where : str
        What the data are called in messages.

    Returns
    -------
    polars Series of Float64, (n,), or None
        None where one of them is no such number, or none has a comma or thousands apart: 01067 may be a name.

    Raises
    ------
    DataError
        For numbers of which some have a decimal point.
    """
    there = texts.drop_nulls()
    if not there.str.contains("[,.]").any() or not there.str.contains(f"{PLAIN}|{THOUSANDS}").all():
        return None
    pointed = there.filter(there.str.contains(".", literal=True) & ~there.str.contains(THOUSANDS))
    if len(pointed):
        raise DataError(
            f"{where}: expected numbers with a decimal comma. Found {pointed[0]!r} in column {texts.name!r}; write all"
            f" of them with a comma, or leave {option('decimal_comma')} out."
        )
    plain = texts.str.strip_chars().str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return plain.cast(polars().Float64, strict=False)


def must_be_no_numbers(texts: pl.Series, where: str) -> None:
    """Refuse texts that are numbers, written as none can be read, so that they are not taken for names.

    Parameters
    ----------
    texts : polars Series of String, (n,)
        Its name is that of the column.
    where : str
        What the data are called in messages.

    Raises
    ------
    DataError
        For decimal commas; for more than ten different numbers with thousands apart, or beside units; for a column
        of such numbers but for a few cells.
    """
    there, column = texts.drop_nulls(), texts.name
    is_number = there.str.contains(PLAIN)
    keep = f"{option('category', column)} keeps them as names"
    if len(there) and is_number.all():
        commas = there.filter(there.str.contains(",", literal=True))
        if not len(commas):
            # Codes such as 01067 are names; what has a point measures something.
            if there.n_unique() > ENOUGH and there.str.contains(".", literal=True).any():
                raise DataError(
                    f"{where}: expected numbers in column {column!r}. Found them as text, such as {there[0]!r}; make"
                    f" it a column of numbers, or {keep}."
                )
            return
        hint = f"{option('decimal_comma')} reads them"
        if there.str.contains(".", literal=True).any():
            hint = "write all of them with a point"
        elif commas.str.contains(THREES).all():
            hint = f"{option('decimal_comma')} reads it as {commas[0].strip().replace(',', '.')}, else leave commas out"
        raise DataError(
            f"{where}: expected numbers with a decimal point. Found {commas[0]!r} in column {column!r}; {hint}."
        )
    numbers = there.filter(is_number).n_unique()
    if numbers > ENOUGH and is_number.mean() >= MOSTLY_NUMBERS:  # type: ignore[operator]
        others = there.filter(~is_number)
        raise DataError(
            f"{where}: expected numbers in column {column!r}. Found {others[0]!r} and the like in {len(others):,} of"
            f" {len(texts):,} rows; leave such cells empty to call them missing, or {keep}."
        )
    names = there.unique(maintain_order=True)
    if len(names) > ENOUGH and names.str.contains(MEASURE).all():
        signs = names.str.replace_all(r"[-+\d.,'()\s]", "").str.to_lowercase()
        if signs.filter(signs != "").n_unique() <= MOST_UNITS:
            raise DataError(
                f"{where}: expected numbers in column {column!r}. Found {there.filter(~is_number)[0]!r} and the like in"
                f" {int((~is_number).sum()):,} of {len(texts):,} rows; leave signs, units and marks between thousands"
                f" out, or {keep} ({option('ignore', column)}: not at all)."
            )
