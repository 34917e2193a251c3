"""Networks: tensors in, tensors out. Nothing here knows an objective."""

from __future__ import annotations

from .conv import conv, level_sizes
from .linear_path import WithLinearPath
from .mlp import linear_head, mlp
from .settings import NetSettings, Sizes, Start

__all__ = [
    "NetSettings",
    "Sizes",
    "Start",
    "WithLinearPath",
    "conv",
    "default_widths",
    "level_sizes",
    "linear_head",
    "mlp",
]

CONV_WIDTHS = (16, 48, 96, 128)
SMALLEST = 7
"""Levels are added while all sides of what they leave stay at least this long."""


def default_widths(net: str, sides: tuple[int, ...]) -> tuple[int, ...]:
    """Widths that suit most data.

    Parameters
    ----------
    net : "mlp", "conv" or "custom"
        For conv, at least two levels, 16, 48, 96 and then 128 channels wide; else (128, 64).
    sides : tuple of int
        Height and width of the images, of volumes also the depth; only conv looks at them.

    Returns
    -------
    tuple of int
        As `NetSettings.widths`.
    """
    if net != "conv":
        return (128, 64)
    side, widths = min(sides), []
    while len(widths) < 2 or side / 2 >= SMALLEST:
        widths.append(CONV_WIDTHS[min(len(widths), len(CONV_WIDTHS) - 1)])
        side /= 2
    return tuple(widths)
