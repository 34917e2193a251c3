"""Plots: arrays and words in, matplotlib figures out."""

from __future__ import annotations

from .curves import curves, histograms
from .pictures import film, grid, passage, strips
from .scatter import scatter
from .style import DPI, PALETTE, png

__all__ = [
    "DPI",
    "PALETTE",
    "curves",
    "film",
    "grid",
    "histograms",
    "passage",
    "png",
    "scatter",
    "strips",
]
