"""Examples side by side: strips, grids, the way through the bottleneck; drawn as pixels, as bars or as lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import CARETDOWN, CARETUP
from matplotlib.patches import FancyArrow, Polygon

from ..io.images import image_grid
from .keys import Key, inches, limits_of, line_style
from .style import INK, PALETTE, QUIET, figure, styled

__all__ = ["grid", "passage", "strips"]

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, width and height."""

GAP = 0.02
"""Between a cell of side 1 and what is drawn in it."""

WIDTH = 10.5
"""Of the way through the bottleneck, whose rows are 1 high."""

MOST_APART = 64
"""Numbers that are drawn with a gap between them; between more, the gaps would hide them."""

NOTE, NOTE_LINE, SCALE, ABOVE = 8, 0.16, 0.3, 0.05
"""Points of a note below examples, inches of a line of it, and inches of the scale beside them; and inches above, where
half of a number of that scale may stand."""


def _place(
    ax: Axes,
    example: np.ndarray,
    box: Box,
    drawn_as: str = "pixels",
    limits: tuple[float, float] = (0.0, 1.0),
    channels: int = 1,
) -> None:
    """One example in a box of axes whose y grows downwards: pixels (h, w[, c]), bars (p,) or lines (t * channels,).

    Pixels are uint8, or floats in [0, 1], and keep their shape within the box. Bars go from 0 to each number, and a
    line through all of its channel, within `limits` (low, high), which hold 0, so that several can be compared. What
    goes on beyond them ends in a triangle.
    """
    left, top, width, height = box
    if drawn_as != "pixels":
        low, high = limits
        within = np.clip(np.append(example, 0.0), low, high)
        heights = (high - within) / (high - low or 1.0) * height + top
        if drawn_as == "bars":
            tops, edges = heights[:-1], np.linspace(left, left + width, len(example) + 1)
            if len(tops) <= MOST_APART:
                # Between two bars a gap, a bar of no height: equal ones beside each other would look like one.
                tops = np.stack([tops, np.full(len(tops), heights[-1])], 1).ravel()
                edges = np.append(np.stack([edges[:-1], edges[:-1] + 0.88 * np.diff(edges)], 1).ravel(), edges[-1])
            ax.stairs(tops, edges, baseline=heights[-1], fill=True, color=PALETTE[0])
        ax.plot([left, left + width], heights[[-1, -1]], color=QUIET, linewidth=0.5)
        for channel in range(channels if drawn_as == "lines" else 0):
            line = heights[channel:-1:channels]
            ax.plot(np.linspace(left, left + width, len(line)), line, linewidth=0.9, **line_style(channel))
        p = len(example) if drawn_as == "bars" else -(-len(example) // channels)
        slots = (np.arange(p) + 0.5) / p if drawn_as == "bars" else np.linspace(0, 1, p)
        for beyond, end, mark in ((example > high, top, CARETUP), (example < low, top + height, CARETDOWN)):
            at = slots[np.flatnonzero(beyond) // (1 if drawn_as == "bars" else channels)]
            if len(at):
                # With its tip at the bound: nothing of it is cut off by the edge of the picture.
                style = {"linestyle": "", "color": PALETTE[2], "markersize": 3, "markeredgewidth": 0}
                ax.plot(left + at * width, np.full(len(at), end), marker=mark, **style)
        return
    pixels = example[..., 0] if example.shape[2:] == (1,) else example
    h, w = pixels.shape[:2]
    scale = min(width / w, height / h)
    left, top = left + (width - w * scale) / 2, top + (height - h * scale) / 2
    extent = (left, left + w * scale, top + h * scale, top)
    ax.imshow(pixels, vmin=0, vmax=255 if pixels.dtype == np.uint8 else 1, extent=extent)


def _bare(ax: Axes) -> None:
    """Axes without ticks and frame."""
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_visible(False)


def strips(
    rows: Sequence[tuple[str, np.ndarray]],
    drawn_as: str = "pixels",
    names: Sequence[str] = (),
    size: float = 0.86,
    note: str = "",
) -> Figure:
    """Rows of examples, one under the other, each with its name on the left.

    Parameters
    ----------
    rows : sequence of (str, ndarray)
        Names, and examples (n, *raw_shape); n may differ. Bars and lines have one range in all rows, which holds 0 and
        is told on the right; what is far beyond all others ends in a triangle (`is_cut`).
    drawn_as : "pixels", "bars" or "lines"
        How one example is drawn.
    names : sequence of str
        Of the bars, which have them below the last row, or numbers and a key where they do not fit; or of each channel
        that is a line.
    size : float
        Inches to a side of one; few that are lines are larger.
    note : str
        Sentences below all.

    Returns
    -------
    Figure
    """
    columns = max(len(examples) for _, examples in rows)
    channels, gap = max(1, len(names)), GAP if drawn_as == "pixels" else 3 * GAP
    limits = (0.0, 1.0) if drawn_as == "pixels" else limits_of([examples for _, examples in rows])
    size, height = max(size, min(10.5 / columns, 2.2) if drawn_as == "lines" else 0), _height(rows[0][1], drawn_as)
    with styled():
        left = max((inches(name) + 0.2 for name, _ in rows if name.strip()), default=0.0)
        key = Key(names, drawn_as, size * (1 - 2 * gap))
        right = 0.0 if drawn_as == "pixels" else SCALE
        wide, high = max(left + size * columns + right, key.width, 3.6 if note else 0.0), size * height * len(rows)
        told, told_high = _wrapped(note, wide)
        below = key.height(wide - left) + told_high
        total = high + below + (0.0 if drawn_as == "pixels" else ABOVE)
        drawn = figure(wide, total)
        drawn.set_layout_engine("none")
        # One pair of axes for all: a pair for each example would take most of a report's time.
        ax = drawn.add_axes((left / wide, below / total, size * columns / wide, high / total))
        _bare(ax)
        for row, (_, examples) in enumerate(rows):
            for column, example in enumerate(examples):
                box = (column + gap, row * height + GAP, 1 - 2 * gap, height - 2 * GAP)
                _place(ax, example, box, drawn_as, limits, channels)
            if drawn_as != "pixels":
                _scale(ax, (len(examples) - gap, row * height + GAP, height - 2 * GAP), limits)
        ax.set(xlim=(0, columns), ylim=(len(rows) * height, 0), aspect="equal")
        ax.set_yticks((np.arange(len(rows)) + 0.5) * height, [name for name, _ in rows])
        ax.tick_params(axis="y", length=0, pad=8, labelcolor=INK)
        for column in range(len(rows[-1][1])):
            key.write_bars(ax, (column + gap, len(rows) * height, 1 - 2 * gap))
        key.write_lines(drawn, (left / wide, told_high / total))
        drawn.text(0.04 / wide, told_high / total / 2, told, fontsize=NOTE, color=QUIET, va="center")
        return drawn


def _wrapped(note: str, width: float) -> tuple[str, float]:
    """A note in lines of so many inches, and the inches that they are high."""
    lines = textwrap.wrap(note, int(width / inches("x", NOTE) * 0.95))
    return "\n".join(lines), NOTE_LINE * len(lines) + 0.1 if lines else 0.0


def _height(examples: np.ndarray, drawn_as: str) -> float:
    """Of one example, whose width is 1."""
    if drawn_as != "pixels":
        return 0.7 if drawn_as == "lines" else 1.0
    h, w = examples.shape[1:3]
    return min(1.0, max(h / w, 0.3))


def _scale(ax: Axes, beside: tuple[float, float, float], limits: tuple[float, float]) -> None:
    """Whole numbers on the right of an example that begins so high and is so high: 0, and one on each side of it."""
    left, top, height = beside
    low, high = limits
    for end in (low, 0.0, high):
        # The largest of 1, 2, 5, 10, 20 … that is within the range: whole, so that no decimal mark is needed.
        steps = [a * 10**b for b in range(7) for a in (1, 2, 5) if a * 10**b <= abs(end)]
        if (value := steps[-1] if steps else 0) or not end:
            at = (high - np.copysign(value, end)) / (high - low or 1.0) * height + top
            ax.plot([left, left + 0.03], [at, at], color=QUIET, linewidth=0.6, clip_on=False)
            text = f"{'−' if end < 0 else ''}{value:,}".replace(",", " ")
            ax.text(left + 0.06, at, text, fontsize=6, color=QUIET, va="center")


def grid(examples: np.ndarray, columns: int, size: float = 0.275, xlabel: str = "", ylabel: str = "") -> Figure:
    """Pictures edge to edge, row by row.

    Parameters
    ----------
    examples : ndarray, (n, h, w) or (n, h, w, c)
        uint8, or floats in [0, 1]; c is 1, 3 or 4.
    columns : int >= 1
        Pictures in a row.
    size : float
        Inches of a picture's width.
    xlabel, ylabel : str

    Returns
    -------
    Figure
    """
    rows = -(-len(examples) // columns)
    h, w = examples.shape[1:3]
    sheet = image_grid(examples, columns)
    with styled():
        drawn = figure(size * columns + 0.4, size * rows * h / w + 0.4)
        ax = drawn.subplots()
        _bare(ax)
        _place(ax, sheet, (0, 0, *sheet.shape[1::-1]))
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
        return drawn


def passage(
    examples: np.ndarray,
    latents: np.ndarray,
    back: np.ndarray,
    words: tuple[str, str, str],
    drawn_as: str = "pixels",
    names: Sequence[str] = (),
) -> Figure:
    """Examples going through the bottleneck: picture -> a few numbers -> picture.

    Parameters
    ----------
    examples, back : ndarray, (n, *shape)
        What goes in, and what comes out.
    latents : ndarray, (n, d)
        What passes between.
    words : three str
        What stands above the three.
    drawn_as : "pixels", "bars" or "lines"
        How one example is drawn.
    names : sequence of str
        As for `strips`.

    Returns
    -------
    Figure
    """
    n, d = latents.shape
    limit = np.abs(latents).max() or 1.0
    seen = limits_of([examples, back])
    with styled():
        key = Key(names, drawn_as, 10 / WIDTH)
        above = 0.5 + 0.3 * max(word.count("\n") + 1 for word in words)
        drawn = figure(10, 0.9 * n + above + key.height(10))
        ax = drawn.subplots()
        _bare(ax)
        for row, (x, z, y) in enumerate(zip(examples, latents, back, strict=True)):
            _place(ax, x, (0, row + GAP, 1, 1 - 2 * GAP), drawn_as, seen, max(1, len(names)))
            _place(ax, y, (WIDTH - 1, row + GAP, 1, 1 - 2 * GAP), drawn_as, seen, max(1, len(names)))
            _funnel(ax, 1.25, row, (0.9, 0.25))
            _funnel(ax, WIDTH - 2, row, (0.25, 0.9))
            extent = (2.25, WIDTH - 2.25, row + 1 - GAP, row + GAP)
            ax.imshow(z[None], cmap="PuOr", vmin=-limit, vmax=limit, extent=extent)
        if d <= MOST_APART:
            ax.vlines(np.linspace(2.25, WIDTH - 2.25, d + 1)[1:-1], 0, n, color="white", linewidth=2)
        ax.set(xlim=(0, WIDTH), ylim=(n, 0), aspect="equal")
        for centre, word in zip((0.5, WIDTH / 2, WIDTH - 0.5), words, strict=True):
            ax.text(centre, -0.1, word, ha="center", va="bottom", fontsize=11, fontweight="bold")
        for left in (0, WIDTH - 1):
            key.write_bars(ax, (left, n, 1))
        key.write_lines(drawn)
        return drawn


def _funnel(ax: Axes, left: float, top: float, ends: tuple[float, float]) -> None:
    """A funnel in a box of 0.75 by 1, from one height to another, with an arrow in it."""
    a, b = ends[0] / 2, ends[1] / 2
    middle = top + 0.5
    corners = [(left, middle - a), (left, middle + a), (left + 0.75, middle + b), (left + 0.75, middle - b)]
    ax.add_patch(Polygon(corners, color="#dfe3ea"))
    arrow = {"width": 0.02, "head_width": 0.14, "head_length": 0.12, "length_includes_head": True}
    ax.add_patch(FancyArrow(left + 0.1, middle, 0.5, 0, color=INK, **arrow))
