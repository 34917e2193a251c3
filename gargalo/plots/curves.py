"""Lines and histograms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .style import PALETTE, figure, styled

__all__ = ["curves", "histograms"]

Line = tuple[str, Sequence[float], Sequence[float]]
DASHES = ("-", "--", "-.", ":")


def curves(panels: Sequence[tuple[str, str, Sequence[Line]]], xlabel: str, width: float = 4.6) -> Figure:
    """Panels of lines side by side.

    Four lines differ in dashes as in colour; a fifth looks like the first.

    Parameters
    ----------
    panels : sequence of (str, str, sequence of Line)
        Title, label of the y axis, and at least one line (name, x, y), x and y of one length. Only whole numbers are
        marked on an x axis whose first line has no others.
    xlabel : str
        The same for every panel.
    width : float
        Inches of one panel.

    Returns
    -------
    Figure
    """
    with styled():
        drawn = figure(width * len(panels), 3.2)
        for ax, (title, ylabel, lines) in zip(drawn.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            for i, (name, x, y) in enumerate(lines):
                ax.plot(x, y, DASHES[i % 4], color=PALETTE[(0, 2, 4, 6)[i % 4]], label=name, linewidth=2)
            ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
            ax.xaxis.set_major_locator(MaxNLocator(integer=all(float(v).is_integer() for v in lines[0][1])))
            ax.grid(axis="y", color="#e6e9ef")
            if len(lines) > 1:
                ax.legend(loc="best")
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
