"""What bars and lines are called: names or numbers below bars, a key of the numbers, or of lines by their colours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath

from .style import PALETTE, QUIET, printable

__all__ = ["FAR", "Key", "inches", "is_cut", "limits_of", "line_style"]

DASHES = ("-", "--", ":")
COLOURS = PALETTE[:10]
MOST_LINES = len(COLOURS) * len(DASHES)
"""Channels that can be told apart."""
LETTERS = 18
"""Of a name, at most."""
SMALL, LINE = 6.5, 0.2
"""Points of the names below bars, and inches of a line of the key."""
MOST_NUMBERED = 120
"""Bars whose names stand in a key."""
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
"""Of numbers below bars, the first with room for each number, 0.14 inches."""


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
    return float(TextPath((0, 0), printable(text), size=size).get_extents().width) / 72


FAR = 3.0
"""Times the size that nine of ten numbers stay below: so far bars and lines are drawn."""


def limits_of(examples: Sequence[np.ndarray]) -> tuple[float, float]:
    """Find how far bars and lines are drawn, so that one that is far larger does not make all others small.

    Parameters
    ----------
    examples : sequence of ndarray, (n, p)
        p may differ; NaN is left out.

    Returns
    -------
    (float, float)
        The least and the greatest number of all, and 0; neither farther from 0 than three times the absolute value
        that nine of ten numbers other than 0 stay below.
    """
    values = np.concatenate([np.asarray(some, float).ravel() for some in examples])
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not len(sizes):
        return 0.0, 0.0
    bound = FAR * float(np.quantile(sizes, 0.9, method="lower"))
    return max(-bound, min(0.0, float(np.nanmin(values)))), min(bound, max(0.0, float(np.nanmax(values))))


def is_cut(examples: Sequence[np.ndarray], drawn_as: str) -> bool:
    """Does a bar or a line of these go on beyond what is drawn?

    Parameters
    ----------
    examples : sequence of ndarray, (n, *shape)
    drawn_as : "pixels", "bars" or "lines"

    Returns
    -------
    bool
    """
    if drawn_as == "pixels" or not examples:
        return False
    low, high = limits_of(examples)
    return any(bool(np.nanmin(some) < low or np.nanmax(some) > high) for some in examples)


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


def _cut(names: Sequence[str]) -> list[str]:
    """Names of at most 18 letters; where several begin alike, as those of one category do, their ends are kept."""
    heads = [name if len(name) <= LETTERS else name[: LETTERS - 1] + "…" for name in names]
    often = Counter(heads)
    half = LETTERS // 2
    return [
        f"{name[: half - 1]}…{name[-half:]}" if len(name) > LETTERS and often[head] > 1 else head
        for name, head in zip(names, heads, strict=True)
    ]


class Key:
    """The names of what one figure draws, and the room that they take.

    Parameters
    ----------
    names : sequence of str
        Of bars or of lines; they are cut to 18 letters, so that they differ.
    drawn_as : "pixels", "bars" or "lines"
    width : float
        Inches of one example. Bars that are too narrow for names are numbered from 1, and a key tells their names.
    """

    def __init__(self, names: Sequence[str], drawn_as: str, width: float):
        # A line break would make two lines of a name.
        short = [" ".join(name.split()) for name in names]
        self.names = _cut(short)
        is_named = any(short)
        self.has_bars = is_named and drawn_as == "bars"
        self.is_numbered = self.has_bars and width / len(names) < SMALL / 72
        self.step = next((step for step in STEPS if step * width / max(1, len(names)) >= 0.14), STEPS[-1])
        # Figures of one width, and a blank as wide as one, so that names stand below each other.
        digits = len(str(len(names)))
        called = (
            [f"{i:\u2007>{digits}}  {name}" for i, name in enumerate(self.names, 1)] if self.is_numbered else self.names
        )
        most = MOST_NUMBERED if self.is_numbered else MOST_LINES
        has_key = self.is_numbered or (is_named and drawn_as == "lines")
        self.lines = [*called[:most], *([f"+{len(names) - most}"] if len(names) > most else [])] if has_key else []
        self.width = max((inches(name, 9) + 0.6 for name in self.lines), default=0.0)
        """Inches of a column of the key."""

    def height(self, width: float) -> float:
        """Find the inches that names need below what is drawn.

        Parameters
        ----------
        width : float
            Inches that are there for a key.

        Returns
        -------
        float
        """
        below = max(inches(name, SMALL) for name in self.names) + 0.12 if self.has_bars else 0.0
        if self.is_numbered:
            below = 0.2
        return below + (LINE * -(-len(self.lines) // self._columns(width)) + 0.1 if self.lines else 0.0)

    def _columns(self, width: float) -> int:
        """Of a key in so many inches."""
        return max(1, min(len(self.lines), int(width / self.width)))

    def write_bars(self, ax: Axes, below: tuple[float, float, float]) -> None:
        """Write the name of each bar below it, from top to bottom; or the numbers of some.

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
        if not self.is_numbered:
            for place, name in zip(places, self.names, strict=True):
                ax.text(place, top + 0.04, name, **style)
            return
        n, few = len(places), self.step <= 2
        # 1, 5, 10, …; where there is room for each number, or for each other one, 1, 2, 3, … or 1, 3, 5, …
        for number in range(1, n + 1, self.step) if few else [1, *range(self.step, n + 1, self.step)]:
            ax.plot([places[number - 1]] * 2, [top, top + 0.04], color=QUIET, linewidth=0.6, clip_on=False)
            ax.text(places[number - 1], top + 0.05, str(number), **style | {"rotation": 0, "fontsize": SMALL - 0.5})

    def write_lines(self, drawn: Figure, corner: tuple[float, float] | None = None) -> None:
        """Write the key of the lines, or of the numbers below bars.

        Parameters
        ----------
        drawn : Figure
        corner : (float, float) or None
            Its lower left corner in shares of the figure; without one, below what is drawn by a figure that finds its
            own layout.
        """
        if not self.lines:
            return
        style: dict[str, Any] = {"fontsize": 9, "handlelength": 1.4, "columnspacing": 1.2, "borderaxespad": 0.2}
        if self.is_numbered:
            handles = [Line2D([], [], linestyle="", label=name) for name in self.lines]
            style |= {"handlelength": 0, "handletextpad": 0}
        else:
            handles = [Line2D([], [], label=name, **line_style(i)) for i, name in enumerate(self.lines)]
        left = 0.0 if corner is None else corner[0]
        style |= {"handles": handles, "ncols": self._columns(drawn.get_figwidth() * (1 - left))}
        if corner is None:
            drawn.legend(loc="outside lower center", **style)
        else:
            drawn.legend(loc="lower left", bbox_to_anchor=corner, **style)
