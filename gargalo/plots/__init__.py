"""Plots: arrays and words in, matplotlib figures out."""

from __future__ import annotations

from . import undisturbed  # isort: skip  # noqa: F401  before anything imports matplotlib
from .curves import bars, curves, histograms
from .images import grid, passage, strips
from .keys import is_cut
from .scatter import ringed, scatter
from .style import DPI, PALETTE, png

__all__ = [
    "DPI",
    "PALETTE",
    "bars",
    "curves",
    "grid",
    "histograms",
    "is_cut",
    "passage",
    "png",
    "ringed",
    "scatter",
    "strips",
]
