"""Lines, bars and histograms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .style import PALETTE, QUIET, figure, styled

__all__ = ["bars", "curves", "histograms"]

Line = tuple[str, Sequence[float], Sequence[float]]
DASHES = ("-", "--", "-.", ":")


def curves(panels: Sequence[tuple[str, str, Sequence[Line]]], xlabel: str, width: float = 4.6) -> Figure:
    """Panels of lines side by side.

    Four lines differ in dashes as in colour; a fifth looks like the first.

    Parameters
    ----------
    panels : sequence of (str, str, sequence of Line)
        Title, label of the y axis, and at least one line (name, x, y), x and y of one length; a single x is a dot. Only
        whole numbers are marked on an x axis whose first line has no others.
    xlabel : str
        The same for every panel.
    width : float
        Inches of one panel.

    Returns
    -------
    Figure
    """
    with styled():
        drawn = figure(width * len(panels), 3.8 if any(len(lines) > 1 for _, _, lines in panels) else 3.2)
        for ax, (title, ylabel, lines) in zip(drawn.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            for i, (name, x, y) in enumerate(lines):
                # A line of one point would not be seen.
                mark = "o" if len(set(x)) == 1 else None
                ax.plot(x, y, DASHES[i % 4], marker=mark, color=PALETTE[(0, 2, 4, 6)[i % 4]], label=name, linewidth=2)
            ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
            ax.xaxis.set_major_locator(MaxNLocator(integer=all(float(v).is_integer() for v in lines[0][1])))
            ax.grid(axis="y", color="#e6e9ef")
            if len(lines) > 1:  # below, where it covers no line
                ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
        return drawn


def histograms(samples: Sequence[tuple[str, np.ndarray]], xlabel: str, ylabel: str) -> Figure:
    """Several samples of one quantity over each other, as densities in 44 bins of equal width.

    Parameters
    ----------
    samples : sequence of (str, ndarray)
        Names, and finite values (n,); n may differ. The bins reach from the lowest of all to the highest. A fifth
        sample looks like the first.
    xlabel, ylabel : str

    Returns
    -------
    Figure
    """
    low = min(float(values.min()) for _, values in samples)
    high = max(float(values.max()) for _, values in samples)
    with styled():
        drawn = figure(4.6, 3.4)
        ax = drawn.subplots()
        for i, (name, values) in enumerate(samples):
            colour, hatch = PALETTE[(0, 1, 4, 2)[i % 4]], ("", "///", "...", "xx")[i % 4]
            bins = np.linspace(low, high, 45).tolist()
            ax.hist(values, bins, density=True, alpha=0.6, color=colour, hatch=hatch, edgecolor="white", label=name)
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.legend(loc="best")
        return drawn


def bars(names: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]], xlabel: str) -> Figure:
    """Horizontal bars, several for each name, from the top down in the order given.

    Parameters
    ----------
    names : sequence of n str
        Cut to 40 characters.
    series : sequence of (str, sequence of n float or None)
        A name for the legend, and a value for each of `names`, shown from -1 to 1; None is left out. A fifth series
        looks like the first.
    xlabel : str

    Returns
    -------
    Figure
    """
    thick = 0.8 / len(series)
    with styled():
        drawn = figure(7.2, 0.7 + 0.34 * len(names))
        ax = drawn.subplots()
        for i, (name, values) in enumerate(series):
            places = [at - 0.4 + thick * (i + 0.5) for at in range(len(names))]
            widths = [0.0 if value is None else max(-1.0, min(1.0, value)) for value in values]
            ax.barh(places, widths, 0.9 * thick, color=PALETTE[(0, 3, 4, 2)[i % 4]], label=name)
        # A name between two dollars would be read as a formula.
        ax.set_yticks(range(len(names)), [name[:40] for name in names])
        ax.set(xlabel=xlabel, ylim=(len(names) - 0.4, -0.6))
        ax.tick_params(axis="y", length=0)
        ax.axvline(0, color=QUIET, linewidth=0.8)
        ax.grid(axis="x", color="#e6e9ef")
        ax.set_axisbelow(True)
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
        return drawn
