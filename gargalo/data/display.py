"""What people see of an example that is no picture itself: photos beside vectors that were made of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ..errors import DataError
from .folder import natural, read_folder
from .reading import Reading
from .source import Pictures, Source

__all__ = ["shown"]


def shown(source: Source, reading: Reading) -> Source:
    """The source with a picture for each example, from the folder that `reading` names.

    Pictures are found by the ids of the examples, as paths in the folder, with or without their suffix; else,
    where ids are only row numbers, they are taken in the order of their paths, of which there must be as many.

    Raises
    ------
    DataError
        For another number of pictures, or an example without one.
    """
    if reading.display is None:
        return source
    photos = read_folder(Path(reading.display), Reading(size=reading.size, color=reading.color, fit=reading.fit))
    where = f"{reading.display}: expected a picture for each of the {len(source)} examples of {source.name}."
    rows = {}
    for row, path in enumerate(photos.ids):
        rows.setdefault(path.rpartition(".")[0], row)
        rows[path] = row
    if all(name in rows for name in source.ids):
        order = np.array([rows[name] for name in source.ids])
    elif len(photos) == len(source) and list(source.ids) == [str(i) for i in range(len(source))]:
        # By path, whatever parts their folders say.
        order = np.array(sorted(range(len(photos)), key=lambda row: natural(photos.ids[row])))
    else:
        lacking = next((name for name in source.ids if name not in rows), "none")
        raise DataError(f"{where} Found {len(photos)}, and none called {lacking}; --id COL names them.")
    return dataclasses.replace(source, display=Pictures(photos.x, order))
