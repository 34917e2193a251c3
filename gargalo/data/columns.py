"""Columns of a table: what each holds, and how their values become numbers and names again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..errors import DataError, option
from .splits import TRAIN

__all__ = [
    "Column",
    "as_observed",
    "base",
    "folded",
    "impute",
    "measured",
    "named_values",
    "texts_of",
    "within_bounds",
]

MOST_DECIMALS = 6
"""Digits after the point beyond which a float32 keeps none of most numbers."""
MOST_LEVELS, LEAST_ROWS = 16, 5
"""Different numbers that a column of few has at most; and rows that each needs on average, to be more than chance."""


class Column(BaseModel):
    """One column of a table.

    Attributes
    ----------
    kind : "number" or "category"
    categories : tuple of str
        The names, of which a row holds the index.
    fill : float or None
        What stands for a missing value: the median, or the commonest category, of the training rows.
    low, high : float or None
        The least and the greatest number of the training rows; None for names, and where nobody looked.
    is_whole : bool
        Are all numbers of the training rows whole?
    decimals : int or None
        How many digits after the point the numbers of the training rows have; None for more than six.
    levels : tuple of float
        The numbers that occur in the training rows, ascending, where they are few.
    unit : str or None
        The sign of money or the unit that numbers were written with, in small letters.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    kind: Literal["number", "category"] = "number"
    categories: tuple[str, ...] = ()
    fill: float | None = None
    low: float | None = None
    high: float | None = None
    is_whole: bool = False
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = None
    levels: Annotated[tuple[float, ...], Field(max_length=MOST_LEVELS)] = ()
    unit: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Column:
        if bool(self.categories) != (self.kind == "category"):
            raise ValueError(f"expected names of a category, and of nothing else. Found {len(self.categories)}")
        if len({*self.categories}) < len(self.categories):
            raise ValueError("expected names of a category that differ. Found one twice")
        if (self.low is None) != (self.high is None) or (self.low or 0) > (self.high or 0):
            raise ValueError(f"expected a least and a greatest number. Found {self.low} and {self.high}")
        if any(b <= a for a, b in pairwise(self.levels)):
            raise ValueError("expected levels that ascend")
        if self.categories and self.fill is not None and self.fill not in range(len(self.categories)):
            raise ValueError(f"expected the index of a name to fill in. Found {self.fill}")
        return self


def measured(
    columns: Sequence[Column], x: np.ndarray, split: np.ndarray, window: int | None = None
) -> tuple[Column, ...]:
    """Look at what numbers the training rows have: from where to where, whole or not, few different ones or many.

    Parameters
    ----------
    columns : sequence of p Column
        Those that know it already keep what they know.
    x : ndarray, (n, p)
        NaN where a value is missing.
    split : ndarray, (n,)
        0 for a training row, as `SPLITS` has it.
    window : int or None
        Rows of a log in each row of x, of which a column is one, whenever it is looked at; None where these are no
        windows.

    Returns
    -------
    tuple of p Column
        Those of numbers with `low`, `high`, `is_whole` and `levels`.
    """
    rows, own = split == TRAIN, len(columns) // (window or 1)
    known = [_known_of(column, x[rows, i::own]) for i, column in enumerate(columns[:own])]
    return tuple(column.model_copy(update=known[i % own]) for i, column in enumerate(columns))


def _known_of(column: Column, values: np.ndarray) -> dict[str, Any]:
    """What is known of a column by its numbers; nothing where it is known already, or has none."""
    if column.kind != "number" or column.low is not None:
        return {}
    numbers, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    if not len(numbers):
        return {}
    are_few = len(numbers) <= min(MOST_LEVELS, counts.sum() / LEAST_ROWS)
    return {
        "low": float(numbers[0]),
        "high": float(numbers[-1]),
        "is_whole": bool((numbers == np.rint(numbers)).all()),
        "decimals": _decimals(numbers),
        "levels": tuple(map(float, numbers)) if are_few else (),
    }


def _decimals(numbers: np.ndarray) -> int | None:
    """How many digits after the point numbers have, of which a float32 keeps seven in all."""
    exact = numbers.astype(np.float64)
    near = 2 * np.finfo(np.float32).eps * np.abs(exact)
    return next((d for d in range(MOST_DECIMALS + 1) if (np.abs(np.round(exact, d) - exact) <= near).all()), None)


def within_bounds(columns: Sequence[Column], x: np.ndarray) -> np.ndarray:
    """Bring numbers within the bounds that were observed.

    Parameters
    ----------
    columns : sequence of p Column
    x : ndarray, (n, p)

    Returns
    -------
    ndarray, (n, p)
        A copy; categories and columns of which nothing is known are as they were.
    """
    low = [-np.inf if column.low is None else column.low for column in columns]
    high = [np.inf if column.high is None else column.high for column in columns]
    return np.clip(x, np.array(low, x.dtype), np.array(high, x.dtype))


def as_observed(columns: Sequence[Column], x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn drawn numbers into such as were observed: within bounds, and whole, or one of a few, where all were.

    They have no more digits after the point than those that were observed. A number between two that can be becomes
    one of them by chance, the nearer one more often, so that means stay.

    Parameters
    ----------
    columns : sequence of p Column
    x : ndarray, (n, p)
        What was drawn.
    rng : numpy.random.Generator
        Of that chance.

    Returns
    -------
    ndarray, (n, p)
        A copy; categories and columns of which nothing is known are as they were.
    """
    x = within_bounds(columns, x)
    for i, column in enumerate(columns):
        if column.low is None or column.high is None:
            continue
        values = x[:, i]
        if len(column.levels) > 1:
            levels = np.array(column.levels)
            above = np.clip(np.searchsorted(levels, values), 1, len(levels) - 1)
            low, high = levels[above - 1], levels[above]
            values = np.where(rng.random(len(x)) < (values - low) / (high - low), high, low)
        elif column.is_whole:
            values = np.floor(values + rng.random(len(x)))
        elif column.decimals is not None:
            values = np.round(values, column.decimals)
        x[:, i] = np.clip(values, column.low, column.high)
    return x


def impute(
    x: np.ndarray, how: str, columns: Sequence[Column], split: np.ndarray, name: str, window: int | None = None
) -> tuple[np.ndarray, tuple[Column, ...]]:
    """Fill missing values in with the median, or the commonest category, of the training rows.

    Parameters
    ----------
    x : ndarray, (n, p), float32
        NaN where a value is missing; filled in place under "median".
    how : "median" or "mask"
        Under "mask", `x` stays as it is, and only what would be filled in is found.
    columns : sequence of p Column
        Those that know their `fill` already keep it.
    split : ndarray, (n,)
        0 for a training row, as `SPLITS` has it. Where no row trains, the data are new, and all rows count as such.
    name : str
        What people call the data, for messages.
    window : int or None
        Rows of a log in each row of x, of which a column is one, whenever it is looked at: the same is filled in. None
        where these are no windows.

    Returns
    -------
    ndarray, (n, p), float32
        `x` itself.
    tuple of p Column
        Each with its `fill`; of new data under "mask", one without a single value may have none.

    Raises
    ------
    DataError
        For a column without a `fill` and without a single value in the training rows.
    """
    # Of new data none trains.
    is_new = not (split == TRAIN).any()
    rows, own = (split == TRAIN) | is_new, len(columns) // (window or 1)
    known: list[Column] = []
    for i, column in enumerate(columns):
        if column.fill is None and i >= own and known[i % own].fill is not None:
            column = column.model_copy(update={"fill": known[i % own].fill})
        elif column.fill is None:
            # Nothing was filled in yet that this looks at.
            values = x[rows, i::own]
            values = values[~np.isnan(values)]
            if not len(values) and is_new and how == "mask":
                known.append(column)
                continue
            if not len(values):
                raise DataError(
                    f"{name}: expected values in column {column.name!r}. Found none in the training rows;"
                    f" {option('ignore', column.name)} leaves it out."
                )
            common = np.bincount(values.astype(int)).argmax() if column.kind == "category" else np.median(values)
            column = column.model_copy(update={"fill": float(common)})
        if how == "median":
            missing = np.isnan(x[:, i])
            x[missing, i] = column.fill
        known.append(column)
    return x, tuple(known)


def named_values(columns: Sequence[Column], x: np.ndarray) -> dict[str, np.ndarray]:
    """Turn rows that a model gives back into columns by name: numbers, and categories by their names.

    Where no training row was below 0, nothing is: a model may give a little less than no rain.

    Parameters
    ----------
    columns : sequence of p Column
    x : ndarray, (n, p)
        A category is its index, or NaN where it is missing.

    Returns
    -------
    dict of ndarray, (n,)
        By the name of the column. Names of categories are str in an array of dtype object, "" for a missing one.
    """
    found = {}
    for i, column in enumerate(columns):
        values = x[:, i]
        if column.kind == "category":
            names = np.array([*column.categories, ""], object)
            # A missing one has no name.
            places = np.where(np.isnan(values), len(column.categories), values).astype(int)
            found[column.name] = names[places]
        else:
            found[column.name] = np.maximum(values, 0) if column.low is not None and column.low >= 0 else values
    return found


def base(columns: Sequence[Column], window: int | None) -> list[Column]:
    """Find the columns of the log itself from those of its windows.

    Parameters
    ----------
    columns : sequence of window * p Column
        "temperature[0]", "vibration[0]", "temperature[1]", …
    window : int or None
        Rows in a window; None where the data are no windows, and the columns stay as they are.

    Returns
    -------
    list of p Column
        "temperature", "vibration".
    """
    if not window:
        return list(columns)
    first = columns[: len(columns) // window]
    return [column.model_copy(update={"name": column.name.removesuffix("[0]")}) for column in first]


def folded(name: str) -> str:
    """What is left of a name where case and spaces make no difference.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
    """
    return " ".join(name.casefold().split())


def texts_of(values: np.ndarray) -> np.ndarray:
    """Write names as text: whole numbers without a point, truth in small letters, bytes decoded.

    Parameters
    ----------
    values : ndarray, (n,)

    Returns
    -------
    ndarray, (n,), str
    """
    if values.dtype.kind == "b":
        return np.char.lower(values.astype(str))
    if values.dtype.kind == "f" and (values == np.rint(values)).all():
        values = values.astype(np.int64)
    return np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values.astype(str)
