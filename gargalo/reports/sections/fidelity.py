"""Drawn rows: how like the data what is drawn is, column by column and as a whole."""

from __future__ import annotations

from ...lang import Words
from ...runs.columns_told import as_drawn, drawn_as_whole
from ..roles import Roles, place
from ..section import Section, Table
from ..wording import name_of

__all__ = ["fidelity"]

MOST_TOLD = 100
"""Columns in the table; of more, the others stand in the run's columns.json."""


def fidelity(roles: Roles, words: Words) -> Section | None:
    """Spread and distribution of each column of draws, correlations, and copies.

    None where rows are not drawn, and where that was not measured.
    """
    run = next((run for run in (roles.variational, roles.subject) if run and run.columns), None)
    if run is None or (table := run.columns) is None or table.fidelity is None:
        return None
    head, rows = as_drawn(table, words)
    body = words("fidelity.body", name=name_of(run, words))
    body += " " + words("fidelity.body.categories") if table.has_categories else ""
    meaning = words("fidelity.meaning" if table.has_categories else "fidelity.meaning.numbers")
    return Section(
        "fidelity",
        [body, *filter(None, [drawn_as_whole(table, words)])],
        table=Table(head, rows[:MOST_TOLD], meaning),
        commands=[f"gargalo sample {place(run)} -n 1000 -o drawn.csv"],
        python="rows = run.sample(1000)",
    )
