"""Sprite sheets: many small pictures in few PNG files, which a page loads as it needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from ..io.images import as_bytes, image_grid, png

__all__ = ["LARGEST", "Layout", "layout", "sheets"]

LARGEST = 64
"""Pixels on the longer side of a published picture; larger ones are reduced to that."""
SIDE = 1024
"""Pixels on the side of a sheet, at most."""
MOST_ON_A_SHEET = 1024


class Layout(dict):
    """How pictures lie on sheets, as the page reads it: rows from the left, each sheet full but the last."""


def layout(shape: tuple[int, ...]) -> Layout:
    """Find how pictures of one shape lie on sheets, reduced where their longer side is above 64 pixels.

    Parameters
    ----------
    shape : tuple of int
        One picture, (h, w) or (h, w, c).

    Returns
    -------
    Layout
        ``width``, ``height`` of a picture in pixels; ``columns`` in a row; ``each``, pictures on a sheet;
        ``whole``, whether pictures have their own size.
    """
    h, w = shape[:2]
    scale = min(1.0, LARGEST / max(h, w))
    height, width = max(1, round(h * scale)), max(1, round(w * scale))
    columns = max(1, min(32, SIDE // width))
    each = min(MOST_ON_A_SHEET, columns * max(1, SIDE // height))
    return Layout(width=width, height=height, columns=columns, each=each, whole=scale == 1.0)


def sheets(pictures: np.ndarray, lay: Layout, look: Callable[[np.ndarray], np.ndarray] = np.asarray) -> Iterator[bytes]:
    """Put pictures on sheets, each made when it is asked for, so that few pictures are in memory at once.

    Parameters
    ----------
    pictures : ndarray or memory map, (n, h, w) or (n, h, w, c)
        What `look` takes.
    lay : Layout
        What `layout` gives for the shape of what `look` gives.
    look : function
        Gives uint8, or floats in [0, 1]. Three channels are colours, four have transparency; of any other number the
        first is shown, as grey.

    Yields
    ------
    bytes
        A PNG file, of at most ``lay["each"]`` pictures in their order.
    """
    for start in range(0, len(pictures), lay["each"]):
        part = as_bytes(look(np.asarray(pictures[start : start + lay["each"]])))
        if not lay["whole"]:
            size = (lay["width"], lay["height"])
            part = np.stack([np.asarray(Image.fromarray(p).resize(size, Image.Resampling.BOX)) for p in part])
        yield png(image_grid(part, lay["columns"]))
