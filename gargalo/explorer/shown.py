"""Which examples a site shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data import SPLITS, Dataset
from ..runs import Run

__all__ = ["MOST_POINTS", "Shown", "choose"]

MOST_POINTS = 20_000
"""Examples on the map where nothing else is asked for: a visitor waits for what is loaded."""
MOST_NUMBERS = 2**23
"""Latent numbers, and numbers of the rows themselves, of one run that a visitor is then asked to load."""


@dataclass(frozen=True)
class Shown:
    """Examples that are shown, of `of` in all.

    Attributes
    ----------
    x : ndarray, (n, *raw_shape);  y : ndarray or None, (n,);  ids : sequence of n str
    display : ndarray or None
        Pictures that stand for them, (n, h, w[, c]).
    split : ndarray, (n,), uint8
        0, 1 or 2: training, validation or test.
    is_kept : bool
        Are they those that a run keeps, rather than rows of all its data?
    key : str
        Which they are, in a word.
    are_rows : bool
        Is an example a row of numbers, rather than a picture?
    channels : tuple of str
        What the lines are called that rows are drawn as; () where they are drawn as bars.
    clean : ndarray or None, (n, *raw_shape)
        Their clean partners.
    """

    x: np.ndarray
    y: np.ndarray | None
    ids: Sequence[str]
    display: np.ndarray | None
    split: np.ndarray
    of: int
    is_kept: bool
    key: str
    are_rows: bool
    channels: tuple[str, ...] = ()
    clean: np.ndarray | None = None

    def part(self, rows: np.ndarray, class_names: tuple[str, ...] | None) -> Dataset:
        """Take some of the examples, with their labels.

        Parameters
        ----------
        rows : ndarray, (m,), int
            Their indices among those shown.
        class_names : tuple of str or None
            What each label is called.

        Returns
        -------
        Dataset
            m examples, without kind, columns or pictures: enough to be encoded.
        """
        y = None if self.y is None else np.asarray(self.y)[rows]
        x, ids = np.array(self.x[rows]), [self.ids[int(i)] for i in rows]
        clean = None if self.clean is None else self.clean[rows]
        return Dataset("shown", "", x, y, class_names, self.split[rows], ids, clean=clean)


def choose(runs: Sequence[Run], dataset: Dataset | None, points: int | None) -> Shown:
    """Choose examples of a dataset: of the test set first, then validation and training, drawn by a fixed seed.

    Parameters
    ----------
    runs : sequence of Run
        At least one, on the same data.
    dataset : Dataset or None
        Without one, the test examples that the first run keeps are chosen from.
    points : int or None
        How many at most. None is all that a run keeps; of a dataset 20,000, and fewer where latents or rows are long.

    Returns
    -------
    Shown
        In the order of the dataset.

    Raises
    ------
    RunError
        Without a dataset, for a run whose examples cannot be read.
    """
    spec = runs[0].recipe.data
    are_rows = spec.modality.drawn_as != "pixels"
    channels = tuple(spec.modality.names(spec)) if spec.modality.drawn_as == "lines" else ()
    if dataset is None:
        x, y, ids, display, clean, _ = runs[0].examples
        rows = _some(np.arange(len(x)), points or len(x), np.random.default_rng(0))
        return Shown(
            x[rows],
            None if y is None else y[rows],
            [ids[i] for i in rows],
            None if display is None else display[rows],
            np.full(len(rows), SPLITS["test"], np.uint8),
            sum(spec.counts.values()),
            is_kept=True,
            key=f"kept-{len(rows)}",
            are_rows=are_rows,
            channels=channels,
            clean=None if clean is None else clean[rows],
        )
    if points is None:
        longest = max(*(run.latent_size for run in runs), spec.size if are_rows else 1)
        points = max(2, min(MOST_POINTS, MOST_NUMBERS // longest))
    rows = _of_all_splits(dataset, points)
    return Shown(
        np.asarray(dataset.x[rows]),
        dataset.labels(rows),
        [dataset.ids[int(i)] for i in rows],
        None if dataset.display is None else dataset.display[rows],
        dataset.split[rows],
        len(dataset),
        is_kept=False,
        key=f"{dataset.fingerprint[:16]}-{len(rows)}",
        are_rows=are_rows,
        channels=channels,
        clean=None if dataset.clean is None else np.asarray(dataset.clean[rows]),
    )


def _of_all_splits(dataset: Dataset, most: int) -> np.ndarray:
    """At most so many examples, ascending: those of the test set first, then of the validation and the training set."""
    rng, chosen = np.random.default_rng(0), []
    for split in ("test", "validation", "train"):
        chosen.append(_some(dataset.rows(split), most, rng))
        most -= len(chosen[-1])
    return np.sort(np.concatenate(chosen))


def _some(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """At most so many of the rows, in order."""
    return rows if len(rows) <= most else np.sort(rng.permutation(rows)[:most])
