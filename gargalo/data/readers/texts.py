"""What a column of texts is: names that repeat, from which something can be learned; or times, ids, prose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..columns import folded

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MOST_CATEGORIES", "merged", "no_names"]

MOST_CATEGORIES = 256
"""A column of more different texts is no category, but names, notes or ids."""
ENOUGH = 10
"""Rows from which on it says something that nearly each has a text of its own."""
WORDS = 4
"""Texts of so many words on average are prose, if they rarely repeat."""
MOSTLY_TIMES = 0.95
"""Share of different texts that are times, of a column of times."""
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


def merged(texts: pl.Series, known: Sequence[str] = ()) -> pl.Series:
    """Make names one that differ by case or spaces alone.

    Parameters
    ----------
    texts : polars Series of String, (n,)
    known : sequence of str
        Names that are kept as they are.

    Returns
    -------
    polars Series, (n,)
        Each name as the commonest of those that differ so; as the known one, where there is one.
    """
    counted = texts.drop_nulls().value_counts().sort("count", texts.name, descending=[False, True])
    one: dict[str, str] = {folded(name): name for name in counted[texts.name]}  # the last, which is the commonest
    one |= {folded(name): name for name in known}
    return texts.replace({name: one[folded(name)] for name in counted[texts.name]})


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
    if len(names) > MOST_CATEGORIES:
        return "prose" if names.str.count_matches(r"\S+").mean() >= WORDS else "many_names"  # type: ignore[operator]
    return None
