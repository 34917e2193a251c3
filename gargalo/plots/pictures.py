"""Examples as pictures: strips, films, grids. Rows of numbers are drawn as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrow, Polygon

from .style import INK, PALETTE, QUIET, figure, styled

__all__ = ["film", "grid", "passage", "strips"]

MOST_APART = 64
"""Numbers of a latent that are drawn with a gap between them; between more, the gaps would hide them."""


def show(ax: Axes, example: np.ndarray, limits: tuple[float, float] | None = None) -> None:
    """One example, (h, w), (h, w, c) or (p,), on bare axes; bars within `limits`, so that they can be compared."""
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_visible(False)
    if example.ndim == 1:
        ax.bar(np.arange(len(example)), example, width=1.0, color=PALETTE[0])
        ax.axhline(0, color=QUIET, linewidth=0.5)
        ax.set_ylim(limits)
        return
    pixels = example[..., 0] if example.ndim == 3 and example.shape[-1] == 1 else example
    ax.imshow(pixels, vmin=0, vmax=255 if pixels.dtype == np.uint8 else 1)


def strips(rows: Sequence[tuple[str, np.ndarray]], size: float = 0.86) -> Figure:
    """Rows of examples (n, *raw_shape), one under the other, each with its name on the left."""
    columns = max(len(examples) for _, examples in rows)
    limits = None
    if rows[0][1].ndim == 2:
        ends = [(np.nanmin(examples), np.nanmax(examples)) for _, examples in rows]
        limits = min(0.0, *(float(low) for low, _ in ends)), max(0.0, *(float(high) for _, high in ends))
    with styled():
        drawn = figure(1.9 + size * columns, size * len(rows))
        axes = drawn.subplots(len(rows), columns, squeeze=False, gridspec_kw={"wspace": 0.03, "hspace": 0.06})
        for line, (name, examples) in zip(axes, rows, strict=True):
            for ax, example in zip(line, examples, strict=False):
                show(ax, example, limits)
            for ax in line[len(examples) :]:
                ax.set_axis_off()
            line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
        return drawn


def film(frames: np.ndarray, name: str = "") -> Figure:
    """One row of examples."""
    return strips([(name, frames)])


def grid(examples: np.ndarray, columns: int, size: float = 0.275, xlabel: str = "", ylabel: str = "") -> Figure:
    """Pictures (n, h, w[, c]) edge to edge, row by row."""
    rows = -(-len(examples) // columns)
    h, w = examples.shape[1:3]
    sheet = np.zeros((rows * h, columns * w, *examples.shape[3:]), examples.dtype)
    for i, example in enumerate(examples):
        r, c = divmod(i, columns)
        sheet[r * h : (r + 1) * h, c * w : (c + 1) * w] = example
    with styled():
        drawn = figure(size * columns + 0.4, size * rows * h / w + 0.4)
        ax = drawn.subplots()
        show(ax, sheet)
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
        return drawn


def passage(examples: np.ndarray, latents: np.ndarray, back: np.ndarray, words: tuple[str, str, str]) -> Figure:
    """Examples going through the bottleneck: picture -> a few numbers -> picture."""
    n, d = latents.shape
    limit = np.abs(latents).max() or 1.0
    seen = np.nanmin([examples, back]), np.nanmax([examples, back])
    with styled():
        drawn = figure(10, 0.9 * n + 0.7)
        axes = drawn.subplots(n, 5, squeeze=False, width_ratios=[1, 0.55, 3.6, 0.55, 1])
        for line, x, z, y in zip(axes, examples, latents, back, strict=True):
            show(line[0], x, seen)
            show(line[4], y, seen)
            line[2].imshow(z[None], cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
            line[2].set_yticks([])
            line[2].set_xticks(np.arange(-0.5, d) if d <= MOST_APART else [], [])
            line[2].tick_params(length=0)
            line[2].grid(axis="x", color="white", linewidth=2)
            line[2].margins(0)
            for spine in line[2].spines.values():
                spine.set_visible(False)
            for ax, narrows in ((line[1], True), (line[3], False)):
                ax.set(xlim=(0, 1), ylim=(0, 1))
                ax.set_axis_off()
                ends = (0.9, 0.25) if narrows else (0.25, 0.9)
                corners = [
                    (0, 0.5 - ends[0] / 2),
                    (0, 0.5 + ends[0] / 2),
                    (0.75, 0.5 + ends[1] / 2),
                    (0.75, 0.5 - ends[1] / 2),
                ]
                ax.add_patch(Polygon(corners, color="#dfe3ea"))
                ax.add_patch(
                    FancyArrow(
                        0.1,
                        0.5,
                        0.5,
                        0,
                        width=0.02,
                        head_width=0.14,
                        head_length=0.12,
                        color=INK,
                        length_includes_head=True,
                    )
                )
        for column, word in zip((0, 2, 4), words, strict=True):
            axes[0, column].set_title(word)
        return drawn
