"""What bars and lines are called: names below bars, a key of lines by their colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath

from .style import PALETTE, QUIET

__all__ = ["Key", "inches", "line_style"]

DASHES = ("-", "--", ":")
COLOURS = PALETTE[:10]
MOST_LINES = len(COLOURS) * len(DASHES)
"""Channels that can be told apart."""
LETTERS = 18
"""Of a name, at most."""
SMALL, LINE = 6.5, 0.2
"""Points of the names below bars, and inches of a line of the key."""


def inches(text: str, size: float = 10) -> float:
    """Width of a text in so many points.

    Parameters
    ----------
    text : str
    size : float

    Returns
    -------
    float
    """
    return float(TextPath((0, 0), text, size=size).get_extents().width) / 72


def line_style(channel: int) -> dict[str, Any]:
    """Tell lines apart: by ten colours, then dashed, then dotted; those beyond are grey.

    Parameters
    ----------
    channel : int
        From 0.

    Returns
    -------
    dict
        Keywords of a matplotlib line.
    """
    if channel >= MOST_LINES:
        return {"color": QUIET, "alpha": 0.4}
    return {"color": COLOURS[channel % len(COLOURS)], "linestyle": DASHES[channel // len(COLOURS)]}


class Key:
    """The names of what one figure draws, and the room that they take.

    Parameters
    ----------
    names : sequence of str
        Of bars or of lines; they are cut to 18 letters.
    drawn_as : "pixels", "bars" or "lines"
    width : float
        Inches of one example. Names of bars that are too narrow are left out.
    """

    def __init__(self, names: Sequence[str], drawn_as: str, width: float):
        # A name between two dollars would be read as a formula, and a line break would make two lines of it.
        short = [" ".join(name.split()) for name in names]
        short = [name if len(name) <= LETTERS else name[: LETTERS - 1] + "…" for name in short]
        self.names = [name.replace("$", r"\$") for name in short]
        is_named = any(short)
        self.has_bars = is_named and drawn_as == "bars" and width / len(names) >= SMALL / 72
        self.has_lines = is_named and drawn_as == "lines"
        shown = [*self.names[:MOST_LINES], *([f"+{len(names) - MOST_LINES}"] if len(names) > MOST_LINES else [])]
        self.lines = shown if self.has_lines else []
        self.width = max((inches(name, 9) + 0.6 for name in self.lines), default=0.0)
        """Inches of a column of the key of lines."""

    def height(self, width: float) -> float:
        """Find the inches that names need below what is drawn.

        Parameters
        ----------
        width : float
            Inches that are there for a key of lines.

        Returns
        -------
        float
        """
        if self.has_bars:
            return max(inches(name, SMALL) for name in self.names) + 0.12
        if not self.has_lines:
            return 0.0
        return LINE * -(-len(self.lines) // self._columns(width)) + 0.1

    def _columns(self, width: float) -> int:
        """Of a key of lines in so many inches."""
        return max(1, min(len(self.lines), int(width / self.width)))

    def write_bars(self, ax: Axes, below: tuple[float, float, float]) -> None:
        """Write the name of each bar below it, from top to bottom.

        Parameters
        ----------
        ax : Axes
            Whose y grows downwards.
        below : (float, float, float)
            Where the bars begin, where the names do, and how wide all bars are.
        """
        if not self.has_bars:
            return
        left, top, width = below
        places = left + (np.arange(len(self.names)) + 0.5) * width / len(self.names)
        style: dict[str, Any] = {"rotation": 90, "ha": "center", "va": "top", "fontsize": SMALL, "color": QUIET}
        for place, name in zip(places, self.names, strict=True):
            ax.text(place, top + 0.04, name, **style)

    def write_lines(self, drawn: Figure, corner: tuple[float, float] | None = None) -> None:
        """Write the key of the lines.

        Parameters
        ----------
        drawn : Figure
        corner : (float, float) or None
            Its lower left corner in shares of the figure; without one, below what is drawn by a figure that finds its
            own layout.
        """
        if not self.has_lines:
            return
        handles = [Line2D([], [], label=name, **line_style(i)) for i, name in enumerate(self.lines)]
        style: dict[str, Any] = {"fontsize": 9, "handlelength": 1.4, "columnspacing": 1.2, "borderaxespad": 0.2}
        left = 0.0 if corner is None else corner[0]
        style |= {"handles": handles, "ncols": self._columns(drawn.get_figwidth() * (1 - left))}
        if corner is None:
            drawn.legend(loc="outside lower center", **style)
        else:
            drawn.legend(loc="lower left", bbox_to_anchor=corner, **style)
