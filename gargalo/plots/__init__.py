"""Plots: arrays and words in, matplotlib figures out."""

from __future__ import annotations

from .curves import bars, curves, histograms
from .images import grid, passage, strips
from .scatter import scatter
from .style import DPI, PALETTE, png

__all__ = [
    "DPI",
    "PALETTE",
    "bars",
    "curves",
    "grid",
    "histograms",
    "passage",
    "png",
    "scatter",
    "strips",
]
