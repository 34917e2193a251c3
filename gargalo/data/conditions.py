"""Conditions: what a conditional model is told of an example beside its latent, numbers or names, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ..errors import DataError, must, unknown
from .columns import Column, texts_of
from .splits import TRAIN

__all__ = ["Condition", "Conditions", "Found", "encoded", "filled_in", "lacking", "listed", "named"]

Found = Sequence[tuple[Column, np.ndarray]]
"""What each condition is, and its value in each row, (n,) float32: a number, the index of a name, or NaN for none."""


class Condition(BaseModel):
    """What one condition is: a number, or one of several names.

    Attributes
    ----------
    name : str
    categories : tuple of str
        The names, which a model is told one-hot; empty for a number.
    mean, deviation : float
        Of a number in the training rows: a model is told it standardised by these.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    categories: tuple[str, ...] = ()
    mean: float = 0.0
    deviation: Annotated[float, Field(gt=0)] = 1.0

    @property
    def kind(self) -> Literal["number", "category"]:
        """As that of a `Column`: "number" or "category"."""
        return "category" if self.categories else "number"

    @property
    def size(self) -> int:
        """How many numbers a model is told."""
        return len(self.categories) or 1

    def values(self, given: object, n: int, parameter: str = "condition") -> np.ndarray:
        """Read what people give for it: one value, or one for each row.

        Parameters
        ----------
        given : name, number, or (n,) of them
        n : int
            Rows.
        parameter : str
            What it was given as, for messages; where that is no "label", a name stands in them as NAME=VALUE.

        Returns
        -------
        ndarray, (n,), float32
            The number, or the index of the name.

        Raises
        ------
        ParameterError
            For a name that is not among `categories`, what is no finite number, or another count of values.
        """
        mine = "" if parameter == "label" else f"{self.name}="
        flat = np.ravel(np.asarray(given))
        if len(flat) not in (1, n):
            what = "name" if self.categories else "number"
            shown = (texts_of(flat) if self.categories else flat).tolist()
            raise must(parameter, f"one {what}, or {n}" + (f", for {self.name}" if mine else ""), shown)
        if self.categories:
            names, where = np.unique(texts_of(flat), return_inverse=True)
            places = {name: i for i, name in enumerate(self.categories)}
            if lacking := [name for name in names.tolist() if name not in places]:
                raise unknown(parameter, mine + lacking[0], [mine + name for name in self.categories])
            found = np.array([places[name] for name in names.tolist()], np.float32)[where.ravel()]
        else:
            try:
                found = flat.astype(np.float64).astype(np.float32)
            except (TypeError, ValueError):
                found = np.full(1, np.nan, np.float32)
            if not np.isfinite(found).all():
                raise must(parameter, f"a finite number, for {self.name}", given)
        return np.broadcast_to(found, (n,))


@dataclass(frozen=True, eq=False)
class Conditions:
    """The conditions of examples.

    Attributes
    ----------
    known : tuple of k Condition
        What each is.
    raw : ndarray, (n, k), float32
        Numbers in their own unit, names as their indices.
    """

    known: tuple[Condition, ...]
    raw: np.ndarray

    @classmethod
    def of(cls, found: Found, split: np.ndarray, name: str, like: tuple[Condition, ...] = ()) -> Conditions:
        """Make conditions of columns.

        Parameters
        ----------
        found : sequence of k (Column, (n,) float32)
        split : ndarray, (n,)
            0 for a training row, as `SPLITS` has it; by these numbers are standardised.
        name : str
            What people call the data, for messages.
        like : tuple of Condition
            Those that a model was trained with; empty for none.

        Returns
        -------
        Conditions
            Where there are such, those of `like`, in their order.

        Raises
        ------
        DataError
            For a value that is missing, a condition that never changes, or one of `like` that is not there or has
            other names.
        """
        rows = split == TRAIN if (split == TRAIN).any() else np.ones(len(split), bool)
        known = []
        for column, values in found:
            if missing := int((~np.isfinite(values)).sum()):
                raise DataError(
                    f"{name}: expected a value of condition {column.name!r} in every row. Found {missing} of"
                    f" {len(values)} without; fill them in, or leave these rows out."
                )
            seen = values[rows].astype(np.float64)
            if not like and (seen == seen[0]).all():
                raise DataError(
                    f"{name}: expected a condition that varies in the training rows. Found {column.name!r} to be the"
                    " same in all; leave it out."
                )
            scale: dict[str, Any] = {"categories": column.categories}
            if column.kind == "number":
                scale = {"mean": float(seen.mean()), "deviation": float(seen.std()) or 1.0}
            known.append(Condition(name=column.name, **scale))
        made = cls(tuple(known), np.stack([values for _, values in found], 1).astype(np.float32))
        return made.under(like, name) if like else made

    @cached_property
    def encoded(self) -> np.ndarray:
        """What a model is told, (n, c) float32; see `encoded`."""
        return encoded(self.known, self.raw)

    def take(self, rows: np.ndarray) -> Conditions:
        """Take those of some examples, in the order given.

        Parameters
        ----------
        rows : ndarray, (m,), int

        Returns
        -------
        Conditions
        """
        return Conditions(self.known, self.raw[rows])

    def under(self, known: tuple[Condition, ...], name: str) -> Conditions:
        """Write the same values as a model was trained to be told them: in its order, with its names and scales.

        Parameters
        ----------
        known : tuple of Condition
            Those of the model.
        name : str
            What people call the data, for messages.

        Returns
        -------
        Conditions

        Raises
        ------
        DataError
            For a condition that is not there, names where there were numbers, or a name that training did not have.
        """
        if known == self.known:
            return self
        mine, columns = {one.name: i for i, one in enumerate(self.known)}, []
        for one in known:
            if one.name not in mine:
                raise lacking(one.name, list(mine), name)
            there, values = self.known[mine[one.name]], self.raw[:, mine[one.name]]
            if one.categories != there.categories:
                if not one.categories:
                    raise DataError(f"{name}: expected numbers in condition {one.name!r}, as in training. Found names.")
                names = np.array(there.categories, object)[values.astype(int)] if there.categories else values
                if others := sorted({*texts_of(names).tolist()} - {*one.categories}):
                    raise DataError(
                        f"{name}: expected condition {one.name!r} to be one of {', '.join(one.categories)}. Found"
                        f" {others[0]!r}."
                    )
                values = one.values(names, len(names))
            columns.append(values)
        return Conditions(known, np.stack(columns, 1))


def lacking(wanted: str, there: Sequence[str], name: str) -> DataError:
    """Make the error for a condition that new data do not have, to be raised by the caller.

    Parameters
    ----------
    wanted : str
        Its name.
    there : sequence of str
        What they have.
    name : str
        What people call the data.

    Returns
    -------
    DataError
    """
    return DataError(
        f"{name}: expected {wanted!r}, which the model is told beside the latent. Found {', '.join(there) or 'none'}."
    )


def encoded(known: Sequence[Condition], raw: np.ndarray) -> np.ndarray:
    """Write conditions as a model is told them: numbers standardised, names one-hot.

    Parameters
    ----------
    known : sequence of k Condition
    raw : ndarray, (n, k)
        See `Conditions`.

    Returns
    -------
    ndarray, (n, c), float32
    """
    blocks = [
        np.eye(one.size, dtype=np.float32)[raw[:, i].astype(int)]
        if one.categories
        else ((raw[:, i, None].astype(np.float64) - one.mean) / one.deviation).astype(np.float32)
        for i, one in enumerate(known)
    ]
    return np.concatenate(blocks, 1)


def named(known: Sequence[Condition], given: Mapping[str, object], n: int, parameter: str = "condition") -> np.ndarray:
    """Read the conditions that people ask for by name.

    Parameters
    ----------
    known : sequence of k Condition
    given : mapping
        By name: a value, or (n,) values.
    n : int
        Rows.
    parameter : str
        What they were given as, for messages.

    Returns
    -------
    ndarray, (n, k), float32
        See `Conditions`; NaN for what was not given.

    Raises
    ------
    ParameterError
        For a name that is unknown, and as `Condition.values` does.
    """
    names = [one.name for one in known]
    for name in given:
        if name not in names:
            raise unknown(parameter, name, names)
    raw = np.full((n, len(known)), np.nan, np.float32)
    for i, one in enumerate(known):
        if one.name in given:
            raw[:, i] = one.values(given[one.name], n, parameter)
    return raw


def filled_in(known: Sequence[Condition], raw: np.ndarray, seen: np.ndarray, seed: int) -> np.ndarray:
    """Give conditions that were not asked for the values of examples that were seen, all of a row from one example.

    Parameters
    ----------
    known : sequence of k Condition
    raw : ndarray, (n, k)
        NaN for what was not asked for.
    seen : ndarray, (m, k)
        Conditions of examples. A row is drawn from those with the names that were asked for, where there are such.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray, (n, k)
        Without NaN.
    """
    rng = np.random.default_rng(seed)
    fixed = [i for i, one in enumerate(known) if one.categories and not np.isnan(raw[:, i]).any()]
    asked, member = np.zeros((1, 0), np.float32), np.zeros(len(raw), int)
    if fixed:
        asked, member = np.unique(raw[:, fixed], axis=0, return_inverse=True)
    drawn = np.empty_like(raw)
    for group, names in enumerate(asked):
        rows, alike = np.flatnonzero(member.ravel() == group), np.flatnonzero((seen[:, fixed] == names).all(axis=1))
        alike = alike if len(alike) else np.arange(len(seen))
        drawn[rows] = seen[alike[rng.integers(len(alike), size=len(rows))]]
    return np.where(np.isnan(raw), drawn, raw)


def listed(known: Sequence[Condition]) -> str:
    """Conditions in words: the name of each, and the values that it may have.

    Parameters
    ----------
    known : sequence of Condition

    Returns
    -------
    str
        Such as "species (one of Adelie, Gentoo), age (a number)".
    """
    return ", ".join(
        f"{one.name} ({'one of ' + ', '.join(one.categories) if one.categories else 'a number'})" for one in known
    )
