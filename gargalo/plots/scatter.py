"""Points on a plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from .style import INK, PALETTE, figure, styled

__all__ = ["scatter"]


def scatter(
    panels: Sequence[tuple[str, np.ndarray]],
    y: np.ndarray | None = None,
    names: Sequence[str] = (),
    *,
    others: Sequence[tuple[str, np.ndarray]] = (),
    axes_names: tuple[str, str] | None = None,
    size: float = 4.0,
) -> Figure:
    """Panels of points side by side, coloured by label; each label's name stands in its middle.

    Parameters
    ----------
    panels : sequence of (str, ndarray)
        Titles, and points (n, 2).
    y : ndarray or None, (n,), int
        Labels of the points, the same for every panel.
    names : sequence of str
        The name of each label, at its number; needed with `y`, and cut to 14 characters.
    others : sequence of (str, ndarray)
        Names, and further points (m, 2), drawn on every panel as crosses.
    axes_names : (str, str) or None
        Without them, axes are bare: on a map by neighbours they mean nothing.
    size : float
        Inches to a side of one panel.

    Returns
    -------
    Figure
    """
    with styled():
        drawn = figure(size * len(panels), size + 0.3)
        for ax, (title, points) in zip(drawn.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _points(ax, points, y, names)
            for name, extra in others:
                ax.scatter(*extra.T, s=16, marker="x", linewidths=0.9, color=INK, label=name)
            if others:
                ax.legend(loc="upper right")
            ax.set_title(title)
            ax.set_aspect("equal", adjustable="datalim")
            if axes_names:
                ax.set_xlabel(axes_names[0])
                ax.set_ylabel(axes_names[1])
            else:
                ax.set_xticks([])
                ax.set_yticks([])
                ax.spines[:].set_visible(False)
        return drawn


def _points(ax: Axes, points: np.ndarray, y: np.ndarray | None, names: Sequence[str]) -> None:
    colours = PALETTE[0] if y is None else [PALETTE[label % len(PALETTE)] for label in y]
    ax.scatter(*points.T, s=9, c=colours, linewidths=0, alpha=0.75)
    if y is None:
        return
    for label in np.unique(y):
        # The point nearest the median, not the median itself, which may lie between two groups.
        own = points[y == label]
        at = own[np.linalg.norm(own - np.median(own, axis=0), axis=1).argmin()]
        style = {"ha": "center", "va": "center", "fontsize": 12, "fontweight": "bold"}
        # A label such as $x_$ is a name, not mathematics.
        text = ax.annotate(str(names[label])[:14], tuple(at), parse_math=False, **style)
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])
