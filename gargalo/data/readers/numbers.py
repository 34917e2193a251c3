"""Texts that are numbers, as people write them: with decimal commas, thousands apart, signs of money, units."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from ...errors import DataError, option
from ...io.tables import polars
from ..columns import Column
from ..notes import Note, first_few
from ..reading import Reading

if TYPE_CHECKING:
    import polars as pl

__all__ = ["must_be_no_numbers", "numbers_in", "without_marks"]

ENOUGH = 10
"""Different numbers from which on a column measures something."""
MOSTLY, HALF = 0.9, 0.5
"""Shares of numbers in a column that is meant as such: whatever the others are, and where these are few texts."""
MARKS = 3
"""Different texts that may stand for what was not measured, such as n. d., - and <5."""
MOST_UNITS = 3
"""Numbers beside more different signs are names, such as 1st, 2nd, 3rd."""
PLAIN = r"^\s*[-+]?\d+(?:[.,]\d+)?(?:e[-+]?\d+)?\s*$"
"""A number with a decimal point or a decimal comma."""
UNAMBIGUOUS = r"^[-+]?(?:0|[1-9]\d*|\d+\.\d+|[1-9]\d*\.)(?:[eE][-+]?\d+)?$"
"""A number with a decimal point that is no code such as 01067."""
THREES = r"^\s*[-+]?\d{1,3},\d{3}\s*$"
"""Such as 1,234, which may be 1.234 or 1234."""
THOUSANDS = r"^\s*[-+]?\d{1,3}(?:\.\d{3})+(?:,\d+)?\s*$"
"""A number with points between thousands, and perhaps a decimal comma."""
APART = " '\u2019\u00a0\u202f"
"""What stands between thousands whatever the decimal mark is."""
MEASURE = (
    r"(?i)^\s*(\(?[-+\u2212]?)\s*(R\$|US\$|[$€£¥₹]|EUR|USD|BRL|GBP)?\s*([-+\u2212]?)"
    rf"(\d{{1,3}}(?:[.,{APART}]\d{{3}})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(e[-+]?\d+)?"
    r"\s*(%|‰|[a-zµμ°Ω€$£¥/²³]{1,8}[23]?)?\s*\)?\s*$"
)
"""A number, perhaps with thousands apart, or with a sign of money, of percent or a unit beside it. Groups: the sign, in
parentheses as bookkeepers write what is below 0; money; the sign behind it; the digits; the exponent; the unit."""


def without_marks(column: pl.Series, marks: Collection[str], are_names: bool) -> pl.Series:
    """Take what stands for nothing out of a column.

    Parameters
    ----------
    column : polars Series, (n,)
    marks : collection of str
        Texts, of which case and spaces around them make no difference, and numbers.
    are_names : bool
        Texts that remain are names, also where all of them are numbers.

    Returns
    -------
    polars Series, (n,)
        Null where a mark was; of numbers where only numbers, plainly written, remain of texts.
    """
    pl = polars()
    if column.dtype == pl.String:
        is_mark = column.str.strip_chars().str.to_lowercase().is_in([mark.strip().lower() for mark in marks])
        if not is_mark.any():
            return column
        column = pl.select(pl.when(~is_mark).then(column).alias(column.name)).to_series()
        plain = column.str.strip_chars()
        return plain.cast(pl.Float64) if not are_names and plain.str.contains(UNAMBIGUOUS).all() else column
    numbers = [float(mark) for mark in marks if re.fullmatch(r"\s*[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?\s*", mark, re.I)]
    if not numbers or not column.dtype.is_numeric():
        return column
    is_mark = column.cast(pl.Float64, strict=False).is_in(numbers)
    return pl.select(pl.when(~is_mark).then(column).alias(column.name)).to_series()


def numbers_in(
    texts: pl.Series, reading: Reading, where: str, notes: list[Note], known: Column | None = None
) -> tuple[pl.Series, str | None]:
    """Read texts as the numbers that the choices of reading say they are.

    Parameters
    ----------
    texts : polars Series of String, (n,)
        Its name is that of the column.
    reading : Reading
        `number` has the columns whose numbers may stand beside units, and what is none there is missing;
        `decimal_comma` tells how all are written: 1.234,5.
    where : str
        What the data are called in messages.
    notes : list of Note
        What is missing because it is no number is told there.
    known : Column or None
        What training knew of the column: its unit is expected.

    Returns
    -------
    polars Series, (n,)
        Of Float64; the texts where no choice makes numbers of them: 01067 may be a name.
    str or None
        The sign of money or the unit beside them.

    Raises
    ------
    DataError
        For a column of `number` of which less than half are numbers, or beside a unit that training did not have; or
        that has decimal commas where none are expected; under `decimal_comma`, for numbers with a decimal point.
    """
    if texts.name in reading.number or (known is not None and not texts.str.contains(PLAIN).all()):
        return _measured(texts, reading.decimal_comma, where, notes, known)
    return _with_commas(texts, where) if reading.decimal_comma else texts, None


def _measured(
    texts: pl.Series, decimal_comma: bool, where: str, notes: list[Note], known: Column | None
) -> tuple[pl.Series, str | None]:
    """Numbers beside one unit, or without one, and that unit; all else is missing."""
    pl, column = polars(), texts.name
    parts = texts.str.extract_groups(MEASURE).struct.unnest()
    parts.columns = ["sign", "money", "second", "digits", "power", "unit"]
    apart, point = (".", ",") if decimal_comma else (",", ".")
    well = rf"^(?:\d+|\d{{1,3}}(?:[{APART}]\d{{3}})+|\d{{1,3}}(?:[{apart}]\d{{3}})+)(?:[{point}]\d+)?$"
    # The other mark parts no thousands where no three digits follow: 18.5 among 18,7 is certain.
    other_mark = parts["digits"].str.contains(rf"^\d+[{apart}](?:\d{{1,2}}|\d{{4,}})$").fill_null(False)
    is_well = parts["digits"].str.contains(well).fill_null(False)
    is_number = is_well | other_mark
    units = (parts["money"].fill_null("") + parts["unit"].fill_null("")).str.to_lowercase()
    counted = units.filter(is_number & (units != "")).value_counts().sort("count", units.name, descending=[True, False])
    unit = known.unit if known and known.unit else next(iter(counted[units.name].to_list()), None)
    is_one = is_number & units.is_in(["", unit or ""]).fill_null(False)
    others = texts.filter(~is_one & texts.is_not_null())
    three = parts["digits"].str.contains(rf"^\d{{1,3}}[{apart}]\d{{3}}$").fill_null(False)
    if (other_mark & ~is_well).any() and (doubtful := texts.filter(three)).len():
        raise DataError(
            f"{where}: expected numbers that can be read in one way, in column {column!r}. Found"
            f" {texts.filter(other_mark)[0]!r} and {doubtful[0]!r}, of which that may be two; write all of them alike."
        )
    other_unit = texts.filter(is_number & ~is_one)
    if known and 2 * len(other_unit) > is_number.sum():
        asked = f"in {unit}, as in training" if known.unit else "without a unit, as in training"
        raise DataError(
            f"{where}: expected numbers {asked}, in column {column!r}. Found {other_unit[0]!r} and the like in"
            f" {len(other_unit):,} of {len(texts):,} rows; bring them to that unit."
        )
    # A few rows of other data may all have what stands for nothing.
    is_names = len(others) == len(texts.drop_nulls()) and others.n_unique() > MARKS
    if is_names if known else 2 * len(others) > len(texts.drop_nulls()):
        found = f"Found {others[0]!r} and the like in {len(others):,} of {len(texts):,} rows"
        if known:
            raise DataError(f"{where}: expected numbers in column {column!r}, as in training. {found}.")
        raise DataError(
            f"{where}: expected numbers in column {column!r}, as {option('number')} says. {found};"
            f" {option('category', column)} keeps them as names."
        )
    if len(others):
        # What says something of the number, such as <5, before what says nothing.
        names = others.unique(maintain_order=True)
        shown = first_few(map(repr, names.gather((~names.str.contains(r"\d")).arg_sort())))
        notes.append(Note(key="no_numbers", count=len(others), what=f"{column} ({shown})"))
    plain = parts["digits"].str.replace_all(rf"[{APART}{apart}]", "").str.replace(point, ".", literal=True)
    plain = pl.select(pl.when(other_mark).then(parts["digits"].str.replace(apart, ".", literal=True)).otherwise(plain))
    plain = plain.to_series()
    numbers = (plain + parts["power"].fill_null("")).cast(pl.Float64, strict=False)
    is_below = (parts["sign"] + parts["second"]).str.contains(r"[-(\u2212]").fill_null(False)
    signed = pl.when(is_one).then(pl.when(is_below).then(-numbers).otherwise(numbers))
    return pl.select(signed.alias(column)).to_series(), unit


def _with_commas(texts: pl.Series, where: str) -> pl.Series:
    """Numbers with a decimal comma, and perhaps points between thousands; the texts where they are none."""
    there = texts.drop_nulls()
    if not there.str.contains("[,.]").any() or not there.str.contains(f"{PLAIN}|{THOUSANDS}").all():
        return texts
    # 18.5 is no 185: a point with two digits behind it parts no thousands, whatever the others have.
    parts = there.str.contains(THOUSANDS)
    pointed, doubtful = there.filter(there.str.contains(".", literal=True) & ~parts), there.filter(parts)
    doubtful = doubtful.filter(~doubtful.str.contains(r",|\..*\."))
    if len(pointed) and len(doubtful):
        raise DataError(
            f"{where}: expected numbers with a decimal comma. Found {pointed[0]!r} and {doubtful[0]!r} in column"
            f" {texts.name!r}, of which that may be two; write all of them with a comma, or leave"
            f" {option('decimal_comma')} out.",
        )
    plain = texts.str.strip_chars()
    commas = plain.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    is_pointed = plain.str.contains(".", literal=True) & ~plain.str.contains(THOUSANDS)
    pl = polars()
    return pl.select(pl.when(is_pointed).then(plain).otherwise(commas).cast(pl.Float64, strict=False)).to_series()


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
        of such numbers but for a few cells. Its remedy is the choice that reads them, where only one can be meant.
    """
    there, column = texts.drop_nulls(), texts.name
    is_plain = there.str.contains(PLAIN)
    if len(there) and is_plain.all():
        _must_have_points(there, where)
        return
    is_number = is_plain | there.str.contains(MEASURE)
    measured, others = there.filter(is_number), there.filter(~is_number)
    share = len(measured) / max(1, len(there))
    if measured.n_unique() <= ENOUGH or share < (HALF if others.n_unique() <= MARKS else MOSTLY):
        return
    if len(measured) > is_plain.sum() and _units(measured) > MOST_UNITS:
        return
    # Where decimals have a comma, that has to be said as well.
    commas = measured.filter(measured.str.contains(r"\d,\d"))
    has_commas = len(commas) > 0 and not commas.str.contains(r"\d,\d{3}(?:\D|$)").all()
    odd = there.filter(~is_plain)
    reads = f"{option('decimal_comma')} with {option('number', column)}" if has_commas else option("number", column)
    missing = f", {others[0]!r} and the like as missing" if len(others) else ""
    raise DataError(
        f"{where}: expected numbers in column {column!r}. Found {odd[0]!r} and the like in {len(odd):,} of"
        f" {len(texts):,} rows; {reads} reads the numbers{missing}, {option('category', column)} keeps all as names,"
        f" {option('ignore', column)} leaves the column out.",
        number=(column,),
        **({"decimal_comma": True} if has_commas else {}),
    )


def _must_have_points(there: pl.Series, where: str) -> None:
    """Refuse numbers in a column of texts that have a decimal comma, or are many and have a point."""
    column = there.name
    keep = f"{option('category', column)} keeps them as names"
    commas = there.filter(there.str.contains(",", literal=True))
    if not len(commas):
        # Codes such as 01067 are names; what has a point measures something.
        if there.n_unique() > ENOUGH and there.str.contains(".", literal=True).any():
            raise DataError(
                f"{where}: expected numbers in column {column!r}. Found them as text, such as {there[0]!r};"
                f" {option('number', column)} reads them, {keep}.",
                number=(column,),
            )
        return
    found = f"{where}: expected numbers with a decimal point. Found {commas[0]!r} in column {column!r}"
    if there.str.contains(".", literal=True).any():
        reads = f"{option('number', column)} reads both, or write all of them with a point"
        raise DataError(f"{found}; {reads}.", number=(column,))
    if commas.str.contains(THREES).all():
        text = commas[0].strip()
        raise DataError(
            f"{found}; {option('decimal_comma')} reads it as {text.replace(',', '.')}, {option('number', column)} as"
            f" {text.replace(',', '')}."
        )
    raise DataError(f"{found}; {option('decimal_comma')} reads them.", decimal_comma=True)


def _units(measured: pl.Series) -> int:
    """How many different signs and units stand beside numbers."""
    signs = measured.str.replace_all(r"[-+\d.,'()\s]", "").str.to_lowercase()
    return signs.filter(signs != "").n_unique()
