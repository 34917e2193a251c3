"""How every figure looks: a palette that colour-blind people can read, and one size of type."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, ScalarFormatter

from ..io.printed import in_one_line
from .undisturbed import matplotlib as mpl

__all__ = ["DPI", "INK", "PALETTE", "QUIET", "figure", "png", "printable", "styled"]

# Petroff's ten colours, made to be told apart under every common colour blindness (arXiv:2107.02270). Each other one
# was chosen as far as can be from those before it, for common sight and for protanopes and deuteranopes: no two of the
# thirty are nearer to each other in OKLab than two of Petroff's are, 0.09. They are seen on white paper and on dark.
PALETTE = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
    *("#0000ff", "#ff3cff", "#00f087", "#d2a5ff", "#1e692d", "#c35ab4", "#3c4b87", "#872d5a", "#4b5ae1", "#ff0069"),
    *("#5a960f", "#ffa5b4", "#9687ff", "#ff78c3", "#00c3e1", "#4b0fd2", "#5ac396", "#3cd200", "#3c9687", "#875aa5"),
)
DPI = 144
INK, QUIET = "#1d2433", "#6b7385"

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "legend.frameon": False,
    # What stands between two dollars is a name, not a formula.
    "text.parse_math": False,
    "text.usetex": False,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
}


def styled() -> AbstractContextManager[None]:
    """While a figure is drawn, and only then: the style is nobody else's."""
    return mpl.rc_context(STYLE)


def figure(width: float, height: float) -> Figure:
    """An empty figure; no window, no global state.

    Parameters
    ----------
    width, height : float
        Inches.

    Returns
    -------
    Figure
    """
    with styled():
        return Figure(figsize=(width, height), layout="constrained", facecolor="white")


class _Marked(ScalarFormatter):
    """Tick labels with another decimal mark."""

    def __init__(self, mark: str):
        super().__init__(useOffset=False)
        self.mark = mark

    def __call__(self, x: float, pos: int | None = None) -> str:
        return super().__call__(x, pos).replace(".", self.mark)


def png(drawn: Figure, decimal_mark: str = ".", dpi: int = DPI) -> bytes:
    """The figure as PNG; the same figure always gives the same bytes.

    Parameters
    ----------
    drawn : Figure
        Its tick labels keep the decimal mark that they are given here.
    decimal_mark : str
        What stands for the "." of numbers at the ticks.
    dpi : int
        Pixels per inch.

    Returns
    -------
    bytes
    """
    for axis in (axis for ax in drawn.axes for axis in (ax.xaxis, ax.yaxis)):
        told = axis.get_major_formatter()
        if isinstance(told, FuncFormatter):  # the names that ticks were given
            axis.set_major_formatter(FuncFormatter(_named(told)))
        elif type(told) is ScalarFormatter and decimal_mark != ".":
            axis.set_major_formatter(_Marked(decimal_mark))
    out = BytesIO()
    with styled():
        for text in drawn.findobj(Text):
            text.set_text(printable(text.get_text()))
        drawn.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()


def printable(text: str) -> str:
    """Escape what no font has: names may come from anywhere.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        In as many lines.
    """
    return "\n".join(map(in_one_line, text.split("\n")))


def _named(told: FuncFormatter) -> Callable[[float, int | None], str]:
    return lambda x, pos=None: printable(told(x, pos))
