"""Plots: arrays and words in, matplotlib figures out."""

from __future__ import annotations

from .curves import bars, curves, histograms
from .pictures import film, grid, passage, save, strips
from .scatter import scatter
from .style import PALETTE, png

__all__ = [
    "PALETTE",
    "bars",
    "curves",
    "film",
    "grid",
    "histograms",
    "passage",
    "png",
    "save",
    "scatter",
    "strips",
]
