"""Sheets of examples, for people to look at."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..io.files import write_whole
from ..io.images import GAP, as_bytes, sheet

if TYPE_CHECKING:
    from ..runs import Run

__all__ = ["drawn", "write_beside"]

COLUMNS = 12
"""Examples beside each other on a sheet."""
TYPE, PAD = 14, 8
"""Pixels of the names of rows of pictures, and beside them."""


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
    return _strips([("", examples[at : at + COLUMNS]) for at in range(0, len(examples), COLUMNS)], run)


def _strips(rows: Sequence[tuple[str, np.ndarray]], run: Run) -> Any:
    """Named rows of numbers as a figure of bars or lines, with what these are below, as a PIL image."""
    from PIL import Image

    from .. import plots
    from ..lang import words
    from ..reports.wording import seen, thing

    note = seen(run, words().speaking_of(*thing(run)), *(row for _, row in rows)).strip()
    return Image.open(io.BytesIO(plots.png(plots.strips(rows, run.drawn_as, run.drawn_names, note=note))))


def _sheet(images: np.ndarray, columns: int = COLUMNS) -> Any:
    """Images as one PIL image of at most so many columns, large enough to be seen."""
    from PIL import Image

    return Image.fromarray(sheet(as_bytes(images), min(columns, len(images))))


def _named(pixels: Any, names: Sequence[str]) -> Any:
    """A sheet with a margin on its left, where the names of its rows stand; its pixels stay as they are."""
    from PIL import Image, ImageDraw, ImageFont

    from ..plots.undisturbed import matplotlib

    font = ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", TYPE)
    margin = 2 * PAD + max(round(font.getlength(name)) for name in names)
    whole = Image.new("RGB" if pixels.mode == "L" else pixels.mode, (margin + pixels.width, pixels.height), "white")
    whole.paste(pixels, (margin, 0))
    high = (pixels.height + GAP) / len(names)
    for row, name in enumerate(names):
        middle = (margin - PAD, row * high + (high - GAP) / 2)
        ImageDraw.Draw(whole).text(middle, name, fill=(29, 36, 51), font=font, anchor="rm")
    return whole


def write_beside(out: Path, rows: Mapping[str, np.ndarray], run: Run) -> Path:
    """Write a sheet on which what was made of examples stands below them, each row with its name.

    Parameters
    ----------
    out : Path
        `.png`.
    rows : mapping of str to ndarray, (n, *raw_shape) each
        The examples, and below them what was made of them, by the key of their name in `gargalo.lang`; at most 12
        beside each other.
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
    from ..lang import words

    say = words()
    n = len(next(iter(rows.values())))
    seen = [(say(key), run.look(row)) for key, row in rows.items()]
    blocks = [[(name, row[at : at + COLUMNS]) for name, row in seen] for at in range(0, n, COLUMNS)]
    lines = [line for block in blocks for line in block]
    if run.drawn_as != "pixels":
        return write_whole(out, lambda file: _strips(lines, run).save(file))
    columns = min(COLUMNS, n)
    full = [
        np.concatenate(
            [row, np.full((columns - len(row), *row.shape[1:]), 255 if row.dtype == np.uint8 else 1, row.dtype)]
        )
        for _, row in lines
    ]
    drawn = _named(_sheet(np.concatenate(full), columns), [name for name, _ in lines])
    return write_whole(out, lambda file: drawn.save(file))
