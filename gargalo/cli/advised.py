"""The commands to go on with after a look at data: with the options that were recommended, and as a log."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Dataset, checked_reading, load_data
from ..errors import DataError, GargaloError

__all__ = ["as_log", "remedied", "with_advice"]

TIMES = ("time", "timestamp", "datetime", "date", "second", "seconds", "hora", "tempo", "instante", "segundo")
"""What columns are called whose numbers may be times."""
LEAST_ROWS, ROWS, FEW_ROWS, WINDOWS = 60, 30, 12, 60
"""Rows from which on they may be a log that is cut into windows; how many a window has, and of a short log; and windows
below which they overlap."""
MIXED = ("interleaved", "taking_turns")
"""Notes that name the column which tells apart machines or persons whose rows are mixed."""
SOME = 0.05
"""Share of a column's rows that may be filled in by its median, where nobody said what happens to what is missing."""
MOST_IGNORED = 50
"""Columns that a command leaves out one by one: of more, it would be too long to type."""
MOSTLY_ONWARD = 0.75
"""Share of steps, from row to row, in which a time does not go back: it does where another machine's rows begin."""


def with_advice(found: dict[str, Any], dataset: Dataset, chosen: dict[str, Any]) -> dict[str, Any]:
    """Add what was recommended to the choices of reading, so that the command that is shown heeds it.

    Parameters
    ----------
    found : dict
        What `gargalo.inspect` found.
    dataset : Dataset
        It was read with missing values kept.
    chosen : dict
        The choices of reading that were made, by name.

    Returns
    -------
    dict
        The same with an `impute`, an `id`, a `label` and a `group`, where each is recommended and not chosen; and with
        the columns to leave out or to merge, and what stands for nothing, where such are recommended.
    """
    advised: dict[str, Any] = {}
    if any(note.key == "missing" for note in dataset.notes):
        # What is filled in looks like data: of a few cells nobody sees it, of a log it makes notches.
        share = max((column["missing"] for column in found["columns"] or ()), default=0) / len(dataset)
        advised["impute"] = "mask" if share > SOME or dataset.kind == "series" else "median"
    ids = [note.what for note in dataset.notes if note.key == "ids"]
    warned = {warning["key"]: warning for warning in found["warnings"]}
    added = _columns_advised(found, dataset)
    if added.get("missing") and "impute" not in advised:
        advised["impute"] = "mask"
    if ids or "counts_rows" in warned:
        advised["id"] = ids[0] if ids else warned["counts_rows"]["column"]
    if "likely_label" in warned:
        advised["label"] = warned["likely_label"]["column"]
    both = {name: tuple(dict.fromkeys((*chosen.get(name, ()), *some))) for name, some in added.items() if some}
    return advised | _group(dataset) | chosen | both


def _columns_advised(found: dict[str, Any], dataset: Dataset) -> dict[str, list[str]]:
    """What is recommended of columns: to leave out, to read as numbers, with names to make one; what is missing."""
    added: dict[str, list[str]] = {"ignore": [], "merge": [], "missing": [], "number": []}
    for warning in found["warnings"]:
        if warning["key"] in ("mostly_missing", "counts_mostly"):
            added["ignore"].append(warning["column"])
        elif warning["key"] == "alike":
            added["merge"].append(warning["column"])
        elif warning["key"] == "nearly_numbers":
            added["number"].append(warning["column"])
        elif warning["key"] in ("marks", "sentinel"):
            added["missing"] += warning["marks"] if warning["key"] == "marks" else [warning["value"]]
    if dataset.columns:
        constant = [column["name"] for column in found["columns"] or () if column["taken"] == "constant"]
        added["ignore"] += constant if len(constant) <= MOST_IGNORED else []
    # What is left out has no names to make one.
    added["merge"] = [name for name in added["merge"] if name not in added["ignore"]]
    return added


def remedied(fault: DataError, chosen: dict[str, Any]) -> dict[str, Any]:
    """Add what an error says would mend it to the choices of reading.

    Parameters
    ----------
    fault : DataError
    chosen : dict
        The choices of reading that were made, by name: they stand, but that columns are added to columns.

    Returns
    -------
    dict
        The same as `chosen`, where the error has no remedy that was not tried.
    """
    added: dict[str, Any] = {}
    for name, value in fault.remedy.items():
        if isinstance(value, tuple):
            added[name] = tuple(dict.fromkeys((*chosen.get(name, ()), *value)))
        elif name not in chosen:
            added[name] = value
    return chosen | added


def as_log(src: str, dataset: Dataset, chosen: dict[str, Any]) -> str | None:
    """The command that looks at a table as a log, where it has a column of times and nobody said what it is for.

    Parameters
    ----------
    src : str
        As it was typed.
    dataset : Dataset
        What was read.
    chosen : dict
        The choices of reading that were made, by name.

    Returns
    -------
    str or None
        With `--time`, `--window` and, where each time is there once for each of several machines or persons, `--group`.
        None for what is no log: other data than tables, times that cannot be read, or that repeat for no such reason.
    """
    if dataset.kind != "table" or len(dataset) < LEAST_ROWS or not Path(src).is_file() or "time" in chosen:
        return None
    times = [note.what for note in dataset.notes if note.key == "times"]
    for i, column in enumerate(dataset.columns or ()):
        if column.kind == "number" and column.name.lower() in TIMES and _goes_on(dataset.x[:, i]):
            times.append(column.name)
    for time in times:
        try:
            options: dict[str, Any] = {"impute": "mask"} | chosen | {"time": time}
            in_order = load_data(src, **options)
            options |= _group(in_order)
            cut = _cut(src, options)
        except GargaloError:
            continue
        if cut:
            options |= cut | {"impute": chosen.get("impute")}
            return f"gargalo inspect {shlex.quote(src)} {checked_reading(options).flags()}"
    return None


def _group(dataset: Dataset) -> dict[str, str]:
    """The `--group` that keeps apart what takes turns, where something does."""
    found = [note.what for note in dataset.notes if note.key in MIXED]
    return {"group": found[0]} if found else {}


def _goes_on(values: np.ndarray) -> bool:
    """Do numbers mostly grow from row to row, as the times of a log do? How long something took does not."""
    return bool((np.diff(values) >= 0).mean() >= MOSTLY_ONWARD)


def _cut(src: str, options: dict[str, Any]) -> dict[str, int] | None:
    """How a table can be cut into windows in time; None where times repeat, so that it is no log."""
    found: dict[str, int] = {}
    for rows in (ROWS, FEW_ROWS):
        whole: dict[str, Any] = options | {"window": rows}
        log = load_data(src, **whole)
        if any(note.key == "back_and_forth" for note in log.notes):
            return None
        found = {"window": rows}
        if len(log) >= WINDOWS:
            return found
    # They overlap, so that a year of weeks is more than a handful of examples.
    return found | {"step": max(1, FEW_ROWS * len(log) // WINDOWS)}
