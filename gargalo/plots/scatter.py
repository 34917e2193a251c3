"""Points on a plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from .style import INK, PALETTE, QUIET, figure, styled

__all__ = ["ringed", "scatter"]

SHAPES = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "*")
"""Of points: in thirty colours each."""
MOST_WITHIN, BRIEF = 12, 3
"""Labels, and characters of a name, up to which names stand among the points, which longer ones would cover."""
KEY_LINES, LONGEST, KEY_WIDTH = 4.8, 20, 1.9
"""Labels in an inch of a key, characters of a name there, and inches that it takes."""
ROOM = 0.04
"""Share of a panel by which two names are apart at least."""
FEW = 400
"""Points up to which each is drawn larger."""


def scatter(
    panels: Sequence[tuple[str, np.ndarray]],
    y: np.ndarray | None = None,
    names: Sequence[str] = (),
    *,
    others: Sequence[tuple[str, np.ndarray]] = (),
    axes_names: tuple[str, str] | None = None,
    size: float = 4.0,
) -> Figure:
    """Panels of points side by side; each label has a colour and a shape of its own, up to three hundred labels.

    Few short names stand where their points are; others in a key beside the panels, the commonest first.

    Parameters
    ----------
    panels : sequence of (str, ndarray)
        Titles, and points (n, 2).
    y : ndarray or None, (n,), int
        Labels of the points, the same for every panel.
    names : sequence of str
        The name of each label, at its number; needed with `y`, and cut to 20 characters.
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
    shown = np.unique(y) if y is not None else np.empty(0, int)
    are_brief = len(shown) <= MOST_WITHIN and all(len(str(names[label])) <= BRIEF for label in shown)
    are_brief = are_brief and (y is None or all(_are_apart(points, y) for _, points in panels))
    key = [] if are_brief or y is None else _key(y, names, int(KEY_LINES * size))
    with styled():
        drawn = figure(size * len(panels) + (KEY_WIDTH if key else 0), size + 0.3)
        for ax, (title, points) in zip(drawn.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _points(ax, points, y)
            if y is not None and are_brief:
                _name(ax, points, y, names)
            for name, extra in others:
                ax.scatter(*extra.T, s=16, marker="x", linewidths=0.9, color=INK, label=name)
            ax.set_title(title)
            ax.set_aspect("equal", adjustable="datalim")
            if axes_names:
                ax.set_xlabel(axes_names[0])
                ax.set_ylabel(axes_names[1])
            else:
                ax.set_xticks([])
                ax.set_yticks([])
                ax.spines[:].set_visible(False)
        if others:
            # Below the panels, where it covers no point.
            drawn.legend(*drawn.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(others))
        if key:
            drawn.legend(handles=key, loc="outside right center", fontsize=9, handletextpad=0.2, labelspacing=0.3)
        return drawn


def ringed(drawn: Figure, panels: Sequence[tuple[str, np.ndarray]], n: int, names: tuple[str, str]) -> Figure:
    """Tell the first points of every panel from the others by a dark ring, and say below what ring and dot are.

    Parameters
    ----------
    drawn : Figure
        As `scatter` drew these panels.
    panels : sequence of (str, ndarray)
    n : int
        How many points have a ring; where that is all of them nothing is drawn.
    names : (str, str)
        Of points with a ring, and without.

    Returns
    -------
    Figure
        `drawn`.
    """
    if all(len(points) <= n for _, points in panels):
        return drawn
    ring: Any = {"marker": "o", "linewidths": 0.7, "edgecolors": INK}
    with styled():
        for ax, (_, points) in zip(drawn.axes, panels, strict=True):
            ax.scatter(*points[:n].T, s=14 if len(points) > FEW else 24, facecolors="none", zorder=3, **ring)
        dot: Any = {"linestyle": "", "marker": "o", "markersize": 6, "color": QUIET}
        told = [Line2D([], [], label=names[0], markeredgecolor=INK, **dot)]
        told.append(Line2D([], [], label=names[1], markeredgewidth=0, **dot))
        drawn.legend(handles=told, loc="outside lower center", ncols=2, fontsize=9)
    return drawn


def _look(label: int) -> tuple[str, str]:
    """The colour and the shape of a label's points: another pair for each of three hundred."""
    return PALETTE[label % len(PALETTE)], SHAPES[label // len(PALETTE) % len(SHAPES)]


def _key(y: np.ndarray, names: Sequence[str], most: int) -> list[Line2D]:
    """What each look means, the commonest labels first, in at most so many lines; and how many more there are."""
    counts = np.bincount(y)
    order = [int(label) for label in np.argsort(-counts, kind="stable") if counts[label]]
    told = order if len(order) <= most else order[: most - 1]
    key = []
    for label in told:
        colour, shape = _look(label)
        text = str(names[label])
        text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
        key.append(Line2D([], [], color=colour, marker=shape, linestyle="", markersize=6, label=text))
    if len(told) < len(order):
        key.append(Line2D([], [], linestyle="", label=f"+{len(order) - len(told)}"))
    return key


def _points(ax: Axes, points: np.ndarray, y: np.ndarray | None) -> None:
    """The points, each label in its own look."""
    size = 9 if len(points) > FEW else 16
    if y is None:
        ax.scatter(*points.T, s=size, c=PALETTE[0], linewidths=0, alpha=0.75)
        return
    for shape in dict.fromkeys(_look(int(label))[1] for label in np.unique(y)):
        # One call for all labels of a shape, in the order of the points, so that none lies over the others.
        own = np.array([_look(int(label))[1] == shape for label in y])
        colours = [_look(int(label))[0] for label in y[own]]
        ax.scatter(*points[own].T, s=size, c=colours, marker=shape, linewidths=0, alpha=0.75)


def _places(points: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where the name of each label stands, in the order of labels: at the point nearest its points' median.

    Not at the median itself, which may lie between two groups.
    """
    found = []
    for label in np.unique(y):
        own = points[y == label]
        found.append(own[np.linalg.norm(own - np.median(own, axis=0), axis=1).argmin()])
    return np.array(found)


def _are_apart(points: np.ndarray, y: np.ndarray) -> bool:
    """Is there room for a name in the middle of each label's points?"""
    places = _places(points, y) / max(float(np.ptp(points, axis=0).max()), 1e-30)
    distances = np.linalg.norm(places[:, None] - places, axis=2) + np.eye(len(places))
    return bool(distances.min() > ROOM)


def _name(ax: Axes, points: np.ndarray, y: np.ndarray, names: Sequence[str]) -> None:
    """The name of each label in the middle of its points."""
    for label, at in zip(np.unique(y), _places(points, y), strict=True):
        style = {"ha": "center", "va": "center", "fontsize": 12, "fontweight": "bold"}
        # A label such as $x_$ is a name, not mathematics.
        text = ax.annotate(str(names[label]), tuple(at), parse_math=False, **style)
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])
