"""A contact sheet: some examples of a dataset, to see what is in it before anything is trained."""

from __future__ import annotations

import numpy as np

from .. import plots
from ..data import Dataset
from ..lang import Words

__all__ = ["contact_sheet"]


def contact_sheet(dataset: Dataset, words: Words) -> bytes:
    """Rows of up to ten examples as a PNG: one for each of the first 12 labels, or five where there are none.

    They are drawn by a fixed seed. Numbers are standardised column by column, and what is missing stands at the mean.

    Parameters
    ----------
    dataset : Dataset
        What is shown is its `display`, where there is one.
    words : Words
        Only its language is used, for the decimal mark.

    Returns
    -------
    bytes
    """
    rows: list[tuple[str, np.ndarray]] = []
    draws = np.random.default_rng(0)
    middle, spread = np.zeros(1), np.ones(1)
    drawn_as = "pixels" if dataset.display is not None else dataset.spec.modality.drawn_as
    if drawn_as == "bars":
        middle, spread = np.nanmean(dataset.x, axis=0), np.nanstd(dataset.x, axis=0)
        spread[spread == 0] = 1
    if dataset.y is None:
        order = draws.permutation(len(dataset))[:50]
        groups = [("", order[at : at + 10]) for at in range(0, len(order), 10)]
    else:
        names = (dataset.class_names or ())[:12]
        groups = [(name, draws.permutation(np.flatnonzero(dataset.y == y))[:10]) for y, name in enumerate(names)]
    for name, some in groups:
        if not len(some):
            continue
        chosen = np.sort(some)
        picked = dataset.look(chosen) if dataset.display is None else np.asarray(dataset.display[chosen])
        if drawn_as == "bars":
            picked = np.nan_to_num((picked - middle) / spread)
        rows.append((name, picked))
    return plots.png(plots.strips(rows, drawn_as), "," if words.lang == "pt" else ".")
