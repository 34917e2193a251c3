"""Pairs: the clean partner of each noisy example, found by its name or its row."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ..errors import DataError, option
from .dataset import Dataset
from .ids import RowNumbers
from .notes import Note
from .readers.pictures.glances import glance
from .readers.pictures.images import SUFFIXES, UnreadableError
from .sparse import SparseRows

__all__ = ["paired"]

SHOWN = 3
"""Examples without a partner that an error names."""
SAME_SHAPE = 0.01
"""How far the proportions of two pictures may be apart, both scaled to one size, and still show the same."""


def paired(noisy: Dataset, clean: Dataset, places: tuple[Path, Path] | None = None) -> Dataset:
    """Give each noisy example its clean partner: the one with its id or, where ids are row numbers, in its row.

    Of a picture the id is its path without the suffix.

    Parameters
    ----------
    noisy, clean : Dataset
        The second read as the first was.
    places : (Path, Path) or None
        Their folders, where they are pictures in folders.

    Returns
    -------
    Dataset
        `noisy`, with `clean`.

    Raises
    ------
    DataError
        For examples without a partner, of which the first are named; for partners of another shape or dtype.
    """
    if isinstance(clean.x, SparseRows) or isinstance(noisy.x, SparseRows):
        raise DataError(f"{clean.name}: expected arrays for {option('clean')}. Found a sparse matrix.")
    order = _order(noisy, clean)
    if clean.x.shape[1:] != noisy.x.shape[1:]:
        hint = f"; {option('size')} brings pictures to one size, {option('color')} to grey or colour"
        raise DataError(
            f"{clean.name}: expected clean examples of shape {noisy.x.shape[1:]}, as {noisy.name} has. Found"
            f" {clean.x.shape[1:]}{hint if noisy.kind == 'image' else ''}."
        )
    if clean.x.dtype != noisy.x.dtype and noisy.spec.modality.bounded:
        raise DataError(
            f"{clean.name}: expected clean examples of dtype {noisy.x.dtype}, as {noisy.name} has. Found"
            f" {clean.x.dtype}; save both as bytes, or both as floats in [0, 1]."
        )
    if unseen := [note.what for note in clean.notes if note.key == "unseen"]:
        raise DataError(
            f"{clean.name}: expected the names that {noisy.name} has. Found others in column {unseen[0]}; a model can"
            " only give back what is among its examples."
        )
    if places is not None:
        _must_have_one_shape(noisy, clean, order, places)
    as_they_are = len(order) == len(clean) and bool((order == np.arange(len(order))).all())
    note = Note(key="pairs", count=len(noisy), what=clean.name)
    partners = clean.x if as_they_are else clean.x[order]
    missing = noisy.missing or (noisy.columns is not None and bool(np.isnan(partners).any()))
    return dataclasses.replace(noisy, clean=partners, missing=missing, notes=(*noisy.notes, note))


def _order(noisy: Dataset, clean: Dataset) -> np.ndarray:
    """The row in `clean` of each noisy example's partner, (n,)."""
    by_row = isinstance(noisy.ids, RowNumbers) and isinstance(clean.ids, RowNumbers)
    if by_row and len(noisy) != len(clean):
        raise DataError(
            f"{clean.name}: expected {len(noisy)} clean examples, which pair with those of {noisy.name} row by row."
            f" Found {len(clean)}."
        )
    rows = {_plain(name): row for row, name in enumerate(clean.ids)}
    names = [_plain(name) for name in noisy.ids]
    if lacking := [name for name in names if name not in rows]:
        why = {_plain(path): reason for path, reason in clean.skipped}.get(lacking[0])
        raise DataError(
            f"{clean.name}: expected a clean partner for each of the {len(noisy)} examples of {noisy.name}. Found none"
            f" for {_first(lacking)}" + (f", which cannot be read ({why})." if why else ".")
        )
    known = {*names, *(_plain(path) for path, _ in noisy.skipped)}
    is_cut = any(note.key == "dropped" for note in noisy.notes)
    if not is_cut and (lonely := [name for name in rows if name not in known]):
        raise DataError(
            f"{noisy.name}: expected a noisy example for each of the {len(clean)} clean ones of {clean.name}. Found"
            f" none for {_first(lonely)}."
        )
    return np.array([rows[name] for name in names])


def _plain(name: str) -> str:
    """An id, of a picture without its suffix."""
    stem, _, suffix = name.rpartition(".")
    return stem if f".{suffix.lower()}" in SUFFIXES else name


def _first(names: list[str]) -> str:
    """How many there are, and the first of them."""
    return f"{len(names)}, the first {', '.join(map(repr, names[:SHOWN]))}"


def _must_have_one_shape(noisy: Dataset, clean: Dataset, order: np.ndarray, places: tuple[Path, Path]) -> None:
    """Refuse pictures of other proportions than their partners': cut to one size, they would not lie on each other."""
    if not any(note.key == "resized" for note in (*noisy.notes, *clean.notes)):
        return
    apart = []
    for name, row in zip(noisy.ids, order, strict=True):
        try:
            (h, w), (height, width) = (
                glance(folder / path, False)[0]
                for folder, path in zip(places, (name, clean.ids[int(row)]), strict=True)
            )
        except (OSError, UnreadableError):  # a name that is no text: it was read, and stays what it is
            continue
        if abs(h * width - height * w) > SAME_SHAPE * h * width:
            apart.append((name, f"{h} x {w}", f"{height} x {width}"))
    if apart:
        name, mine, theirs = apart[0]
        raise DataError(
            f"{clean.name}: expected clean pictures of the proportions of their partners in {noisy.name}. Found others"
            f" for {_first([name for name, *_ in apart])}: {mine} and {theirs}; cut them alike."
        )
