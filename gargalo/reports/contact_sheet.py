"""A contact sheet: some examples of a dataset, to see what is in it before anything is trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import plots
from ..data import Dataset
from ..data.log import per_channel
from ..data.sparse import SparseRows
from ..lang import Words
from .wording import names_of

__all__ = ["contact_sheet"]


def contact_sheet(dataset: Dataset, words: Words) -> bytes:
    """Rows of up to ten examples as a PNG: one for each of the first 12 labels, or five where there are none.

    They are drawn by a fixed seed. Numbers are standardised column by column, and what is missing stands at the mean;
    windows of a log channel by channel, and lines have a gap there. Below noisy examples stand their clean partners.

    Parameters
    ----------
    dataset : Dataset
        What is shown is its `display`, where there is one.
    words : Words
        Of what is said of rows, and below bars and lines.

    Returns
    -------
    bytes
    """
    rows: list[tuple[str, np.ndarray]] = []
    draws = np.random.default_rng(0)
    middle, spread = np.zeros(1), np.ones(1)
    shown: Any = dataset.x
    modality = dataset.spec.modality
    drawn_as = "pixels" if dataset.display is not None else modality.drawn_as
    called: list[str] = []
    if drawn_as != "pixels":
        if isinstance(shown, SparseRows):
            middle, spread = shown.spread()
        else:
            middle, spread = np.nanmean(shown, axis=0), np.nanstd(shown, axis=0)
        spread[spread == 0] = 1
        called = [column.name for column in dataset.columns or ()]
    if drawn_as == "lines":
        called = list(modality.names(dataset.spec))
        middle, spread = per_channel(middle, np.nanstd(np.asarray(shown), axis=0), len(called) or 1)
    middle, spread = _by_names(dataset, middle, spread)
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
        picked = [(name, dataset.look(chosen) if dataset.display is None else np.asarray(dataset.display[chosen]))]
        if dataset.clean is not None:
            picked = [(f"{name} {words('noisy')}".strip(), picked[0][1])]
            picked.append((f"{name} {words('clean')}".strip(), dataset.targets().look(chosen)))
        for title, some in picked:
            if drawn_as != "pixels":
                some = (some - middle) / spread
                some = some if drawn_as == "lines" else np.nan_to_num(some)
            rows.append((title, some))
    note = _note(dataset, drawn_as, [some for _, some in rows], words)
    return plots.png(plots.strips(rows, drawn_as, called, note=note), "," if words.lang == "pt" else ".")


def _by_names(dataset: Dataset, middle: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same, but that categories go from -1 to 1, as they do wherever else a run draws them in one bar or line."""
    for i, column in enumerate(dataset.columns or ()):
        if column.kind == "category" and len(middle) == len(dataset.columns or ()):
            half = (len(column.categories) - 1) / 2
            middle[i], spread[i] = half, half or 1.0
    return middle, spread


def _note(dataset: Dataset, drawn_as: str, drawn: list[np.ndarray], words: Words) -> str:
    """In which unit bars and lines are drawn, and what their triangles say; "" for pictures."""
    if drawn_as == "pixels":
        return ""
    say = words.speaking_of("windows", "rows") if drawn_as == "lines" else words.speaking_of("rows")
    told = say("bars")
    if names := names_of(dataset.spec):
        told += words.speaking_of("windows")("bars.categories", names=names)
    return (told + (say("bars.cut") if plots.is_cut(drawn, drawn_as) else "")).strip()
