"""What was measured of each column of a table: how well it comes back, and how like the data what is drawn is."""

from __future__ import annotations

import warnings
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ..data import Column, Dataset, DataSpec
from ..data.columns import base
from ..errors import GargaloWarning
from ..fitted import FittedModel
from ..latent import Prior
from ..metrics import Estimate
from ..metrics.columns import accuracy, copied, correlation_difference, distance, farthest_pair, r_squared
from .baseline import PCABaseline

__all__ = ["ColumnFigures", "ColumnTable", "Fidelity", "Figure", "column_table"]

MOST_COLUMNS = 1000
"""Columns that are told apart; of more, the figures of the whole say as much as anybody reads."""
FEWEST_DRAWS, MOST_ROWS = 2000, 5000
"""Rows that are drawn to be compared with the data, and training rows that they are compared with, at most."""


FIGURES = ConfigDict(frozen=True, allow_inf_nan=False)
Name = Annotated[str, Field(max_length=4096)]
Number = Annotated[float, Field(ge=-1e100, le=1e100)]
# What overflowed could not be measured, and JSON has no infinity.
Measured = Annotated[
    Number | None, BeforeValidator(lambda x: None if isinstance(x, float) and not abs(x) < 1e100 else x)
]


class Figure(BaseModel):
    """A figure with its 95 % interval; None is what could not be measured."""

    model_config = FIGURES

    value: Measured
    low: Measured = None
    high: Measured = None
    n: Annotated[int, Field(ge=0, lt=2**53)] | None = None


class ColumnFigures(BaseModel):
    """One column of a table, or one channel of a log.

    Attributes
    ----------
    name : str
    kind : "number" or "category"
    error : float or None
        Root mean squared error in the column's unit; of a category the share of wrong names. On test examples, as are
        all that follow but the last.
    score : Figure
        The share of its variance that comes back, R2; of a category the accuracy.
    pca : float or None
        The same of PCA with as many numbers.
    gain : Figure
        `score` less `pca`, paired by example.
    guess : float
        The same for who always says the mean of the training examples, 0, or their commonest name.
    stddev, drawn_stddev : float or None
        Of the training rows, and of draws; None for categories and for what is not drawn.
    distance, chance : float or None
        Of the distribution of draws to that of training rows, see `gargalo.metrics.columns.distance`; and of the test
        rows to it, which is what chance makes of rows of the same kind.
    """

    model_config = FIGURES

    name: Name
    kind: Literal["number", "category"]
    error: Measured
    score: Figure
    pca: Measured = None
    gain: Figure | None = None
    guess: Number = 0.0
    stddev: Measured = None
    drawn_stddev: Measured = None
    distance: Measured = None
    chance: Measured = None


class Pair(BaseModel):
    """Two columns, or names of categories, and how they go together in training rows and in draws.

    Attributes
    ----------
    names : (str, str)
        Of a category as "column=name".
    real, drawn : float
        Pearson's correlation, in [-1, 1]; a name of a category counts as 1 where a row has it, else as 0.
    """

    model_config = FIGURES

    names: tuple[Name, Name]
    real: Number
    drawn: Number


class Fidelity(BaseModel):
    """How like the data what is drawn is, as a whole; each figure also for the test rows, which are as real as can be.

    Attributes
    ----------
    prior : str
        Where latents were drawn from.
    draws : int
        How many rows were drawn.
    correlation, correlation_chance : float or None
        Mean difference of pairwise correlations to those of training rows, of draws and of test rows.
    farthest : Pair or None
        The pair whose correlation in draws is most unlike that in training rows.
    copied, copied_chance : float
        Share of draws, and of test rows, that are as good as a copy of a training row.
    """

    model_config = FIGURES

    prior: Name
    draws: Annotated[int, Field(ge=0, lt=2**53)]
    correlation: Measured
    correlation_chance: Measured
    copied: Number
    copied_chance: Number
    farthest: Pair | None = None


class ColumnTable(BaseModel):
    """Every column of a run's data, and its draws as a whole, where rows are drawn."""

    model_config = FIGURES

    columns: list[ColumnFigures] = Field(max_length=MOST_COLUMNS)
    fidelity: Fidelity | None = None

    @property
    def has_categories(self) -> bool:
        """Is any of the columns one of names?"""
        return any(column.kind == "category" for column in self.columns)

    def as_text(self) -> str:
        """The table as it stands in columns.json."""
        return self.model_dump_json(indent=1)


def column_table(
    fitted: FittedModel,
    rows: tuple[Dataset, Dataset],
    back: np.ndarray,
    pca: PCABaseline | None,
    draw_from: tuple[str, Prior] | None,
    spread: np.ndarray | None,
) -> ColumnTable | None:
    """Measure each column.

    Parameters
    ----------
    fitted : FittedModel
    rows : (Dataset, Dataset)
        Training and test rows.
    back : ndarray, (n, *x_shape)
        The test rows through the bottleneck and back, in model space.
    pca : PCABaseline or None
    draw_from : (str, Prior) or None
        Where latents are drawn from, and its name; None where nothing is drawn.
    spread : ndarray or None
        See `FittedModel.fit_spread`.

    Returns
    -------
    ColumnTable or None
        None for what has no columns, or more than 1,000.
    """
    train, test = rows
    columns, channels = _channels(fitted.spec)
    if fitted.spec.modality.drawn_as == "pixels" or len(columns) > MOST_COLUMNS:
        return None
    from_pca = None if pca is None else _raw(fitted, pca.back)
    raw = _raw(fitted, back)
    drawn = None
    if draw_from is not None and fitted.spec.modality.samples_are == "draws":
        n = max(FEWEST_DRAWS, len(test))
        drawn = fitted.drawing_as(train).sample(n, draw_from[1], spread=spread)
    found = []
    for column, places in zip(columns, channels, strict=True):
        known = _came_back(column, *(each[:, places] for each in (train.x, test.x, raw)))
        if from_pca is not None:
            known |= _beside_pca(column, *(each[:, places] for each in (train.x, test.x, raw, from_pca)))
        if drawn is not None:
            known |= _as_drawn(column, *(each[:, places] for each in (train.x, test.x, drawn)))
        found.append(ColumnFigures(name=column.name, kind=column.kind, **known))
    fidelity = None
    if drawn is not None and draw_from is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GargaloWarning)  # draws may be far from all data
            fidelity = _fidelity(fitted, train, test, drawn, draw_from[0])
    return ColumnTable(columns=found, fidelity=fidelity)


def _channels(spec: DataSpec) -> tuple[list[Column], list[slice]]:
    """The columns, and where the numbers of each stand in an example: in a window, one in each of its rows."""
    width = spec.size
    named = spec.columns or [Column(name=str(i)) for i in range(width)]
    window = spec.origin.reading.window if spec.kind == "series" and spec.origin else None
    columns = base(named, window)
    return columns, [slice(i, width, len(columns)) for i in range(len(columns))]


def _raw(fitted: FittedModel, x: np.ndarray) -> np.ndarray:
    """Model space as raw rows."""
    return fitted.codec.invert(torch.from_numpy(np.ascontiguousarray(x))).numpy()


def _guess(column: Column, train: np.ndarray) -> float:
    """What stands for every row: the mean of training rows, or their commonest category."""
    seen = train[np.isfinite(train)]
    if not len(seen):
        return 0.0
    return float(np.bincount(seen.astype(int)).argmax()) if column.kind == "category" else float(seen.mean())


def _came_back(column: Column, train: np.ndarray, test: np.ndarray, back: np.ndarray) -> dict[str, Any]:
    """Error and score of a column, and the score of who says the same of every row."""
    guess = _guess(column, train)
    if column.kind == "category":
        score = accuracy(test, back)
        guessed = accuracy(test, np.full_like(test, guess))
        return {"score": _figure(score), "error": _number(1 - score), "guess": _number(guessed) or 0.0}
    squares = np.square(back - test, dtype=np.float64)
    error = float(np.sqrt(squares[np.isfinite(squares)].mean())) if np.isfinite(squares).any() else None
    return {"score": _figure(r_squared(test, back, guess)), "error": error}


def _beside_pca(
    column: Column, train: np.ndarray, test: np.ndarray, back: np.ndarray, pca: np.ndarray
) -> dict[str, Any]:
    """PCA's score of a column, and what the model's is above it."""
    if column.kind == "category":
        return {"pca": _number(accuracy(test, pca)), "gain": _figure(accuracy(test, back, pca))}
    guess = _guess(column, train)
    return {"pca": _number(r_squared(test, pca, guess)), "gain": _figure(r_squared(test, back, guess, pca))}


def _as_drawn(column: Column, train: np.ndarray, test: np.ndarray, drawn: np.ndarray) -> dict[str, Any]:
    """How a column of draws is spread, and how far from the training rows'."""
    is_category = column.kind == "category"
    known = {
        "distance": _number(distance(train, drawn, is_category)),
        "chance": _number(distance(train, test, is_category)),
    }
    if not is_category and np.isfinite(train).any():
        known |= {"stddev": float(np.nanstd(train)), "drawn_stddev": float(drawn.std())}
    return known


def _fidelity(fitted: FittedModel, train: Dataset, test: Dataset, drawn: np.ndarray, prior: str) -> Fidelity:
    """Draws as a whole beside the training rows, and test rows beside them."""
    few = train.take(np.linspace(0, len(train) - 1, min(len(train), MOST_ROWS)).astype(int))
    known, real, new = (fitted.to_model_space(each) for each in (few, test, drawn))
    seen = [np.where(_observed(fitted, raw), x, np.nan) for raw, x in ((few, known), (test, real), (drawn, new))]
    return Fidelity(
        prior=prior,
        draws=len(drawn),
        correlation=_number(correlation_difference(seen[0], seen[2])),
        correlation_chance=_number(correlation_difference(seen[0], seen[1])),
        copied=copied(new, known).value,
        copied_chance=copied(real, known).value,
        farthest=_farthest(fitted.spec, seen[0], seen[2]),
    )


def _farthest(spec: DataSpec, known: np.ndarray, new: np.ndarray) -> Pair | None:
    """The pair of columns that go together least in draws as they do in the training rows."""
    columns = spec.columns or [Column(name=str(i)) for i in range(known.shape[1])]
    ordered = sorted(range(len(columns)), key=lambda i: columns[i].kind == "category")  # as in model space
    of = [(i, name) for i in ordered for name in columns[i].categories or ("",)]
    if (found := farthest_pair(known, new, np.array([i for i, _ in of]))) is None:
        return None
    first, second, real, drawn = found
    names = [columns[i].name + (f"={name}" if name else "") for i, name in (of[first], of[second])]
    return Pair(names=(names[0], names[1]), real=real, drawn=drawn)


def _observed(fitted: FittedModel, raw: Dataset | np.ndarray) -> np.ndarray:
    """Which values of model space were observed, to be used with np.where."""
    mask = fitted.observed(raw)
    return np.ones(1, bool) if mask is None else mask


def _figure(found: Estimate) -> Figure:
    return Figure.model_validate(found.as_json())


def _number(value: float) -> float | None:
    """A number as JSON has it."""
    return float(value) if np.isfinite(value) else None
