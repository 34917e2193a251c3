"""The columns of a run as people read them: heads and rows, for the terminal and for pages."""

from __future__ import annotations

from ..lang import Words
from .columns import ColumnFigures, ColumnTable

__all__ = ["as_drawn", "came_back", "drawn_as_whole", "meaning_of", "worse_than"]


def came_back(table: ColumnTable, say: Words) -> tuple[list[str], list[list[str]]]:
    """How well each column comes back.

    Parameters
    ----------
    table : ColumnTable
    say : Words

    Returns
    -------
    head : list of str
    rows : list of list of str
        A row for each column: its name, error, R2 or accuracy with its interval, that of PCA where that was measured,
        and that of who says the same of every row.
    """
    score = "columns.score" if table.has_categories else "columns.score.numbers"
    beside = ["columns.pca"] if _has_pca(table) else []
    head = [*map(say, ("columns.column", "columns.error", score, *beside, "columns.guess"))]
    rows = []
    for column in table.columns:
        is_category = column.kind == "category"
        error = "–" if column.error is None else say.figure(column.error)
        if is_category and column.error is not None:
            error = say.figure(100 * column.error) + "%"
        others = [column.pca, column.guess] if beside else [column.guess]
        rows.append([column.name, error, _with_interval(column, say), *map(say.number, others)])
    return head, rows


def meaning_of(table: ColumnTable, say: Words) -> str:
    """What the figures of `came_back` are, in a few sentences.

    Parameters
    ----------
    table : ColumnTable
    say : Words

    Returns
    -------
    str
    """
    key = "columns.meaning" if table.has_categories else "columns.meaning.numbers"
    return say(key, pca=say("columns.meaning.pca") if _has_pca(table) else "")


def _has_pca(table: ColumnTable) -> bool:
    """Does PCA stand beside the model?"""
    return any(column.pca is not None for column in table.columns)


def as_drawn(table: ColumnTable, say: Words) -> tuple[list[str], list[list[str]]]:
    """How each column of draws is distributed, beside the data.

    Parameters
    ----------
    table : ColumnTable
        Of a run whose samples are draws.
    say : Words

    Returns
    -------
    head : list of str
    rows : list of list of str
        A row for each column: its name, standard deviation of the data and of draws, distance of the distributions,
        and what this would be by chance.
    """
    spread = "columns.stddev", "columns.drawn_stddev"
    head = [*map(say, ("columns.column", *spread, "columns.distance", "columns.chance"))]
    rows = [
        [
            column.name,
            *(say.figure(value) for value in (column.stddev, column.drawn_stddev)),
            *(say.number(value) for value in (column.distance, column.chance)),
        ]
        for column in table.columns
    ]
    return head, rows


def drawn_as_whole(table: ColumnTable, say: Words) -> str | None:
    """How like the data draws are as a whole, in a few sentences; None where nothing is drawn.

    Parameters
    ----------
    table : ColumnTable
    say : Words

    Returns
    -------
    str or None
        With what is least like the data: columns by their distance, and the pair that goes together least as it should.
    """
    found = table.fidelity
    if found is None:
        return None
    whole = say(
        "columns.whole",
        n=found.draws,
        correlation=say.number(found.correlation),
        correlation_chance=say.number(found.correlation_chance),
        copied=say.figure(100 * found.copied),
        copied_chance=say.figure(100 * found.copied_chance),
    )
    told, pair = [whole], found.farthest
    if unlike := [column.name for column in table.columns if _is_unlike(column)]:
        told.append(say("columns.unlike", names=_some(unlike, say)))
    if pair is not None and abs(pair.drawn - pair.real) > SEEN:
        first, second = (_name(name, say) for name in pair.names)
        told.append(
            say("columns.farthest", a=first, b=second, real=say.number(pair.real), drawn=say.number(pair.drawn))
        )
    return " ".join(told)


def _is_unlike(column: ColumnFigures) -> bool:
    """Are draws of a column farther from the training rows than chance and the eye would pass over?"""
    return column.distance is not None and column.distance > max(SEEN, 2 * (column.chance or 0))


def worse_than(table: ColumnTable, say: Words) -> list[str]:
    """Which columns PCA gives back better, as far as examples show, and which a guess that sees nothing would.

    Parameters
    ----------
    table : ColumnTable
    say : Words

    Returns
    -------
    list of str
        A sentence for each of the two, where there is such a column.
    """
    from_pca = [column.name for column in table.columns if column.gain and (column.gain.high or 0) < -NEGLIGIBLE]
    guessed = [
        column.name
        for column in table.columns
        if column.score.value is not None and column.score.value < column.guess - NEGLIGIBLE
    ]
    found = (("columns.worse", from_pca), ("columns.below_guess", guessed))
    return [say(key, names=_some(names, say)) for key, names in found if names]


def _some(names: list[str], say: Words) -> str:
    """The first five names, and how many more there are."""
    return ", ".join(_name(name, say) for name in names[:5]) + (
        say("columns.more", n=len(names) - 5) if len(names) > 5 else ""
    )


def _name(name: str, say: Words) -> str:
    """A column's name; a number alone, as the columns of an array have, would be read as a figure."""
    return say("columns.numbered", name=name) if name.isdecimal() else name


SEEN = 0.1
"""A distance of two distributions, or a difference of two correlations, that is worth a word."""
NEGLIGIBLE = 1e-3
"""A share of a column's variance, or of its names, that nobody would see."""


def _with_interval(column: ColumnFigures, say: Words) -> str:
    """R2 or accuracy with its interval."""
    score = column.score
    if score.value is None:
        return "–"
    interval = "" if score.low is None else f" ({say.number(score.low)} … {say.number(score.high)})"
    return say.number(score.value) + interval
