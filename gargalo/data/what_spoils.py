"""What usually spoils a model, seen in the data alone: cheap enough to be told before every training."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..io.printed import in_one_line
from ..io.reporter import Reporter
from ..lang import brief
from .columns import folded
from .dataset import Dataset
from .log import stuck
from .notes import first_few
from .ranges import long_tail
from .readers.texts import UNKNOWN, abbreviated, alike_among, odd_among_numbers
from .sparse import are_counts, extent
from .splits import TEST, TRAIN, copies

__all__ = ["Spread", "label_counts", "spread_of", "tell_what_spoils", "what_spoils"]

FEW = 1000
"""Training examples below which a latent space is more rote than shape."""
UNEVEN = 10
"""How many times as frequent the commonest label, or name of a category, may be as the rarest."""
NEARLY_ALL = 0.95
"""Share of the rows in which a number that is the same leaves the others rare."""
FAR = 20
"""Standard deviations from the mean beyond which a number is more likely a mistake."""
MOST_TOLD = 5
"""Columns that are told of one by one."""
TELLING = 4
"""Numbers from which on it is no coincidence that two examples are equal."""
MANY_DROPPED, MOSTLY_MISSING = 0.2, 0.5
"""Shares of rows that are dropped, and of those in which a column has nothing."""
MANY_ZEROS = 0.2
"""Share of zeros among whole numbers from which on they are likely to be counts."""
ROWS_OF_A_LABEL = 5
"""Rows that a label has on average, at least, where numbers are labels and no measurements."""
MARK = re.compile(r"-?9{2,}|-9|-?9{3,4}\.25|-?9{2,}\.9+|-?3276[78]|-?214748364[78]")
"""Numbers that people write for what was not measured, where they are far from all others."""
ALONE = 3
"""How many times the range of all others a number must be away from them to be more likely a mistake, among few."""
COUNTING, LEAST_COUNTED = 0.95, 20
"""Share of steps of 1 from row to row from which on a column of so many rows only counts them, but for some copies."""
LABELS = ("label", "class", "target", "y")
MOST_SEEN = 2**30
"""Bytes of pictures of which each is looked at; to read more once more takes long."""
AT_ONCE = 2**22
"""Numbers that are looked at together."""


@dataclass(frozen=True)
class Spread:
    """How the numbers of each column are spread: arrays (p,); NaN where a column has none."""

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    stddev: np.ndarray
    missing: np.ndarray


def spread_of(x: np.ndarray) -> Spread:
    """Measure how the numbers of each column are spread.

    Parameters
    ----------
    x : ndarray, (n, p)
        NaN where a number is missing.

    Returns
    -------
    Spread
    """
    n, p = x.shape
    step = max(1, AT_ONCE // p)
    parts = [slice(start, start + step) for start in range(0, n, step)]
    low, high = np.full(p, np.nan), np.full(p, np.nan)
    there, total, squares = np.zeros(p, np.int64), np.zeros(p), np.zeros(p)
    for part in parts:
        low, high = (
            np.fmin(low, np.fmin.reduce(x[part], axis=0)),
            np.fmax(high, np.fmax.reduce(x[part], axis=0)),
        )
        there += (~np.isnan(x[part])).sum(axis=0)
        total += np.nansum(x[part], axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / there
        for part in parts:
            squares += np.nansum((x[part] - mean) ** 2, axis=0)
        return Spread(low, high, mean, np.sqrt(squares / there), n - there)


def label_counts(dataset: Dataset) -> dict[str, int] | None:
    """Count the examples of each label.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    dict of int, or None
        By the name of the label; None without labels.
    """
    if dataset.y is None:
        return None
    names = dataset.class_names or ()
    return dict(zip(names, map(int, np.bincount(dataset.y, minlength=len(names))), strict=True))


def what_spoils(
    dataset: Dataset, spread: Spread | None = None, alike: np.ndarray | None = None
) -> list[tuple[str, dict[str, Any]]]:
    """Find what usually spoils a model.

    Parameters
    ----------
    dataset : Dataset
    spread : Spread or None
        Of its columns, where it was measured before.
    alike : ndarray or None, (n,)
        What `copies` found in it, where it did.

    Returns
    -------
    list of (str, dict)
        A key of `lang` after "inspect.", and the values of its words.
    """
    told, train = [], dataset.spec.counts["train"]
    if train < FEW:
        reading = dataset.origin.reading if dataset.origin else None
        is_cut = reading is not None and reading.window is not None and (reading.step or reading.window) > 1
        told.append(("few.windows" if is_cut else "few", {"n": train}))
    if dataset.spec.size == 1:
        told.append(("single", {}))
    if dataset.spec.modality.axes and dataset.spec.ranges is None:
        told += _of_pictures(dataset)
    labels = label_counts(dataset)
    told += _of_labels(labels, dataset) if labels else []
    if dataset.clean is not None:  # whatever noise lies on it
        alike = copies(dataset.clean)
    alike = copies(dataset.x) if alike is None else alike
    both = np.intersect1d(alike[dataset.split == TRAIN], alike[dataset.split == TEST])
    if len(both) and not any(note.key == "coincidence" for note in dataset.notes):
        size = dataset.spec.size
        key, more = ("leak", {}) if size >= TELLING else ("leak.short", {"size": size})
        told.append((key, {"n": len(both)} | more))
    dropped = sum(note.count for note in dataset.notes if note.key == "dropped")
    if dropped > MANY_DROPPED * (total := dropped + len(dataset)):
        told.append(("dropped_many", {"n": dropped, "total": total}))
    # Of counts, the largest of a column are far from its mean by nature.
    if dataset.kind not in ("image", "counts") and isinstance(dataset.x, np.ndarray) and dataset.x.ndim == 2:
        told += _of_columns(dataset, spread or spread_of(dataset.x))
        told += _counted(dataset)
    if labels is None:
        likely = [i for i, column in enumerate(dataset.columns or ()) if column.name.lower() in LABELS]
        named = [dataset.columns[i].name for i in likely if dataset.columns and _may_be_label(dataset, i)]
        told += [("likely_label", {"column": named[0]})] if named else []
    return told


def tell_what_spoils(dataset: Dataset, reporter: Reporter) -> None:
    """Tell what usually spoils a model, a line each, in the language of who tells them.

    Parameters
    ----------
    dataset : Dataset
    reporter : Reporter
        Whose `line` is called for each.
    """
    say = reporter.say
    for key, values in what_spoils(dataset):
        reporter.line(in_one_line(f"gargalo: {dataset.name}: {say(f'inspect.{key}', **values)}"))


def _of_pictures(dataset: Dataset) -> list[tuple[str, dict[str, Any]]]:
    """Pictures of which there is little to see."""
    x, (low, high) = np.asarray(dataset.x), extent(dataset.x)
    if (high - low) < (64 if x.dtype == np.uint8 else 0.25):
        return [("flat", {"low": f"{low:g}", "high": f"{high:g}"})]
    if x.nbytes > MOST_SEEN:
        return []
    step = max(1, AT_ONCE // x[:1].size)
    parts = (x[start : start + step].reshape(-1, x[:1].size) for start in range(0, len(x), step))
    blank = np.flatnonzero(np.concatenate([part.max(axis=1) == part.min(axis=1) for part in parts]))
    what = first_few(dataset.ids[int(i)] for i in blank)
    return [("blank", {"n": len(blank), "what": what})] if len(blank) else []


def _of_labels(labels: dict[str, int], dataset: Dataset) -> Iterator[tuple[str, dict[str, Any]]]:
    """Labels that say nothing, or little."""
    there = {name: n for name, n in labels.items() if n}
    reading = dataset.origin.reading if dataset.origin and dataset.columns else None
    if reading and reading.label and (alike := alike_among(sorted(there))):
        yield "alike", {"column": reading.label, "what": alike}
        return  # the others count when these are one
    most, least = (pick(there, key=lambda name: there[name]) for pick in (max, min))
    if len(there) == 1:
        yield "one_label", {"label": most}
    elif there[most] >= UNEVEN * there[least]:
        yield "uneven", {"most": most, "n": there[most], "least": least, "m": there[least]}
    alone = [name for name, n in there.items() if n == 1]
    if alone:
        yield "alone", {"n": len(alone), "labels": ", ".join(alone[:5]) + (", …" if len(alone) > 5 else "")}


def _may_be_label(dataset: Dataset, i: int) -> bool:
    """Are the values of a column names, or few different whole numbers, and none is missing?"""
    values = np.asarray(dataset.x[:, i])
    return bool((values == np.round(values)).all()) and len(np.unique(values)) <= len(values) / ROWS_OF_A_LABEL


def _of_columns(dataset: Dataset, spread: Spread) -> Iterator[tuple[str, dict[str, Any]]]:
    """Columns with numbers far off, with values that are rare, or that only count rows."""
    columns = dataset.columns
    names = [column.name for column in columns] if columns else list(map(str, range(dataset.x.shape[1])))
    if dataset.kind == "series" and columns:  # a window has each column of its log many times
        own = list(dict.fromkeys(re.sub(r"\[\d+\]$", "", name) for name in names))
        names, spread = own, spread_of(np.asarray(dataset.x).reshape(-1, len(own)))
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.maximum(spread.high - spread.mean, spread.mean - spread.low) / spread.stddev
    far = np.flatnonzero((off > FAR) & (spread.stddev > 0))
    if dataset.kind == "table" and len(dataset.x) < FAR**2:  # of so few rows, none is as many deviations off
        far = np.flatnonzero([_is_alone(np.asarray(dataset.x)[:, i]) for i in range(len(names))])
    for i in far[:MOST_TOLD]:
        yield "far", {"column": names[i], "n": round(float(off[i]))}
    if len(far) > MOST_TOLD:
        yield "far_more", {"n": len(far) - MOST_TOLD}
    if dataset.kind in ("table", "series"):
        empty = spread.missing / len(dataset.x) / (dataset.x.shape[1] // len(names))
        for i in np.flatnonzero(empty > MOSTLY_MISSING)[:MOST_TOLD]:
            yield "mostly_missing", {"column": names[i], "share": f"{100 * empty[i]:.0f}"}
        yield from _marks(dataset, names, spread)
        yield from _stuck(dataset, names)
    if dataset.kind != "table":
        return
    for column in columns or ():
        for key, look in (("alike", alike_among), ("abbreviated", abbreviated), ("nearly_numbers", odd_among_numbers)):
            if what := look(column.categories):
                yield key, {"column": column.name, "what": what}
    single = [i for i in range(len(names)) if not (columns and alike_among(columns[i].categories))]
    if rare := [text for i in single if (text := _rare(dataset, i))]:
        more = f", +{len(rare) - MOST_TOLD}" if len(rare) > MOST_TOLD else ""
        yield "rare", {"what": ", ".join(rare[:MOST_TOLD]) + more, "n": len(dataset)}
    measured = [i for i, column in enumerate(columns or ()) if column.kind == "number" and i not in far]
    tails = ((names[i], found) for i in measured if (found := long_tail(np.asarray(dataset.x)[:, i])))
    for name, (median, most) in islice(tails, MOST_TOLD):
        yield "tail", {"column": name, "median": brief(median, 3), "most": brief(most, 3)}
    is_ordered = dataset.origin is not None and dataset.origin.reading.time is not None
    for i, name in enumerate([] if is_ordered else names):
        if len(names) <= len(dataset) and dataset.counts_rows(i):
            yield "counts_rows", {"column": name}
        elif columns and columns[i].kind == "number" and _mostly_counts(dataset.x[:, i]):
            yield "counts_mostly", {"column": name}


def _stuck(dataset: Dataset, names: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Sensors that give one number for very long, of rows in the order of time."""
    x, log = np.asarray(dataset.x), dataset.log
    if not (dataset.columns and dataset.origin and dataset.origin.reading.time):
        return
    rows = x if log is None else log.joined(x)[log.order]
    for i, name in enumerate(names):
        if dataset.columns[i].kind == "number" and (found := stuck(rows[:, i])):
            yield "stuck", {"column": name, "value": brief(found[0]), "n": found[1]}


def _marks(dataset: Dataset, names: Sequence[str], spread: Spread) -> Iterator[tuple[str, dict[str, Any]]]:
    """What stands for a missing value and was read as one: names, and numbers far from all others."""
    for column in (dataset.columns or ())[: len(names)]:
        marks = list({folded(name): name for name in column.categories if folded(name) in UNKNOWN}.values())
        if marks:
            options = " ".join(f"--missing {shlex.quote(mark)}" for mark in marks)
            name = re.sub(r"\[0\]$", "", column.name) if dataset.kind == "series" else column.name
            yield "marks", {"column": name, "what": ", ".join(map(repr, marks)), "options": options, "marks": marks}
    values = np.asarray(dataset.x).reshape(-1, len(names))
    for i, ends in enumerate(zip(spread.low.tolist(), spread.high.tolist(), strict=True)):
        for mark in ends:
            if MARK.fullmatch(f"{mark:.10g}") and _is_far(values[:, i], mark):
                yield "sentinel", {"column": names[i], "value": f"{mark:.10g}"}


def _is_alone(values: np.ndarray) -> bool:
    """Is the least or the greatest number far beyond all others, like a sum among its parts?"""
    values = np.sort(values[np.isfinite(values)])
    if len(values) < UNEVEN:
        return False
    inner = values[1:-1].max() - values[1:-1].min()
    return bool(inner > 0 and max(values[1] - values[0], values[-1] - values[-2]) > ALONE * inner)


def _is_far(values: np.ndarray, mark: float) -> bool:
    """Is a number so far from all others that it cannot be one of them?"""
    others = values[np.isfinite(values) & (values != np.float32(mark))]
    if not len(others):
        return False
    low, high = float(others.min()), float(others.max())
    return min(abs(mark - low), abs(mark - high)) > high - low or (mark <= -99 and low >= 0)


def _mostly_counts(values: np.ndarray) -> bool:
    """Does a column count rows, but for some that were copied or left out?"""
    return len(values) >= LEAST_COUNTED and bool((np.diff(values) == 1).mean() >= COUNTING)


def _counted(dataset: Dataset) -> Iterator[tuple[str, dict[str, Any]]]:
    """Whole numbers from 0 with many zeros, which are likely to say how often something was counted."""
    has_names = any(column.kind == "category" for column in dataset.columns or ())
    if dataset.kind not in ("vector", "table") or has_names:
        return
    zeros = 1 - np.count_nonzero(np.asarray(dataset.x)) / (len(dataset) * dataset.spec.size)
    low, high = extent(dataset.x)
    if zeros >= MANY_ZEROS and low == 0 and high > 1 and are_counts(dataset.x):
        yield "counts", {"share": f"{100 * zeros:.0f}"}


def _rare(dataset: Dataset, i: int) -> str | None:
    """What is rare in a column, and how often it is there."""
    values = dataset.x[:, i]
    values = values[~np.isnan(values)]
    column = dataset.columns[i] if dataset.columns else None
    if column is None or len(values) < UNEVEN:
        return None
    if column.kind == "category":
        counts = np.bincount(values.astype(int), minlength=len(column.categories))
        there = np.flatnonzero(counts)
        least = there[counts[there].argmin()]
        is_rare = counts.max() >= UNEVEN * counts[least]
        return f"{column.name} {column.categories[least]} ({counts[least]})" if is_rare else None
    usual = np.median(values)  # what is in more than half of the rows
    others = int((values != usual).sum())
    is_rare = 0 < others <= (1 - NEARLY_ALL) * len(values)
    return f"{column.name} ≠ {usual:g} ({others})" if is_rare else None
