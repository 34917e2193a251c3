"""What people see of an example that is no picture itself: photos beside vectors that were made of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ..errors import DataError, option
from .dataset import Dataset, Pictures
from .notes import Note
from .readers.folder import natural, read_folder
from .readers.reader import Request
from .reading import Reading

__all__ = ["shown"]


def shown(dataset: Dataset, reading: Reading) -> Dataset:
    """Give each example a picture for people to see, from the folder that `reading` names.

    Pictures are found by the ids of the examples, as paths in the folder, with or without their suffix; else,
    where ids are only row numbers, pictures are taken in the order of their paths, and there must be one for each
    example. Where the sub-folders are labels, and the data have none, they become those of the examples.

    Parameters
    ----------
    dataset : Dataset
    reading : Reading
        `display` is the folder; `size`, `color` and `fit` say how its pictures are read.

    Returns
    -------
    Dataset
        With `display`, and perhaps labels; `dataset` itself where `reading` names no folder.

    Raises
    ------
    DataError
        For a folder that is not there or has no pictures that can be read, an example without a picture, or another
        number of pictures where their order counts.
    """
    if reading.display is None:
        return dataset
    if not Path(reading.display).is_dir():
        raise DataError(f"{reading.display}: expected a folder of pictures for {option('display')}. Found none there.")
    choices = Reading(size=reading.size, color=reading.color, fit=reading.fit, depth="8")
    photos = read_folder(Path(reading.display), Request(choices))
    where = f"{reading.display}: expected a picture for each of the {len(dataset)} examples of {dataset.name}."
    rows = {}
    for row, path in enumerate(photos.ids):
        rows.setdefault(path.rpartition(".")[0], row)
        rows[path] = row
    if all(name in rows for name in dataset.ids):
        order = np.array([rows[name] for name in dataset.ids])
    elif len(photos) == len(dataset) and list(dataset.ids) == [str(i) for i in range(len(dataset))]:
        # By path, whatever parts their folders say.
        order = np.array(sorted(range(len(photos)), key=lambda row: natural(photos.ids[row])))
    else:
        lacking = next((name for name in dataset.ids if name not in rows), "none")
        hint = f"{option('id')} names the column that they are called by"
        raise DataError(f"{where} Found {len(photos)}, and none called {lacking}; {hint}.")
    dataset = dataclasses.replace(dataset, display=Pictures(photos.x, order))
    if dataset.y is not None or photos.y is None:
        return dataset
    names, y = np.unique(np.array(photos.class_names)[photos.y[order]], return_inverse=True)
    note = Note(key="display_labels", count=len(names), what=reading.display)
    return dataclasses.replace(
        dataset, y=y.astype(np.int64), class_names=tuple(map(str, names)), notes=(*dataset.notes, note)
    )
