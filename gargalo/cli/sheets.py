"""Sheets of examples, for people to look at."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..io.files import write_whole
from ..io.images import as_bytes, sheet

if TYPE_CHECKING:
    from ..runs import Run

__all__ = ["drawn", "write_beside"]

COLUMNS = 12
"""Examples beside each other on a sheet."""


def drawn(examples: np.ndarray, run: Run) -> Any:
    """Draw a sheet of examples: pictures, or rows of numbers as bars or lines, twelve beside each other.

    Parameters
    ----------
    examples : ndarray, (n, …)
        As `Run.look` gives them.
    run : Run

    Returns
    -------
    PIL image
    """
    if run.drawn_as == "pixels":
        return _sheet(examples)
    return _strips([examples[at : at + COLUMNS] for at in range(0, len(examples), COLUMNS)], run)


def _strips(rows: Sequence[np.ndarray], run: Run) -> Any:
    """Rows of numbers as a figure of bars or lines, as a PIL image."""
    from PIL import Image

    from .. import plots

    named = [("", row) for row in rows]
    return Image.open(io.BytesIO(plots.png(plots.strips(named, run.drawn_as, run.drawn_names))))


def _sheet(images: np.ndarray, columns: int = COLUMNS) -> Any:
    """Images as one PIL image of at most so many columns, large enough to be seen."""
    from PIL import Image

    return Image.fromarray(sheet(as_bytes(images), min(columns, len(images))))


def write_beside(out: Path, rows: Sequence[np.ndarray], run: Run) -> Path:
    """Write a sheet on which what was made of examples stands below them.

    Parameters
    ----------
    out : Path
        `.png`.
    rows : sequence of ndarray, (n, *raw_shape) each
        The examples, and below them what was made of them; at most 12 beside each other.
    run : Run
        Of whose kind the examples are.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    GargaloError
        Where it cannot be written.
    """
    n = len(rows[0])
    seen = [run.look(row) for row in rows]
    blocks = [[row[at : at + COLUMNS] for row in seen] for at in range(0, n, COLUMNS)]
    if run.drawn_as != "pixels":
        return write_whole(out, lambda file: _strips([row for block in blocks for row in block], run).save(file))
    columns = min(COLUMNS, n)
    white = [255 if row.dtype == np.uint8 else 1 for row in seen]
    lines = [
        np.concatenate([row, np.full((columns - len(row), *row.shape[1:]), paper, row.dtype)])
        for block in blocks
        for row, paper in zip(block, white, strict=True)
    ]
    return write_whole(out, lambda file: _sheet(np.concatenate(lines), columns).save(file))
