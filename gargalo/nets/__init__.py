"""Networks: tensors in, tensors out. Nothing here knows an objective."""

from __future__ import annotations

from .conv import conv
from .mlp import linear_head, mlp
from .settings import NetSettings

__all__ = ["NetSettings", "conv", "default_widths", "linear_head", "mlp", "suited"]

SMALL = 32 * 32
"""Pixels of a grey image up to which a multilayer perceptron is quicker and nearly as good."""
CONV_WIDTHS = (16, 48, 96, 128)
SMALLEST = 7
"""Levels are added while both sides of what they leave stay at least this long."""


def suited(x_shape: tuple[int, ...]) -> tuple[str, str]:
    """The network for data of this shape, and why: mlp for numbers and small grey images, else conv."""
    if len(x_shape) == 1:
        return "mlp", "rows of numbers"
    channels, h, w = x_shape
    if channels == 1 and h * w <= SMALL:
        return "mlp", "small grey images"
    return "conv", "colour images" if channels > 1 else "large images"


def default_widths(net: str, x_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Widths that suit most data of this shape."""
    if net != "conv" or len(x_shape) == 1:
        return (128, 64)
    sides, widths = min(x_shape[1:]), []
    while len(widths) < 2 or sides / 2 >= SMALLEST:
        widths.append(CONV_WIDTHS[min(len(widths), len(CONV_WIDTHS) - 1)])
        sides /= 2
    return tuple(widths)
