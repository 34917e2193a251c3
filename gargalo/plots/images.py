"""Examples side by side: strips, grids, the way through the bottleneck; drawn as pixels or as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrow, Polygon

from ..io.images import image_grid
from .style import INK, PALETTE, QUIET, figure, styled

__all__ = ["grid", "passage", "strips"]

MOST_APART = 64
"""Numbers of a latent that are drawn with a gap between them; between more, the gaps would hide them."""


def show(ax: Axes, example: np.ndarray, drawn_as: str = "pixels", limits: tuple[float, float] | None = None) -> None:
    """One example on bare axes: (h, w) or (h, w, c) as "pixels", (p,) as "bars".

    Pixels are uint8, or floats in [0, 1]. Bars are drawn within `limits` (low, high), so that several can be compared.
    """
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_visible(False)
    if drawn_as == "bars":
        ax.bar(np.arange(len(example)), example, width=1.0, color=PALETTE[0])
        ax.axhline(0, color=QUIET, linewidth=0.5)
        ax.set_ylim(limits)
        return
    pixels = example[..., 0] if example.shape[2:] == (1,) else example
    ax.imshow(pixels, vmin=0, vmax=255 if pixels.dtype == np.uint8 else 1)


def strips(rows: Sequence[tuple[str, np.ndarray]], drawn_as: str = "pixels", size: float = 0.86) -> Figure:
    """Rows of examples, one under the other, each with its name on the left.

    Parameters
    ----------
    rows : sequence of (str, ndarray)
        Names, and examples (n, *raw_shape); n may differ. Bars have one range in all rows, which holds 0.
    drawn_as : "pixels" or "bars"
        How one example is drawn.
    size : float
        Inches to a side of one.

    Returns
    -------
    Figure
    """
    columns = max(len(examples) for _, examples in rows)
    limits = None
    if drawn_as == "bars":
        ends = [(np.nanmin(examples), np.nanmax(examples)) for _, examples in rows]
        limits = min(0.0, *(float(low) for low, _ in ends)), max(0.0, *(float(high) for _, high in ends))
    with styled():
        drawn = figure(1.9 + size * columns, size * len(rows))
        axes = drawn.subplots(len(rows), columns, squeeze=False, gridspec_kw={"wspace": 0.03, "hspace": 0.06})
        for line, (name, examples) in zip(axes, rows, strict=True):
            for ax, example in zip(line, examples, strict=False):
                show(ax, example, drawn_as, limits)
            for ax in line[len(examples) :]:
                ax.set_axis_off()
            line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
        return drawn


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
        show(ax, sheet)
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
        return drawn


def passage(
    examples: np.ndarray,
    latents: np.ndarray,
    back: np.ndarray,
    words: tuple[str, str, str],
    drawn_as: str = "pixels",
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
    drawn_as : "pixels" or "bars"
        How one example is drawn.

    Returns
    -------
    Figure
    """
    n, d = latents.shape
    limit = np.abs(latents).max() or 1.0
    seen = np.nanmin([examples, back]), np.nanmax([examples, back])
    with styled():
        drawn = figure(10, 0.9 * n + 0.7)
        axes = drawn.subplots(n, 5, squeeze=False, width_ratios=[1, 0.55, 3.6, 0.55, 1])
        for line, x, z, y in zip(axes, examples, latents, back, strict=True):
            show(line[0], x, drawn_as, seen)
            show(line[4], y, drawn_as, seen)
            line[2].imshow(z[None], cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
            line[2].set_yticks([])
            line[2].set_xticks(np.arange(-0.5, d) if d <= MOST_APART else [], [])
            line[2].tick_params(length=0)
            line[2].grid(axis="x", color="white", linewidth=2)
            line[2].margins(0)
            for spine in line[2].spines.values():
                spine.set_visible(False)
            _arrow(line[1], (0.9, 0.25))
            _arrow(line[3], (0.25, 0.9))
        for column, word in zip((0, 2, 4), words, strict=True):
            axes[0, column].set_title(word)
        return drawn


def _arrow(ax: Axes, ends: tuple[float, float]) -> None:
    """A funnel from one height to another, with an arrow in it."""
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_axis_off()
    corners = [
        (0, 0.5 - ends[0] / 2),
        (0, 0.5 + ends[0] / 2),
        (0.75, 0.5 + ends[1] / 2),
        (0.75, 0.5 - ends[1] / 2),
    ]
    ax.add_patch(Polygon(corners, color="#dfe3ea"))
    arrow = {"width": 0.02, "head_width": 0.14, "head_length": 0.12, "length_includes_head": True}
    ax.add_patch(FancyArrow(0.1, 0.5, 0.5, 0, color=INK, **arrow))
