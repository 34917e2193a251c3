"""Which examples a site shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data import Source
from ..data.source import PARTS
from ..run import Run

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
    parts : ndarray, (n,), uint8
        TRAIN, HELD or TEST.
    is_kept : bool
        Are they those that a run keeps, rather than rows of all its data?
    key : str
        Which they are, in a word.
    """

    x: np.ndarray
    y: np.ndarray | None
    ids: Sequence[str]
    display: np.ndarray | None
    parts: np.ndarray
    of: int
    is_kept: bool
    key: str


def choose(runs: Sequence[Run], source: Source | None, points: int | None) -> Shown:
    """The examples of a source, the test part first, then held-out and training ones, drawn by a fixed seed.

    Without a source they are the test examples that the first run keeps.
    """
    facts = runs[0].recipe.data
    if source is None:
        x, y, ids, display = runs[0].examples
        rows = _some(np.arange(len(x)), points or len(x), np.random.default_rng(0))
        return Shown(
            x[rows],
            None if y is None else y[rows],
            [ids[i] for i in rows],
            None if display is None else display[rows],
            np.full(len(rows), PARTS["test"], np.uint8),
            sum(facts.counts.values()),
            True,
            f"kept-{len(rows)}",
        )
    if points is None:
        longest = max(*(run.latent_size for run in runs), 1 if facts.is_image else facts.size)
        points = max(2, min(MOST_POINTS, MOST_NUMBERS // longest))
    rng, left, chosen = np.random.default_rng(0), points, []
    for part in ("test", "held", "train"):
        chosen.append(_some(source.rows(part), left, rng))
        left -= len(chosen[-1])
    rows = np.sort(np.concatenate(chosen))
    return Shown(
        np.asarray(source.x[rows]),
        source.labels(rows),
        [source.ids[int(i)] for i in rows],
        None if source.display is None else source.display[rows],
        source.split[rows],
        len(source),
        False,
        f"{source.fingerprint[:16]}-{len(rows)}",
    )


def _some(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """At most so many of the rows, in order."""
    return rows if len(rows) <= most else np.sort(rng.permutation(rows)[:most])
