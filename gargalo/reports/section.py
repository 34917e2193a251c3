"""What a section of the report is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import plots
from ..lang import Words
from ..runs import Run
from .wording import seen

__all__ = ["Picture", "Section", "Table", "picture", "strips"]


@dataclass(frozen=True)
class Picture:
    """A figure: the name of its file, before which the number of its section stands, its PNG, and what it shows."""

    name: str
    png: bytes
    caption: str

    @property
    def width(self) -> int:
        """Its width on a page, in CSS pixels: a PNG's width stands in its bytes 16 to 19."""
        return round(int.from_bytes(self.png[16:20]) * 96 / plots.DPI)


@dataclass(frozen=True)
class Table:
    """Column heads, rows that begin with their name, and what the numbers mean."""

    head: list[str]
    rows: list[list[str]]
    meaning: str


@dataclass(frozen=True)
class Section:
    """One section of the report. `key` names its texts, of which `lesson` may name another lesson."""

    key: str
    body: list[str]
    pictures: list[Picture] = field(default_factory=list)
    table: Table | None = None
    pads: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    python: str = ""
    lesson: str = ""


def picture(name: str, drawn: Any, words: Words, caption: str) -> Picture:
    """A figure as a section shows it, with the decimal mark of its language.

    Parameters
    ----------
    name : str
        Of its file, without the number of the section and the suffix.
    drawn : Figure
    words : Words
        Only its language is used.
    caption : str

    Returns
    -------
    Picture
    """
    return Picture(name, plots.png(drawn, "," if words.lang == "pt" else "."), caption)


def strips(name: str, run: Run, rows: Sequence[tuple[str, np.ndarray]], words: Words, caption: str) -> Picture:
    """Rows of examples as a section shows them; of what are no pictures the caption tells the unit.

    Parameters
    ----------
    name : str
        As for `picture`.
    run : Run
        Of whose kind the examples are.
    rows : sequence of (str, ndarray)
        Names, and examples as `Run.look` gives them.
    words : Words
        Speaking of its data.
    caption : str

    Returns
    -------
    Picture
    """
    drawn = plots.strips(rows, run.drawn_as, run.drawn_names)
    return picture(name, drawn, words, caption + seen(run, words, *(examples for _, examples in rows)))
