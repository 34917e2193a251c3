"""What a column of texts is: names that repeat, from which something can be learned; or times, ids, prose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..columns import folded
from ..notes import first_few

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "MOST_CATEGORIES",
    "UNKNOWN",
    "abbreviated",
    "alike_among",
    "merged",
    "no_names",
    "odd_among_numbers",
]

MOST_CATEGORIES = 256
"""A column of more different texts is no category, but names, notes or ids."""
ENOUGH = 10
"""Rows from which on it says something that nearly each has a text of its own."""
UNKNOWN = {
    *("-", "--", "---", ".", "..", "*", "n/a", "n.a.", "n. a.", "n/d", "n.d.", "n. d.", "nd", "s/d", "s/i", "k.a."),
    *("k. a.", "unknown", "unk", "missing", "not available", "not known", "blank", "(blank)", "null", "nan", "na"),
    *("nil", "desconhecido", "desconhecida", "sem dados", "não informado", "nao informado", "ignorado"),
    *("unbekannt", "desconocido", "desconocida", "inconnu", "inconnue", "#n/a", "#value!", "#ref!", "#div/0!"),
    *("not measured", "not recorded", "not determined", "not done", "not applicable", "not reported", "no data", "n/m"),
    *(
        "não medido",
        "não medida",
        "não registrado",
        "não registado",
        "não aplicável",
        "não se aplica",
        "sem informação",
    ),
    *("não determinado", "sem registro", "sem registo", "nao medido", "nao registrado", "nao se aplica"),
}
"""Names, folded, that say that nothing is known."""
LIMIT = r"(?i)^\s*(?:[<>≤≥~]=?|acima de|abaixo de|above|below|over|under|more than|less than)\s*\d"
"""What stands for a number that was only bounded: <5, >20."""
FEW_NAMES, LEAST_NUMBERS, MOST_ODD = 12, 4, 3
"""Names of a category among which letters may stand for words; and different numbers, and other names, of a category
that may be a column of numbers."""
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


def alike_among(names: Sequence[str]) -> str:
    """Find names of one category that differ by case, or by spaces, alone.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    str
        Shown so that spaces are seen; empty where there are none.
    """
    own: dict[str, list[str]] = {}
    for name in names:
        own.setdefault(folded(name), []).append(name)
    return first_few(" = ".join(map(repr, same)) for same in own.values() if len(same) > 1)


def abbreviated(names: Sequence[str]) -> str:
    """Find letters that stand for words of the same category, as F for female, where each letter does.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    str
        Each letter and its word; empty where not each has one, or names are many.
    """
    letters = [name for name in names if len(folded(name)) == 1 and name.strip().isalpha()]
    words = {
        letter: [name for name in names if len(folded(name)) > 1 and folded(name).startswith(folded(letter))]
        for letter in letters
    }
    if not letters or len(names) > FEW_NAMES or any(len({*map(folded, found)}) != 1 for found in words.values()):
        return ""
    once = {folded(letter): f"{letter!r} = {found[0]!r}" for letter, found in words.items()}
    return first_few(once.values())


def odd_among_numbers(names: Sequence[str]) -> str:
    """Find what makes names of numbers: cells that say that nothing is known, or only bound it, as >20.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    str
        These; empty where the others are no numbers or few, or where these are something else, as 3+ is.
    """
    odd = [name for name in names if not re.fullmatch(r"\s*[-+]?\d+(?:[.,]\d+)?\s*", name)]
    is_odd = all(folded(name) in UNKNOWN or re.match(LIMIT, name) for name in odd)
    are_numbers = len(names) - len(odd) >= LEAST_NUMBERS and 0 < len(odd) <= MOST_ODD
    return first_few(map(repr, odd)) if are_numbers and is_odd else ""


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
