"""Column by column: how much of each comes back, beside PCA of the same size."""

from __future__ import annotations

from ... import plots
from ...lang import Words
from ...runs.columns import ColumnTable
from ...runs.columns_told import came_back, meaning_of, worse_than
from ..roles import Roles, place
from ..section import Section, Table, picture
from ..wording import name_of

__all__ = ["columns"]

MOST_DRAWN, MOST_TOLD = 30, 100
"""Columns in the figure and in the table; of more, the others stand in the run's columns.json."""


def columns(roles: Roles, words: Words) -> Section | None:
    """R2 or accuracy of each column, as a table and as bars.

    None for pictures, and where columns were not measured.
    """
    run = roles.subject
    if run is None or (table := run.columns) is None:
        return None
    d, name = run.recipe.latent_dim, name_of(run, words)
    head, rows = came_back(table, words)
    shown = table.columns[:MOST_DRAWN]
    only = "" if table.has_categories else ".numbers"
    bars = [(name, [column.score.value for column in shown])]
    if any(column.pca is not None for column in shown):
        bars.append((f"PCA-{d}", [column.pca for column in shown]))
    drawn = plots.bars([column.name for column in shown], bars, words("columns.score" + only))
    body = words("columns.body", d=d) + ("" if only else " " + words("columns.body.categories"))
    caption = words("columns.caption" + only, name=name)
    caption += _first(MOST_DRAWN, table, words)
    return Section(
        "columns",
        [body, *worse_than(table, words)],
        [picture("columns", drawn, words, caption)],
        Table(head, rows[:MOST_TOLD], meaning_of(table, words) + _first(MOST_TOLD, table, words)),
        commands=[f"gargalo info {place(run)}"],
        python="run.columns.columns[0].score",
    )


def _first(most: int, table: ColumnTable, words: Words) -> str:
    """That not all columns are there, where these are more than so many."""
    n = len(table.columns)
    return words("columns.first", shown=most, all=n) if n > most else ""
